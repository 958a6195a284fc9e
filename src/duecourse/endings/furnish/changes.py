"""What becomes of a report after it was made: the notice before it, disputes, corrections, deletions, and its end.

    changes = Changes(opened, law, who)
    changes.notice("L1", served_on, delivered_on)
    changes.dispute(ending, "D-17", words) -> the last day to answer, where the law gives one
    changes.correct(ending, "D-17", "upheld", why)      changes.delete(ending, why)
    changes.due(on) -> [Due(ending, day), ...]

Nothing here goes to a bureau: the next run tells it, and `run` takes any name, so that it need not wait for a month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from duecourse.day.facts import Facts, Told
from duecourse.day.grievances import Grievance, Grievances
from duecourse.day.known import read, told
from duecourse.day.owed import owed
from duecourse.endings import moving
from duecourse.endings.deciding import refuse_unnamed
from duecourse.endings.furnish.gathering import line_before
from duecourse.endings.furnish.position import DELETED, FRAUD, Given, line_of
from duecourse.endings.furnish.removal import ANSWER, REMOVED, LawDay
from duecourse.endings.furnish.steps import keep
from duecourse.endings.many import Opened
from duecourse.endings.moving import Ending, Move, Moving, Who
from duecourse.kernel.errors import DueCourseError
from duecourse.law.rulebook import Law
from duecourse.store.endings import Kind
from duecourse.store.line import Line, numbers

OPEN: Final = "XB"  # the borrower disputes it, and it is looked into
ANSWERED: Final = "XH"  # it was disputed, and the answer is given
STILL: Final = "XC"  # the answer is given, and the borrower disputes it still
_OWNER: Final = "SELECT borrower_no FROM case_loan WHERE loan_id = %s"
_NOTICE: Final = """
INSERT INTO notices (notice_id, borrower_no, loan_id, kind, served_on, delivered_on, recorded_at)
SELECT %s, %s, %s, 'adverse_notice', %s, %s, %s WHERE NOT EXISTS (SELECT FROM notices WHERE notice_id = %s)"""
_AT_ONCE: Final = 500


@dataclass(frozen=True)
class Due:
    """A report whose record goes on a day."""

    ending: Ending
    goes_on: date


class Changes:
    """Changes reports, for whoever `who` names."""

    def __init__(self, opened: Opened, law: Law, who: Who) -> None:
        """Take what an office has opened."""
        self._opened, self._law, self._who = opened, law, who
        self._moving = Moving(opened.connection, opened.ring)

    def notice(self, loan_id: str, served_on: date, delivered_on: date | None = None) -> bool:
        """Note that the borrower was told that a loan will be reported; False where that is noted already."""
        with self._opened.connection.transaction():
            row = self._opened.connection.execute(_OWNER, [loan_id]).fetchone()
        if row is None or served_on > self._who.on or (delivered_on is not None and delivered_on < served_on):
            raise DueCourseError(f"loan {loan_id} is in no case, or the days do not follow on each other: see --help")
        fact = Told(f"adverse-{loan_id}-{served_on}-{delivered_on or ''}", int(row[0]), self._who.at, self._who.on)
        facts = Facts(self._opened.connection, self._opened.ring, self._who.by)
        values = [fact.fact_id, fact.borrower, loan_id, served_on, delivered_on, fact.at, fact.fact_id]
        said = {"loan": loan_id, "kind": "adverse_notice", "served_on": str(served_on)}
        with facts.locked(fact.borrower):
            return facts.write(fact, _NOTICE, values, "notice.served", said)

    def dispute(self, ending: Ending, dispute_id: str, words: str) -> date | None:
        """Note that the borrower disputes a report; it bears the mark from now on, and says nothing new meanwhile.

        Returns the last day to answer where the law gives one. All of it stands, or nothing.
        """
        fact = Told(dispute_id, ending.borrower, self._who.at, self._who.on)
        answer_by = self._answer_by(ending)
        with self._opened.connection.transaction():
            grievances = Grievances(self._opened.connection, self._opened.ring, self._who.by)
            if not grievances.note("dispute", fact, Grievance("record", words, ending.loan_id, answer_by)):
                raise DueCourseError(f"dispute {dispute_id} is noted already: give this one an id of its own")
            details = {"compliance": OPEN, "dispute": dispute_id, "answer_by": str(answer_by) if answer_by else None}
            self._moving.move([Move(ending, "disputed", f"dispute {dispute_id}", details=details)], self._who)
        return answer_by

    def correct(self, ending: Ending, outcome: str, why: str, *, still_disputed: bool = False) -> None:
        """Answer the dispute of a report: the next run reports it as the ledger has it, with the mark of an answer."""
        dispute_id = ending.details.get("dispute")
        if ending.state != "disputed" or dispute_id is None:
            raise DueCourseError(
                f"the report of loan {ending.loan_id} is {ending.state}, not disputed: nothing to answer"
            )
        fact = Told(str(dispute_id), ending.borrower, self._who.at, self._who.on)
        mark = STILL if still_disputed else ANSWERED
        with self._opened.connection.transaction():
            grievances = Grievances(self._opened.connection, self._opened.ring, self._who.by)
            if not grievances.close("dispute", fact, outcome):
                raise DueCourseError(f"dispute {dispute_id} is not open: see `duecourse ending show {ending.loan_id}`")
            keep(self._opened, ending, {"compliance": mark, "answered": dispute_id}, why, self._who)

    def renumber(self, ending: Ending, before: str) -> None:
        """Note the number under which an account was reported before: the next run tells the bureau of both."""
        if line_before(ending) is None or not before.strip():
            raise DueCourseError(f"loan {ending.loan_id} was never reported: nobody knows another number of it")
        keep(self._opened, ending, {"account_before": before}, "another number", self._who)

    def delete(self, endings: Sequence[Ending], why: str, *, is_fraud: bool = False) -> None:
        """Take reports away: the next run tells the bureau, once."""
        refuse_unnamed(self._opened.connection, self._who.by)
        code = FRAUD if is_fraud else DELETED
        self._moving.move([Move(one, "deleted", why, details={"deleted_as": code}) for one in endings], self._who)

    def due(self, on: date) -> list[Due]:
        """Return the reports whose record goes on a day or before it, the first day first."""
        reports = moving.read(
            self._opened.connection, "e.kind = %s AND e.state = ANY(%s)", [Kind.FURNISH, ["reported", "disputed"]]
        )
        found = []
        for first in range(0, len(reports), _AT_ONCE):
            some = reports[first : first + _AT_ONCE]
            days = self._days(some, LawDay(self._law, REMOVED))
            found += [Due(one, day) for one in some for day in (days.get(one.number),) if day and day <= on]
        return sorted(found, key=lambda one: (one.goes_on, one.ending.number))

    def _answer_by(self, ending: Ending) -> date | None:
        """Return by when the law has an objection of today answered."""
        return self._days([ending], LawDay(self._law, ANSWER)).get(ending.number)

    def _days(self, endings: Sequence[Ending], law: LawDay) -> dict[int, date]:
        """Ask the law of reports; of one whose borrower has no case any more, as it was told when it was reported."""
        trip, on = Line(self._opened.connection, keeps=False), self._who.on
        with trip.transaction():
            cases = read(trip, [one.borrower for one in endings]).cases
            whose = numbers(sorted({one.borrower for one in endings}))
            (rows,) = trip.ask((law.statement(), [on.isoformat().encode(), whose]))
            events = told(rows)
        found: dict[int, date | None] = {}
        for one in endings:
            known, before = cases.get(one.borrower), line_before(one)
            loan = known.loans.get(one.loan_id) if known else None
            if known is None or loan is None:
                kept = one.details.get("removed_on") if law.ask == REMOVED else None
                found[one.number] = date.fromisoformat(kept) if kept else None
                continue
            (amounts,) = owed([loan], on)
            line = line_of(loan, amounts, "", Given(known.country, on, before))
            past = events.get(one.borrower, [])
            found[one.number] = law.day(one.borrower, known, amounts, line, past, self._who.at)
        return {number: day for number, day in found.items() if day is not None}
