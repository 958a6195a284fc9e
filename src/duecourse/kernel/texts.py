"""Texts in TOML: a file that somebody gives, and the words of a part of the system in somebody's language."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from duecourse.kernel.errors import DueCourseError

LANGUAGES: Final = ("en", "zh")
"""Those that every part has words in."""


def toml(path: Path) -> dict[str, Any]:
    """Read a file of TOML. DueCourseError where it cannot be read, or is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DueCourseError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DueCourseError(f"{path}: no TOML: {error}") from None


@cache
def words_in(package: str, language: str) -> Mapping[str, Any]:
    """Return the words of a package, `words/en.toml` and the like in it, by the first part of a language's tag.

    English stands in for a language that is none of LANGUAGES.
    """
    name = language.partition("-")[0].lower()
    text = resources.files(package).joinpath(f"words/{name if name in LANGUAGES else 'en'}.toml")
    return tomllib.loads(text.read_text(encoding="utf-8"))
