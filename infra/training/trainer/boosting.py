"""Gradient boosting by XGBoost (Chen, Guestrin, KDD 2016), `tree_method=hist`, on the GPU where there is one.

A training that was stopped begins again and, with the same rows, settings and threads, ends with the same trees: on a
GPU it takes minutes, and a booster continued from the middle is not the same one. It does not know the network.
"""

from dataclasses import dataclass

import numpy as np
import xgboost

from trainer.failure import StopSignal, Stopped
from trainer.hyperparameters import Hyperparameters
from trainer.encode import Encoded, Preprocessing
from trainer.target import Target, sample_weights

OBJECTIVES = {
    "binary": ("binary:logistic", "logloss"),
    "multiclass": ("multi:softprob", "mlogloss"),
    "regression": ("reg:squarederror", "rmse"),
}


@dataclass(frozen=True)
class Boosted:
    booster: xgboost.Booster
    n_rounds: int


class _StopCallback(xgboost.callback.TrainingCallback):
    def __init__(self, stop: StopSignal) -> None:
        self._stop = stop

    def after_iteration(self, _model: object, epoch: int, _log: object) -> bool:
        if self._stop.is_set:
            raise Stopped(f"boosting left at round {epoch}; it will begin again")
        return False


def device_for(n_gpus: int) -> str:
    return "cuda" if n_gpus > 0 and xgboost.build_info().get("USE_CUDA") else "cpu"


def _matrix(preprocessing: Preprocessing, features: Encoded, truth=None, weights=None) -> xgboost.DMatrix:
    kinds = ["q"] * len(preprocessing.numeric) + ["c"] * len(preprocessing.categorical)
    return xgboost.DMatrix(
        features.raw, label=truth, weight=weights, feature_types=kinds, enable_categorical=True, missing=np.nan
    )


def fit(
    settings: Hyperparameters,
    target: Target,
    preprocessing: Preprocessing,
    train: tuple[Encoded, np.ndarray],
    validation: tuple[Encoded, np.ndarray] | None,
    n_rounds: int,
    device: str,
    stop: StopSignal,
) -> Boosted:
    """`validation` decides the number of rounds, at most `n_rounds`; without it there are `n_rounds`."""
    objective, metric = OBJECTIVES[target.task]
    parameters = {
        "objective": objective,
        "eval_metric": metric,
        "tree_method": "hist",
        "device": device,
        "eta": settings.boosting_learning_rate,
        "max_depth": settings.boosting_depth,
        "min_child_weight": settings.boosting_min_child_weight,
        "subsample": settings.boosting_subsample,
        "seed": settings.seed,
        "nthread": settings.threads,
    }
    if target.task == "multiclass":
        parameters["num_class"] = len(target.classes)
    matrix = _matrix(preprocessing, train[0], train[1], sample_weights(target, train[1]))
    held_out = []
    if validation is not None:
        held_out = [(_matrix(preprocessing, *validation), "validation")]
    booster = xgboost.train(
        parameters,
        matrix,
        num_boost_round=n_rounds,
        evals=held_out,
        early_stopping_rounds=settings.boosting_patience if held_out else None,
        verbose_eval=False,
        callbacks=[_StopCallback(stop)],
    )
    best = booster.best_iteration + 1 if held_out else n_rounds
    return Boosted(booster[:best], best)


def predict(booster: xgboost.Booster, task: str, preprocessing: Preprocessing, features: Encoded) -> np.ndarray:
    """Probabilities (rows, classes), still under class weights; or numbers (rows). Float32."""
    answer = booster.predict(_matrix(preprocessing, features))
    if task == "binary":
        return np.stack([1.0 - answer, answer], axis=1)
    return answer


def to_bytes(booster: xgboost.Booster) -> bytes:
    return bytes(booster.save_raw("ubj"))


def from_bytes(raw: bytes) -> xgboost.Booster:
    booster = xgboost.Booster()
    booster.load_model(bytearray(raw))
    return booster
