"""Golden stories: what a test tells must be what a person last read. DUECOURSE_TELL=1 writes it anew, to be read."""

import os
from pathlib import Path


def told(name: str, lines: list[str]) -> None:
    """Compare a story with its file beside this one."""
    file = Path(__file__).with_name(f"{name}.txt")
    text = "\n".join([*lines, ""])
    if os.environ.get("DUECOURSE_TELL") == "1":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
