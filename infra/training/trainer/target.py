"""The outcome column as numbers: classes in a fixed order, or a standardised number; and class weights.

With `class_weight=balanced` both models are trained with weight `n / (classes * n_class)` for each class. That shifts
their probabilities to what they would be if classes were equally frequent; `without_weights` shifts them back (the
posterior odds divided by the ratio of weights: Elkan, IJCAI 2001, theorem 2), so that probabilities stay
probabilities. It does not know features or models.
"""

from dataclasses import dataclass

import numpy as np

from trainer.failure import JobError
from trainer.schema import Schema
from trainer.table import Table


@dataclass(frozen=True)
class Target:
    """`classes` in the order of the model's outputs (binary: the positive class last); empty for regression.

    `weights` are those of the classes, 1 where nothing is balanced. `center` and `scale` standardise a regression's
    label for the network; 0 and 1 otherwise.
    """

    task: str
    classes: list[str]
    weights: list[float]
    center: float
    scale: float

    @property
    def n_outputs(self) -> int:
        return len(self.classes) if self.task == "multiclass" else 1


def read_labels(schema: Schema, table: Table) -> np.ndarray:
    """Texts for a classification, numbers for a regression; None or NaN where there is no label."""
    return table.numbers(schema.label) if schema.task == "regression" else table.texts(schema.label)


def is_labelled(labels: np.ndarray) -> np.ndarray:
    return labels != np.array(None) if labels.dtype == object else ~np.isnan(labels)


def fit(schema: Schema, labels: np.ndarray, class_weight: str) -> Target:
    """Learns from present labels. Raises `JobError` for fewer than two classes, or too many for the task."""
    if schema.task == "regression":
        if class_weight != "none":
            raise JobError("hyperparameter `class_weight` is for classification, the task is regression")
        if labels.min() == labels.max():
            raise JobError(f"label `{schema.label}` does not vary in the {len(labels)} training rows")
        return Target("regression", [], [], float(labels.mean()), float(labels.std()))
    classes, counts = np.unique(labels.astype(str), return_counts=True)
    order = _order(classes, schema.positive_class if schema.task == "binary" else None)
    classes, counts = classes[order].tolist(), counts[order]
    if len(classes) < 2:
        raise JobError(f"label `{schema.label}` has one class in the {len(labels)} training rows, at least two are needed")
    if schema.task == "binary":
        if len(classes) > 2:
            raise JobError(f"task is binary, but label `{schema.label}` has {len(classes)} classes: make it multiclass")
        if schema.positive_class is not None and classes[-1] != schema.positive_class:
            raise JobError(f"schema key `positive_class` is no class of label `{schema.label}`")
    weights = np.ones(len(classes)) if class_weight == "none" else counts.sum() / (len(classes) * counts)
    return Target(schema.task, classes, weights.tolist(), 0.0, 1.0)


def _order(classes: np.ndarray, positive: str | None) -> np.ndarray:
    """By number where all classes are numbers, else by text; the positive class last."""
    try:
        order = np.argsort(classes.astype(float), kind="stable")
    except ValueError:
        order = np.argsort(classes, kind="stable")
    if positive is not None and positive in classes[order]:
        order = np.concatenate([order[classes[order] != positive], order[classes[order] == positive]])
    return order


def encode(target: Target, labels: np.ndarray, origin: str) -> np.ndarray:
    """Class indices (int64) or numbers (float64). Raises `JobError` for a class the training rows do not have."""
    if target.task == "regression":
        return labels.astype(np.float64)
    index = {text: idx for idx, text in enumerate(target.classes)}
    codes = np.fromiter((index.get(text, -1) for text in labels), dtype=np.int64, count=len(labels))
    if (codes < 0).any():
        raise JobError(f"{int((codes < 0).sum())} rows of {origin} have a class that no training row has")
    return codes


def sample_weights(target: Target, encoded: np.ndarray) -> np.ndarray | None:
    """Weight of each row, None where all are 1."""
    if not target.weights or all(weight == 1.0 for weight in target.weights):
        return None
    return np.asarray(target.weights)[encoded]


def without_weights(target: Target, probabilities: np.ndarray) -> np.ndarray:
    """Takes the effect of class weights out of `probabilities` (rows, classes)."""
    shifted = probabilities / np.asarray(target.weights)
    return shifted / shifted.sum(axis=1, keepdims=True)
