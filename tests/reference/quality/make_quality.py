"""Reference numbers of model quality from scikit-learn, and of DeLong from its definition. Writes quality.json.

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    python make_quality.py

Every value is the result of the call named beside it. Probabilities of several classes are divided by their sum first. DeLong is the O(m n) definition of DeLong, DeLong &
Clarke-Pearson 1988 (structural components V10, V01 from the matrix of all pairs), not the rank algorithm it checks.
"""

import json
import pathlib

import numpy as np
import scipy
import sklearn
from sklearn import metrics as M
from sklearn.calibration import calibration_curve


def delong(y, s):
    pos, neg = s[y == 1], s[y == 0]
    psi = (pos[:, None] > neg[None, :]) + 0.5 * (pos[:, None] == neg[None, :])
    v10, v01 = psi.mean(axis=1), psi.mean(axis=0)
    return v10.var(ddof=1) / len(pos) + v01.var(ddof=1) / len(neg)


def ece(y, s, bins):
    fraction, mean = calibration_curve(y, s, n_bins=bins, strategy="uniform")
    edges = np.linspace(0.0, 1.0, bins + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], s), minlength=bins)
    counts = counts[counts > 0]
    return float((counts * np.abs(fraction - mean)).sum() / len(y))


def binary(y, s, p, w):
    k = {"sample_weight": w}
    tn, fp, fn, tp = M.confusion_matrix(y, p, **k).ravel()
    precisions, recalls, _ = M.precision_recall_curve(y, s, **k)
    o = {
        "accuracy": M.accuracy_score(y, p, **k),
        "balanced_accuracy": M.balanced_accuracy_score(y, p, **k),
        "precision": M.precision_score(y, p, zero_division=0, **k),
        "recall": M.recall_score(y, p, **k),
        "true_positive_rate": tp / (tp + fn),
        "specificity": tn / (tn + fp),
        "true_negative_rate": tn / (tn + fp),
        "false_positive_rate": fp / (tn + fp),
        "false_negative_rate": fn / (tp + fn),
        "f0.5": M.fbeta_score(y, p, beta=0.5, **k),
        "f1": M.f1_score(y, p, **k),
        "f2": M.fbeta_score(y, p, beta=2, **k),
        "mcc": M.matthews_corrcoef(y, p, **k),
        "auc": M.roc_auc_score(y, s, **k),
        "average_precision": M.average_precision_score(y, s, **k),
        "pr_auc": M.auc(recalls, precisions),
        "log_loss": M.log_loss(y, s, **k),
        "brier": M.brier_score_loss(y, s, **k),
    }
    if w is None:
        o["expected_calibration_error"] = ece(y, s, 10)
    return {name: float(value) for name, value in o.items()}


def multiclass(y, p, X, classes, w):
    k = {"sample_weight": w}
    o = {
        "accuracy": M.accuracy_score(y, p, **k),
        "balanced_accuracy": M.balanced_accuracy_score(y, p, **k),
        "mcc": M.matthews_corrcoef(y, p, **k),
    }
    for average in ("micro", "macro", "weighted"):
        o[f"{average}_precision"] = M.precision_score(y, p, average=average, zero_division=0, **k)
        o[f"{average}_recall"] = M.recall_score(y, p, average=average, zero_division=0, **k)
        for name, beta in (("f0.5", 0.5), ("f1", 1), ("f2", 2)):
            o[f"{average}_{name}"] = M.fbeta_score(y, p, beta=beta, average=average, zero_division=0, **k)
    if X is not None:
        o["log_loss"] = M.log_loss(y, X, labels=classes, **k)
        o["top_2_accuracy"] = M.top_k_accuracy_score(y, X, k=2, labels=classes, **k)
        o["top_3_accuracy"] = M.top_k_accuracy_score(y, X, k=3, labels=classes, **k)
        for average in ("macro", "weighted"):
            o[f"{average}_auc"] = M.roc_auc_score(
                y, X, multi_class="ovr", average=average, labels=classes, **k
            )
    occurring = sorted(set(y) | set(p))
    P, R, _, _ = M.precision_recall_fscore_support(y, p, labels=occurring, zero_division=0, **k)
    F = {
        beta: M.fbeta_score(y, p, beta=beta, labels=occurring, average=None, zero_division=0, **k)
        for beta in (0.5, 1, 2)
    }
    per_class = {
        c: {
            "precision": float(P[i]),
            "recall": float(R[i]),
            "f0.5": float(F[0.5][i]),
            "f1": float(F[1][i]),
            "f2": float(F[2][i]),
        }
        for i, c in enumerate(occurring)
    }
    return {name: float(value) for name, value in o.items()}, per_class


def regression(y, p, w):
    k = {"sample_weight": w}
    mse = M.mean_squared_error(y, p, **k)
    return {
        "mae": float(M.mean_absolute_error(y, p, **k)),
        "mse": float(mse),
        "rmse": float(mse**0.5),
        "r2": float(M.r2_score(y, p, **k)),
        "mape": float(M.mean_absolute_percentage_error(y, p, **k)),
        "median_ae": float(M.median_absolute_error(y, p, **k)),
        "bias": float(np.average(p - y, weights=w)),
    }


def main():
    rng = np.random.default_rng(20261121)
    cases = []
    for name, n, digits, weighted, spread in (
        ("binary_distinct", 400, 6, False, 1.0),
        ("binary_ties", 600, 1, False, 1.0),
        ("binary_rare", 500, 3, False, -2.0),
        ("binary_weighted", 400, 2, True, 0.0),
    ):
        logit = rng.normal(spread - 1.0, 1.5, n)
        s = np.round(1 / (1 + np.exp(-logit)), digits)
        y = (rng.uniform(size=n) < 1 / (1 + np.exp(-0.8 * logit))).astype(int)
        p = (s >= 0.5).astype(int)
        w = rng.choice([1.0, 1.25, 4.0], n) if weighted else None
        case = {
            "name": name,
            "problem": "binary",
            "labels": y.tolist(),
            "scores": s.tolist(),
            "weights": None if w is None else w.tolist(),
            "metrics": binary(y, s, p, w),
        }
        if w is None:
            case["delong_variance"] = float(delong(y, s))
        cases.append(case)
    classes = ["a", "b", "c", "d"]
    for name, n, weighted, scored in (
        ("multiclass", 500, False, True),
        ("multiclass_weighted", 400, True, True),
        ("multiclass_unpredicted", 300, False, False),
    ):
        logits = rng.normal(0, 1.2, (n, 4)) + np.array([0.8, 0.2, 0.0, -0.6])
        X = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        raw = np.round(X, 3)
        X = raw / raw.sum(1, keepdims=True)
        y = np.array([rng.choice(classes, p=row) for row in X])
        if scored:
            p = np.array(classes)[X.argmax(1)]
        else:
            p = np.array(classes)[X[:, :3].argmax(1)]
        w = rng.choice([1.0, 2.0, 2.5], n) if weighted else None
        m, per_class = multiclass(y, p, X if scored else None, classes, w)
        cases.append(
            {
                "name": name,
                "problem": "multiclass",
                "classes": classes,
                "labels": y.tolist(),
                "predicted": p.tolist(),
                "probabilities": [float(v) for v in raw.ravel()] if scored else None,
                "weights": None if w is None else w.tolist(),
                "metrics": m,
                "per_class": per_class,
            }
        )
    for name, n, weighted in (("regression", 301, False), ("regression_weighted", 300, True)):
        y = np.round(rng.gamma(2.0, 40.0, n), 3) + 0.5
        p = np.round(0.9 * y + rng.normal(3.0, 12.0, n), 3)
        w = rng.choice([1.0, 1.5, 3.0], n) if weighted else None
        cases.append(
            {
                "name": name,
                "problem": "regression",
                "labels": y.tolist(),
                "predicted": p.tolist(),
                "weights": None if w is None else w.tolist(),
                "metrics": regression(y, p, w),
            }
        )
    out = {
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
        "cases": cases,
    }
    path = pathlib.Path(__file__).with_name("quality.json")
    path.write_text(json.dumps(out, separators=(",", ":")) + "\n")


main()
