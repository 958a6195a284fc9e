"""The gate: no act is done that was not judged in the transaction that releases it.

    gate.decide([asked, ...], at) -> [Decision, ...]

The borrowers' rows are locked; then what is known of them is read, what their loans owe is worked out, and the law is
asked, each in a statement of its own; then the contact, the verdict, the message and the entry in the audit chain are
written together. A refusal is written like a permission.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.asking import Asked, Row, Window, rows
from duecourse.day.decision import Decision, Words
from duecourse.day.judging import Judge, Verdict, Which
from duecourse.day.known import Found, Hold, Known, Loan, read
from duecourse.day.owed import Owed, owed
from duecourse.day.reaching import POINTS
from duecourse.day.writing import prepared, write
from duecourse.kernel.errors import DueCourseError
from duecourse.law.rulebook import Law
from duecourse.night.lawful import rulebooks_of
from duecourse.night.verdicts import LAW, NO_RULEBOOK
from duecourse.store.keys import Keyring
from duecourse.strategy.models import Strategy
from duecourse.strategy.words import ACTS, FACING_ACTS

VALID: Final = timedelta(minutes=1)
Compose = Callable[[Asked, Known, Sequence[Owed], date], Words]
"""Writes the message of an act about some loans on a day; DueCourseError where it would have a hole."""


@dataclass(frozen=True)
class _Draft:
    """An act with the loans of it that are left, and the reasons why it falls whatever the law says."""

    asked: Asked
    window: Window
    loans: tuple[Owed, ...]
    reasons: tuple[str, ...] = ()


class Gate:
    """Decides on one connection, which belongs to it; one thread uses it."""

    def __init__(
        self,
        connection: Connection[TupleRow],
        ring: Keyring,
        law: Law,
        strategy: Strategy,
        compose: Compose,
        zone: str,
        valid: timedelta = VALID,
    ) -> None:
        """Open a gate; `zone` is the book's, `valid` how long a release holds before it is judged again."""
        self._connection, self._ring, self._law, self._strategy = connection, ring, law, strategy
        self._compose, self._zone, self._valid = compose, zone, valid
        self.judge = Judge(connection, law, strategy.content_words)

    def use(self, connection: Connection[TupleRow]) -> None:
        """Go on with a connection, in the place of one that was lost.

        Whether what was being decided then stands nobody knows: it is asked for again, and the law counts what stands.
        """
        self._connection = connection
        self.judge.use(connection)

    def decide(self, asked: Sequence[Asked], at: datetime) -> list[Decision]:
        """Judge acts at an instant, and release what is permitted: one transaction for all, decisions in their order.

        DueCourseError where two are of one borrower: the second must see the first, so it is asked for in turn.
        """
        if len({one.borrower for one in asked}) < len(asked):
            raise DueCourseError("two acts of one borrower at once: the second must see the first, so ask in turn")
        with self._transaction():
            found = read(self._connection, [one.borrower for one in asked], _planned(asked))
            windows = [self._window(found.cases.get(one.borrower), at) for one in asked]
            decisions = self._composed(self._judged(asked, found, windows), found)
            write(self._connection, prepared(self._ring, decisions, found))
        return decisions

    def judged(self, asked: Sequence[Asked], windows: Sequence[Window]) -> list[Decision]:
        """Say what would be decided of acts in their windows; nothing is written."""
        with self._transaction():
            found = read(self._connection, [one.borrower for one in asked], _planned(asked))
            return self._judged(asked, found, windows)

    def _window(self, known: Known | None, at: datetime) -> Window:
        """Return the window of a release: its business date is that of where the borrower is."""
        zone = known.zones[0] if known and known.zones else self._zone
        return Window.of(at, self._valid, zone, self._zone)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._connection.transaction():
                yield
        except BaseException:
            self.judge.forget()  # the driver drops all prepared statements of a connection that rolls back
            raise

    def _judged(self, asked: Sequence[Asked], found: Found, windows: Sequence[Window]) -> list[Decision]:
        """Ask the law about every act, that which falls for other reasons too: a no is told with all its reasons."""
        known = found.cases
        amounts = _amounts(known, {one.borrower: window.booked_on for one, window in zip(asked, windows, strict=True)})
        drafts = [self._draft(one, found, amounts, window) for one, window in zip(asked, windows, strict=True)]
        questions: dict[tuple[Which, date], list[Row]] = {}
        whose: list[tuple[int, Owed]] = []
        for place, draft in enumerate(drafts):
            if not draft.loans:
                continue
            case, window = known[draft.asked.borrower], draft.window
            which = (draft.asked.sort(case.country), case.has_seldom)
            for row, loan in zip(rows(self._law, draft.asked, draft.loans, case, window), draft.loans, strict=True):
                questions.setdefault((which, window.on), []).append({**row, "act_no": len(whose)})
                whose.append((place, loan))
        verdicts = self.judge.judge(questions)
        said: dict[int, list[tuple[Owed, Verdict]]] = {}
        for number, (place, loan) in enumerate(whose):
            said.setdefault(place, []).append((loan, verdicts[number]))
        return [_decision(draft, said.get(place, [])) for place, draft in enumerate(drafts)]

    def _draft(self, asked: Asked, found: Found, amounts: Mapping[str, Owed], window: Window) -> _Draft:
        """Return the loans that an act may be about, or why there is nothing to ask the law."""
        known = found.cases.get(asked.borrower)
        if known is None:
            return _Draft(asked, window, (), ("no_case",))
        if asked.planned_act is not None and asked.planned_act not in found.waiting:
            return _Draft(asked, window, (), ("not_waiting",))
        if not rulebooks_of(self._law, known.country, known.region, known.locality):
            return _Draft(asked, window, (), (NO_RULEBOOK,))
        loans = [amounts[loan] for loan in asked.loans if loan in amounts]
        standing = [hold for hold in known.holds if hold.holds(window.on, *window.days)]
        barring = [hold for hold in standing if self._bars(hold.kind, asked.act)]
        aside = self._set_aside(known, standing)
        free = [loan for loan in loans if loan.loan_id not in aside and not _held(loan.loan_id, barring)]
        left = [loan for loan in free if loan.overdue > 0 or not asked.presses]
        reasons = []
        if loans and not free:
            reasons.append(f"hold_{min(hold.kind for hold in barring or standing)}")
        elif not left:
            reasons.append("nothing_overdue")
        if asked.presses and known.has_paid:
            reasons.append("paid_since_plan")
        if asked.channel in known.refused_channels:
            reasons.append("channel_refused")
        reached_by = {point.kind for point in known.person.points}
        if asked.act in FACING_ACTS and POINTS.get(asked.channel or "") not in reached_by:
            reasons.append("no_contact_point")
        return _Draft(asked, window, tuple(left), tuple(reasons))

    def _set_aside(self, known: Known, standing: Sequence[Hold]) -> frozenset[str]:
        """Return the loans that no contact may be about, of a borrower who has others: nothing is done about them."""
        silent = [hold for hold in standing if self._bars(hold.kind, "contact")]
        held = frozenset(loan for loan in known.loans if _held(loan, silent))
        return held if len(held) < len(known.loans) else frozenset()

    def _bars(self, kind: str, act: str) -> bool:
        """Say whether a hold bars an act; one that strategies do not speak of is barred with contacts."""
        barred = self._strategy.holds.get(kind, ())
        return (act if act in ACTS else "contact") in barred

    def _composed(self, decisions: Sequence[Decision], found: Found) -> list[Decision]:
        """Write the message of each act that is permitted; one that would have a hole falls."""
        made = []
        for decision in decisions:
            if not decision.is_permitted or decision.asked.act not in FACING_ACTS:
                made.append(decision)
                continue
            try:
                words = self._compose(
                    decision.asked, found.cases[decision.asked.borrower], decision.loans, decision.window.booked_on
                )
                made.append(replace(decision, words=words))
            except DueCourseError:
                made.append(replace(decision, is_permitted=False, reasons=("no_words",)))
        return made


def _held(loan_id: str, holds: Sequence[Hold]) -> bool:
    return any(hold.loan_id in {None, loan_id} for hold in holds)


def _planned(asked: Sequence[Asked]) -> list[int]:
    return [one.planned_act for one in asked if one.planned_act is not None]


def _amounts(known: Mapping[int, Known], days: Mapping[int, date]) -> dict[str, Owed]:
    """Work out all loans of the borrowers, each on their own day, as many at once as can be."""
    loans: dict[date, list[Loan]] = {}
    for borrower, case in known.items():
        loans.setdefault(days[borrower], []).extend(case.loans.values())
    return {found.loan_id: found for on, some in loans.items() for found in owed(some, on)}


def _decision(draft: _Draft, said: Sequence[tuple[Owed, Verdict]]) -> Decision:
    """Leave out the loans on which the law refuses; without any the act falls, with the rules as reasons."""
    lawful = tuple(loan for loan, verdict in said if not verdict.against)
    against = dict.fromkeys(f"{LAW}{rule.id}" for _, verdict in said for rule in verdict.against)
    return Decision(
        draft.asked,
        draft.window,
        is_permitted=bool(lawful) and not draft.reasons,
        loans=lawful or draft.loans,
        reasons=(*draft.reasons, *against),
        verdicts=tuple(verdict for _, verdict in said),
    )
