"""A small server for one model: `GET /ping`, `POST /invocations`, as a SageMaker endpoint's container answers them.

    python serve.py --model-dir DIR [--host 127.0.0.1] [--port 8080]

`--port 0` takes a free port; the line `listening on http://HOST:PORT` says which, once the model is loaded and answers.
It knows HTTP and nothing of models (`inference`). It writes no captured data: that is the endpoint's, or Driftline's.
"""

import argparse
import json
import os
import pathlib
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import inference  # noqa: E402
from trainer import request  # noqa: E402
from trainer.failure import JobError, reason_of  # noqa: E402
from trainer.request import RequestError  # noqa: E402

LARGEST_BODY = 25 * 1024 * 1024  # SageMaker's limit for a real-time invocation


class Handler(BaseHTTPRequestHandler):
    """`model` and `one_at_a_time` are set on a subclass by `server_for`."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True  # head and body are two writes: the second must not wait for the client's delayed ACK
    model: inference.Model
    one_at_a_time: threading.Lock

    def do_GET(self) -> None:
        if self.path.split("?")[0] == "/ping":
            self._answer(200, request.JSON, "")
        else:
            self._refuse(404, "known are GET /ping and POST /invocations")

    def do_POST(self) -> None:
        if self.path.split("?")[0] != "/invocations":
            self.close_connection = True
            self._refuse(404, "known are GET /ping and POST /invocations")
            return
        try:
            asked = inference.input_fn(self._body(), self.headers.get("Content-Type"))
            form = request.answer_form(self.headers.get("Accept"), asked.form)
            with self.one_at_a_time:
                answer = inference.predict_fn(asked, self.model)
            self._answer(200, form, inference.output_fn(answer, form))
        except RequestError as error:
            self._refuse(error.status, str(error))
        except Exception as error:
            self._refuse(500, reason_of(error))

    def _body(self) -> bytes:
        try:
            length = int(self.headers["Content-Length"])
        except (TypeError, ValueError):
            self.close_connection = True
            raise RequestError("the request needs a Content-Length", 411) from None
        if not 0 <= length <= LARGEST_BODY:
            self.close_connection = True
            raise RequestError(f"the request has {length} bytes, at most {LARGEST_BODY} are read", 413)
        return self.rfile.read(length)

    def _refuse(self, status: int, message: str) -> None:
        self._answer(status, request.JSON, json.dumps({"error": message}) + "\n")

    def _answer(self, status: int, form: str, text: str) -> None:
        body = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", form)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent: a request line may carry what must not be logged."""


def server_for(model: inference.Model, host: str, port: int) -> ThreadingHTTPServer:
    bound = type("BoundHandler", (Handler,), {"model": model, "one_at_a_time": threading.Lock()})
    server = ThreadingHTTPServer((host, port), bound)
    server.daemon_threads = True
    return server


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="serve.py", description="serves one trained model over HTTP")
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")))
    chosen = parser.parse_args(arguments)
    try:
        model = inference.model_fn(chosen.model_dir)
        server = server_for(model, chosen.host, chosen.port)
    except JobError as error:
        print(f"serve.py: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"serve.py: cannot listen on {chosen.host} port {chosen.port}: {error.strerror}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on http://{chosen.host}:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
