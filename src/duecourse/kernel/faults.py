"""What is wrong with a file or a message that was held against a model, as one of our lines has it."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Faults(Protocol):
    """What pydantic raises."""

    def errors(self) -> Sequence[Mapping[str, object]]:
        """Return each fault: its place `loc` and what it is, `msg`."""


def first_fault(faults: Faults) -> str:
    """Return the place of the first fault, and what it is: `loans.0.amount: Input should be ...`."""
    first = faults.errors()[0]
    place = first["loc"]
    assert isinstance(place, Sequence)  # noqa: S101 - as pydantic has it
    return f"{'.'.join(map(str, place))}: {first['msg']}"
