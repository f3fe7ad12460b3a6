"""Whole jobs in this process: what they learn, write and print, and how they refuse."""

import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from conftest import FOLDER, seeded_schema, seeded_table

from trainer import artifact, job, metrics
from trainer.failure import JobError, StopSignal, reason_of, run_job
from trainer.table import read_channel


def test_a_job_learns_and_leaves_a_whole_model_folder(trained):
    task, folder, found = trained
    model = folder.root / "model"
    expected = ["boosting.ubj", "code", "metrics.json", "model.json", "network.pt", "preprocessing.json", "schema.json"]
    kept = found["network_weight"]
    absent = ["network.pt"] * (kept == 0.0) + ["boosting.ubj"] * (kept == 1.0)
    assert sorted(path.name for path in model.iterdir()) == [name for name in expected if name not in absent]
    assert json.loads((model / "schema.json").read_text()) == seeded_schema(task)
    assert found["rows"] == {"train": 1200, "validation": 300, "final": 1500} and found["refit"]
    assert found["validated_on"] == "the newest 0.2 by `time`"
    better = {"binary": ("auc", 0.85, 1.0), "multiclass": ("auc", 0.80, 1.0), "regression": ("r2", 0.70, 1.0)}
    name, low, high = better[task]
    assert low < found["validation"][name] <= high, "an AUC of 0.5 or an R2 of 0 would be knowing nothing"
    assert low - 0.05 < found["parts"]["network"][name], "the network alone has learnt, too"
    history = json.loads((folder.root / "output" / "data" / "history.json").read_text())
    assert len(history["network"]["search"]) <= 12


def test_predictions_on_new_rows_are_as_good_as_on_validation(trained):
    task, folder, found = trained
    rows = seeded_table(task, 800, seed=8)
    new = folder.root.parent / "new"
    new.mkdir(exist_ok=True)
    pa.parquet.write_table(rows, new / "rows.parquet")
    model = artifact.load(folder.root / "model")
    table = read_channel(new, [*model.schema.names, "outcome"])
    answer = model.predict(table)
    if task == "regression":
        scored = metrics.evaluate(task, table.numbers("outcome"), answer)
        assert scored["r2"] > found["validation"]["r2"] - 0.1
    else:
        truth = np.array([model.target.classes.index(text) for text in table.texts("outcome")])
        scored = metrics.evaluate(task, truth, answer)
        assert scored["auc"] > found["validation"]["auc"] - 0.06
        np.testing.assert_allclose(answer.sum(axis=1), 1.0, rtol=1e-6)


def test_printed_metrics_are_found_by_the_published_regexes(job_folder, capsys):
    folder = job_folder().channel("train", seeded_table("binary", 400), seeded_schema("binary"))
    found = folder.settings(epochs=2, boosting_rounds=5).run()
    printed = capsys.readouterr().out
    published = json.loads((FOLDER / "metric_definitions.json").read_text())
    by_name = {entry["Name"]: re.findall(entry["Regex"], printed) for entry in published["MetricDefinitions"]}
    for name, value in found["validation"].items():
        assert float(by_name[f"validation:{name}"][-1]) == pytest.approx(value, rel=1e-5), name
    assert len(by_name["train:loss"]) == 2
    for task, (metric, maximize) in metrics.OBJECTIVES.items():
        goal = published["Objectives"][task]
        assert goal == {"MetricName": f"validation:{metric}", "Type": "Maximize" if maximize else "Minimize"}


def test_every_metric_has_a_published_regex():
    random = np.random.default_rng(0)
    two, three = random.dirichlet([1, 1], 30), random.dirichlet([1, 1, 1], 30)
    names = {
        *metrics.evaluate("binary", random.integers(0, 2, 30), two),
        *metrics.evaluate("multiclass", random.integers(0, 3, 30), three),
        *metrics.evaluate("regression", random.random(30), random.random(30)),
    }
    published = json.loads((FOLDER / "metric_definitions.json").read_text())["MetricDefinitions"]
    assert {f"validation:{name}" for name in names} | {"train:loss"} == {entry["Name"] for entry in published}
    for entry in published:
        line = metrics.metric_line(*entry["Name"].split(":")[:1], {entry["Name"].split(":")[1]: -1.25e-07})
        assert re.findall(entry["Regex"], f"x {line} y") == ["-1.25e-07"]


def test_the_same_job_twice_leaves_the_same_bytes(job_folder):
    folders = [job_folder(name).channel("train", seeded_table("binary", 400), seeded_schema("binary")) for name in "ab"]
    for folder in folders:
        folder.settings(epochs=2, boosting_rounds=5, refit="true").run()
    assert folders[0].model_bytes() == folders[1].model_bytes()


def test_another_seed_is_another_model(job_folder):
    folders = [job_folder(name).channel("train", seeded_table("binary", 400), seeded_schema("binary")) for name in "ab"]
    for seed, folder in enumerate(folders):
        folder.settings(epochs=1, algorithm="network", seed=seed).run()
    assert folders[0].model_bytes()["network.pt"] != folders[1].model_bytes()["network.pt"]


@pytest.mark.parametrize("algorithm", ["network", "boosting"])
def test_balanced_weights_leave_probabilities_probabilities(job_folder, algorithm):
    rows = seeded_table("binary", 3000, positive_share=0.06)
    folder = job_folder().channel("train", rows, seeded_schema("binary"), kind="csv")
    found = folder.settings(algorithm=algorithm, class_weight="balanced", threshold="f1").run()
    model = artifact.load(folder.root / "model")
    assert max(model.target.weights) > 5.0, "the rare class weighs more"
    table = read_channel(folder.root / "input" / "data" / "train", model.schema.names)
    mean = model.predict(table)[:, 1].mean()
    assert 0.03 < mean < 0.12, f"mean probability {mean:.3f} for a prevalence of 0.06 (0.5 without the correction)"
    assert found["threshold"] != 0.5 and found["validation"]["f1"] > 0.4


def test_a_validation_channel_judges_and_unlabelled_rows_are_left_out(job_folder, capsys):
    rows = seeded_table("multiclass", 500)
    outcome = rows.column("outcome").to_pylist()
    outcome[:20] = [None] * 20
    rows = rows.set_column(rows.column_names.index("outcome"), "outcome", pa.array(outcome))
    folder = job_folder().channel("train", rows, seeded_schema("multiclass"))
    folder.channel("validation", seeded_table("multiclass", 200, seed=9), kind="csv")
    found = folder.settings(algorithm="boosting", refit="true").run()
    assert found["rows"] == {"train": 480, "validation": 200, "final": 680}
    assert found["validated_on"] == "channel `validation`"
    assert "20 of 500 rows of channel `train` have no label" in capsys.readouterr().out


def test_rows_without_a_time_are_held_out_by_the_seed(job_folder):
    schema = {key: value for key, value in seeded_schema("binary").items() if key != "timestamp"}
    folder = job_folder().channel("train", seeded_table("binary", 300), schema)
    assert folder.settings(algorithm="boosting", seed=3).run()["validated_on"] == "0.2 at random, seed 3"


def test_features_without_a_type_are_what_their_cells_are(job_folder):
    schema = seeded_schema("binary")
    schema["features"] = [{"name": feature["name"]} for feature in schema["features"]]
    folder = job_folder().channel("train", seeded_table("binary", 300), schema, kind="csv")
    folder.settings(algorithm="boosting").run()
    kinds = artifact.load(folder.root / "model").preprocessing.kinds
    assert kinds == {"age": "numeric", "income": "numeric", "zone": "categorical"}


def test_boosting_alone_never_loads_torch(job_folder):
    folder = job_folder().channel("train", seeded_table("binary", 300), seeded_schema("binary")).settings(algorithm="boosting")
    program = (
        "import sys; from trainer import artifact, job; from trainer.environment import read_environment\n"
        "from trainer.failure import StopSignal; environment = read_environment(); job.run(environment, StopSignal())\n"
        "artifact.load(environment.model_dir); sys.exit('torch' in sys.modules)"
    )
    variables = {**os.environ, **folder.variables, "PYTHONPATH": str(FOLDER)}
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("settings", "change", "said"),
    [
        ({"threshold": "f1"}, {"task": "regression", "label": "age", "features": [{"name": "income"}]}, "for a binary task"),
        ({}, {"label": "churned"}, "part-0.parquet has no column `churned`"),
        ({}, {"positive_class": "sometimes"}, "`positive_class` is no class of label `outcome`"),
        ({}, {"features": [{"name": "zone", "type": "numeric"}]}, "column `zone` of channel `train` is declared numeric"),
        ({"validation_fraction": 0.01}, {}, "too few to hold out"),
    ],
)
def test_a_job_that_cannot_be_done_says_why(job_folder, settings, change, said):
    folder = job_folder().channel("train", seeded_table("binary", 40), {**seeded_schema("binary"), **change})
    with pytest.raises(JobError, match=said):
        folder.settings(algorithm="boosting", **settings).run()
    assert not (folder.root / "model" / "model.json").exists()


def test_the_failure_file_has_the_reason_and_the_exit_code_is_1(job_folder):
    folder = job_folder().settings(epohcs=3)
    process = folder.start()
    assert process.wait() == 1, process.stdout.read()
    reason = (folder.root / "output" / "failure").read_text()
    assert reason == "unknown hyperparameter `epohcs`: did you mean `epochs`?"


def test_an_error_of_others_is_placed_but_not_quoted(tmp_path):
    def work() -> None:
        raise ValueError("could not convert 'secret'")

    assert run_job(work, tmp_path / "output" / "failure") == 1
    reason = (tmp_path / "output" / "failure").read_text()
    assert "ValueError" in reason and "test_job.py" in reason and "secret" not in reason
    assert len(reason_of(JobError("x" * 5000))) == 1024


def test_a_loss_that_is_no_number_ends_the_job(job_folder):
    rows = seeded_table("regression", 300)
    folder = job_folder().channel("train", rows, seeded_schema("regression"))
    folder.settings(algorithm="network")
    settings = job.parse_hyperparameters(folder.environment.hyperparameters)
    prepared = job.prepare(folder.environment, settings)
    prepared.stages[0].train.features.numbers[5, 0] = np.nan
    with pytest.raises(JobError, match="the loss is no number in epoch 0"):
        job._train_networks(folder.environment, prepared, StopSignal())


def test_the_image_pins_what_the_tests_ran_with():
    def pins(name: str) -> dict[str, str]:
        lines = (FOLDER / name).read_text().splitlines()
        return dict(line.split("==") for line in lines if line and not line.startswith("#"))

    image, tested = pins("requirements.txt"), pins("requirements-test.txt")
    dockerfile = (FOLDER / "Dockerfile").read_text()
    assert f"FROM pytorch/pytorch:{tested['torch']}-cuda" in dockerfile
    for name, version in image.items():
        assert tested.get({"xgboost": "xgboost-cpu"}.get(name, name)) == version, name
    assert not re.search(r"(?i)aws_|secret|curl|wget", dockerfile), "no credentials, no downloads"
    assert 'ENTRYPOINT ["python", "/opt/ml/code/entry.py"]' in dockerfile
    assert {path.name for path in pathlib.Path(FOLDER).glob("*.py")} >= {"train.py", "inference.py", "serve.py", "entry.py"}
