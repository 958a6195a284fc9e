"""The night against its slow twin: every row and column of the plan, every fact, every position.

The book is synthetic with rarer things added (holds on one loan, late reversals, deaths, plans, pauses); the days lie
before and on the day it was made for, with and without what was recorded later. Each strategy counts the reasons that
came up, so that a book on which nothing happens cannot pass.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from duecourse.book.loaded import LoadedBook
from duecourse.kernel.components import COMPONENTS
from duecourse.ledger.loan import Amounts
from duecourse.night.facts import CATALOGUE
from duecourse.night.moment import Moment
from duecourse.night.plan import COLUMNS
from duecourse.strategy.models import Strategy
from duecourse.strategy.words import FORK_FACTS
from tests.ledger.twin import DAY, Run
from tests.ledger.twin import position as slow_position
from tests.night import books, twin, wide
from tests.night.twin_book import Row, known, read
from tests.night.twin_facts import accounts, spell_from

ZONE = "Europe/Berlin"
MOMENTS = (
    Moment(books.MADE_FOR),
    Moment.began(books.MADE_FOR - timedelta(days=46), ZONE),
    Moment(books.MADE_FOR - timedelta(days=46)),
    Moment.ended(books.MADE_FOR - timedelta(days=120), ZONE),
)
STALE = Moment(books.MADE_FOR + timedelta(days=30))


@dataclass(frozen=True)
class Case:
    """A loaded book, with its rows as the twin reads them."""

    book: LoadedBook
    rows: dict[str, list[Row]]
    folder: Path


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Case:
    folder = tmp_path_factory.mktemp("twin")
    book = books.loaded(books.enriched(folder / "book", 1_200, 5), home)
    assert book.zone == ZONE
    return Case(book, read(book), folder)


AGENCY = (
    "{source: made up, from_months: 4, term_months: 6, pays_ppm_month: [[0, 60000], [6, 20000]], again_ppm: 500000,"
    " share_ppm: 900000, commissions_ppm: [250000, 400000], cost_ppm_unit: 1000}"
)


def scarce(folder: Path) -> Strategy:
    """Return the default strategy with next to no capacity, many held out, and an agency."""
    return books.edited(
        folder,
        ("call: {early: 5000, late: 2000}", "call: {early: 2, late: 3}"),
        ("visit: {field: 40}", "visit: {field: 1}"),
        ("sue: {legal: 20}", "sue: {legal: 0}"),
        ("hold_out_ppm: 20000", "hold_out_ppm: 200000"),
        ("\n  sue:\n    US:", f"\n  agency: {AGENCY}\n  sue:\n    US:"),
        ("{champion: 900000, challenger: 100000}", "{champion: 500000, challenger: 500000}"),
    )


STRATEGIES: dict[str, tuple[Callable[[Path], Strategy], set[str]]] = {
    "default": (
        lambda _: books.strategy(),
        {
            *("best_possible", "required", "held_out", "payments_stale", "below_floor", "condition", "own_gap"),
            *("stage_gap", "quiet_fresh_payment", "quiet_open_promise", "quiet_kept_plan", "quiet_in_court"),
            *("quiet_sold", "quiet_deceased", "hold_attorney", "hold_bankruptcy", "hold_bereavement", "hold_cease"),
            *("hold_dispute", "hold_hardship", "hold_moratorium", "stepped_back_part_payment"),
            *("stepped_back_kept_plan", "stepped_back_open_promise"),
        },
    ),
    "scarce": (scarce, {"best_possible", "next_best_possible", "required", "held_out", "own_gap", "stage_gap"}),
    "wide": (
        lambda folder: books.strategy(wide.write(folder / "wide.yaml")),
        {
            *("best_possible", "next_best_possible", "required", "held_out", "capacity", "condition", "below_floor"),
            *("own_gap", "own_times", "stage_gap", "quiet_abroad", "stepped_back_plan"),
            *("stepped_back_plan_broken", "stepped_back_paid", "hold_cease", "hold_hardship"),
        },
    ),
}


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_row_and_column_of_the_plan(case: Case, name: str) -> None:
    make, expected_reasons = STRATEGIES[name]
    folder = case.folder / name
    folder.mkdir()
    rules = make(folder)
    reasons: Counter[str] = Counter()
    most_rounds = 0
    for moment in (MOMENTS[0], MOMENTS[1], MOMENTS[3], STALE):
        summary, rows = books.planned(case.book, rules, moment, folder / "out", law=books.open_law())
        expected = twin.night(case.book, rules, moment.on, moment.known_until, case.rows)
        assert list(rows[0]) == list(COLUMNS)
        for row, one in zip(rows, expected.rows, strict=True):
            assert row == one, moment
        assert summary.plan_hash == expected.plan_hash
        reasons.update(reason for row in rows for reason in row["reasons"])
        most_rounds = max(most_rounds, expected.rounds)
    assert expected_reasons <= reasons.keys(), expected_reasons - reasons.keys()
    assert most_rounds >= {"default": 1, "scarce": 2, "wide": 5}[name]


def test_every_fact_of_every_borrower(case: Case, tmp_path: Path) -> None:
    rules = books.strategy(wide.write(tmp_path / "wide.yaml"))
    assert set(CATALOGUE) <= rules.facts
    # A rung for everybody, so that the twin keeps every borrower.
    everyone = rules.model_copy(update={"ladder": (rules.ladder[0].model_copy(update={"enter": Always()}),)})
    names = rules.facts | FORK_FACTS.keys() - {"agency_value"}
    values: dict[str, set[Any]] = {name: set() for name in names}
    night = books.opened(case.book, rules, books.open_law())
    try:
        for place, moment in enumerate(MOMENTS):
            night.positions(moment, tmp_path / str(place))
            night.plan(moment)
            found = {row["borrower_id"]: row for row in night.engine.rows(night.engine.table("facts"))}
            expected = twin.night(case.book, everyone, moment.on, moment.known_until, case.rows)
            assert found.keys() == {one.borrower_id for one in expected.borrowers}
            for one in expected.borrowers:
                for name in names:
                    assert found[one.borrower_id][name] == one.facts[name], (one.borrower_id, name)
                    values[name].add(one.facts[name])
    finally:
        night.engine.close()
    still = {name for name, seen in values.items() if len(seen) < 2}
    assert not still, "these facts are the same for everybody, so nothing was compared"


class Always:
    """A condition that is true of everybody."""

    def evaluate(self, _facts: Row) -> bool:
        return True


class Watched(Run):
    """The ledger's twin, noting the day on which each instalment was met."""

    met_on: dict[int, date]

    def live(self, day: date) -> None:
        super().live(day)
        self.__dict__.setdefault("met_on", {})
        for item in self.items:
            if item.number is not None and item.met:
                self.met_on.setdefault(item.number, day)


def test_positions_and_what_hangs_on_them(case: Case, tmp_path: Path) -> None:
    """The table `positions` against the ledger's twin, for the loans in which most happened."""
    moment = MOMENTS[1]
    rules = books.strategy()
    night = books.opened(case.book, rules, books.open_law())
    try:
        night.positions(moment, tmp_path)
    finally:
        night.engine.close()
    found = {row["loan_id"]: row for row in pq.read_table(tmp_path / "positions").to_pylist()}
    segments = pq.read_table(tmp_path / "history").to_pylist()
    seen = known(case.rows, case.book.zone, moment.known_until)
    assert found.keys() == {row["loan_id"] for row in seen.tables["loans"]}
    worked = accounts(seen, moment.on)
    busy = sorted(found, key=lambda loan_id: (-happenings(seen.by_loan, loan_id), loan_id))
    overdue = [loan_id for loan_id in busy if found[loan_id]["days_past_due"]]
    for loan_id in {*busy[:40], *overdue[:30], *overdue[-10:]}:
        row, loan = found[loan_id], seen.loan(loan_id)
        expected = slow_position(loan, moment.on)
        for prefix, amounts in (("", expected.enforceable), ("contract_", expected.contractual)):
            assert amounts_of(row, prefix) == amounts, loan_id
        for one in ("cut", "oldest_due_on", "days_past_due", "delinquent_days", "overdue_instalments"):
            assert row[one] == getattr(expected, one), (loan_id, one)
        history = [one for one in segments if one["loan_no"] == row["loan_no"]]
        assert [{"loan_no": row["loan_no"], **vars(one)} for one in expected.history] == history
        assert row["spell_from"] == spell_from(expected.history)
        ended = expected.history[-1].until_on if expected.history else None
        assert row["clean_from"] == ended
        assert row["bucket"] == bucket(row["days_past_due"])
        paid = worked[loan_id].paid
        assert row["paid_total"] == sum(amount for _, amount in paid)
        last = max((day for day, _ in paid), default=None)
        assert (row["last_paid_on"], row["last_paid_amount"]) == (last, sum(a for day, a in paid if day == last))
        due = next_due(loan, moment.on)
        assert {name: row[name] for name in due} == due, loan_id


def happenings(by_loan: dict[tuple[str, str], list[Row]], loan_id: str) -> int:
    """Count the rows of a loan that are neither schedule nor payment, and its reversals."""
    rare = ("charges", "waivers", "write_offs", "events", "holds")
    undone = sum(row["reverses"] is not None for row in by_loan.get(("payments", loan_id), []))
    return undone + sum(len(by_loan.get((table, loan_id), [])) for table in rare)


def amounts_of(row: Row, prefix: str) -> Amounts:
    """Read the amounts of a run out of a row of positions."""
    groups = {
        when: {component: row[f"{prefix}{component}_{when}"] for component in COMPONENTS}
        for when in ("overdue", "due_today", "not_due")
    }
    assert {field.name for field in fields(Amounts)} == {*groups, "credit"}
    return Amounts(**groups, credit=row[f"{prefix}credit"])


def bucket(days: int) -> str | None:
    """Name the default strategy's bucket of days past due."""
    return None if days == 0 else "1-29" if days < 30 else "30-59" if days < 60 else "60-89" if days < 90 else "90+"


def next_due(loan: Any, on: date) -> Row:
    """Work out what falls due next and credit does not cover, and the instalments paid on time in a row."""
    run = Watched(loan, on, capped=True)
    run.play()
    coming, amount, credit = None, 0, run.credit
    for item in run.items:
        if item.number is None or item.due <= on:
            continue
        missing = item.lines["fee"] + item.lines["interest"] + item.lines["principal"]
        if missing > credit:
            coming, amount = item.due, missing - credit
            break
        credit -= missing
    fallen = [item for item in run.items if item.number is not None and item.due <= on]
    met = run.__dict__.get("met_on", {})
    in_a_row = 0
    for item in reversed(fallen):
        if met.get(item.number, on + DAY) <= item.due:
            in_a_row += 1
        elif item.due < on:
            break
    return {
        "next_due_on": coming,
        "next_due_amount": amount,
        "on_time_in_a_row": in_a_row,
        "instalments_fallen_due": len(fallen),
    }
