"""Compares the training job with scikit-learn's HistGradientBoosting defaults on real data, and prints a table.

    python bars.py --data FOLDER [--sets elec2,...] [--splits given,time] [--seeds 5] [--set NAME=VALUE ...]

FOLDER holds one folder for each data set with reference.csv, current.csv and schema.json. Split `given` trains on
reference and tests on current; `time` trains on the first 70 % of both in time order and tests on the rest. Both sides
get the same training rows: the job cuts its validation part off them itself. The job runs as SageMaker would run it,
through its channels and its model folder. It does not know why a number is what it is.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from trainer import artifact, job, metrics, table
from trainer.environment import read_environment
from trainer.failure import StopSignal

SETS = ("car_loan", "elec2", "bike_sharing")
TIME_SHARE = 0.7
BARS = {"binary": ("auc", 1.0), "multiclass": ("auc", 1.0), "regression": ("rmse", -1.0)}


def rows_of(folder: pathlib.Path, split: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    reference, current = (pd.read_csv(folder / f"{name}.csv", dtype=str) for name in ("reference", "current"))
    if split == "given":
        return reference, current
    whole = pd.concat([reference, current], ignore_index=True)
    n_train = int(TIME_SHARE * len(whole))
    return whole.iloc[:n_train], whole.iloc[n_train:]


def by_histogram(schema: dict, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> np.ndarray:
    """scikit-learn's defaults; categorical features as pandas categories, which its default `from_dtype` reads."""

    def features(rows: pd.DataFrame) -> pd.DataFrame:
        columns = {}
        for feature in schema["features"]:
            name = feature["name"]
            if feature["type"] == "categorical":
                columns[name] = pd.Categorical(rows[name], categories=sorted(train[name].dropna().unique()))
            else:
                columns[name] = pd.to_numeric(rows[name])
        return pd.DataFrame(columns, index=rows.index)

    if schema["task"] == "regression":
        model = HistGradientBoostingRegressor(random_state=seed)
        return model.fit(features(train), pd.to_numeric(train[schema["label"]])).predict(features(test))
    model = HistGradientBoostingClassifier(random_state=seed)
    return model.fit(features(train), train[schema["label"]]).predict_proba(features(test))


def by_job(schema: dict, train: pd.DataFrame, test: pd.DataFrame, settings: dict) -> dict[str, np.ndarray]:
    """Test predictions of the delivered model and of the parts it kept, and its share of the network."""
    with tempfile.TemporaryDirectory() as root:
        for channel, rows in (("train", train), ("test", test)):
            folder = pathlib.Path(root) / "input" / "data" / channel
            folder.mkdir(parents=True)
            rows.to_csv(folder / "rows.csv", index=False)
        (folder.parent / "train" / "schema.json").write_text(json.dumps(schema))
        environment = read_environment({"SM_ROOT": root, "SM_HPS": json.dumps(settings), "SM_NUM_GPUS": "0"})
        quiet, job.say = job.say, lambda _line: None
        try:
            job.run(environment, StopSignal())
        finally:
            job.say = quiet
        model = artifact.load(environment.model_dir)
        rows = artifact.encode(model.preprocessing, table.read_channel(folder, model.schema.names))
        answers = {"job": model.predict_encoded(rows), "share": model.network_weight}
        if model.network is not None:
            answers["network"] = artifact.network_answer(model.target, *model.network, rows)
        if model.booster is not None:
            answers["boosting"] = artifact.boosting_answer(model.target, model.booster, model.preprocessing, rows)
        return answers


def truth_of(schema: dict, train: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    if schema["task"] == "regression":
        return pd.to_numeric(test[schema["label"]]).to_numpy(dtype=float)
    classes = sorted(train[schema["label"]].unique())
    return pd.Categorical(test[schema["label"]], categories=classes).codes.astype(np.int64)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bars.py", description="the training job beside HistGradientBoosting defaults")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--splits", default="given,time")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    chosen = parser.parse_args(arguments)
    warnings.filterwarnings("ignore", category=FutureWarning)
    settings = {"threads": "1", "refit": "true", **dict(item.split("=", 1) for item in chosen.set)}
    print(f"settings {json.dumps(settings)}, seeds 0 to {chosen.seeds - 1}; mean ± standard deviation")
    print("| data set | split | metric | HistGradientBoosting | the job | network alone | boosting alone | share | s a seed |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in chosen.sets.split(","):
        schema = json.loads((chosen.data / name / "schema.json").read_text(encoding="utf-8"))
        for split in chosen.splits.split(","):
            print(one_row(chosen.data / name, schema, split, settings, chosen.seeds), flush=True)
    return 0


def one_row(folder: pathlib.Path, schema: dict, split: str, settings: dict, n_seeds: int) -> str:
    train, test = rows_of(folder, split)
    truth, (metric, _) = truth_of(schema, train, test), BARS[schema["task"]]
    scores: dict[str, list[float]] = {"histogram": [], "job": [], "network": [], "boosting": [], "share": []}
    seconds = []
    for seed in range(n_seeds):
        found = by_histogram(schema, train, test, seed)
        scores["histogram"].append(metrics.evaluate(schema["task"], truth, found)[metric])
        started = time.monotonic()
        answers = by_job(schema, train, test, {**settings, "seed": str(seed)})
        seconds.append(time.monotonic() - started)
        scores["share"].append(answers.pop("share"))
        for part, answer in answers.items():
            scores[part].append(metrics.evaluate(schema["task"], truth, answer)[metric])
        said = ", ".join(f"{part} {values[-1]:.4f}" for part, values in scores.items() if values)
        print(f"{folder.name} {split} seed {seed}: {said}", file=sys.stderr, flush=True)
    cells = [_cell(scores[part]) for part in ("histogram", "job", "network", "boosting", "share")]
    return f"| {folder.name} | {split} | {metric} | {' | '.join(cells)} | {statistics.mean(seconds):.0f} |"


def _cell(values: list[float]) -> str:
    if not values:
        return "–"
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.4f} ± {spread:.4f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
