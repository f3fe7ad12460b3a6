"""distributed/bootstrap against a runtime interface of Lambda's, with a command line that answers what it was asked."""

import http.server
import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path

COMMAND = """#!/bin/bash
case "$*" in
  *empty*) echo 'error: no object "there"' >&2; exit 4 ;;
  *throttled*) echo 'error: slow down' >&2; exit 6 ;;
  *) printf '{"asked": "%s", "n": %d}' "$*" $# ;;
esac
"""
# Payload, and what Lambda is told: (path's end, a part of the body).
ROWS = [
    (
        '"--run a1 --start 2026-11-01T00:00:00Z --place s3://b/c=1/d+e"',
        ("response", {"asked": "merge --run a1 --start 2026-11-01T00:00:00Z --place s3://b/c=1/d+e", "n": 7}),
    ),
    ('"empty"', ("error", {"errorType": "nothing_to_analyze", "errorMessage": "error: no object there"})),
    ('"throttled"', ("error", {"errorType": "storage", "errorMessage": "error: slow down"})),
    ('"a; rm -rf $HOME"', ("error", {"errorType": "usage"})),
    ('"*"', ("error", {"errorType": "usage"})),
    ('{"a": 1}', ("error", {"errorType": "usage"})),
    ('""', ("response", {"asked": "merge", "n": 1})),
]


def run(bootstrap):
    """Findings of the rows above, in order, in one process."""
    answers = []
    done = threading.Event()

    class Runtime(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            if len(answers) == len(ROWS):
                done.set()
                self.send_response(410)
                self.end_headers()
                return
            body = ROWS[len(answers)][0].encode()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{len(answers)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answers.append((self.path, body))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Runtime)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as scratch:
        command = Path(scratch, "driftline")
        command.write_text(COMMAND)
        command.chmod(0o755)
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_address[1]}",
            "LAMBDA_TASK_ROOT": scratch,
            "_HANDLER": "merge",
            "no_proxy": "*",
        }
        process = subprocess.Popen(
            ["/bin/bash", str(bootstrap)], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        done.wait(timeout=20)
        process.kill()
        process.wait()
    server.shutdown()
    findings = []
    if len(answers) != len(ROWS):
        findings.append(f"{len(answers)} of {len(ROWS)} invocations were answered")
    for idx, ((payload, (end, wanted)), (path, body)) in enumerate(zip(ROWS, answers)):
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if (
            path != f"/2018-06-01/runtime/invocation/request-{idx}/{end}"
            or found is None
            or wanted.items() - found.items()
        ):
            findings.append(f"{payload}: {path} {body[:200]!r}")
    return findings
