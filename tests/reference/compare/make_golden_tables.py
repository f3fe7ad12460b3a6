"""The golden vector of methods.md §3.0 as Parquet tables: golden_baseline.parquet and golden_current.parquet beside this script.

Run: python make_golden_tables.py (pyarrow 26.0.1). Numbers are evaluated in 64-bit floats in the order written. Knows nothing of Driftline."""
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

assert pa.__version__ == "26.0.1"
HERE = pathlib.Path(__file__).parent
baseline = pa.table({
    "number": pa.array([((37 * i) % 101) / 10 + 0.3 * (i % 7) for i in range(500)], pa.float64()),
    "category": pa.array(["aaaaabbbcd"[(7 * i) % 10] for i in range(500)]),
})
current = pa.table({
    "number": pa.array([((53 * i) % 97) / 9 + 0.5 * (i % 5) + 0.4 for i in range(400)], pa.float64()),
    "category": pa.array(["aaaabbbccd"[(3 * i) % 10] for i in range(400)]),
})
for name, table in [("golden_baseline", baseline), ("golden_current", current)]:
    pq.write_table(table, HERE / f"{name}.parquet", compression="zstd", row_group_size=200)
