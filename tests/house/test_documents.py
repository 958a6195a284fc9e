"""The documents say what is so: generated pages are current, links lead somewhere, every word is there."""

import ast
import re
from typing import Annotated

import pytest
import typer
import typer.main

from duecourse.book.schema import TABLES, Kind
from tests.house import checks
from tests.house.tree import ROOT, files, name_of
from tools import reference

PAGES = [path for path in files() if path.suffix == ".md"]
DECISIONS = ROOT / "docs" / "decisions"


@pytest.mark.parametrize("page", reference.PAGES)
def test_the_reference_is_current(page: str) -> None:
    path = reference.FOLDER / page
    assert path.exists(), "run `make docs`"
    assert path.read_text() == reference.HEAD + reference.PAGES[page](), "run `make docs`"


def test_links_lead_to_files() -> None:
    broken = [
        f"{name_of(page)}: {link}"
        for page in PAGES
        for link in checks.links(page.read_text())
        if not (page.parent / link).exists()
    ]
    assert not broken


def test_commands_shown_are_commands() -> None:
    known = set(re.findall(r"^## duecourse ([\w-]+)", (reference.FOLDER / "commands.md").read_text(), re.MULTILINE))
    unknown = [
        f"{name_of(page)}: duecourse {command}"
        for page in PAGES
        for command in checks.invoked(page.read_text())
        if command not in known
    ]
    assert known
    assert not unknown


def test_links_and_commands_are_found() -> None:
    text = "See [a](b/c.md#d), [x](https://e.org/).\n\n```\nduecourse run b.toml\n```\n`duecourse synth -h`"
    assert checks.links(text) == ["b/c.md"]
    assert checks.invoked(text) == ["run", "synth"]


def test_decisions_are_numbered_without_gap_and_listed() -> None:
    records = sorted(path.name for path in DECISIONS.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))
    listed = re.findall(r"^- \[(\d{4})\]\((.+?)\) \S", (DECISIONS / "README.md").read_text(), re.MULTILINE)
    assert [name for _, name in listed] == records
    assert all(name.startswith(number) for number, name in listed)


def test_every_date_and_amount_is_in_the_glossary() -> None:
    text = (ROOT / "docs/glossary.md").read_text()
    wanted = {
        column.name
        for table in TABLES
        for column in table.columns
        if column.kind in {Kind.DATE, Kind.MOMENT, Kind.MONEY}
    }
    assert not sorted(name for name in wanted if f"`{name}`" not in text)


def test_every_word_of_the_glossary_stands_once() -> None:
    words = re.findall(r"^\*\*(.+?)\*\*", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    assert len(words) > 30
    assert len(words) == len(set(words))


def test_messages_are_read_from_the_source() -> None:
    call = ast.parse("""E(f"{path.name}: no {self.word} in " + f"{len(x)} rows")""", mode="eval").body
    assert isinstance(call, ast.Call)
    assert reference.message(call.args[0]) == "{path.name}: no {word} in {…} rows"
    assert reference.cell("a |\n b") == "a \\| b"


def test_commands_are_described_whole() -> None:
    app = typer.Typer()

    @app.command()
    def run(
        book: str,
        on: Annotated[str, typer.Option(help="Which | day.")],
        loans: int = 3,
        quiet: Annotated[bool, typer.Option("--quiet", hidden=True)] = False,
    ) -> None:
        """Plan a night."""

    @app.command("check-book")
    def check_book() -> None:
        """Look at a book."""

    page = "\n".join(reference.describe(typer.main.get_command(app), "duecourse"))
    assert page.index("## duecourse check-book\n\nLook at a book.") < page.index("## duecourse run\n\nPlan a night.")
    assert "| `BOOK` | required |  |" in page
    assert "| `--on` | required | Which \\| day. |" in page
    assert "| `--loans` | `3` |  |" in page
    assert "quiet" not in page
