"""Whether the law where a borrower lives expressly permits a private register of debtors, and what it says of one.

    Permission(law, connection).of(borrower, on) -> None where it is open, else why it is closed
    Permission(law, connection).day("register_objection_ends", borrower, on)

Silence closes: a law that says nothing of such a register has not permitted it. Nor can a lender open one: a house
rulebook answers no questions.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.kernel.errors import DueCourseError
from duecourse.law.asking import Act, Functions, History
from duecourse.law.calendars import works_in
from duecourse.law.judge import gates
from duecourse.law.rulebook import Law, rulebooks_of

PERMITTED: Final = "private_register_permitted"
OBJECTION_ENDS: Final = "register_objection_ends"
ENTRY_ENDS: Final = "register_entry_ends"
REMOVED_BY: Final = "register_removed_by"
NO_CASE: Final = "no_case"
SILENT: Final = "register_not_permitted"  # the law says nothing of a private register, or is not known
FORBIDDEN: Final = "register_forbidden"

_PLACE: Final = "SELECT country, region, locality FROM collection_case WHERE borrower_no = %s"
_LAST_COUNTS: Final = frozenset({OBJECTION_ENDS})  # of several answers; of the others the first does


class Permission:
    """Asks some law about borrowers of a store."""

    def __init__(self, law: Law, connection: Connection[TupleRow]) -> None:
        """Take the law, and a connection that others may use too."""
        self._law, self._connection = law, connection
        self._functions = lru_cache(8)(lambda ask: Functions(law.of(law.books, asks=[ask])))

    def of(self, borrower: int, on: date) -> str | None:
        """Say why the register is closed to a borrower's debts on a day; None where it is open."""
        place = self._place(borrower)
        if place is None:
            return NO_CASE
        found = self._answers(PERMITTED, place, on)
        if not found:
            return SILENT
        return None if all(one is True for one in found) else FORBIDDEN

    def day(self, ask: str, borrower: int, on: date) -> date:
        """Return what the law answers about something that is done on a day: of several the one that binds most.

        DueCourseError where it does not answer: a register without that rule is not one that the law has thought out.
        """
        place = self._place(borrower)
        days = [one for one in self._answers(ask, place, on) if isinstance(one, date)] if place else []
        if not days:
            raise DueCourseError(f"the law where borrower number {borrower} lives does not answer '{ask}' for {on}")
        return max(days) if ask in _LAST_COUNTS else min(days)

    def _place(self, borrower: int) -> tuple[str, str, str] | None:
        with self._connection.transaction():
            row: Any = self._connection.execute(_PLACE, [borrower]).fetchone()
        return tuple(row) if row else None

    def _answers(self, ask: str, place: tuple[str, str, str], on: date) -> Sequence[Any]:
        """Return what every rule answers that may: one from memory does not open a register."""
        functions = self._functions(ask)
        row = {"rulebooks": rulebooks_of(self._law, *place), "day": on, "seen": 0, "act": None, "ask": ask}
        act = Act({**row, "calendar": place[0], "country": place[0]}, History(functions, ()), functions, works_in)
        said = functions.verdict(act)
        given = [said.get(f"gives_{at}") if gates(rule) else None for at, rule in enumerate(functions.law.rules)]
        return [one for one in given if one is not None]
