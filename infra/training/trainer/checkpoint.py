"""Checkpoints in SageMaker's checkpoint folder, which it copies to and from S3 while a spot job moves.

A file is replaced in one step, so that a reader finds the old one or the new one. Each has the digest of the settings
and rows it belongs to: one of another job is passed over, with a word, and the job starts from nothing.
It does not know what a state means.
"""

import hashlib
import os
import pathlib
import pickle

import numpy as np
import torch

LAYOUT = 1


def digest_of(parts: list[object]) -> str:
    """SHA-256 over texts and arrays, in order."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data)
        else:
            digest.update(str(part).encode())
    return digest.hexdigest()


def save(path: pathlib.Path, digest: str, state: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.part")
    with half.open("wb") as opened:
        torch.save({"layout": LAYOUT, "digest": digest, "state": state}, opened)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(half, path)


def load(path: pathlib.Path, digest: str) -> dict | None:
    """The state saved under this digest, on the CPU; None where there is none, saying why if a file is there."""
    if not path.is_file():
        return None
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        layout, found, state = saved["layout"], saved["digest"], saved["state"]
    except (RuntimeError, EOFError, OSError, KeyError, TypeError, ValueError, pickle.UnpicklingError):
        print(f"checkpoint {path.name} cannot be read: starting from nothing", flush=True)
        return None
    if layout != LAYOUT or found != digest:
        print(f"checkpoint {path.name} belongs to other rows or settings: starting from nothing", flush=True)
        return None
    return state
