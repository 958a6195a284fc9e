"""Secrets of channels: settings name a variable of the environment, and only that variable holds the secret."""

import os

from duecourse.kernel.errors import DueCourseError


def secret(name: str) -> str:
    """Read a secret out of the environment; DueCourseError when it is not there or cannot stand on one line."""
    found = os.environ.get(name)
    if not found:
        raise DueCourseError(f"the environment has no {name}: set it to what the provider gave you")
    if not found.isascii() or not found.isprintable() or found != found.strip():
        raise DueCourseError(f"{name} holds what no secret holds (a line's end, a space before or after): copy it anew")
    return found
