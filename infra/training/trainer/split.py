"""Cuts a validation part off the training rows where the job has no channel `validation`.

In time order where the schema names a `timestamp` that the data has: the newest rows judge, as they will after
deployment. Without one, at random by the seed. It does not know columns other than the time.
"""

import numpy as np

from trainer.failure import JobError
from trainer.hyperparameters import Hyperparameters
from trainer.schema import Schema
from trainer.table import Table


def held_out(
    schema: Schema, table: Table, labels: np.ndarray, rows: np.ndarray, settings: Hyperparameters
) -> tuple[np.ndarray, np.ndarray, str]:
    """Positions to train on, positions to validate on, and how they were cut, in words.

    Raises `JobError` where either would be empty, or would lack a class.
    """
    n_held = int(round(len(rows) * settings.validation_fraction))
    if n_held == 0 or n_held == len(rows):
        raise JobError(f"{len(rows)} labelled rows are too few to hold out {settings.validation_fraction:g} of them")
    if schema.timestamp is not None and schema.timestamp in table.names:
        order = np.argsort(table.times(schema.timestamp)[rows], kind="stable")
        train, validation = rows[order[:-n_held]], rows[order[-n_held:]]
        how = f"the newest {settings.validation_fraction:g} by `{schema.timestamp}`"
    else:
        shuffled = np.random.default_rng(settings.seed).permutation(len(rows))
        train, validation = rows[np.sort(shuffled[:-n_held])], rows[np.sort(shuffled[-n_held:])]
        how = f"{settings.validation_fraction:g} at random, seed {settings.seed}"
    if schema.task != "regression":
        absent = set(labels[validation]) - set(labels[train])
        if absent:
            raise JobError(f"{len(absent)} classes are only in the held-out rows ({how}): give a channel `validation`")
    return train, validation, how
