"""The measures against worked examples (docs/rates.md has the same numbers) and a day-by-day count.

The oracle walks over every loan and every day in plain Python; it shares no code with the measures.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from duecourse.kernel.components import COMPONENTS
from duecourse.night import measures
from duecourse.night.measures import ABSENT, CLOSED, GRACE, NOT_OVERDUE, Rate
from duecourse.strategy.models import Bucket

BUCKETS = (Bucket("1-29", 1, 29), Bucket("30-59", 30, 59), Bucket("60-89", 60, 89), Bucket("90+", 90, None))
START = date(2026, 1, 1)
Segment = tuple[int, date, date | None, date]

HISTORY = pa.schema(
    [
        ("loan_no", pa.int64()),
        ("from_on", pa.date32()),
        ("until_on", pa.date32()),
        ("oldest_due_on", pa.date32()),
    ]
)
AMOUNTS = [f"{component}_{when}" for component in COMPONENTS for when in ("overdue", "due_today", "not_due")]
POSITIONS = pa.schema(
    [
        ("loan_no", pa.int64()),
        ("borrower_no", pa.int64()),
        ("currency", pa.string()),
        *((name, pa.int64()) for name in AMOUNTS),
        ("days_past_due", pa.int64()),
        ("bucket", pa.string()),
        ("last_paid_on", pa.date32()),
        ("opened_on", pa.date32()),
    ]
)


def day(number: int) -> date:
    return START + timedelta(days=number)


def history(*segments: Segment) -> ir.Table:
    names = HISTORY.names
    return ibis.memtable(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in segments], HISTORY))


def position(
    loan_no: int, bucket: str | None = None, days: int = 0, currency: str = "USD", **amounts: int
) -> dict[str, Any]:
    row = {
        "loan_no": loan_no,
        "borrower_no": loan_no,
        "currency": currency,
        "days_past_due": days,
        "bucket": bucket,
    }
    return row | dict.fromkeys(AMOUNTS, 0) | amounts


def positions(*rows: dict[str, Any]) -> ir.Table:
    return ibis.memtable(pa.Table.from_pylist(list(rows), POSITIONS))


def rows(table: ir.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return found


def tuples(table: ir.Table) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.values()) for row in rows(table)), key=repr)


# The oracle: every loan, every day.


def random_history(seed: int, loans: int, days: int) -> list[Segment]:
    """Draw histories: per loan, segments in time order, some touching, the last one perhaps open."""
    draw = random.Random(seed)
    found: list[Segment] = []
    for loan_no in range(loans):
        at = draw.randrange(-40, 60)
        while at < days:
            length = draw.choice((1, 2, 5, 12, 29, 30, 31, 70))
            older = draw.choice((1, 1, 2, 15, 29, 30, 59, 60, 88, 89, 90, 120))
            last = draw.random() < 0.15 or at + length > days
            found.append((loan_no, day(at), None if last else day(at + length), day(at - older)))
            if last:
                break
            at += length + draw.choice((0, 0, 0, 1, 3, 10, 29, 30, 31))
    return found


def bucket_of(days: int) -> str:
    return next(one.name for one in BUCKETS if days >= one.first_day and days <= (one.last_day or days))


def daily(segments: Sequence[Segment], first: int, last: int) -> Iterator[tuple[int, date, str]]:
    """Yield (loan, day, bucket) for every day of the range on which the loan was overdue."""
    for loan_no, from_on, until_on, oldest in segments:
        for number in range(first, last + 1):
            on = day(number)
            if from_on <= on and (until_on is None or on < until_on):
                yield loan_no, on, bucket_of((on - oldest).days)


@pytest.mark.parametrize("seed", range(3))
def test_bucket_on_a_day_equals_the_daily_count(seed: int) -> None:
    segments = random_history(seed, 60, 200)
    for number in (0, 37, 120, 200):
        expected = sorted((loan, bucket) for loan, _, bucket in daily(segments, number, number))
        found = measures.bucket_on(history(*segments), day(number), BUCKETS)
        assert sorted((row["loan_no"], row["bucket"]) for row in rows(found)) == expected
        assert expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("first", "last"), [(0, 30), (31, 32), (50, 50), (80, 200)])
def test_flows_equal_the_daily_count(seed: int, first: int, last: int) -> None:
    segments = random_history(seed, 60, 200)
    by_day: dict[tuple[int, date], str] = {(loan, on): bucket for loan, on, bucket in daily(segments, first, last)}
    entries: Counter[str] = Counter()
    exits: Counter[str] = Counter()
    for number in range(first + 1, last + 1):
        for loan in range(60):
            before, after = by_day.get((loan, day(number - 1))), by_day.get((loan, day(number)))
            if before != after:
                entries.update([after] if after else [])
                exits.update([before] if before else [])
    start = Counter(bucket for (_, on), bucket in by_day.items() if on == day(first))
    end = Counter(bucket for (_, on), bucket in by_day.items() if on == day(last))
    found = rows(measures.flows(history(*segments), day(first), day(last), BUCKETS))
    for row in found:
        name = row["bucket"]
        assert tuple(row.values()) == (name, start[name], entries[name], exits[name], end[name])
        assert row["at_start"] + row["entries"] - row["exits"] == row["at_end"]
    assert {row["bucket"] for row in found} == set(start) | set(end) | set(entries) | set(exits)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("clean_days", [0, 1, 10, 30])
def test_cures_equal_the_daily_count(seed: int, clean_days: int) -> None:
    segments, on = random_history(seed, 60, 200), 170
    overdue = {(loan, when) for loan, when, _ in daily(segments, -60, 260)}
    expected = []
    for loan in range(60):
        for number in range(-60, on + 1):
            if (loan, day(number)) not in overdue or (loan, day(number - 1)) in overdue:
                continue
            end = next((n for n in range(number, on + 1) if (loan, day(n)) not in overdue), None)
            if end is None:
                expected.append((loan, day(number), "open"))
                continue
            window = range(end, end + max(clean_days, 1))
            if window[-1] > on:
                outcome = "pending"
            else:
                outcome = "relapsed" if any((loan, day(n)) in overdue for n in window) else "cured"
            expected.append((loan, day(number), outcome))
    found = measures.cures(measures.spells(history(*segments)), day(on), clean_days)
    assert sorted((row["loan_no"], row["began_on"], row["outcome"]) for row in rows(found)) == expected
    if clean_days == 30:
        assert {outcome for *_, outcome in expected} == {"open", "pending", "relapsed", "cured"}


@pytest.mark.parametrize("seed", range(3))
def test_durations_equal_the_daily_count(seed: int) -> None:
    segments, on = random_history(seed, 60, 200), 150
    overdue = {(loan, when) for loan, when, _ in daily(segments, -60, on)}
    ended: Counter[int] = Counter()
    censored: Counter[int] = Counter()
    for loan in range(60):
        run = 0
        for number in range(-60, on + 1):
            if (loan, day(number)) in overdue:
                run += 1
            elif run:
                ended[run] += 1
                run = 0
        if run:  # overdue on `on`, the run-th day of the spell: it lasted longer than run - 1 days
            censored[run - 1] += 1
    seen = measures.cures(measures.spells(history(*segments)), day(on), 30)
    found: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for row in rows(measures.durations(seen)):
        found[row["outcome"] == "open"][row["days"]] += row["spells"]
    assert found == {True: censored, False: ended}


# Worked examples: docs/rates.md.


def test_worked_ageing() -> None:
    table = positions(
        position(1, "1-29", 5, principal_overdue=3_000, interest_overdue=200, principal_not_due=7_000),
        position(2, "1-29", 29, principal_overdue=1_000),
        position(3, "90+", 400, principal_overdue=50_000, penalty_overdue=999),
        position(4, None, principal_due_today=100, principal_not_due=900),
        position(5, None, fee_overdue=250),
        position(6),
        position(7, "1-29", 1, currency="JPY", principal_overdue=8_000),
    )
    assert tuples(measures.ageing(table)) == sorted(
        [
            (CLOSED, "USD", 1, 1, 0, 0),
            (NOT_OVERDUE, "USD", 2, 2, 250, 1_250),
            ("1-29", "USD", 2, 2, 4_200, 11_200),
            ("1-29", "JPY", 1, 1, 8_000, 8_000),
            ("90+", "USD", 1, 1, 50_999, 50_999),
        ],
        key=repr,
    )


def test_worked_roll_rates() -> None:
    then = positions(
        position(1, "1-29", 10, principal_overdue=1_000, principal_not_due=3_000),
        position(2, "1-29", 20, principal_overdue=2_000),
        position(3, "1-29", 1, principal_overdue=500),
        position(4, None, principal_not_due=9_000),
        position(6, "1-29", 2, principal_overdue=70),
    )
    now = positions(
        position(1, "30-59", 40, principal_overdue=1_000, principal_not_due=3_000),
        position(2),
        position(3, None, principal_not_due=400),
        position(4, None, principal_not_due=9_000),
        position(5, "1-29", 3, principal_overdue=111),
    )
    found = tuples(measures.roll_rates(measures.standing(then), measures.standing(now)))
    assert found == sorted(
        [
            ("USD", "1-29", "30-59", 1, 4_000, 1_000, 4, 6_570),
            ("USD", "1-29", CLOSED, 1, 2_000, 2_000, 4, 6_570),
            ("USD", "1-29", NOT_OVERDUE, 1, 500, 500, 4, 6_570),
            ("USD", "1-29", ABSENT, 1, 70, 70, 4, 6_570),
            ("USD", NOT_OVERDUE, NOT_OVERDUE, 1, 9_000, 0, 1, 9_000),
            ("USD", ABSENT, "1-29", 1, 0, 0, 1, 0),
        ],
        key=repr,
    )
    # One of four loans rolled forward: 25 %; by amount 4,000 of 6,570: 60.8828 %.
    assert Rate(1, 4).ppm == 250_000
    assert Rate(4_000, 6_570).ppm == 608_828


def test_roll_rates_from_the_history_alone_count_loans_and_leave_amounts_open() -> None:
    past = history(
        (1, day(0), None, day(-10)),
        (2, day(0), day(20), day(-1)),
        (3, day(25), None, day(24)),
        (6, day(1), day(2), day(0)),
    )
    table = positions(
        position(1, "30-59", 40, principal_overdue=1_000) | {"last_paid_on": None, "opened_on": None},
        position(2) | {"last_paid_on": day(20)},
        position(3, "1-29", 6, principal_overdue=10) | {"last_paid_on": day(3)},
        position(4) | {"last_paid_on": day(10)},
        position(5) | {"last_paid_on": day(11)},
        position(6) | {"last_paid_on": None, "opened_on": None},
    )
    then = measures.standing_then(table, past, day(10), BUCKETS)
    assert tuples(measures.roll_rates(then, measures.standing(table))) == sorted(
        [
            ("USD", "1-29", "30-59", 1, None, None, 2, None),
            ("USD", "1-29", CLOSED, 1, None, None, 2, None),
            ("USD", NOT_OVERDUE, "1-29", 1, None, None, 2, None),
            (
                "USD",
                NOT_OVERDUE,
                CLOSED,
                1,
                None,
                None,
                2,
                None,
            ),  # loan 5: its last payment came after day 10
            ("USD", CLOSED, CLOSED, 2, None, None, 2, None),
        ],
        key=repr,
    )


def test_a_loan_that_opened_later_was_not_there() -> None:
    table = positions(position(1) | {"opened_on": day(5)}, position(2) | {"opened_on": day(6)}, position(3))
    assert sorted(row["loan_no"] for row in rows(measures.there(table, day(5)))) == [1, 3]


def test_a_loan_overdue_within_its_grace_days_is_no_loan_that_is_not_overdue() -> None:
    table = positions(position(1, None, 3, principal_overdue=100))  # buckets may count delinquent days
    assert tuples(measures.ageing(table)) == [(GRACE, "USD", 1, 1, 100, 100)]


def test_worked_cure() -> None:
    # Overdue on days 0-9, clear on 10-14, overdue again on 15-19, clear from day 20 on.
    table = measures.spells(history((1, day(0), day(10), day(-1)), (1, day(15), day(20), day(14))))
    seen = {
        on: [row["outcome"] for row in rows(measures.cures(table, day(on), 30).order_by("began_on"))]
        for on in (38, 39, 48, 49)
    }
    assert seen == {
        38: ["pending", "pending"],
        39: ["relapsed", "pending"],  # days 10-39 have passed, and it was overdue on day 15
        48: ["relapsed", "pending"],
        49: ["relapsed", "cured"],  # days 20-49 have passed, all clean: 30 days
    }


def test_spells_join_segments_that_touch_and_keep_others_apart() -> None:
    table = history(
        (1, day(0), day(10), day(-1)),
        (1, day(10), day(20), day(5)),
        (1, day(21), None, day(20)),
        (2, day(9), day(10), day(8)),
    )
    assert tuples(measures.spells(table)) == sorted(
        [(1, day(0), day(20)), (1, day(21), None), (2, day(9), day(10))], key=repr
    )


def test_a_part_payment_inside_a_bucket_does_not_break_the_stay() -> None:
    # The oldest unmet due date moves from day -20 to -10 on day 5: 25 days past due become 15, still 1-29.
    table = history((1, day(0), day(5), day(-20)), (1, day(5), day(30), day(-10)))
    assert tuples(measures.stays(table, BUCKETS)) == [
        (1, "1-29", day(0), day(20)),
        (1, "30-59", day(20), day(30)),
    ]


def test_worked_cure_curve() -> None:
    # Five spells: lasted 2, 2 and 5 days; two are open, seen overdue on their 4th and 8th day.
    table = history(
        (1, day(0), day(2), day(-1)),
        (2, day(3), day(5), day(2)),
        (3, day(2), day(7), day(1)),
        (4, day(6), None, day(5)),
        (5, day(2), None, day(1)),
    )
    seen = measures.cures(measures.spells(table), day(9), 30)
    lengths = [(row["outcome"], row["days"], row["spells"]) for row in rows(measures.durations(seen))]
    points = [(p.days, p.at_risk, p.ended, p.censored, p.still_ppm) for p in measures.cure_curve(lengths)]
    assert points == [
        (2, 5, 2, 0, 600_000),  # 3 of 5 go on
        (3, 3, 0, 1, 600_000),  # censored: leaves without an end
        (5, 2, 1, 0, 300_000),  # 3/5 x 1/2
        (7, 1, 0, 1, 300_000),
    ]


def test_cure_curve_equals_fractions() -> None:
    draw = random.Random(5)
    lengths = [(days, draw.randrange(20), draw.randrange(6)) for days in range(300)]
    at_risk = sum(ended + censored for _, ended, censored in lengths)
    lasted = [("cured", days, ended) for days, ended, _ in lengths]
    lasted += [("open", days, censored) for days, _, censored in lengths]
    still = Fraction(1)
    for point, (days, ended, censored) in zip(measures.cure_curve(lasted), lengths, strict=True):
        still *= 1 - Fraction(ended, at_risk)
        assert (point.days, point.at_risk, point.ended) == (days, at_risk, ended)
        assert abs(point.still_ppm - still * 1_000_000) <= Fraction(501, 1000)
        assert point.ended_ppm == 1_000_000 - point.still_ppm
        at_risk -= ended + censored
    assert at_risk == 0


def test_cure_curve_of_nothing_is_empty() -> None:
    assert measures.cure_curve([]) == []


def test_worked_portfolio_at_risk() -> None:
    table = positions(
        position(1, "30-59", 31, principal_overdue=1_000, principal_not_due=4_000, penalty_overdue=777),
        position(2, "30-59", 30, principal_overdue=2_000),  # 30 days is not more than 30 days
        position(3, "90+", 91, principal_overdue=3_000),
        position(4, None, principal_not_due=10_000),
        position(5, "90+", 120, fee_overdue=50),  # owes no principal
        position(6),
    )
    assert tuples(measures.portfolio_at_risk(table, 30)) == [("USD", 2, 4, 8_000, 20_000)]
    assert tuples(measures.portfolio_at_risk(table, 90)) == [("USD", 1, 4, 3_000, 20_000)]
    assert tuples(measures.portfolio_at_risk(positions(position(4, None, principal_not_due=1)), 30)) == [
        ("USD", 0, 1, 0, 1)
    ]


def plan(*rows_of_plan: tuple[str, str, str | None, str, list[str]]) -> ir.Table:
    amounts = pa.list_(
        pa.struct(
            [
                ("loan_id", pa.string()),
                ("currency", pa.string()),
                ("overdue", pa.int64()),
                ("due_today", pa.int64()),
                ("owed", pa.int64()),
            ]
        )
    )
    schema = pa.schema(
        [
            ("borrower_id", pa.string()),
            ("act", pa.string()),
            ("channel", pa.string()),
            ("arm", pa.string()),
            ("reasons", pa.list_(pa.string())),
            ("amounts", amounts),
        ]
    )
    about = [
        {"loan_id": "L1", "currency": "USD", "overdue": 100, "due_today": 0, "owed": 300},
        {"loan_id": "L2", "currency": "JPY", "overdue": 7, "due_today": 0, "owed": 7},
    ]
    names = ("borrower_id", "act", "channel", "arm", "reasons")
    return ibis.memtable(
        pa.Table.from_pylist([dict(zip(names, row, strict=True)) | {"amounts": about} for row in rows_of_plan], schema)
    )


def test_volumes_reasons_and_amounts_of_a_plan() -> None:
    table = plan(
        ("A", "contact", "sms", "champion", ["stage:reminder"]),
        ("A", "contact", "letter", "champion", []),
        ("B", "contact", "sms", "challenger", []),
        ("C", "none", None, "champion", ["hold:dispute", "gap"]),
        ("D", "none", None, "champion", ["gap"]),
    )
    assert tuples(measures.volumes(table, ("act", "channel"))) == sorted(
        [("contact", "letter", 1, 1), ("contact", "sms", 2, 2), ("none", None, 2, 2)], key=repr
    )
    assert tuples(measures.volumes(table, ("arm",))) == [("challenger", 1, 1), ("champion", 4, 3)]
    assert [tuple(row.values()) for row in rows(measures.reasons(table))] == [("gap", 2), ("hold:dispute", 1)]
    assert tuples(measures.demanded(table)) == [
        ("letter", "JPY", 1, 7, 7),
        ("letter", "USD", 1, 100, 300),
        ("sms", "JPY", 2, 14, 14),
        ("sms", "USD", 2, 200, 600),
    ]


def test_rates_round_half_up_and_say_when_there_is_nothing_to_divide() -> None:
    assert Rate(0, 0).ppm is None
    assert Rate(0, 3).ppm == 0
    assert Rate(1, 3).ppm == 333_333
    assert Rate(2, 3).ppm == 666_667
    assert Rate(1, 2_000_000).ppm == 1  # 0.5 ppm
    assert Rate(10**18 - 1, 10**18).ppm == 1_000_000


def test_every_test_that_the_page_on_rates_names_is_here() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rates.md").read_text("utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    assert len(named) >= 8
    assert {name for name in named if name not in globals()} == set()
