"""The house's binned distances, restated in NumPy and SciPy. Run: python make_house.py > house.json (numpy 2.4.6, scipy 1.17.1).

Bins: numpy.quantile(baseline, k/10) for k = 1..9, made unique; (lower, upper], outer ones open; an edge that holds at least a tenth of
the baseline is a bin of its own; bins of their own for null, NaN, +inf, -inf; bins empty on both sides dropped; half a row added."""
import json
import numpy as np, scipy
from scipy import stats
from scipy.spatial.distance import jensenshannon

assert scipy.__version__ == "1.17.1" and np.__version__ == "2.4.6"
rng = np.random.default_rng(7)

def label(edges, own, x):
    for e, o in zip(edges, own):
        if o and x == e: return ("at", e)
        if x <= e: return ("to", e)
    return ("above",)

def distances(a, b):
    keys = sorted(set(a) | set(b), key=str)
    A = np.array([a.get(k, 0) for k in keys], float); B = np.array([b.get(k, 0) for k in keys], float)
    keep = A + B > 0; A, B = A[keep], B[keep]
    p = (A + 0.5) / (A + 0.5).sum(); q = (B + 0.5) / (B + 0.5).sum()
    return {"psi": float(stats.entropy(p, q) + stats.entropy(q, p)), "kl": float(stats.entropy(p, q)),
            "jensen_shannon": float(jensenshannon(p, q, 2)), "jensen_shannon_unsmoothed": float(jensenshannon(A, B, 2)),
            "hellinger": float(np.sqrt(0.5 * ((np.sqrt(p) - np.sqrt(q)) ** 2).sum())),
            "tvd": float(0.5 * np.abs(A / A.sum() - B / B.sum()).sum())}

def count(values, nulls, nans, edges, own):
    c = {}
    for v in values:
        k = label(edges, own, v); c[k] = c.get(k, 0) + 1
    c[("null",)] = nulls; c[("nan",)] = nans
    return c

def numeric(x, y, special=((0, 0), (0, 0))):
    x, y = np.asarray(x, float), np.asarray(y, float)
    edges = sorted(set(float(np.quantile(x, k / 10)) for k in range(1, 10)))
    own = [(x == e).sum() * 10 >= len(x) for e in edges]
    d = distances(count(x, *special[0], edges, own), count(y, *special[1], edges, own))
    return {"baseline": x.tolist(), "current": y.tolist(), "special": special, "edges": edges, "expected": d}

cases = [
    numeric([((37 * i) % 101) / 10 + 0.3 * (i % 7) for i in range(500)], [((53 * i) % 97) / 9 + 0.5 * (i % 5) + 0.4 for i in range(400)]),
    numeric(rng.integers(0, 4, 300), rng.integers(0, 6, 200)),
    numeric(np.full(50, 2.5), np.concatenate([np.full(30, 2.5), np.full(10, 2.0), np.full(5, 3.0)])),
    numeric(rng.normal(size=77), rng.normal(0.5, 2, size=33), ((3, 0), (9, 2))),
    numeric(np.concatenate([np.zeros(95), np.ones(5)]), np.concatenate([np.zeros(20), np.ones(20), [0.5]])),
    numeric(rng.exponential(size=9), rng.exponential(size=1000)),
]
a, b = {"a": 250, "b": 150, "c": 50, "d": 50}, {"a": 160, "b": 120, "c": 80, "d": 40}
c = {"a": 10, "x": 5, "y": 7}
def categorical(base, cur, nulls):
    A = dict(base); B = {}
    for k, n in cur.items(): B[k if k in base else "OTHER"] = B.get(k if k in base else "OTHER", 0) + n
    A["NULL"], B["NULL"] = nulls
    return {"baseline": base, "current": cur, "nulls": nulls, "expected": distances(A, B)}
tables = [categorical(a, b, (0, 0)), categorical(a, c, (0, 0)), categorical(a, b, (10, 90)), categorical(c, a, (0, 3))]
print(json.dumps({"versions": {"scipy": scipy.__version__, "numpy": np.__version__}, "call": "see make_house.py", "numeric": cases, "tables": tables}, separators=(",", ":")))
