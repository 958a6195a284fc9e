"""Paper judged again, before it leaves the house: a letter when it is posted, a visit before its sheet is handed out.

    Again(connection, ring, gate, compose, strategy, zone).judge(keys, at) -> [Pulled, ...]

The gate is asked as if the act had not been released; what it says is kept like any other verdict. It is asked on
what stands at this second, and the words are written once more for the day that they bear: what would no longer say
the same is pulled. What is pulled is cancelled, and its contact does not count; what may go counts from now.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow, namedtuple_row

from duecourse.day.asking import Asked, Window
from duecourse.day.decision import Decision
from duecourse.day.gate import VALID, Compose, Gate
from duecourse.day.known import Found, read
from duecourse.day.owed import owed
from duecourse.day.worker import Planned, asked_of, of_the_day
from duecourse.day.writing import message_bytes, prepared, write
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.keys import Keyring
from duecourse.strategy.models import Strategy

_AT_ONCE: Final = 100
_WHOSE: Final = "SELECT key, borrower_no FROM outbox WHERE key = ANY(%s) ORDER BY borrower_no, id"
_STANDING: Final = """
SELECT o.id AS number, o.key, o.contact_no AS contact, o.borrower_no AS borrower, o.channel, o.body_hash AS hash,
    o.contact_point_no AS point, v.purpose, v.loans, v.judged_at, a.id AS planned, a.treatment, a.closes_at,
    a.act, a.template, a.demands,
    EXISTS (SELECT FROM payments p WHERE p.borrower_no = o.borrower_no AND p.recorded_at > o.released_at) AS has_paid
FROM outbox o JOIN contacts c ON c.id = o.contact_no
JOIN verdict v ON v.borrower_no = o.borrower_no AND v.contact_no = o.contact_no
LEFT JOIN planned_act a ON a.id = v.planned_act_no
WHERE o.key = ANY(%s) AND o.state = 'left' AND c.outcome IS NULL ORDER BY o.borrower_no, o.id FOR UPDATE OF o"""
_AS_IF_NOT: Final = (
    "UPDATE contacts SET cancelled_at = %s WHERE id = ANY(%s)",
    "UPDATE planned_act SET state = 'waiting' WHERE id = ANY(%s)",
)
_GOES: Final = """
UPDATE contacts SET cancelled_at = NULL, happened_at = %s, happened_on = one.day
FROM unnest(%s::bigint[], %s::date[]) AS one(id, day) WHERE contacts.id = one.id"""
_PULLED: Final = """
UPDATE outbox SET state = 'cancelled', why = one.why FROM unnest(%s::bigint[], %s::text[]) AS one(id, why)
WHERE outbox.id = one.id"""


@dataclass(frozen=True)
class Pulled:
    """What may not leave any more, by its key, and why."""

    key: str
    reasons: tuple[str, ...]


class Again:
    """Judges again on the connection of a gate."""

    def __init__(
        self, connection: Connection[TupleRow], ring: Keyring, gate: Gate, compose: Compose, strategy: Strategy,
        zone: str,
    ) -> None:  # fmt: skip
        """Take a gate with its connection, what wrote the words, and the book's zone."""
        self._connection, self._ring, self._gate, self._zone = connection, ring, gate, zone
        self._compose, self._strategy = compose, strategy
        self._treatments = {one.name: one for one in strategy.treatments}

    def judge(self, keys: Sequence[str], at: datetime) -> list[Pulled]:
        """Judge again what is in a batch and has no outcome; returns what was pulled. Other keys are left alone."""
        with self._connection.transaction():
            waiting = self._connection.execute(_WHOSE, [list(keys)]).fetchall()
        pulled = []
        while waiting:
            some: dict[int, str] = {}
            later = []
            for key, borrower in waiting:  # two of one borrower are judged in turn: the second sees the first
                is_next = borrower not in some and len(some) < _AT_ONCE
                if is_next:
                    some[borrower] = key
                else:
                    later.append((key, borrower))
            pulled += self._some(some, at)
            waiting = later
        return pulled

    def _some(self, keys: dict[int, str], at: datetime) -> list[Pulled]:
        with self._connection.transaction():
            self._connection.execute(chain.LOCK, [sorted(keys)])
            with self._connection.cursor(row_factory=namedtuple_row) as cursor:
                rows = cursor.execute(_STANDING, [list(keys.values())]).fetchall()
            return self._judged(rows, at) if rows else []

    def _judged(self, rows: Sequence[Any], at: datetime) -> list[Pulled]:
        self._connection.execute(_AS_IF_NOT[0], [at, [row.contact for row in rows]])
        self._connection.execute(_AS_IF_NOT[1], [[row.planned for row in rows if row.planned is not None]])
        found = read(self._gate.line, [row.borrower for row in rows])
        asked = [self._asked(row) for row in rows]
        windows = [self._window(row, found, at) for row in rows]
        decisions = [
            self._with_own(decision, row, found)
            for decision, row in zip(self._gate.judged(asked, windows), rows, strict=True)
        ]
        with self._gate.line.transaction():
            write(self._gate.line, prepared(self._ring, decisions, found))
        pairs = list(zip(rows, decisions, strict=True))
        goes = [(row.contact, decision.window.on) for row, decision in pairs if decision.is_permitted]
        self._connection.execute(_GOES, [at, [number for number, _ in goes], [day for _, day in goes]])
        gone = [(row, decision.reasons) for row, decision in pairs if not decision.is_permitted]
        self._connection.execute(
            _PULLED, [[row.number for row, _ in gone], [", ".join(reasons) for _, reasons in gone]]
        )
        return [Pulled(row.key, reasons) for row, reasons in gone]

    def _asked(self, row: Any) -> Asked:
        treatment = self._treatments.get(row.treatment)
        loans = tuple(row.loans)
        if treatment is not None:
            asked = asked_of(self._strategy, treatment, row.borrower, loans, row.planned)
            return replace(asked, channel=row.channel)  # an offer to settle has none of its own
        return self._of_the_day(row) or Asked(
            row.borrower, "contact", row.channel, row.purpose, loans, None, planned_act=row.planned
        )  # of another strategy: `_with_own` refuses it

    def _of_the_day(self, row: Any) -> Asked | None:
        """Return an act that the day has planned, by a template of the strategy."""
        if row.planned is None:
            return None
        said = (row.treatment, row.act, row.channel, row.purpose, row.template, row.demands)
        return of_the_day(self._strategy, Planned(row.planned, row.borrower, tuple(row.loans), *said))

    def _window(self, row: Any, found: Found, at: datetime) -> Window:
        """Return the window of a letter that is posted now, or of a visit that may be made until its slot is over."""
        known = found.cases.get(row.borrower)
        zone = known.zones[0] if known and known.zones else self._zone
        window = Window.of(at, VALID, zone, self._zone)
        is_visit = row.channel == "visit" and row.closes_at is not None
        return replace(window, last=max(window.last, row.closes_at)) if is_visit else window

    def _with_own(self, decision: Decision, row: Any, found: Found) -> Decision:
        """Add to what the gate says what it cannot know of paper: what was written, to where, and when."""
        reasons = []
        if row.treatment not in self._treatments and self._of_the_day(row) is None:
            reasons.append("no_treatment")
        if decision.asked.presses and row.has_paid:
            reasons.append("paid_since_release")
        if row.channel == "visit" and row.closes_at is not None and decision.window.first >= row.closes_at:
            reasons.append("slot_over")
        if row.point not in {point.number for point in found.people[row.borrower].points}:
            reasons.append("address_ended")
        if decision.is_permitted and not reasons and not self._says_the_same(decision, row, found):
            reasons.append("words_changed")
        return replace(
            decision,
            is_permitted=decision.is_permitted and not reasons,
            reasons=tuple(dict.fromkeys((*reasons, *decision.reasons))),
        )

    def _says_the_same(self, decision: Decision, row: Any, found: Found) -> bool:
        """Write the words once more for the day that they bear, and compare: amounts may be others on that day too."""
        known = found.cases[row.borrower]
        written_on: date = row.judged_at.astimezone(ZoneInfo(self._zone)).date()
        then = owed([known.loans[loan.loan_id] for loan in decision.loans], written_on)
        loans = [decision.agreed.get(loan.loan_id, loan) for loan in then]
        try:
            words = self._compose(decision.asked, known, loans, written_on, row.key)
        except DueCourseError:
            return False
        return hashlib.sha256(message_bytes(words)).digest() == bytes(row.hash)
