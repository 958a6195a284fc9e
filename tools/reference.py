"""Write docs/reference from the code: `tools/reference.py`, or `--check` to say what is out of date.

Tables come from `book.schema`, commands from the command line itself, facts from the catalogue, rules and their
facts from the rulebooks, words of cases from the vocabulary, and errors from every place in the source that raises
one, so none of them can be forgotten.
"""

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

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
    head = (
        "# Facts\n\nWhat the conditions of a strategy may name; [rulebooks have facts of their own](law-facts.md)."
        " A fact that is not known is null.\n\n"
    )
    of_fork = importlib.import_module("duecourse.strategy.words").FORK_FACTS
    values = ((f"`{name}`", "integer", says) for name, says in of_fork.items())
    tail = "\n## Of the fork\n\nWith a section `fork` in the file: [the fork](../concepts/fork.md).\n\n"
    heads = ("fact", "kind", "meaning")
    return head + rows(heads, lines) + tail + rows(heads, values)


@cache
def _law() -> Any:
    return importlib.import_module("duecourse.law.rulebook").load()


def rules() -> str:
    """Page of the rules of every rulebook."""
    law = _law()
    found = sorted(law.rules, key=lambda rule: (rule.id, rule.record.from_))
    head = (
        f"# Rules\n\n{len(found)} rules of {len(law.books)} rulebooks. [The law](../concepts/law.md) explains each"
        " column; `duecourse law show RULE` prints one whole. A rule from memory refuses nothing.\n"
    )
    heads = ("rule", "says", "citation", "force", "checked", "from")
    parts = [head]
    for name, book in sorted(law.books.items()):
        lines = (_rule(law, rule) for rule in found if rule.book == name)
        parts.append(f"## {name}: {book.title}\n\n{_where(book)}\n\n{rows(heads, lines)}")
    return "\n".join(parts)


def _rule(law: Any, rule: Any) -> tuple[object, ...]:
    record = rule.record
    link = law.sources[record.cite.source].link
    until = f" to {record.to}" if record.to else ""
    checked = f"{record.checked.how}, {record.checked.on}"
    says = record.says if record.effect != "advises" else f"{record.says} (Advice: it refuses nothing.)"
    return f"`{rule.id}`", says, f"[{law.cite(rule)}]({link})", record.force, checked, f"{record.from_}{until}"


def _where(book: Any) -> str:
    """Say for which borrowers a rulebook is in force."""
    place = book.locality or book.region or book.country or ", ".join(sorted(book.countries))
    beside = f", beside {', '.join(f'`{name}`' for name in book.beside)}" if book.beside else ""
    return f"In force for borrowers in {place}{beside}."


def duties() -> str:
    """Page of duties.parquet: its columns, and what may be due where."""
    columns = importlib.import_module("duecourse.night.duties").COLUMNS
    asks = importlib.import_module("duecourse.law.vocabulary").VOCABULARY.asks
    law = importlib.import_module("duecourse.law.duties").open_duties(_law())
    head = (
        "# Duties\n\n`duties.parquet` holds a row for each loan and duty open on the business date, in the order of"
        " `borrower_id`, `loan_id`, `duty`. [How the law says so](../concepts/law.md#duties).\n"
    )
    found = sorted(law.rules, key=lambda rule: (str(rule.record.answers), rule.id))
    lines = (
        (f"`{rule.record.answers}`", asks[rule.record.answers].says, f"`{rule.id}`", law.cite(rule), _started(rule))
        for rule in found
    )
    told = ((f"`{name}`", says) for name, says in columns.items())
    heads = ("duty", "meaning", "rule", "citation", "started by")
    return "\n".join(
        [head, "## Columns\n\n" + rows(("column", "meaning"), told), "## What may be due\n\n" + rows(heads, lines)]
    )


def _started(rule: Any) -> str:
    return ", ".join(f"`{kind}`" for kind in rule.starts) or "being overdue"


def law_facts() -> str:
    """Page of the facts of every rulebook, and of the published series that they look up."""
    module = importlib.import_module("duecourse.law.rulebook")
    law = _law()
    head = (
        "# Facts of the rulebooks\n\nWhat the conditions of rules may name, beside the keys of"
        " [acts, loans and people](cases.md) and the names that [are always there](../concepts/law.md)."
        " A fact `event.x` is one of each earlier event.\n"
    )
    parts, series = [head], {}
    for folder in sorted(path for path in module.BOOKS.iterdir() if path.is_dir()):
        facts = [law.facts[name] for name in sorted(_declared(folder)) if name in law.facts]
        series.update({fact.table.table: fact.table for fact in facts if fact.table is not None})
        if facts:
            lines = ((f"`{fact.name}`", fact.kind.value, _found(fact), fact.record.says) for fact in facts)
            parts.append(f"## {folder.name}\n\n" + rows(("fact", "kind", "found by", "meaning"), lines))
    told = (
        (f"`{name}`", table.says, f"{table.rows[0].from_} to {table.until}", len(table.rows))
        for name, table in sorted(series.items())
    )
    return "\n".join([*parts, "## Published series\n\n" + rows(("table", "meaning", "known", "rows"), told)])


def _found(fact: Any) -> str:
    """Say in which way a fact is found, and among which kinds of event."""
    return f"{fact.way.replace('_', ' ')} {', '.join(f'`{kind}`' for kind in fact.of)}".strip()


def _declared(folder: Path) -> Iterator[str]:
    """Yield the names of the facts that the files of a rulebook declare."""
    read = importlib.import_module("duecourse.law.document").read
    for path in sorted(folder.glob("*.yaml")):
        values = {} if path.name.endswith(".cases.yaml") else read(path, days_and_fractions=True).values
        yield from (entry["fact"] for entry in values.get("facts", ()))


def cases() -> str:
    """Page of every word that a world of a worked case may use."""
    words = importlib.import_module("duecourse.law.vocabulary").VOCABULARY
    head = (
        "# Words of cases\n\nEvery key and word that a [worked case](../concepts/cases.md) may use, and so every column"
        " of acts and events that a rule may name. Silence means *not known* unless the third column says otherwise.\n"
    )
    parts = [head, "## A case\n\n" + rows(("key", "meaning"), _words(words.case))]
    for name, columns in words.tables.items():
        lines = (_key(key, column) for key, column in columns.items())
        parts.append(f"## Keys of: {name}\n\n" + rows(("key", "kind", "silence means", "meaning"), lines))
    lines = (_key(key, column) for key, column in words.parts.items())
    parts.append("## Names inside parts\n\n" + rows(("name", "kind", "silence means", "meaning"), lines))
    asks = ((f"`{name}`", ask.answer.value, f"{ask.says}{_seen(ask.seen)}") for name, ask in words.asks.items())
    parts.append("## Questions\n\n" + rows(("question", "its answer", "meaning"), asks))
    lists = {name: known for name, known in words.enumerations.items() if name != "ask"}
    parts += [f"## Words of: {name}\n\n" + rows(("word", "meaning"), _words(known)) for name, known in lists.items()]
    return "\n".join(parts)


def _words(known: Mapping[str, str]) -> Iterator[tuple[object, ...]]:
    return ((f"`{word}`", says) for word, says in known.items())


def _key(key: str, column: Any) -> tuple[object, ...]:
    of = f" of {column.of}" if column.of else ""
    also = f", or {column.also.value}" if column.also else ""
    instead = f", or {', '.join(f'`{word}`' for word in column.words)}" if column.words else ""
    silent = "" if column.otherwise is None else f"`{_written(column.otherwise)}`"
    return f"`{key}`", f"{column.kind.value}{of}{also}{instead}", silent, f"{column.says}{_seen(column.seen)}"


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _seen(values: Iterable[object]) -> str:
    """Name the values of an open text that worked cases use."""
    told = ", ".join(f"`{value}`" for value in values)
    return f"; such as {told}" if told else ""


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


def inquiry() -> str:
    """Page of the inquiry: how an entry is laid out, and by which names messages are refused."""
    from duecourse.inquiry.checks import SAYS
    from duecourse.inquiry.entry import RECORD_BYTES, NextStep, Status

    head = (
        f"# The inquiry\n\nA record has {RECORD_BYTES} bytes, whatever it says. Statuses: {_numbered(Status)}. "
        f"Next steps: {_numbered(NextStep)}.\n\n## Checks\n\n"
        "What does not pass one is refused, or shown, by its name.\n"
    )
    return head + "\n" + rows(("check", "what it finds"), ((f"`{check}`", says) for check, says in SAYS.items()))


def _numbered(of: Iterable[Any]) -> str:
    return ", ".join(f"`{each.word}` ({each.value})" for each in of)


PAGES: Final[dict[str, Callable[[], str]]] = {
    "tables.md": tables,
    "commands.md": commands,
    "facts.md": facts,
    "rules.md": rules,
    "duties.md": duties,
    "law-facts.md": law_facts,
    "cases.md": cases,
    "errors.md": errors,
    "inquiry.md": inquiry,
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
