"""distributed/handler.py on a bucket in memory and a command line that answers what it was asked."""

import contextlib
import importlib.util
import io
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta

PAGE = 7
SETTINGS = b'name = "churn"\ncapture = "s3://captured/prod/churn/AllTraffic"\nbaseline = "baseline"\n'
START, END = datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 1, 2, tzinfo=UTC)


class Bucket:
    """As much of S3's client as the planner uses, with pages of a few keys."""

    def __init__(self):
        self.objects = {("store", "monitors/churn/monitor.toml"): SETTINGS}

    def get_object(self, Bucket, Key):
        return {"Body": io.BytesIO(self.objects[Bucket, Key])}

    def put_object(self, Bucket, Key, Body, ContentType):
        self.objects[Bucket, Key] = Body

    def list_objects_v2(self, Bucket, Prefix, Delimiter, ContinuationToken="0"):
        entries = {}
        for (bucket, key), body in sorted(self.objects.items()):
            if bucket == Bucket and key.startswith(Prefix):
                rest = key[len(Prefix) :]
                folder, slash, _ = rest.partition(Delimiter)
                entries[Prefix + folder + slash if slash else key] = None if slash else len(body)
        names = sorted(entries)
        begin = int(ContinuationToken)
        page = names[begin : begin + PAGE]
        return {
            "Contents": [{"Key": name, "Size": entries[name]} for name in page if entries[name] is not None],
            "CommonPrefixes": [{"Prefix": name} for name in page if entries[name] is None],
            "IsTruncated": begin + PAGE < len(names),
            "NextContinuationToken": str(begin + PAGE),
        }


def _loaded(path):
    spec = importlib.util.spec_from_file_location("handler", path)
    handler = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(handler)
    return handler


def _captured():
    """Two objects an hour over the end of a month and of a year, one empty, one beside the hours."""
    hours = [START + timedelta(hours=n) for n in range(-30, 30)] + [datetime(2025, 12, 31, 23, tzinfo=UTC)]
    keys = {f"prod/churn/AllTraffic/{hour:%Y/%m/%d/%H}/{n}-a b.jsonl": hour for hour in hours for n in range(2)}
    return keys


def run(path):
    # What the command line says goes to the function's log.
    with contextlib.redirect_stdout(io.StringIO()):
        return _run(path)


def _run(path):
    findings = []
    os.environ["DRIFTLINE_STORE"] = "s3://store"
    handler = _loaded(path)
    keys = _captured()

    def planned(request, s3=None):
        s3 = s3 or Bucket()
        for key in keys:
            s3.objects["captured", key] = b"x" * 100
        s3.objects["captured", "prod/churn/AllTraffic/2026/11/01/00/"] = b""
        s3.objects["captured", "prod/churn/AllTraffic-2/2026/11/01/00/other.jsonl"] = b"x"
        answer = handler.plan({"run": "r1", "request": {"monitor": "churn", **request}}, None, s3)
        batches = json.loads(s3.objects["store", answer["batches"]])
        manifest = json.loads(s3.objects["store", answer["manifest"].removeprefix("s3://store/")])
        return answer, batches, manifest

    def check(what, found, wanted):
        if found != wanted:
            findings.append(f"{what}: {str(found)[:300]}, expected {str(wanted)[:300]}")

    answer, batches, manifest = planned({"batch_bytes": 1000})
    taken = [key for batch in batches for key in batch["keys"]]
    check("objects, all, each once and none that is empty", taken, [f"s3://captured/{key}" for key in sorted(keys)])
    check("batches of at most 1000 bytes", max(len(batch["keys"]) for batch in batches), 10)
    check(
        "the manifest names the part of each batch",
        manifest,
        {"version": 1, "parts": [b["part"].rpartition("/")[2] for b in batches]},
    )
    check(
        "parts lie beside the manifest",
        {b["part"].rpartition("/")[0] for b in batches},
        {answer["manifest"].rpartition("/")[0]},
    )
    check("counts", (answer["n_batches"], answer["n_objects"], answer["n_bytes"]), (13, len(keys), 100 * len(keys)))

    window = {"start": "2026-10-31T23:00:00Z", "end": "2026-11-01T03:00:00+01:00"}
    _, batches, _ = planned(window)
    wanted = [key for key, hour in sorted(keys.items()) if hour < END and hour + timedelta(hours=2) > START]
    check(
        "objects of the window",
        [key for batch in batches for key in batch["keys"]],
        [f"s3://captured/{key}" for key in wanted],
    )
    check(
        "the window goes with each batch", {(b["start"], b["end"]) for b in batches}, {(window["start"], window["end"])}
    )

    long = Bucket()
    for n in range(900):
        long.objects["captured", f"prod/churn/AllTraffic/2026/11/01/00/{'k' * 900}{n}"] = b"x"
    _, batches, _ = planned({}, long)
    check("batches that a child can be given, 256 KiB", max(len(json.dumps(b)) for b in batches) < 256 * 1024, True)
    check("nothing there", planned({"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"})[0]["n_batches"], 0)

    for request in (
        {"monitor": None},
        {"monitor": "../x"},
        {"start": "2026-11-01T00:00:00Z"},
        {"start": "b", "end": "a"},
    ):
        try:
            planned(request)
            findings.append(f"{request} is not refused")
        except handler.usage:
            pass

    asked = []

    def command(code, stdout="", stderr=""):
        def called(words, input, **_):
            asked.append((words[1:], input))
            return subprocess.CompletedProcess(words, code, stdout, stderr)

        return called

    batch = {"monitor": "s3://store/m", "part": "s3://store/p", "keys": ["s3://b/a", "s3://b/b c"], **window}
    check(
        "profile answers",
        handler.profile(batch, None, command(0, "2 keys\n")),
        {"part": "s3://store/p", "said": ["2 keys"]},
    )
    check("profile's keys", asked[-1][1], "s3://b/a\ns3://b/b c\n")
    words = ["profile", "--keys", "-", "--monitor", "s3://store/m", "--output", "s3://store/p"]
    check("profile's command", asked[-1][0], [*words, "--start", window["start"], "--end", window["end"]])
    run_ = {"monitor": "s3://store/m", "manifest": "s3://store/mf", "output": "s3://store/o"}
    check(
        "merge answers", handler.merge(run_, None, command(0, "a\nb\n")), {"output": "s3://store/o", "said": ["a", "b"]}
    )
    words = ["merge", "--monitor", "s3://store/m", "--manifest", "s3://store/mf", "--output", "s3://store/o"]
    check("merge's command", asked[-1], (words, ""))
    for code, kind in ((2, "usage"), (4, "nothing_to_analyze"), (6, "storage"), (1, "internal"), (-9, "internal")):
        try:
            handler.merge(run_, None, command(code, "", "error: no\n"))
            findings.append(f"exit code {code} is no error")
        except Exception as error:  # its class is what is asked for
            check(f"kind of error of {code}", (type(error).__name__, str(error)), (kind, "error: no"))
    return findings
