"""How the ledger's functions are compiled, and where the machine code is kept."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

_HERE: Final = Path(__file__).parent
_CONFIG: Final[Any] = numba.config


def _folder() -> str | None:
    """Return the folder of the machine code of just these sources, or None where nothing can be written.

    numba looks only at the file that a function stands in, but compiles in the constants that it takes from others. A
    folder named by all of the ledger's sources keeps code of another version from ever being run.
    """
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_HERE.glob("*.py"))))
    name = f"ledger-{digest.hexdigest()[:16]}"
    if _CONFIG.CACHE_DIR:  # NUMBA_CACHE_DIR of the environment
        return str(Path(_CONFIG.CACHE_DIR) / name)
    if os.access(_HERE, os.W_OK):
        return str(_HERE / "__pycache__" / name)
    home = Path.home()
    return str(home / ".cache" / "duecourse" / name) if os.access(home, os.W_OK) else None


_FOLDER: Final = _folder()
_CONFIG.CACHE_DIR = _FOLDER or ""


def compiled(function: Function) -> Function:
    """Compile a function of the ledger to machine code at its first call.

    cache: once for each machine. nogil: ranges of loans run on threads. error_model: nothing here divides by what may
    be 0. _nrt: no function allocates, and counting references to the arrays passed on took over half of the time.
    """
    return _compiled(function, inline=False)


def inlined(function: Function) -> Function:
    """Compile a function into those that call it: a call passes forty numbers on, which took longer than most steps."""
    return _compiled(function, inline=True)


def _compiled(function: Function, *, inline: bool) -> Function:
    options: dict[str, Any] = {"cache": bool(_FOLDER), "nogil": True, "error_model": "numpy", "_nrt": False}
    return cast("Function", numba.njit(**options, forceinline=inline)(function))
