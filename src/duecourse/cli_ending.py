"""The commands of those who decide how debts end: `ending proposed | decide | list | show | withdraw | review`."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from duecourse.cli_options import OUT, House, Json, Store, Strategy
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from duecourse.endings.deciding import Said
    from duecourse.endings.many import Office, Opened
    from duecourse.endings.moving import Ending, Who

ending_app = typer.Typer(help="How debts end: who decided what, and what the law says of it.", no_args_is_help=True)

KindName = Annotated[str, typer.Argument(metavar="KIND", help="furnish, list, agency, suit or sale.")]
Number = Annotated[int, typer.Argument(help="The ending, as `list` numbers it.")]
By = Annotated[str, typer.Option("--by", envvar="DUECOURSE_USER", metavar="USER", help="Who does this: an id.")]
Why = Annotated[str, typer.Option(help="Why: the borrower may read it.")]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Processes.")]


@ending_app.command()
def proposed(
    kind: KindName, store: Store = OUT, strategy: Strategy = None, house: House = None, as_json: Json = False
) -> None:
    """Show what the plan in force proposes, and nobody has decided yet."""
    from duecourse import printing
    from duecourse.store.endings import Kind

    with office(store, strategy, house) as (_, opened):
        rows = opened.deciding.proposed(_kind(Kind, kind))
    if as_json:
        typer.echo(json.dumps([{"loans": one.loans, "treatment": one.treatment} for one in rows]))
        return
    table = printing.grid("loans", "treatment", words=(0, 1))
    for one in rows:
        table.add_row(" ".join(one.loans), one.treatment)
    printing.show(table)


@ending_app.command()
def decide(
    kind: KindName,
    by: By,
    why: Why = "",
    loans: Annotated[list[str] | None, typer.Option("--loan", help="A loan; once for each.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that the plan in force proposes.")] = False,
    run: Annotated[str | None, typer.Option(help="Carried out together under this name.")] = None,
    workers: Workers = 1,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """Decide that loans end so, one or many: the law is asked of each now. Exit code 1 where some were refused."""
    from duecourse.endings import batches
    from duecourse.store.endings import Kind

    if _kind(Kind, kind) is Kind.LIST:
        raise DueCourseError(
            "a register opens only where a rulebook permits it: decide it with `duecourse register decide`"
        )
    if every == bool(loans):
        raise DueCourseError("which loans? name each with --loan, or take --all that the plan proposes")
    with office(store, strategy, house) as (place, opened):
        deciding = opened.deciding
        wanted = deciding.proposed(_kind(Kind, kind)) if every else deciding.wanted(loans or [])
        order = batches.Order(_kind(Kind, kind), who(opened, by), why, run)
        said = batches.decide(place, order, wanted, workers)
    tell(said, as_json=as_json)


@ending_app.command("list")
def list_endings(
    kind: Annotated[str | None, typer.Option(help="furnish, list, agency, suit or sale.")] = None,
    state: Annotated[str | None, typer.Option(help="In this state.")] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Those of which the borrower asks a review.")] = False,
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """List endings that are not over, or those in a state."""
    from duecourse import printing
    from duecourse.endings import moving
    from duecourse.store.place import Place

    where, values = ["true" if state else "NOT e.is_over"], list[str]()
    for column, value in (("kind", kind), ("state", state)):
        if value:
            where.append(f"e.{column} = %s")
            values.append(value)
    if waiting:
        where.append("e.review_asked_at IS NOT NULL AND e.reviewed_at IS NULL")
    with Place.of(store).connected() as connection:
        rows = [_row(one) for one in moving.read(connection, " AND ".join(where), values)]
    if as_json:
        typer.echo(json.dumps(rows, default=str))
        return
    names = ("number", "kind", "loan", "state", "run", "decided_by", "decided_on", "review")
    table = printing.grid(*(name.replace("_", " ") for name in names), words=(1, 2, 3, 4, 5, 6, 7))
    for row in rows:
        table.add_row(*("-" if row[name] in {None, ""} else str(row[name]) for name in names))
    printing.show(table)


@ending_app.command()
def show(
    loan: Annotated[str, typer.Argument(help="The loan, as the lender names it.")],
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Show every ending of a loan with each step: when, by whom, and why."""
    from duecourse import printing
    from duecourse.endings.history import told
    from duecourse.store.place import Place

    with Place.of(store).connected() as connection:
        found = told(connection, loan)
    if as_json:
        typer.echo(json.dumps(found, default=str))
        return
    if not found:
        printing.say(f"nothing was ever decided of loan {loan}")
    for one in found:
        printing.say(f"{one['kind']} {one['number']}: {one['state']}", "bold")
        table = printing.grid("on", "state", "by", "why", words=(0, 1, 2, 3))
        for step in one["steps"]:
            table.add_row(str(step["on"]), step["state"], step["by"], step["why"] or "-")
        printing.show(table)


@ending_app.command()
def withdraw(number: Number, by: By, why: Why, store: Store = OUT) -> None:
    """Take an ending back, before anything has left the house, or a suit or a sale that may still be."""
    from duecourse import printing
    from duecourse.endings.deciding import refuse_unnamed
    from duecourse.endings.moving import Move, Moving
    from duecourse.store.endings import WITHDRAWN

    with _one(store, number) as (connection, ring, ending, at, on):
        refuse_unnamed(connection, by)
        Moving(connection, ring).move([Move(ending, WITHDRAWN, why)], _who(by, at, on))
    printing.say(f"{ending.kind} {number} of loan {ending.loan_id} is withdrawn")


@ending_app.command()
def review(
    number: Number,
    by: By,
    why: Annotated[str, typer.Option(help="The answer; without one, the borrower asks.")] = "",
    to: Annotated[str | None, typer.Option(help="What it becomes, where the decision does not stand.")] = None,
    store: Store = OUT,
) -> None:
    """Note that the borrower asks that a person look at it again, or, with --why, answer: somebody else than decided.

    Exit code 1 where a review is asked for already.
    """
    from duecourse import printing
    from duecourse.endings import review as reviewing

    with _one(store, number) as (connection, ring, ending, at, on):
        asker = _who(by, at, on)
        if why:
            reviewing.answer(connection, ring, ending, asker, why, to)
            printing.say(f"{ending.kind} {number}: {f'is {to}' if to else 'the decision stands'}")
            return
        if not reviewing.ask(connection, ring, ending, asker):
            printing.say(f"{ending.kind} {number}: a review is asked for already, or it is over")
            raise typer.Exit(1)
    printing.say(
        f"{ending.kind} {number}: goes nowhere until somebody answers: `duecourse ending review {number} --why`"
    )


@contextmanager
def office(store: Path, strategy: Path | None, house: Path | None) -> "Iterator[tuple[Office, Opened]]":
    """Open what decides endings: the store, with the strategy and the law."""
    from duecourse.endings.many import Office
    from duecourse.night.facts import CATALOGUE
    from duecourse.night.run import Options, rulebooks
    from duecourse.store.place import Place
    from duecourse.strategy.load import load

    found = Office(Place.of(store), load(strategy, CATALOGUE.kinds), rulebooks(Options(house=house)))
    with found.opened() as opened:
        yield found, opened


def who(opened: "Opened", by: str) -> "Who":
    """Return who does something now, on the business date of the book."""
    at = datetime.now(UTC)
    return _who(by, at, at.astimezone(ZoneInfo(opened.zone)).date())


def tell(said: "Sequence[Said]", *, as_json: bool) -> None:
    """Say how many were done, and of the others why not; exit code 1 if there are any."""
    from duecourse import printing

    refused = [one for one in said if not one.is_done]
    if as_json:
        rows = [{"loan": one.loan_id, "is_done": one.is_done, "reasons": one.reasons} for one in said]
        typer.echo(json.dumps(rows))
    else:
        printing.say(f"{len(said) - len(refused):,} done, {len(refused):,} not")
        for reason, count in Counter(reason for one in refused for reason in one.reasons).most_common():
            printing.say(f"  {count:,} for {reason}")
        for one in refused[:20]:
            printing.say(f"  loan {one.loan_id}: {', '.join(one.reasons)}")
    if refused:
        raise typer.Exit(1)


def _kind(kinds: Any, name: str) -> Any:
    try:
        return kinds(name)
    except ValueError:
        raise DueCourseError(f"there is no ending '{name}': it is one of {', '.join(kinds)}") from None


def _who(by: str, at: datetime, on: Any) -> "Who":
    from duecourse.endings.moving import Who

    return Who(by, at, on)


def _row(one: "Ending") -> dict[str, Any]:
    review = "asked" if one.waits_for_review else "answered" if one.reviewed_at else None
    return {
        "number": one.number, "kind": str(one.kind), "loan": one.loan_id, "state": one.state, "run": one.run,
        "decided_by": one.decided_by, "decided_on": one.decided_at.date(), "review": review,
    }  # fmt: skip


@contextmanager
def _one(store: Path, number: int) -> Iterator[tuple[Any, Any, "Ending", datetime, Any]]:
    """Open a store and find an ending in it; DueCourseError where there is none of this number."""
    from duecourse.day.in_force import zone_of
    from duecourse.endings import moving
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place

    place, at = Place.of(store), datetime.now(UTC)
    with place.connected() as connection:
        on = at.astimezone(ZoneInfo(zone_of(connection))).date()
        found = moving.read(connection, "e.id = %s", [number])
        if not found:
            raise DueCourseError(f"there is no ending {number}: see `duecourse ending list`")
        yield connection, Keyring.read(place.keys), found[0], at, on
