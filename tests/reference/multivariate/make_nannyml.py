"""NannyML's reconstruction error and domain classifier. Run: python make_nannyml.py SHARED_DATA_FOLDER nannyml.json
(nannyml 0.13.1, scikit-learn 1.9.1, lightgbm 4.5.0, pandas 2.3.3).

`DataReconstructionDriftCalculator(column_names=…, chunk_size=reference rows // 10).fit(reference).calculate(current)`; columns that the
data set's schema calls categorical are given as text, so that both sides agree about types. `DomainClassifierCalculator` likewise with
parts of car_loan's current rows as one chunk each, against the whole reference."""
import json, os, sys, warnings

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
import numpy as np, pandas as pd
import nannyml, sklearn
from make_multivariate_table import made_up

warnings.filterwarnings("ignore")
assert nannyml.__version__ == "0.13.1" and sklearn.__version__ == "1.9.1"
folder = sys.argv[1]


def read(name):
    schema = json.load(open(f"{folder}/{name}/schema.json"))
    frames = [pd.read_csv(f"{folder}/{name}/{side}.csv", low_memory=False) for side in ("reference", "current")]
    names = [f["name"] for f in schema["features"]]
    for feature in schema["features"]:
        if feature["type"] == "categorical":
            for frame in frames:
                column = frame[feature["name"]]
                frame[feature["name"]] = column.astype(str).where(column.notna(), np.nan)
    return names, frames[0][names], frames[1][names]


def reconstruction(names, reference, current):
    # NannyML's imputer knows NaN only.
    reference, current = reference.replace({None: np.nan}), current.replace({None: np.nan})
    calculator = nannyml.DataReconstructionDriftCalculator(column_names=names, chunk_size=max(len(reference) // 10, 1))
    calculator.fit(reference.copy())
    data = calculator.calculate(current.copy()).data
    out = {"n_components": int(calculator._pca.n_components_)}
    for period in ("reference", "analysis"):
        rows = data[data[("chunk", "period")] == period]["reconstruction_error"]
        out[period] = {"value": rows["value"].tolist(), "sampling_error": rows["sampling_error"].tolist()}
        lower, upper = rows["lower_threshold"].iloc[0], rows["upper_threshold"].iloc[0]
    out["lower"], out["upper"] = (None if lower is None or np.isnan(lower) else float(lower)), float(upper)
    whole = calculator._calculate_dre_results(current.copy())
    out["whole"] = float(whole[0])
    return out


def classifier(names, reference, chunk):
    calculator = nannyml.DomainClassifierCalculator(feature_column_names=names, chunk_size=len(chunk))
    calculator.fit(reference.copy())
    data = calculator.calculate(chunk.copy()).data
    return float(data[data[("chunk", "period")] == "analysis"][("domain_classifier_auroc", "value")].iloc[0])


answer = {"provenance": "tests/reference/multivariate/make_nannyml.py, nannyml 0.13.1, scikit-learn 1.9.1, lightgbm 4.5.0",
          "made_up": reconstruction(list("xyzab"), made_up(60, 0.0), made_up(50, 0.4)),
          "reconstruction": {name: reconstruction(*read(name)) for name in ("bike_sharing", "car_loan", "churn_aws", "elec2", "gas_sensor")}}
names, reference, current = read("car_loan")
answer["domain_classifier"] = {"car_loan all": classifier(names, reference, current),
                               "car_loan 0-25000": classifier(names, reference, current[:25000].reset_index(drop=True)),
                               "car_loan 25000-50000": classifier(names, reference, current[25000:].reset_index(drop=True))}
for name in ("churn_aws", "elec2", "gas_sensor", "bike_sharing"):
    names, reference, current = read(name)
    answer["domain_classifier"][f"{name} all"] = classifier(names, reference, current)
json.dump(answer, open(sys.argv[2], "w"), indent=1)  # LightGBM writes to stdout
