"""Measures the training loop beside an ordinary DataLoader loop over the same network and rows.

    python bench.py [--rows 10000000] [--columns 30] [--seconds 30] [--batch 0] [--width 192] [--members 16]

Prints one JSON document: the device's name, rows per second of both and their ratio, utilisation (mean and median of
`nvidia-smi`'s samples while training) and peak memory. The ordinary loop is what a tutorial writes: a TensorDataset in
host memory, a shuffling DataLoader with workers and pinned memory, float32, eager AdamW. A warm-up of each is left out of its
time. On a CPU it runs too, with no utilisation and no meaning but that it runs.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import torch

from trainer.distributed import World
from trainer.encode import Encoded
from trainer.hyperparameters import Hyperparameters
from trainer.loop import Rows, batch_size_for, shape_for, to_device
from trainer.network import TabM, member_loss
from trainer.step import Step
from trainer.target import Target

SAMPLE_MILLISECONDS = "200"
BATCHES_A_CHECK = 16  # between looks at the clock, each of which waits for the device
EDGE_ROWS = 100_000  # rows the bins are learnt from


def seeded_rows(n_rows: int, n_columns: int, seed: int) -> Rows:
    """Uniform columns, a fifth of them categorical, and a label that depends on some of both."""
    random = np.random.default_rng(seed)
    n_codes = n_columns // 5
    numbers = random.uniform(-2.0, 2.0, (n_rows, n_columns - n_codes)).astype(np.float32)
    codes = random.integers(0, 12, (n_rows, n_codes), dtype=np.int32)
    score = numbers[:, 0] * numbers[:, 1] + np.sin(3.0 * numbers[:, 2])
    if n_codes:
        score = score + (codes[:, 0] % 3 - 1)
    truth = (score + random.standard_normal(n_rows) > 0).astype(np.int64)
    return Rows(Encoded(numbers, codes, np.empty((n_rows, 0), dtype=np.float32)), truth)


class Utilisation:
    """Samples of nvidia-smi's GPU utilisation while the block runs; none without that program."""

    def __init__(self, device: torch.device) -> None:
        self.samples: list[float] = []
        self._device, self._process = device, None

    def __enter__(self) -> "Utilisation":
        if self._device.type != "cuda":
            return self
        command = ["nvidia-smi", "-i", str(self._device.index or 0), "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        try:
            self._process = subprocess.Popen([*command, "-lms", SAMPLE_MILLISECONDS], stdout=subprocess.PIPE, text=True)
        except OSError:
            return self
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        return self

    def _read(self, process: subprocess.Popen) -> None:
        for line in process.stdout:
            if line.strip().isdigit():
                self.samples.append(float(line))

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def document(self) -> dict | None:
        if not self.samples:
            return None
        mean, median = statistics.mean(self.samples), statistics.median(self.samples)
        return {"mean_percent": round(mean, 1), "median_percent": median, "samples": len(self.samples)}


def timed(run_batches: Callable[[int], int], seconds: float, device: torch.device) -> dict:
    """Calls `run_batches(n)`, which answers how many rows it trained on, until the time is over."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    run_batches(BATCHES_A_CHECK)
    wait()
    n_rows, started = 0, time.perf_counter()
    with Utilisation(device) as utilisation:
        while time.perf_counter() - started < seconds:
            n_rows += run_batches(BATCHES_A_CHECK)
            wait()
    elapsed = time.perf_counter() - started
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return {
        "rows_per_second": round(n_rows / elapsed),
        "seconds": round(elapsed, 2),
        "utilisation": utilisation.document(),
        "peak_device_bytes": peak,
    }


def resident(network: TabM, rows: Rows, target: Target, batch: int, settings: Hyperparameters, device: torch.device):
    """Batches of our loop: `Step` over rows on the device, as a CUDA graph where there is CUDA."""
    here = to_device(rows, target, World(0, 1, device))
    step = Step(target.task, network, here, batch, settings.weight_decay, World(0, 1, device))
    if device.type == "cuda" and settings.graph == "auto":
        step.capture()
    order, start, n_before = torch.randperm(len(here), device=device), 0, 0

    def run(n_batches: int) -> int:
        nonlocal order, start, n_before
        for _ in range(n_batches):
            if start + batch > len(here):
                order, start = torch.randperm(len(here), device=device), 0
            step.run(order[start : start + batch], n_before, 1e-3, False)
            start, n_before = start + batch, n_before + 1
        return n_batches * batch

    return run


def by_data_loader(network: TabM, rows: Rows, target: Target, batch: int, n_workers: int, device: torch.device):
    """Batches of the ordinary loop."""
    dataset = torch.utils.data.TensorDataset(
        torch.from_numpy(rows.features.numbers), torch.from_numpy(rows.features.codes), torch.from_numpy(rows.truth)
    )
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=batch, shuffle=True, drop_last=True, num_workers=n_workers, pin_memory=device.type == "cuda"
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    batches = iter(loader)

    def run(n_batches: int) -> int:
        nonlocal batches
        for _ in range(n_batches):
            try:
                numbers, codes, truth = next(batches)
            except StopIteration:
                batches = iter(loader)
                numbers, codes, truth = next(batches)
            optimizer.zero_grad()
            outputs = network(numbers.to(device), codes.to(device))
            loss = member_loss(target.task, outputs, truth.to(device), None)
            loss.backward()
            optimizer.step()
            loss.item()  # what a tutorial's progress line does
        return n_batches * batch

    return run


def measure(n_rows: int, n_columns: int, seconds: float, settings: Hyperparameters, n_workers: int) -> dict:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    rows, target = seeded_rows(n_rows, n_columns, settings.seed), Target("binary", ["0", "1"], [1.0, 1.0], 0.0, 1.0)
    batch = batch_size_for(n_rows, settings, 1)
    shape, edges = shape_for(settings, rows.features.take(np.arange(min(n_rows, EDGE_ROWS))), [12] * rows.features.codes.shape[1], target)
    results = {}
    for kind in ("resident", "data_loader"):
        torch.manual_seed(settings.seed)
        network = TabM(shape)
        network.embedding.bins.set_edges(edges)
        network.to(device).train()
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
        if kind == "resident":
            run = resident(network, rows, target, batch, settings, device)
        else:
            run = by_data_loader(network, rows, target, batch, n_workers, device)
        results[kind] = timed(run, seconds, device)
        del run, network
    ratio = results["resident"]["rows_per_second"] / max(1, results["data_loader"]["rows_per_second"])
    return {
        "device": name,
        "torch": torch.__version__,
        "rows": n_rows,
        "columns": n_columns,
        "batch": batch,
        "network": {"members": shape.members, "blocks": shape.blocks, "width": shape.width},
        "data_loader_workers": n_workers,
        **results,
        "times_faster": round(ratio, 2),
    }


def main(arguments: list[str]) -> int:
    defaults = Hyperparameters()
    parser = argparse.ArgumentParser(prog="bench.py", description="the training loop beside a DataLoader loop")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("--members", type=int, default=defaults.members)
    parser.add_argument("--width", type=int, default=defaults.width)
    parser.add_argument("--graph", choices=("auto", "off"), default="auto")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1))
    chosen = parser.parse_args(arguments)
    settings = Hyperparameters(batch_size=chosen.batch, members=chosen.members, width=chosen.width, graph=chosen.graph)
    print(json.dumps(measure(chosen.rows, chosen.columns, chosen.seconds, settings, chosen.workers), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
