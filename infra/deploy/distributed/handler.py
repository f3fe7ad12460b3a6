"""The three functions of distributed.asl.json: plan, profile, merge. They give the command line its words and say what came of it.

What is counted, and how, is the business of `driftline`, which lies beside this file: the binary of one machine, so the bytes are
the same. Nothing of a captured object is read here.
"""

import json
import os
import re
import subprocess
import tomllib
from datetime import UTC, datetime, timedelta

BATCH_BYTES = 256 * 1024 * 1024
# Step Functions gives a child at most 256 KiB.
BATCH_TEXT = 180 * 1024
HOUR = timedelta(hours=1)
DATED = re.compile(r"/(\d{4})/(?:(\d{2})/)?(?:(\d{2})/)?(?:(\d{2})/)?$")


class usage(Exception):  # noqa: N801 - the names of these are what the state machine retries by
    """The request or an input is wrong."""


class nothing_to_analyze(Exception):  # noqa: N801
    """There is nothing to analyze."""


class storage(Exception):  # noqa: N801
    """Storage failed or refused; it may pass."""


class internal(Exception):  # noqa: N801
    """A fault of Driftline's."""


KINDS = {2: usage, 4: nothing_to_analyze, 6: storage}


def plan(event, _context, s3=None):
    """Writes the batches of a window and the manifest that the merge will hold them to.

    Of an execution's input: `monitor`; `start` and `end` (RFC 3339) for one window, neither for all that is there; `batch_bytes`.
    """
    s3 = s3 or _client()
    request = event["request"]
    if not isinstance(request.get("monitor"), str) or not re.fullmatch(r"[A-Za-z0-9._-]+", request["monitor"]):
        raise usage('`monitor` is missing or no name, expected {"monitor": NAME, "start": TIME, "end": TIME}')
    start, end = (_time(request, name) for name in ("start", "end"))
    if (start is None) != (end is None) or (start is not None and start >= end):
        raise usage("`start` and `end` have to come together, in this order")
    store, root = _place(os.environ["DRIFTLINE_STORE"])
    file = f"{root}monitors/{request['monitor']}/monitor.toml"
    settings = tomllib.loads(s3.get_object(Bucket=store, Key=file)["Body"].read().decode())
    bucket, prefix = _place(settings["capture"])
    objects = sorted(_objects(s3, bucket, prefix, start, end))

    folder = f"{root}runs/{event['run']}/"
    common = {"monitor": f"s3://{store}/{file}"}
    if start is not None:
        common |= {"start": request["start"], "end": request["end"]}
    batches = [
        {**common, "part": f"s3://{store}/{folder}parts/{number:06}.part", "keys": keys}
        for number, keys in enumerate(_batches(bucket, objects, int(request.get("batch_bytes", BATCH_BYTES))))
    ]
    parts = [batch["part"].rpartition("/")[2] for batch in batches]
    manifest = f"{folder}parts/manifest.json"
    for key, document in ((manifest, {"version": 1, "parts": parts}), (f"{folder}batches.json", batches)):
        s3.put_object(Bucket=store, Key=key, Body=json.dumps(document).encode(), ContentType="application/json")
    return {
        **common,
        "batches": f"{folder}batches.json",
        "manifest": f"s3://{store}/{manifest}",
        "output": f"s3://{store}/{folder}windows",
        "n_batches": len(batches),
        "n_objects": len(objects),
        "n_bytes": sum(size for _, size in objects),
    }


def profile(event, _context, run=subprocess.run):
    """One batch to one part. The same batch again writes the same bytes."""
    words = ["profile", "--keys", "-", "--monitor", event["monitor"], "--output", event["part"]]
    words += [word for name in ("start", "end") if name in event for word in (f"--{name}", event[name])]
    said = _driftline(run, words, "\n".join(event["keys"]) + "\n")
    return {"part": event["part"], "said": said}


def merge(event, _context, run=subprocess.run):
    """All parts of the manifest to the documents of their windows; one that is missing is an error with its name."""
    words = ["merge", "--monitor", event["monitor"], "--manifest", event["manifest"], "--output", event["output"]]
    return {"output": event["output"], "said": _driftline(run, words, "")}


def _driftline(run, words, keys):
    binary = os.path.join(os.environ.get("LAMBDA_TASK_ROOT", os.path.dirname(__file__)), "driftline")
    ended = run([binary, *words], input=keys, capture_output=True, text=True)
    if ended.stderr:
        print(ended.stderr.strip())
    if ended.returncode != 0:
        message = " ".join(ended.stderr.split()[:60]) or f"driftline ended with {ended.returncode}"
        raise KINDS.get(ended.returncode, internal)(message)
    # A line for each window; an answer of Lambda's is bounded, and the documents say the rest.
    return ended.stdout.splitlines()[:50]


def _client():
    import boto3  # of Lambda's runtime

    return boto3.client("s3")


def _place(location):
    found = re.fullmatch(r"s3://([^/]+)/?(.*)", location)
    if not found:
        raise usage(f"{location} is no s3:// location, and functions see no others")
    key = found[2].strip("/")
    return found[1], f"{key}/" if key else ""


def _time(request, name):
    if name not in request:
        return None
    try:
        time = datetime.fromisoformat(request[name])
    except (TypeError, ValueError):
        raise usage(f"`{name}` is no time, expected such as 2026-11-12T00:00:00Z") from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _objects(s3, bucket, prefix, start, end):
    """Objects below the prefix; with a window those that may have records of it, which folders of other hours have not."""
    token = {}
    while True:
        page = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/", **token)
        for found in page.get("Contents", []):
            if found["Size"] > 0:
                yield found["Key"], found["Size"]
        for folder in page.get("CommonPrefixes", []):
            if _may_hold(folder["Prefix"], start, end):
                yield from _objects(s3, bucket, folder["Prefix"], start, end)
        if not page.get("IsTruncated"):
            return
        token = {"ContinuationToken": page["NextContinuationToken"]}


def _may_hold(folder, start, end):
    """Whether a folder `…/yyyy/[mm/[dd/[hh/]]]` may hold records of the window.

    A file lies at the hour of its first record, and its last ones may belong to the next: the rule of `capture::time`.
    """
    dated = DATED.search("/" + folder)
    if start is None or not dated:
        return True
    year, month, day, hour = (int(part) if part else None for part in dated.groups())
    try:
        first = datetime(year, month or 1, day or 1, hour or 0, tzinfo=UTC)
    except ValueError:
        return True
    if hour is not None:
        last = first + HOUR
    elif day is not None:
        last = first + timedelta(days=1)
    elif month is not None:
        last = first.replace(year=year + month // 12, month=month % 12 + 1)
    else:
        last = first.replace(year=year + 1)
    return first < end and last + HOUR > start


def _batches(bucket, objects, batch_bytes):
    keys, size, text = [], 0, 0
    for key, n_bytes in objects:
        location = f"s3://{bucket}/{key}"
        n_text = len(json.dumps(location)) + 2
        if keys and (size + n_bytes > batch_bytes or text + n_text > BATCH_TEXT):
            yield keys
            keys, size, text = [], 0, 0
        keys.append(location)
        size += n_bytes
        text += n_text
    if keys:
        yield keys
