"""The commands about users and what they may give up: `staff add | change | list | limit`, `waive`, `offer`, `approve`.

Nobody logs in on the command line: whoever can read the keys of the store says with `--by` who they are.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4
from zoneinfo import ZoneInfo

import typer

from duecourse import cli_days
from duecourse.cli_options import OUT, Json, Store

if TYPE_CHECKING:
    from duecourse.day.waiving import Outcome, Waiving
    from duecourse.store.place import Place

staff_app = typer.Typer(help="Users, their roles, and how much each role may give up.", no_args_is_help=True)

By = Annotated[str, typer.Option("--by", envvar="DUECOURSE_USER", metavar="USER", help="Who does this, by their id.")]
User = Annotated[str, typer.Argument(help="A pseudonymous id, never a name.")]
Role = Annotated[str, typer.Option(help="collector, supervisor, compliance or administrator.")]
Loan = Annotated[str, typer.Argument(help="The loan, as the lender names it.")]
Minor = Annotated[int, typer.Argument(min=1, help="Minor units of the loan's currency: 500 is 5.00 USD.")]


def join(app: typer.Typer) -> None:
    """Add these commands to those of the program."""
    app.add_typer(staff_app, name="staff")
    for command in (waive, offer, approve):
        app.command()(command)


@staff_app.command()
def add(
    user: User,
    role: Role,
    by: Annotated[
        str | None, typer.Option("--by", envvar="DUECOURSE_USER", metavar="USER", help="An administrator.")
    ] = None,
    store: Store = OUT,
) -> None:
    """Add a user. The first one is an administrator, and needs no --by."""
    from duecourse import printing
    from duecourse.store import staff

    _connect(store)
    made = staff.add(user, role, by=by, at=datetime.now(UTC))
    printing.say(f"{made.user_id} is now {made.role}")


@staff_app.command()
def change(
    user: User,
    by: By,
    role: Annotated[str | None, typer.Option(help="Another role.")] = None,
    active: Annotated[bool | None, typer.Option("--active/--ended", help="Whether they work here.")] = None,
    store: Store = OUT,
) -> None:
    """Give a user another role, or end their work here."""
    from duecourse import printing
    from duecourse.store import staff

    _connect(store)
    staff.change(user, by=by, at=datetime.now(UTC), role=role, is_active=active)
    printing.say(f"{user} was changed")


@staff_app.command()
def teams(
    user: User,
    by: By,
    team: Annotated[list[str] | None, typer.Argument(help="Teams as the strategy names them; none: no team.")] = None,
    store: Store = OUT,
) -> None:
    """Say on which teams' cases a user works."""
    from duecourse import printing
    from duecourse.store import staff

    _connect(store)
    staff.assign(user, team or (), by=by, at=datetime.now(UTC))
    printing.say(f"{user} works on the cases of {', '.join(sorted(team)) if team else 'no team'}")


@staff_app.command()
def link(
    user: User,
    by: By,
    at: Annotated[str, typer.Option("--at", help="Where people see the desk.")] = "http://127.0.0.1:8008",
    store: Store = OUT,
) -> None:
    """Print a link by which a user sets a password; a password and a second factor that they had are gone.

    It works once, for three days. Hand it to nobody else.
    """
    from duecourse.store import staff
    from duecourse.web.app import welcome_path

    place = _connect(store)
    found = staff.let_in(user, by=by, at=datetime.now(UTC))
    typer.echo(f"{at.rstrip('/')}{welcome_path(place, found)}")


@staff_app.command("list")
def list_staff(store: Store = OUT, as_json: Json = False) -> None:
    """Show all users, and all limits that were ever set."""
    from duecourse import printing
    from duecourse.store import staff

    _connect(store)
    users = [{"user": one.user_id, "role": one.role, "is_active": one.is_active} for one in staff.everybody()]
    limits = [asdict(one) for one in staff.limits()]
    if as_json:
        typer.echo(json.dumps({"users": users, "limits": limits}, default=str))
        return
    for rows in (users, limits):
        if rows:
            table = printing.grid(*(name.replace("_", " ") for name in rows[0]), words=(0, 1))
            for row in rows:
                table.add_row(*("-" if value is None else str(value) for value in row.values()))
            printing.show(table)


@staff_app.command()
def limit(
    role: Annotated[str, typer.Argument(help="collector, supervisor or compliance.")],
    currency: Annotated[str, typer.Argument(help="A code of ISO 4217, like USD.")],
    by: By,
    waiver: Annotated[int, typer.Option(min=0, help="Most to waive for a borrower in 30 days, minor units.")],
    settlement: Annotated[int, typer.Option(min=0, help="Most discount of settlements likewise, minor units.")],
    settlement_ppm: Annotated[int, typer.Option(min=0, max=1_000_000, help="Most discount, parts per million.")],
    first: Annotated[
        date | None, typer.Option("--from", parser=cli_days.day, metavar="DATE", help="First day, today if not said.")
    ] = None,
    last: Annotated[date | None, typer.Option("--to", parser=cli_days.day, metavar="DATE", help="Last day.")] = None,
    store: Store = OUT,
) -> None:
    """Set how much a role may give up without a second person, from a day on."""
    from duecourse import printing
    from duecourse.store import staff

    at = datetime.now(UTC)
    place = _connect(store)
    on = _today(place, at)
    limited = staff.Limited(role, currency, first or on, last, waiver, settlement, settlement_ppm)
    staff.set_limit(limited, by=by, at=at, on=on)
    printing.say(f"the limits of the role {role} in {currency} hold from {limited.from_on}")


def waive(
    loan: Loan,
    amount: Minor,
    by: By,
    component: Annotated[
        str | None, typer.Option(help="cost, fee, penalty, interest or principal; all, in order, if not said.")
    ] = None,
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Waive an amount of a loan: at once within your limit, else once somebody else approves it."""
    from duecourse.day.waiving import Wanted
    from duecourse.store.roles import What

    at = datetime.now(UTC)
    with _waiving(store) as (waiving, place):
        wanted = Wanted(f"waiver-{uuid4()}", What.WAIVE, loan, amount, component)
        _tell(waiving.ask(by, wanted, at, _today(place, at)), as_json=as_json)


def offer(
    loan: Loan,
    amount: Minor,
    pay_by: Annotated[date, typer.Option(parser=cli_days.day, metavar="DATE", help="Last day to pay it.")],
    by: By,
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Offer to take an amount for all that a loan owes: at once within your limit, else once somebody approves it."""
    from duecourse.day.waiving import Wanted
    from duecourse.store.roles import What

    at = datetime.now(UTC)
    with _waiving(store) as (waiving, place):
        wanted = Wanted(f"settlement-{uuid4()}", What.SETTLE, loan, amount, pay_by=pay_by)
        _tell(waiving.ask(by, wanted, at, _today(place, at)), as_json=as_json)


def approve(
    request: Annotated[int | None, typer.Argument(help="Number of the request; without one, all that wait.")] = None,
    by: Annotated[
        str | None, typer.Option("--by", envvar="DUECOURSE_USER", metavar="USER", help="Who decides, by their id.")
    ] = None,
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it.")] = False,
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Decide a request of somebody else, or show those that wait. Exit code 1 when it had ended already."""
    from duecourse.kernel.errors import DueCourseError

    at = datetime.now(UTC)
    with _waiving(store) as (waiving, place):
        if request is None:
            _show(waiving, at, as_json=as_json)
            return
        if by is None:
            raise DueCourseError("who decides? name an active user with --by")
        outcome = waiving.decide(by, request, at, _today(place, at), grants=not refuse)
        _tell(outcome, as_json=as_json)
        if not outcome.is_new or outcome.state != ("refused" if refuse else "granted"):
            raise typer.Exit(1)


def _show(waiving: "Waiving", at: datetime, *, as_json: bool) -> None:
    """Note what has expired, and show what waits."""
    from duecourse import printing

    waiving.expire(at)
    rows = [
        {
            "request": one.number, "what": str(one.wanted.what), "loan": one.wanted.loan_id,
            "component": one.wanted.component, "amount": one.wanted.amount, "pay_by": one.wanted.pay_by,
            "asked_by": one.asked_by, "expires_at": f"{one.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        }
        for one in waiving.waiting(at)
    ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps(rows, default=str))
    elif rows:
        table = printing.grid(*(name.replace("_", " ") for name in rows[0]), words=(1, 2, 3, 6))
        for row in rows:
            table.add_row(*("-" if value is None else str(value) for value in row.values()))
        printing.show(table)
    else:
        printing.say("nothing waits")


def _tell(outcome: "Outcome", *, as_json: bool) -> None:
    from duecourse import printing

    if as_json:
        typer.echo(json.dumps(asdict(outcome)))
        return
    said = {
        "alone": "it is in force",
        "waiting": f"it waits for a second person: `duecourse approve {outcome.number}`",
        "granted": "it was granted, and is in force",
        "refused": "it was refused",
        "expired": "it has expired: ask anew",
    }
    printing.say(f"request {outcome.number}: {said[outcome.state]}")


def _connect(store: Path) -> "Place":
    from duecourse.store import orm
    from duecourse.store.place import Place

    place = Place.of(store)
    orm.connect(place)
    return place


@contextmanager
def _waiving(store: Path) -> Iterator[tuple["Waiving", "Place"]]:
    from duecourse.day.waiving import Waiving
    from duecourse.store.keys import Keyring

    place = _connect(store)
    with place.connected() as connection:
        yield Waiving(connection, Keyring.read(place.keys)), place


def _today(place: "Place", at: datetime) -> date:
    """Return the business date of an instant, in the zone of the book that the plan in force came from; else in UTC."""
    from duecourse.day.in_force import zone_of

    with place.connected() as connection:
        return at.astimezone(ZoneInfo(zone_of(connection))).date()
