"""Trains one network: epochs, schedule, early stopping, checkpoints.

The order of rows in an epoch comes from the seed and the epoch alone, and a checkpoint holds the random state of every
process, so that a job stopped at any step and started again ends with the same weights (bit for bit on a CPU with the
same number of threads; on CUDA up to the order of atomic additions, none with `deterministic=true`).
It does not know files of data or what follows a network.
"""

import math
import pathlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from trainer import checkpoint, metrics
from trainer.distributed import World
from trainer.encode import Encoded
from trainer.failure import JobError, StopSignal, Stopped
from trainer.hyperparameters import Hyperparameters
from trainer.network import NetworkShape, TabM, mean_prediction, quantile_edges
from trainer.step import DeviceRows, Step
from trainer.target import Target, sample_weights

WARM_UP_SHARE = 0.05
AUTOMATIC_STEPS = 6000
LOOK_FOR_STOP_EVERY = 32  # steps, on a GPU, where looking waits for the device
ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Rows:
    """Encoded rows and their labels as numbers."""

    features: Encoded
    truth: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True)
class Fitted:
    """The best epoch's weights, or the last one's where nothing was held out."""

    shape: NetworkShape
    state: dict[str, torch.Tensor]
    n_epochs: int
    schedule: int
    history: list[dict]


@dataclass(frozen=True)
class Plan:
    """One training: `validation` decides when to stop; without it, it ends where `like` was best, on the same schedule."""

    stage: str
    settings: Hyperparameters
    target: Target
    train: Rows
    validation: Rows | None
    like: "Fitted | None"
    world: World
    checkpoints: pathlib.Path
    digest: str
    stop: StopSignal
    report: Callable[[str], None]


def batch_size_for(n_rows: int, settings: Hyperparameters, world_size: int) -> int:
    """Rows of a batch in one process: the setting, else a power of two near a 150th of the rows, from 64 to 8192."""
    automatic = 2 ** round(math.log2(max(n_rows, 1) / 150.0)) if n_rows else 64
    whole = settings.batch_size or min(max(automatic, 64), 8192)
    return max(1, min(whole // world_size, n_rows // world_size))


def epochs_for(n_rows: int, batch: int, settings: Hyperparameters) -> int:
    """Length of the schedule: the setting, else as many epochs as make 6,000 steps, from 12 to 200."""
    n_batches = max(1, n_rows // batch)
    return settings.epochs or min(max(math.ceil(AUTOMATIC_STEPS / n_batches), 12), 200)


def patience_for(n_epochs: int, settings: Hyperparameters) -> int:
    """Epochs without a better one before training ends: the setting, else a quarter of the schedule, at least 4."""
    return settings.patience or max(4, n_epochs // 4)


def rate_at(step: int, n_steps: int, peak: float) -> float:
    """Linear rise over the first 5 % of the steps, then half a cosine down to 0."""
    rise = max(1, int(WARM_UP_SHARE * n_steps))
    if step < rise:
        return peak * (step + 1) / rise
    return peak * 0.5 * (1.0 + math.cos(math.pi * (step - rise) / max(1, n_steps - rise)))


def to_device(rows: Rows, target: Target, world: World) -> DeviceRows:
    """This process's share: every `size`-th row, cut to one length for all."""
    n_share = len(rows) // world.size
    chosen = slice(world.rank, n_share * world.size, world.size)
    truth = rows.truth[chosen]
    weights = sample_weights(target, truth)
    if target.task == "regression":
        truth = ((truth - target.center) / target.scale).astype(np.float32)

    def put(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(world.device)

    return DeviceRows(
        put(rows.features.numbers[chosen]),
        put(rows.features.codes[chosen]),
        put(truth),
        None if weights is None else put(weights.astype(np.float32)),
    )


@torch.inference_mode()
def predict(network: TabM, task: str, features: Encoded, device: torch.device) -> np.ndarray:
    """Probabilities (rows, classes), still under class weights; or standardised numbers (rows). Float32."""
    network.eval()
    out = []
    for start in range(0, len(features), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        numbers = torch.from_numpy(features.numbers[part]).to(device)
        codes = torch.from_numpy(features.codes[part]).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            outputs = network(numbers, codes)
        out.append(mean_prediction(task, outputs).cpu().numpy())
    return np.concatenate(out)


def shape_for(settings: Hyperparameters, features: Encoded, cardinalities: list[int], target: Target) -> tuple:
    """The network's sizes, and the edges of its bins."""
    edges = quantile_edges(features.numbers, settings.bins)
    shape = NetworkShape(
        n_inputs=features.numbers.shape[1],
        n_bins=max((len(column) - 1 for column in edges), default=1),
        cardinalities=cardinalities,
        n_outputs=target.n_outputs,
        members=settings.members,
        blocks=settings.blocks,
        width=settings.width,
        embedding=settings.embedding,
        dropout=settings.dropout,
    )
    return shape, edges


def fit(plan: Plan, cardinalities: list[int]) -> Fitted:
    """Raises `Stopped` after SIGTERM (state saved), `JobError` where the loss is no number any more."""
    return _Run(plan, cardinalities).go()


class _Run:
    def __init__(self, plan: Plan, cardinalities: list[int]) -> None:
        self.plan, self.world = plan, plan.world
        self.shape, edges = shape_for(plan.settings, plan.train.features, cardinalities, plan.target)
        torch.manual_seed(plan.settings.seed)
        self.network = TabM(self.shape)
        self.network.embedding.bins.set_edges(edges)
        self.network.to(self.world.device).train()
        rows = to_device(plan.train, plan.target, self.world)
        self.batch = batch_size_for(len(plan.train), plan.settings, self.world.size)
        self.step = Step(plan.target.task, self.network, rows, self.batch, plan.settings.weight_decay, self.world)
        self.n_rows, self.n_batches = len(rows), len(rows) // self.batch
        self.schedule = plan.like.schedule if plan.like else epochs_for(self.n_rows, self.batch, plan.settings)
        self.n_epochs = plan.like.n_epochs if plan.like else self.schedule
        self.file = plan.checkpoints / f"network-{plan.stage}.pt"
        torch.manual_seed(plan.settings.seed * 1_000_003 + self.world.rank)
        self.epoch = self.batch_idx = self.best_epoch = 0
        self.best_loss, self.best_state = math.inf, None
        self.history: list[dict] = []
        self.saved_at = time.monotonic()

    def go(self) -> Fitted:
        finished = self.resume()
        if self.world.device.type == "cuda" and self.plan.settings.graph == "auto" and not finished:
            self.step.capture()
        while not finished:
            self.run_epoch()
            finished = self.end_epoch()
        if self.best_state is None:
            raise JobError(f"no epoch's validation loss is a number: lower `learning_rate` ({self.plan.settings.learning_rate})")
        if self.world.is_first:
            self.save(finished=True, random=None)
        return Fitted(self.shape, self.best_state, self.best_epoch, self.schedule, self.history)

    def run_epoch(self) -> None:
        shuffle = torch.Generator(self.world.device)
        shuffle.manual_seed((self.plan.settings.seed * 1_000_003 + self.epoch) * 4099 + self.world.rank)
        order = torch.randperm(self.n_rows, device=self.world.device, generator=shuffle)
        n_steps = self.n_batches * self.schedule
        look_every = LOOK_FOR_STOP_EVERY if self.world.device.type == "cuda" else 1
        while self.batch_idx < self.n_batches:
            start = self.batch_idx * self.batch
            n_before = self.epoch * self.n_batches + self.batch_idx
            rate = rate_at(n_before, n_steps, self.plan.settings.learning_rate)
            self.step.run(order[start : start + self.batch], n_before, rate, self.plan.stop.is_set)
            self.batch_idx += 1
            looks = self.batch_idx % look_every == 0 or self.batch_idx == self.n_batches
            if looks and self.step.anyone_wants_stop():
                self.save_with_random_state()
                raise Stopped(f"state saved at epoch {self.epoch} step {self.batch_idx} of {self.n_batches}")

    def end_epoch(self) -> bool:
        """Validates, remembers the best, says it, saves now and then. Returns whether training is over."""
        plan, settings = self.plan, self.plan.settings
        train_loss = self.step.loss_sum.item() / self.n_batches
        if not math.isfinite(train_loss):
            raise JobError(f"the loss is no number in epoch {self.epoch}: lower `learning_rate` ({settings.learning_rate})")
        self.step.loss_sum.zero_()
        entry = {"epoch": self.epoch + 1, "train_loss": train_loss}
        if plan.validation is not None:
            loss = self.world.from_first(self.validate(entry) if self.world.is_first else None)
            if loss < self.best_loss:
                self.best_loss, self.best_epoch = loss, self.epoch + 1
                self.best_state = _copy(self.step.averaged.state_dict())
        plan.report(f"stage={plan.stage} epoch={self.epoch + 1} " + _line(entry))
        self.history.append(entry)
        self.epoch, self.batch_idx = self.epoch + 1, 0
        finished = self.epoch >= self.n_epochs or (
            plan.validation is not None and self.epoch - self.best_epoch >= patience_for(self.schedule, settings)
        )
        if plan.validation is None and finished:
            self.best_epoch, self.best_state = self.epoch, _copy(self.step.averaged.state_dict())
        if not finished and self.due():
            self.save_with_random_state()
        return finished

    def validate(self, entry: dict) -> float:
        validation, target = self.plan.validation, self.plan.target
        predicted = predict(self.step.averaged, target.task, validation.features, self.world.device)
        if target.task == "regression":
            predicted = predicted * target.scale + target.center
        entry["validation"] = metrics.evaluate(target.task, validation.truth, predicted)
        loss = metrics.stopping_loss(target.task, validation.truth, predicted)
        return loss if math.isfinite(loss) else math.inf

    def due(self) -> bool:
        """Rank 0's clock decides for all, so that all gather their random state together."""
        return self.world.from_first(time.monotonic() - self.saved_at >= self.plan.settings.checkpoint_seconds)

    def save_with_random_state(self) -> None:
        on_gpu = self.world.device.type == "cuda"
        mine = [torch.get_rng_state(), torch.cuda.get_rng_state(self.world.device) if on_gpu else None]
        random = self.world.of_all(mine)
        if self.world.is_first:
            self.save(finished=False, random=random)
        self.saved_at = time.monotonic()

    def save(self, finished: bool, random: list | None) -> None:
        state = {
            "finished": finished,
            "epoch": self.epoch,
            "batch_idx": self.batch_idx,
            "best_epoch": self.best_epoch,
            "best_loss": self.best_loss,
            "best_state": self.best_state,
            "history": self.history,
        }
        if not finished:
            state |= {
                "network": self.network.state_dict(),
                "averaged": self.step.averaged.state_dict(),
                "optimizer": self.step.optimizer.state_dict(),
                "loss_sum": self.step.loss_sum,
                "random": random,
            }
        checkpoint.save(self.file, self.plan.digest, state)

    def resume(self) -> bool:
        """Takes up what was saved, if anything. Returns whether that training was over already."""
        state = checkpoint.load(self.file, self.plan.digest) if self.world.is_first else None
        state = self.world.from_first(state)
        if state is None:
            return False
        self.epoch, self.batch_idx = state["epoch"], state["batch_idx"]
        self.best_epoch, self.best_loss = state["best_epoch"], state["best_loss"]
        self.best_state, self.history = state["best_state"], state["history"]
        if state["finished"]:
            return True
        self.network.load_state_dict(state["network"])
        self.step.averaged.load_state_dict(state["averaged"])
        self.step.load_optimizer(state["optimizer"])
        self.step.loss_sum.copy_(state["loss_sum"])
        mine, on_gpu = state["random"][self.world.rank], self.world.device.type == "cuda"
        torch.set_rng_state(mine[0])
        if on_gpu:
            torch.cuda.set_rng_state(mine[1], self.world.device)
        self.plan.report(f"resumed stage={self.plan.stage} at epoch {self.epoch} step {self.batch_idx}")
        return False


def _copy(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in state.items()}


def _line(entry: dict) -> str:
    line = metrics.metric_line("train", {"loss": entry["train_loss"]})
    return f"{line} {metrics.metric_line('validation', entry['validation'])}" if "validation" in entry else line
