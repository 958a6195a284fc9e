"""What the README and the guides for newcomers show is so: their commands run, their excerpts are in the files."""

import re
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, SMALL, Commands

README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs/how-to").glob("*.md")), *sorted((ROOT / "docs/start").glob("*.md"))]
SHOWN = {
    line.strip().removeprefix("duecourse ")
    for guide in GUIDES
    for line in guide.read_text(encoding="utf-8").splitlines()
    if re.match(r"\s*duecourse \S+ +examples/small", line)
}


def block(language: str, place: int) -> str:
    """Return a fenced block of the README, by its language."""
    blocks: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for name, text in blocks if name == language][place]


def test_the_mapping_shown_is_the_example_s() -> None:
    assert block("toml", 0) in SMALL.read_text(encoding="utf-8")


def test_the_commands_shown_run(duecourse: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copy(ROOT / "examples" / "strategy.yaml", tmp_path / "my-strategy.yaml")
    monkeypatch.chdir(tmp_path)
    assert len(SHOWN) >= 5
    printed = ""
    for command in sorted(SHOWN):
        shorter = command.replace("--from 2026-01-01", "--from 2026-03-29")  # three days show what three months do
        found = duecourse(*shorter.split())
        assert (found.code, found.err) == (0, ""), command
        printed += found.out
    shown = block("", 3).splitlines()
    assert len(shown) == 3
    lines = printed.replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert not [line for line in shown if line not in lines]
    assert (tmp_path / "out/small/quarantine/payments.csv").read_text(encoding="utf-8").count("31.02.2026") == 2


def test_the_picture_is_small_enough_for_a_page() -> None:
    picture = ROOT / re.findall(r"!\[.+?\]\((.+?)\)", README)[0]
    assert 20_000 < picture.stat().st_size < 300_000
