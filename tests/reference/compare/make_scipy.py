"""Two-sample tests by SciPy on small and extreme samples. Run: python make_scipy.py > scipy.json
(scipy 1.17.1, numpy 2.4.6, mpmath 1.4.1; the Cramér–von Mises limit is summed by mpmath with 400 digits, since
SciPy's own series stops at terms of 1e-7)."""
import json, math, warnings
import mpmath, numpy as np, scipy
from scipy import stats, special

assert scipy.__version__ == "1.17.1" and np.__version__ == "2.4.6"
warnings.filterwarnings("ignore")
rng = np.random.default_rng(20261121)

def two(call):
    try:
        with np.errstate(all="ignore"):
            z = call()
        z = [float(z[0]), float(z[1])]
        return z if all(map(math.isfinite, z)) else None
    except Exception:
        return None

def numeric(x, y):
    x, y = np.asarray(x, float), np.asarray(y, float)
    pair = lambda z: (z.statistic, z.pvalue)
    return {"baseline": x.tolist(), "current": y.tolist(), "expected": {
        "ks": two(lambda: pair(stats.ks_2samp(x, y))),
        "cramer_von_mises": two(lambda: pair(stats.cramervonmises_2samp(x, y))),
        "anderson_darling": two(lambda: pair(stats.anderson_ksamp([x, y], variant="midrank"))),
        "mann_whitney": two(lambda: pair(stats.mannwhitneyu(x, y))),
        "t_test": two(lambda: pair(stats.ttest_ind(x, y))),
        "welch_t_test": two(lambda: pair(stats.ttest_ind(x, y, equal_var=False))),
        "epps_singleton": two(lambda: pair(stats.epps_singleton_2samp(x, y))),
        "wasserstein": [float(stats.wasserstein_distance(x, y)), None],
        "energy": [float(stats.energy_distance(x, y)), None]}}

cases = []
for n, m in ((1, 1), (1, 9), (2, 2), (2, 7), (3, 5), (5, 5), (6, 24), (8, 30), (9, 9), (12, 20), (20, 20), (20, 21), (24, 24), (25, 40), (60, 90)):
    cases.append(numeric(rng.normal(size=n), rng.normal(0.7, 1.3, size=m)))          # no ties
    cases.append(numeric(rng.integers(0, 5, size=n), rng.integers(1, 7, size=m)))     # ties
cases.append(numeric(np.arange(300.0), np.arange(300.0) + 1e6))                       # disjoint
cases.append(numeric(np.arange(40.0), np.arange(40.0)))                               # identical
cases.append(numeric(np.round(rng.normal(0, 1, 400), 3), np.round(rng.normal(4, 1, 400), 3)))  # far tails

def table(a, b):
    t = np.array([a, b]); out = {"baseline": list(map(int, a)), "current": list(map(int, b)), "expected": {}}
    e = out["expected"]
    e["chi_square"] = two(lambda: (lambda z: (z.statistic, z.pvalue))(stats.chi2_contingency(t, correction=False)))
    e["chi_square_yates"] = two(lambda: (lambda z: (z.statistic, z.pvalue))(stats.chi2_contingency(t)))
    e["g_test"] = two(lambda: (lambda z: (z.statistic, z.pvalue))(stats.chi2_contingency(t, correction=False, lambda_="log-likelihood")))
    e["cramers_v"] = [float(stats.contingency.association(t, method="cramer")), None]
    if len(a) == 2:
        e["fisher_exact"] = two(lambda: (lambda z: (z.statistic, z.pvalue))(stats.fisher_exact(t)))
    return out

tables = [table(*t) for t in (
    ([8, 2], [1, 5]), ([3, 1], [1, 3]), ([100, 900], [120, 880]), ([5000, 45000], [5100, 44900]), ([30, 0], [10, 20]), ([10, 10], [10, 10]),
    ([60000, 40000], [40000, 60000]), ([500, 300], [300, 500]), ([12, 5, 3], [2, 9, 9]), ([250, 150, 50, 50], [160, 120, 80, 40]),
    ([1000, 10, 1000, 3], [10, 1000, 1000, 5]), (list(range(1, 60)), list(range(59, 0, -1))))]

mpmath.mp.dps = 400
def cvm_sf(x):
    x = mpmath.mpf(x); total = mpmath.mpf(0); k = 0
    while True:
        q = mpmath.mpf((4 * k + 1) ** 2) / (16 * x)
        term = mpmath.gamma(k + mpmath.mpf(1) / 2) / mpmath.factorial(k) / mpmath.pi ** 1.5 / mpmath.sqrt(x) * mpmath.sqrt(4 * k + 1) * mpmath.exp(-q) * mpmath.besselk(mpmath.mpf(1) / 4, q)
        total += term; k += 1
        if term < mpmath.mpf(10) ** -380: return float(1 - total)
cvm = [[x, cvm_sf(x)] for x in (0.01, 0.03, 0.1, 0.1666, 0.3, 0.7, 1.5, 3.0, 6.0, 15.0, 40.0, 90.0, 138.0)]

tails = {"chi_square": [[x, k, float(special.gammaincc(k / 2, x / 2))] for x, k in ((0.2, 1), (600, 1), (1370, 1), (100, 3), (1380, 5), (60, 100), (1000, 100), (10200, 10000), (14000, 10000))],
         "student": [[t, df, float(2 * stats.t.sf(t, df))] for t, df in ((2, 3), (5, 10), (10, 100), (4, 898), (20, 5000), (36, 50000), (5, 99998), (3, 1e6), (37, 2e6), (1e-3, 5))],
         "normal": [[z, float(stats.norm.sf(z))] for z in (-3, 0, 0.1, 1, 3, 10, 25, 37)]}
print(json.dumps({"versions": {"scipy": scipy.__version__, "numpy": np.__version__, "mpmath": mpmath.__version__},
    "call": "method: [statistic, p-value] of the SciPy call named in make_scipy.py; null where SciPy raises or answers NaN or inf",
    "numeric": cases, "tables": tables, "cramer_von_mises_limit": cvm, "tails": tails}, separators=(",", ":")))
