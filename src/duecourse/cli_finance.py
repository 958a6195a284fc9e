"""The command for the general ledger: `finance export`."""

import json
from contextlib import ExitStack
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from duecourse import cli_days
from duecourse.cli_options import House, Json, Strategy

finance_app = typer.Typer(help="For finance: what moved on a day, as journals that balance.", no_args_is_help=True)


@finance_app.callback()
def _finance() -> None:
    """For finance: what moved on a day, as journals that balance."""


@finance_app.command()
def export(
    book: Annotated[Path, typer.Argument(metavar="MAPPING", help="The book's mapping (TOML).")],
    on: Annotated[date, typer.Option("--on", parser=cli_days.day, metavar="DATE", help="The day, YYYY-MM-DD.")],
    accounts: Annotated[Path, typer.Option("--accounts", help="Which account each side is posted to (TOML).")],
    out: Annotated[Path, typer.Option("--out", help="Folder; the day's files go into one of its name.")] = Path(
        "out/finance"
    ),
    store: Annotated[
        Path | None, typer.Option("--store", envvar="DUECOURSE_STORE", help="Store with what the day recorded.")
    ] = None,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """Write every loan's movements of a day as balanced journals (CSV, JSON lines), and show the trial balance.

    The same day exported again has the same journals, to the byte, as long as what was recorded by its end is the same.
    """
    from duecourse import printing
    from duecourse.book.beside import book_with
    from duecourse.book.load import load
    from duecourse.day.recorded import recorded
    from duecourse.finance import exporting
    from duecourse.finance.accounts import load as load_accounts
    from duecourse.finance.happening import cash, happened
    from duecourse.finance.movements import moved
    from duecourse.night.facts import CATALOGUE
    from duecourse.night.run import Options
    from duecourse.store.place import Place
    from duecourse.strategy.load import load as load_strategy

    chart, rules, options = load_accounts(accounts), load_strategy(strategy, CATALOGUE.kinds), Options(house=house)
    out.mkdir(parents=True, exist_ok=True)
    whole = load(book, None, out, threads=options.threads, memory=options.memory)
    with ExitStack() as opened:
        told = exporting.Told()
        if store is not None:
            place = Place.of(store)
            rows = recorded(place.url())
            whole = opened.enter_context(book_with(whole, rows, threads=options.threads, memory=options.memory))
            connection = opened.enter_context(place.connected())
            told = exporting.Told(happened(connection, on, whole.zone), cash(connection, on))
        done = exporting.export(moved(whole, rules, on, options, out), told, chart, on, out)
    if as_json:
        totals = [asdict(one) for one in done.totals]
        typer.echo(
            json.dumps({"folder": str(done.folder), "loans": done.loans, "journals": done.journals, "totals": totals})
        )
        return
    table = printing.grid("account", "", "", "debit", "credit", words=(0, 1, 2))
    for one in done.totals:
        table.add_row(one.account, one.name, one.currency, f"{one.debit:,}", f"{one.credit:,}")
    printing.show(table)
    for currency, (debit, credit) in sorted(done.balanced.items()):
        printing.say(f"{currency}: debits {debit:,}, credits {credit:,}: balanced")
    printing.say(f"{done.journals:,} journals of {done.loans:,} loans: {done.folder}")
