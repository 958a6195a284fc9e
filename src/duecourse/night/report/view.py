"""What the template needs beyond the records: sums over currencies, the matrix, the steps of the curve."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from duecourse.night.measures import ABSENT, CLOSED, GRACE, NOT_OVERDUE, CurvePoint, Rate
from duecourse.night.report.data import Ageing, Outcomes, ReportData, Roll

MILESTONES: Final = (1, 3, 7, 14, 30, 60, 90, 180, 365, 730)


@dataclass(frozen=True)
class Bar:
    """One bar of a chart: what it stands for, its length, and the share of it that counts as all."""

    name: str
    value: int
    length: Rate
    share: Rate


@dataclass(frozen=True)
class Cell:
    """One cell of the roll-rate matrix: loans of the row that are now in the column's state.

    `tone` is better, same or worse; empty where neither can be said. `amounts` are (currency, part, whole).
    """

    now: str
    share: Rate
    tone: str
    amounts: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Row:
    """One row of the matrix: the state then, its loans, its cells in the order of the columns."""

    then: str
    loans: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Milestone:
    """The cure curve after so many days.

    `at_risk` spells lasted longer and were still seen, `ended` were over; `ended_ppm` is the estimated share.
    """

    days: int
    at_risk: int
    ended: int
    ended_ppm: int


def overdue_loans(data: ReportData) -> Rate:
    """Loans with an instalment overdue, of all loans."""
    late = _late(data)
    return Rate(sum(row.loans for row in data.ageing if row.state in late), data.loans)


def _late(data: ReportData) -> set[str]:
    return {*data.buckets, GRACE}


def amounts(data: ReportData) -> list[tuple[str, int, int]]:
    """Give (currency, overdue on late loans, owed on all), the currency of most loans first."""
    late = _late(data)
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in data.ageing:
        sums = found[row.currency]
        sums[0] += row.loans
        sums[1] += row.overdue if row.state in late else 0
        sums[2] += row.owed
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return [(currency, overdue, owed) for currency, (_, overdue, owed) in ordered]


def ageing_rows(data: ReportData) -> list[list[Ageing]]:
    """Group the rows of the ageing by state, in the order of the buckets; each group by currency."""
    order = [NOT_OVERDUE, GRACE, *data.buckets, CLOSED]
    groups = [[row for row in data.ageing if row.state == state] for state in order]
    return [sorted(group, key=lambda row: row.currency) for group in groups if group]


def bars(values: Iterable[tuple[str, int]], whole: int) -> list[Bar]:
    """Make bars, the longest of full length, each with its share of `whole`."""
    pairs = list(values)
    longest = max((value for _, value in pairs), default=0)
    return [Bar(name, value, Rate(value, longest), Rate(value, whole)) for name, value in pairs]


def bucket_bars(data: ReportData) -> list[Bar]:
    """One bar per bucket: its loans, of all loans."""
    by_bucket = {name: sum(row.loans for row in data.ageing if row.state == name) for name in data.buckets}
    return bars(by_bucket.items(), data.loans)


def matrix(data: ReportData) -> tuple[list[str], list[Row]]:
    """Give the columns and the rows of the roll-rate matrix.

    States that no loan was in, or went to, are left out; so is the row of closed loans while all of them stay
    closed.
    """
    seen = {state for roll in data.rolls for state in (roll.then, roll.now)}
    grace = [GRACE] if GRACE in seen else []
    columns = [NOT_OVERDUE, *grace, *data.buckets, CLOSED]
    if any(roll.now == ABSENT for roll in data.rolls):
        columns.append(ABSENT)
    rows = []
    for then in (NOT_OVERDUE, *grace, *data.buckets, CLOSED, ABSENT):
        rolls = [roll for roll in data.rolls if roll.then == then]
        if rolls and not (then == CLOSED and all(roll.now == CLOSED for roll in rolls)):
            rows.append(_row(then, rolls, columns, data.buckets))
    return columns, rows


def _row(then: str, rolls: Sequence[Roll], columns: Sequence[str], buckets: Sequence[str]) -> Row:
    loans = sum(roll.loans for roll in rolls)
    cells = []
    for now in columns:
        here = [roll for roll in rolls if roll.now == now]
        parts = tuple(
            (roll.currency, roll.owed_then, roll.of_owed_then)
            for roll in here
            if roll.owed_then is not None and roll.of_owed_then
        )
        cells.append(Cell(now, Rate(sum(roll.loans for roll in here), loans), _tone(then, now, buckets), parts))
    return Row(then, loans, tuple(cells))


def _tone(then: str, now: str, buckets: Sequence[str]) -> str:
    ranks = {state: rank for rank, state in enumerate((CLOSED, NOT_OVERDUE, GRACE, *buckets))}
    if then not in ranks or now not in ranks:
        return ""
    if ranks[then] == ranks[now]:
        return "same"
    return "worse" if ranks[now] > ranks[then] else "better"


def milestones(points: Sequence[CurvePoint]) -> list[Milestone]:
    """Give the curve at some round numbers of days, up to the first one that no spell outlasted."""
    found = []
    for days in MILESTONES:
        until = [point for point in points if point.days <= days]
        left = points[len(until)].at_risk if len(until) < len(points) else 0
        ended_ppm = until[-1].ended_ppm if until else 0
        found.append(Milestone(days, left, sum(point.ended for point in until), ended_ppm))
        if left == 0:
            break
    return found if points else []


def cure_rate(outcomes: Outcomes) -> Rate:
    """Spells cured, of those cured and those overdue again."""
    return Rate(outcomes.cured, outcomes.cured + outcomes.relapsed)
