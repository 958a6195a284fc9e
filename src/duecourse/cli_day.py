"""The commands of the day: `day run | stop | start | status | hold | lift | points | payment`."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from duecourse import cli_days
from duecourse.cli_options import OUT, House, Json, Settings, Store, Strategy
from duecourse.kernel.errors import DueCourseError

day_app = typer.Typer(help="The day: the plan carried out, one gated contact at a time.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A channel, or `all`.")]
By = Annotated[str, typer.Option("--by", envvar="DUECOURSE_USER", help="Who does this, as the audit chain keeps it.")]
Borrower = Annotated[str, typer.Argument(help="The borrower, as the lender names them.")]
Loan = Annotated[str | None, typer.Option(help="The loan that it is about; by default all of the borrower's.")]


def now() -> datetime:
    """Return the moment: the one clock of the day."""
    return datetime.now(UTC)


@day_app.command()
def run(
    settings: Settings,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    until_idle: Annotated[bool, typer.Option(help="End when nothing is left to do, for now.")] = False,
) -> None:
    """Carry the plan out until it is interrupted: release, send, and take in what comes."""
    from duecourse import printing
    from duecourse.day.running import Running
    from duecourse.day.settings import read
    from duecourse.night import facts
    from duecourse.night.run import Options, rulebooks
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place
    from duecourse.strategy.load import load

    place = Place.of(store)
    running: Running = Running(
        place, Keyring.read(place.keys), read(settings), load(strategy, facts.CATALOGUE.kinds),
        rulebooks(Options(house=house)), now,
    )  # fmt: skip
    printing.say(f"the plan of {running.plan.on} is carried out; Ctrl-C ends")
    done = running.run(until_idle=until_idle)
    printing.say(", ".join(f"{name} {number}" for name, number in sorted(done.items())))


@day_app.command()
def stop(name: Name = "all", store: Store = OUT, by: By = "operator") -> None:
    """Stop everything, or one channel: nothing more is released or leaves, at once."""
    from duecourse import printing
    from duecourse.day import worker
    from duecourse.store.place import Place

    with Place.of(store).connected() as connection:
        is_new = worker.stop(connection, name, now(), by)
    printing.say(f"{name}: {'' if is_new else 'was '}stopped; `duecourse day start {name}` lets it go on")


@day_app.command()
def start(name: Name = "all", store: Store = OUT, by: By = "operator") -> None:
    """Let everything, or one channel, go on after a stop."""
    from duecourse import printing
    from duecourse.day import worker
    from duecourse.store.place import Place

    with Place.of(store).connected() as connection:
        was = worker.start(connection, name, now(), by)
    printing.say(f"{name}: goes on" if was else f"{name}: was not stopped")


@day_app.command()
def status(store: Store = OUT, as_json: Json = False) -> None:
    """Show which plan is in force, how far it is, what is in the outbox, and what waits for a person."""
    from duecourse import printing
    from duecourse.day.standing import standing
    from duecourse.store.place import Place

    with Place.of(store).connected() as connection:
        found = standing(connection, now())
    if as_json:
        typer.echo(json.dumps(found))
        return
    table = printing.grid("", "", words=(0, 1))
    table.show_header = False
    for name, value in found.items():
        table.add_row(name.replace("_", " "), _shown(value))
    printing.show(table)


@day_app.command()
def hold(
    borrower: Borrower,
    kind: Annotated[str, typer.Argument(help="dispute, bankruptcy, cease, attorney, complaint, hardship, ...")],
    store: Store = OUT,
    loan: Loan = None,
    by: By = "operator",
) -> None:
    """Place a hold, and take back at once what it may bar."""
    from duecourse import printing

    def place_hold(told: Any, facts: Any) -> None:
        facts.hold(told, kind, loan)

    hold_id = _told(store, borrower, by, place_hold)
    printing.say(f"hold {hold_id} is placed; `duecourse day lift {borrower} {hold_id}` ends it")


@day_app.command()
def lift(
    borrower: Borrower,
    hold_id: Annotated[str, typer.Argument(help="The hold, as `day hold` named it.")],
    store: Store = OUT,
    by: By = "operator",
) -> None:
    """End a hold."""
    from duecourse import printing

    def end(told: Any, facts: Any) -> None:
        if not facts.lift(told):
            raise DueCourseError(f"there is no hold {hold_id} of borrower {borrower} that stands")

    _told(store, borrower, by, end, hold_id)
    printing.say(f"hold {hold_id} is lifted")


@day_app.command()
def points(
    borrower: Borrower,
    end: Annotated[int | None, typer.Option(metavar="NUMBER", help="Use this one no more.")] = None,
    use_again: Annotated[int | None, typer.Option(metavar="NUMBER", help="Use this one after all.")] = None,
    store: Store = OUT,
    by: By = "operator",
) -> None:
    """Show by what a borrower is reached, which of it is not used any more and why; or end one, or use it again."""
    from duecourse import printing
    from duecourse.day.reaching import points_of
    from duecourse.store.place import Place

    def change(told: Any, facts: Any) -> None:
        if end is not None and not facts.end_point(told, end, "by_hand"):
            raise DueCourseError(f"borrower {borrower} has no contact point {end} in use")
        if use_again is not None and not facts.use_again(told, use_again):
            raise DueCourseError(f"borrower {borrower} has no contact point {use_again} that has ended")

    if (end, use_again) != (None, None):
        _told(store, borrower, by, change)
    with Place.of(store).connected() as connection:
        found = points_of(connection, borrower)
    table = printing.grid("number", "whose", "kind", "ended", "why", words=(1, 2, 3, 4))
    for row in found:
        table.add_row(*row)
    printing.show(table)


@day_app.command()
def payment(
    borrower: Borrower,
    loan: Annotated[str, typer.Argument(help="The loan that was paid.")],
    amount: Annotated[int, typer.Argument(help="Amount in minor units.", min=1)],
    currency: Annotated[str, typer.Argument(help="Currency, three letters.")],
    payment_id: Annotated[str, typer.Option("--id", help="The payment's own id; the same id counts once.")],
    on: Annotated[Any, typer.Option(parser=cli_days.day, metavar="DATE", help="Day from which it counts.")],
    store: Store = OUT,
    by: By = "operator",
) -> None:
    """Take in one payment by hand."""
    from duecourse import printing
    from duecourse.day.facts import Money

    def pay(told: Any, facts: Any) -> None:
        new = facts.payment(told, Money(loan, on, amount, currency))
        printing.say(f"payment {payment_id} is taken in" if new else f"payment {payment_id} was taken in before")

    _told(store, borrower, by, pay, payment_id)


def _told(store: Path, borrower: str, by: str, tell: Callable[[Any, Any], None], fact_id: str | None = None) -> str:
    """Tell a fact of a borrower, in a transaction that holds their lock; returns its id."""
    from uuid import uuid4
    from zoneinfo import ZoneInfo

    from duecourse.day.facts import Facts, Told
    from duecourse.day.in_force import in_force
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place

    place, at = Place.of(store), now()
    with place.connected() as connection:
        zone = in_force(connection).zone
        row = connection.execute("SELECT id FROM borrower WHERE borrower_id = %s", [borrower]).fetchone()
        connection.commit()
        if row is None:
            raise DueCourseError(f"the store has no borrower {borrower}: look how the lender writes them")
        told = Told(fact_id or uuid4().hex, int(str(row[0])), at, at.astimezone(ZoneInfo(zone)).date())
        facts = Facts(connection, Keyring.read(place.keys), by)
        with facts.locked(told.borrower):
            tell(told, facts)
    return told.fact_id


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items()) or "-"
    return "-" if value is None else str(value)
