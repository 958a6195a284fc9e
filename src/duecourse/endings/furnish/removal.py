"""A day that the law gives of a report: when the record goes, or by when an objection to it is answered.

    LawDay(law, REMOVED).day(borrower, known, owed, line, events, at) -> the day, None where no rule gives one yet

The firm counts from the first delinquency that it reported (15 USC 1681c(c)) or from when the loan was paid
(征信业管理条例 art 16): what the ledger knows of that is told to the law, as the night tells it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any, Final

from duecourse.day import asking
from duecourse.day.asking import Asked, Window
from duecourse.day.known import Known
from duecourse.day.owed import Owed
from duecourse.day.past import reading
from duecourse.endings.furnish.position import Line
from duecourse.law.asking import Act, Functions, History
from duecourse.law.calendars import works_in
from duecourse.law.duties import open_duties
from duecourse.law.rulebook import Law, rulebooks_of
from duecourse.night.duty_rows import DERIVED, binds

REMOVED: Final = "adverse_record_removed_on"
ANSWER: Final = "objection_answer_due"
_SETTLED: Final = "settled"
Row = Mapping[str, Any]


class LawDay:
    """Asks some law one question; its functions are made once for each country."""

    def __init__(self, law: Law, ask: str) -> None:
        """Keep of the law what answers the question."""
        every, self.ask = open_duties(law), ask
        self._law = replace(every, rules=tuple(rule for rule in every.rules if rule.record.answers == ask))
        self._functions: dict[str, Functions] = {}
        self._books = partial(rulebooks_of, law)

    def statement(self) -> str:
        """Return what reads the past that the question needs."""
        return reading(self._law.kinds - (DERIVED - {_SETTLED}), seldom=True)

    def day(
        self, borrower: int, known: Known, owed: Owed, line: Line, events: Sequence[Row], at: datetime
    ) -> date | None:
        """Return the day for a loan, as it would be once it was reported."""
        books = self._books(known.country, known.region, known.locality)
        asked = Asked(borrower, "furnish", None, "collection", (owed.loan_id,), None)
        window = Window(at, at, line.as_of, line.as_of)
        (row,) = asking.rows(asked, [owed], known, books, window)
        row |= {"ask": self.ask, "act": None, "loan.delinquency_began_on": line.first_delinquency}
        functions = self._of(known.country)
        act = Act(row, History(functions, self._past(line, events)), functions, works_in)
        said = functions.verdict(act)
        days = [said[f"gives_{place}"] for place, rule in enumerate(functions.law.rules) if rule.gives is not None]
        return min((day for day in days if day is not None), default=None)

    def _of(self, country: str) -> Functions:
        if country not in self._functions:
            books = [book.id for book in self._law.books.values() if binds(book, country)]
            self._functions[country] = Functions(self._law.of(books))
        return self._functions[country]

    def _past(self, line: Line, events: Sequence[Row]) -> list[Row]:
        """Return the past with what is asked about: the report or the objection, and what the ledger adds."""
        found = [one for one in events if one["event"] != "payment"]  # what is paid the ledger knows better
        kinds = {"furnished" if self.ask == REMOVED else "dispute": line.as_of}
        kinds |= {_SETTLED: line.closed_on} if line.closed_on else {}
        for kind, on in kinds.items():
            if not any(one["event"] == kind and line.loan_id in one.get("debts", ()) for one in events):
                noon = int(datetime.combine(on, time(12), UTC).timestamp())
                found.append({
                    "event": kind, "moment": noon, "day": on, "seq": len(found), "debts": [line.loan_id],
                    "loan": line.loan_id, "about": [line.loan_id], "by": "own",
                })  # fmt: skip
        return found
