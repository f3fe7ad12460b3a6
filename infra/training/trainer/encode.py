"""Preprocessing: learned from the training rows, written as JSON, applied to every row afterwards.

Numbers are centred at the median, scaled by the interquartile range and bent smoothly into (-3, 3) with
`x / sqrt(1 + (x / 3)^2)`: the robust scaling and smooth clipping of RealMLP (Holzmüller, Grinsztajn, Steinwart,
NeurIPS 2024, arXiv:2407.04491, §2), so that an outlier at inference moves the network no further than 3.
A missing number becomes 0, with an indicator beside it where training rows had missing numbers too. Categories are
numbered from 1 in order of their text; missing, rare and unknown ones are 0. A column that does not vary in the
training rows says nothing and is left out.

Gradient boosting gets the same columns untransformed: NaN for missing, categories as codes (NaN for 0).
It does not know labels or models.
"""

from dataclasses import asdict, dataclass

import numpy as np

from trainer.failure import JobError
from trainer.schema import Schema
from trainer.table import Table

CLIP = 3.0
RAREST = 3  # A category of fewer training rows than this is "rare".
MOST_CATEGORIES = 4096  # The most frequent ones stay.


@dataclass(frozen=True)
class NumericColumn:
    name: str
    median: float
    scale: float
    has_missing: bool


@dataclass(frozen=True)
class CategoricalColumn:
    name: str
    categories: list[str]


@dataclass(frozen=True)
class Preprocessing:
    """`kinds` has every feature of the schema, those left out too, so that a request can be checked."""

    kinds: dict[str, str]
    numeric: list[NumericColumn]
    categorical: list[CategoricalColumn]

    @property
    def n_inputs(self) -> int:
        """Columns of `Encoded.numbers`: one for each number, one for each indicator."""
        return len(self.numeric) + sum(column.has_missing for column in self.numeric)

    @property
    def cardinalities(self) -> list[int]:
        """Codes of each categorical column, 0 (missing, rare, unknown) included."""
        return [len(column.categories) + 1 for column in self.categorical]

    def document(self) -> dict:
        return {"version": 1, **asdict(self)}

    @staticmethod
    def from_document(document: dict) -> "Preprocessing":
        if document.get("version") != 1:
            raise JobError(f"preprocessing.json has version {document.get('version')!r}; this program reads 1")
        return Preprocessing(
            document["kinds"],
            [NumericColumn(**column) for column in document["numeric"]],
            [CategoricalColumn(**column) for column in document["categorical"]],
        )


@dataclass(frozen=True)
class Encoded:
    """`numbers` float32 (rows, n_inputs), `codes` int32 (rows, categorical), `raw` float32 (rows, both) for boosting."""

    numbers: np.ndarray
    codes: np.ndarray
    raw: np.ndarray

    def __len__(self) -> int:
        return len(self.raw)

    def take(self, rows: np.ndarray) -> "Encoded":
        return Encoded(self.numbers[rows], self.codes[rows], self.raw[rows])


def kinds_of(schema: Schema, table: Table) -> dict[str, str]:
    """Numeric or categorical for each feature: the schema's word, else what the cells are."""
    return {
        feature.name: feature.kind or ("numeric" if table.looks_numeric(feature.name) else "categorical")
        for feature in schema.features
    }


def fit(kinds: dict[str, str], table: Table, rows: np.ndarray) -> Preprocessing:
    """Learns from the rows at these positions. Raises `JobError` where no feature varies."""
    numeric, categorical = [], []
    for name, kind in kinds.items():
        if kind == "numeric":
            column = _fit_numeric(name, table.numbers(name)[rows])
            numeric += [column] if column else []
        else:
            column = _fit_categorical(name, table.texts(name)[rows])
            categorical += [column] if column else []
    if not numeric and not categorical:
        raise JobError(f"none of the {len(kinds)} features varies in the {len(rows)} training rows: nothing to learn from")
    return Preprocessing(kinds, numeric, categorical)


def _fit_numeric(name: str, values: np.ndarray) -> NumericColumn | None:
    present = values[~np.isnan(values)]
    has_missing = len(present) < len(values)
    if len(present) == 0 or (present.min() == present.max() and not has_missing):
        return None
    median, low, high = (float(np.quantile(present, q)) for q in (0.5, 0.25, 0.75))
    spread = high - low
    if spread == 0.0:
        spread = float(present.max() - present.min()) / 2.0
    return NumericColumn(name, median, spread or 1.0, has_missing)


def _fit_categorical(name: str, texts: np.ndarray) -> CategoricalColumn | None:
    present = texts[texts != np.array(None)].astype(str)
    categories, counts = np.unique(present, return_counts=True)
    frequent = counts >= min(RAREST, max(1, len(texts) // 100))
    categories, counts = categories[frequent], counts[frequent]
    if len(categories) > MOST_CATEGORIES:
        kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_CATEGORIES])
        categories, counts = categories[kept], counts[kept]
    if len(categories) == 0 or (len(categories) == 1 and counts[0] == len(texts)):
        return None
    return CategoricalColumn(name, categories.tolist())


def encode(preprocessing: Preprocessing, table: Table) -> Encoded:
    """Raises `JobError` for a missing column or cells that are no numbers."""
    n_rows = table.n_rows
    numbers = np.zeros((n_rows, preprocessing.n_inputs), dtype=np.float32)
    codes = np.zeros((n_rows, len(preprocessing.categorical)), dtype=np.int32)
    raw = np.empty((n_rows, len(preprocessing.numeric) + len(preprocessing.categorical)), dtype=np.float32)
    indicator = len(preprocessing.numeric)
    for idx, column in enumerate(preprocessing.numeric):
        values = table.numbers(column.name)
        raw[:, idx] = np.clip(values, np.finfo(np.float32).min, np.finfo(np.float32).max)
        missing = np.isnan(values)
        scaled = np.clip((values - column.median) / column.scale, -1e9, 1e9)
        numbers[:, idx] = np.where(missing, 0.0, scaled / np.sqrt(1.0 + (scaled / CLIP) ** 2))
        if column.has_missing:
            numbers[:, indicator] = missing
            indicator += 1
    for idx, column in enumerate(preprocessing.categorical):
        codes[:, idx] = _codes(column.categories, table.texts(column.name))
        raw[:, len(preprocessing.numeric) + idx] = np.where(codes[:, idx] == 0, np.nan, codes[:, idx] - 1)
    return Encoded(numbers, codes, raw)


def _codes(categories: list[str], texts: np.ndarray) -> np.ndarray:
    number = {text: code for code, text in enumerate(categories, start=1)}
    for python, json in (("True", "true"), ("False", "false")):  # How a truth value is spelt depends on who wrote it.
        code = number.get(python, number.get(json))
        if code is not None:
            number.setdefault(python, code)
            number.setdefault(json, code)
    return np.fromiter((number.get(text, 0) for text in texts), dtype=np.int32, count=len(texts))
