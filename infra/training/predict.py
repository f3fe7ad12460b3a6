"""Batch scoring in the retraining pipeline: a model and a table in, the table with the model's answers out.

    predict --model FOLDER (model.tar.gz, or what is in it) --data FOLDER (one .csv, schema.json) --output FOLDER

Writes scored.csv: every column of the data as it stands, then `prediction` and the probabilities (`probability` of the
positive class, or `probability_CLASS` for each); and schema.json with the two named, so that `driftline baseline` and
`driftline pipeline evaluate` find them. Both appear whole or not at all. It does not compare models.
"""

import argparse
import csv
import json
import os
import pathlib
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from trainer import artifact, request  # noqa: E402
from trainer.failure import JobError, StopSignal, run_job  # noqa: E402
from trainer.request import CSV, Request, RequestError  # noqa: E402


def load_model(folder: pathlib.Path, scratch: pathlib.Path) -> artifact.Model:
    archive = folder / "model.tar.gz"
    if not archive.exists():
        return artifact.load(folder)
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(scratch, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise JobError(f"{archive.name} cannot be unpacked: {type(error).__name__}") from None
    return artifact.load(scratch)


def only_csv(folder: pathlib.Path) -> pathlib.Path:
    found = sorted(folder.glob("*.csv"))
    if len(found) != 1:
        raise JobError(f"the data folder holds {len(found)} .csv files, one is expected")
    return found[0]


def score(model: artifact.Model, data: pathlib.Path, output: pathlib.Path) -> int:
    with only_csv(data).open(newline="", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    if len(rows) < 2:
        raise JobError("the data holds no rows")
    try:
        table = request.to_table(Request(rows, CSV), model.schema.names)
    except RequestError as error:
        raise JobError(f"the data does not fit the model: {error}") from None
    answer = request.answer_of(model.target, model.predict(table), model.threshold)
    classes = [] if answer.probabilities is None else list(model.target.classes)
    names = ["probability"] if len(classes) == 2 else [f"probability_{name}" for name in classes]
    output.mkdir(parents=True, exist_ok=True)
    partial = output / "scored.csv.partial"
    with partial.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow([*rows[0], "prediction", *names])
        for idx, row in enumerate(rows[1:]):
            chances = [] if answer.probabilities is None else [repr(float(p)) for p in answer.probabilities[idx]]
            shown = repr(float(answer.predictions[idx])) if answer.probabilities is None else answer.predictions[idx]
            writer.writerow([*row, shown, *(chances[1:] if len(classes) == 2 else chances)])
    schema = json.loads((data / "schema.json").read_text(encoding="utf-8"))
    schema["prediction"] = "prediction"
    if len(classes) == 2:
        schema["probability"] = "probability"
    elif classes:
        schema["probability"] = dict(zip(classes, names))
    described = output / "schema.json.partial"
    described.write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
    os.replace(described, output / "schema.json")
    os.replace(partial, output / "scored.csv")
    return len(rows) - 1


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="predict", description="Scores a table with a trained model.")
    for name in ("--model", "--data", "--output"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    asked = parser.parse_args(arguments)

    def work(_stop: StopSignal) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            model = load_model(asked.model, pathlib.Path(scratch))
            print(f"scored {score(model, asked.data, asked.output)} rows", flush=True)

    base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    stop = StopSignal().install()
    return run_job(lambda: work(stop), base / "output" / "message")


if __name__ == "__main__":
    sys.exit(main())
