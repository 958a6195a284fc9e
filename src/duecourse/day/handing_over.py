"""Acts of the plan given to another team, one or all of a borrower's that wait; with an entry in the borrower's chain.

give(connection, ring, by, told, team, act=None) -> how many
"""

from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.store.keys import Keyring

_GIVE: Final = """
UPDATE planned_act SET team = %(team)s
WHERE borrower_no = %(borrower)s AND state = 'waiting' AND team IS NOT NULL AND team <> %(team)s
    AND (%(act)s::bigint IS NULL OR id = %(act)s)"""


def give(
    connection: Connection[TupleRow], ring: Keyring, by: str, told: Told, team: str, act: int | None = None
) -> int:  # fmt: skip
    """Give the acts of a borrower that wait for a team to another; returns how many. The next night plans anew."""
    facts = Facts(connection, ring, by)
    with facts.locked(told.borrower):
        values = {"team": team, "borrower": told.borrower, "act": act}
        count = connection.execute(_GIVE, values).rowcount
        if count:
            facts.note(told, "acts.handed_over", {"team": team, "acts": count})
    return count
