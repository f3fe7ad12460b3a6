"""Label-free estimates and calibration tests. Run: python make_estimate.py > estimate.json
(nannyml 0.13.1, scikit-learn 1.9.1, numpy 2.4.6, scipy 1.17.1, pandas 2.3.3). Scores are distinct, so that no number
depends on how a sort settles ties (where calibrated scores tie, the error after calibration does, so only decisions
that fall the same way under any order are kept); average precision's sampling error is left out, NannyML does not seed it."""
import json, os, warnings
os.environ["DO_NOT_TRACK"] = "1"; os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
import numpy as np, pandas as pd, scipy, sklearn, nannyml
from scipy import stats
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedShuffleSplit
from nannyml.calibration import IsotonicCalibrator, needs_calibration
warnings.filterwarnings("ignore")
assert (nannyml.__version__, sklearn.__version__, np.__version__, scipy.__version__) == ("0.13.1", "1.9.1", "2.4.6", "1.17.1")
rng = np.random.default_rng(20261121)
out = {"versions": {"nannyml": "0.13.1", "scikit-learn": "1.9.1", "numpy": "2.4.6", "scipy": "1.17.1"}, "call": "see make_estimate.py"}

bits = np.random.MT19937(); bits._legacy_seeding(42); out["mt19937_first"] = [int(x) for x in bits.random_raw(5)]
out["permutation_20"] = np.random.RandomState(42).permutation(20).tolist()
y = np.array([i % 3 == 0 for i in range(47)])
splits = list(StratifiedShuffleSplit(n_splits=10, test_size=.1, random_state=42).split(np.zeros(47), y))
out["splits_47"] = [{"train": a.tolist(), "test": b.tolist()} for a, b in splits]

x = np.array([.1, .4, .4, .35, .8, .7, .2, .2, .9, .55, .61]); t = np.array([0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0])
iso = IsotonicRegression(out_of_bounds="clip").fit(x, t); at = [0, .1, .15, .2, .3, .4, .5, .58, .61, .65, .75, .85, 1]
out["isotonic"] = {"score": x.tolist(), "label": t.tolist(), "at": at, "expected": iso.predict(at).tolist()}

def decision(n, shape):
    p = np.round(rng.uniform(.02, .98, n), 9); q = {"calibrated": p, "squared": p ** 2, "pulled": .5 + (p - .5) * .3}[shape]
    y = (rng.uniform(size=n) < q).astype(int)
    return {"score": p.tolist(), "label": y.tolist(), "needs_calibration": bool(needs_calibration(y, p, IsotonicCalibrator()))}
out["decisions"] = [decision(n, s) for n in (60, 333) for s in ("calibrated", "squared", "pulled")] + [decision(n, "calibrated") for n in (81, 150, 90, 200, 240)]

def columns(df, metrics, extra=()):
    rows = []
    for i in range(len(df)):
        rows.append({m: [float(df[m][k].iloc[i]) for k in ("value", "sampling_error", "lower_confidence_boundary", "upper_confidence_boundary")] for m in list(metrics) + list(extra)})
    return rows

n, m = 400, 250
def binary(n, shift):
    s = np.round(rng.beta(2, 3, n) * .98 + .01 * shift, 9); y = (rng.uniform(size=n) < np.clip(s ** 1.5, 0, 1)).astype(int)
    return pd.DataFrame({"p": s, "yhat": (s > .45).astype(int), "y": y})
A, B = binary(n, 0), binary(m, 1)
names = ["roc_auc", "f1", "precision", "recall", "specificity", "accuracy"]
cells = ["true_negative", "false_positive", "false_negative", "true_positive"]
V = [[1.5, -4.0], [-10.0, 25.0]]
def cbpe(A, B, problem, proba, metrics, **kw):
    e = nannyml.CBPE(problem_type=problem, y_true="y", y_pred="yhat", y_pred_proba=proba, chunk_number=1, metrics=metrics, **kw).fit(A)
    return e, e.estimate(B.drop(columns=["y"])).filter(period="analysis").to_df()
e, d = cbpe(A, B, "classification_binary", "p", names + ["average_precision", "confusion_matrix", "business_value"], business_value_matrix=V)
_, per = cbpe(A, B, "classification_binary", "p", ["business_value"], business_value_matrix=V, normalize_business_value="per_prediction")
out["binary"] = {"baseline": {k: A[k].tolist() for k in A}, "window": {k: B[k].tolist() for k in B}, "needs_calibration": bool(e.needs_calibration),
    "expected": columns(d, names, cells + ["business_value"])[0], "average_precision": float(d["average_precision"]["value"].iloc[0]),
    "value_matrix": V, "business_value_per_prediction": columns(per, [], ["business_value"])[0]["business_value"]}

def multi(n):
    z = rng.normal(size=(n, 3)) * 1.2; p = np.exp(z); p /= p.sum(1, keepdims=True); p = np.round(p, 9)
    q = p ** 2; q /= q.sum(1, keepdims=True); y = np.array([rng.choice(3, p=r) for r in q])
    d = pd.DataFrame(p, columns=["p0", "p1", "p2"]); d["yhat"] = [f"c{k}" for k in p.argmax(1)]; d["y"] = [f"c{k}" for k in y]
    return d
A, B = multi(n), multi(m); W = [[2.0, -1.0, 0.0], [-3.0, 4.0, -0.5], [0.0, -2.0, 6.0]]
e, d = cbpe(A, B, "classification_multiclass", {f"c{k}": f"p{k}" for k in range(3)}, names + ["average_precision", "confusion_matrix", "business_value"], business_value_matrix=W)
mc = [f"true_c{i}_pred_c{j}" for i in range(3) for j in range(3)]
out["multiclass"] = {"baseline": {k: A[k].tolist() for k in A}, "window": {k: B[k].tolist() for k in B},
    "expected": columns(d, names, mc + ["business_value"])[0], "average_precision": float(d["average_precision"]["value"].iloc[0]), "value_matrix": W}

s = np.round(rng.uniform(size=60), 1); y = (rng.uniform(size=60) < .4).astype(int)
out["ranking"] = {"score": s.tolist(), "label": y.tolist(), "auc": roc_auc_score(y, s), "average_precision": average_precision_score(y, s)}

def calibration_tests(n, q):
    p = np.round(rng.uniform(.05, .95, n), 9); y = (rng.uniform(size=n) < q(p)).astype(int)
    z = np.sum((y - p) * (1 - 2 * p)) / np.sqrt(np.sum((1 - 2 * p) ** 2 * p * (1 - p)))
    large = np.sum(y - p) / np.sqrt(np.sum(p * (1 - p)))
    o = np.argsort(p); groups = np.array_split(o, 10)
    chi2 = sum((y[g].sum() - p[g].sum()) ** 2 / (len(g) * p[g].mean() * (1 - p[g].mean())) for g in groups)
    two = lambda z: 2 * stats.norm.sf(abs(z))
    return {"probability": p.tolist(), "label": y.tolist(), "spiegelhalter": [z, two(z)], "in_the_large": [large, two(large)], "hosmer_lemeshow": [chi2, stats.chi2.sf(chi2, 10)]}
out["calibration_tests"] = [calibration_tests(800, lambda p: p), calibration_tests(800, lambda p: p ** 1.3), calibration_tests(1500, lambda p: .5 + (p - .5) * .7)]
print(json.dumps(out, separators=(",", ":")))
