"""How the ledger's functions are compiled."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a function of the ledger to machine code at its first call.

    cache: once for each machine. nogil: ranges of loans run on threads. error_model: nothing here divides by what may
    be 0. _nrt: no function allocates, and counting references to the arrays passed on took over half of the time.
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    return cast("Function", njit(**options)(function))
