"""How the work goes, in numbers for supervisors: each rate with its count and a confidence interval.

    acted(connection, since, "stage") -> [Acted, ...]         acts asked for, permitted, made, and who was reached
    promised(connection, on, since, "arm") -> [Share, ...]    promises kept, of those whose day is over
    moved(connection, buckets, "arm") -> [Moved, ...]         cured and rolled, of loans overdue thirty days before
    recovered(connection, costs, since, "team") -> [Recovered, ...]     money in, and what contacts cost

`by` is one of BY. A case stands under its stage and arm of today, and under the team of the last act planned for it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import sqrt
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.money.promised import standings
from duecourse.day.payments.promises import Kept
from duecourse.night.measures import CLOSED, NOT_OVERDUE
from duecourse.strategy.models import Bucket

BY: Final = ("stage", "arm", "team")
REACHED: Final = ("conversation", "met")
"""Outcomes in which the borrower was spoken to: right-party contacts."""
FEWEST: Final = 5
"""Of fewer nothing is said: chance alone would speak."""
GRACE_DAYS: Final = 3
_Z: Final = 1.959964  # float: of the normal distribution, 97.5 per cent
_TEAM: Final = """
(SELECT a.team FROM planned_act a WHERE a.borrower_no = {0} AND a.team IS NOT NULL ORDER BY a.planned_on DESC, a.id DESC
    LIMIT 1)"""
_KEY: Final = {"stage": "c.stage", "arm": "c.arm", "team": _TEAM.format("c.borrower_no")}
_OF_ACT: Final = {"stage": "c.stage", "arm": "c.arm", "team": "a.team"}
_ACTED: Final = """
SELECT coalesce({0}, '–'), count(*), count(*) FILTER (WHERE v.is_permitted),
    count(k.id) FILTER (WHERE k.cancelled_at IS NULL),
    count(k.id) FILTER (WHERE k.cancelled_at IS NULL AND k.channel IN ('call', 'visit')),
    count(k.id) FILTER (WHERE k.cancelled_at IS NULL AND k.outcome = ANY(%(reached)s))
FROM verdict v LEFT JOIN collection_case c USING (borrower_no) LEFT JOIN planned_act a ON a.id = v.planned_act_no
LEFT JOIN contacts k ON k.id = v.contact_no WHERE v.judged_at >= %(since)s GROUP BY 1 ORDER BY 1"""
_KEYS: Final = "SELECT c.borrower_no, coalesce({0}, '–') FROM collection_case c WHERE c.borrower_no = ANY(%s)"
_MOVED: Final = """
SELECT {0}, state_then, state_now, sum(loans)::bigint FROM moved
WHERE planned_on = (SELECT max(planned_on) FROM moved) GROUP BY 1, 2, 3"""
_PAID: Final = """
SELECT coalesce({0}, '–'), coalesce(p.currency, l.currency), count(DISTINCT p.borrower_no),
    sum(CASE WHEN p.reverses IS NULL THEN p.amount ELSE -p.amount END)::bigint
FROM payments p JOIN collection_case c USING (borrower_no) LEFT JOIN case_loan l ON l.loan_id = p.loan_id
WHERE p.paid_on >= %(since)s GROUP BY 1, 2 ORDER BY 1, 2"""
_MADE: Final = """
SELECT coalesce({0}, '–'), l.currency, k.channel, count(*)
FROM contacts k JOIN collection_case c USING (borrower_no)
JOIN LATERAL (SELECT currency FROM case_loan WHERE borrower_no = c.borrower_no ORDER BY id LIMIT 1) l ON true
WHERE k.happened_on >= %(since)s AND k.direction = 'out' AND k.cancelled_at IS NULL GROUP BY 1, 2, 3"""
_CASES: Final = "SELECT coalesce({0}, '–'), count(*) FROM collection_case c GROUP BY 1"


@dataclass(frozen=True)
class Share:
    """So many of so many, under a key."""

    key: str
    count: int
    of: int

    @property
    def interval(self) -> tuple[float, float] | None:
        """The shares between which the true one lies, 95 of a hundred times; None of too few."""
        return wilson(self.count, self.of) if self.of >= FEWEST else None


@dataclass(frozen=True)
class Acted:
    """Acts asked of the gate, permitted, and made (contacts); of the calls and visits, who was reached."""

    key: str
    asked: int
    permitted: int
    made: int
    reached: Share


@dataclass(frozen=True)
class Moved:
    """Loans that were overdue thirty days before: how many are clear now, and how many are longer overdue."""

    key: str
    cured: Share
    rolled: Share


@dataclass(frozen=True)
class Recovered:
    """Money that came in, and what contacts cost, in minor units of a currency; of the borrowers, who paid.

    `cost` is None where the settings say no cost of some channel.
    """

    key: str
    currency: str
    amount: int
    cost: int | None
    paid: Share

    @property
    def net(self) -> int | None:
        """What is left of the money after the cost."""
        return None if self.cost is None else self.amount - self.cost


def wilson(count: int, of: int) -> tuple[float, float]:  # float: shares
    """Return the score interval of a share, 95 per cent (Wilson 1927; Brown, Cai and DasGupta 2001)."""
    share, square = count / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    around = _Z * sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    return max(0.0, middle - around), min(1.0, middle + around)


def acted(connection: Connection[TupleRow], since: datetime, by: str) -> list[Acted]:
    """Count acts and contacts since a moment."""
    values = {"since": since, "reached": list(REACHED)}
    with connection.transaction():
        rows = connection.execute(_ACTED.format(_OF_ACT[by]).encode(), values).fetchall()
    return [
        Acted(key, asked, permitted, made, Share(key, reached, tried))
        for key, asked, permitted, made, tried, reached in rows
    ]


def promised(connection: Connection[TupleRow], on: date, since: date, by: str) -> list[Share]:
    """Count the promises that were kept or broken since a day: how many were kept."""
    judged = list(standings(connection, on, GRACE_DAYS))
    keys = _keys(connection, [borrower for borrower, _ in judged], by)
    kept, over = Counter[str](), Counter[str]()
    for borrower, one in judged:
        for standing in one.standings:
            is_over = standing.since is not None and standing.since >= since and standing.kept is not Kept.OPEN
            if is_over and borrower in keys:
                over[keys[borrower]] += 1
                kept[keys[borrower]] += standing.kept is Kept.KEPT
    return [Share(key, kept[key], over[key]) for key in sorted(over)]


def moved(connection: Connection[TupleRow], buckets: Sequence[Bucket], by: str) -> list[Moved]:
    """Count what the last night saw of how loans have moved; by bucket where it is not by arm."""
    order = {bucket.name: place for place, bucket in enumerate(buckets)}
    with connection.transaction():
        rows = connection.execute(_MOVED.format("arm" if by == "arm" else "state_then").encode()).fetchall()
    of, cured, rolled = Counter[str](), Counter[str](), Counter[str]()
    for key, then, now, loans in rows:
        of[key] += loans
        cured[key] += loans if now in {NOT_OVERDUE, CLOSED} else 0
        rolled[key] += loans if order.get(now, -1) > order.get(then, len(order)) else 0
    found = sorted(of, key=lambda key: (order.get(key, -1), key))
    return [Moved(key, Share(key, cured[key], of[key]), Share(key, rolled[key], of[key])) for key in found]


def recovered(
    connection: Connection[TupleRow], costs: Mapping[str, Mapping[str, int]], since: date, by: str
) -> list[Recovered]:
    """Sum the money of the cases since a day; `costs` are minor units by channel and currency."""
    values = {"since": since}
    with connection.transaction():
        paid = connection.execute(_PAID.format(_KEY[by]).encode(), values).fetchall()
        made = connection.execute(_MADE.format(_KEY[by]).encode(), values).fetchall()
        cases = {str(key): int(count) for key, count in connection.execute(_CASES.format(_KEY[by]).encode()).fetchall()}
    spent: dict[tuple[str, str], int | None] = {}
    for key, currency, channel, count in made:
        cost, before = costs.get(channel, {}).get(currency), spent.get((key, currency), 0)
        spent[key, currency] = None if cost is None or before is None else before + cost * count
    money = {(key, currency): (amount, payers) for key, currency, payers, amount in paid}
    return [
        Recovered(key, currency, *_of(money.get((key, currency)), spent.get((key, currency), 0), key, cases))
        for key, currency in sorted(money.keys() | spent.keys(), key=str)
    ]


def _of(
    money: tuple[int, int] | None, cost: int | None, key: str, cases: Mapping[str, int]
) -> tuple[int, int | None, Share]:
    amount, payers = money or (0, 0)
    return amount, cost, Share(key, payers, cases.get(key, 0))


def _keys(connection: Connection[TupleRow], borrowers: Iterable[int], by: str) -> dict[int, str]:
    with connection.transaction():
        rows = connection.execute(_KEYS.format(_KEY[by]).encode(), [sorted(set(borrowers))]).fetchall()
    return {int(borrower): str(key) for borrower, key in rows}
