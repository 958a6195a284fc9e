"""The commands of reports to credit bureaux: `furnish notice | run | dispute | correct | delete | due | show`."""

import json
import re
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from duecourse import cli_days
from duecourse.cli_ending import By, Why, Workers, office, who
from duecourse.cli_options import OUT, House, Json, Settings, Store, Strategy
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duecourse.endings.furnish.changes import Changes
    from duecourse.endings.many import Opened
    from duecourse.endings.moving import Ending

furnish_app = typer.Typer(
    help="Reports to credit bureaux: true, disputed where they are, gone in time.", no_args_is_help=True
)
Loan = Annotated[str, typer.Argument(help="The loan, as the lender names it.")]
_RUN: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])(-[0-9]{1,3})?")


@furnish_app.command()
def notice(
    loan: Loan,
    by: By,
    served_on: Annotated[date, typer.Option(parser=cli_days.day, metavar="DATE", help="Day it was sent.")],
    delivered_on: Annotated[
        date | None, typer.Option(parser=cli_days.day, metavar="DATE", help="Day it is known to have arrived.")
    ] = None,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Note that the borrower was told that this loan will be reported. Exit code 1 where that is noted already."""
    from duecourse import printing

    with _changes(store, strategy, house, by) as (changes, _):
        is_new = changes.notice(loan, served_on, delivered_on)
    printing.say(f"loan {loan}: notice of {served_on} is {'noted' if is_new else 'noted already'}")
    if not is_new:
        raise typer.Exit(1)


@furnish_app.command()
def run(
    by: By,
    settings: Settings,
    run: Annotated[str, typer.Option("--run", help="The month, as 2026-11; 2026-11-2 for another run in it.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the files: on an encrypted disk.")],
    workers: Workers = 1,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """Report all that is decided or was reported before, and write the files. The same again completes it."""
    from duecourse import printing
    from duecourse.endings.deciding import refuse_unnamed
    from duecourse.endings.furnish import files, month
    from duecourse.endings.furnish.gathering import Order
    from duecourse.endings.furnish.settings import read

    if not _RUN.fullmatch(run):
        raise DueCourseError(f"'{run}' is no name of a run: write the month as 2026-11, or 2026-11-2")
    wanted = read(settings)
    with office(store, strategy, house) as (place, opened):
        refuse_unnamed(opened.connection, by)
        found = month.run(place, Order(run, wanted, who(opened, by)), workers)
        paths = files.write(opened, run, wanted, out)
    if as_json:
        said = {"done": found.done, "left_out": found.left_out, "files": [str(path) for path in paths]}
        typer.echo(json.dumps(said))
        return
    printing.say(
        ", ".join(f"{count:,} {name}" for name, count in sorted(found.done.items())) or "nothing is left to do"
    )
    for loan, reasons in sorted(found.left_out.items()):
        printing.say(f"  loan {loan} is left out: {', '.join(reasons)}")
    for path in paths:
        printing.say(f"  {path}")


@furnish_app.command()
def dispute(
    loan: Loan,
    by: By,
    words: Annotated[str, typer.Option(help="What the borrower says; kept sealed.")],
    dispute_id: Annotated[str, typer.Option("--id", help="An id of the dispute.")],
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Note that the borrower disputes the report: it is marked from the next run on."""
    from duecourse import printing

    with _changes(store, strategy, house, by) as (changes, opened):
        answer_by = changes.dispute(_one(opened, loan), dispute_id, words)
    printing.say(f"loan {loan} is disputed; {f'answer by {answer_by}' if answer_by else 'the rulebook gives no day'}")


@furnish_app.command()
def correct(
    loan: Loan,
    by: By,
    why: Why,
    outcome: Annotated[
        str | None, typer.Option(help="Of the dispute: upheld, upheld_in_part, rejected or withdrawn.")
    ] = None,
    still_disputed: Annotated[bool, typer.Option("--still-disputed", help="The borrower does not agree.")] = False,
    account_before: Annotated[str | None, typer.Option(help="The number under which it was reported before.")] = None,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Answer the dispute of a report, or tell another number of it: the next run reports what the ledger has."""
    from duecourse import printing

    if (outcome is None) == (account_before is None):
        raise DueCourseError("what is corrected? give the --outcome of the dispute, or the --account-before")
    with _changes(store, strategy, house, by) as (changes, opened):
        ending = _one(opened, loan)
        if account_before is not None:
            changes.renumber(ending, account_before)
        else:
            changes.correct(ending, str(outcome), why, still_disputed=still_disputed)
    printing.say(f"loan {loan}: the next run reports it")


@furnish_app.command()
def delete(
    loan: Loan,
    by: By,
    why: Why,
    fraud: Annotated[bool, typer.Option("--fraud", help="It was never the borrower's debt.")] = False,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
) -> None:
    """Take a report away: the next run tells the bureau."""
    from duecourse import printing

    with _changes(store, strategy, house, by) as (changes, opened):
        changes.delete([_one(opened, loan)], why, is_fraud=fraud)
    printing.say(f"loan {loan} is deleted: the next run tells the bureau")


@furnish_app.command()
def due(
    by: By,
    on: Annotated[date | None, typer.Option(parser=cli_days.day, metavar="DATE", help="By when; today.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete those whose time is over today.")] = False,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """List the reports whose record goes by a day, as the law gives it, or delete those whose day has come."""
    from duecourse import printing

    with office(store, strategy, house) as (place, opened):
        from duecourse.endings.furnish.changes import Changes

        asker = who(opened, by)
        changes = Changes(opened, place.law, asker)
        found = changes.due(asker.on if delete or on is None else on)
        if delete and found:
            changes.delete([one.ending for one in found], "its time is over")
    if as_json:
        typer.echo(json.dumps([{"loan": one.ending.loan_id, "goes_on": str(one.goes_on)} for one in found]))
        return
    for one in found:
        printing.say(f"{one.goes_on} loan {one.ending.loan_id}{' deleted' if delete else ''}")
    if not found:
        printing.say("no record goes by then")


@furnish_app.command()
def show(loan: Loan, store: Store = OUT) -> None:
    """Show what was reported of a loan, run by run, and why it was left out where it was."""
    from duecourse import printing
    from duecourse.endings.furnish.checks import told as checks
    from duecourse.endings.history import told
    from duecourse.store.place import Place

    with Place.of(store).connected() as connection:
        found = [one for one in told(connection, loan) if one["kind"] == "furnish"]
    says = {f"check:{one.id}": one for one in checks()}
    for step in (step for one in found for step in one["steps"]):
        details = step["details"]
        line = details.get("line")
        said = [str(step["on"]), step["state"], details.get("in_run", "")]
        said += ["status", line["status"], line["compliance"], str(line["balance"]), line["currency"]] if line else []
        printing.say(" ".join(word for word in [*said, step["why"]] if word))
        for check in (says[name] for name in details.get("left_out", ()) if name in says):
            printing.say(f"    {check.says} {check.why} {check.harm}")
    if not found:
        printing.say(f"loan {loan} was never reported, nor decided to be")


@contextmanager
def _changes(store: Path, strategy: Path | None, house: Path | None, by: str) -> "Iterator[tuple[Changes, Opened]]":
    from duecourse.endings.furnish.changes import Changes

    with office(store, strategy, house) as (place, opened):
        yield Changes(opened, place.law, who(opened, by)), opened


def _one(opened: "Opened", loan: str) -> "Ending":
    """Return the report of a loan that is not over; DueCourseError where there is none."""
    from duecourse.endings import moving

    found = moving.read(opened.connection, "e.kind = 'furnish' AND e.loan_id = %s AND NOT e.is_over", [loan])
    if not found:
        raise DueCourseError(f"no report of loan {loan} is open: see `duecourse ending show {loan}`")
    return found[0]
