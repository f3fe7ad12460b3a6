"""Late labels as a Parquet table, for tests/it/quality/places.rs.

pandas 2.3.3, pyarrow 26.0.1. Run in this folder: python make_labels_parquet.py
Rows e0 … e299 of label n % 2, each known two hours after 2026-11-01T00:00:00Z plus n minutes; every tenth is missing.
"""

import pandas as pd

known = pd.Timestamp("2026-11-01T02:00:00Z")
rows = [
    {"request": f"e{n}", "outcome": n % 2, "seen_at": known + pd.Timedelta(minutes=n)}
    for n in range(300)
    if n % 10
]
pd.DataFrame(rows).to_parquet("labels.parquet", index=False)
