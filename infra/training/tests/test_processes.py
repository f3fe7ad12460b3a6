"""Several processes under torchrun, on gloo: data parallel training is the arithmetic of one process, and can be stopped."""

import json
import os
import subprocess
import sys

from conftest import FOLDER, seeded_schema, seeded_table

from trainer import artifact

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]


def test_two_processes_do_what_one_does(tmp_path):
    command = [*TORCHRUN, str(FOLDER / "tests" / "two_processes.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "GLOO_SOCKET_IFNAME": "lo"})
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads([line for line in done.stdout.splitlines() if line.startswith("{")][-1])
    assert found["size"] == 2 and found["moved"] > 1e-3
    assert found["alone_to_together"] < 1e-5, "gradients of both shares, added up, are those of all rows"
    assert found["stopped"] == [True, True] and found["resumed_to_whole"] == 0.0


def test_a_job_under_torchrun_leaves_one_model(job_folder):
    """SM_NUM_GPUS=2 makes train.py start itself under torchrun; without CUDA its two processes take the CPU."""
    folder = job_folder().channel("train", seeded_table("binary", 600), seeded_schema("binary"))
    process = folder.settings(epochs=2).start(SM_NUM_GPUS="2", GLOO_SOCKET_IFNAME="lo")
    said = process.stdout.read()
    assert process.wait() == 0, said
    assert said.count("stage=search epoch=1") == 1, "the first process alone speaks"
    model = artifact.load(folder.root / "model")
    found = json.loads((folder.root / "model" / "metrics.json").read_text())
    assert model.network is not None or model.booster is not None
    assert found["validation"]["auc"] > 0.8


def test_a_failure_under_torchrun_is_told_once(job_folder):
    folder = job_folder().channel("train", seeded_table("binary", 600), {**seeded_schema("binary"), "label": "nothing"})
    process = folder.settings(epochs=2).start(SM_NUM_GPUS="2", GLOO_SOCKET_IFNAME="lo")
    said = process.stdout.read()
    assert process.wait() != 0, said
    assert "has no column `nothing`" in (folder.root / "output" / "failure").read_text()
