"""The image's entry point: SageMaker starts a container with `train` or `serve`, our pipeline with `predict`. It knows nothing else.

A training job becomes train.py, an endpoint serve.py on all interfaces of the container; both by exec, so that SIGTERM
reaches them.
"""

import os
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
COMMANDS = {"train": ["train.py"], "predict": ["predict.py"], "serve": ["serve.py", "--host", "0.0.0.0"]}

if __name__ == "__main__":
    asked = sys.argv[1:2] or ["train"]
    if asked[0] not in COMMANDS:
        sys.exit(f"unknown command `{asked[0]}`: known are {', '.join(COMMANDS)}")
    script, *options = COMMANDS[asked[0]]
    os.execv(sys.executable, [sys.executable, str(FOLDER / script), *options, *sys.argv[2:]])
