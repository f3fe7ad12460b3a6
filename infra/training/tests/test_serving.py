"""The four functions of inference.py and the server around them: all forms agree, and bad requests are refused by row."""

import http.client
import json
import os
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from conftest import FOLDER

import inference
import serve
from trainer.request import RequestError
from trainer.table import table_of_texts

ROWS = [["38.5", "22000.5", "north"], ["61", "", "south"], ["20", "5000", "atlantis"]]
NAMES = ["age", "income", "zone"]


def _csv(header: bool, order=(0, 1, 2)) -> str:
    lines = [NAMES] * header + ROWS
    return "\n".join(",".join(line[idx] for idx in order) for line in lines) + "\n"


def _objects() -> list[dict]:
    return [{"age": float(a), "income": float(i) if i else None, "zone": z} for a, i, z in ROWS]


FORMS = {
    "CSV": ("text/csv", _csv(False)),
    "CSV with header": ("text/csv; charset=utf-8", _csv(True)),
    "CSV with header, other order": ("text/csv", _csv(True, (2, 0, 1))),
    "CSV as bytes with a byte order mark": ("text/csv", b"\xef\xbb\xbf" + _csv(True).encode()),
    "JSON objects": ("application/json", json.dumps({"instances": _objects()})),
    "JSON lists": ("application/json", json.dumps([list(row.values()) for row in _objects()])),
    "JSON features": ("application/json", json.dumps({"instances": [{"features": row} for row in ROWS]})),
    "JSON Lines": ("application/jsonlines", "\n".join(json.dumps(row) for row in _objects())),
    "JSON Lines lists": ("application/jsonlines", "\n".join(json.dumps(row) for row in ROWS) + "\n"),
}


@pytest.fixture(scope="module")
def model(trained_binary):
    return inference.model_fn(str(trained_binary[1].root / "model"))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gets_the_same_answer(model, form):
    content_type, body = FORMS[form]
    expected = model.predict(table_of_texts(NAMES, ROWS, "rows"))
    answer = inference.predict_fn(inference.input_fn(body, content_type), model)
    np.testing.assert_array_equal(answer.probabilities, expected)


def test_a_row_is_answered_the_same_alone_and_among_others(model):
    together = model.predict(table_of_texts(NAMES, ROWS * 50, "rows"))
    alone = model.predict(table_of_texts(NAMES, ROWS[:1], "rows"))
    np.testing.assert_allclose(together[0], alone[0], rtol=1e-5)


def test_answers_have_the_documented_forms(trained):
    task, folder, _ = trained
    model = inference.model_fn(str(folder.root / "model"))
    answer = inference.predict_fn(inference.input_fn(_csv(False), "text/csv"), model)
    lines = inference.output_fn(answer, "text/csv").splitlines()
    entries = json.loads(inference.output_fn(answer, "application/json"))["predictions"]
    by_line = [json.loads(line) for line in inference.output_fn(answer, "application/jsonlines").splitlines()]
    assert len(lines) == 3 and by_line == entries
    assert inference.output_fn(answer, "*/*") == inference.output_fn(answer, "application/json")
    for line, entry in zip(lines, entries):
        cells = line.split(",")
        if task == "regression":
            assert cells == [f"{entry['prediction']:.6g}"]
            continue
        assert cells[0] == entry["prediction"] in model.target.classes
        assert float(cells[1]) == entry["probability"]
        if task == "multiclass":
            shares = entry["probabilities"]
            assert list(shares) == model.target.classes and max(shares, key=shares.get) == entry["prediction"]
            assert entry["probability"] == max(shares.values())
        else:
            assert (entry["probability"] >= model.threshold) == (entry["prediction"] == "yes")


@pytest.mark.parametrize(
    ("content_type", "body", "status", "said"),
    [
        ("text/csv", "1,2\n", 400, "row 1 has 2 cells, the model has 3 features: age, income, zone"),
        ("text/csv", "age,income,zone\n", 400, "a header line and no rows"),
        ("text/csv", "age,income,zone\n1,2\n", 400, "row 1 has 2 cells, the header line has 3"),
        ("text/csv", "", 400, "holds no rows"),
        ("text/csv", "secret,1,north\n", 400, "column `age` of the request is declared numeric, but 1 of 1"),
        ("text/csv", b"\xff\xfe", 400, "not UTF-8 .byte 0"),
        ("application/json", "{", 400, "no JSON"),
        ("application/json", "[]", 400, "holds no rows"),
        ("application/json", "[" * 100_000, 400, "nested too deep|no JSON"),
        ("application/json", '[{"age": 1}]', 400, "row 1 has no feature `income` .2 missing; null is allowed"),
        ("application/json", '[[1, {"secret": 1}, "north"]]', 400, "feature `income` of row 1 must be a number"),
        ("application/json", "[3]", 400, "row 1 must be an object or a list, found int"),
        ("application/jsonlines", '[1, 2, "a"]\n{"age"\n', 400, "line 2 is no JSON"),
        ("image/png", "x", 415, "send text/csv, application/json or application/jsonlines"),
    ],
)
def test_a_bad_request_is_refused_without_quoting_it(model, content_type, body, status, said):
    with pytest.raises(RequestError) as refused:
        inference.predict_fn(inference.input_fn(body, content_type), model)
    assert re.search(said, str(refused.value)) and refused.value.status == status
    assert "secret" not in str(refused.value)


def test_the_server_answers_as_an_endpoint_does(model):
    server = serve.server_for(model, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=30)

    def ask(method: str, path: str, body=None, **headers: str):
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type"), response.read().decode()

    try:
        assert ask("GET", "/ping")[0] == 200
        status, form, text = ask("POST", "/invocations", _csv(False), Content_Type="text/csv")
        assert (status, form, len(text.splitlines())) == (200, "text/csv", 3)
        status, form, text = ask("POST", "/invocations", _csv(False), Content_Type="text/csv", Accept="application/json")
        assert (status, form, len(json.loads(text)["predictions"])) == (200, "application/json", 3)
        assert ask("POST", "/invocations", "1,2\n", Content_Type="text/csv")[0] == 400
        assert ask("POST", "/invocations", _csv(False), Content_Type="image/png")[0] == 415
        assert ask("POST", "/invocations", _csv(False), Content_Type="text/csv", Accept="image/png")[0] == 406
        assert ask("GET", "/nothing")[0] == 404
        assert ask("POST", "/nothing", "1,2\n")[0] == 404
        assert ask("POST", "/invocations", Content_Length=str(serve.LARGEST_BODY + 1))[0] == 413
        assert ask("GET", "/ping")[0] == 200, "it goes on after refusals"
    finally:
        connection.close()
        server.shutdown()
        server.server_close()


def test_the_model_folder_serves_itself_as_aws_containers_call_it(trained_binary):
    """From the copy in model/code, without this folder on the path."""
    root = trained_binary[1].root
    program = (
        "import sys, inference; model = inference.model_fn(sys.argv[1])\n"
        "answer = inference.predict_fn(inference.input_fn(sys.argv[2], 'text/csv'), model)\n"
        "print(inference.__file__); print(inference.output_fn(answer, 'text/csv'))"
    )
    command = [sys.executable, "-c", program, str(root / "model"), _csv(False)]
    variables = {**os.environ, "PYTHONPATH": str(root / "model" / "code")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, env=variables)
    assert done.returncode == 0, done.stderr
    assert str(root) in done.stdout and done.stdout.count("\n") >= 4


def test_the_server_process_says_where_it_listens_and_ends_on_sigterm(trained_binary):
    command = [sys.executable, str(FOLDER / "entry.py"), "serve", "--host", "127.0.0.1", "--port", "0"]
    variables = {**os.environ, "SM_MODEL_DIR": str(trained_binary[1].root / "model")}
    process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)
    try:
        port = int(re.search(r"listening on http://127.0.0.1:(\d+)", process.stdout.readline())[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/invocations", _csv(True), {"Content-Type": "text/csv"})
        assert len(connection.getresponse().read().decode().splitlines()) == 3
        connection.close()
    finally:
        process.terminate()
    assert process.wait(timeout=30) == 0


def test_a_folder_without_a_model_is_refused(tmp_path, capsys):
    assert serve.main(["--model-dir", str(tmp_path), "--port", "0"]) == 1
    assert "has no model.json" in capsys.readouterr().err
