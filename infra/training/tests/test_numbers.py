"""Preprocessing, targets, metrics and the network's arithmetic, beside independent sources of the same numbers."""

import json

import numpy as np
import pytest
import torch
from conftest import seeded_table
from sklearn import metrics as reference

from trainer import encode, metrics, target
from trainer.failure import JobError
from trainer.network import NetworkShape, PiecewiseLinear, TabM, mean_prediction, member_loss, quantile_edges
from trainer.schema import parse_schema
from trainer.table import Table, table_of_texts

KINDS = {"age": "numeric", "income": "numeric", "zone": "categorical"}


def _table(n_rows: int = 300) -> Table:
    rows = seeded_table("binary", n_rows)
    return Table({name: rows.column(name) for name in rows.column_names}, n_rows, "rows")


def test_preprocessing_comes_back_from_json_and_gives_the_same_numbers():
    table = _table()
    fitted = encode.fit(KINDS, table, np.arange(200))
    again = encode.Preprocessing.from_document(json.loads(json.dumps(fitted.document())))
    first, second = encode.encode(fitted, table), encode.encode(again, table)
    np.testing.assert_array_equal(first.numbers, second.numbers)
    np.testing.assert_array_equal(first.codes, second.codes)
    assert fitted.n_inputs == 3, "income has missing cells and so an indicator"


def test_rows_outside_the_training_rows_teach_nothing():
    table = _table()
    rows = np.arange(150)
    short = Table({name: table._columns[name].slice(0, 150) for name in table.names}, 150, "rows")
    assert encode.fit(KINDS, table, rows) == encode.fit(KINDS, short, rows)


def test_missing_unknown_and_extreme_cells_stay_in_bounds():
    fitted = encode.fit(KINDS, _table(), np.arange(300))
    cells = [["1e300", "-1e300", "atlantis"], [None, "", None]]
    found = encode.encode(fitted, table_of_texts(list(KINDS), cells, "request"))
    assert np.isfinite(found.numbers).all() and np.abs(found.numbers).max() <= encode.CLIP
    assert found.codes.tolist() == [[0], [0]]
    assert np.isnan(found.raw[1]).all() and np.isfinite(found.raw[0, :2]).all()
    assert found.numbers[1].tolist() == [0.0, 0.0, 1.0]


def test_columns_that_do_not_vary_are_left_out_and_nothing_else_is_refused():
    cells = [["1", "x"], ["1", "x"], ["1", "x"], ["1", "x"]]
    table = table_of_texts(["a", "b"], cells, "rows")
    with pytest.raises(JobError, match="none of the 2 features varies in the 4 training rows"):
        encode.fit({"a": "numeric", "b": "categorical"}, table, np.arange(4))
    mixed = table_of_texts(["a", "b"], [["1", "x"], ["2", "x"], ["3", "x"]], "rows")
    fitted = encode.fit({"a": "numeric", "b": "categorical"}, mixed, np.arange(3))
    assert [column.name for column in fitted.numeric] == ["a"] and fitted.categorical == []


def test_a_spelling_of_truth_is_understood_whoever_wrote_it():
    fitted = encode.fit({"a": "categorical"}, table_of_texts(["a"], [["True"], ["False"]] * 5, "rows"), np.arange(10))
    codes = encode.encode(fitted, table_of_texts(["a"], [["true"], ["True"], ["false"]], "rows")).codes
    assert codes[:, 0].tolist() == [2, 2, 1]


def test_classes_are_ordered_by_number_and_the_positive_one_comes_last():
    schema = parse_schema({"task": "multiclass", "label": "y", "features": [{"name": "a"}]})
    assert target.fit(schema, np.array(["10", "9", "2"], dtype=object), "none").classes == ["2", "9", "10"]
    schema = parse_schema({"task": "binary", "label": "y", "features": [{"name": "a"}], "positive_class": "bad"})
    assert target.fit(schema, np.array(["good", "bad"], dtype=object), "none").classes == ["good", "bad"]
    with pytest.raises(JobError, match="task is binary, but label `y` has 3 classes"):
        target.fit(schema, np.array(["good", "bad", "ugly"], dtype=object), "none")


def test_taking_class_weights_out_is_bayes_rule():
    shares = np.array([0.9, 0.1])
    likelihood = np.array([[0.2, 0.7], [0.5, 0.1]])
    true = likelihood * shares / (likelihood * shares).sum(axis=1, keepdims=True)
    weights = 1.0 / (2.0 * shares)
    weighted = true * weights / (true * weights).sum(axis=1, keepdims=True)
    found = target.without_weights(target.Target("binary", ["0", "1"], weights.tolist(), 0.0, 1.0), weighted)
    np.testing.assert_allclose(found, true, rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_metrics_are_those_of_scikit_learn(seed):
    """scikit-learn 1.9.1, the functions named in the dictionary, on scores with ties."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, 500)
    positive = np.clip(np.round(0.3 * truth + random.random(500) * 0.7, 2), 0.01, 0.99)
    found = metrics.evaluate("binary", truth, np.stack([1.0 - positive, positive], axis=1))
    expected = {
        "auc": reference.roc_auc_score(truth, positive),
        "average_precision": reference.average_precision_score(truth, positive),
        "logloss": reference.log_loss(truth, positive),
        "brier": reference.brier_score_loss(truth, positive),
        "accuracy": reference.accuracy_score(truth, positive >= 0.5),
        "balanced_accuracy": reference.balanced_accuracy_score(truth, positive >= 0.5),
        "f1": reference.f1_score(truth, positive >= 0.5),
    }
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-10), name
    three = random.integers(0, 3, 400)
    shares = random.dirichlet([1.0, 1.0, 1.0], 400) + 0.8 * np.eye(3)[three]
    shares /= shares.sum(axis=1, keepdims=True)
    found = metrics.evaluate("multiclass", three, shares)
    assert found["auc"] == pytest.approx(reference.roc_auc_score(three, shares, multi_class="ovr"), rel=1e-10)
    assert found["logloss"] == pytest.approx(reference.log_loss(three, shares), rel=1e-10)
    assert found["macro_f1"] == pytest.approx(reference.f1_score(three, shares.argmax(axis=1), average="macro"), rel=1e-10)
    number, guess = random.normal(size=300), random.normal(size=300)
    found = metrics.evaluate("regression", number, guess)
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(number, guess), rel=1e-12)
    assert found["r2"] == pytest.approx(reference.r2_score(number, guess), rel=1e-12)


def test_the_threshold_is_the_best_of_all():
    random = np.random.default_rng(3)
    truth = random.random(300) < 0.2
    score = np.round(0.4 * truth + 0.6 * random.random(300), 2)
    best = max(reference.f1_score(truth, score >= cut) for cut in np.unique(score))
    chosen = metrics.best_f1_threshold(truth, score)
    assert reference.f1_score(truth, score >= chosen) == pytest.approx(best, rel=1e-12)


def test_a_metric_that_the_rows_do_not_define_is_absent():
    found = metrics.evaluate("binary", np.zeros(5, dtype=int), np.full((5, 2), 0.5))
    assert "auc" not in found and "average_precision" not in found and all(np.isfinite(v) for v in found.values())


def test_piecewise_linear_encoding_is_equation_1_of_its_paper_within_the_training_rows():
    edges = [np.array([0.0, 1.0, 3.0]), np.array([-1.0, 1.0])]
    encoding = PiecewiseLinear(2, 2)
    encoding.set_edges(edges)
    x = torch.tensor([[0.5, 0.0], [2.0, 3.0], [-1.0, -3.0], [5.0, 1.0]])
    expected = [[[0.5, 0.0], [0.5, 0.0]], [[1.0, 0.5], [1.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]]]
    torch.testing.assert_close(encoding(x), torch.tensor(expected))


def test_every_member_is_a_perceptron_of_its_own():
    """Against plain float64 numpy: member i of TabM is an MLP whose matrices are diag(r_i) W diag(s_i)."""
    torch.manual_seed(0)
    shape = NetworkShape(2, 4, [3], 2, members=3, blocks=2, width=5, embedding=4, dropout=0.0)
    network = TabM(shape).eval()
    random = np.random.default_rng(0)
    numbers = random.normal(size=(6, 2)).astype(np.float32)
    network.embedding.bins.set_edges(quantile_edges(numbers, 4))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    codes = random.integers(0, 3, (6, 1)).astype(np.int32)
    found = network(torch.from_numpy(numbers), torch.from_numpy(codes)).detach().numpy()
    state = {name: tensor.detach().double().numpy() for name, tensor in network.state_dict().items()}
    for row in range(6):
        columns = []
        for idx in range(2):
            progress = (numbers[row, idx] - state["embedding.bins.left"][idx]) * state["embedding.bins.per_width"][idx]
            bins = np.clip(progress, 0.0, 1.0)
            line = numbers[row, idx] * state["embedding.slope"][idx] + state["embedding.level"][idx]
            columns.append(line + bins @ state["embedding.bend"][idx])
        columns.append(state["embedding.categories"][codes[row, 0]])
        for member in range(3):
            x = np.concatenate([column * state["perturbation"][member, idx] for idx, column in enumerate(columns)])
            for layer in ("layers.0", "layers.1"):
                matrix = np.diag(state[f"{layer}.r"][member]) @ state[f"{layer}.weight"] @ np.diag(state[f"{layer}.s"][member])
                x = np.maximum(x @ matrix + state[f"{layer}.b"][member], 0.0)
            expected = x @ state["head"][member] + state["head_bias"][member]
            np.testing.assert_allclose(found[row, member], expected, rtol=2e-4, atol=2e-5)


def test_losses_are_the_mean_of_members_losses():
    """scikit-learn 1.9.1 log_loss and mean_squared_error of each member, averaged."""
    torch.manual_seed(1)
    truth = torch.tensor([0, 1, 1, 0])
    logits = torch.randn(4, 3, 1)
    expected = np.mean([reference.log_loss(truth, logits[:, i, 0].double().sigmoid()) for i in range(3)])
    assert member_loss("binary", logits, truth, None).item() == pytest.approx(expected, rel=1e-5)
    many, classes = torch.randn(4, 3, 3), torch.tensor([2, 0, 1, 1])
    expected = np.mean([reference.log_loss(classes, many[:, i].double().softmax(-1), labels=[0, 1, 2]) for i in range(3)])
    assert member_loss("multiclass", many, classes, None).item() == pytest.approx(expected, rel=1e-5)
    numbers = torch.randn(4)
    expected = np.mean([reference.mean_squared_error(numbers, logits[:, i, 0]) for i in range(3)])
    assert member_loss("regression", logits, numbers, None).item() == pytest.approx(expected, rel=1e-5)
    assert mean_prediction("multiclass", many).sum(dim=1).tolist() == pytest.approx([1.0] * 4, rel=1e-6)
