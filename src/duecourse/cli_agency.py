"""The commands of those who work with agencies: `agency add | list | place | files | take-in | recall | ...`."""

import json
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from duecourse.cli_options import OUT, House, Json, Store, Strategy
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duecourse.endings.agency.performance import Rate
    from duecourse.endings.agency.register import Agency
    from duecourse.endings.many import Office, Opened
    from duecourse.endings.moving import Who

agency_app = typer.Typer(help="Agencies: placements, files, reviews, and how well they do.", no_args_is_help=True)

By = Annotated[str, typer.Option("--by", envvar="DUECOURSE_USER", metavar="USER", help="Who does this: an id.")]
Name = Annotated[str, typer.Argument(metavar="AGENCY", help="The agency's id.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="AGENCY", help="Agencies by their ids; all by default.")]


@agency_app.command()
def add(
    file: Annotated[Path, typer.Argument(help="TOML, like examples/agencies.toml.")], by: By, store: Store = OUT
) -> None:
    """Add the agencies of a file, or put them on new terms; what is placed stays on the terms that it has."""
    from duecourse import printing
    from duecourse.endings.agency import register, terms

    agencies = terms.read(file)
    with _opened(store) as opened:
        new = register.add(opened.connection, agencies, _who(opened, by))
    printing.say(f"{len(new)} of {len(agencies)} are new or have new terms: {', '.join(new) or '-'}")


@agency_app.command("list")
def list_agencies(store: Store = OUT, as_json: Json = False) -> None:
    """List the agencies: licences, contract, how many debts each has, and room for how many."""
    from duecourse import printing
    from duecourse.endings.agency import register

    with _opened(store) as opened:
        agencies, placed = register.standing(opened.connection), register.placed(opened.connection)
    rows = [
        {
            "agency": name, "name": one.terms.name, "licences": one.terms.licences,
            "contract_until": one.terms.contract_until.isoformat(), "placed": placed.get(name, 0),
            "capacity": one.terms.capacity,
        }
        for name, one in agencies.items()
    ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = printing.grid("agency", "name", "places", "contract until", "placed", "capacity", words=(0, 1, 2, 3))
    for row, one in zip(rows, agencies.values(), strict=True):
        places = " ".join(one.terms.licences)
        until, placed_now, room = row["contract_until"], row["placed"], one.terms.capacity
        table.add_row(one.agency_id, one.terms.name, places, str(until), f"{placed_now:,}", f"{room:,}")
    printing.show(table)


@agency_app.command()
def place(
    by: By,
    run: Annotated[str | None, typer.Option(help="Placed together under this name.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 1,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """Place all that is decided: scrubbed, shared out, judged again. Exit code 1 where some are held back."""
    from duecourse.cli_ending import tell
    from duecourse.endings.agency import placing

    with _office(store, strategy, house) as (office, opened):
        said = placing.place(office, _who(opened, by), run, workers)
    tell(said, as_json=as_json)


@agency_app.command()
def recall(
    by: By,
    why: Annotated[str, typer.Option(help="Why: the agency is told.")],
    agency: Annotated[str | None, typer.Option(help="All that this agency has.")] = None,
    loans: Annotated[list[str] | None, typer.Option("--loan", help="A loan; once for each.")] = None,
    store: Store = OUT,
) -> None:
    """Recall what is placed, some loans or all that an agency has; the agency is told with its next files."""
    from duecourse import printing
    from duecourse.endings.agency import placing

    if bool(agency) == bool(loans):
        raise DueCourseError("which placements? name each with --loan, or all of one agency with --agency")
    where = "e.details->>'agency' = %s" if agency else "e.loan_id = ANY(%s)"
    with _opened(store) as opened:
        gone = placing.recall(opened, _who(opened, by), why, where, [agency or loans])
    printing.say(f"{len(gone):,} are recalled")


@agency_app.command()
def files(names: Names = None, store: Store = OUT, as_json: Json = False) -> None:
    """Write files for agencies: new placements, recalls, payments, holds; and end the terms that are over."""
    from duecourse import printing
    from duecourse.endings.agency import placing, sending

    with _opened(store) as opened:
        who = _who(opened, "agencies")
        ended = placing.end_terms(opened, who)
        found = {one.agency_id: sending.send(opened, one, who) for one in _named(opened, names)}
    if as_json:
        written = {name: [asdict(file) for file in some] for name, some in found.items()}
        typer.echo(json.dumps({"terms_ended": len(ended), "files": written}))
        return
    printing.say(f"{len(ended):,} terms are over")
    for name, some in found.items():
        printing.say(f"{name}: {len(some)} files")
        for file in some:
            printing.say(f"  {file.name}: {file.rows:,} lines")


@agency_app.command("take-in")
def take_in(names: Names = None, store: Store = OUT, as_json: Json = False) -> None:
    """Take in the files of agencies. Exit code 1 where a file or some lines of one are wrong: see `error/`."""
    from duecourse import printing
    from duecourse.endings.agency import taking

    with _opened(store) as opened:
        now = datetime.now(UTC)
        found = {one.agency_id: taking.take_in(opened, one, now) for one in _named(opened, names)}
    if as_json:
        typer.echo(json.dumps({name: [asdict(taken) for taken in some] for name, some in found.items()}))
    else:
        for name, some in found.items():
            for taken in some:
                said = taken.why or f"{taken.new:,} new, {taken.known:,} known, {len(taken.bad):,} wrong"
                late = f", {taken.late:,} contacts after the debt was given back" if taken.late else ""
                printing.say(f"{name}: {taken.name}: {said}{late}")
                for bad in taken.bad[:20]:
                    printing.say(f"  {taken.name}:{bad.line}: {bad.why}", "bold")
    if any(taken.bad or taken.why for some in found.values() for taken in some):
        raise typer.Exit(1)


@agency_app.command()
def due(store: Store = OUT, as_json: Json = False) -> None:
    """List the reviews that are due within 60 days, or late. Exit code 1 where some are late."""
    from duecourse import printing
    from duecourse.endings.agency import reviews

    with _opened(store) as opened:
        found = reviews.due(opened.connection, _who(opened, "").on)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=str))
    else:
        table = printing.grid("agency", "review", "by", "", words=(0, 1, 2, 3))
        for one in found:
            table.add_row(one.agency_id, one.why, one.by.isoformat(), "late" if one.is_late else "")
        printing.show(table)
    if any(one.is_late for one in found):
        raise typer.Exit(1)


@agency_app.command()
def review(
    name: Name,
    why: Annotated[str, typer.Argument(help="yearly or end_of_term.")],
    by: By,
    conduct: Annotated[int, typer.Option(help="From 1 (bad) to 5.")],
    results: Annotated[int, typer.Option(help="From 1 (bad) to 5.")],
    security: Annotated[int, typer.Option(help="Of information, from 1 (bad) to 5.")],
    outcome: Annotated[str, typer.Option(help="continue, limit or end.")],
    note: Annotated[str, typer.Option(help="What was found; nothing of any borrower.")] = "",
    store: Store = OUT,
) -> None:
    """Note a review of an agency. Exit code 1 where one was noted today already."""
    from duecourse import printing
    from duecourse.endings.agency import reviews
    from duecourse.endings.agency.reviews import Review, Why

    if why not in list(Why):
        raise DueCourseError(f"there is no review '{why}': it is yearly or end_of_term")
    with _opened(store) as opened:
        found = Review(name, Why(why), conduct, results, security, outcome, note)
        is_new = reviews.note(opened.connection, found, _who(opened, by))
    printing.say(f"{name}: the {why} review is noted" if is_new else f"{name}: was noted today: nothing changes")
    if not is_new:
        raise typer.Exit(1)


@agency_app.command()
def commission(
    name: Name,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")],
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Show what an agency earned from a day to a day, payment by payment; rounded down, each."""
    from duecourse import printing
    from duecourse.documents.pdf import shown_money
    from duecourse.endings.agency import commission as earning
    from duecourse.endings.agency import register

    with _opened(store) as opened:
        register.one(opened.connection, name)
        lines = earning.earned(opened.connection, name, first.date(), last.date())
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"earned": one.earned} for one in lines], default=str))
        return
    table = printing.grid("placement", "payment", "on", "amount", "ppm", "commission", words=(1, 2))
    for one in lines:
        amounts = (shown_money(one.amount, one.currency), f"{one.ppm:,}", shown_money(one.earned, one.currency))
        table.add_row(str(one.placement), one.payment_id, one.on.isoformat(), *amounts)
    printing.show(table)
    for currency, (amount, all_earned) in earning.totals(lines).items():
        printing.say(f"{shown_money(all_earned, currency)} of {shown_money(amount, currency)}")


@agency_app.command()
def performance(
    window: Annotated[int, typer.Option(min=1, max=1_095, help="Days after the placing that count.")] = 90,
    least: Annotated[int, typer.Option(min=2, help="Accounts that each agency needs in a segment.")] = 30,
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Compare agencies like for like: money recovered within the window, over money placed, with intervals for 95%."""
    from duecourse import printing
    from duecourse.endings.agency import performance as performing

    with _opened(store) as opened:
        found = performing.compare(performing.accounts(opened.connection, _who(opened, "").on, window), least)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    table = printing.grid("agency", "accounts", "like for like", "interval", "on its own debts", words=(0,))
    for one in found.standings:
        of = one.like_for_like
        like = (_percent(of.rate), _interval(of)) if of else ("-", "-")
        table.add_row(one.agency, f"{one.accounts:,}", *like, _percent(one.raw.rate))
    printing.show(table)
    printing.say(f"{len(found.segments)} segments are compared, {len(found.left_out)} have too few accounts")


@agency_app.command()
def allowed(
    name: Name, address: Annotated[str, typer.Argument(help="An address of the internet.")], store: Store = OUT
) -> None:
    """Say whether an address is one of an agency's. Exit code 1 where it is not."""
    from duecourse import printing
    from duecourse.endings.agency import register

    with _opened(store) as opened:
        is_one = register.allowed(opened.connection, name, address)
    printing.say(f"{address} is {'' if is_one else 'not '}an address of {name}")
    if not is_one:
        raise typer.Exit(1)


def _percent(share: float) -> str:
    return f"{share:.1%}"  # float: shown, and not worked with


def _interval(rate: "Rate") -> str:
    return f"{_percent(rate.low)} to {_percent(rate.high)}"


@contextmanager
def _office(store: Path, strategy: Path | None, house: Path | None) -> "Iterator[tuple[Office, Opened]]":
    from duecourse.cli_ending import office

    with office(store, strategy, house) as found:
        yield found


@contextmanager
def _opened(store: Path) -> "Iterator[Opened]":
    with _office(store, None, None) as (_, opened):
        yield opened


def _named(opened: "Opened", names: list[str] | None) -> "list[Agency]":
    from duecourse.endings.agency import register

    if not names:
        return list(register.standing(opened.connection).values())
    return [register.one(opened.connection, name) for name in names]


def _who(opened: "Opened", by: str) -> "Who":
    from duecourse.cli_ending import who

    return who(opened, by)
