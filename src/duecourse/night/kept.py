"""What a step asks an engine to work out and keep."""

from collections.abc import Callable
from dataclasses import dataclass

import ibis.expr.types as ir

Build = Callable[[], ir.Table]


@dataclass(frozen=True)
class Kept:
    """A table to be worked out and kept under a name; `about` tells apart what may be built under it.

    With `number`, the name of a column, each row gets a number of its own there, from 0.
    """

    name: str
    build: Build
    about: str = ""
    number: str = ""
