"""The commands of settling: `settle offers | letters | list`."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from duecourse.cli_options import OUT, House, Json, Settings, Store, Strategy

settle_app = typer.Typer(
    help="Settling: offers to take less for all of a debt, and how they end.", no_args_is_help=True
)

By = Annotated[str, typer.Option("--by", envvar="DUECOURSE_USER", metavar="USER", help="Who does this: an id.")]
_LIST = """
SELECT s.settlement_id, s.loan_id, s.state, s.amount, s.owed, s.currency, s.offered_on, s.pay_by, s.forgiven,
    coalesce((SELECT sum(p.amount) FROM payments p WHERE p.borrower_no = s.borrower_no AND p.loan_id = s.loan_id
        AND p.reverses IS NULL AND p.paid_on BETWEEN s.offered_on AND s.pay_by AND NOT EXISTS (
            SELECT FROM payments r WHERE r.borrower_no = p.borrower_no AND r.reverses = p.payment_id)), 0)::bigint
FROM settlement s ORDER BY s.id"""
_NAMES = (
    "settlement", "loan", "state", "amount", "owed_then", "currency", "offered_on", "pay_by", "forgiven", "came",
)  # fmt: skip


@settle_app.command()
def offers(
    by: By,
    days: Annotated[int, typer.Option(min=1, max=365, help="Days within which to pay.")] = 14,
    store: Store = OUT,
    strategy: Strategy = None,
    as_json: Json = False,
) -> None:
    """Offer to each borrower with whom the plan would settle: in force within your authority, else once granted.

    Exit code 1 where some could not be offered: they are named.
    """
    from duecourse import printing
    from duecourse.day.in_force import zone_of
    from duecourse.day.waiving import Waiving
    from duecourse.endings.settle.offering import offer_planned, terms_of
    from duecourse.night.facts import CATALOGUE
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place
    from duecourse.strategy.load import load

    place, at = Place.of(store), datetime.now(UTC)
    terms = terms_of(load(strategy, CATALOGUE.kinds), days)
    with place.connected() as connection:
        on = at.astimezone(ZoneInfo(zone_of(connection))).date()
        waiving = Waiving(connection, Keyring.read(place.keys))
        found = offer_planned(connection, waiving, by, (at, on), terms)
    failed = [one for one in found if one.why]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found]))
    else:
        printing.say(f"{len(found) - len(failed):,} offers, {len(failed):,} not offered")
        for one in failed:
            printing.say(f"loan {one.loan_id}: {one.why}", "bold")
    if failed:
        raise typer.Exit(1)


@settle_app.command()
def letters(settings: Settings, store: Store = OUT, strategy: Strategy = None, house: House = None) -> None:
    """Release the letter of each offer in force that was not told yet; the gate judges each.

    Exit code 1 where some were refused.
    """
    from duecourse import printing
    from duecourse.day.hands import opened
    from duecourse.day.settings import read
    from duecourse.endings.settle.offering import letters as release
    from duecourse.night.facts import CATALOGUE
    from duecourse.night.run import Options, rulebooks
    from duecourse.store.place import Place
    from duecourse.strategy.load import load

    at = datetime.now(UTC)
    law, rules = rulebooks(Options(house=house)), load(strategy, CATALOGUE.kinds)
    with opened(Place.of(store), read(settings), rules, law, lambda: at) as hands:
        on = at.astimezone(ZoneInfo(hands.zone)).date()
        found = release(hands.connection, hands.gate, rules, at, on)
    refused = [one for one in found if not one.is_permitted]
    printing.say(f"{len(found) - len(refused):,} letters are released, {len(refused):,} refused")
    for one in refused:
        printing.say(f"loans {' '.join(one.asked.loans)}: {', '.join(one.reasons)}", "bold")
    if refused:
        raise typer.Exit(1)


@settle_app.command("list")
def list_settlements(store: Store = OUT, as_json: Json = False) -> None:
    """List all offers: what was offered when, what came, how it ended, and what was forgiven. Minor units."""
    from duecourse import printing
    from duecourse.store.place import Place

    with Place.of(store).connected() as connection:
        rows = [dict(zip(_NAMES, row, strict=True)) for row in connection.execute(_LIST.encode()).fetchall()]
    if as_json:
        typer.echo(json.dumps(rows, default=str))
        return
    table = printing.grid(*(name.replace("_", " ") for name in _NAMES), words=(0, 1, 2, 5, 6, 7))
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    printing.show(table)
