"""Lambda's Python runtime in short: takes events from the Runtime API and gives them to the handler that `_HANDLER` names.

Standard library only. Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes". An error's type
is its class, as Lambda has it, so that a state machine can retry by it.
"""

import http.client
import importlib
import json
import os
import sys

sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
module, name = os.environ["_HANDLER"].rsplit(".", 1)
handle = getattr(importlib.import_module(module), name)
host, _, below = os.environ["AWS_LAMBDA_RUNTIME_API"].removeprefix("http://").partition("/")


def ask(method, path, body=None):
    connection = http.client.HTTPConnection(host)
    connection.request(method, f"/{below}/2018-06-01/runtime/invocation/{path}", body)
    answer = connection.getresponse()
    if answer.status >= 300:
        sys.exit(f"the Runtime API answered {answer.status}")
    return answer.headers, answer.read()


while True:
    headers, body = ask("GET", "next")
    request = headers["Lambda-Runtime-Aws-Request-Id"]
    try:
        kind, answer = "response", handle(json.loads(body), None)
    except Exception as error:
        kind, answer = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
    ask("POST", f"{request}/{kind}", json.dumps(answer))
