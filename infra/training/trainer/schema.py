"""The schema file, in the form all of Driftline reads (README, "Schema files"): features in the endpoint's order.

It does not know cells: `table` reads them, `encode` turns them into numbers. Roles other than features, label and task
(`prediction`, `probability`, `id`, `timestamp`) are kept in the file and not used here, but for `timestamp`, by which
`job` cuts a validation part in time order.
"""

import json
import pathlib
from dataclasses import dataclass

from trainer.failure import JobError

TASKS = ("binary", "multiclass", "regression")
NUMERIC_TYPES = ("numeric", "integral", "fractional")
CATEGORICAL_TYPES = ("categorical", "string", "boolean")


@dataclass(frozen=True)
class Feature:
    """`kind` is `numeric` or `categorical`, or None where the schema leaves it to the data."""

    name: str
    kind: str | None


@dataclass(frozen=True)
class Schema:
    features: tuple[Feature, ...]
    task: str
    label: str
    positive_class: str | None
    timestamp: str | None
    document: dict

    @property
    def names(self) -> list[str]:
        return [feature.name for feature in self.features]


def find_schema(*folders: pathlib.Path | None) -> pathlib.Path:
    """The first `schema.json` of these channels; raises `JobError` where none has it."""
    for folder in folders:
        if folder is not None and (folder / "schema.json").is_file():
            return folder / "schema.json"
    raise JobError("no schema.json: put it into the channel `schema` or beside the data of the channel `train`")


def read_schema(path: pathlib.Path) -> Schema:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise JobError(f"{path.name} is no JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    return parse_schema(document)


def parse_schema(document: object) -> Schema:
    """Raises `JobError` naming the key that is missing or wrong."""
    if not isinstance(document, dict):
        raise JobError(f"the schema must be a JSON object, found {type(document).__name__}")
    task = document.get("task")
    if task not in TASKS:
        raise JobError(f"schema key `task` must be one of {', '.join(TASKS)}, found {task!r}")
    label = document.get("label")
    if not isinstance(label, str) or not label:
        raise JobError("schema key `label` must name the column of the outcome: training needs it")
    entries = document.get("features")
    if not isinstance(entries, list) or not entries:
        raise JobError("schema key `features` must be a list of at least one feature")
    features = tuple(_feature(entry, idx) for idx, entry in enumerate(entries))
    names = [feature.name for feature in features]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise JobError(f"schema key `features` names `{repeated[0]}` more than once")
    if label in names:
        raise JobError(f"schema names `{label}` both as label and as feature: a model would learn its own answer")
    positive = document.get("positive_class")
    return Schema(features, task, label, None if positive is None else _text(positive), _name(document, "timestamp"), document)


def _feature(entry: object, idx: int) -> Feature:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise JobError(f"schema key `features[{idx}]` must be an object with a `name`")
    kind = entry.get("type")
    if kind is None:
        return Feature(entry["name"], None)
    if kind in NUMERIC_TYPES:
        return Feature(entry["name"], "numeric")
    if kind in CATEGORICAL_TYPES:
        return Feature(entry["name"], "categorical")
    known = ", ".join(NUMERIC_TYPES + CATEGORICAL_TYPES)
    raise JobError(f"schema key `features[{idx}].type` must be one of {known}, found {kind!r}")


def _name(document: dict, key: str) -> str | None:
    value = document.get(key)
    return value if isinstance(value, str) else None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
