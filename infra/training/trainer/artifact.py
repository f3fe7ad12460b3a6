"""The model folder: what a training job leaves in SM_MODEL_DIR, and what an endpoint reads.

    model.json           what the parts are, target, blend weight, threshold, settings; written last
    preprocessing.json   `encode.Preprocessing`
    schema.json          the schema of the training data, as it was given
    metrics.json         metrics on the validation part
    network.pt           state dict of the network (absent for boosting alone)
    boosting.ubj         XGBoost's own form (absent for the network alone)
    code/                inference.py and this package, where AWS's inference containers look

It does not know training. Same model, same bytes: no clock, no host name.
"""

import io
import json
import pathlib
import shutil
from dataclasses import asdict, dataclass

import numpy as np

from trainer import target as targets
from trainer.encode import Encoded, Preprocessing, encode
from trainer.failure import JobError
from trainer.schema import Schema, parse_schema
from trainer.table import Table
from trainer.target import Target

LAYOUT = 1
CODE = pathlib.Path(__file__).resolve().parent.parent


@dataclass
class Model:
    """`network` is (TabM, device), `booster` an xgboost.Booster; at least one is there.

    The answer is `network_weight` times the network's plus the rest times the booster's.
    """

    schema: Schema
    preprocessing: Preprocessing
    target: Target
    network: tuple | None
    booster: object | None
    network_weight: float
    threshold: float

    def predict(self, table: Table) -> np.ndarray:
        """Probabilities (rows, classes), or numbers (rows). Float64."""
        return self.predict_encoded(encode(self.preprocessing, table))

    def predict_encoded(self, features: Encoded) -> np.ndarray:
        answer = 0.0
        if self.network is not None:
            answer = answer + self.network_weight * network_answer(self.target, *self.network, features)
        if self.booster is not None:
            answer = answer + (1.0 - self.network_weight) * boosting_answer(
                self.target, self.booster, self.preprocessing, features
            )
        return answer


def network_answer(target: Target, network: object, device: object, features: Encoded) -> np.ndarray:
    from trainer import loop  # torch, only where there is a network

    answer = loop.predict(network, target.task, features, device).astype(np.float64)
    if target.task == "regression":
        return answer * target.scale + target.center
    return targets.without_weights(target, answer)


def boosting_answer(target: Target, booster: object, preprocessing: Preprocessing, features: Encoded) -> np.ndarray:
    from trainer import boosting

    answer = boosting.predict(booster, target.task, preprocessing, features).astype(np.float64)
    return answer if target.task == "regression" else targets.without_weights(target, answer)


def save(folder: pathlib.Path, model: Model, settings: dict, metrics: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "layout": LAYOUT,
        "target": asdict(model.target),
        "network_weight": model.network_weight,
        "threshold": model.threshold,
        "hyperparameters": settings,
        "network": None,
        "boosting": None,
    }
    if model.network is not None:
        document["network"] = _save_network(folder, model.network[0])
    if model.booster is not None:
        from trainer import boosting

        (folder / "boosting.ubj").write_bytes(boosting.to_bytes(model.booster))
        document["boosting"] = {"file": "boosting.ubj"}
    _write(folder / "preprocessing.json", model.preprocessing.document())
    _write(folder / "schema.json", model.schema.document)
    _write(folder / "metrics.json", metrics)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CODE / "trainer", folder / "code" / "trainer", ignore=ignored, dirs_exist_ok=True)
    shutil.copy(CODE / "inference.py", folder / "code" / "inference.py")
    _write(folder / "model.json", document)


def load(folder: pathlib.Path) -> Model:
    """Raises `JobError` for a folder that is no model, or one of another layout."""
    document = _read(folder, "model.json")
    if document.get("layout") != LAYOUT:
        raise JobError(f"model.json has layout {document.get('layout')!r}; this program reads {LAYOUT}")
    booster = None
    if document["boosting"] is not None:
        from trainer import boosting

        booster = boosting.from_bytes((folder / document["boosting"]["file"]).read_bytes())
    return Model(
        schema=parse_schema(_read(folder, "schema.json")),
        preprocessing=Preprocessing.from_document(_read(folder, "preprocessing.json")),
        target=Target(**document["target"]),
        network=_load_network(folder, document["network"]) if document["network"] is not None else None,
        booster=booster,
        network_weight=document["network_weight"],
        threshold=document["threshold"],
    )


def _save_network(folder: pathlib.Path, network) -> dict:
    import torch

    buffer = io.BytesIO()
    torch.save({name: tensor.cpu() for name, tensor in network.state_dict().items()}, buffer)
    (folder / "network.pt").write_bytes(buffer.getvalue())
    return {"file": "network.pt", "shape": asdict(network.shape)}


def _load_network(folder: pathlib.Path, entry: dict) -> tuple:
    import torch

    from trainer.network import NetworkShape, TabM

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = TabM(NetworkShape(**entry["shape"]))
    network.load_state_dict(torch.load(folder / entry["file"], map_location="cpu", weights_only=True))
    return network.to(device).eval(), device


def _write(path: pathlib.Path, document: dict) -> None:
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _read(folder: pathlib.Path, name: str) -> dict:
    path = folder / name
    if not path.is_file():
        raise JobError(f"the model folder has no {name}: is it the SM_MODEL_DIR of a finished training job?")
    return json.loads(path.read_text(encoding="utf-8"))
