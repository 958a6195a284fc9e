"""What teams took at the door against what came to the bank: equal to the minor unit, or the team does not go out.

deposit(connection, Deposit(...), who)          cash and cheques of a team's day, paid in
settle(connection, Deposit(..., why="short"))   a supervisor answers for what is left
differences(connection, team=..., before=...)   what is open
refuse_open(connection, batch)                  before a team's sheets are handed out
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.documents.pdf import shown_money
from duecourse.endings.moving import Who
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain

CARRIED: Final = ("cash", "cheque")
"""What is carried to the bank; the rest comes there by itself."""
_DAY: Final = len("2026-11-20")
_KEEP: Final = """
INSERT INTO visit_deposit (deposit_id, team, on_day, amount, currency, why, "by", at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_SAME: Final = """
SELECT FROM visit_deposit WHERE deposit_id = %s AND team = %s AND on_day = %s AND amount = %s AND currency = %s
    AND why = %s"""
_IS_SUPERVISOR: Final = "SELECT FROM staff WHERE user_id = %s AND is_active AND role = 'supervisor'"
_OPEN: Final = """
WITH moved AS (
    SELECT team, on_day, currency, amount FROM visit_receipt WHERE method = ANY(%(carried)s)
    UNION ALL SELECT team, on_day, currency, -amount FROM visit_deposit
)
SELECT team, on_day, currency, sum(amount)::bigint FROM moved
WHERE (%(team)s::text IS NULL OR team = %(team)s) AND (%(before)s::date IS NULL OR on_day < %(before)s)
GROUP BY team, on_day, currency HAVING sum(amount) <> 0 ORDER BY on_day, team, currency"""


@dataclass(frozen=True)
class Deposit:
    """What was paid in for a team's day, by the bank's reference; `why` says of a difference how it was settled."""

    deposit_id: str
    team: str
    on: date
    amount: int
    currency: str
    why: str = ""


@dataclass(frozen=True)
class Difference:
    """What a team took on a day and did not pay in; below zero, what it paid in and has no receipts for."""

    team: str
    on: date
    currency: str
    amount: int


def deposit(connection: Connection[TupleRow], one: Deposit, who: Who) -> bool:
    """Note what was paid in; False where it was noted before. DueCourseError where it was, and otherwise."""
    if one.amount <= 0 or one.why:
        raise DueCourseError("a deposit is an amount above zero; a difference is settled by a supervisor, with why")
    return _kept(connection, one, who)


def settle(connection: Connection[TupleRow], one: Deposit, who: Who) -> bool:
    """Settle a difference, with the reason, by a named supervisor; it is closed where it then comes to nothing.

    DueCourseError where whoever does it is none, or another amount is open.
    """
    with connection.transaction():
        if connection.execute(_IS_SUPERVISOR, [who.by]).fetchone() is None:
            raise DueCourseError(f"'{who.by}' is no active supervisor: one settles a difference by --by")
    if not one.why.strip():
        raise DueCourseError("a difference is settled with its reason: write it with --why")
    found = [
        each.amount for each in differences(connection, one.team) if (each.on, each.currency) == (one.on, one.currency)
    ]
    if found != [one.amount]:
        raise DueCourseError(
            f"{one.team} of {one.on}: {shown_money(found[0] if found else 0, one.currency)} is open, and not"
            f" {shown_money(one.amount, one.currency)}: settle what is open"
        )
    return _kept(connection, one, who)


def differences(
    connection: Connection[TupleRow], team: str | None = None, before: date | None = None
) -> list[Difference]:
    """Return what is open, of a team or of all, of days before one or of all, the oldest first."""
    values = {"team": team, "before": before, "carried": list(CARRIED)}
    with connection.transaction():
        return [Difference(*row) for row in connection.execute(_OPEN, values).fetchall()]


def refuse_open(connection: Connection[TupleRow], batch: str) -> None:
    """Refuse to hand out a team's sheets while something of its earlier days is open."""
    try:
        on, team = date.fromisoformat(batch[:_DAY]), batch[_DAY + 1 :]
    except ValueError:
        return  # no batch of a team's day: whoever hands it out says so
    for one in differences(connection, team, before=on):
        raise DueCourseError(
            f"{batch}: {one.team} of {one.on} has {shown_money(one.amount, one.currency)} open between receipts and"
            " bank: pay it in (`day visits deposit`), or let a supervisor settle it (`day visits settle`)"
        )


def _kept(connection: Connection[TupleRow], one: Deposit, who: Who) -> bool:
    values = [one.deposit_id, one.team, one.on, one.amount, one.currency, one.why]
    with connection.transaction(), connection.cursor() as cursor:
        if cursor.execute(_KEEP, [*values, who.by, who.at]).rowcount == 0:
            if cursor.execute(_SAME, values).fetchone() is None:
                raise DueCourseError(f"{one.deposit_id}: was noted before, and otherwise: give this one its own id")
            return False
        said = {"team": one.team, "on": one.on.isoformat(), "amount": one.amount, "currency": one.currency}
        kind = "difference.settled" if one.why else "deposit.noted"
        said_why = {"why": one.why} if one.why else {}
        chain.append_own(cursor, [chain.Draft(who.at, kind, who.by, {**said, **said_why}, one.deposit_id, plain=True)])
        return True
