"""What a borrower tells somebody at the desk, noted once: it stops what it must stop in the same transaction.

    note(connection, ring, by, told, Note("dispute", kind="amount", words="..."))

A note has an id out of the page that it was written on: sent twice, it is noted once.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.day.grievances import KINDS, Grievance, Grievances
from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring

HOLDS: Final = ("hardship", "attorney", "bereavement", "bankruptcy", "cease")
"""What may be told that stops contact, beside complaints and disputes."""

WHATS: Final = ("promise", *HOLDS, *KINDS)


@dataclass(frozen=True, repr=False)
class Note:
    """What was told: `what` is one of WHATS; a promise has an amount in minor units and a day.

    `kind` and `words` are those of a complaint or a dispute; the words are sealed.
    """

    what: str
    loan_id: str | None = None
    amount: int = 0
    on: date | None = None
    kind: str = "other"
    words: str = ""


def note(connection: Connection[TupleRow], ring: Keyring, by: str, told: Told, said: Note) -> bool:
    """Note what was told, and say whether it is new; DueCourseError for what makes no sense."""
    if said.what in KINDS:
        return Grievances(connection, ring, by).note(said.what, told, Grievance(said.kind, said.words, said.loan_id))
    facts = Facts(connection, ring, by)
    with facts.locked(told.borrower):
        if said.what == "promise":
            if said.on is None:
                raise DueCourseError("a promise names the day by which is paid")
            return facts.promise(told, said.amount, said.on, said.loan_id)
        if said.what in HOLDS:
            return facts.hold(told, said.what, said.loan_id)
    raise DueCourseError(f"'{said.what}' is nothing that the desk notes: {', '.join(WHATS)}")
