"""Write docs/reference from the code: `tools/reference.py`, or `--check` to say what is out of date.

Tables come from `book.schema`, commands from the command line itself, facts from the catalogue, and errors
from every place in the source that raises one, so none of them can be forgotten.
"""

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import typer.main
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from duecourse.book.schema import TABLES, Column, Table

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCE: Final = ROOT / "src" / "duecourse"
FOLDER: Final = ROOT / "docs" / "reference"
HEAD: Final = "<!-- Written by `make docs`; change the code, not this page. -->\n\n"


def cell(text: object) -> str:
    """Make a text fit a cell of a Markdown table: one line, no bar."""
    return " ".join(str(text).split()).replace("|", "\\|")


def rows(heads: tuple[str, ...], lines: Iterator[tuple[object, ...]]) -> str:
    """Set a Markdown table."""
    table = [heads, tuple("---" for _ in heads), *lines]
    return "".join(f"| {' | '.join(cell(value) for value in line)} |\n" for line in table)


def _column_note(column: Column) -> str:
    notes = [column.says]
    if column.choices:
        notes.append("One of: " + ", ".join(f"`{choice}`" for choice in column.choices) + ".")
    if column.references:
        notes.append(f"Must exist in `{column.references}`.")
    return " ".join(notes)


def _missing(column: Column) -> str:
    if column.required:
        return "refused"
    return "stays empty" if column.default is None else f"`{column.default}`"


def _table(table: Table) -> str:
    parts = [f"## {table.name}\n\n{table.says}\n\nKey: {', '.join(f'`{name}`' for name in table.key)}."]
    if table.happened:
        parts.append(f"Dated by `{table.happened}`.")
    if table.versioned:
        parts.append("Versioned: a row of the same key with a later `recorded_at` replaces the older one.")
    columns = (
        (f"`{column.name}`", column.kind.value, _missing(column), _column_note(column)) for column in table.columns
    )
    return " ".join(parts) + "\n\n" + rows(("column", "kind", "when missing", "meaning"), columns)


def tables() -> str:
    """Page of the tables of a book."""
    head = "# Tables of a book\n\nMoney is in minor units. Nothing is updated: a correction is a new row.\n"
    return "\n".join([head, *(_table(table) for table in TABLES)])


def _option(parameter: object) -> tuple[str, str, str]:
    if not isinstance(parameter, TyperArgument | TyperOption):
        raise TypeError(f"cannot describe {parameter!r}")
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if isinstance(parameter, TyperArgument):
        names = f"`{(parameter.metavar or parameter.name or '').upper()}`"
    silent = parameter.default in (None, False, ...) or callable(parameter.default)
    default = "" if silent else f"`{parameter.default}`"
    return names, "required" if parameter.required else default, parameter.help or ""


def describe(command: object, name: str) -> Iterator[str]:
    """Yield a section for each command that is not hidden, by name."""
    if isinstance(command, TyperGroup):
        for child, below in sorted(command.commands.items()):
            if not below.hidden:
                yield from describe(below, f"{name} {child}")
        return
    if not isinstance(command, TyperCommand):
        raise TypeError(f"cannot describe {command!r}")
    says = inspect.cleandoc(command.help or "").replace("\b", "").replace("\f", "")
    shown = [_option(one) for one in command.params if not getattr(one, "hidden", False)]
    options = rows(("argument or option", "default", "meaning"), iter(shown)) if shown else ""
    yield f"## {name}\n\n{says}\n\n{options}"


def commands() -> str:
    """Page of the commands and their options."""
    app = importlib.import_module("duecourse.cli").app
    head = (
        "# Commands\n\nEach prints one clear line and exits with 2 when something that you can mend is wrong "
        "([errors](errors.md)); `--help` says the same as this page.\n"
    )
    return "\n".join([head, *describe(typer.main.get_command(app), "duecourse")])


def facts() -> str:
    """Page of the facts that conditions may name."""
    catalogue = importlib.import_module("duecourse.night.facts").CATALOGUE
    lines = ((f"`{fact.name}`", fact.kind.value, fact.says) for fact in catalogue.values())
    head = "# Facts\n\nWhat the conditions of a strategy or a rulebook may name. A fact that is not known is null.\n\n"
    return head + rows(("fact", "kind", "meaning"), lines)


def _error_classes(trees: dict[str, ast.Module]) -> dict[str, str]:
    """Names of DueCourseError and all classes derived from it, with their docstrings."""
    bases: dict[str, tuple[list[str], str]] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = ([ast.unparse(base) for base in node.bases], ast.get_docstring(node) or "")
    found = {"DueCourseError"}
    while more := {name for name, (above, _) in bases.items() if found & set(above)} - found:
        found |= more
    return {name: bases[name][1].partition("\n")[0] for name in sorted(found) if name in bases}


def message(node: ast.expr | None) -> str:
    """Return the text of a message; `{name}` or `{…}` stands where a value will."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(message(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return message(node.value)
    if isinstance(node, ast.BinOp):
        return message(node.left) + message(node.right)
    if isinstance(node, ast.Name | ast.Attribute):
        return "{" + ast.unparse(node).removeprefix("self.") + "}"
    return "{…}"


def _raised(tree: ast.Module, classes: dict[str, str]) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            kind, text = ast.unparse(node.func).rpartition(".")[2], message(node.args[0])
            if kind in classes and re.search(r"[a-z]", re.sub(r"{.*?}", "", text)):
                yield kind, text


def errors() -> str:
    """Page of the errors that a user is meant to read."""
    trees = {path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}
    classes = _error_classes(trees)
    head = (
        "# Errors\n\nEach is one line: what is wrong, where, what to do. The command ends with exit code 2.\n"
        "In braces stands what is filled in.\n"
    )
    kinds = ((f"`{name}`", says) for name, says in classes.items())
    parts = [head, rows(("kind", "meaning"), kinds)]
    for name, tree in trees.items():
        found = sorted(set(_raised(tree, classes)))
        if found:
            parts.append(f"## {name}\n\n" + rows(("kind", "message"), ((f"`{kind}`", text) for kind, text in found)))
    return "\n".join(parts)


PAGES: Final[dict[str, Callable[[], str]]] = {
    "tables.md": tables,
    "commands.md": commands,
    "facts.md": facts,
    "errors.md": errors,
}


def stale() -> list[str]:
    """Names of the pages that are not what the code says now."""
    return [name for name, write in PAGES.items() if _read(FOLDER / name) != HEAD + write()]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main() -> None:
    """Write the pages, or with `--check` exit with 1 when one is out of date."""
    if "--check" in sys.argv[1:]:
        if names := stale():
            sys.exit(f"docs/reference is out of date: {', '.join(names)}; run `make docs`")
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (FOLDER / name).write_text(HEAD + write(), encoding="utf-8")


if __name__ == "__main__":
    main()
