"""One-time links to a borrower's own page: each message bears one of its own, and one may be made without a message.

    path_of(ring, key) -> "/portal/in/k1f0c83-..."        of a message, by its key
    made(connection, borrower, until) -> key              one that goes another way
    standing(connection, ring, token, at, days) -> Link | None
    use(connection, link) -> whether it was the first time

Nothing is kept of the link of a message until somebody tries it. A token cannot be made up (`channels.email.tokens`).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.email.tokens import Purpose, Tokens
from duecourse.store.keys import Keyring

PATH: Final = "/portal/in/"
WRONG_MOST: Final = 5
"""So often may somebody fail to say who they are before a link is of no use."""

_MADE: Final = "INSERT INTO portal_link (key, borrower_no, until) VALUES (%s, %s, %s)"
_STANDING: Final = """
SELECT borrower_no, until FROM portal_link
WHERE key = %(key)s AND used_at IS NULL AND wrong < %(most)s AND until > %(at)s
UNION ALL
SELECT borrower_no, released_at + %(span)s FROM outbox WHERE key = %(key)s AND released_at + %(span)s > %(at)s
    AND NOT EXISTS (SELECT FROM portal_link WHERE key = %(key)s)"""
# One statement each: who is second finds it used, and two wrong tries at once are two.
_USE: Final = """
INSERT INTO portal_link (key, borrower_no, until, used_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (key) DO UPDATE SET used_at = excluded.used_at
WHERE portal_link.used_at IS NULL AND portal_link.wrong < %s"""
_WRONG: Final = """
INSERT INTO portal_link (key, borrower_no, until, wrong) VALUES (%s, %s, %s, 1)
ON CONFLICT (key) DO UPDATE SET wrong = portal_link.wrong + 1"""


@dataclass(frozen=True, repr=False)
class Link:
    """A link that can be used, by its key: whose it is, and until when. Never printed."""

    key: str
    borrower: int
    until: datetime


def path_of(ring: Keyring, key: str) -> str:
    """Return the path of the link of a message, or of one that was made, by its key."""
    return PATH + _tokens(ring).token(key, Purpose.OWN_PAGE)


def made(connection: Connection[TupleRow], borrower: int, until: datetime) -> str:
    """Make a link that goes to a borrower another way than by a message of ours; returns its key."""
    key = secrets.token_hex(16)
    with connection.transaction():
        connection.execute(_MADE, [key, borrower, until])
    return key


def standing(
    connection: Connection[TupleRow], ring: Keyring, token: str, at: datetime, days: int
) -> Link | None:  # fmt: skip
    """Return the link of a token that we wrote, if it can still be used; that of a message for so many days."""
    key = _tokens(ring).key_of(token, Purpose.OWN_PAGE)
    if key is None:
        return None
    values = {"key": key, "at": at, "span": timedelta(days=days), "most": WRONG_MOST}
    with connection.transaction():
        row = connection.execute(_STANDING, values).fetchone()
    return Link(key, *row) if row else None


def use(connection: Connection[TupleRow], link: Link, at: datetime) -> bool:
    """Use a link up; False where somebody else was first."""
    with connection.transaction():
        return connection.execute(_USE, [link.key, link.borrower, link.until, at, WRONG_MOST]).rowcount > 0


def wrong(connection: Connection[TupleRow], link: Link) -> None:
    """Note that somebody with the link could not say who they are."""
    with connection.transaction():
        connection.execute(_WRONG, [link.key, link.borrower, link.until])


def _tokens(ring: Keyring) -> Tokens:
    return Tokens(ring.secret("own pages"))
