"""The commands of selling: `sale build | tape | bid | close | hand-over | notices | put-back | cash | title` ..."""

import csv
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from duecourse.cli_ending import By, Workers, office, who
from duecourse.cli_options import OUT, House, Json, Store, Strategy
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duecourse.endings.many import Office, Opened
    from duecourse.endings.sale.closing import Closed
    from duecourse.endings.sale.portfolio import Portfolio

sale_app = typer.Typer(help="Selling: portfolios, their tape, their close, and what comes back.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The portfolio.")]
Loans = Annotated[list[str] | None, typer.Option("--loan", help="A loan; once for each.")]
LoansFile = Annotated[Path | None, typer.Option("--loans", metavar="FILE", help="A loan in each line.")]
Folder = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the files go.")]


@sale_app.command()
def build(
    file: Annotated[Path, typer.Argument(help="What is agreed (TOML): see docs/operating/sales.md.")],
    by: By,
    out: Folder,
    loan: Loans = None,
    loans: LoansFile = None,
    every: Annotated[bool, typer.Option("--all", help="All that the plan in force would sell.")] = False,
    workers: Workers = 1,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Decide which debts are in a portfolio; those that may not be are in excluded.csv, with the reasons."""
    from duecourse import printing
    from duecourse.endings.sale import building, portfolio
    from duecourse.store.endings import Kind

    named = _named(loan, loans)
    if every == bool(named):
        raise DueCourseError(
            "which debts? name them with --loan or --loans FILE, or take --all that the plan would sell"
        )
    agreed = portfolio.read_file(file)
    with office(store, strategy, house) as (place, opened):
        portfolio.make(opened.connection, agreed, who(opened, by))
        deciding = opened.deciding
        wanted = deciding.proposed(Kind.SALE) if every else deciding.wanted(named)
        built = building.build(place, agreed, wanted, who(opened, by), workers)
    out.mkdir(parents=True, exist_ok=True)
    with (out / "excluded.csv").open("w", encoding="utf-8", newline="") as excluded:
        rows = [(one.loan_id, " ".join(one.reasons)) for one in built.excluded]
        csv.writer(excluded).writerows([("loan_id", "reasons"), *rows])
    printing.say(
        f"{agreed.name}: {len(built.chosen):,} debts, {len(built.excluded):,} excluded: {out / 'excluded.csv'}"
    )


@sale_app.command()
def tape(
    name: Name, by: By, out: Folder, workers: Workers = 1, store: Store = OUT, strategy: Strategy = None,
    house: House = None,
) -> None:  # fmt: skip
    """Put the debts of a portfolio on its tape, as they stand now, and write it: Parquet, CSV and a workbook."""
    from duecourse import printing
    from duecourse.endings.sale import tape as tapes

    with _portfolio(name, store, strategy, house) as (place, opened, found):
        new = tapes.offer(place, found, who(opened, by), workers)
        hashes = tapes.write(opened.connection, found, out)
    printing.say(f"{name}: {new:,} debts are new on the tape; {', '.join(sorted(hashes))} are in {out}")


@sale_app.command()
def bid(
    name: Name,
    bidder: Annotated[str, typer.Argument(help="Who bids, by a pseudonym.")],
    price_ppm: Annotated[int, typer.Argument(help="Parts per million of what is owed.")],
    by: By,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Note a bid, and show all, the highest first."""
    from duecourse import printing
    from duecourse.endings.sale import portfolio

    with _portfolio(name, store, strategy, house) as (_, opened, found):
        portfolio.bid(opened.connection, found, bidder, price_ppm, who(opened, by))
        rows = portfolio.bids(opened.connection, name)
    table = printing.grid("bidder", "ppm", words=(0,))
    for row in rows:
        table.add_row(row[0], f"{row[1]:,}")
    printing.show(table)


@sale_app.command()
def close(
    name: Name, by: By, workers: Workers = 1, store: Store = OUT, strategy: Strategy = None, house: House = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Settle a sale on what each debt owes now; what may not be sold any more is declined.

    Exit code 1 where debts wait for a review: close it again once that is answered.
    """
    from duecourse.endings.sale import closing

    with _portfolio(name, store, strategy, house) as (place, opened, found):
        done = closing.close(place, found, who(opened, by), workers)
    _tell(found, done, as_json=as_json)
    if done.waiting:
        raise typer.Exit(1)


@sale_app.command()
def hand_over(
    name: Name, out: Folder, workers: Workers = 1, store: Store = OUT, strategy: Strategy = None, house: House = None
) -> None:
    """Write what the buyer gets: who owes each debt, and what was agreed with them. Names are in these files alone."""
    from duecourse import printing
    from duecourse.endings.sale import handing

    with _portfolio(name, store, strategy, house) as (place, _, found):
        count = handing.hand_over(place, found, out, workers)
    printing.say(f"{name}: {count:,} debts are in {out / 'buyer.csv'} and {out / 'obligations.jsonl'}: keep them safe")


@sale_app.command()
def notices(name: Name, by: By, store: Store = OUT, strategy: Strategy = None, house: House = None) -> None:
    """Plan the letters that tell borrowers who owns their debts; `duecourse day run` releases them through the gate."""
    from duecourse import printing
    from duecourse.endings.sale import handing

    with _portfolio(name, store, strategy, house) as (_, opened, found):
        count = handing.notices(opened.connection, found, who(opened, by).at)
    printing.say(f"{name}: {count:,} letters are planned")


@sale_app.command()
def put_back(
    name: Name,
    reason: Annotated[str, typer.Argument(help="Why: paid_before, balance_wrong, bankrupt_before, ...")],
    by: By,
    loan: Loans = None,
    loans: LoansFile = None,
    workers: Workers = 1,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Take debts back at the price that was paid, for a reason that the contract knows."""
    from duecourse import printing
    from duecourse.endings.sale import back

    with _portfolio(name, store, strategy, house) as (place, opened, found):
        repaid = back.put_back(place, found, _named(loan, loans), reason, who(opened, by), workers)
    printing.say(f"{name}: {repaid:,} {found.currency} (minor units) are repaid")


@sale_app.command()
def buy_back(
    name: Name,
    why: Annotated[str, typer.Argument(help="Why, in words.")],
    by: By,
    loan: Loans = None,
    loans: LoansFile = None,
    workers: Workers = 1,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Buy debts back at the price that was paid for them."""
    from duecourse import printing
    from duecourse.endings.sale import back

    with _portfolio(name, store, strategy, house) as (place, opened, found):
        repaid = back.buy_back(place, found, _named(loan, loans), why, who(opened, by), workers)
    printing.say(f"{name}: {repaid:,} {found.currency} (minor units) are repaid")


@sale_app.command()
def cash(
    name: Name,
    by: By = "",
    reference: Annotated[str, typer.Option(help="The bank's reference of money that passed.")] = "",
    amount: Annotated[int, typer.Option(help="How much, minor units; below zero where it went to the buyer.")] = 0,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """Show the money of a sale to the minor unit, and with --reference note some. Exit code 1 while any is open."""
    from duecourse import printing
    from duecourse.endings.sale import cash as money

    with _portfolio(name, store, strategy, house) as (_, opened, found):
        if reference or amount:
            money.note(opened.connection, found, reference, amount, who(opened, by))
        now = money.cash(opened.connection, found)
    forward = sum(one.amount for one in now.to_forward)
    rows = {"price": now.price, "repaid": now.repaid, "to_forward": forward, "came": now.came, "open": now.open}
    if as_json:
        paid = [vars(one) for one in now.to_forward]
        typer.echo(json.dumps({"currency": found.currency, **rows, "payments": paid}, default=str))
    else:
        table = printing.grid("", found.currency, words=(0,))
        for row, value in rows.items():
            table.add_row(row.replace("_", " "), f"{value:,}")
        printing.show(table)
    if now.open:
        raise typer.Exit(1)


@sale_app.command()
def title(loan: Annotated[str, typer.Argument(help="The loan, as the lender names it.")], store: Store = OUT) -> None:
    """Show who has owned a debt, step by step. Exit code 1 where a step is not what the audit chain has sealed."""
    from duecourse import printing
    from duecourse.endings.sale.title import title as chain_of
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place

    place = Place.of(store)
    with place.connected() as connection:
        steps = chain_of(connection, Keyring.read(place.keys), loan)
    table = printing.grid("on", "step", "owner", "price", "sealed", words=(0, 1, 2, 4))
    for one in steps:
        price = "-" if one.price is None else f"{one.price:,}"
        table.add_row(str(one.on), one.state, one.owner or "the lender", price, "yes" if one.is_sealed else "NO")
    printing.show(table)
    if not all(one.is_sealed for one in steps):
        raise typer.Exit(1)


@contextmanager
def _portfolio(
    name: str, store: Path, strategy: Path | None, house: Path | None
) -> "Iterator[tuple[Office, Opened, Portfolio]]":
    from duecourse.endings.sale import portfolio

    with office(store, strategy, house) as (place, opened):
        yield place, opened, portfolio.find(opened.connection, name)


def _named(loans: list[str] | None, file: Path | None) -> list[str]:
    """Return the loans that are named on the line or in a file."""
    if file is None:
        return loans or []
    try:
        lines = file.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise DueCourseError(f"{file}: cannot be read: {error}") from None
    return [*(loans or []), *lines]


def _tell(found: "Portfolio", done: "Closed", *, as_json: bool) -> None:
    from duecourse import printing

    told: dict[str, Any] = vars(done)
    if as_json:
        typer.echo(json.dumps({"portfolio": found.name, "currency": found.currency, **told}))
        return
    printing.say(
        f"{found.name}: {done.debts:,} debts are sold that owe {done.owed:,}, for {done.price:,} {found.currency}"
        f" (minor units); {len(done.declined):,} are declined, {len(done.waiting):,} wait for a review"
    )
    for loan, why in list(done.declined.items())[:20]:
        printing.say(f"  loan {loan}: {why}")
