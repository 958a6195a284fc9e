"""The commands about money: `payments import | unmatched | match`, `debits mandates | write | returns`, `agreed`."""

import csv
import io
import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from duecourse import cli_days
from duecourse.cli_options import OUT, Json, Store
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from duecourse.day.gate import Gate
    from duecourse.day.money.when import When
    from duecourse.store.keys import Keyring

payments_app = typer.Typer(help="Money that came in: banks' files, and what nobody knew.", no_args_is_help=True)
debits_app = typer.Typer(help="Direct debits: mandates, files for the bank, and what it says.", no_args_is_help=True)

By = Annotated[str, typer.Option("--by", metavar="USER", help="Who does this: an id, never a name.")]
BankFile = Annotated[Path, typer.Argument(help="The file, as the bank gave it.")]
_MANDATE: Final = ("borrower_id", "mandate_id", "signed_on", "loan_id", "name", "iban", "bic", "scheme", "one_off")


@payments_app.command("import")
def import_(
    file: BankFile,
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", help="How a CSV of your own is read (TOML); else it is a bank's.")
    ] = None,
    by: By = "bank",
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Take a bank's statement or notice (camt.053, camt.054), or a CSV of your own; what is known is not taken again.

    Exit code 1 when rows of a CSV could not be taken: they are named, and come in once they are mended.
    """
    from duecourse.day.money.taking import File, take
    from duecourse.day.payments.csv_mapping import read_mapping

    read = read_mapping(mapping.read_bytes(), str(mapping)) if mapping else None
    connection, ring, when = _open(store, by)
    with connection:
        found = take(connection, ring, File(file.read_bytes(), str(file), read), when)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        from duecourse import printing

        printing.say(f"{found.new:,} entries are new, {found.known:,} were known, {found.not_booked:,} are not booked")
        for state, number in found.settled.items():
            printing.say(f"{number:,} {state}")
        for bad in found.bad:
            printing.say(f"{file}:{bad.line}: {bad.column} {bad.reason}", "bold")
        for entry_id in found.differing:
            printing.say(f"entry {entry_id} is known with another day, amount or currency: not taken", "bold")
    if found.bad or found.differing:
        raise typer.Exit(1)


@payments_app.command()
def unmatched(
    words: Annotated[bool, typer.Option("--words", help="Show also who paid, and their words: personal.")] = False,
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """List the entries that nobody knew, the oldest first, each with the reason."""
    from duecourse import printing
    from duecourse.day.money.by_hand import waiting

    connection, ring, _ = _open(store, "cli")
    with connection:
        rows = [_shown(one, words=words) for one in waiting(connection, ring)]
    if as_json:
        typer.echo(json.dumps({"unmatched": rows}))
        return
    table = printing.grid("entry", "booked", "amount", "", "reason", "who and what", words=(0, 3, 4, 5))
    for row in rows:
        said = " · ".join([row.get("payer") or "", *row.get("words", ())]).strip(" ·")
        table.add_row(
            row["entry_id"], row["booked_on"], _money(row), row["currency"], row["reason"], said
        )  # fmt: skip
    printing.show(table)


@payments_app.command()
def match(
    entry: Annotated[str, typer.Argument(help="The entry, as `payments unmatched` names it.")],
    loan: Annotated[str, typer.Argument(help="The loan, as the lender names it.")],
    by: By,
    store: Store = OUT,
) -> None:
    """Make an entry that nobody knew a payment for a loan, or take one of its payments back."""
    from duecourse import printing
    from duecourse.day.money.by_hand import match as match_one

    connection, ring, when = _open(store, by)
    with connection:
        match_one(connection, ring, entry, loan, when)
    printing.say(f"entry {entry} is matched to loan {loan}")


@debits_app.command()
def mandates(
    file: Annotated[Path, typer.Argument(help=f"CSV with the columns {', '.join(_MANDATE)}.")],
    by: By,
    store: Store = OUT,
) -> None:
    """Keep mandates that borrowers have given; those that are known stay as they are; all or none."""
    from duecourse import printing
    from duecourse.day.money.mandates import add_all

    some = _mandates(file)
    connection, ring, when = _open(store, by)
    with connection:
        added = add_all(connection, ring, some, when)
    printing.say(f"{added:,} mandates are new")


@debits_app.command()
def write(
    creditor: Annotated[Path, typer.Argument(help="Whose account (TOML): name, iban, creditor_id, bic.")],
    on: Annotated[
        date, typer.Option("--collect-on", parser=cli_days.day, metavar="DATE", help="Day of collection, YYYY-MM-DD.")
    ],
    by: By,
    out: Annotated[Path, typer.Option(help="Folder for the files of debits (pain.008).")] = Path("out/debits"),
    house: Annotated[Path | None, typer.Option(help="House rulebook (YAML) on top of the law.")] = None,
    strategy: Annotated[Path | None, typer.Option(help="Strategy file (YAML); by default the packaged one.")] = None,
    store: Store = OUT,
) -> None:
    """Debit what is due from those who gave leave, where the law permits it: files for the bank, each debit once.

    Files of orders that an earlier run has not written, because it was broken off, are written first.
    """
    from duecourse import printing
    from duecourse.day.money import ordering

    whose = ordering.creditor_of(creditor.read_bytes(), str(creditor))
    connection, ring, when = _open(store, by)
    with connection:
        gate = _gate(connection, ring, house, strategy)
        for message_id in ordering.unwritten(connection):
            _save(connection, ring, whose, message_id, out, when)
        after: int | None = 0
        while after is not None:
            made = ordering.order(connection, ring, gate, ordering.Wanted(whose, on), when, after)
            if made.message_id:
                path = _save(connection, ring, whose, made.message_id, out, when)
                printing.say(f"{made.debits:,} debits are in {path}")
            if made.refused:
                printing.say(f"{made.refused:,} were refused")
            after = made.last


@debits_app.command()
def returns(file: BankFile, by: By = "bank", store: Store = OUT) -> None:
    """Take the bank's report about a file of debits (pain.002). Debits that come back later stand in its statements."""
    from duecourse import printing
    from duecourse.day.money.returned import take

    connection, ring, when = _open(store, by)
    with connection:
        found = take(connection, ring, file.read_bytes(), str(file), when)
    printing.say(f"order {found.message_id}: {found.rejected:,} debits rejected, {found.known:,} were known")


@payments_app.command()
def agreed(
    grace_days: Annotated[int, typer.Option(min=0, help="Days after each due date.")] = 3,
    by: By = "day",
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Note which arrangements are broken by today, and count how promises stand. For once a day."""
    from collections import Counter

    from duecourse import printing
    from duecourse.day.money.agreed import note_broken
    from duecourse.day.money.promised import standings

    connection, ring, when = _open(store, by)
    with connection:
        broken = note_broken(connection, ring, when, grace_days)
        judged = [one for _, found in standings(connection, when.on, grace_days) for one in found.standings]
    counts = {str(kept): number for kept, number in sorted(Counter(one.kept for one in judged).items())}
    if as_json:
        typer.echo(json.dumps({"broken": broken, "promises": counts}))
        return
    printing.say(f"{len(broken):,} arrangements are broken: {', '.join(broken) or 'none'}")
    for kept, number in counts.items():
        printing.say(f"{number:,} promises {kept}")


def _open(store: Path, by: str) -> "tuple[Connection[TupleRow], Keyring, When]":
    """Connect to a store; the moment is now."""
    from duecourse.day.money.when import when
    from duecourse.store import orm
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place

    place = Place.of(store)
    orm.connect(place)
    connection = place.connected()
    connection.autocommit = True
    return connection, Keyring.read(place.keys), when(connection, datetime.now(UTC), by)


def _gate(connection: "Connection[TupleRow]", ring: "Keyring", house: Path | None, strategy: Path | None) -> "Gate":
    """Open the gate for acts without words."""
    from duecourse.day.gate import Gate
    from duecourse.day.in_force import zone_of
    from duecourse.law.house import with_house
    from duecourse.law.kept import law_of, users_folder
    from duecourse.night.facts import CATALOGUE
    from duecourse.strategy.load import load

    def compose(*_: object) -> Any:
        raise DueCourseError("a debit has no words: the file says what it is")

    law = with_house(house) if house else law_of((), users_folder())
    rules = load(strategy, CATALOGUE.kinds)
    return Gate(connection, ring, law, rules, compose, zone_of(connection), timedelta(minutes=1))


def _save(
    connection: "Connection[TupleRow]", ring: "Keyring", creditor: Any, message_id: str, out: Path, when: "When"
) -> Path:
    """Write the file of an order, whole or not at all, and note that it is there."""
    from duecourse.day.money import ordering
    from duecourse.kernel.files import written_beside

    made = ordering.content(connection, ring, creditor, message_id)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{message_id}.xml"
    with written_beside(path, lasting=True) as beside:
        beside.touch(mode=0o600)
        beside.write_bytes(made)
    ordering.written(connection, message_id, when.at)
    return path


def _shown(one: Any, *, words: bool) -> dict[str, Any]:
    """Return an entry as it is listed; who paid, and their words, only where they are asked for."""
    entry = one.entry
    row = {
        "entry_id": one.entry_id, "booked_on": str(entry.booked_on), "amount": entry.signed,
        "currency": entry.currency, "reason": one.reason or one.state,
    }  # fmt: skip
    return row | {"payer": entry.debtor_name, "words": [*entry.structured, *entry.unstructured]} if words else row


def _money(row: dict[str, Any]) -> str:
    """Return an amount as people read it."""
    from duecourse.day.payments.amounts import decimal_text

    sign = "-" if row["amount"] < 0 else ""
    return sign + decimal_text(abs(row["amount"]), row["currency"])


def _mandates(file: Path) -> list[Any]:
    """Read a file of mandates; DueCourseError names the line that is none."""
    line = 1
    try:
        reader = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline=""), strict=True)
        if set(reader.fieldnames or ()) != set(_MANDATE):
            raise DueCourseError(f"{file}:1: has not the columns {', '.join(_MANDATE)}: mend the file")
        some = []
        for row in reader:
            line = reader.line_num
            some.append(_mandate(row))
    except (ValueError, AttributeError, csv.Error):
        raise DueCourseError(f"{file}:{line}: is no mandate, or no CSV in UTF-8: mend the row") from None
    return some


def _mandate(row: dict[str, str]) -> Any:
    """Read a row of a file of mandates; ValueError for one that is none."""
    from duecourse.day.money.mandates import New
    from duecourse.day.payments.debits import Scheme

    told = {name: value.strip() for name, value in row.items()}
    if told["one_off"] not in {"", "yes", "no"}:
        raise ValueError("one_off")
    return New(
        borrower_id=told["borrower_id"],
        mandate_id=told["mandate_id"],
        signed_on=date.fromisoformat(told["signed_on"]),
        loan_id=told["loan_id"] or None,
        debtor_name=told["name"],
        iban=told["iban"],
        bic=told["bic"] or None,
        scheme=Scheme(told["scheme"] or "CORE"),
        is_one_off=told["one_off"] == "yes",
    )
