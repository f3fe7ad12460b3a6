"""A planted error: one slip of a hand in a file, and the gate that has to see it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Planted:
    gate: str
    file: str
    old: str
    new: str
    says: str = ""
    """A part of what the gate has to say, where it could stumble over something else."""
