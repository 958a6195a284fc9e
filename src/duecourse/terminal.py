"""What the commands of book and night print on a terminal: tables and sections."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from duecourse.book.loaded import LoadedBook, summary
from duecourse.kernel.components import COMPONENTS
from duecourse.law.catalogue import Catalogue
from duecourse.ledger.statement import Line, Statement
from duecourse.night.explain import Section
from duecourse.night.replay import Replay
from duecourse.night.report.show import amount, count, money
from duecourse.night.report.words import load_words
from duecourse.night.run import Summary
from duecourse.printing import grid, say, show

_INDENT: Final = 2


def _inside(table: Table) -> Padding:
    return Padding(table, (0, 0, 0, _INDENT), expand=False)


def show_book(book: LoadedBook) -> None:
    """Print what loading found: rows by table with their days, warnings, and where the quarantine is."""
    found = summary(book)
    say(f"{found.name}: {count(found.loans)} loans of {count(found.borrowers)} borrowers, zone {found.zone}", "bold")
    if found.payments_complete_through:
        say(f"payments complete through {found.payments_complete_through}")
    else:
        say("payments_complete_through is not stated: the plan will demand no money", "yellow")
    rows = grid("table", "read", "kept", "quarantine", "left out", "days", words=(0, 5))
    for one in found.tables:
        numbers = (one.counts.read, one.counts.kept, one.counts.quarantined, one.counts.left_out)
        first_last = next(iter(one.ranges.values()), [])
        rows.add_row(one.table, *(count(number) if number else "-" for number in numbers), " to ".join(first_last))
    show(_inside(rows))
    for warning in found.warnings:
        say(f"warning: {warning.table}: {count(warning.rows)} x {warning.kind}, such as {warning.example}", "yellow")
    for one in found.tables:
        if one.quarantine:
            say(f"quarantine: {count(one.counts.quarantined)} of {one.table}, see {one.quarantine}", "red")


def show_published(on: date, rows: Mapping[str, int], *, is_new: bool) -> None:
    """Say what was put in force in a store."""
    if not is_new:
        say(f"The plan of {on} is in force already: nothing was changed")
        return
    acts, cases = _number(rows.get("planned_act", 0), "act"), _number(rows.get("collection_case", 0), "case")
    say(f"The plan of {on} is in force: {acts} in {cases}")


def show_night(found: Summary) -> None:
    """Print what the night found and planned."""
    known = f", as known by {found.known_at}" if found.known_at else ""
    loans, borrowers = _number(found.loans, "loan"), _number(found.borrowers, "borrower")
    say(f"Night of {found.on}{known}: {loans} of {borrowers}", "bold")
    show(_overdue(found))
    if found.payments_stale:
        through = found.payments_complete_through or "an unknown day"
        say(f"payments are complete only through {through}: the plan demands no money", "yellow")
    grid = Table.grid(padding=(0, 4))
    grid.add_row(_counts("days past due", "loans", found.buckets), _counts("planned", "acts", found.acts))
    grid.add_row()
    idle = {name.replace("_", " "): number for name, number in found.nothing_done.items()}
    grid.add_row(_counts("stage", "borrowers", found.stages), _counts("nothing done because", "borrowers", idle))
    show(Padding(grid, (0, 0, 0, _INDENT), expand=False))
    if found.refused:
        show(_inside(_counts("refused by law", "acts", found.refused)))
    if found.duties:
        show(_inside(_due(found)))
    lost = {name: rows for name, rows in found.quarantined.items() if rows}
    if lost:
        say("in quarantine: " + ", ".join(f"{count(rows)} of {name}" for name, rows in lost.items()), "red")
    if found.profile:
        show(_inside(_profile(found)))
    say(f"plan hash {found.plan_hash}")
    width = max(len(name) for name in found.outputs)
    for name, path in found.outputs.items():
        say(f"  {name:<{width}}  {path}")


def _due(found: Summary) -> Table:
    """Show what is due: how many duties are open, and how many of them overdue."""
    words = load_words("en")
    table = grid("due by law", "open", "overdue")
    for name, number in found.duties.items():
        late = found.duties_overdue.get(name, 0)
        table.add_row(words.name("duty", name), count(number), count(late) if late else "-")
    return table


def _profile(found: Summary) -> Table:
    """Show where the time went: each step with its rows, seconds and bytes."""
    table = grid("step", "rows in", "rows out", "seconds", "MiB out")
    for line in found.profile or ():
        numbers = [count(line[name]) for name in ("rows_in", "rows_out")]
        table.add_row(line["step"], *numbers, f"{line['seconds']:.2f}", f"{line['bytes_out'] / (1 << 20):,.1f}")
    return table


def _overdue(found: Summary) -> Text:
    amounts = ", ".join(money(minor, code) for code, minor in found.overdue_amount.items())
    return Text(f"overdue: {_number(found.overdue_loans, 'loan')}" + (f", {amounts}" if amounts else ""))


def _number(number: int, what: str) -> str:
    return f"{count(number)} {what}" + ("" if number == 1 else "s")


def _counts(head: str, unit: str, counts: Mapping[str, int]) -> Table:
    table = grid(head, unit)
    for name, number in counts.items():
        table.add_row(name, count(number) if number else "-")
    if not counts:
        table.add_row("nothing", "-")
    return table


def show_sections(title: str, sections: list[Section]) -> None:
    """Print an explanation; a line that is too long goes on below, further in."""
    say(title, "bold")
    for section in sections:
        say()
        say(section.title, "bold")
        for line in section.lines:
            text = line.lstrip()
            inner = _INDENT + len(line) - len(text)
            grid = Table.grid(padding=0)
            grid.add_row(" " * inner, Text(text, overflow="fold"))
            show(grid)


def show_statement(found: Statement, currency: str, basis: str, caps: Sequence[str] = ()) -> None:
    """Print a statement: its lines with the balance due of each component after them, and what stands on the day.

    A component that is nothing throughout has no column. `caps` are lines on the caps of the law.
    """
    say(f"Statement of loan {found.loan_id} on {found.on}, {basis}, amounts in {currency}", "bold")
    used = [name for name in COMPONENTS if any(line.due[name] for line in found.lines) or _stands(found, name)]
    cut, credit = any(line.cut for line in found.lines), any(line.credit for line in found.lines)
    heads = ["day", "what", "no.", "amount", *(["cut"] if cut else []), *used, *(["credit"] if credit else [])]
    table = grid(*heads, words=(1,))
    table.columns[0].justify = "left"
    for line in found.lines:
        numbers = [line.amount, *([line.cut] if cut else []), *(line.due[name] for name in used)]
        numbers += [line.credit] if credit else []
        of = "" if line.instalment is None else str(line.instalment)
        table.add_row(str(line.day), _what(line), of, *(_plain(number, currency) for number in numbers))
    show(table)
    say("no.: of which instalment; right of amount: what is due after the line", "dim")
    _show_standing(found, currency, used)
    for told in caps:
        say(told)


def _stands(found: Statement, component: str) -> bool:
    amounts = found.amounts
    return amounts is not None and any(
        owed[component] for owed in (amounts.overdue, amounts.due_today, amounts.not_due)
    )


def _show_standing(found: Statement, currency: str, used: list[str]) -> None:
    amounts = found.amounts
    if amounts is None:
        return
    say()
    table = grid(f"on {found.on}", *used, "sum")
    for name, owed in (("overdue", amounts.overdue), ("due today", amounts.due_today), ("not due", amounts.not_due)):
        sums = (*(owed[component] for component in used), sum(owed.values()))
        table.add_row(name, *(_plain(one, currency) for one in sums))
    show(table)
    say(f"credit {money(amounts.credit, currency)}, cut by caps {money(found.cut, currency)}")


def _plain(minor: int, currency: str) -> str:
    return amount(minor, currency) if minor else "-"


def _what(line: Line) -> str:
    name = "" if line.line is None or line.what == "late fee" else f" {line.line.replace('_', ' ')}"
    named = " ".join(one for one in (line.charge_id, line.source) if one)
    return f"{line.what}{name}{', not yet due' if line.later else ''}{f' ({named})' if named else ''}"


def show_replay(done: Replay, paths: Mapping[str, str], on: tuple[date, date]) -> None:
    """Print one line a month, the rolls between month ends, and where every day is."""
    say(f"Replay from {on[0]} to {on[1]}, {len(done.days)} days, each as it was known then", "bold")
    names = list(done.days[0].buckets)
    table = grid("day", "overdue", *names, "cured", "fell overdue", "acts")
    cured = fell = acts = 0
    shown = {one.then for one in done.rolls} | {one.now for one in done.rolls} | {done.days[0].on}
    for day in done.days:
        cured += done.cured.get(day.on, 0)
        fell += done.fell.get(day.on, 0)
        acts += sum(day.acts.values())
        if day.on in shown:
            numbers = (day.overdue_loans, *day.buckets.values(), cured, fell, acts)
            table.add_row(str(day.on), *(count(number) if number else "-" for number in numbers))
            cured = fell = acts = 0
    show(_inside(table))
    say("cured, fell overdue and acts: since the line before", "dim")
    for one in done.rolls:
        say(f"rolls, loans by bucket on {one.then} (down) and on {one.now} (across)", "bold")
        show(_inside(_matrix(["current", *names], one.moves)))
    for name, path in paths.items():
        say(f"{name}: {path}")


def _matrix(names: list[str], moves: Mapping[tuple[str, str], int]) -> Table:
    table = grid("", *names)
    for then in names:
        cells = [moves.get((then, now), 0) for now in names]
        if sum(cells):
            table.add_row(then, *(count(cell) if cell else "-" for cell in cells))
    return table


def show_facts(catalogue: Catalogue) -> None:
    """Print the catalogue of facts: name, kind, meaning."""
    table = grid("fact", "kind", "meaning", words=(2,))
    for place in (0, 1):
        table.columns[place].justify = "left"
    for one in catalogue.values():
        table.add_row(one.name, one.kind.value, one.says)
    show(table)
