#!/usr/bin/env python3
"""False alarms and power: Driftline beside Evidently, NannyML and Model Monitor's rule, on the same windows.

    python bench_alarms.py --driftline target/release/driftline --data ../shared/data --out alarms.json [--runs 400]

Two parts, both seeded, both through the shipped `driftline` binary (Parquet in, verdict.json out):

1. Level: windows without drift (i.i.d. resamples of car_loan's reference, week-block and day-block resamples of
   elec2's and bike_sharing's, and synthetic data with 500 columns) at n = 500, 5,000, 50,000. An alarm is a run with at least one
   drift finding of severity warning or above. The stated rate is ALPHA per run, given as `--false-alarms`.
2. Power: 30 columns, a shift planted in one of them. Peers stand there twice: with the thresholds they ship, and with
   their threshold multiplied by the factor that gives them ALPHA on windows without drift (tuned on windows of their own).

Peers (pip install -r requirements.txt):
  evidently  its default tests (registered stat tests, called directly): reference over 1,000 rows: Wasserstein over std
             and Jensen-Shannon distance, threshold 0.1
  nannyml    its default methods (Jensen-Shannon distance for all columns), threshold mean + 3 standard deviations over
             reference chunks of the window's size (ten equal ones where the reference is too short)
  monitor    Model Monitor's Robust rule, max(0, D - 1.8 sqrt((n+m)/(nm))) > 0.1, L-infinity for categories the same
Nulls are dropped before a peer's test, as each of them does.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import stats

warnings.filterwarnings("ignore")
ALPHA = 0.05
SIZES = (500, 5_000, 50_000)
SHIFTS = ("mean +0.1 sd", "mean +0.25 sd", "mean +0.5 sd", "variance x1.5", "category +5 points", "nulls +2 points")


# --- data ---------------------------------------------------------------------------------------------------------

class Synthetic:
    """Columns of mixed shapes; `draw` gives fresh rows of the same law."""

    def __init__(self, n_numeric, n_categorical, with_nulls):
        self.kinds = [("n", k % 8) for k in range(n_numeric)] + [("c", k) for k in range(n_categorical)]
        self.with_nulls = with_nulls
        self.shares = [np.random.default_rng(900 + k).dirichlet(np.full(2 + 3 * (k % 4), 4.0)) for k in range(n_categorical)]

    @staticmethod
    def law(kind, rng, n):
        return (
            lambda: rng.normal(50, 10, n), lambda: rng.lognormal(3, 0.8, n), lambda: rng.exponential(2, n),
            lambda: rng.standard_t(4, n), lambda: rng.uniform(0, 1, n), lambda: rng.poisson(6, n).astype(float),
            lambda: rng.gamma(3, 2, n), lambda: np.round(rng.normal(0, 3, n), 1),
        )[kind]()

    def draw(self, rng, n):
        out = {}
        for idx, (kind, k) in enumerate(self.kinds):
            if kind == "n":
                values = self.law(k, rng, n)
                if self.with_nulls and idx % 5 == 0:
                    values[rng.random(n) < 0.03] = np.nan
                out[f"x{idx:03d}"] = values
            else:
                names = np.array([f"v{i}" for i in range(len(self.shares[k]))], dtype=object)
                out[f"x{idx:03d}"] = names[rng.choice(len(names), n, p=self.shares[k])]
        return pd.DataFrame(out)


def plant(frame, shift, reference, turn, rng):
    """Plants `shift` in one column, the turn-th of those it applies to."""
    frame = frame.copy()
    numeric = [c for c in frame if frame[c].dtype.kind == "f"]
    categorical = [c for c in frame if frame[c].dtype.kind != "f"]
    if shift.startswith("category"):
        column = categorical[turn % len(categorical)]
        target = reference[column].value_counts().index[0]
        share = (reference[column] == target).mean()
        others = np.flatnonzero((frame[column] != target).to_numpy())
        move = others[rng.random(len(others)) < 0.05 / (1 - share)]
        values = frame[column].to_numpy(dtype=object).copy()
        values[move] = target
        frame[column] = values
        return frame
    column = numeric[turn % len(numeric)]
    values = frame[column].to_numpy().copy()
    mean, std = np.nanmean(reference[column]), np.nanstd(reference[column])
    if shift.startswith("mean"):
        values = values + float(shift.split("+")[1].split()[0]) * std
    elif shift.startswith("variance"):
        values = mean + (values - mean) * math.sqrt(1.5)
    else:
        values[rng.random(len(values)) < 0.02] = np.nan
    frame[column] = values
    return frame


# --- peers --------------------------------------------------------------------------------------------------------

def is_numeric(series):
    return series.dtype.kind in "fi"


class Evidently:
    name = "evidently"

    def __init__(self, reference, n, rng):
        from evidently.legacy.calculations.stattests.registry import get_registered_stattest
        from evidently.legacy.core import ColumnType
        import evidently.legacy.calculations.stattests  # noqa: F401  registers them
        self.reference = {c: reference[c].dropna() for c in reference}
        self.test = {}
        for c in reference:
            kind = ColumnType.Numerical if is_numeric(reference[c]) else ColumnType.Categorical
            self.test[c] = (get_registered_stattest("wasserstein" if is_numeric(reference[c]) else "jensenshannon", kind), kind)

    def score(self, frame):
        """Largest score over its threshold: above 1 it alarms."""
        worst = 0.0
        for c, (test, kind) in self.test.items():
            found = test(self.reference[c].copy(), frame[c].dropna(), kind, None).drift_score
            worst = max(worst, found / 0.1)
        return worst


class NannyML:
    name = "nannyml"

    def __init__(self, reference, n, rng):
        from nannyml.chunk import DefaultChunker
        from nannyml.drift.univariate.methods import FeatureType, MethodFactory
        from nannyml.thresholds import StandardDeviationThreshold
        chunks = len(reference) // n if len(reference) >= 6 * n else 10
        self.method, self.limit = {}, {}
        for c in reference:
            kind = FeatureType.CONTINUOUS if is_numeric(reference[c]) else FeatureType.CATEGORICAL
            method = MethodFactory.create("jensen_shannon", kind, chunker=DefaultChunker(), threshold=StandardDeviationThreshold())
            method._fit(reference[c])
            values = [method._calculate(part) for part in np.array_split(reference[c], chunks)]
            self.method[c] = method
            self.limit[c] = (float(np.mean(values)), max(float(np.std(values)), 1e-12))

    def score(self, frame):
        worst = 0.0
        for c, method in self.method.items():
            mean, std = self.limit[c]
            worst = max(worst, (method._calculate(frame[c]) - mean) / (3 * std))
        return worst


class Monitor:
    name = "model_monitor_robust"

    def __init__(self, reference, n, rng):
        self.reference = {c: np.sort(reference[c].dropna().to_numpy()) if is_numeric(reference[c]) else reference[c].dropna().value_counts(normalize=True) for c in reference}
        self.rows = {c: int(reference[c].notna().sum()) for c in reference}

    def score(self, frame):
        worst = 0.0
        for c, reference in self.reference.items():
            current = frame[c].dropna()
            n, m = self.rows[c], len(current)
            if is_numeric(frame[c]):
                distance = stats.ks_2samp(reference, current.to_numpy(), method="asymp").statistic
            else:
                shares = current.value_counts(normalize=True)
                distance = float(reference.subtract(shares, fill_value=0).abs().max())
            worst = max(worst, max(0.0, distance - 1.8 * math.sqrt((n + m) / (n * m))) / 0.1)
        return worst


PEERS = (Evidently, NannyML, Monitor)


# --- ours ---------------------------------------------------------------------------------------------------------

class Driftline:
    def __init__(self, binary, folder, reference, schema=None):
        self.binary, self.folder, self.schema = binary, folder, []
        folder.mkdir(parents=True)
        if schema:
            (folder / "schema.json").write_text(json.dumps(schema))
            self.schema = ["--schema", str(folder / "schema.json")]
        write(reference, folder / "reference.parquet")
        self.run("baseline", "--data", folder / "reference.parquet", "--output", folder / "baseline", *self.schema)

    def run(self, *arguments):
        done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"driftline {arguments[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def alarms(self, frame):
        """Drift findings of severity warning or above, and all other findings of that severity."""
        write(frame, self.folder / "window.parquet")
        answer = json.loads(self.run(
            "analyze", "--capture", self.folder / "window.parquet", "--baseline", self.folder / "baseline", "--output",
            self.folder / "out", "--false-alarms", ALPHA, "--json", *self.schema))
        loud = [f for f in answer["findings"] if f["severity"] in ("warning", "violation")]
        return [f for f in loud if f["check"] == "drift"], [f for f in loud if f["check"] != "drift"]


def write(frame, path):
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, compression="none")


def upper(k, n):
    """Upper 95 % bound (one-sided, Clopper-Pearson)."""
    return 1.0 if k == n else float(stats.beta.ppf(0.95, k + 1, n - k))


# --- the two parts --------------------------------------------------------------------------------------------------

def blocks(frame, rng, n, length):
    """Circular block bootstrap."""
    starts = rng.integers(0, len(frame), -(-n // length))
    rows = (starts[:, None] + np.arange(length)[None, :]).ravel()[:n] % len(frame)
    return frame.iloc[rows].reset_index(drop=True)


def load(data, name):
    schema = json.loads((data / name / "schema.json").read_text())
    text = {f["name"]: str for f in schema["features"] if f["type"] == "categorical"}
    frame = pd.read_csv(data / name / "reference.csv", dtype=text)
    names = [f["name"] for f in schema["features"]]
    for f in schema["features"]:
        if f["type"] == "numeric":
            frame[f["name"]] = frame[f["name"]].astype(float)
    timestamp = schema.get("timestamp")
    kept = {"task": schema["task"], "features": schema["features"], "timestamp": timestamp}
    return frame[names + ([timestamp] if timestamp else [])], names, kept


def level(arguments, folder):
    sets = []
    if arguments.data:
        frame, names, schema = load(arguments.data, "car_loan")
        sets.append(("car_loan, i.i.d.", frame, schema, lambda rng, n, f=frame: f.iloc[rng.integers(0, len(f), n)].reset_index(drop=True)))
        # Blocks of a week keep the weekly rhythm, which is part of normal; blocks of a day shuffle the weekdays.
        for name, length, word in (("elec2", 336, "week"), ("bike_sharing", 168, "week"), ("elec2", 48, "day"), ("bike_sharing", 24, "day")):
            frame, names, schema = load(arguments.data, name)
            sets.append((f"{name}, blocks of a {word}", frame, schema, lambda rng, n, f=frame, w=length: blocks(f, rng, n, w)))
    wide = Synthetic(400, 100, True)
    sets.append(("synthetic, 500 columns", wide.draw(np.random.default_rng(1), 20_000), None, lambda rng, n: wide.draw(rng, n)))
    table = []
    for idx, (name, reference, schema, draw) in enumerate(sets):
        if arguments.only not in name:
            continue
        ours = Driftline(arguments.driftline, folder / f"level{idx}", reference, schema)
        for n in arguments.sizes:
            runs = arguments.runs
            rng = np.random.default_rng([7, idx, n])
            alarms = others = 0
            started = time.monotonic()
            for _ in range(runs):
                drift, rest = ours.alarms(draw(rng, n))
                alarms += bool(drift)
                others += bool(rest)
            row = {"data": name, "n": n, "runs": runs, "alarms": alarms, "rate": alarms / runs, "upper_95": upper(alarms, runs),
                   "stated": ALPHA, "within": upper(alarms, runs) <= 1.5 * ALPHA, "runs_with_other_findings": others,
                   "seconds": round(time.monotonic() - started, 1)}
            print(json.dumps(row), file=sys.stderr, flush=True)
            table.append(row)
    return table


def power(arguments, folder):
    law = Synthetic(20, 10, True)
    reference = law.draw(np.random.default_rng(2), 20_000)
    ours = Driftline(arguments.driftline, folder / "power", reference)
    table = []
    for n in arguments.sizes:
        rng = np.random.default_rng([11, n])
        thin = 4 if n > 10_000 else 1  # power is near 0 or 1 there, and a peer takes a second per window
        peers = [peer(reference, n, rng) for peer in PEERS if peer.name in arguments.peers.split(",")]
        tuning = np.array([[peer.score(frame) for peer in peers] for frame in (law.draw(rng, n) for _ in range(arguments.tuning // (2 if thin > 1 else 1)))])
        factor = np.quantile(tuning, 1 - ALPHA, axis=0) if peers else ()
        wanted = [word for word in arguments.shifts.split(",") if word]
        for shift in ("none", *(name for name in SHIFTS if not wanted or any(word in name for word in wanted))):
            runs = (arguments.runs if shift == "none" else arguments.planted) // thin
            hits = {"driftline": 0} | {f"{peer.name}, {form}": 0 for peer in peers for form in ("default", "tuned")}
            for turn in range(runs):
                frame = law.draw(rng, n)
                if shift != "none":
                    frame = plant(frame, shift, reference, turn, rng)
                drift, _ = ours.alarms(frame)
                hits["driftline"] += bool(drift)
                for peer, limit in zip(peers, factor):
                    score = peer.score(frame)
                    hits[f"{peer.name}, default"] += bool(score > 1)
                    hits[f"{peer.name}, tuned"] += bool(score > limit)
            row = {"n": n, "shift": shift, "runs": runs} | {name: round(k / runs, 4) for name, k in hits.items()} | {"hits": hits}
            print(json.dumps(row), file=sys.stderr, flush=True)
            table.append(row)
    return table


def markdown(answer):
    lines = ["| data | n | runs | alarms per run | upper 95 % | bar 1.5 x stated | |", "|---|---|---|---|---|---|---|"]
    for r in answer.get("level", []):
        lines.append(f"| {r['data']} | {r['n']:,} | {r['runs']} | {r['rate']:.3f} | {r['upper_95']:.3f} | {1.5 * ALPHA:.3f} | {'within' if r['within'] else '**over**'} |")
    lines.append("")
    rows = answer.get("power", [])
    if rows:
        names = [k for k in rows[0] if k not in ("n", "shift", "runs", "hits")]
        lines += ["| n | shift | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
        for r in rows:
            lines.append(f"| {r['n']:,} | {r['shift']} | " + " | ".join(f"{100 * r[k]:.1f} %" for k in names) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driftline", required=True)
    parser.add_argument("--data", type=pathlib.Path, help="folder with car_loan, elec2, bike_sharing; without it synthetic only")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=600)
    parser.add_argument("--planted", type=int, default=200)
    parser.add_argument("--tuning", type=int, default=400)
    parser.add_argument("--sizes", type=lambda text: tuple(int(n) for n in text.split(",")), default=SIZES)
    parser.add_argument("--only", default="", help="of the level part, data sets whose name contains this")
    parser.add_argument("--shifts", default="", help="of the power part, shifts whose name contains one of these, comma-separated")
    parser.add_argument("--peers", default=",".join(peer.name for peer in PEERS), help="of the power part, comma-separated; the windows stay the same")
    parser.add_argument("--part", choices=("level", "power", "both"), default="both")
    arguments = parser.parse_args()
    answer = {"alpha": ALPHA, "versions": {m: __import__("importlib.metadata", fromlist=["version"]).version(m) for m in ("numpy", "pandas", "scipy", "pyarrow", "evidently", "nannyml")}}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if arguments.part in ("level", "both"):
            answer["level"] = level(arguments, folder)
        if arguments.part in ("power", "both"):
            answer["power"] = power(arguments, folder)
    if arguments.out:
        arguments.out.write_text(json.dumps(answer, indent=1) + "\n")
    print(markdown(answer))


if __name__ == "__main__":
    main()
