"""The story that `duecourse demo` tells: a lender's book, its night, and why one borrower is contacted."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

from duecourse import printing, terminal
from duecourse.book.synth import synth
from duecourse.night.explain import Section, explain
from duecourse.night.moment import Moment
from duecourse.night.run import Night

ON: Final = date(2026, 6, 30)
SEED: Final = 7
MEMORY: Final = "2GB"


def tell(
    loans: int,
    out: Path,
    load: Callable[..., Any],
    run_night: Callable[..., Any],
    strategy: Callable[[Path | None], Any],
    options: Callable[[int | None, str], Any],
) -> None:
    """Make the book, load it, plan its night and explain one line of the plan.

    `load` and the others are the command line's.
    """
    printing.say(
        f"1. A lender's files: {loans:,} loans with schedules, payments and contacts; some rows damaged", "bold"
    )
    with printing.progress() as progress:
        mapping = synth(loans, SEED, out / "book", on=ON, damage=True, progress=progress)
    printing.say(f"   {mapping}")
    printing.say("\n2. Loading: every row ends in the book or in quarantine, and nothing is guessed", "bold")
    book = load(mapping, None, out, None, MEMORY)
    terminal.show_book(book)
    printing.say("\n3. The night: what every loan owes, who stands on which rung, what is done", "bold")
    moment = Moment(ON)
    why: list[tuple[str, list[Section]]] = []

    def look(night: Night, _: Path) -> None:
        loan_id = _interesting(night)
        why.append((loan_id, explain(night, moment, loan_id)))

    summary = run_night(book, strategy(None), moment, out, options(None, MEMORY), look)
    terminal.show_night(summary)
    loan_id, sections = why[0]
    printing.say("\n4. Why? One borrower of tonight's plan; the same comes from", "bold")
    printing.say(f"   duecourse explain {mapping} {loan_id} --on {ON} --out {out}\n")
    terminal.show_sections(f"Loan {loan_id} on {ON}", sections)
    printing.say()
    printing.say(f"Plan    {summary.outputs['plan']}")
    printing.say(f"Report  {summary.outputs['report']}")
    printing.say("\nIn a browser, with the desk of staff and the pages of borrowers: .venv/bin/duecourse serve --demo")


def _interesting(night: Night) -> str:
    """Return the first loan of a borrower who hears of us tonight: on the highest rung, and worth most there."""
    plan, stages = night.engine.table("plan"), night.engine.table("stages")
    rows = plan.filter(plan.act.isin(["contact", "settle"]) & plan.loans.notnull()).join(stages, "stage")
    worth = rows.value.fill_null(0).desc()
    found = night.engine.rows(rows.order_by(rows.stage_no.desc(), worth, rows.borrower_no).limit(1))
    return str(found[0]["loans"][0])
