"""The commands of those who sue: `suit pack | file | hearing | cost | judgment | enforcement | end | show | ...`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from duecourse.cli_ending import By, Why, Workers, office, tell, who
from duecourse.cli_options import OUT, House, Json, Store, Strategy
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from duecourse.endings.moving import Ending, Who
    from duecourse.endings.suit.court import Desk

suit_app = typer.Typer(help="Suits: claim packs, courts, judgments.", no_args_is_help=True)

Loan = Annotated[str, typer.Argument(help="The loan, as the lender names it.")]
Amount = Annotated[int, typer.Option(min=0, help="In minor units.")]
Day = Annotated[str, typer.Option(metavar="DAY", help="YYYY-MM-DD.")]
Outcome = Annotated[
    str, typer.Argument(metavar="OUTCOME", help="What was asked for, or came of it: seized, no assets.")
]


@suit_app.command()
def pack(
    run: Annotated[str, typer.Option(help="Name of this run: said again, it completes what is missing.")],
    out: Annotated[Path, typer.Option(help="The folder that gets a folder for this run.")],
    settings: Annotated[Path, typer.Option(help="Who sues, and in which courts (TOML).")],
    documents: Annotated[Path, typer.Option(help="The lender's documents: a folder for each loan, or a CSV file.")],
    by: By,
    loans: Annotated[list[str] | None, typer.Option("--loan", help="A loan; once for each. None: all decided.")] = None,
    workers: Workers = 1,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """Judge suits again, and make a claim pack of each. Exit code 1 where some were refused, with what is missing."""
    from duecourse.endings.deciding import Said
    from duecourse.endings.suit import settings as suits
    from duecourse.endings.suit.evidence import Documents
    from duecourse.endings.suit.packing import Job
    from duecourse.endings.suit.packing import pack as make

    job = Job(run, out, suits.read(settings), Documents.of(documents))
    with office(store, strategy, house) as (place, opened):
        found = make(place, job, who(opened, by), loans or [], workers)
    tell([Said(0, one.loan_id, one.is_packed, one.reasons) for one in found], as_json=as_json)


@suit_app.command("file")
def file_suit(
    loan: Loan,
    docket: Annotated[str, typer.Option(help="The court's number of the case.")],
    filed_on: Day,
    fee: Amount,
    by: By,
    court: Annotated[str | None, typer.Option(help="Where it is not the court of the pack.")] = None,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """Note that a suit was filed: the law is asked again, of the day of filing. Exit code 1 where it refuses."""
    from duecourse.endings.suit.court import Filing

    with _desk(store, strategy, house, by) as at:
        said = at.desk.file(at.desk.find(loan), Filing(docket, _day(filed_on), fee, court), at.who)
    tell([said], as_json=as_json)


@suit_app.command()
def hearing(
    loan: Loan,
    on: Day,
    by: By,
    at: Annotated[str, typer.Option(metavar="HH:MM", help="Where the court is.")] = "09:00",
    room: Annotated[str, typer.Option(help="Where: a room, or a link.")] = "-",
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Note a hearing; one of the same day takes the other's place."""
    from duecourse.endings.suit.court import Hearing

    with _desk(store, strategy, house, by) as here:
        here.desk.hear(here.desk.find(loan), Hearing(_day(on), at, room), here.who)
    _say(f"loan {loan}: hearing on {on}, {at}, {room}")


@suit_app.command()
def cost(
    loan: Loan, amount: Amount, by: By, why: Why, store: Store = OUT, strategy: Strategy = None, house: House = None
) -> None:
    """Add what was paid for a suit to its costs."""
    with _desk(store, strategy, house, by) as at:
        at.desk.spend(at.desk.find(loan), amount, why, at.who)
    _say(f"loan {loan}: costs of {amount} noted")


@suit_app.command()
def judgment(
    loan: Loan,
    on: Day,
    debt: Annotated[int, typer.Option(min=0, help="The money debt, without ordinary interest; minor units.")],
    perform_by: Day,
    by: By,
    interest: Annotated[int, typer.Option(min=0, help="The ordinary interest granted; minor units.")] = 0,
    costs: Annotated[int, typer.Option(min=0, help="Costs that the defendant bears; minor units.")] = 0,
    rate: Annotated[int, typer.Option(min=0, help="Interest on the judgment, ppm a year, where no rule gives it.")] = 0,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Note a judgment: what it grants, and by when it is to be performed."""
    from duecourse.endings.suit.court import Judgment

    granted = Judgment(_day(on), debt, interest, costs, _day(perform_by), rate)
    with _desk(store, strategy, house, by) as at:
        at.desk.judge(at.desk.find(loan), granted, at.who)
    _say(f"loan {loan}: judged on {on}, to be performed by {perform_by}")


@suit_app.command()
def enforcement(
    loan: Loan,
    outcome: Outcome,
    by: By,
    amount: Annotated[int, typer.Option(min=0, help="What was seized or brought in; minor units.")] = 0,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Note that enforcement was asked for, or what came of it. Money comes as payments, as always."""
    with _desk(store, strategy, house, by) as at:
        at.desk.enforce(at.desk.find(loan), outcome, amount, at.who)
    _say(f"loan {loan}: {outcome}")


@suit_app.command()
def end(
    loan: Loan,
    state: Annotated[str, typer.Argument(metavar="STATE", help="paid, dismissed, withdrawn or fruitless.")],
    by: By,
    why: Why,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """End a suit: `paid` only once nothing of the judgment is left."""
    with _desk(store, strategy, house, by) as at:
        at.desk.end(at.desk.find(loan), state, why, at.who)
    _say(f"loan {loan}: the suit is {state}")


@suit_app.command()
def show(
    loan: Loan,
    on: Annotated[str | None, typer.Option(metavar="DAY", help="As of this day; today.")] = None,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """Show a suit: what was claimed, court and costs, and what the judgment stands at, with late interest."""
    from duecourse import printing

    with _desk(store, strategy, house, "") as at:
        ending = at.desk.find(loan)
        stands = at.desk.standing(ending, _day(on) if on else at.who.on)
    row = _row(ending)
    row["judgment"] = {**asdict(stands), "left": stands.left} if stands else None
    if as_json:
        typer.echo(json.dumps(row, default=str))
        return
    printing.say(f"suit {ending.number} of loan {loan}: {ending.state}", "bold")
    table = printing.grid("what", "amount or day", words=(0,))
    for name, value in {**row, **(row["judgment"] or {})}.items():
        if name not in {"judgment", "state"} and value is not None:
            table.add_row(name.replace("_", " "), str(value))
    printing.show(table)


@suit_app.command("calendar")
def show_calendar(
    since: Annotated[str | None, typer.Option(metavar="DAY", help="From this day on; today.")] = None,
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """List hearings to come, and by when judgments are to be performed."""
    from duecourse import printing
    from duecourse.endings import moving
    from duecourse.endings.suit.court import calendar
    from duecourse.store.endings import Kind
    from duecourse.store.place import Place

    with Place.of(store).connected() as connection:
        endings = moving.read(connection, "e.kind = %s AND NOT e.is_over", [Kind.SUIT])
    days = calendar(endings, _day(since) if since else datetime.now(UTC).date())
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in days], default=str))
        return
    table = printing.grid("on", "what", "loan", "court", "docket", words=(0, 1, 2, 3, 4))
    for one in days:
        table.add_row(str(one.on), one.what, one.loan_id, one.court, one.docket)
    printing.show(table)


@dataclass(frozen=True)
class _At:
    desk: "Desk"
    who: "Who"


@contextmanager
def _desk(store: Path, strategy: Path | None, house: Path | None, by: str) -> Iterator[_At]:
    from duecourse.endings.suit.court import Desk

    with office(store, strategy, house) as (place, opened):
        yield _At(Desk(opened, place.law), who(opened, by))


def _row(ending: "Ending") -> dict[str, Any]:
    pack, filing = ending.details.get("pack", {}), ending.details.get("filing", {})
    return {
        "state": ending.state, "packed_on": pack.get("on"), "currency": pack.get("currency"),
        "claimed": pack.get("claimed"), "court": filing.get("court") or (pack.get("court") or {}).get("name"),
        "docket": filing.get("docket"), "filed_on": filing.get("filed_on"), "spent": ending.details.get("costs"),
        "hearings": ", ".join(f"{one['on']} {one['at']}" for one in ending.details.get("hearings", ())) or None,
    }  # fmt: skip


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DueCourseError(f"'{text}' is no day: write it as 2026-11-20") from None


def _say(text: str) -> None:
    from duecourse import printing

    printing.say(text)
