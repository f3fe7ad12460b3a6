"""Association, ROC and MMD numbers of a small made-up table. Run: python make_multivariate.py > multivariate.json
(numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1, pandas 2.3.3).

The table is a function of the row number, the same as `made_up` in baselines/src/multivariate/tests/mod.rs. DeLong's variance is summed
pair by pair, and MMD over a kernel matrix by SciPy's `cdist`: neither is how Driftline computes them."""
import json
import numpy as np, pandas as pd, scipy, sklearn
from scipy import stats
from scipy.spatial.distance import cdist, pdist
from scipy.stats.contingency import association
from sklearn.metrics import roc_auc_score
from make_multivariate_table import made_up

assert scipy.__version__ == "1.17.1" and sklearn.__version__ == "1.9.1"


def eta(categories, values):
    means = pd.Series(values).groupby(np.asarray(categories)).transform("mean")
    return float(np.sqrt(1 - ((values - means) ** 2).sum() / ((values - np.mean(values)) ** 2).sum()))


def pairs(frame):
    out = {}
    for left, right in [("x", "y"), ("x", "z"), ("y", "z")]:
        both = frame[[left, right]].dropna().astype(float)
        out[f"{left}-{right}"] = {"n": len(both), "pearson": float(stats.pearsonr(both[left], both[right])[0]),
                                  "spearman": float(stats.spearmanr(both[left], both[right])[0])}
    both = frame[["a", "b"]].dropna()
    out["a-b"] = {"n": len(both), "cramers_v": float(association(pd.crosstab(both["a"], both["b"]).to_numpy(), method="cramer"))}
    for category in "ab":
        for number in "xyz":
            both = frame[[category, number]].dropna()
            out[f"{number}-{category}"] = {"n": len(both), "correlation_ratio": eta(both[category].to_numpy(), both[number].astype(float).to_numpy())}
    return out


def standard_errors(frame, seed, draws=20000):
    """Standard deviation of V2 and eta2 over resampled rows: an independent check of the delta method (a few per cent)."""
    rng = np.random.default_rng(seed)
    n = len(frame); a = frame["a"].to_numpy(); b = frame["b"].to_numpy(); x = frame["x"].to_numpy()
    ia, ib = np.unique(a, return_inverse=True)[1], np.unique(b, return_inverse=True)[1]
    phi, ratio = [], []
    for _ in range(draws):
        rows = rng.integers(0, n, n)
        table = np.zeros((ia.max() + 1, ib.max() + 1)); np.add.at(table, (ia[rows], ib[rows]), 1)
        table = table[table.sum(1) > 0][:, table.sum(0) > 0]
        phi.append((table**2 / np.outer(table.sum(1), table.sum(0))).sum() - 1)
        g = np.bincount(ia[rows], weights=x[rows]); c = np.bincount(ia[rows]); mean = x[rows].mean()
        ok = c > 0
        ratio.append((c[ok] * (g[ok] / c[ok] - mean) ** 2).sum() / ((x[rows] - mean) ** 2).sum())
    return {"phi_squared": float(np.std(phi)), "eta_squared": float(np.std(ratio))}


def encode(baseline, current):
    both = pd.concat([baseline, current], ignore_index=True)
    columns = []
    for name in both:
        values = both[name]
        if name in "xyz":
            values = values.astype(float); z = (values - values.mean()) / values.std(ddof=0)
            columns.append(z.fillna(0).to_numpy())
            if values.isna().any(): columns.append(values.isna().to_numpy(float))
        else:
            for category in sorted(values.dropna().unique()): columns.append((values == category).to_numpy(float))
            if values.isna().any(): columns.append(values.isna().to_numpy(float))
    return np.column_stack(columns)


def mmd(matrix, n):
    squares = pdist(matrix, "sqeuclidean"); scale = float(np.median(squares))
    kernel = np.exp(-cdist(matrix, matrix, "sqeuclidean") / scale)
    def unbiased(first):
        xx, yy, xy = kernel[np.ix_(first, first)], kernel[np.ix_(~first, ~first)], kernel[np.ix_(first, ~first)]
        n, m = first.sum(), (~first).sum()
        return ((xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1)) - 2 * xy.mean()), xx.mean() + yy.mean() - 2 * xy.mean()
    first = np.arange(len(matrix)) < n
    observed, biased = unbiased(first)
    rng = np.random.default_rng(1)
    null = np.array([unbiased(rng.permutation(first))[0] for _ in range(20000)])
    return {"mmd_squared": float(observed), "mmd": float(np.sqrt(biased)), "bandwidth": float(np.sqrt(scale / 2)),
            "p_value": float((1 + (null >= observed).sum()) / 20001), "n_columns": matrix.shape[1]}


def delong(negative, positive):
    score = (positive[:, None] > negative[None, :]) + 0.5 * (positive[:, None] == negative[None, :])
    auc = score.mean()
    error = np.sqrt(score.mean(1).var(ddof=1) / len(positive) + score.mean(0).var(ddof=1) / len(negative))
    y = np.r_[np.zeros(len(negative)), np.ones(len(positive))]; s = np.r_[negative, positive]
    assert abs(roc_auc_score(y, s) - auc) < 1e-12
    z = stats.norm.ppf(0.975)
    p = stats.mannwhitneyu(positive, negative, alternative="greater", method="asymptotic", use_continuity=False).pvalue
    return {"auc": float(auc), "low": float(auc - z * error), "high": float(auc + z * error), "p_value": float(p)}


baseline, current = made_up(60, 0.0), made_up(50, 0.4)
fisher = {}
for pair in ["x-y", "x-z", "y-z"]:
    p, q = pairs(baseline)[pair], pairs(current)[pair]
    z = (np.arctanh(q["pearson"]) - np.arctanh(p["pearson"])) / np.sqrt(1 / (p["n"] - 3) + 1 / (q["n"] - 3))
    spread = sum((1 + s["spearman"] ** 2 / 2) / (s["n"] - 3) for s in (p, q))
    zs = (np.arctanh(q["spearman"]) - np.arctanh(p["spearman"])) / np.sqrt(spread)
    fisher[pair] = {"pearson_p_value": float(2 * stats.norm.sf(abs(z))), "spearman_z": float(zs), "spearman_p_value": float(2 * stats.norm.sf(abs(zs)))}
i, j = np.arange(40), np.arange(30)
large = made_up(4000, 0.0)
large["b"] = np.where(np.arange(4000) % 3 == 0, "x", large["b"]); large["a"] = np.where(large["b"] == "x", large["a"], large["a"].fillna("a"))
large["a"] = np.where((large["b"] == "y") & (np.arange(4000) % 4 == 0), "d", large["a"].fillna("b"))
large["x"] = large["x"] + (large["a"] == "d") * 2.0
print(json.dumps({
    "provenance": "tests/reference/multivariate/make_multivariate.py, numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1, pandas 2.3.3",
    "pairs": {"baseline": pairs(baseline), "current": pairs(current)}, "fisher": fisher,
    "roc": delong(((37 * i) % 23) / 4, ((29 * j) % 19) / 3), "mmd": mmd(encode(baseline, current), 60),
    "standard_errors": standard_errors(large, 3)}, indent=1))
