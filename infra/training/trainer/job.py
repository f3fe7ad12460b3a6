"""A training job from its channels to its model folder.

The network is trained first, by all processes; then the first process alone trains the boosting, weighs both on the
validation part and writes. With `refit=true` both are trained once more on training and validation rows together, for
as many epochs and rounds as were best; the metrics stay those of the first training, which the rows judged were not
part of. It does not know SageMaker beyond `environment`, nor how a part is trained.
"""

import dataclasses
import json
import time
from dataclasses import dataclass

import numpy as np

from trainer import artifact, encode, metrics, table, target as targets
from trainer.artifact import Model
from trainer.encode import Encoded, Preprocessing
from trainer.environment import Environment
from trainer.failure import JobError, StopSignal
from trainer.hyperparameters import Hyperparameters, parse_hyperparameters
from trainer.schema import Schema, find_schema, read_schema
from trainer.split import held_out
from trainer.table import Table
from trainer.target import Target

BLEND_STEPS = 20
# What may differ between a stopped job and the one that goes on.
NOT_IN_DIGEST = ("checkpoint_seconds",)


@dataclass(frozen=True)
class Part:
    """Encoded rows and their labels as numbers."""

    features: Encoded
    truth: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True)
class Stage:
    """One training of each part: `search` with a validation part, `refit` without."""

    name: str
    preprocessing: Preprocessing
    train: Part
    validation: Part | None


@dataclass(frozen=True)
class Job:
    """`search`, and `refit` where it is wanted."""

    settings: Hyperparameters
    schema: Schema
    target: Target
    stages: list[Stage]
    split: str


def run(environment: Environment, stop: StopSignal) -> None:
    """Raises `JobError`, or `Stopped` after SIGTERM."""
    started = time.monotonic()
    settings = parse_hyperparameters(environment.hyperparameters)
    job = prepare(environment, settings)
    networks, is_first = {}, True
    if settings.wants_network:
        networks, is_first = _train_networks(environment, job, stop)
    if is_first:
        _finish(environment, job, networks, stop, started)


def say(line: str) -> None:
    print(line, flush=True)


def prepare(environment: Environment, settings: Hyperparameters) -> Job:
    """Reads the channels, settles kinds and classes, cuts a validation part where none is given, encodes."""
    train_folder = environment.channel("train") or environment.channel("training")
    if train_folder is None:
        known = ", ".join(sorted(environment.channels)) or "none"
        raise JobError(f"no channel `train`: the job has {known}")
    schema = read_schema(find_schema(environment.channel("schema"), train_folder))
    train, labels = _read_labelled(schema, train_folder)
    kinds = encode.kinds_of(schema, train)
    validation_folder = environment.channel("validation")
    everything = np.flatnonzero(targets.is_labelled(labels))
    if validation_folder is not None:
        fit_rows, tables = everything, [train, _read_labelled(schema, validation_folder)[0]]
        split = "channel `validation`"
    else:
        fit_rows, rest, split = held_out(schema, train, labels, everything, settings)
        tables = [train]
    target = targets.fit(schema, labels[fit_rows], settings.class_weight)

    def part(preprocessing: Preprocessing, source: Table, rows: np.ndarray) -> Part:
        known = targets.read_labels(schema, source)
        truth = targets.encode(target, known[rows], source.origin)
        return Part(encode.encode(preprocessing, source).take(rows), truth)

    preprocessing = encode.fit(kinds, train, fit_rows)
    fitting = part(preprocessing, train, fit_rows)
    if validation_folder is not None:
        rest = np.flatnonzero(targets.is_labelled(targets.read_labels(schema, tables[1])))
    judging = part(preprocessing, tables[-1], rest)
    say(f"rows: {len(fitting)} to train, {len(judging)} to validate ({split})")
    stages = [Stage("search", preprocessing, fitting, judging)]
    if settings.refit == "true":
        whole = table.concatenate(tables, "channels `train` and `validation`") if len(tables) > 1 else train
        rows = np.flatnonzero(targets.is_labelled(targets.read_labels(schema, whole)))
        final = encode.fit(kinds, whole, rows)
        stages.append(Stage("refit", final, part(final, whole, rows), None))
    return Job(settings, schema, target, stages, split)


def _read_labelled(schema: Schema, folder) -> tuple[Table, np.ndarray]:
    optional = (schema.timestamp,) if schema.timestamp else ()
    found = table.read_channel(folder, [*schema.names, schema.label], optional)
    labels = targets.read_labels(schema, found)
    n_missing = int((~targets.is_labelled(labels)).sum())
    if n_missing == found.n_rows:
        raise JobError(f"{found.origin} has no row with a label in `{schema.label}`")
    if n_missing:
        say(f"{n_missing} of {found.n_rows} rows of {found.origin} have no label and are left out")
    return found, labels


def _train_networks(environment: Environment, job: Job, stop: StopSignal) -> tuple[dict, bool]:
    """The network of each stage, by name, and whether this is the first process."""
    import torch

    from trainer import checkpoint, distributed, loop
    from trainer.network import TabM

    settings = job.settings
    if settings.threads:
        torch.set_num_threads(settings.threads)
    world = distributed.join()
    if settings.deterministic == "true" or world.device.type == "cpu":
        torch.use_deterministic_algorithms(True)
    kept = {k: v for k, v in dataclasses.asdict(settings).items() if k not in NOT_IN_DIGEST}
    networks: dict = {}
    fitted = None
    try:
        for stage in job.stages:
            arrays = [stage.train.features.numbers, stage.train.features.codes, stage.train.truth]
            if stage.validation is not None:
                arrays += [stage.validation.features.raw, stage.validation.truth]
            length = (fitted.n_epochs, fitted.schedule) if fitted else None
            digest = checkpoint.digest_of([kept, job.target, world.size, stage.name, length, *arrays])
            plan = loop.Plan(
                stage.name, settings, job.target, stage.train, stage.validation, fitted, world,
                environment.checkpoint_dir, digest, stop, say if world.is_first else _silent,
            )  # fmt: skip
            fitted = loop.fit(plan, stage.preprocessing.cardinalities)
            network = TabM(fitted.shape)
            network.load_state_dict(fitted.state)
            networks[stage.name] = (network.to(world.device).eval(), world.device, fitted)
    finally:
        distributed.leave()
    return networks, world.is_first


def _silent(_line: str) -> None:
    pass


def _train_boosting(environment: Environment, job: Job, stop: StopSignal) -> dict:
    from trainer import boosting

    device = boosting.device_for(environment.hosts.n_gpus)
    boosted: dict = {}
    n_rounds = job.settings.boosting_rounds
    for stage in job.stages:
        train = (stage.train.features, stage.train.truth)
        validation = (stage.validation.features, stage.validation.truth) if stage.validation else None
        boosted[stage.name] = boosting.fit(
            job.settings, job.target, stage.preprocessing, train, validation, n_rounds, device, stop
        )
        n_rounds = boosted[stage.name].n_rounds
        say(f"stage={stage.name} boosting rounds={n_rounds} device={device}")
    return boosted


def _finish(environment: Environment, job: Job, networks: dict, stop: StopSignal, started: float) -> None:
    boosted = _train_boosting(environment, job, stop) if job.settings.wants_boosting else {}
    search, last = job.stages[0], job.stages[-1]
    answers = {}
    if networks:
        answers["network"] = artifact.network_answer(job.target, *networks["search"][:2], search.validation.features)
    if boosted:
        answers["boosting"] = artifact.boosting_answer(
            job.target, boosted["search"].booster, search.preprocessing, search.validation.features
        )
    truth, task = search.validation.truth, job.target.task
    weight = network_weight(task, truth, answers)
    blended = sum(share * answers[name] for name, share in (("network", weight), ("boosting", 1.0 - weight)) if share)
    threshold = 0.5
    if job.settings.threshold == "f1":
        if task != "binary":
            raise JobError(f"hyperparameter `threshold` is for a binary task, the task is {task}")
        threshold = metrics.best_f1_threshold(truth == 1, blended[:, 1])
    values = metrics.evaluate(task, truth, blended, threshold)
    keep_network, keep_boosting = weight > 0.0, weight < 1.0
    model = Model(
        schema=job.schema,
        preprocessing=last.preprocessing,
        target=job.target,
        network=networks[last.name][:2] if keep_network else None,
        booster=boosted[last.name].booster if keep_boosting else None,
        network_weight=weight,
        threshold=threshold,
    )
    document = {
        "task": task,
        "objective": {"metric": metrics.OBJECTIVES[task][0], "maximize": metrics.OBJECTIVES[task][1]},
        "validation": values,
        "validated_on": job.split,
        "rows": {"train": len(search.train), "validation": len(search.validation), "final": len(last.train)},
        "refit": len(job.stages) > 1,
        "network_weight": weight,
        "threshold": threshold,
        "parts": {name: metrics.evaluate(task, truth, answer) for name, answer in answers.items()},
        "epochs": networks["search"][2].n_epochs if networks else None,
        "rounds": boosted["search"].n_rounds if boosted else None,
    }
    artifact.save(environment.model_dir, model, dataclasses.asdict(job.settings), document)
    _write_history(environment, networks, time.monotonic() - started)
    say(f"network_weight={weight:g} threshold={threshold:g}")
    say(metrics.metric_line("validation", values))


def network_weight(task: str, truth: np.ndarray, answers: dict[str, np.ndarray]) -> float:
    """The network's share: of 0, 0.05, … 1 the one with the smallest validation loss (the middle of equal ones)."""
    if len(answers) == 1:
        return 1.0 if "network" in answers else 0.0
    shares = np.arange(BLEND_STEPS + 1) / BLEND_STEPS
    losses = [
        metrics.stopping_loss(task, truth, share * answers["network"] + (1.0 - share) * answers["boosting"])
        for share in shares
    ]
    best = np.flatnonzero(np.asarray(losses) == min(losses))
    return float(shares[best[len(best) // 2]])


def _write_history(environment: Environment, networks: dict, seconds: float) -> None:
    environment.output_data_dir.mkdir(parents=True, exist_ok=True)
    history = {name: network[2].history for name, network in networks.items()}
    text = json.dumps({"seconds": round(seconds, 3), "network": history}, indent=1)
    (environment.output_data_dir / "history.json").write_text(text + "\n", encoding="utf-8")
