"""Metrics of predictions, in numpy: what the job prints, and what it stops and blends by.

Definitions are scikit-learn's (`roc_auc_score`, `average_precision_score`, `log_loss`, `f1_score`, …), against which
the tests compare them. A metric that the rows do not define (AUC of one class) is absent, never NaN.
It does not know where predictions come from.
"""

import numpy as np

TINY = 1e-15

# Metric to tune and stop by, and whether more is better.
OBJECTIVES = {"binary": ("auc", True), "multiclass": ("logloss", False), "regression": ("rmse", False)}
STOPPING = {"binary": "logloss", "multiclass": "logloss", "regression": "rmse"}


def evaluate(task: str, truth: np.ndarray, predicted: np.ndarray, threshold: float = 0.5) -> dict[str, float]:
    """`predicted`: probabilities (rows, classes), or numbers (rows) for a regression."""
    if task == "regression":
        return _regression(truth, predicted)
    values = _classification(truth, predicted, threshold if task == "binary" else None)
    return {name: float(value) for name, value in values.items() if value is not None and np.isfinite(value)}


def stopping_loss(task: str, truth: np.ndarray, predicted: np.ndarray) -> float:
    """What early stopping and blending minimise: log loss, or RMSE."""
    return float(np.sqrt(np.mean((truth - predicted) ** 2))) if task == "regression" else logloss(truth, predicted)


def logloss(truth: np.ndarray, probabilities: np.ndarray) -> float:
    chosen = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    return float(-np.log(np.clip(chosen, TINY, 1.0)).mean())


def auc(is_positive: np.ndarray, score: np.ndarray) -> float | None:
    """Mann-Whitney U over the product of counts; equal scores count one half."""
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if n_positive == 0 or n_negative == 0:
        return None
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    midrank = np.cumsum(counts) - (counts - 1) / 2.0
    rank_sum = midrank[inverse][is_positive].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2.0) / (n_positive * n_negative))


def average_precision(is_positive: np.ndarray, score: np.ndarray) -> float | None:
    """Sum over thresholds of precision times the step in recall."""
    n_positive = int(is_positive.sum())
    if n_positive == 0:
        return None
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(is_positive[order])
    last = np.append(np.diff(score[order]) != 0, True)
    hits, seen = hits[last], np.flatnonzero(last) + 1
    return float(np.sum(np.diff(hits, prepend=0) / n_positive * hits / seen))


def best_f1_threshold(is_positive: np.ndarray, score: np.ndarray) -> float:
    """The score from which on "positive" gives the largest F1 (the highest of equal ones)."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(is_positive[order])
    last = np.append(np.diff(score[order]) != 0, True)
    f1 = 2.0 * hits[last] / (np.flatnonzero(last) + 1 + is_positive.sum())
    return float(score[order][last][int(np.argmax(f1))])


def decide(probabilities: np.ndarray, threshold: float | None) -> np.ndarray:
    """Class index of each row: by threshold on the last class where one is given, else the most probable."""
    if threshold is None:
        return probabilities.argmax(axis=1)
    return (probabilities[:, -1] >= threshold).astype(np.int64)


def _classification(truth: np.ndarray, probabilities: np.ndarray, threshold: float | None) -> dict:
    n_classes = probabilities.shape[1]
    decided = decide(probabilities, threshold)
    values = {"logloss": logloss(truth, probabilities), "accuracy": float((decided == truth).mean())}
    recalls, f1s, aucs = [], [], []
    for idx in range(n_classes):
        of_class = truth == idx
        hit = float((of_class & (decided == idx)).sum())
        if of_class.any():
            recalls.append(hit / of_class.sum())
        size = of_class.sum() + (decided == idx).sum()
        if size:
            f1s.append(2.0 * hit / size)
        aucs.append(auc(of_class, probabilities[:, idx]))
    values["balanced_accuracy"] = float(np.mean(recalls))
    if n_classes == 2:
        positive = truth == 1
        values["auc"] = aucs[1]
        values["average_precision"] = average_precision(positive, probabilities[:, 1])
        values["brier"] = float(np.mean((probabilities[:, 1] - positive) ** 2))
        size = positive.sum() + (decided == 1).sum()
        values["f1"] = 2.0 * float((positive & (decided == 1)).sum()) / size if size else None
    else:
        values["macro_f1"] = float(np.mean(f1s))
        values["auc"] = float(np.mean(aucs)) if None not in aucs else None
    return values


def _regression(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    error = truth - predicted
    values = {"rmse": float(np.sqrt(np.mean(error**2))), "mae": float(np.mean(np.abs(error)))}
    spread = float(np.sum((truth - truth.mean()) ** 2))
    if spread > 0.0:
        values["r2"] = float(1.0 - np.sum(error**2) / spread)
    return values


def metric_line(part: str, values: dict[str, float]) -> str:
    """`validation:auc=0.87; validation:logloss=0.31;`, the form that metric_definitions.json has regexes for."""
    return " ".join(f"{part}:{name}={value:.6g};" for name, value in sorted(values.items()))
