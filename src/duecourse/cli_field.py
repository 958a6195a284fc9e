"""The commands of those who post, visit and call: `day letters | visits | calls | outcome | outcomes`."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from duecourse import cli_visits
from duecourse.cli_options import OUT, House, Json, Settings, Store, Strategy
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.minutes import clock

if TYPE_CHECKING:
    from duecourse.day.batch import Place as InStack
    from duecourse.day.hands import Hands

letters_app = typer.Typer(help="Letters: batches to print, and what was posted.", no_args_is_help=True)
visits_app = typer.Typer(help="Visits: the sheets that teams take along.", no_args_is_help=True)
calls_app = typer.Typer(help="Calls: one by one, when an agent is ready.", no_args_is_help=True)

Batch = Annotated[str, typer.Argument(help="The batch, as `list` names it.")]
By = Annotated[str, typer.Option("--by", envvar="DUECOURSE_USER", metavar="USER", help="Who does this: an id.")]


def join(app: typer.Typer) -> None:
    """Add these commands to those of the day."""
    cli_visits.join(visits_app)
    app.add_typer(letters_app, name="letters")
    app.add_typer(visits_app, name="visits")
    app.add_typer(calls_app, name="calls")
    for command in (outcome, outcomes):
        app.command()(command)


@letters_app.command("list")
def list_letters(
    settings: Settings, store: Store = OUT, strategy: Strategy = None, house: House = None, as_json: Json = False
) -> None:
    """List the batches of letters: open, closed or posted, and how many were pulled."""
    with _hands(settings, store, strategy, house) as hands:
        _listed(hands.shelf("letter").standings(hands.posting()), as_json=as_json)


@letters_app.command("close")
def close_letters(
    batch: Batch, settings: Settings, store: Store = OUT, strategy: Strategy = None, house: House = None
) -> None:
    """Judge each letter of a batch again, leave out what is refused, and make one file to print of the others."""
    with _hands(settings, store, strategy, house) as hands:
        _closed(hands, "letter", batch)


@letters_app.command()
def posted(
    batch: Batch,
    by: By,
    settings: Settings,
    pulled: Annotated[int, typer.Option(min=0, help="How many letters you have pulled from the stack.")] = 0,
    numbers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV of registered letters: reference, number.")
    ] = None,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Say, with the stack in hand, that it goes to the post now: each letter is judged again.

    Exit code 1 where others must be pulled than you have: nothing is noted yet; pull them, and say how many.
    """
    from duecourse import printing
    from duecourse.day.batch import Post, post

    registered = _numbers(numbers) if numbers else {}
    with _hands(settings, store, strategy, house) as hands:
        posting = hands.posting()
        was = posting.was_posted(batch)
        said = Post(batch, hands.now(), by, pulled, registered)
        is_noted, places = post(hands.shelf("letter"), posting, hands.intake(), said)
    if was:
        printing.say(f"{batch}: was posted before: nothing changes")
        return
    _pull(places)
    if not is_noted:
        printing.say(f"{batch}: not posted yet: pull these, and say it again with --pulled {len(places)}")
        raise typer.Exit(1)
    printing.say(f"{batch}: posted")


@visits_app.command("list")
def list_visits(
    settings: Settings, store: Store = OUT, strategy: Strategy = None, house: House = None, as_json: Json = False
) -> None:
    """List the sheets of each team and day: open, or handed out."""
    with _hands(settings, store, strategy, house) as hands:
        _listed(hands.shelf("visit").standings(), as_json=as_json)


@visits_app.command()
def hand_out(
    batch: Batch, by: By, settings: Settings, store: Store = OUT, strategy: Strategy = None, house: House = None
) -> None:
    """Decide that a team goes: judge each visit again, and make one file to print; call again while the team is out.

    Who decides it is a supervisor. Of sheets that were handed out already it says which visits must not be made any
    more: exit code 1 if there are any. A team whose receipts of earlier days are not paid in gets no sheets.
    """
    from duecourse.endings.visit.deposits import refuse_open
    from duecourse.endings.visit.going import decide

    with _hands(settings, store, strategy, house) as hands:
        refuse_open(hands.connection, batch)
        shelf = hands.shelf("visit")
        if shelf.batches.closed(batch) is None:
            decide(hands.connection, shelf, batch, by, hands.now())
            _closed(hands, "visit", batch)
            return
        places = shelf.check(batch, hands.now())
    _pull(places)
    if places:
        raise typer.Exit(1)


@visits_app.command("rounds")
def rounds_of_visits(
    stops: Annotated[Path, typer.Argument(metavar="STOPS", help="CSV: reference, latitude, longitude, hours, ...")],
    teams: Annotated[Path, typer.Argument(metavar="TEAMS", help="TOML: speed_kmh, and a table for each team.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="CSV of the rounds.")] = Path("rounds.csv"),
    ways: Annotated[
        Path | None, typer.Option("--travel", metavar="FILE", help="CSV of minutes between places: from, to, minutes.")
    ] = None,
) -> None:
    """Order a day's visits into rounds: as many as fit, by the shortest way, none outside its hours.

    Exit code 1 where some fit into no round; they are named.
    """
    from duecourse import printing
    from duecourse.endings.visit import files
    from duecourse.endings.visit.rounds import rounds

    day = files.read(stops, teams, ways)
    found = rounds(day.stops, day.teams, day.travel)
    files.write(found, out)
    for one in found.rounds:
        times = f"{clock(one.leaves)} to {clock(one.back)}"
        on_the_way = -(-one.travel_seconds // 60)  # up
        printing.say(f"{one.team}: {len(one.visits)} visits, {times}, {on_the_way} minutes on the way")
    if found.left:
        printing.say(f"no round for {len(found.left)}: {', '.join(found.left)}")
        raise typer.Exit(1)


@visits_app.command("round")
def round_of_batch(
    batch: Batch,
    teams: Annotated[Path, typer.Argument(metavar="TEAMS", help="TOML: speed_kmh, and a table for each team.")],
    places: Annotated[Path, typer.Argument(metavar="PLACES", help="CSV of where borrowers live, in degrees.")],
    settings: Settings,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="CSV of the round.")] = Path("round.csv"),
    ways: Annotated[
        Path | None, typer.Option("--travel", metavar="FILE", help="CSV of minutes between places: from, to, minutes.")
    ] = None,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Put the open sheets of a team's day in the order of its round, before they are handed out.

    Exit code 1 where some fit into no round, or nobody knows where they are; they lie behind the others.
    """
    from duecourse import printing
    from duecourse.endings.visit import files, sheets
    from duecourse.endings.visit.rounds import rounds

    with _hands(settings, store, strategy, house) as hands:
        batches = hands.shelf("visit").batches
        day = sheets.of_batch(hands.connection, batches, batch, teams, places, ways)
        found = rounds(day.stops, day.teams, day.travel)
        sheets.put_in_order(batches, batch, found, day)
    files.write(found, out)
    for one in found.rounds:
        for number, visit in enumerate(one.visits, 1):
            printing.say(f"{number}. {visit.reference}  {clock(visit.begins)} to {clock(visit.ends)}")
        printing.say(f"{one.team}: leaves {clock(one.leaves)}, is back {clock(one.back)}: {out}")
    for what, left in (("no hour fits", found.left), ("nobody knows where", day.nowhere)):
        if left:
            printing.say(f"{what} for {len(left)}: {', '.join(left)}")
    if found.left or day.nowhere:
        raise typer.Exit(1)


@calls_app.command("list")
def list_calls(
    settings: Settings, store: Store = OUT, strategy: Strategy = None, house: House = None, as_json: Json = False
) -> None:
    """List the calls of the plan that may be made now, in their order; the gate judges each when it is made."""
    from duecourse import printing
    from duecourse.day.calling import waiting

    with _hands(settings, store, strategy, house) as hands:
        rows = waiting(hands.connection, hands.name_of("voice"), hands.now())
    if as_json:
        typer.echo(json.dumps({"calls": [asdict(row) | {"closes_at": row.closes_at.isoformat()} for row in rows]}))
        return
    table = printing.grid("borrower", "loans", "treatment", "until", words=(0, 1, 2, 3))
    for row in rows:
        table.add_row(row.borrower_id, " ".join(row.loans), row.treatment, f"{row.closes_at:%Y-%m-%d %H:%M}Z")
    printing.show(table)


@calls_app.command()
def call(
    agent: Annotated[str, typer.Option("--agent", envvar="DUECOURSE_USER", help="The agent: the id of their phone.")],
    caller: Annotated[str, typer.Option("--name", help="By which name the agent introduces themselves.")],
    settings: Settings,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Place the next call that may be made: it is judged now. Shows its script, and the number where no machine dials.

    Exit code 1 where it could not be placed.
    """
    from duecourse import printing
    from duecourse.channels.transport import Fate

    with _hands(settings, store, strategy, house) as hands:
        placed, refused = hands.calls(agent, caller).next()
    if refused:
        printing.say(f"{refused} were refused on the way")
    if placed is None:
        printing.say("no call may be made now")
        return
    if placed.result.fate is Fate.LEFT:
        printing.say(f"call {placed.reference}: {placed.number}")
        printing.say(placed.script)
        printing.say(f"tell its end: `duecourse day outcome {placed.reference} conversation --by {agent} ...`")
        return
    printing.say(f"call {placed.reference}: {placed.result.fate.replace('_', ' ')}: {placed.result.why}", "bold")
    raise typer.Exit(1)


def outcome(
    reference: Annotated[str, typer.Argument(help="As the paper or the call shows it: 1f0c-83ab-99d2.")],
    word: Annotated[str, typer.Argument(help="How it ended; of a letter, why it came back.")],
    settings: Settings,
    at: Annotated[str, typer.Option("--at", help="When, with its zone: 2026-11-20T17:05+01:00; now by default.")] = "",
    by: Annotated[str, typer.Option("--by", envvar="DUECOURSE_USER", help="Who called: an id.")] = "",
    recording: Annotated[str, typer.Option(help="The reference of the recording, of a visit.")] = "",
    said: Annotated[
        str, typer.Option(help="What was said: stop, dispute, hardship, promise, ...; several by blanks.")
    ] = "",
    pay_on: Annotated[str, typer.Option(help="The day of a promise, YYYY-MM-DD.")] = "",
    amount: Annotated[str, typer.Option(help="The amount of a promise, in minor units.")] = "",
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Tell how one call or visit ended, or that a letter came back; the same again changes nothing."""
    from duecourse import printing
    from duecourse.day.outcomes import told

    one = told(
        {
            "reference": reference, "outcome": word, "at": at or _now().isoformat(timespec="seconds"), "by": by,
            "recording": recording, "said": said, "pay_on": pay_on, "amount": amount,
        }
    )  # fmt: skip
    with _hands(settings, store, strategy, house) as hands:
        new = hands.outcomes().take(one)
    printing.say(f"{reference}: {word} is taken in" if new else f"{reference}: was told before: nothing changes")


def outcomes(
    file: Annotated[Path, typer.Argument(help="CSV: reference, outcome, at; by, recording, said, pay_on, amount.")],
    settings: Settings,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """Take in a file of outcomes, of calls, visits and letters; what is known changes nothing.

    Exit code 1 when rows could not be taken: they are named, and come in once they are mended.
    """
    from duecourse import printing
    from duecourse.day.outcomes import Bad, read

    rows = read(file)
    new, known, bad = 0, 0, []
    with _hands(settings, store, strategy, house) as hands:
        register = hands.outcomes()
        for row in rows:
            if isinstance(row, Bad):
                bad.append(row)
                continue
            try:
                is_new = register.take(row[1])
            except DueCourseError as error:
                bad.append(Bad(row[0], str(error)))
                continue
            new, known = new + is_new, known + (not is_new)
    if as_json:
        typer.echo(json.dumps({"new": new, "known": known, "bad": [asdict(one) for one in bad]}))
    else:
        printing.say(f"{new:,} outcomes are new, {known:,} were known")
        for one in bad:
            printing.say(f"{file}:{one.line}: {one.why}", "bold")
    if bad:
        raise typer.Exit(1)


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _hands(settings: Path, store: Path, strategy: Path | None, house: Path | None) -> "Iterator[Hands]":
    """Open what people need, with the clock of the day."""
    from duecourse.day.hands import opened
    from duecourse.day.settings import read
    from duecourse.night.facts import CATALOGUE
    from duecourse.night.run import Options, rulebooks
    from duecourse.store.place import Place
    from duecourse.strategy.load import load

    law, rules = rulebooks(Options(house=house)), load(strategy, CATALOGUE.kinds)
    with opened(Place.of(store), read(settings), rules, law, _now) as hands:
        yield hands


def _closed(hands: "Hands", kind: str, batch: str) -> None:
    """Close a batch, and say what is in it and what was left out."""
    from duecourse import printing

    shelf = hands.shelf(kind)
    done = shelf.close(batch, hands.now())
    for reference, why in done.left_out:
        printing.say(f"{reference}: left out: {why}")
    where = f" are in {shelf.batches.folder / batch / 'print.pdf'}" if done.pieces else ": nothing to print"
    printing.say(f"{batch}: {done.pieces:,} documents, {done.pages:,} pages{where}")


def _pull(places: "Sequence[InStack]") -> None:
    """Name what must be pulled from a stack."""
    from duecourse import printing

    if not places:
        printing.say("nothing is to be pulled")
        return
    table = printing.grid("pull", "pages", "reference", "why", words=(2, 3))
    for one in places:
        pages = f"{one.first_page}" if one.first_page == one.last_page else f"{one.first_page}-{one.last_page}"
        table.add_row(f"no. {one.number}", pages, one.reference, one.why)
    printing.show(table)


def _listed(rows: Sequence[Any], *, as_json: bool) -> None:
    from duecourse import printing

    if as_json:
        typer.echo(json.dumps({"batches": [asdict(row) for row in rows]}))
        return
    table = printing.grid("batch", "", "documents", "pulled", words=(0, 1))
    for row in rows:
        state = "posted" if row.is_posted else "closed" if row.is_closed else "open"
        table.add_row(row.batch, state, f"{row.pieces:,}", f"{row.pulled:,}")
    printing.show(table)


def _numbers(file: Path) -> dict[str, str]:
    """Read the numbers of registered letters by reference; DueCourseError of one line where it is no such file."""
    try:
        reader = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline=""), strict=True)
        if set(reader.fieldnames or ()) != {"reference", "number"}:
            raise DueCourseError(f"{file}:1: has not the columns reference, number: mend the file")
        return {row["reference"].strip().lower(): row["number"].strip() for row in reader}
    except (UnicodeDecodeError, csv.Error, AttributeError):
        raise DueCourseError(f"{file}: is no CSV in UTF-8: save it as that") from None
    except OSError as error:
        raise DueCourseError(f"{file}: cannot be read: {error.strerror}") from None
