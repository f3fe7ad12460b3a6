"""What a request says and how an answer is written: CSV, JSON, JSON Lines, in SageMaker's forms.

In: CSV without a header, cells in the schema's order, or with one, in any order; JSON `{"instances": [...]}` or a bare
list; JSON Lines. An instance is an object by feature name, a list in the schema's order, or `{"features": [...]}`.
Out: CSV `prediction,probability` without a header, JSON `{"predictions": [...]}`, or JSON Lines.
It does not know models. No value of a request is part of an error.
"""

import csv
import io
import json
import math
from dataclasses import dataclass

import numpy as np

from trainer import metrics
from trainer.table import Table, canonical, table_of_texts
from trainer.target import Target

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
JSON_LINES_NAMES = (JSON_LINES, "application/x-jsonlines", "application/jsonl")


class RequestError(Exception):
    """What the caller can repair; `status` is the HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Request:
    """Rows before they meet a schema: lists of cells, or objects by name; and the form they came in."""

    rows: list
    form: str


def form_of(content_type: str | None) -> str:
    """Raises `RequestError` 415 for a type that is none of ours."""
    plain = (content_type or CSV).split(";")[0].strip().lower()
    if plain in (CSV, JSON):
        return plain
    if plain in JSON_LINES_NAMES:
        return JSON_LINES
    raise RequestError(f"content type `{plain}` is not read: send {CSV}, {JSON} or {JSON_LINES}", 415)


def parse(body: bytes | str, content_type: str | None) -> Request:
    form = form_of(content_type)
    try:
        text = body if isinstance(body, str) else bytes(body).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(f"the request is not UTF-8 (byte {error.start})") from None
    if form == CSV:
        rows = [row for row in csv.reader(io.StringIO(text)) if row]
    elif form == JSON:
        document = _json(text, "the request")
        rows = document.get("instances") if isinstance(document, dict) and "instances" in document else document
        rows = [rows] if isinstance(rows, dict) else rows
    else:
        lines = [(idx, line) for idx, line in enumerate(text.splitlines(), start=1) if line.strip()]
        rows = [_json(line, f"line {idx}") for idx, line in lines]
    if not isinstance(rows, list) or not rows:
        raise RequestError("the request holds no rows")
    return Request(rows, form)


def to_table(request: Request, names: list[str]) -> Table:
    """Raises `RequestError` naming the row and what is wrong with it."""
    rows, order = request.rows, None
    if request.form == CSV and set(names) <= set(rows[0]):
        order, rows = [rows[0].index(name) for name in names], rows[1:]
        n_cells = len(request.rows[0])
        if not rows:
            raise RequestError("the request holds a header line and no rows")
    cells = []
    for idx, row in enumerate(rows, start=1):
        if isinstance(row, dict) and isinstance(row.get("features"), list) and "features" not in names:
            row = row["features"]
        if isinstance(row, dict):
            missing = [name for name in names if name not in row]
            if missing:
                raise RequestError(f"row {idx} has no feature `{missing[0]}` ({len(missing)} missing; null is allowed)")
            row = [row[name] for name in names]
        elif not isinstance(row, list):
            raise RequestError(f"row {idx} must be an object or a list, found {type(row).__name__}")
        elif order is not None:
            if len(row) != n_cells:
                raise RequestError(f"row {idx} has {len(row)} cells, the header line has {n_cells}")
            row = [row[position] for position in order]
        elif len(row) != len(names):
            raise RequestError(f"row {idx} has {len(row)} cells, the model has {len(names)} features: {', '.join(names)}")
        cells.append([_text(value, idx, name) for value, name in zip(row, names)])
    return table_of_texts(names, cells, "the request")


@dataclass(frozen=True)
class Answer:
    """One entry for each row; `probabilities` is (rows, classes), None for a regression."""

    target: Target
    predictions: list
    probabilities: np.ndarray | None


def answer_of(target: Target, predicted: np.ndarray, threshold: float) -> Answer:
    if target.task == "regression":
        return Answer(target, predicted.tolist(), None)
    decided = metrics.decide(predicted, threshold if target.task == "binary" else None)
    return Answer(target, [target.classes[idx] for idx in decided], predicted)


def answer_form(accept: str | None, request_form: str | None) -> str:
    """The form asked for; the request's own where any will do. Raises `RequestError` 406."""
    for item in (accept or "*/*").split(","):
        plain = item.split(";")[0].strip().lower()
        if plain in ("*/*", "", "application/*", "text/*"):
            return request_form or JSON
        if plain in (CSV, JSON):
            return plain
        if plain in JSON_LINES_NAMES:
            return JSON_LINES
    raise RequestError(f"none of the accepted types is written: ask for {CSV}, {JSON} or {JSON_LINES}", 406)


def render(answer: Answer, form: str) -> str:
    """CSV: `prediction` or `prediction,probability`; the probability is that of the positive class (binary) or of the
    predicted one (multiclass), with 6 significant digits."""
    if form == CSV:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for idx, prediction in enumerate(answer.predictions):
            probability = _probability(answer, idx)
            shown = f"{prediction:.6g}" if answer.probabilities is None else prediction
            writer.writerow([shown] if probability is None else [shown, f"{probability:.6g}"])
        return out.getvalue()
    entries = [_entry(answer, idx) for idx in range(len(answer.predictions))]
    if form == JSON:
        return json.dumps({"predictions": entries}, ensure_ascii=False, allow_nan=False) + "\n"
    return "".join(json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n" for entry in entries)


def _entry(answer: Answer, idx: int) -> dict:
    if answer.probabilities is None:
        return {"prediction": _rounded(answer.predictions[idx])}
    entry = {"prediction": answer.predictions[idx], "probability": _rounded(_probability(answer, idx))}
    if answer.target.task == "multiclass":
        row = answer.probabilities[idx]
        entry["probabilities"] = {name: _rounded(value) for name, value in zip(answer.target.classes, row)}
    return entry


def _probability(answer: Answer, idx: int) -> float | None:
    if answer.probabilities is None:
        return None
    row = answer.probabilities[idx]
    return float(row[-1] if answer.target.task == "binary" else row.max())


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _json(text: str, what: str):
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise RequestError(f"{what} is no JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise RequestError(f"{what} is nested too deep") from None


def _text(value: object, row: int, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else canonical(value)
    if isinstance(value, float):
        return canonical(repr(value)) if math.isfinite(value) else None
    if isinstance(value, (bool, int)):
        return str(value)
    raise RequestError(f"feature `{name}` of row {row} must be a number, a text, true, false or null")
