"""The report's records from a night's tables: three loans that are there, counted by hand."""

from datetime import date, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from duecourse.book.loaded import Counts, LoadedBook, SourceFile
from duecourse.book.oddities import Oddity
from duecourse.kernel.components import COMPONENTS
from duecourse.night.measures import NOT_OVERDUE
from duecourse.night.report import About, Outputs, ReportData, gather
from duecourse.night.report import data as records
from duecourse.strategy.models import Bucket

ON = date(2026, 6, 30)
BUCKETS = (Bucket("1-29", 1, 29), Bucket("30-59", 30, 59), Bucket("60-89", 60, 89), Bucket("90+", 90, None))
LADDER = ("reminder", "persistent", "visit")
AMOUNTS = [f"{component}_{when}" for component in COMPONENTS for when in ("overdue", "due_today", "not_due")]
TEXT, WHOLE, DAY = pa.string(), pa.int64(), pa.date32()
POSITIONS = pa.schema(
    [(name, WHOLE) for name in ("loan_no", "borrower_no", "days_past_due", *AMOUNTS)]
    + [(name, TEXT) for name in ("bucket", "currency")]
    + [(name, DAY) for name in ("last_paid_on", "opened_on")]
)
ABOUT_LOAN = pa.struct(
    [(name, TEXT) for name in ("loan_id", "currency")] + [(name, WHOLE) for name in ("overdue", "due_today", "owed")]
)
PLAN = pa.schema(
    [(name, TEXT) for name in ("borrower_id", "stage", "arm", "act", "channel", "team")]
    + [(name, pa.bool_()) for name in ("held_out", "required")]
    + [("assignment_ppm", WHOLE), ("reasons", pa.list_(TEXT)), ("amounts", pa.list_(ABOUT_LOAN))]
)
BOOK = LoadedBook(
    folder=Path("in"),
    quarantine=Path("q"),
    name="Small lender",
    zone="UTC",
    payments_complete_through=None,
    schema="1",
    fingerprint="f",
    loans=4,
    borrowers=3,
    currencies=("USD",),
    tables={"loans": Counts(read=5, kept=4, quarantined=1)},
    warnings=(Oddity("loans", "no_instalments", 1, "L2"),),
    files=(SourceFile("in/loans.csv", 10, 5),),
    ranges={},
)
ABOUT = About(
    book="Small lender",
    zone="UTC",
    on=ON,
    known_at=None,
    engine="DuckDB",
    version="0.1.0",
    strategy="default",
    strategy_hash="a",
    plan_hash="b",
    payments_complete_through=None,
    payments_fresh_days=3,
    payments_stale=False,
    clean_days=30,
)


def back(days: int) -> date:
    return ON - timedelta(days=days)


def positions() -> pa.Table:
    """Four loans of three borrowers: late, later, late until today, and one that opens tomorrow."""
    base: dict[str, object] = dict.fromkeys(AMOUNTS, 0) | {"currency": "USD", "days_past_due": 0}
    rows: list[dict[str, object]] = [
        {
            "borrower_no": 0,
            "bucket": "1-29",
            "days_past_due": 10,
            "principal_overdue": 500,
            "principal_not_due": 500,
        },
        {"borrower_no": 0, "bucket": "30-59", "days_past_due": 40, "principal_overdue": 700},
        {"borrower_no": 1, "principal_not_due": 800, "last_paid_on": ON},
        {"borrower_no": 2, "principal_not_due": 9_999, "opened_on": back(-1)},
    ]
    return pa.Table.from_pylist([base | {"loan_no": number} | row for number, row in enumerate(rows)], POSITIONS)


def history() -> pa.Table:
    return pa.table(
        {
            "loan_no": pa.array([0, 1, 2], WHOLE),
            "from_on": pa.array([back(9), back(39), back(35)], DAY),
            "until_on": pa.array([None, None, ON], DAY),
            "oldest_due_on": pa.array([back(10), back(40), back(36)], DAY),
        }
    )


def plan() -> pa.Table:
    contact = {"act": "contact", "channel": "sms", "team": "early", "reasons": []}
    about = {"loan_id": "L1", "currency": "USD", "overdue": 700, "due_today": 0, "owed": 750}
    champion = {"arm": "champion", "held_out": False, "assignment_ppm": 882_000, "required": False}
    challenger = {"arm": "challenger", "held_out": True, "assignment_ppm": 20_000, "required": False}
    none = {"act": "none", "reasons": ["held_out"], "amounts": []}
    rows = [
        {"borrower_id": "B0", "stage": "persistent", **champion, **contact, "amounts": [about]},
        {"borrower_id": "B1", "stage": "reminder", **challenger, **none},
    ]
    return pa.Table.from_pylist(rows, PLAN)


@pytest.fixture(scope="module")
def found() -> ReportData:
    outputs = Outputs(*(ibis.memtable(table) for table in (positions(), history(), plan())))
    return gather(outputs, ABOUT, BOOK, BUCKETS, LADDER)


def test_ageing_leaves_out_the_loan_that_is_not_there_yet(found: ReportData) -> None:
    assert (found.loans, found.borrowers) == (3, 2)
    assert [(row.state, row.loans, row.overdue, row.owed) for row in found.ageing] == [
        (NOT_OVERDUE, 1, 0, 800),
        ("1-29", 1, 500, 1_000),
        ("30-59", 1, 700, 700),
    ]
    assert [(row.days, row.at_risk, row.outstanding) for row in found.at_risk] == [
        (30, 700, 2_500),
        (90, 0, 2_500),
    ]


def test_moves_of_thirty_days(found: ReportData) -> None:
    # Thirty days back loan 0 was not overdue, loan 1 was 10 days past due and loan 2 was 6.
    assert found.then == back(30)
    assert sorted((row.then, row.now, row.loans, row.of_loans, row.owed_then) for row in found.rolls) == [
        (NOT_OVERDUE, "1-29", 1, 1, None),
        ("1-29", NOT_OVERDUE, 1, 2, None),
        ("1-29", "30-59", 1, 2, None),
    ]
    assert [(row.bucket, row.at_start, row.entries, row.exits, row.at_end) for row in found.flows] == [
        ("1-29", 2, 1, 2, 1),
        ("30-59", 0, 2, 1, 1),
        ("60-89", 0, 0, 0, 0),
        ("90+", 0, 0, 0, 0),
    ]


def test_amounts_then_come_from_the_positions_of_that_day() -> None:
    now, past, tonight = (ibis.memtable(table) for table in (positions(), history(), plan()))
    # The same positions stand for those of the earlier day: every loan stays where it was.
    rolls = gather(Outputs(now, past, tonight, now), ABOUT, BOOK, BUCKETS, LADDER).rolls
    assert [(row.then, row.now, row.owed_then, row.of_owed_then) for row in rolls] == [
        (NOT_OVERDUE, NOT_OVERDUE, 800, 800),
        ("1-29", "1-29", 1_000, 1_000),
        ("30-59", "30-59", 700, 700),
    ]


def test_spells(found: ReportData) -> None:
    assert found.outcomes == records.Outcomes(open=2, cured=0, relapsed=0, pending=1)
    points = [(point.days, point.at_risk, point.ended, point.censored) for point in found.curve]
    assert points == [(9, 3, 0, 1), (35, 2, 1, 0), (39, 1, 0, 1)]


def test_the_plan(found: ReportData) -> None:
    persistent = records.Stage("persistent", borrowers=1, held_out=0)
    assert found.stages == [records.Stage("reminder", 1, 1), persistent, records.Stage("visit", 0, 0)]
    assert found.volumes == [records.Volume("contact", "sms", "early", required=False, acts=1, borrowers=1)]
    assert found.demands == [records.Demand("sms", "USD", loans=1, overdue=700, owed=750)]
    assert (found.untouched, found.reasons) == (1, [records.Reason("held_out", 1)])
    held_out = records.Arm(None, assignment_ppm=20_000, borrowers=1)
    assert found.arms == [records.Arm("champion", assignment_ppm=882_000, borrowers=1), held_out]


def test_the_input(found: ReportData) -> None:
    assert found.tables == [records.TableRows("loans", 5, 4, 1, 0, str(Path("q") / "loans.csv"))]
    assert found.warnings == [records.WarningRow("loans", "no_instalments", 1, "L2")]
    assert found.files == [records.SourceFile("in/loans.csv", 10, 5)]
