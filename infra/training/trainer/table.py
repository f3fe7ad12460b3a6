"""Reads the files of a channel (CSV with a header line, Parquet) into columns of numbers or of texts.

A numeric column is float64 with NaN for missing; a categorical one is an object array of texts with None for missing.
It does not know what a column is for, and no value of a cell is ever part of an error.
"""

import pathlib
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from trainer.failure import JobError

MISSING_TEXTS = ("", "NA", "N/A", "NaN", "nan", "null", "None", "NULL")
WHOLE_FRACTION = re.compile(r"^-?\d+\.0+$")


class Table:
    """Columns by name, all of one length. `origin` says where they came from, for errors."""

    def __init__(self, columns: dict[str, pa.ChunkedArray], n_rows: int, origin: str) -> None:
        self._columns = columns
        self.n_rows = n_rows
        self.origin = origin

    @property
    def names(self) -> list[str]:
        return list(self._columns)

    def numbers(self, name: str) -> np.ndarray:
        """float64, NaN where missing or infinite; raises `JobError` for cells that are no numbers."""
        column = self._column(name)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = _null_missing(column)
            try:
                column = pc.cast(column, pa.float64())
            except pa.ArrowInvalid:
                raise JobError(_no_numbers(name, column, self.origin)) from None
        elif pa.types.is_temporal(column.type) or not _is_number(column.type):
            raise JobError(f"column `{name}` of {self.origin} is {column.type}, not numbers: declare it categorical")
        values = np.array(pc.cast(column, pa.float64(), safe=False).to_numpy(), dtype=np.float64)
        values[~np.isfinite(values)] = np.nan
        return values

    def texts(self, name: str) -> np.ndarray:
        """Texts, None where missing. Whole numbers are written without a fraction: `3.0` and 3 are one category."""
        column = self._column(name)
        if pa.types.is_dictionary(column.type):
            column = pc.cast(column, column.type.value_type)
        if pa.types.is_floating(column.type):
            values = column.to_numpy()
            out = np.array([None if value != value else canonical(repr(float(value))) for value in values], dtype=object)
        elif pa.types.is_boolean(column.type):
            out = np.array([None if value is None else str(value) for value in column.to_pylist()], dtype=object)
        else:
            column = _null_missing(pc.cast(column, pa.string()))
            encoded = column.combine_chunks().dictionary_encode()
            if isinstance(encoded, pa.ChunkedArray):
                encoded = encoded.combine_chunks()
            values = np.array([canonical(text) for text in encoded.dictionary.to_pylist()] + [None], dtype=object)
            out = values[encoded.indices.fill_null(len(values) - 1).to_numpy()]
        return out

    def times(self, name: str) -> np.ndarray:
        """Something that sorts by time: ticks of timestamps, numbers, or texts as they are (RFC 3339 of one zone sorts)."""
        column = self._column(name)
        if pa.types.is_temporal(column.type):
            return pc.cast(pc.cast(column, pa.timestamp("us"), safe=False), pa.int64()).fill_null(0).to_numpy()
        if _is_number(column.type) or self.looks_numeric(name):
            return np.nan_to_num(self.numbers(name))
        text = pc.cast(column, pa.string())
        try:
            instant = pc.cast(pc.cast(text, pa.timestamp("us", tz="UTC")), pa.int64())
            return instant.fill_null(0).to_numpy()
        except pa.ArrowInvalid:
            return np.array([value or "" for value in text.to_pylist()], dtype=str)

    def looks_numeric(self, name: str) -> bool:
        """Whether every present cell is a number (a column without any is not)."""
        column = self._column(name)
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            return _is_number(column.type)
        column = _null_missing(column)
        try:
            return pc.cast(column, pa.float64()).null_count < len(column)
        except pa.ArrowInvalid:
            return False

    def _column(self, name: str) -> pa.ChunkedArray:
        if name not in self._columns:
            raise JobError(f"{self.origin} has no column `{name}`; it has {', '.join(self._columns) or 'none'}")
        return self._columns[name]


def canonical(text: str) -> str:
    return text.split(".", 1)[0] if WHOLE_FRACTION.match(text) else text


def read_channel(folder: pathlib.Path, wanted: list[str], optional: tuple[str, ...] = ()) -> Table:
    """All `.csv` and `.parquet` files below `folder`, in the order of their paths, as one table of these columns.

    `optional` columns are read where every file has them. Raises `JobError` for no file, an unreadable one, or a
    missing column.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".csv", ".parquet") and path.is_file())
    files = [path for path in files if not path.name.startswith((".", "_"))]
    if not files:
        raise JobError(f"channel `{folder.name}` holds no .csv or .parquet file")
    parts = [_read_file(path, wanted, optional) for path in files]
    tables = [Table({name: part.column(name) for name in part.column_names}, part.num_rows, "") for part in parts]
    found = concatenate(tables, f"channel `{folder.name}`")
    if found.n_rows == 0:
        raise JobError(f"channel `{folder.name}` holds {len(files)} file(s) without a row")
    return found


def table_of_texts(names: list[str], rows: list[list[str | None]], origin: str) -> Table:
    """A table of what a request holds; every row has one cell for each name."""
    columns = {
        name: pa.chunked_array([pa.array([row[idx] for row in rows], type=pa.string())]) for idx, name in enumerate(names)
    }
    return Table(columns, len(rows), origin)


def _read_file(path: pathlib.Path, wanted: list[str], optional: tuple[str, ...]) -> pa.Table:
    try:
        if path.suffix.lower() == ".parquet":
            names = pa.parquet.read_schema(path).names
        else:
            with path.open("rb") as opened, pa.csv.open_csv(opened) as reader:
                names = reader.schema.names
        missing = [name for name in wanted if name not in names]
        if missing:
            raise JobError(f"{path.name} has no column `{missing[0]}` ({len(missing)} missing); it has {', '.join(names)}")
        chosen = wanted + [name for name in optional if name in names]
        if path.suffix.lower() == ".parquet":
            return pa.parquet.read_table(path, columns=chosen)
        convert = pa.csv.ConvertOptions(
            include_columns=chosen, column_types={name: pa.string() for name in chosen}, strings_can_be_null=False
        )
        return pa.csv.read_csv(path, convert_options=convert)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, UnicodeDecodeError) as error:
        kind = "Parquet" if path.suffix.lower() == ".parquet" else "CSV with a header line"
        raise JobError(f"{path.name} cannot be read as {kind}{_place(error)}") from None


def _place(error: Exception) -> str:
    """The line of a CSV error, without Arrow's quotation of the line."""
    found = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", str(error))
    return f": line {found[1]} has {found[3]} cells instead of {found[2]}" if found else f" ({type(error).__name__})"


def _null_missing(column: pa.ChunkedArray) -> pa.ChunkedArray:
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(column, pa.array(MISSING_TEXTS, type=column.type)), pa.scalar(None, column.type), column)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind)


def _no_numbers(name: str, column: pa.ChunkedArray, origin: str) -> str:
    n_bad, first = 0, 0
    for idx, text in enumerate(column.to_pylist()):
        try:
            float(text) if text is not None else None
        except ValueError:
            n_bad, first = n_bad + 1, first or idx + 1
    return (
        f"column `{name}` of {origin} is declared numeric, but {n_bad} of {len(column)} cells are no numbers "
        f"(first: row {first}): declare it categorical or repair the cells"
    )


def concatenate(tables: list[Table], origin: str) -> Table:
    """Rows of all, with the columns that all have; a column of several types becomes texts."""
    names = [name for name in tables[0].names if all(name in table.names for table in tables)]
    columns = {}
    for name in names:
        pieces = [table._columns[name] for table in tables]
        if len({piece.type for piece in pieces}) > 1:
            pieces = [pc.cast(piece, pa.string()) for piece in pieces]
        columns[name] = pa.chunked_array([chunk for piece in pieces for chunk in piece.chunks], type=pieces[0].type)
    return Table(columns, sum(table.n_rows for table in tables), origin)
