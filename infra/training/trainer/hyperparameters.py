"""The hyperparameters: names, defaults, ranges. SageMaker hands all of them over as texts.

It does not know how a model uses them, and it knows no defaults that depend on the data (0 for `batch_size`,
`epochs` and `patience` means "from the number of rows", which `loop` settles).
"""

import dataclasses
import difflib
from dataclasses import dataclass, field

from trainer.failure import JobError


def _in_range(default, low, high):
    return field(default=default, metadata={"low": low, "high": high})


def _one_of(*choices: str):
    return field(default=choices[0], metadata={"choices": choices})


@dataclass(frozen=True)
class Hyperparameters:
    """One training job's settings; `README.md` has them as a table."""

    algorithm: str = _one_of("blend", "network", "boosting")
    seed: int = _in_range(0, 0, 2**31 - 1)
    threads: int = _in_range(0, 0, 1024)
    class_weight: str = _one_of("none", "balanced")
    threshold: str = _one_of("default", "f1")
    validation_fraction: float = _in_range(0.2, 0.01, 0.5)
    refit: str = _one_of("false", "true")
    deterministic: str = _one_of("false", "true")
    graph: str = _one_of("auto", "off")

    epochs: int = _in_range(0, 0, 10_000)
    patience: int = _in_range(0, 0, 10_000)
    batch_size: int = _in_range(0, 0, 2**20)
    learning_rate: float = _in_range(2e-3, 1e-7, 1.0)
    weight_decay: float = _in_range(3e-4, 0.0, 10.0)
    dropout: float = _in_range(0.1, 0.0, 0.9)
    members: int = _in_range(16, 1, 256)
    blocks: int = _in_range(2, 1, 16)
    width: int = _in_range(192, 4, 8192)
    embedding: int = _in_range(16, 1, 512)
    bins: int = _in_range(32, 2, 512)
    checkpoint_seconds: float = _in_range(60.0, 0.0, 86_400.0)

    boosting_rounds: int = _in_range(2000, 1, 100_000)
    boosting_patience: int = _in_range(50, 1, 10_000)
    boosting_learning_rate: float = _in_range(0.05, 1e-4, 1.0)
    boosting_depth: int = _in_range(6, 1, 24)
    boosting_subsample: float = _in_range(0.8, 0.1, 1.0)
    boosting_min_child_weight: float = _in_range(5.0, 0.0, 1e6)

    @property
    def wants_network(self) -> bool:
        return self.algorithm in ("blend", "network")

    @property
    def wants_boosting(self) -> bool:
        return self.algorithm in ("blend", "boosting")


def parse_hyperparameters(texts: dict[str, str]) -> Hyperparameters:
    """Raises `JobError` for an unknown name (with the nearest known one), a wrong type, or a value out of range."""
    fields = {item.name: item for item in dataclasses.fields(Hyperparameters)}
    values = {}
    for name, text in texts.items():
        if name not in fields:
            near = difflib.get_close_matches(name, fields, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(fields)}"
            raise JobError(f"unknown hyperparameter `{name}`: {hint}")
        values[name] = _parse(fields[name], text.strip())
    return Hyperparameters(**values)


def _parse(item: dataclasses.Field, text: str):
    choices = item.metadata.get("choices")
    if choices:
        chosen = text.lower()
        if chosen not in choices:
            raise JobError(f"hyperparameter `{item.name}` must be one of {', '.join(choices)}, found `{text}`")
        return chosen
    wanted = "a whole number" if item.type is int else "a number"
    try:
        value = float(text)
        if item.type is int:
            if not value.is_integer():
                raise ValueError
            value = int(value)
    except (ValueError, OverflowError):
        raise JobError(f"hyperparameter `{item.name}` must be {wanted}, found `{text}`") from None
    low, high = item.metadata["low"], item.metadata["high"]
    if not low <= value <= high:
        raise JobError(f"hyperparameter `{item.name}` must be from {low} to {high}, found `{text}`")
    return value
