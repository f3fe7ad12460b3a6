"""Writes the Parquet tables that analyzer/engine/src/table/tests.rs reads, beside this script.

Made with Python 3, pyarrow 26.0.1 and numpy 2.4.6; prints the numbers the tests quote.
Knows nothing of Driftline.
"""

import datetime
import decimal
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
UTC = datetime.timezone.utc


def write(name, table, **options):
    pq.write_table(table, HERE / name, **options)
    print(name, (HERE / name).stat().st_size, "bytes")


kinds = pa.table(
    {
        "i8": pa.array([-128, 0, 127, None], pa.int8()),
        "i16": pa.array([-32768, 0, 32767, None], pa.int16()),
        "i32": pa.array([-2147483648, 0, 2147483647, None], pa.int32()),
        "i64": pa.array([-9007199254740993, 0, 9223372036854775807, None], pa.int64()),
        "u8": pa.array([0, 1, 255, None], pa.uint8()),
        "u16": pa.array([0, 1, 65535, None], pa.uint16()),
        "u32": pa.array([0, 1, 4294967295, None], pa.uint32()),
        "u64": pa.array([0, 1, 18446744073709551615, None], pa.uint64()),
        "f32": pa.array([0.1, 1.0, float("nan"), None], pa.float32()),
        "f64": pa.array([1.0, float("inf"), float("-inf"), None], pa.float64()),
        "flag": pa.array([True, False, True, None]),
        "text": pa.array(["red", "7", "2.5", None]),
        "category": pa.array(["low", "high", "low", None]).dictionary_encode(),
        "bytes": pa.array([b"a", b"b", b"", None], pa.binary()),
        "day": pa.array([datetime.date(2024, 3, 10), datetime.date(1969, 12, 31), datetime.date(2000, 2, 29), None]),
        "clock": pa.array([datetime.time(7, 30), datetime.time(23, 59, 59, 250000), datetime.time(0), None]),
        "local": pa.array([datetime.datetime(2024, 3, 10, 7, 30), datetime.datetime(1969, 12, 31, 23, 59, 59, 500000),
                           datetime.datetime(2000, 1, 1), None], pa.timestamp("us")),
        "instant": pa.array([datetime.datetime(2024, 3, 10, 7, 30, tzinfo=UTC), datetime.datetime(1970, 1, 1, tzinfo=UTC),
                             datetime.datetime(2000, 1, 1, tzinfo=UTC), None], pa.timestamp("ms", "UTC")),
        "price": pa.array([decimal.Decimal("12.50"), decimal.Decimal("-0.07"), decimal.Decimal("100.00"), None],
                          pa.decimal128(9, 2)),
        "wide": pa.array([decimal.Decimal("12345678901234567890.123"), decimal.Decimal("-1.000"), decimal.Decimal("0"), None],
                         pa.decimal128(38, 3)),
        "embedding": pa.array([[1.5, 2.5], [3.5], [], None], pa.list_(pa.float32())),
        "fixed": pa.array([[1, 2], [3, 4], [5, None], None], pa.list_(pa.int64(), 2)),
        "address": pa.array([{"city": "Oslo", "zip": 1}, {"city": None, "zip": 2}, {"city": "Rome", "zip": 3}, None]),
        "nothing": pa.array([None, None, None, None], pa.float64()),
    }
)
write("kinds.parquet", kinds, compression="zstd")

rng = np.random.default_rng(20261121)
n = 1500
amount = rng.lognormal(3.0, 1.2, n)
amount[rng.random(n) < 0.05] = np.nan
count = rng.poisson(7.0, n)
colour = rng.choice(["red", "green", "blue"], n, p=[0.5, 0.3, 0.2])
numbers = pa.table(
    {
        "amount": pa.array(amount, from_pandas=True),
        "count": pa.array(count, pa.int32()),
        "colour": pa.array(colour).dictionary_encode(),
    }
)
write("numbers.parquet", numbers, compression="snappy", row_group_size=400)
write("numbers-zstd.parquet", numbers.slice(0, 50), compression="zstd")
write("brotli.parquet", numbers.slice(0, 2), compression="brotli")
write("numbers-gzip-v2.parquet", numbers.slice(0, 50), compression="gzip", data_page_version="2.0")
write("numbers-lz4-plain.parquet", numbers.slice(0, 50), compression="lz4", use_dictionary=False)
present = numbers["amount"].drop_null().to_numpy()
print("amount n", len(present), "missing", numbers["amount"].null_count)
print("amount mean", repr(float(np.mean(present))), "std", repr(float(np.std(present))))
print("amount min", repr(float(present.min())), "max", repr(float(present.max())), "sum", repr(float(present.sum())))
print("amount distinct", pc.count_distinct(numbers["amount"]).as_py())
whole = numbers["count"].to_numpy()
print("count mean", repr(float(whole.mean())), "std", repr(float(whole.std())), "sum", int(whole.sum()))
print("count min", whole.min(), "max", whole.max(), "distinct", pc.count_distinct(numbers["count"]).as_py())
print("colour", pc.value_counts(numbers["colour"].cast(pa.string())).to_pylist())

write("empty.parquet", kinds.slice(0, 0))
write("no-columns.parquet", pa.table({}))
write("twice.parquet", pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]))
write("clash.parquet", pa.table({"e": pa.array([[1, 2]]), "e.1": pa.array([3])}))
write("maps.parquet", pa.table({"age": pa.array([30]), "tags": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))}))
write("raw-bytes.parquet", pa.table({"blob": pa.array([b"\xff\xfe"], pa.binary())}))
write("wide-list.parquet", pa.table({"e": pa.array([[0] * 5000], pa.list_(pa.int16()))}))
