"""Processes and devices: which GPU is ours, and what all processes say to each other.

Data parallel: every process holds its own share of the rows on its own device, and gradients are added up once a step
in one buffer (`step`). Backend NCCL on GPUs, gloo on CPU. It does not know networks or rows, nor who started it.
"""

import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.distributed as dist

# Rank 0 alone trains the boosting, while the others wait.
PATIENCE = datetime.timedelta(hours=12)


@dataclass(frozen=True)
class World:
    """This process among all: `rank` of `size`, on `device`."""

    rank: int
    size: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def add_up(self, tensor: torch.Tensor) -> None:
        if self.size > 1:
            dist.all_reduce(tensor)

    def from_first(self, value):
        """Rank 0's object, everywhere."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0, device=self.device)
        return box[0]

    def of_all(self, value) -> list:
        if self.size == 1:
            return [value]
        boxes = [None] * self.size
        dist.all_gather_object(boxes, value)
        return boxes


def join(variables: Mapping[str, str] = os.environ) -> World:
    """Joins the group that torchrun made, or stands alone."""
    rank, size = int(variables.get("RANK", 0)), int(variables.get("WORLD_SIZE", 1))
    if torch.cuda.is_available():
        device = torch.device("cuda", int(variables.get("LOCAL_RANK", 0)))
        torch.cuda.set_device(device)
    else:
        device = torch.device("cpu")
    if size > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    return World(rank, size, device)


def leave() -> None:
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
