"""Fixtures: seeded tables with numbers, categories, missing cells, and the folders of a SageMaker job around them.

It does not know what is tested. Settings are small, so that all tests run on one core of a shared machine.
"""

import json
import os
import pathlib
import subprocess
import sys

os.environ["OMP_NUM_THREADS"] = "1"

FOLDER = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(FOLDER))

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pytest  # noqa: E402

from trainer import job  # noqa: E402
from trainer.environment import Environment, read_environment  # noqa: E402
from trainer.failure import StopSignal  # noqa: E402

SMALL = {
    "threads": 1, "epochs": 4, "members": 4, "width": 16, "embedding": 4, "bins": 8, "batch_size": 64,
    "learning_rate": 0.01, "boosting_rounds": 30, "boosting_learning_rate": 0.2,
}  # fmt: skip


def seeded_table(task: str, n_rows: int, seed: int = 7, positive_share: float = 0.5) -> pa.Table:
    """Columns age, income (a tenth missing), zone (a tenth missing), time, outcome; the outcome follows the first three."""
    random = np.random.default_rng(seed)
    age = random.normal(40.0, 12.0, n_rows)
    income = random.lognormal(10.0, 0.7, n_rows)
    zone = random.choice(["north", "south", "east"], n_rows)
    score = (age - 40.0) / 12.0 + 1.5 * (zone == "north") + 0.8 * np.sin(np.log(income)) + 0.5 * random.standard_normal(n_rows)
    if task == "regression":
        outcome = pa.array(np.round(100.0 + 25.0 * score, 3))
    elif task == "binary":
        outcome = pa.array(np.where(score > np.quantile(score, 1.0 - positive_share), "yes", "no"))
    else:
        outcome = pa.array(np.array(["low", "middle", "high"])[np.digitize(score, np.quantile(score, [0.33, 0.66]))])
    gone = random.random((2, n_rows)) < 0.1
    return pa.table({
        "age": pa.array(age),
        "income": pa.array(income, mask=gone[0]),
        "zone": pa.array(zone, mask=gone[1]),
        "time": pa.array(np.arange(n_rows)),
        "outcome": outcome,
    })  # fmt: skip


def seeded_schema(task: str) -> dict:
    return {
        "task": task,
        "features": [
            {"name": "age", "type": "numeric"},
            {"name": "income", "type": "fractional"},
            {"name": "zone", "type": "categorical"},
        ],
        "label": "outcome",
        "timestamp": "time",
        **({"positive_class": "yes"} if task == "binary" else {}),
    }


class JobFolder:
    """`/opt/ml` of one job, below a temporary folder."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        (root / "input" / "config").mkdir(parents=True)

    def channel(self, name: str, table: pa.Table, schema: dict | None = None, kind: str = "parquet") -> "JobFolder":
        folder = self.root / "input" / "data" / name
        folder.mkdir(parents=True, exist_ok=True)
        if kind == "parquet":
            pa.parquet.write_table(table, folder / "part-0.parquet")
        else:
            pa.csv.write_csv(table, folder / "part-0.csv")
        if schema is not None:
            (folder / "schema.json").write_text(json.dumps(schema))
        return self

    def settings(self, **values: object) -> "JobFolder":
        texts = {name: str(value) for name, value in {**SMALL, **values}.items()}
        (self.root / "input" / "config" / "hyperparameters.json").write_text(json.dumps(texts))
        return self

    @property
    def variables(self) -> dict[str, str]:
        return {"SM_ROOT": str(self.root), "SM_NUM_GPUS": "0"}

    @property
    def environment(self) -> Environment:
        return read_environment(self.variables)

    def run(self, stop: StopSignal | None = None) -> dict:
        """Runs the job in this process; its metrics.json."""
        job.run(self.environment, stop or StopSignal())
        return json.loads((self.root / "model" / "metrics.json").read_text())

    def start(self, *before: str, **variables: str) -> subprocess.Popen:
        """Starts train.py as its own process."""
        command = [sys.executable, *before, str(FOLDER / "train.py")]
        environment = {**os.environ, **self.variables, **variables}
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def model_bytes(self) -> dict[str, bytes]:
        model = self.root / "model"
        return {path.name: path.read_bytes() for path in sorted(model.iterdir()) if path.is_file()}


@pytest.fixture
def job_folder(tmp_path):
    """Makes job folders: `job_folder("name")`."""
    return lambda name="job": JobFolder(tmp_path / name)


@pytest.fixture(scope="session", params=["binary", "multiclass", "regression"])
def trained(request, tmp_path_factory):
    """A finished job of each task: its folder and metrics. 1,500 rows to train and validate."""
    return _trained(request.param, tmp_path_factory)


@pytest.fixture(scope="session")
def trained_binary(tmp_path_factory):
    return _trained("binary", tmp_path_factory)


_FINISHED: dict = {}


def _trained(task: str, tmp_path_factory):
    if task not in _FINISHED:
        folder = JobFolder(tmp_path_factory.mktemp(task) / "job")
        folder.channel("train", seeded_table(task, 1500), seeded_schema(task)).settings(refit="true", epochs=12)
        _FINISHED[task] = (task, folder, folder.run())
    return _FINISHED[task]
