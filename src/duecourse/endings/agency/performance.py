"""How well agencies do, like for like: what each brought in of what it was given, among debts of the same kinds.

    accounts(connection, window_days, on) -> [Account, ...]
    compare(accounts) -> Comparison

Who is given easier debts brings in more. So debts are parted into segments (country, age when placed, amount), each
segment counts as much as it has of all that was placed, and only segments in which every agency has enough accounts
count at all. A rate is money recovered within the window over money placed; its interval is that of a ratio of sums
(Taylor), within segments, for 95%. Rates and intervals are floats (float: no money is worked out from them).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

AGES: Final = (90, 180, 360, 720)
AMOUNTS: Final = (50_000, 200_000, 1_000_000, 5_000_000)  # minor units, in whatever currency
LEAST: Final = 30
"""So many accounts an agency must have in a segment for it to count."""
WINDOW_DAYS: Final = 90
_Z: Final = 1.959963984540054  # float: 97.5% of the normal distribution lie below it
_ACCOUNTS: Final = """
SELECT e.details->>'agency', e.details->>'country', (e.details->>'days_past_due')::bigint,
    (e.details->>'owed')::bigint, coalesce((
        SELECT sum(p.amount) FROM payments p WHERE p.borrower_no = e.borrower_no AND p.loan_id = e.loan_id
            AND p.reverses IS NULL AND p.paid_on BETWEEN s.day AND s.day + %(window)s AND p.recorded_at >= s.at
            AND NOT EXISTS (SELECT FROM payments r WHERE r.borrower_no = p.borrower_no AND r.reverses = p.payment_id)
    ), 0)::bigint
FROM ending e JOIN LATERAL (
    SELECT min(at) AS at, (e.details->>'placed_on')::date AS day FROM ending_step t
    WHERE t.ending_no = e.id AND t.state = 'placed'
) s ON true
WHERE e.kind = 'agency' AND e.details ? 'placed_on' AND (e.details->>'owed')::bigint > 0 AND s.day <= %(last)s
ORDER BY e.id"""

Segment = tuple[str, int, int]


@dataclass(frozen=True)
class Account:
    """A debt that was placed: with whom, of which segment, what was owed, and what came in within the window."""

    agency: str
    segment: Segment
    placed: int
    recovered: int


@dataclass(frozen=True)
class Rate:
    """A rate with the ends of its interval (float: shares of what was placed)."""

    rate: float  # float: a share
    low: float  # float: likewise
    high: float  # float: likewise


@dataclass(frozen=True)
class Standing:
    """How an agency does: its own rate on all that it was given, and the rate like for like."""

    agency: str
    accounts: int
    raw: Rate
    like_for_like: Rate | None


@dataclass(frozen=True)
class Comparison:
    """Agencies, the best first; `left_out` are segments in which some agency has too few accounts to compare."""

    standings: tuple[Standing, ...]
    segments: tuple[Segment, ...]
    left_out: tuple[Segment, ...]


def segment_of(country: str, days_past_due: int, owed: int) -> Segment:
    """Return the segment of a debt: its country, and the places of its age and its amount among the bounds."""
    return country, sum(days_past_due >= bound for bound in AGES), sum(owed >= bound for bound in AMOUNTS)


def accounts(connection: Connection[TupleRow], on: date, window_days: int = WINDOW_DAYS) -> list[Account]:
    """Return all debts that were placed long enough ago for the window to be over, wherever they are now."""
    values = {"window": window_days, "last": on - timedelta(days=window_days)}
    with connection.transaction():
        rows = connection.execute(_ACCOUNTS, values).fetchall()
    return [
        Account(agency, segment_of(country, age, owed), owed, recovered)
        for agency, country, age, owed, recovered in rows
    ]


def compare(given: Sequence[Account], least: int = LEAST) -> Comparison:
    """Compare agencies like for like."""
    cells: dict[Segment, dict[str, list[Account]]] = {}
    for one in given:
        cells.setdefault(one.segment, {}).setdefault(one.agency, []).append(one)
    names = sorted({one.agency for one in given})
    common = [
        segment
        for segment, of in sorted(cells.items())
        if all(len(of.get(name, ())) >= max(least, 2) for name in names)
    ]
    weights = {segment: sum(one.placed for some in cells[segment].values() for one in some) for segment in common}
    standings = []
    for name in names:
        own = [one for one in given if one.agency == name]
        same = {segment: cells[segment][name] for segment in common}
        standings.append(Standing(name, len(own), _ratio(own), _weighted(same, weights) if common else None))
    standings.sort(key=lambda one: (-(one.like_for_like or one.raw).rate, one.agency))
    return Comparison(tuple(standings), tuple(common), tuple(sorted(set(cells) - set(common))))


def _weighted(cells: Mapping[Segment, Sequence[Account]], weights: Mapping[Segment, int]) -> Rate:
    total = sum(weights.values())
    rate, variance = 0.0, 0.0  # float: a share and its square
    for segment, some in cells.items():
        share = weights[segment] / total
        one, of = _moments(some)
        rate, variance = rate + share * one, variance + share * share * of
    return _interval(rate, variance)


def _ratio(some: Sequence[Account]) -> Rate:
    return _interval(*_moments(some))


def _moments(some: Sequence[Account]) -> tuple[float, float]:
    """Return the ratio of sums and its variance by Taylor (float: statistics), which one account does not tell."""
    placed, count = sum(one.placed for one in some), len(some)
    rate = sum(one.recovered for one in some) / placed
    if count < 2:
        return rate, 1.0  # float: as wide as can be
    off = _squares(one.recovered - rate * one.placed for one in some)
    return rate, off * count / (count - 1) / (placed * placed)


def _squares(values: Iterable[float]) -> float:
    return sum(value * value for value in values)  # float: of a variance


def _interval(rate: float, variance: float) -> Rate:
    """Return the interval for 95%, never below nothing (float: statistics)."""
    half = _Z * sqrt(variance)
    return Rate(rate, max(0.0, rate - half), rate + half)  # float: shares
