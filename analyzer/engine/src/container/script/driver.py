# Runs a record preprocessor or a post-processor with the interface that Model Monitor documents.
#
#   driver.py preprocess SCRIPT    one JSON object per line in, one per line out, in the same order
#   driver.py postprocess SCRIPT   calls postprocess_handler() once
#
# Standard output is the protocol; what the script prints goes to standard error. Nothing of a record is ever put into
# an answer but the rows the script made: in error messages, words of the record are replaced.
import importlib.util
import inspect
import json
import logging
import os
import re
import sys
import traceback


class Side:
    """`.data`, `.encoding`, `.observedContentType` of one side of a record."""

    def __init__(self, found):
        found = found or {}
        self.data = found.get("data") if found.get("data") is not None else ""
        self.encoding = found.get("encoding")
        self.mode = found.get("mode")
        self.observedContentType = found.get("observedContentType")
        self.observed_content_type = self.observedContentType


class EventMetadata:
    def __init__(self, found):
        found = found or {}
        self.event_id = found.get("eventId")
        self.event_time = found.get("inferenceTime")
        self.inference_id = found.get("inferenceId")
        self.custom_attribute = found.get("customAttributes")


class InferenceRecord:
    def __init__(self, found):
        captured = found.get("captureData") or {}
        self.endpoint_input = Side(captured.get("endpointInput"))
        self.endpoint_output = Side(captured.get("endpointOutput"))
        self.batch_transform_output = Side(captured.get("batchTransformOutput"))
        self.ground_truth = Side(found.get("groundTruthData"))
        self.event_metadata = EventMetadata(found.get("eventMetadata"))
        self.event_version = found.get("eventVersion")


INTEGRAL = re.compile(r"[-+]? ?\d+")
FRACTIONAL = re.compile(r"[-+]? ?\d+(\.\d+|(\.\d+)?[Ee][-+]?\d+)")


def typed(text):
    """What a CSV cell of this text would be: scripts that split a line give texts for all of its cells."""
    if INTEGRAL.fullmatch(text):
        return int(text.replace(" ", ""))
    if FRACTIONAL.fullmatch(text):
        number = float(text.replace(" ", ""))
        return number if abs(number) != float("inf") else text
    return {"true": True, "false": False, "": None}.get(text, text)


def plain(value):
    """A value JSON can hold; NaN and infinities as text, as in CSV."""
    if isinstance(value, str):
        return typed(value)
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError("preprocess_handler gave a value of type %s, expected text, a number, a boolean or None" % type(value).__name__)


def rows_of(answer):
    if isinstance(answer, dict):
        answer = [answer]
    if not isinstance(answer, (list, tuple)):
        raise TypeError("preprocess_handler gave %s, expected a dict, a list of dicts, or []" % type(answer).__name__)
    rows = []
    for row in answer:
        if not isinstance(row, dict):
            raise TypeError("preprocess_handler gave a list with %s in it, expected dicts" % type(row).__name__)
        rows.append({str(key): plain(row[key]) for key in sorted(row, key=str)})
    return rows


WORD = re.compile(r"[^\s,;:=\[\]{}()<>\"'\\]+")


def fault(error, record):
    """Where it happened and what kind it is; words of the record stay out of the message."""
    words = set(WORD.findall(record))
    message = WORD.sub(lambda found: "…" if found.group(0) in words else found.group(0), str(error))
    own = (__file__, "<frozen importlib")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(own)]
    lines = ["Traceback (most recent call last):"]
    lines += ['  File "%s", line %s, in %s\n    %s' % (f.filename, f.lineno, f.name, f.line) for f in frames]
    lines.append("%s: %s" % (type(error).__name__, message))
    return "\n".join(lines)


def load(path, name):
    spec = importlib.util.spec_from_file_location("driftline_user_script", path)
    if spec is None or spec.loader is None:
        raise ImportError("%s is no Python file" % os.path.basename(path))
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec.loader.exec_module(module)
    handler = getattr(module, name, None)
    if not callable(handler):
        raise AttributeError("the script defines no function %s" % name)
    return handler


def takes_logger(handler):
    try:
        kinds = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):
        return False
    places = [p for p in kinds if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(places) >= 2 or any(p.kind == p.VAR_POSITIONAL for p in inspect.signature(handler).parameters.values())


def preprocess(path, answers):
    def answer(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    logger = logging.getLogger("preprocessor")
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    try:
        handler = load(path, "preprocess_handler")
        with_logger = takes_logger(handler)
    except BaseException as error:
        answer({"error": fault(error, "")})
        return
    answer({"ready": True})
    for line in sys.stdin:
        asked = json.loads(line)
        text = asked["record"]
        try:
            kind = asked["kind"]
            if kind == "capture":
                found = json.loads(text)
            else:
                encoding = "CSV" if kind == "csv" else "JSON"
                found = {"captureData": {"endpointInput": {"data": text, "encoding": encoding, "mode": "INPUT"}}}
            record = InferenceRecord(found)
            rows = rows_of(handler(record, logger) if with_logger else handler(record))
            if kind != "capture":
                answer({"lines": [json.dumps(row) for row in rows]})
            elif not rows:
                answer({"lines": []})
            else:
                kept = {key: found[key] for key in ("eventMetadata", "eventVersion", "groundTruthData") if key in found}
                data = {"data": json.dumps(rows), "encoding": "JSON", "mode": "INPUT", "observedContentType": "application/json"}
                kept["captureData"] = {"endpointInput": data}
                answer({"lines": [json.dumps(kept)]})
        except BaseException as error:
            answer({"error": fault(error, text)})
            return


def postprocess(path, answers):
    try:
        load(path, "postprocess_handler")()
        answers.write(json.dumps({"ready": True}) + "\n")
    except BaseException as error:
        answers.write(json.dumps({"error": fault(error, "")}) + "\n")
    answers.flush()


if __name__ == "__main__":
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    {"preprocess": preprocess, "postprocess": postprocess}[sys.argv[1]](sys.argv[2], protocol)
