"""How often something may be tried: so many times within a span, each try counted before it is made.

    Limit("password", 10, timedelta(minutes=15)).take(connection, ring, "u7", at) -> whether it may be tried

What was tried is kept as a blind index: who reads the table learns nobody's id, and no address.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.store.keys import Keyring

# One statement: two at once are two tries.
_TAKE: Final = """
INSERT INTO attempts (who, since, tried) VALUES (%(who)s, %(at)s, 1)
ON CONFLICT (who) DO UPDATE SET
    tried = CASE WHEN attempts.since <= %(old)s THEN 1 ELSE least(attempts.tried + 1, 1000000) END,
    since = CASE WHEN attempts.since <= %(old)s THEN %(at)s ELSE attempts.since END
RETURNING tried"""
_FORGET: Final = "DELETE FROM attempts WHERE who = %s"
_FORGET_OLD: Final = "DELETE FROM attempts WHERE since <= %s"
_LONGEST: Final = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """`times` tries of `what` within `span`, counted from the first of them."""

    what: str
    times: int
    span: timedelta

    def take(self, connection: Connection[TupleRow], ring: Keyring, who: str, at: datetime) -> bool:
        """Count a try, and say whether it may be made; what is refused counts too, and moves nothing later."""
        values = {"who": ring.blind(f"tries {self.what}", who), "at": at, "old": at - self.span}
        row = connection.execute(_TAKE, values).fetchone()
        return row is not None and row[0] <= self.times

    def forget(self, connection: Connection[TupleRow], ring: Keyring, who: str) -> None:
        """Begin anew: it was tried with success."""
        connection.execute(_FORGET, [ring.blind(f"tries {self.what}", who)])


def forget_old(connection: Connection[TupleRow], at: datetime) -> int:
    """Remove counts that no limit looks at any more; returns how many."""
    return connection.execute(_FORGET_OLD, [at - _LONGEST]).rowcount
