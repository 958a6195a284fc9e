"""The commands of rewards for paying on time: `reward work-out | apply | announce | report | show`."""

import csv
import json
import re
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from duecourse import cli_days
from duecourse.cli_options import OUT, House, Json, Settings, Store, Strategy
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duecourse.rewards.gathering import Look
    from duecourse.rewards.working import Income
    from duecourse.store.place import Place

reward_app = typer.Typer(help="Rewards for paying on time: earned, applied, told.", no_args_is_help=True)

Book = Annotated[Path, typer.Argument(metavar="MAPPING", help="The book's mapping (TOML).")]
On = Annotated[date, typer.Option("--on", parser=cli_days.day, metavar="DATE", help="Business date, YYYY-MM-DD.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the loaded book and for files.")]
RulesFile = Annotated[Path, typer.Option("--rules", help="The rules of rewards (YAML).")]
By = Annotated[str, typer.Option("--by", envvar="DUECOURSE_USER", metavar="USER", help="Who does this: an id.")]
_OUT: Final = Path("out/rewards")
_INCOMES: Final = ("borrower_id", "amount", "currency", "verified_on")
_SPENDING: Final = "spending"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_SHOW: Final = """
SELECT rule, kind, at_number, state, worked_out_on, run, applied_on, applied_by, announced_at::date, details
FROM reward WHERE loan_id = %s ORDER BY id"""


@reward_app.command("work-out")
def work_out(
    book: Book,
    on: On,
    rules: RulesFile,
    incomes: Annotated[
        Path | None, typer.Option(help=f"CSV with the columns {', '.join(_INCOMES)}: a month's, minor units.")
    ] = None,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    out: Out = _OUT,
    as_json: Json = False,
) -> None:
    """Work out who has earned what, over the book and what the store has recorded, and keep it to be applied."""
    from duecourse import printing
    from duecourse.rewards import granting
    from duecourse.rewards.rules import load

    read_rules, known = load(rules), _incomes(incomes) if incomes else {}
    with _looked(book, on, store, strategy, house, out) as (place, look), place.connected() as connection:
        found = granting.work_out(connection, look, read_rules, known, granting.When(datetime.now(UTC), on))
    if as_json:
        rows = {name: [[*key, count] for key, count in getattr(found, name).items()] for name in ("given", "refused")}
        typer.echo(json.dumps({**rows, "not_in_the_store": found.strangers}))
        return
    table = printing.grid("rule", "", "loans", words=(0, 1))
    for (rule, word), count in [*sorted(found.given.items()), *sorted(found.refused.items())]:
        table.add_row(rule, word, f"{count:,}")
    printing.show(table)
    if found.strangers:
        printing.say(f"{found.strangers:,} are of borrowers that the store does not know: load their people")


@reward_app.command()
def apply(
    by: By,
    run: Annotated[str, typer.Option(help="A name for what is applied together, and for its folder.")],
    out: Out = _OUT,
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Apply what is worked out, and write the files that the lender's core takes in; the same again completes it."""
    from duecourse import printing
    from duecourse.day.in_force import zone_of
    from duecourse.rewards import applying
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place

    if _NAME.fullmatch(run) is None:
        raise DueCourseError(f"--run: '{run}' cannot be a folder's name: use letters, digits, dots and dashes")
    place, at = Place.of(store), datetime.now(UTC)
    with place.connected() as connection:
        on = at.astimezone(ZoneInfo(zone_of(connection))).date()
        done = applying.apply(connection, Keyring.read(place.keys), applying.Order(run, by, at, on))
        files = applying.write(connection, run, out)
    if as_json:
        typer.echo(json.dumps({**asdict(done), "rows": files}))
        return
    printing.say(f"{done.rewards:,} rewards are applied, {done.stale:,} are not fresh: work them out again")
    printing.say(f"{out / run}: " + ", ".join(f"{count:,} {name}" for name, count in files.items()))


@reward_app.command()
def announce(
    settings: Settings,
    rules: RulesFile,
    channel: Annotated[str, typer.Option(help="sms, email, letter or im.")] = "email",
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Tell borrowers what was applied; the gate judges each message. Exit code 1 where some were refused."""
    from duecourse import printing
    from duecourse.day.gate import Gate
    from duecourse.day.in_force import zone_of
    from duecourse.day.settings import read
    from duecourse.night.facts import CATALOGUE
    from duecourse.night.run import Options, rulebooks
    from duecourse.rewards import announcing
    from duecourse.rewards.rules import load as load_rules
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place
    from duecourse.strategy.load import load

    place, plan, words = Place.of(store), load(strategy, CATALOGUE.kinds), read(settings)
    ring = Keyring.read(place.keys)
    compose = announcing.Rewarding(ring, plan, words, load_rules(rules))
    with place.connected() as connection:
        zone = zone_of(connection)
        connection.commit()
        gate = Gate(connection, ring, rulebooks(Options(house=house)), plan, compose, zone, words.valid)
        found = announcing.announce(connection, gate, compose, plan, channel, datetime.now(UTC))
    refused = [one for one in found if not one.is_permitted]
    printing.say(f"{len(found) - len(refused):,} messages are released, {len(refused):,} refused")
    for one in refused[:20]:
        printing.say(f"loans {' '.join(one.asked.loans)}: {', '.join(one.reasons)}", "bold")
    if refused:
        raise typer.Exit(1)


@reward_app.command()
def report(
    book: Book,
    on: On,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    out: Out = _OUT,
    as_json: Json = False,
) -> None:
    """Show what each rule costs, and how much more often its instalments are on time than those of who is held out."""
    from duecourse import printing
    from duecourse.rewards import reporting

    with _looked(book, on, store, strategy, house, out) as (place, look), place.connected() as connection:
        lines = reporting.report(connection, look.records(), on)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in lines]))
        return
    table = printing.grid(
        "rule", "rewards", "promised", "fallen due", "on time", "held out", "effect", "from", "to", words=(0, 2, 3)
    )
    for one in lines:
        between = one.interval or (None, None)
        shares = (one.got.share, one.held_out.share, one.effect, *between)
        cost = (_amounts(one.promised), _amounts(one.fallen_due))
        told = ("-" if share is None else f"{share:.1%}" for share in shares)
        table.add_row(one.rule, f"{one.rewards:,}", *cost, *told)
    printing.show(table)


@reward_app.command()
def show(
    loan: Annotated[str, typer.Argument(help="The loan, as the lender names it.")],
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Show every reward of a loan, with the instalments that it changed."""
    from duecourse import printing
    from duecourse.store.place import Place

    with Place.of(store).connected() as connection:
        rows = connection.execute(_SHOW.encode(), [loan]).fetchall()
    names = ("rule", "kind", "at_number", "state", "worked_out_on", "run", "applied_on", "by", "told_on", "details")
    found: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows]
    if as_json:
        typer.echo(json.dumps(found, default=str))
        return
    if not found:
        printing.say(f"loan {loan} has earned no reward")
    for one in found:
        details = one.pop("details")
        printing.say(
            f"{one['rule']} at instalment {one['at_number']}: {one['state']}, cost {details['cost']:,}", "bold"
        )
        table = printing.grid("number", "due on", "principal", "interest", "fee", "saved", words=(1,))
        for row in details.get("instalments", ()):
            table.add_row(*(str(row[name]) for name in ("number", "due_on", "principal", "interest", "fee", "saved")))
        printing.show(table)


@contextmanager
def _looked(
    book: Path, on: date, store: Path, strategy: Path | None, house: Path | None, out: Path
) -> "Iterator[tuple[Place, Look]]":
    """Look at a book on a day, with what the store has recorded beside it."""
    from duecourse.book.beside import book_with
    from duecourse.book.load import load
    from duecourse.day.recorded import recorded
    from duecourse.night.facts import CATALOGUE
    from duecourse.night.moment import Moment
    from duecourse.night.run import Options
    from duecourse.rewards.gathering import looked_at
    from duecourse.store.place import Place
    from duecourse.strategy.load import load as load_strategy

    out.mkdir(parents=True, exist_ok=True)
    place, options, rules = Place.of(store), Options(house=house), load_strategy(strategy, CATALOGUE.kinds)
    loaded = load(book, None, out, threads=options.threads, memory=options.memory)
    with (
        book_with(loaded, recorded(place.url()), threads=options.threads, memory=options.memory) as whole,
        tempfile.TemporaryDirectory(dir=out) as scratch,
        looked_at(whole, rules, Moment(on), options, Path(scratch)) as look,
    ):
        yield place, look


def _incomes(path: Path) -> "dict[str, Income]":
    """Read incomes by borrower; DueCourseError for a wrong head or row, with its line."""
    from duecourse.rewards.working import Income

    found: dict[str, Income] = {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) not in {_INCOMES, (*_INCOMES, _SPENDING)}:
            raise DueCourseError(
                f"{path}:1: has other columns than {','.join(_INCOMES)}, and {_SPENDING} where it is known: write these"
            )
        for row in reader:
            try:
                amount, verified = int(row["amount"]), date.fromisoformat(row["verified_on"])
                spending = int(row[_SPENDING]) if row.get(_SPENDING) else None
            except (ValueError, TypeError):
                raise DueCourseError(
                    f"{path}:{reader.line_num}: amount is a whole number of minor units (and so is {_SPENDING}), "
                    f"verified_on a day: 2026-01-31"
                ) from None
            found[row["borrower_id"]] = Income(amount, row["currency"], verified, spending)
    return found


def _amounts(by_currency: dict[str, int]) -> str:
    return ", ".join(f"{amount:,} {currency}" for currency, amount in sorted(by_currency.items())) or "-"
