"""Bias metrics by smclarify, segment tests by SciPy, nDCG by scikit-learn. Run: python make_bias.py > bias.json
(smclarify 0.5, scipy 1.17.1, scikit-learn 1.9.1, numpy 2.4.6, pandas 2.3.3)."""
import json, warnings
import numpy as np, pandas as pd, scipy, sklearn
from scipy import stats
from sklearn.metrics import ndcg_score
import smclarify.bias.metrics as M
warnings.filterwarnings("ignore")
assert (scipy.__version__, sklearn.__version__, np.__version__) == ("1.17.1", "1.9.1", "2.4.6")
rng = np.random.default_rng(20261121)
out = {"versions": {"smclarify": "0.5", "scipy": "1.17.1", "scikit-learn": "1.9.1"}, "call": "see make_bias.py", "cases": []}

def number(call):
    try: v = float(call())
    except Exception: return None
    return "inf" if v == np.inf else "-inf" if v == -np.inf else None if np.isnan(v) else v

def case(n, label_rate, predicted_rate, groups):
    facet = rng.uniform(size=n) < .3; label = rng.uniform(size=n) < np.where(facet, label_rate * .7, label_rate)
    pred = np.where(rng.uniform(size=n) < .8, label, rng.uniform(size=n) < predicted_rate).astype(bool)
    if predicted_rate == 0: pred = pred & (rng.uniform(size=n) < .1)
    group = rng.integers(0, groups, n); X = np.round(rng.normal(size=(n, 3)) + label[:, None], 6)
    f, s, y, h, g = pd.Series(facet), pd.Series(facet), pd.Series(label), pd.Series(pred), pd.Series(group)
    e = {"CI": lambda: M.CI(f, s), "DPL": lambda: M.DPL(f, s, y), "KL": lambda: M.KL(y, s), "JS": lambda: M.JS(y, s), "LP": lambda: M.LP(y, s), "TVD": lambda: M.TVD(y, s), "KS": lambda: M.KS(y, s),
         "CDDL": lambda: M.CDDL(f, s, y, g), "DPPL": lambda: M.DPPL(f, s, h), "DI": lambda: M.DI(f, s, h), "DCA": lambda: M.DCA(f, s, y, h), "DCR": lambda: M.DCR(f, s, y, h), "DAR": lambda: M.DAR(f, s, y, h),
         "DRR": lambda: M.DRR(f, s, y, h), "RD": lambda: M.RD(f, s, y, h), "SD": lambda: M.SD(f, s, y, h), "AD": lambda: M.AD(f, s, y, h), "TE": lambda: M.TE(f, s, y, h), "CDDPL": lambda: M.CDDPL(f, s, h, g),
         "GE": lambda: M.GE(y, h), "FT": lambda: M.FT(pd.DataFrame(X), s, h)}
    return {"facet": facet.tolist(), "label": label.tolist(), "prediction": pred.tolist(), "group": group.tolist(), "features": X.T.tolist(), "expected": {k: number(v) for k, v in e.items()}}
out["cases"] = [case(200, .5, .5, 4), case(60, .2, .1, 3), case(25, .6, 0, 2), case(12, .5, .5, 2)]

a, b = [.5, .2, .15, .1, .05], [.1, .3, .2, .05, .35]
out["ndcg"] = {"baseline": a, "live": b, "expected": float(ndcg_score([a], [b]))}
x = rng.exponential(1.0, 80) + .5; z = rng.exponential(1.0, 300)
t = stats.ttest_ind(x, z, equal_var=False, alternative="greater")
out["welch"] = {"part": x.tolist(), "rest": z.tolist(), "p": float(t.pvalue), "mean": float(x.mean()), "interval_95": [float(v) for v in stats.t.interval(.95, len(x) - 1, x.mean(), stats.sem(x))]}
drift = rng.uniform(size=(3, 12)); metric = .9 - .1 * drift[1] + .02 * rng.normal(size=12)
r = [stats.pearsonr(d, np.abs(metric - .88)) for d in drift]
out["correlation"] = {"drift": drift.tolist(), "metric": metric.tolist(), "baseline_mean": .88, "expected": [[float(x.statistic), float(x.pvalue)] for x in r]}
print(json.dumps(out, separators=(",", ":")))
