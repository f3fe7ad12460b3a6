"""One training step on rows that live on the device: gather, forward, backward, clip, AdamW.

No data loader: the whole training set is a few tensors on the device, and a batch is a gather by shuffled row numbers
that were made there too. On CUDA both halves of the step are captured once as CUDA graphs and replayed, under bf16
autocast: at the batch sizes of tabular data most of an eager step is launching kernels, and a graph (unlike
`torch.compile`) needs no C compiler in the image. Between the halves, gradients of all processes are added up in one
buffer, whose last element carries the wish to stop.

Beside the weights runs their exponential average over about 200 steps, which is what is validated and kept: it takes
the noise of single steps out, so that an epoch in the middle of the schedule can be a good place to stop.

It does not know epochs, schedules or files.
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.distributed import World
from trainer.network import TabM, member_loss

LARGEST_NORM = 1.0
AVERAGE_STEPS = 200
WARM_UP = 3


@dataclass(frozen=True)
class DeviceRows:
    """This process's training rows, on its device. `weights` is None where all are 1."""

    numbers: Tensor
    codes: Tensor
    truth: Tensor
    weights: Tensor | None

    def __len__(self) -> int:
        return len(self.truth)


class Step:
    """Call `run` with the row numbers of a batch (always the same count) and the number of steps before it.

    `loss_sum` adds up the losses; `averaged` is the network with averaged weights.
    """

    def __init__(self, task: str, network: TabM, rows: DeviceRows, batch: int, weight_decay: float, world: World) -> None:
        self._task, self._network, self._rows, self._world = task, network, rows, world
        self._on_gpu = world.device.type == "cuda"
        self._parameters = list(network.parameters())
        self.averaged = copy.deepcopy(network)
        self._averages = list(self.averaged.parameters())
        self._share = torch.zeros((), device=world.device)
        self._gradients = torch.zeros(sum(p.numel() for p in self._parameters) + 1, device=world.device)
        start = 0
        for parameter in self._parameters:
            parameter.grad = self._gradients[start : start + parameter.numel()].view_as(parameter)
            start += parameter.numel()
        self._rate = torch.tensor(0.0, device=world.device) if self._on_gpu else 0.0
        self.optimizer = torch.optim.AdamW(
            network.parameter_groups(weight_decay), lr=self._rate, fused=True, capturable=self._on_gpu
        )
        self._index = torch.zeros(batch, dtype=torch.int64, device=world.device)
        self.loss_sum = torch.zeros((), dtype=torch.float64, device=world.device)
        self._backward, self._update = self._run_backward, self._run_update
        self._prime()

    def _prime(self) -> None:
        """Makes the optimizer's state exist, at zero: loading and capturing both need its tensors."""
        self._run_update()
        for state in self.optimizer.state.values():
            for tensor in state.values():
                tensor.zero_()

    def load_optimizer(self, state: dict) -> None:
        """Takes over a saved state, but for the rate: a graph reads that from one place on the device."""
        self.optimizer.load_state_dict(state)
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate

    def run(self, index: Tensor, n_before: int, rate: float, wants_stop: bool) -> None:
        self._index.copy_(index)
        self._share.fill_(max(1.0 / AVERAGE_STEPS, 1.0 / (n_before + 1)))
        if self._on_gpu:
            self._rate.fill_(rate)
        else:
            for group in self.optimizer.param_groups:
                group["lr"] = rate
        self._backward()
        if wants_stop:
            self._gradients[-1] = 1.0
        self._world.add_up(self._gradients)
        self._update()

    def anyone_wants_stop(self) -> bool:
        """Whether any process asked for it at the last step. Waits for the device."""
        return bool(self._gradients[-1].item() > 0.0)

    def _run_backward(self) -> None:
        self._gradients.zero_()
        index, rows = self._index, self._rows
        weights = None if rows.weights is None else rows.weights.index_select(0, index)
        with torch.autocast(self._world.device.type, torch.bfloat16, enabled=self._on_gpu, cache_enabled=False):
            outputs = self._network(rows.numbers.index_select(0, index), rows.codes.index_select(0, index))
        loss = member_loss(self._task, outputs, rows.truth.index_select(0, index), weights)
        loss.backward()
        self.loss_sum += loss.detach()

    def _run_update(self) -> None:
        with torch.no_grad():
            gradients = self._gradients[:-1]
            gradients.mul_(1.0 / self._world.size)
            norm = torch.linalg.vector_norm(gradients)
            gradients.mul_(torch.clamp(LARGEST_NORM / (norm + 1e-6), max=1.0))
        self.optimizer.step()
        with torch.no_grad():
            moves = torch._foreach_sub(self._parameters, self._averages)
            torch._foreach_mul_(moves, self._share)
            torch._foreach_add_(self._averages, moves)

    def capture(self) -> None:
        """Replaces both halves by CUDA graphs. Parameters, optimizer state, sums and random state stay as they were."""
        tensors = [*self._parameters, *self._averages, self.loss_sum, *(t for s in self.optimizer.state.values() for t in s.values())]
        before = [tensor.detach().clone() for tensor in tensors]
        random = torch.cuda.get_rng_state(self._world.device)
        side = torch.cuda.Stream(self._world.device)
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self._run_backward()
                self._run_update()
        torch.cuda.current_stream().wait_stream(side)
        backward, update = torch.cuda.CUDAGraph(), torch.cuda.CUDAGraph()
        with torch.cuda.graph(backward):
            self._run_backward()
        with torch.cuda.graph(update):
            self._run_update()
        with torch.no_grad():
            for tensor, saved in zip(tensors, before):
                tensor.copy_(saved)
        torch.cuda.set_rng_state(random, self._world.device)
        self._backward, self._update = backward.replay, update.replay
