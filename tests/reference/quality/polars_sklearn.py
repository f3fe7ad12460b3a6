"""What `bench quality` compares with: polars 2.1.0 and scikit-learn 1.9.1 doing the same.

Reads predictions.csv and labels.csv of the working folder, joins by id, and computes the binary metrics that
scikit-learn has. Intervals are left out, because scikit-learn has none: the comparison flatters the peer.
"""

import json

import numpy as np
import polars as pl
from sklearn import metrics

joined = pl.read_csv("predictions.csv").join(pl.read_csv("labels.csv"), on="id", how="inner")
label = joined["label"].to_numpy()
score = joined["score"].to_numpy()
predicted = (score >= 0.5).astype(np.int64)
del joined
answer = {
    "n": int(len(label)),
    "confusion_matrix": metrics.confusion_matrix(label, predicted).tolist(),
    "accuracy": metrics.accuracy_score(label, predicted),
    "balanced_accuracy": metrics.balanced_accuracy_score(label, predicted),
    "precision": metrics.precision_score(label, predicted),
    "recall": metrics.recall_score(label, predicted),
    "f0.5": metrics.fbeta_score(label, predicted, beta=0.5),
    "f1": metrics.f1_score(label, predicted),
    "f2": metrics.fbeta_score(label, predicted, beta=2),
    "mcc": metrics.matthews_corrcoef(label, predicted),
    "auc": metrics.roc_auc_score(label, score),
    "average_precision": metrics.average_precision_score(label, score),
    "log_loss": metrics.log_loss(label, score),
    "brier": metrics.brier_score_loss(label, score),
}
print(json.dumps(answer))
