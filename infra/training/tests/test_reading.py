"""Environment, hyperparameters, schema, tables: what a job reads before it learns, and what it says when it cannot."""

import json

import numpy as np
import pyarrow as pa
import pytest
from conftest import seeded_schema, seeded_table

from trainer.environment import Hosts, read_environment
from trainer.failure import JobError
from trainer.hyperparameters import Hyperparameters, parse_hyperparameters
from trainer.launch import torchrun_command
from trainer.schema import parse_schema
from trainer.table import read_channel, table_of_texts


def test_files_of_a_container_are_read_and_variables_stand_above_them(tmp_path):
    config = tmp_path / "input" / "config"
    config.mkdir(parents=True)
    (tmp_path / "input" / "data" / "train").mkdir(parents=True)
    (config / "hyperparameters.json").write_text(
        json.dumps({"epochs": "5", "algorithm": '"network"', "sagemaker_program": "train.py", "_tuning_objective_metric": "x"})
    )
    (config / "resourceconfig.json").write_text(json.dumps({"hosts": ["algo-1", "algo-2"], "current_host": "algo-2"}))
    plain = read_environment({"SM_ROOT": str(tmp_path)})
    assert plain.hyperparameters == {"epochs": "5", "algorithm": "network"}
    assert plain.channel("train") == tmp_path / "input" / "data" / "train"
    assert plain.model_dir == tmp_path / "model" and plain.hosts.current == "algo-2"
    variables = {
        "SM_ROOT": str(tmp_path),
        "SM_HPS": '{"epochs": 9}',
        "SM_MODEL_DIR": str(tmp_path / "elsewhere"),
        "SM_CHANNEL_VALIDATION": str(tmp_path),
        "SM_OUTPUT_DIR": str(tmp_path / "out"),
        "SM_NUM_GPUS": "4",
    }
    stated = read_environment(variables)
    assert stated.hyperparameters == {"epochs": "9"}
    assert stated.channel("validation") == tmp_path and stated.model_dir == tmp_path / "elsewhere"
    assert stated.hosts.n_gpus == 4
    assert stated.failure_file == tmp_path / "out" / "failure" and stated.output_data_dir == tmp_path / "out" / "data"


def test_a_broken_hyperparameters_file_is_named_with_its_place(tmp_path):
    with pytest.raises(JobError, match="SM_HPS is no JSON: .* line 1 column 2"):
        read_environment({"SM_ROOT": str(tmp_path), "SM_HPS": "{epochs"})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("epoch", "3", "did you mean `epochs`"),
        ("epochs", "3.5", "a whole number, found `3.5`"),
        ("epochs", "-1", "from 0 to 10000"),
        ("learning_rate", "nan", "from 1e-07 to 1.0"),
        ("dropout", "high", "a number, found `high`"),
        ("algorithm", "forest", "blend, network, boosting"),
    ],
)
def test_a_wrong_hyperparameter_is_refused_by_name(name, text, said):
    with pytest.raises(JobError, match=said):
        parse_hyperparameters({name: text})


def test_texts_become_the_settings():
    found = parse_hyperparameters({"epochs": "7", "learning_rate": "1e-3", "refit": "True", "algorithm": "boosting"})
    assert found == Hyperparameters(epochs=7, learning_rate=1e-3, refit="true", algorithm="boosting")


def test_several_gpus_or_hosts_start_torchrun_once():
    assert torchrun_command(Hosts(("algo-1",), "algo-1", 1), {}, ["train.py"]) is None
    assert torchrun_command(Hosts(("algo-1",), "algo-1", 4), {"LOCAL_RANK": "0"}, ["train.py"]) is None
    one = torchrun_command(Hosts(("algo-1",), "algo-1", 4), {}, ["train.py"])
    assert one[one.index("--nproc_per_node") + 1] == "4" and "--standalone" in one and one[-1] == "train.py"
    two = torchrun_command(Hosts(("algo-2", "algo-1"), "algo-2", 8), {}, ["train.py"])
    assert two[two.index("--node_rank") + 1] == "1" and two[two.index("--master_addr") + 1] == "algo-1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task": "ranking"}, "`task` must be one of binary"),
        ({"label": None}, "`label` must name the column"),
        ({"label": "age"}, "both as label and as feature"),
        ({"features": []}, "at least one feature"),
        ({"features": [{"name": "a", "type": "money"}]}, r"`features\[0\].type` must be one of numeric"),
        ({"features": [{"name": "a"}, {"name": "a"}]}, "names `a` more than once"),
    ],
)
def test_a_wrong_schema_is_refused_by_key(change, said):
    with pytest.raises(JobError, match=said):
        parse_schema({**seeded_schema("binary"), **change})


def test_csv_and_parquet_hold_the_same_rows(tmp_path):
    rows = seeded_table("binary", 200)
    names = ["age", "income", "zone", "outcome"]
    for kind in ("csv", "parquet"):
        (tmp_path / kind).mkdir()
    pa.csv.write_csv(rows.slice(0, 120), tmp_path / "csv" / "a.csv")
    pa.csv.write_csv(rows.slice(120), tmp_path / "csv" / "b.csv")
    pa.parquet.write_table(rows, tmp_path / "parquet" / "rows.parquet")
    by_csv, by_parquet = (read_channel(tmp_path / kind, names, ("time", "absent")) for kind in ("csv", "parquet"))
    assert by_csv.n_rows == by_parquet.n_rows == 200 and by_csv.names == by_parquet.names == [*names, "time"]
    np.testing.assert_array_equal(by_csv.numbers("income"), by_parquet.numbers("income"))
    assert np.isnan(by_csv.numbers("income")).sum() > 5
    np.testing.assert_array_equal(by_csv.texts("zone"), by_parquet.texts("zone"))
    np.testing.assert_array_equal(by_csv.times("time"), by_parquet.times("time"))


def test_one_category_has_one_spelling_whatever_wrote_it(tmp_path):
    pa.parquet.write_table(pa.table({"a": pa.array([1, 2, None]), "b": [1.0, 2.5, None]}), tmp_path / "rows.parquet")
    found = read_channel(tmp_path, ["a", "b"])
    assert found.texts("a").tolist() == ["1", "2", None] and found.texts("b").tolist() == ["1", "2.5", None]
    texts = table_of_texts(["a"], [["1.0"], ["007"], [" NA "], [None]], "x").texts("a")
    assert texts.tolist() == ["1", "007", None, None]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("age,outcome\nsecret,yes\n", "`age` of channel `train` is declared numeric, but 1 of 1 cells are no numbers"),
        ("outcome\nyes\n", "rows.csv has no column `age`"),
        ("age,outcome\n1,yes\n1,secret,2\n", "line 3 has 3 cells instead of 2"),
        ("age,outcome\n", "without a row"),
    ],
)
def test_a_bad_file_is_refused_without_quoting_it(tmp_path, text, said):
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / "rows.csv").write_text(text)
    with pytest.raises(JobError, match=said) as refused:
        read_channel(folder, ["age", "outcome"]).numbers("age")
    assert "secret" not in str(refused.value)


def test_infinite_numbers_are_missing():
    found = table_of_texts(["a"], [["inf"], ["-inf"], ["1e3"]], "x").numbers("a")
    np.testing.assert_array_equal(found, [np.nan, np.nan, 1000.0])


def test_times_sort_whatever_form_they_have():
    zoned = table_of_texts(["t"], [["2026-03-01T00:00:00Z"], ["2025-12-31T23:00:00.5Z"]], "x").times("t")
    assert zoned[0] > zoned[1]
    numbers = table_of_texts(["t"], [["9"], ["10"]], "x").times("t")
    assert numbers[0] < numbers[1]
