"""A job that is stopped and started again ends with the same model as one that never was, byte for byte."""

import os
import signal

import pytest
import torch
from conftest import FOLDER, JobFolder, seeded_schema, seeded_table

from trainer import checkpoint
from trainer.failure import EXIT_STOPPED, Stopped


class StopAfter:
    """Stands in for SIGTERM: asked by the loop once a step, it says so from the n-th question on."""

    def __init__(self, n_steps: int) -> None:
        self._left = n_steps

    @property
    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


def _folder(root, **settings) -> JobFolder:
    folder = JobFolder(root)
    folder.channel("train", seeded_table("binary", 500), seeded_schema("binary"))
    return folder.settings(algorithm="network", epochs=3, refit="true", **settings)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = _folder(tmp_path_factory.mktemp("whole") / "job")
    folder.run()
    return folder.model_bytes()


# 400 rows to train in batches of 64 are 6 steps an epoch, and refitting has 7: the first step, the middle of an epoch,
# its last step, the refit.
@pytest.mark.parametrize("n_steps", [0, 8, 11, 20])
def test_stopped_at_a_step_and_resumed_equals_uninterrupted(tmp_path, uninterrupted, n_steps):
    folder = _folder(tmp_path / "job")
    with pytest.raises(Stopped, match="state saved at epoch"):
        folder.run(StopAfter(n_steps))
    assert not (folder.root / "model" / "model.json").exists()
    torch.manual_seed(999)
    folder.run()
    assert folder.model_bytes() == uninterrupted


def test_stopped_again_and_again_equals_uninterrupted(tmp_path, uninterrupted, capsys):
    folder, n_stops = _folder(tmp_path / "job"), 0
    while True:
        try:
            folder.run(StopAfter(3))
            break
        except Stopped:
            n_stops += 1
    assert n_stops >= 5 and folder.model_bytes() == uninterrupted
    assert "resumed stage=search at epoch" in capsys.readouterr().out


def test_stopped_boosting_begins_again_to_the_same_model(tmp_path):
    folders = [JobFolder(tmp_path / name) for name in ("whole", "stopped")]
    for folder in folders:
        folder.channel("train", seeded_table("binary", 500), seeded_schema("binary")).settings(algorithm="boosting")
    folders[0].run()
    with pytest.raises(Stopped, match="boosting left at round 4"):
        folders[1].run(StopAfter(4))
    folders[1].run()
    assert folders[0].model_bytes() == folders[1].model_bytes()


def test_a_process_killed_without_warning_goes_on_from_its_last_checkpoint(tmp_path, uninterrupted):
    """SIGKILL, as when the two minutes of a spot instance are over: only checkpoints of whole epochs are there."""
    folder = _folder(tmp_path / "job", checkpoint_seconds=0)
    process = folder.start()
    for line in process.stdout:
        if "stage=search epoch=2" in line:
            process.kill()
            break
    process.wait()
    assert (folder.root / "checkpoints" / "network-search.pt").exists()
    folder.settings(algorithm="network", epochs=3, refit="true")
    folder.run()
    assert {**folder.model_bytes(), "model.json": b""} == {**uninterrupted, "model.json": b""}


def test_sigterm_saves_and_exits_with_143_and_no_failure_file(tmp_path):
    folder = _folder(tmp_path / "job").settings(algorithm="network", epochs=9000, patience=9000)
    process = folder.start()
    for line in process.stdout:
        if "stage=search epoch=2" in line:
            os.kill(process.pid, signal.SIGTERM)
            break
    said = process.stdout.read()
    assert process.wait() == EXIT_STOPPED, said
    assert "stopped: state saved at epoch" in said
    assert (folder.root / "checkpoints" / "network-search.pt").exists()
    assert not (folder.root / "output" / "failure").exists()


@pytest.mark.parametrize("change", ["settings", "rows"])
def test_a_checkpoint_of_another_job_is_passed_over(tmp_path, change, capsys):
    def make(name: str) -> JobFolder:
        folder = _folder(tmp_path / name)
        if change == "settings":
            return folder.settings(algorithm="network", epochs=3, dropout=0.3)
        return folder.channel("train", seeded_table("binary", 500, seed=11))

    folder = _folder(tmp_path / "job")
    with pytest.raises(Stopped):
        folder.run(StopAfter(8))
    fresh, changed = make("fresh"), make("changed")
    (folder.root / "checkpoints").rename(changed.root / "checkpoints")
    fresh.run()
    changed.run()
    assert "network-search.pt belongs to other rows or settings: starting from nothing" in capsys.readouterr().out
    assert changed.model_bytes() == fresh.model_bytes()


def test_a_damaged_checkpoint_starts_from_nothing_and_a_half_written_one_is_never_seen(tmp_path, capsys, monkeypatch):
    path = tmp_path / "checkpoints" / "network-search.pt"
    checkpoint.save(path, "d", {"epoch": 1})
    monkeypatch.setattr(torch, "save", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(path, "d", {"epoch": 2})
    monkeypatch.undo()
    assert checkpoint.load(path, "d") == {"epoch": 1}
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert checkpoint.load(path, "d") is None
    assert "network-search.pt cannot be read" in capsys.readouterr().out


def test_a_checkpoint_cannot_run_code(tmp_path):
    path = tmp_path / "network-search.pt"
    torch.save({"layout": 1, "digest": "d", "state": FOLDER}, path)
    assert checkpoint.load(path, "d") is None
