"""Evidently's DataDriftPreset and `driftline` on the same two Parquet files: seconds and peak memory of each, as JSON.

Run: python bench_evidently.py path/to/driftline [--rows 200000] [--columns 20] [--runs 3] (evidently 0.7.23, pandas 2.3.3,
numpy 2.4.6, pyarrow 26.0.1). Every measured program is a child of its own, turn by turn; the fastest run counts, the largest
memory of any run. A quarter of the columns are categories, half of the columns have drifted. Sets no bar: docs/methods.md states them."""
import argparse
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

PINNED = {"evidently": "0.7.23", "pandas": "2.3.3", "numpy": "2.4.6", "pyarrow": "26.0.1"}

MAKE = """
import sys
import numpy as np, pandas as pd
folder, rows, columns = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for idx, name in enumerate(["baseline", "current"]):
    rng = np.random.default_rng(20261121 + idx)
    table = {}
    for column in range(columns):
        moved = 0.2 * idx * (column % 2)
        if column % 4 == 3:
            shares = np.arange(8, 0, -1) + moved * np.arange(8)
            table[f"c{column}"] = rng.choice([f"value-{k}" for k in range(8)], rows, p=shares / shares.sum())
        else:
            table[f"x{column}"] = rng.normal(moved, 1.0, rows)
    pd.DataFrame(table).to_parquet(f"{folder}/{name}.parquet", index=False)
"""

EVIDENTLY = """
import sys
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
baseline, current = pd.read_parquet(sys.argv[1]), pd.read_parquet(sys.argv[2])
snapshot = Report([DataDriftPreset()]).run(current, baseline)
assert len(snapshot.dict()["metrics"]) > len(baseline.columns)
"""


def measured(command):
    """Seconds, and the largest resident set in megabytes, of a child that must succeed."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    assert os.waitstatus_to_exitcode(status) == 0, command
    return {"seconds": seconds, "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driftline")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    versions = {name: importlib.metadata.version(name) for name in PINNED}
    assert versions == PINNED, versions
    with tempfile.TemporaryDirectory() as folder:
        at = lambda name: str(pathlib.Path(folder) / name)
        subprocess.run([sys.executable, "-c", MAKE, folder, str(arguments.rows), str(arguments.columns)], check=True)
        tables = [at("baseline.parquet"), at("current.parquet")]
        compare = [arguments.driftline, "compare", "--baseline", tables[0], "--current", tables[1], "--json"]
        measured([arguments.driftline, "baseline", "--data", tables[0], "--output", at("stored")])
        programs = {
            "evidently DataDriftPreset": [sys.executable, "-c", EVIDENTLY, *tables],
            "evidently, start and import only": [sys.executable, "-c", "import pandas, evidently, evidently.presets"],
            "driftline compare": compare,
            "driftline compare, evidently's own methods":
                [*compare, "--convention", "evidently", "--method", "wasserstein,jensen_shannon"],
            "driftline compare --method all": [*compare, "--method", "all"],
            "driftline baseline": [arguments.driftline, "baseline", "--data", tables[0], "--output", at("again")],
            "driftline analyze": [arguments.driftline, "analyze", "--capture", tables[1], "--baseline", at("stored"),
                                  "--output", at("out")],
        }
        runs = {name: [] for name in programs}
        for _ in range(arguments.runs):
            for name, command in programs.items():
                runs[name].append(measured(command))
        best = {name: {"seconds": round(min(run["seconds"] for run in of), 4),
                       "cpu_seconds": round(min(run["cpu_seconds"] for run in of), 4),
                       "peak_mb": round(max(run["peak_mb"] for run in of), 1)} for name, of in runs.items()}
        theirs = best["evidently DataDriftPreset"]
        for name, ours in best.items():
            if name.startswith("driftline"):
                ours["times_faster"] = round(theirs["seconds"] / ours["seconds"], 1)
                ours["times_less_cpu"] = round(theirs["cpu_seconds"] / ours["cpu_seconds"], 1)
                ours["times_smaller"] = round(theirs["peak_mb"] / ours["peak_mb"], 1)
        print(json.dumps({"rows": arguments.rows, "columns": arguments.columns, "runs": arguments.runs,
                          "cores": os.cpu_count(), "file_mb": [round(os.path.getsize(table) / 1e6, 1) for table in tables],
                          "versions": versions, "programs": best}, indent=1))


main()
