"""What the commands print on a terminal: tables, progress, sections."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from duecourse.book.loaded import LoadedBook, summary
from duecourse.kernel.components import COMPONENTS
from duecourse.ledger.statement import Line, Statement
from duecourse.night.explain import Section
from duecourse.night.replay import Replay
from duecourse.night.report.show import count, money
from duecourse.night.run import Summary

PLAIN = Console(highlight=False, soft_wrap=True)
STEPS = Console(stderr=True)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show steps with a bar on stderr, when it is a terminal; give a callable(step, done, total)."""
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=STEPS, disable=not STEPS.is_terminal, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield tell


def _table(*heads: str, title: str | None = None) -> Table:
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place == 0 else "right", overflow="fold")
    return table


def show_book(book: LoadedBook) -> None:
    """Print what loading found: rows by table, warnings, and where the quarantine is."""
    found = summary(book)
    through = found.payments_complete_through or "not stated: the plan will demand no money"
    PLAIN.print(
        f"[bold]{found.name}[/]: {count(found.loans)} loans of {count(found.borrowers)} borrowers, zone {found.zone}"
    )
    PLAIN.print(f"payments complete through: {through}")
    rows = _table("table", "read", "kept", "in quarantine", "left out")
    for one in found.tables:
        numbers = (one.counts.read, one.counts.kept, one.counts.quarantined, one.counts.left_out)
        rows.add_row(one.table, *map(count, numbers))
    PLAIN.print(rows)
    for one in found.tables:
        for column, (first, last) in one.ranges.items():
            PLAIN.print(f"{one.table}.{column}: {first} to {last}")
    for warning in found.warnings:
        PLAIN.print(
            f"[yellow]warning[/] {warning.table}: {count(warning.rows)} x {warning.kind}, such as {warning.example}"
        )
    for one in found.tables:
        if one.quarantine:
            PLAIN.print(f"[red]quarantine[/] {one.table}: {count(one.counts.quarantined)} rows in {one.quarantine}")


def show_night(found: Summary) -> None:
    """Print what the night found and planned."""
    PLAIN.print(f"[bold]Night of {found.on}[/], {count(found.loans)} loans of {count(found.borrowers)} borrowers")
    amounts = ", ".join(money(amount, code) for code, amount in found.overdue_amount.items()) or "nothing"
    PLAIN.print(f"overdue: {count(found.overdue_loans)} loans, {amounts}")
    if found.payments_stale:
        through = found.payments_complete_through or "an unknown day"
        PLAIN.print(f"[yellow]payments are complete only through {through}: the plan demands no money[/]")
    for title, head, counts in (
        ("Ageing", "days past due", found.buckets),
        ("Stages", "stage", found.stages),
        ("Acts planned", "channel or act", found.acts),
        ("Nothing done", "first reason", found.nothing_done),
    ):
        _counts(title, head, counts)
    lost = {name: rows for name, rows in found.quarantined.items() if rows}
    if lost:
        PLAIN.print("in quarantine: " + ", ".join(f"{count(rows)} {name}" for name, rows in lost.items()))
    PLAIN.print(f"plan hash {found.plan_hash}, {found.seconds} s")
    for name, path in found.outputs.items():
        PLAIN.print(f"{name}: {path}")


def _counts(title: str, head: str, counts: Mapping[str, int]) -> None:
    table = _table(head, "number", title=title)
    for name, number in counts.items():
        table.add_row(name, count(number))
    PLAIN.print(table)


def show_sections(title: str, sections: list[Section]) -> None:
    """Print an explanation."""
    PLAIN.print(f"[bold]{title}[/]")
    for section in sections:
        PLAIN.print(f"\n[bold]{section.title}[/]")
        for line in section.lines:
            PLAIN.print(f"  {line}", markup=False)


def show_statement(found: Statement, currency: str, basis: str) -> None:
    """Print a statement: its lines with the balance due of each component after them, and what stands on the day."""
    PLAIN.print(f"[bold]Statement of loan {found.loan_id} on {found.on}[/], {basis}, amounts in {currency}")
    table = _table("day", "what", "amount", "cut by cap", *COMPONENTS, "credit")
    table.columns[1].justify = "left"
    for line in found.lines:
        balances = (_plain(line.due[name], currency) for name in COMPONENTS)
        cut = _plain(line.cut, currency) if line.cut else ""
        table.add_row(
            str(line.day),
            _what(line),
            _plain(line.amount, currency),
            cut,
            *balances,
            _plain(line.credit, currency),
        )
    PLAIN.print(table)
    amounts = found.amounts
    if amounts is None:
        return
    table = _table("standing on the day", *COMPONENTS, "sum")
    for name, owed in (
        ("overdue", amounts.overdue),
        ("due today", amounts.due_today),
        ("not yet due", amounts.not_due),
    ):
        sums = (*(owed[component] for component in COMPONENTS), sum(owed.values()))
        table.add_row(name, *(_plain(one, currency) for one in sums))
    PLAIN.print(table)
    PLAIN.print(f"credit {money(amounts.credit, currency)}, cut by caps {money(found.cut, currency)}")


def _plain(minor: int, currency: str) -> str:
    return money(minor, currency).removesuffix(currency).strip()


def _what(line: Line) -> str:
    of = f" of instalment {line.instalment}" if line.instalment is not None else ""
    of += f" {line.charge_id}" if line.charge_id else ""
    name = f" {line.line.replace('_', ' ')}" if line.line else ""
    by = f" ({line.source})" if line.source else ""
    return f"{line.what}{name}{of}{', not yet due' if line.later else ''}{by}"


def show_replay(done: Replay, paths: Mapping[str, str], on: tuple[date, date]) -> None:
    """Print one line a month, the rolls between month ends, and where every day is."""
    PLAIN.print(f"[bold]Replay from {on[0]} to {on[1]}[/], {len(done.days)} days")
    names = list(done.days[0].buckets)
    table = _table("day", "overdue", *names, "cured so far", "fell overdue", "acts that day")
    cured = fell = 0
    shown = {one.then for one in done.rolls} | {one.now for one in done.rolls} | {done.days[0].on}
    for day in done.days:
        cured += done.cured.get(day.on, 0)
        fell += done.fell.get(day.on, 0)
        if day.on in shown:
            numbers = (day.overdue_loans, *day.buckets.values(), cured, fell, sum(day.acts.values()))
            table.add_row(str(day.on), *map(count, numbers))
    PLAIN.print(table)
    for one in done.rolls:
        _matrix(f"{one.then} to {one.now}", ["current", *names], one.moves)
    for name, path in paths.items():
        PLAIN.print(f"{name}: {path}")


def _matrix(title: str, names: list[str], moves: Mapping[tuple[str, str], int]) -> None:
    table = _table("then", *names, title=title)
    for then in names:
        cells = [moves.get((then, now), 0) for now in names]
        if sum(cells):
            table.add_row(then, *(count(cell) if cell else "" for cell in cells))
    PLAIN.print(table)
