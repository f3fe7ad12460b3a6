"""Where SageMaker puts things: `SM_*` variables, else the files and folders below `/opt/ml`.

The PyTorch containers' toolkit sets `SM_*` before it starts a script; a container of one's own gets only the files
(`input/config/hyperparameters.json`, `resourceconfig.json`, `input/data/CHANNEL`). Both are read, the variables first.
`SM_ROOT` (ours) moves `/opt/ml` elsewhere, for local runs. It does not know what a hyperparameter means.
"""

import json
import os
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass

from trainer.failure import JobError

DEFAULT_ROOT = "/opt/ml"
# Set by SageMaker or its SDK for its own use, not hyperparameters of a model.
FOREIGN_PREFIXES = ("sagemaker_", "_tuning_")


@dataclass(frozen=True)
class Hosts:
    """The machines of the job (resourceconfig.json) and the GPUs of each."""

    names: tuple[str, ...]
    current: str
    n_gpus: int


@dataclass(frozen=True)
class Environment:
    root: pathlib.Path
    channels: dict[str, pathlib.Path]
    hyperparameters: dict[str, str]
    model_dir: pathlib.Path
    output_data_dir: pathlib.Path
    checkpoint_dir: pathlib.Path
    failure_file: pathlib.Path
    hosts: Hosts

    def channel(self, name: str) -> pathlib.Path | None:
        folder = self.channels.get(name)
        return folder if folder is not None and folder.is_dir() else None


def root_of(variables: Mapping[str, str]) -> pathlib.Path:
    return pathlib.Path(variables.get("SM_ROOT", DEFAULT_ROOT))


def failure_file_of(variables: Mapping[str, str]) -> pathlib.Path:
    """Known before anything else is read, so that a failure to read the rest can be told."""
    return _output(variables) / "failure"


def _output(variables: Mapping[str, str]) -> pathlib.Path:
    return pathlib.Path(variables.get("SM_OUTPUT_DIR", root_of(variables) / "output"))


def read_environment(variables: Mapping[str, str] = os.environ) -> Environment:
    """Raises `JobError` where a file of SageMaker's is no JSON object."""
    root = root_of(variables)
    return Environment(
        root=root,
        channels=_channels(variables, root),
        hyperparameters=_hyperparameters(variables),
        model_dir=pathlib.Path(variables.get("SM_MODEL_DIR", root / "model")),
        output_data_dir=pathlib.Path(variables.get("SM_OUTPUT_DATA_DIR", _output(variables) / "data")),
        checkpoint_dir=pathlib.Path(variables.get("SM_CHECKPOINT_DIR", root / "checkpoints")),
        failure_file=failure_file_of(variables),
        hosts=_hosts(variables),
    )


def _channels(variables: Mapping[str, str], root: pathlib.Path) -> dict[str, pathlib.Path]:
    data = root / "input" / "data"
    channels = {path.name.lower(): path for path in sorted(data.iterdir()) if path.is_dir()} if data.is_dir() else {}
    for name, value in variables.items():
        if name.startswith("SM_CHANNEL_"):
            channels[name.removeprefix("SM_CHANNEL_").lower()] = pathlib.Path(value)
    return channels


def _hyperparameters(variables: Mapping[str, str]) -> dict[str, str]:
    raw = _json_object(variables.get("SM_HPS"), "SM_HPS") or _json_file(variables, "hyperparameters.json")
    return {name: _plain(value) for name, value in raw.items() if not name.startswith(FOREIGN_PREFIXES)}


def _plain(value: object) -> str:
    """The text of a value: the SDK writes texts as JSON (`"\\"blend\\""`), the console and the API as they are."""
    if isinstance(value, str):
        if len(value) >= 2 and value[0] == value[-1] == '"':
            return value[1:-1]
        return value
    return json.dumps(value)


def _hosts(variables: Mapping[str, str]) -> Hosts:
    config = _json_file(variables, "resourceconfig.json")
    names = json.loads(variables["SM_HOSTS"]) if "SM_HOSTS" in variables else config.get("hosts", ["algo-1"])
    current = variables.get("SM_CURRENT_HOST", config.get("current_host", names[0]))
    if current not in names:
        raise JobError(f"the current host `{current}` is not among the hosts {names}")
    n_gpus = variables.get("SM_NUM_GPUS")
    return Hosts(tuple(names), current, int(n_gpus) if n_gpus is not None else _count_gpus())


def _count_gpus() -> int:
    """Without torch: one device node for each GPU that the container was given."""
    return len(list(pathlib.Path("/dev").glob("nvidia[0-9]*")))


def _json_file(variables: Mapping[str, str], name: str) -> dict:
    path = pathlib.Path(variables.get("SM_INPUT_CONFIG_DIR", root_of(variables) / "input" / "config")) / name
    return _json_object(path.read_text(encoding="utf-8"), name) if path.is_file() else {}


def _json_object(text: str | None, name: str) -> dict:
    if not text:
        return {}
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise JobError(f"{name} is no JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    if not isinstance(value, dict):
        raise JobError(f"{name} must be a JSON object, found {type(value).__name__}")
    return value
