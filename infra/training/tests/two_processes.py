"""Run under torchrun by test_processes.py: two processes on gloo against the same arithmetic in one.

It prints what it found as one line of JSON in the first process; the test judges.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from bench import seeded_rows  # noqa: E402
from trainer import distributed, loop  # noqa: E402
from trainer.distributed import World  # noqa: E402
from trainer.failure import Stopped  # noqa: E402
from trainer.hyperparameters import Hyperparameters  # noqa: E402
from trainer.network import TabM  # noqa: E402
from trainer.step import Step  # noqa: E402
from trainer.target import Target  # noqa: E402

TARGET = Target("binary", ["0", "1"], [1.0, 1.0], 0.0, 1.0)
SETTINGS = Hyperparameters(epochs=2, members=3, width=8, embedding=4, bins=4, batch_size=32, dropout=0.0, checkpoint_seconds=0.0)


def after_steps(world: World, rows: loop.Rows, n_steps: int) -> dict[str, torch.Tensor]:
    """Weights after steps on all rows of each process's share."""
    shape, edges = loop.shape_for(SETTINGS, rows.features, [12, 12], TARGET)
    torch.manual_seed(5)
    network = TabM(shape)
    network.embedding.bins.set_edges(edges)
    share = loop.to_device(rows, TARGET, world)
    step = Step("binary", network, share, len(share), 1e-4, world)
    for idx in range(n_steps):
        step.run(torch.arange(len(share)), idx, 1e-2, False)
    return network.state_dict()


class StopHere:
    def __init__(self, n_steps: int) -> None:
        self.left = n_steps

    @property
    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


def fitted(world: World, rows: loop.Rows, folder: pathlib.Path, stop: StopHere) -> dict[str, torch.Tensor]:
    held = loop.Rows(rows.features.take(np.arange(40)), rows.truth[:40])
    plan = loop.Plan("search", SETTINGS, TARGET, rows, held, None, world, folder, "digest", stop, lambda _line: None)
    return loop.fit(plan, [12, 12]).state


def distance(one: dict, other: dict) -> float:
    return max((one[name].float() - other[name].float()).nan_to_num(0.0, 0.0, 0.0).abs().max().item() for name in one)


def main(folder: pathlib.Path) -> None:
    world = distributed.join()
    rows = seeded_rows(256, 10, 1)
    alone = after_steps(World(0, 1, world.device), rows, 3)
    together = after_steps(world, rows, 3)
    never = StopHere(10**9)
    whole = fitted(world, rows, folder / "whole", never)
    # Only the second process is asked to stop, in the middle of the second epoch; both must.
    try:
        fitted(world, rows, folder / "stopped", StopHere(9) if world.rank == 1 else StopHere(10**9))
        stopped = False
    except Stopped:
        stopped = True
    resumed = fitted(world, rows, folder / "stopped", never)
    found = {
        "size": world.size,
        "alone_to_together": distance(alone, together),
        "moved": distance(alone, after_steps(World(0, 1, world.device), rows, 0)),
        "stopped": world.of_all(stopped),
        "resumed_to_whole": distance(resumed, whole),
    }
    if world.is_first:
        print(json.dumps(found), flush=True)
    distributed.leave()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
