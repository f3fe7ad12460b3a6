"""bench.py and bars.py at a small size, so that they run where somebody needs them."""

import json
import os
import subprocess
import sys

import pyarrow as pa
from conftest import FOLDER, SMALL, seeded_schema, seeded_table


def _run(*command: str) -> str:
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=FOLDER, env=os.environ)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_bench_measures_both_loops():
    small = ["--rows", "4000", "--columns", "10", "--batch", "64", "--members", "2", "--width", "8", "--seconds", "0.2"]
    found = json.loads(_run("bench.py", *small, "--workers", "0"))
    assert found["device"] and found["rows"] == 4000 and found["batch"] == 64
    for kind in ("resident", "data_loader"):
        assert found[kind]["rows_per_second"] > 0 and found[kind]["seconds"] >= 0.2


def test_the_bars_compare_both_models(tmp_path):
    for task in ("binary", "regression"):
        folder = tmp_path / task
        folder.mkdir()
        schema = seeded_schema(task)
        schema["features"][1]["type"] = "numeric"
        (folder / "schema.json").write_text(json.dumps(schema))
        for name, seed in (("reference", 1), ("current", 2)):
            pa.csv.write_csv(seeded_table(task, 300, seed=seed), folder / f"{name}.csv")
    settings = [part for name, value in SMALL.items() for part in ("--set", f"{name}={value}")]
    printed = _run("bars.py", "--data", str(tmp_path), "--sets", "binary,regression", "--seeds", "1", *settings)
    rows = [line.split("|")[1:-1] for line in printed.splitlines() if line.startswith("| binary") or line.startswith("| regr")]
    assert [row[1].strip() for row in rows] == ["given", "time"] * 2
    for row in rows:
        histogram, ours = (float(cell.split("±")[0]) for cell in row[3:5])
        assert (0.7 < histogram < 1.0 and 0.7 < ours < 1.0) or (0 < ours < 60 and 0 < histogram < 60)
