"""Complaints and disputes: noted with their hold, and closed, which lifts it; each in one transaction.

    grievances = Grievances(connection, ring, "u1")
    grievances.note("complaint", told, Grievance("conduct", words)) -> whether it is new
    grievances.close("complaint", told, "upheld") -> whether it was open

What was said is sealed under the borrower's key. The hold has the id of what it is for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.bound import grievance_place
from duecourse.store.keys import Keyring, seal_bytes
from duecourse.store.roles import MAY, Role, What

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "complaint": ("conduct", "contact", "disclosure", "amount", "record", "service", "other"),
    "dispute": ("amount", "identity", "paid", "record", "other"),
}
OUTCOMES: Final[Mapping[str, tuple[str, ...]]] = {
    "complaint": ("upheld", "upheld_in_part", "rejected", "withdrawn"),
    "dispute": ("upheld", "upheld_in_part", "rejected", "withdrawn"),
}
_CLOSED: Final = {"complaint": "complaint_closed", "dispute": "dispute_answered"}  # events of the law
_OWN: Final = """
SELECT FROM case_loan WHERE loan_id = %s AND borrower_no <> %s"""
_THERE: Final = "SELECT FROM {0} WHERE {0}_id = %s"
_NOTE: Final = """
INSERT INTO {0} ({0}_id, borrower_no, loan_id, kind, words, received_at, received_on, due_on, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_CLOSE: Final = """
WITH closed AS (
    UPDATE {0} SET replaced_at = %s WHERE {0}_id = %s AND borrower_no = %s AND replaced_at IS NULL AND state = 'open'
    RETURNING {0}_id, borrower_no, loan_id, kind, words, received_at, received_on, due_on
)
INSERT INTO {0} ({0}_id, borrower_no, loan_id, kind, words, received_at, received_on, due_on, state, outcome,
    closed_on, recorded_at)
SELECT closed.*, 'closed', %s, %s, %s FROM closed RETURNING loan_id"""
_EVENT: Final = """
INSERT INTO events (event_id, borrower_no, kind, loan_id, happened_at, happened_on, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_USER: Final = "SELECT role FROM staff WHERE user_id = %s AND is_active FOR SHARE"


@dataclass(frozen=True, repr=False)
class Grievance:
    """What somebody complains of or disputes: its kind, their words, of which loan, and the last day to answer.

    `due_on` is what the law says, where it says something (`duecourse.day.duties`).
    """

    kind: str
    words: str
    loan_id: str | None = None
    due_on: date | None = None


class Grievances:
    """Notes and closes on a connection, for whoever `by` names: a user, or a process that notes only."""

    def __init__(self, connection: Connection[TupleRow], ring: Keyring, by: str) -> None:
        """Take a connection, which others may use too."""
        self._connection, self._ring, self._by = connection, ring, by
        self._facts = Facts(connection, ring, by)

    def note(self, what: str, told: Told, grievance: Grievance) -> bool:
        """Note a complaint or a dispute with its hold; False where it is there already, and nothing changes.

        DueCourseError for a kind that there is not, or a loan of somebody else.
        """
        if grievance.kind not in _of(KINDS, what):
            raise DueCourseError(f"there is no {what} of kind '{grievance.kind}': {', '.join(KINDS[what])}")
        with self._facts.locked(told.borrower):
            if self._connection.execute(_OWN, [grievance.loan_id, told.borrower]).fetchone() is not None:
                raise DueCourseError(f"loan {grievance.loan_id} is not this borrower's: name one of theirs, or none")
            if self._connection.execute(_THERE.format(what).encode(), [told.fact_id]).fetchone() is not None:
                return False
            words = seal_bytes(self._key(told.borrower), grievance.words.encode(), grievance_place(what, told.fact_id))
            values = [
                told.fact_id, told.borrower, grievance.loan_id, grievance.kind, words, told.at, told.on,
                grievance.due_on, told.at,
            ]  # fmt: skip
            said = {"kind": grievance.kind, "loan": grievance.loan_id, "due_on": str(grievance.due_on or "")}
            self._facts.write(told, _NOTE.format(what), values, f"{what}.noted", said)
            if not self._facts.hold(told, what, grievance.loan_id):
                raise DueCourseError(f"there is a hold {told.fact_id} already: note the {what} under an id of its own")
            return True

    def close(self, what: str, told: Told, outcome: str) -> bool:
        """Close a complaint or a dispute by its id and lift its hold; False where none of that id is open.

        DueCourseError for an outcome that there is not, or a user who may not.
        """
        if outcome not in _of(OUTCOMES, what):
            raise DueCourseError(f"a {what} does not end '{outcome}': {', '.join(OUTCOMES[what])}")
        with self._facts.locked(told.borrower):
            row = self._connection.execute(_USER, [self._by]).fetchone()
            if row is None or What.CLOSE not in MAY[Role(row[0])]:
                raise DueCourseError(f"a {what} is closed by somebody of compliance: name an active user who is")
            closing = [told.at, told.fact_id, told.borrower, outcome, told.on, told.at]
            closed = self._connection.execute(_CLOSE.format(what).encode(), closing).fetchone()
            if closed is None:
                return False
            self._facts.note(told, f"{what}.closed", {"outcome": outcome})
            event = [f"{told.fact_id}-closed", told.borrower, _CLOSED[what], closed[0], told.at, told.on, told.at]
            self._connection.execute(_EVENT, event)
            self._facts.lift(told)
            return True

    def _key(self, borrower: int) -> bytes:
        """Return the borrower's key, which they get if need be."""
        with self._connection.cursor() as cursor:
            cursor.execute(chain.HEADS, [[borrower]])
            head = chain.Head.read(self._ring, cursor.fetchall()[0])
            if head.key is None:
                head = chain.make_key(cursor, self._ring, head)
        if head.key is None:
            raise DueCourseError("the borrower has no key, and none could be made: see `duecourse store verify`")
        return head.key.key


def _of(table: Mapping[str, tuple[str, ...]], what: str) -> tuple[str, ...]:
    if what not in table:
        raise DueCourseError(f"'{what}' is neither a complaint nor a dispute")
    return table[what]
