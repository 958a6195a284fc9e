"""The commands of the field: `day visits receipt | deposit | settle | differences | danger | safe | verify ...`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from duecourse.cli_options import OUT, Json, Settings, Store
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from duecourse.channels.visit.settings import Settings as VisitSettings
    from duecourse.day.facts import Facts
    from duecourse.endings.moving import Who
    from duecourse.store.keys import Keyring

By = Annotated[str, typer.Option("--by", envvar="DUECOURSE_USER", metavar="USER", help="Who does this: an id.")]
Reference = Annotated[str, typer.Argument(help="As the sheet shows it: 1f0c-83ab-99d2.")]
Team = Annotated[str, typer.Argument(help="The team, as the settings name it.")]
Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The team's day.")]
Amount = Annotated[int, typer.Argument(help="In minor units: 12050 is 120.50.")]
Currency = Annotated[str, typer.Argument(help="Its code: USD, CNY.")]


@dataclass(frozen=True)
class _Field:
    """A store, and the settings of visits where a command needs them."""

    connection: "Connection[TupleRow]"
    ring: "Keyring"
    zone: str
    channel: str = ""
    settings: "VisitSettings | None" = None

    def who(self, by: str) -> "Who":
        """Return who does something now, on the business date of the book."""
        from duecourse.endings.moving import Who

        at = datetime.now(UTC)
        return Who(by, at, at.astimezone(ZoneInfo(self.zone)).date())

    def facts(self, by: str) -> "Facts":
        """Return what writes facts, for a user."""
        from duecourse.day.facts import Facts

        return Facts(self.connection, self.ring, by)

    def set(self) -> "VisitSettings":
        """Return the settings; a command that has not asked for them does not come here."""
        if self.settings is None:
            raise DueCourseError("the settings of visits are needed: name them with --settings")
        return self.settings


def join(app: typer.Typer) -> None:
    """Add these commands to those of visits."""
    for command in (receipt, deposit, settle, differences, danger, dangers, safe, review, verify):
        app.command()(command)


def receipt(
    reference: Reference,
    loan: Annotated[str, typer.Argument(help="The loan that is paid.")],
    amount: Amount,
    currency: Currency,
    method: Annotated[str, typer.Argument(help="cash, cheque, card or transfer; what the settings allow.")],
    by: By,
    settings: Settings,
    at: Annotated[str, typer.Option("--at", help="When, with its zone: 2026-11-20T17:05+01:00.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where its PDF goes.")] = Path("out/receipts"),
    store: Store = OUT,
) -> None:
    """Give a numbered receipt for money taken on a visit: the payment is booked, its PDF made; again is the same."""
    from duecourse import printing
    from duecourse.channels.kept import private, write
    from duecourse.channels.visit.visits import Visits
    from duecourse.endings.visit import made, receipts
    from duecourse.endings.visit.receipts import Paid

    with _field(store, settings) as field:
        visit = made.found(field.connection, field.channel, Visits(field.set().folder), reference)
        paid = Paid(loan, amount, currency, method, _moment(at))
        given, is_new = receipts.take(field.facts(by), field.connection, visit, paid, field.set(), field.who(by))
        pages = receipts.pdf_of(field.connection, field.ring, given, field.set())
    path = private(out) / f"{given.receipt_id}.pdf"
    write(path, pages)
    printing.say(f"{given.receipt_id}: {'is given' if is_new else 'was given before'}: {path}")


def deposit(
    team: Team,
    day: Day,
    amount: Amount,
    currency: Currency,
    reference: Annotated[str, typer.Argument(help="The bank's reference of the deposit.")],
    by: By,
    store: Store = OUT,
) -> None:
    """Note what a team paid in at the bank of a day's cash and cheques. Exit code 1 where something is open."""
    from duecourse.endings.visit import deposits
    from duecourse.endings.visit.deposits import Deposit

    with _field(store) as field:
        deposits.deposit(field.connection, Deposit(reference, team, day.date(), amount, currency), field.who(by))
        _differences(field, team, as_json=False)


def settle(
    team: Team,
    day: Day,
    amount: Annotated[int, typer.Argument(help="What is open, in minor units.")],
    currency: Currency,
    by: By,
    why: Annotated[str, typer.Option(help="Why it is settled so.")],
    store: Store = OUT,
) -> None:
    """Settle an open difference of a team's day, as a named supervisor, with the reason."""
    from duecourse import printing
    from duecourse.endings.visit import deposits
    from duecourse.endings.visit.deposits import Deposit

    with _field(store) as field:
        who = field.who(by)
        name = f"settled-{team}-{day.date()}-{currency}-{who.at.isoformat()}"
        deposits.settle(field.connection, Deposit(name, team, day.date(), amount, currency, why), who)
    printing.say(f"{team} of {day.date()}: is settled")


def differences(
    team: Annotated[str | None, typer.Option(help="Of this team.")] = None, store: Store = OUT, as_json: Json = False
) -> None:
    """List what teams took at the door and did not pay in. Exit code 1 where something is open."""
    with _field(store) as field:
        _differences(field, team, as_json=as_json)


def danger(
    reference: Reference,
    what: Annotated[str, typer.Argument(help="threat, assault, weapon, animal, illness or place.")],
    by: By,
    settings: Settings,
    store: Store = OUT,
) -> None:
    """Stop all visits to the borrower of a visit, at once: the team was in danger."""
    from duecourse import printing
    from duecourse.channels.visit.visits import Visits
    from duecourse.endings.visit import made, safety

    with _field(store, settings) as field:
        visit = made.found(field.connection, field.channel, Visits(field.set().folder), reference)
        is_new = safety.stop(field.facts(by), visit.borrower, what, field.who(by))
    printing.say(
        "nobody visits this borrower any more: a supervisor must look at it (`day visits dangers`)"
        if is_new
        else "visits to this borrower are stopped already"
    )


def dangers(store: Store = OUT, as_json: Json = False) -> None:
    """List the borrowers whom nobody may visit, and why: a danger or a review. Exit code 1 where there are any."""
    from duecourse import printing
    from duecourse.endings.visit import safety

    with _field(store) as field:
        found = safety.standing(field.connection)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=str))
    else:
        table = printing.grid("borrower", "why", "told by", "at", words=(0, 1, 2, 3))
        for one in found:
            table.add_row(one.borrower_id, one.what or one.kind, one.told_by, f"{one.told_at:%Y-%m-%d %H:%M}Z")
        printing.show(table)
    if found:
        raise typer.Exit(1)


def safe(
    borrower: Annotated[str, typer.Argument(help="The borrower, as the lender names them.")], by: By, store: Store = OUT
) -> None:
    """Let a borrower be visited again, as a named supervisor."""
    from duecourse import printing
    from duecourse.endings.visit import safety

    with _field(store) as field:
        safety.lift(field.facts(by), field.connection, borrower, field.who(by))
    printing.say(f"{borrower} may be visited again, where the law permits it")


def review(
    borrower: Annotated[str, typer.Argument(help="The borrower, as the lender names them.")],
    by: By,
    why: Annotated[str | None, typer.Option(help="Answer it, with the reason: somebody of compliance does.")] = None,
    no_more: Annotated[bool, typer.Option("--no-more", help="Answered so that nobody comes any more.")] = False,
    store: Store = OUT,
) -> None:
    """Note that a borrower asks whether anybody need come: nobody does until it is answered; or answer it.

    Exit code 1 where it is asked already.
    """
    from duecourse import printing
    from duecourse.endings.visit import safety

    with _field(store) as field:
        facts, who = field.facts(by), field.who(by)
        if why is not None:
            safety.answer(facts, field.connection, borrower, who, why, goes_on=not no_more)
            printing.say(
                f"{borrower}: {'nobody comes any more' if no_more else 'teams may come, where the law permits it'}"
            )
            return
        if not safety.review(facts, field.connection, borrower, who):
            printing.say(f"{borrower}: a review is asked for already")
            raise typer.Exit(1)
    printing.say(f"nobody visits {borrower} until compliance answers: `duecourse day visits review {borrower} --why`")


def verify(
    said: Annotated[str, typer.Argument(metavar="CODE", help="The check code that the borrower reads out.")],
    settings: Settings,
    store: Store = OUT,
) -> None:
    """Say whether a visit is genuine, by the check code of its sheet, and who goes. Exit code 1 where it is not."""
    from duecourse import printing
    from duecourse.channels.visit.codes import SECRET
    from duecourse.channels.visit.visits import Visits
    from duecourse.endings.visit import made

    with _field(store, settings) as field:
        on, secret = field.who("").on, field.ring.secret(SECRET)
        visit = made.genuine(field.connection, field.channel, Visits(field.set().folder), secret, said, on)
    if visit is None:
        printing.say("no visit of these days has this code: it is not genuine")
        raise typer.Exit(1)
    printing.say(f"genuine: a visit on {visit.on} by the badges {visit.badges[0]} and {visit.badges[1]}")


def _differences(field: _Field, team: str | None, *, as_json: bool) -> None:
    from duecourse import printing
    from duecourse.documents.pdf import shown_money
    from duecourse.endings.visit import deposits

    found = deposits.differences(field.connection, team)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=str))
    elif not found:
        printing.say("nothing is open")
    for one in () if as_json else found:
        printing.say(f"{one.team} of {one.on}: {shown_money(one.amount, one.currency)} is open")
    if found:
        raise typer.Exit(1)


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise DueCourseError("--at: write 2026-11-20T17:05+01:00") from None
    if at.tzinfo is None:
        raise DueCourseError("--at: has no zone: write 2026-11-20T17:05+01:00")
    return at


@contextmanager
def _field(store: Path, settings: Path | None = None) -> Iterator[_Field]:
    from duecourse.day.in_force import zone_of
    from duecourse.day.opening import visits_of
    from duecourse.day.settings import read
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place

    place = Place.of(store)
    with place.connected() as connection:
        connection.autocommit = True
        opened = _Field(connection, Keyring.read(place.keys), zone_of(connection))
        if settings is None:
            yield opened
            return
        channels = {name: one for name, one in read(settings).channels.items() if one.kind == "visit"}
        if not channels:
            raise DueCourseError(f"{settings}: has no channel of the kind visit: see examples/day.toml")
        name, channel = next(iter(channels.items()))
        yield _Field(connection, opened.ring, opened.zone, name, visits_of(name, channel))
