"""The gate: no act is done that was not judged in the transaction that releases it.

    gate.decide([asked, ...], at) -> [Decision, ...]

The borrowers' rows are locked; then, in statements of their own, what is known of them and their past is read; what
their loans owe is worked out, and the law is asked; then the contact, the verdict, the message and the entry in the
audit chain are written together. Two trips to the server. A refusal is written like a permission.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import Final
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.asking import Asked, Window, rows
from duecourse.day.decision import Decision, Words
from duecourse.day.judging import Judge, Row, Verdict
from duecourse.day.known import Found, Hold, Known, Loan, read, told
from duecourse.day.money.agreed import demands
from duecourse.day.owed import Owed, owed
from duecourse.day.past import reading
from duecourse.day.reaching import POINTS
from duecourse.day.writing import Then, prepared, write
from duecourse.kernel.errors import DueCourseError
from duecourse.law.rulebook import Law, rulebooks_of
from duecourse.night.verdicts import LAW, NO_RULEBOOK
from duecourse.store.keys import Keyring
from duecourse.store.line import Line, numbers
from duecourse.strategy.models import Strategy
from duecourse.strategy.words import ACTS, FACING_ACTS

_SETTINGS: Final = (
    "SET jit = off",  # a statement of a millisecond is not worth compiling for a second
    "SET plan_cache_mode = force_generic_plan",  # planned once: planning takes longer than reading
    "SET enable_seqscan = off",  # one plan for an empty table and for millions of rows
    "SET TimeZone = 'UTC'",
)
_LISTING: Final = "threat_of_listing"  # a word of content
_NOTICED: Final = """
SELECT FROM ending
WHERE kind = 'list' AND borrower_no = %s AND loan_id = ANY(%s) AND state IN ('noticed', 'objected')"""
_STOPPED: Final = {"danger": "visit_dangerous", "review": "visit_under_review"}
AT_AN_HOUR: Final = frozenset({"call", "voicemail", "sms", "im", "visit"})
"""The channels that disturb somebody when they come; a letter or a mail waits."""
VALID: Final = timedelta(minutes=1)
Compose = Callable[[Asked, Known, Sequence[Owed], date, str], Words]
"""Writes the message of an act about some loans on a day, by its key; DueCourseError where it would have a hole."""


@dataclass(frozen=True)
class _Draft:
    """An act with the loans of it that are left, the reasons why it falls whatever the law says, and the rulebooks."""

    asked: Asked
    window: Window
    loans: tuple[Owed, ...]
    reasons: tuple[str, ...] = ()
    books: tuple[str, ...] = ()
    agreed: Mapping[str, Owed] = field(default_factory=dict)


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
        self._ring, self._law, self._strategy = ring, law, strategy
        self.compose, self._zone, self._valid = compose, zone, valid
        self.judge = Judge(law, strategy.content_words)
        self._books = lru_cache(4096)(partial(rulebooks_of, law))
        self._past, self._whole_past = (reading(law.kinds, seldom=seldom) for seldom in (False, True))
        self.use(connection)

    def use(self, connection: Connection[TupleRow]) -> None:
        """Go on with a connection, in the place of one that was lost.

        Whether what was being decided then stands nobody knows: it is asked for again, and the law counts what stands.
        """
        connection.autocommit = True
        self._connection = connection
        for setting in _SETTINGS:
            connection.execute(setting.encode())
        self.line = Line(connection)

    def decide(self, asked: Sequence[Asked], at: datetime, then: Then | None = None) -> list[Decision]:
        """Judge acts at an instant, and release what is permitted: one transaction for all, decisions in their order.

        `then` is written in the same transaction. DueCourseError where two are of one borrower: the second must see
        the first, so it is asked for in turn.
        """
        if len({one.borrower for one in asked}) < len(asked):
            raise DueCourseError("two acts of one borrower at once: the second must see the first, so ask in turn")
        with self.line.transaction():
            found = self._read(asked)
            windows = [self._window(found.cases.get(one.borrower), at) for one in asked]
            decisions = self._composed(self._judged(asked, found, windows), found)
            write(self.line, prepared(self._ring, decisions, found, then.drafts if then else None))
            if then:
                then.write(self.line, decisions)
        return decisions

    def judged(self, asked: Sequence[Asked], windows: Sequence[Window], *, locked: bool = True) -> list[Decision]:
        """Say what would be decided of acts in their windows; nothing is written.

        Who only shows it needs no lock.
        """
        with self.line.transaction():
            return self._judged(asked, self._read(asked, locked=locked), windows)

    def _read(self, asked: Sequence[Asked], *, locked: bool = True) -> Found:
        """Read what is known; of the past, for who only looks, nothing yet: which form of it is known then."""
        planned = [one.planned_act for one in asked if one.planned_act is not None]
        past = self._past if locked else None
        return read(self.line, [one.borrower for one in asked], planned, past, locked=locked)

    def _window(self, known: Known | None, at: datetime) -> Window:
        """Return the window of a release: its business date is that of where the borrower is."""
        zone = known.zones[0] if known and known.zones else self._zone
        return Window.of(at, self._valid, zone, self._zone)

    def _judged(self, asked: Sequence[Asked], found: Found, windows: Sequence[Window]) -> list[Decision]:
        """Ask the law about every act, that which falls for other reasons too: a no is told with all its reasons."""
        known = found.cases
        amounts = _amounts(known, {one.borrower: window.booked_on for one, window in zip(asked, windows, strict=True)})
        agreed = self._agreed(known, amounts, windows[0].booked_on)
        drafts = [self._draft(one, found, amounts, agreed, window) for one, window in zip(asked, windows, strict=True)]
        past = self._pasts([draft for draft in drafts if draft.loans], found)
        return [_decision(draft, self._said(draft, known, past)) for draft in drafts]

    def _said(
        self, draft: _Draft, known: Mapping[int, Known], past: Mapping[int, Sequence[Row]]
    ) -> list[tuple[Owed, Verdict]]:
        """Return what the law says of each loan that an act is about."""
        if not draft.loans:
            return []
        number, on = draft.asked.borrower, draft.window.on
        case = known[number]
        acts = rows(draft.asked, draft.loans, case, draft.books, draft.window)
        which = (draft.asked.sort(case.country), case.has_seldom)
        said = self.judge.verdicts(which, on, acts, past.get(number, ()))
        return list(zip(draft.loans, said, strict=True))

    def _pasts(self, drafts: Sequence[_Draft], found: Found) -> dict[int, Sequence[Row]]:
        """Return what was read of the past, and of others the whole past: those who have what most have not.

        That is what holds on the day of each.
        """
        days: dict[date, list[int]] = {}
        others: list[int] = []
        for draft in drafts:
            number = draft.asked.borrower
            (days.setdefault(draft.window.on, []) if found.cases[number].has_seldom else others).append(number)
        past = dict(found.past or {})
        if found.past is None and others:
            (events,) = self.line.ask((self._past, [None, numbers(sorted(set(others)))]))
            past |= told(events)
        for on, borrowers in days.items():
            (events,) = self.line.ask((self._whole_past, [on.isoformat().encode(), numbers(sorted(set(borrowers)))]))
            past |= told(events)
        return past

    def _agreed(self, known: Mapping[int, Known], amounts: Mapping[str, Owed], on: date) -> dict[str, Owed]:
        """Return loans for which an arrangement is kept, by their ids, with what is due of it in place of the rest."""
        found: dict[str, Owed] = {}
        for number, case in known.items():
            if case.has_seldom:
                said = demands(self._connection, number, [amounts[loan] for loan in case.loans], on)
                kept = {loan: one.amount for loan, one in said.items() if one.arrangement_id is not None}
                found |= {loan: replace(amounts[loan], overdue=due, overdue_parts=()) for loan, due in kept.items()}
        return found

    def _draft(
        self,
        asked: Asked,
        found: Found,
        amounts: Mapping[str, Owed],
        agreed: Mapping[str, Owed],
        window: Window,
    ) -> _Draft:
        """Return the loans that an act may be about, or why there is nothing to ask the law."""
        known = found.cases.get(asked.borrower)
        if known is None:
            return _Draft(asked, window, (), ("no_case",))
        if asked.planned_act is not None and asked.planned_act not in found.waiting:
            return _Draft(asked, window, (), ("not_waiting",))
        books = self._books(known.country, known.region, known.locality)
        if not books:
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
        if asked.presses and left and not any(agreed.get(loan.loan_id, loan).overdue > 0 for loan in left):
            reasons.append("arrangement_kept")
        if asked.presses and known.has_paid:
            reasons.append("paid_since_plan")
        if asked.presses and known.has_promised:
            reasons.append("promised_since_plan")
        if asked.channel in known.refused_channels:
            reasons.append("channel_refused")
        if asked.channel == "visit" and known.visits_stopped:
            reasons.append(_STOPPED[known.visits_stopped])
        if known.hours and asked.channel in AT_AN_HOUR and not _suits(known, window):
            reasons.append("outside_asked_hours")
        reached_by = {point.kind for point in known.person.points}
        if _LISTING in (asked.content or ()):
            reasons += self._lists(asked, books)
        if asked.act in FACING_ACTS and POINTS.get(asked.channel or "") not in reached_by:
            reasons.append("no_contact_point")
        return _Draft(asked, window, tuple(left), tuple(reasons), books, agreed)

    def _lists(self, asked: Asked, books: Sequence[str]) -> list[str]:
        """Say why nobody may announce a listing: no law here knows a list, or of its own kind no notice runs.

        Where the law has a public list alone, its rules say when that may be named.
        """
        here = [rule.record for rule in self._law.rules if rule.book in books]
        if not any("list" in rule.acts for rule in here):
            return ["no_list_here"]
        if not any(rule.answers == "private_register_permitted" for rule in here):
            return []
        with self._connection.cursor() as cursor:
            cursor.execute(_NOTICED, [asked.borrower, list(asked.loans)])
            return ["no_listing_noticed"] if cursor.fetchone() is None else []

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
            known, on = found.cases[decision.asked.borrower], decision.window.booked_on
            demanded = [decision.agreed.get(loan.loan_id, loan) for loan in decision.loans]
            key = secrets.token_hex(16)
            try:
                words = self.compose(decision.asked, known, demanded, on, key)
                made.append(replace(decision, words=words, key=key))
            except DueCourseError:
                made.append(replace(decision, is_permitted=False, reasons=("no_words",)))
        return made


def _suits(known: Known, window: Window) -> bool:
    """Say whether a window lies within the hours that a borrower asked for, in each zone where they may be."""
    first, last = known.hours or (0, 24 * 60)
    local = [moment.astimezone(ZoneInfo(zone)) for zone in known.zones for moment in (window.first, window.last)]
    return all(first <= at.hour * 60 + at.minute < last for at in local)


def _held(loan_id: str, holds: Sequence[Hold]) -> bool:
    return any(hold.loan_id in {None, loan_id} for hold in holds)


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
        agreed=draft.agreed,
    )
