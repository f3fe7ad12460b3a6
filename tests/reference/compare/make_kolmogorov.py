"""Kolmogorov–Smirnov p-values by SciPy. Run: python make_kolmogorov.py > kolmogorov.json (scipy 1.17.1, numpy 2.4.6)."""
import json
import numpy as np, scipy
from scipy import stats

assert scipy.__version__ == "1.17.1" and np.__version__ == "2.4.6"
# Past 1e6 rows SciPy replaces the sum by exp(-(6nd+1)^2/(18n)), off by 1e-6: no reference there.
one = []
for n in (1, 2, 5, 10, 37, 100, 139, 140, 141, 500, 2000, 10000, 66667, 100000, 100001, 500000):
    for squared in (0.05, 0.2, 0.5, 0.75, 1.0, 1.5, 2.1, 2.3, 3.9, 4.1, 8.0, 20.0, 60.0, 150.0, 340.0):
        d = (squared / n) ** 0.5
        if 0 < d < 1:
            one.append([n, d, float(stats.kstwo.sf(d, n))])
two = []
for n, m in ((1, 1), (3, 3), (5, 8), (10, 10), (500, 400), (622, 5008), (1000, 1000), (2333, 1000), (2125, 9999), (10000, 10000), (9973, 9967)):
    g = int(np.gcd(n, m)); lcm = n // g * m
    for d in (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.8, 1.0):
        if n * m > 2e7 and d > 0.2 and n != m:
            continue
        h = max(1, round(d * lcm))
        try:
            with np.errstate(all="raise"):
                from scipy.stats import _stats_py as s
                ok, dd, p = s._attempt_exact_2kssamp(n, m, g, h / lcm, "two-sided")
            if ok: two.append([n, m, h, float(p)])
        except Exception:
            pass
print(json.dumps({"call": {"one_sample": "scipy.stats.kstwo.sf(d, n): [n, d, p]",
                           "two_sample": "scipy.stats._stats_py._attempt_exact_2kssamp(n, m, g, h/lcm, 'two-sided'), the path behind ks_2samp(method='exact'): [n, m, h, p]"},
                  "versions": {"scipy": scipy.__version__, "numpy": np.__version__}, "one_sample": one, "two_sample": two}, separators=(",", ":")))
