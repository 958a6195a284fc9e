"""What the gate said over some days, by rule; and how often borrowers were contacted, counted without the gate.

by_rule(connection, judge, law, since) -> [Ruled, ...]
density(connection, since) -> [Dense, ...]
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.judging import Judge, Sort
from duecourse.law.program import WORD
from duecourse.night.verdicts import LAW

CALLS: Final = ("call", "voicemail")
# The same acts judged alike are one row, however many there were.
_JUDGED: Final = """
SELECT v.law, v.act, v.channel, v.purpose, c.country, v.asked, v.refused, v.is_permitted,
    max(v.judged_at)::date, count(*)
FROM verdict v LEFT JOIN collection_case c USING (borrower_no)
WHERE v.judged_at >= %s GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""
_REASONS: Final = """
SELECT reason, act, channel, count(*) FROM verdict, unnest(reasons) AS reason
WHERE judged_at >= %s AND NOT is_permitted GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"""
_OF_REASON: Final = """
SELECT v.borrower_no, b.borrower_id, v.judged_at, v.act, v.channel, v.purpose, v.loans, v.reasons
FROM verdict v JOIN borrower b ON b.id = v.borrower_no
WHERE v.judged_at >= %s AND NOT v.is_permitted AND %s = ANY(v.reasons) ORDER BY v.judged_at DESC, v.id DESC LIMIT %s"""
_TOTALS: Final = """
SELECT act, channel, count(*) FILTER (WHERE is_permitted), count(*) FILTER (WHERE NOT is_permitted)
FROM verdict WHERE judged_at >= %s GROUP BY 1, 2 ORDER BY 1, 2"""
# Of each contact, how many there were in the seven days that end with its own; the most of a borrower is what counts.
_DENSITY: Final = """
WITH made AS (
    SELECT borrower_no, channel, happened_on FROM contacts
    WHERE direction = 'out' AND cancelled_at IS NULL AND happened_on > %(since)s::date - 7
),
counted AS (
    SELECT borrower_no, happened_on,
        count(*) OVER week AS contacts, count(*) FILTER (WHERE channel = ANY(%(calls)s)) OVER week AS calls,
        count(*) OVER day AS of_day
    FROM made WINDOW
        week AS (PARTITION BY borrower_no ORDER BY happened_on RANGE BETWEEN '6 days' PRECEDING AND CURRENT ROW),
        day AS (PARTITION BY borrower_no, happened_on)
)
SELECT c.borrower_no, b.borrower_id, coalesce(k.country, ''), max(contacts), max(calls), max(of_day)
FROM counted c JOIN borrower b ON b.id = c.borrower_no LEFT JOIN collection_case k ON k.borrower_no = c.borrower_no
WHERE c.happened_on >= %(since)s GROUP BY 1, 2, 3"""


@dataclass(frozen=True)
class Ruled:
    """A rule, and of how many acts it was asked that were permitted, and how many it refused."""

    rule: str
    permitted: int
    refused: int


@dataclass(frozen=True)
class Dense:
    """A borrower with the most contacts and calls in any seven days, and the most contacts on a day."""

    borrower: int
    borrower_id: str
    country: str
    contacts_in_week: int
    calls_in_week: int
    contacts_on_day: int


def totals(connection: Connection[TupleRow], since: datetime) -> list[tuple[str, str | None, int, int]]:
    """Return (act, channel, permitted, refused) since a moment."""
    with connection.transaction():
        return [(row[0], row[1], row[2], row[3]) for row in connection.execute(_TOTALS, [since]).fetchall()]


def reasons(connection: Connection[TupleRow], since: datetime) -> list[tuple[str, str, str | None, int]]:
    """Return (reason, act, channel, how many) of refusals since a moment, the most frequent first."""
    with connection.transaction():
        return [(row[0], row[1], row[2], row[3]) for row in connection.execute(_REASONS, [since]).fetchall()]


def of_reason(connection: Connection[TupleRow], since: datetime, reason: str, most: int = 100) -> list[TupleRow]:
    """Return the newest refusals for a reason: borrower, their id, when, act, channel, purpose, loans, all reasons."""
    with connection.transaction():
        return connection.execute(_OF_REASON, [since, reason, most]).fetchall()


def by_rule(connection: Connection[TupleRow], judge: Judge, since: datetime) -> list[Ruled]:
    """Return every rule that was asked since a moment, those that refused most first.

    Verdicts keep bits by the rules' places; those of a law that is not in force any more tell nothing here.
    """
    with connection.transaction():
        rows = connection.execute(_JUDGED, [since]).fetchall()
    permitted, refused = Counter[str](), Counter[str]()
    known: dict[str, tuple[str, ...]] = {}
    for law, act, channel, purpose, country, asked, against, is_permitted, on, count in rows:
        if law not in known:
            known[law] = _rules(judge, law, (str(country or ""), act, channel, purpose), on)
        for rule in set(_named(known[law], asked)):
            permitted[rule] += count if is_permitted else 0
        for rule in set(_named(known[law], against)):
            refused[rule] += 0 if is_permitted else count
    rules = sorted(permitted.keys() | refused.keys(), key=lambda rule: (-refused[rule], -permitted[rule], rule))
    return [Ruled(f"{LAW}{rule}", permitted[rule], refused[rule]) for rule in rules]


def density(connection: Connection[TupleRow], since: date) -> list[Dense]:
    """Return each borrower contacted since a day, those with most in a week first."""
    with connection.transaction():
        rows = connection.execute(_DENSITY, {"since": since, "calls": list(CALLS)}).fetchall()
    found = [Dense(*row) for row in rows]
    return sorted(found, key=lambda one: (-one.calls_in_week, -one.contacts_in_week, one.borrower))


def _rules(judge: Judge, digest: str, about: tuple[str, str, str | None, str], on: date) -> tuple[str, ...]:
    """Return the rules of the part of the law that has a digest, in their places; none where it is not found."""
    country, act, channel, purpose = about
    if not digest or not country:
        return ()
    for demands in (True, False):
        for seldom in (False, True):
            law = judge.functions((Sort(country, act, channel, purpose, demands), seldom), on).law
            if law.digest == digest:
                return tuple(rule.id for rule in law.rules)
    return ()


def _named(rules: Sequence[str], words: Sequence[int]) -> Iterator[str]:
    """Go through the rules whose bit is set, of each loan that an act was about."""
    each = -(-len(rules) // WORD)  # words of bits, up: the last is not full
    for place in range(0, len(words) if each else 0, each or 1):
        for at, rule in enumerate(rules):
            if words[place + at // WORD] >> at % WORD & 1:  # not money
                yield rule
