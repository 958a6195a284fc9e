"""Suits in court: filed, heard, judged, enforced, over; and what a judgment stands at.

    desk = Desk(opened, office.law)
    desk.file(ending, Filing(docket, filed_on, fee), who)        the law is asked again, told of court and day
    desk.judge(ending, Judgment(...), who)
    desk.standing(ending, on)                            what is owed by the judgment on a day, late interest too

What the court says is kept in the ending's details: amounts, days and numbers. Money that comes in after a judgment
comes as payments, as always, and is taken off what the judgment grants.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, time
from typing import Any, Final

from duecourse.day.by_law import facts_of, standing
from duecourse.day.known import read
from duecourse.endings import moving
from duecourse.endings.deciding import TOLD, Said, refuse_unnamed
from duecourse.endings.many import Opened
from duecourse.endings.moving import Ending, Move, Moving, Who
from duecourse.endings.suit.packing import PACK
from duecourse.kernel.errors import DueCourseError
from duecourse.law.answers import NOON, Answer, Answers, Facts, Question
from duecourse.law.rulebook import Law
from duecourse.store.audit import chain
from duecourse.store.endings import Kind
from duecourse.store.line import Line

FILING: Final = "filing"
JUDGMENT: Final = "judgment"
HEARINGS: Final = "hearings"
ENFORCEMENT: Final = "enforcement"
COSTS: Final = "costs"
_MIDNIGHT: Final = time()
_PPM_YEAR: Final = 365 * 1_000_000
_KEEP: Final = """
UPDATE ending SET details = details || %s, changed_at = %s
WHERE id = %s AND state = %s AND (review_asked_at IS NULL OR reviewed_at IS NOT NULL)"""
_STEP: Final = """
INSERT INTO ending_step (ending_no, state_before, state, at, on_day, "by", why, details)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"""


@dataclass(frozen=True)
class Filing:
    """A suit at a court: its docket number, the day on which it was filed, and the fee that was paid."""

    docket: str
    filed_on: date
    fee: int
    court: str | None = None
    """None: the court of the pack."""


@dataclass(frozen=True)
class Judgment:
    """What a court grants, in minor units, and by when it is to be performed.

    `debt` is the money debt without ordinary interest: principal, penalty and fees as granted; `interest` is the
    ordinary interest beside it, `costs` what the defendant bears of the costs. `interest_ppm_year` is the rate of
    interest on the judgment where no rulebook answers for late performance; 0 for none.
    """

    on: date
    debt: int
    interest: int
    costs: int
    perform_by: date
    interest_ppm_year: int = 0

    def __post_init__(self) -> None:
        """Refuse what no court grants."""
        if min(self.debt, self.interest, self.costs, self.interest_ppm_year) < 0:
            raise DueCourseError("a judgment grants no amount below nothing: give each as a whole number from 0 on")
        if self.perform_by < self.on:
            raise DueCourseError(f"a judgment of {self.on} is not performed before it, on {self.perform_by}")


@dataclass(frozen=True)
class Hearing:
    """A hearing: on which day, at what time there, and where."""

    on: date
    at: str
    room: str


@dataclass(frozen=True)
class Standing:
    """What is owed by a judgment on a day: granted, late interest, paid since, and left. Minor units."""

    on: date
    currency: str
    debt: int
    interest: int
    costs: int
    late: int
    paid: int
    by_rule: str

    @property
    def left(self) -> int:
        """Return what is left to pay; nothing where more came in."""
        return max(self.debt + self.interest + self.costs + self.late - self.paid, 0)


@dataclass(frozen=True)
class Due:
    """A day of the calendar of suits: what is to be done, or to be expected, of which loan in which court."""

    on: date
    what: str
    loan_id: str
    court: str
    docket: str


class Desk:
    """Keeps what courts say, on a connection that belongs to it."""

    def __init__(self, opened: Opened, law: Law) -> None:
        """Take what is open, and the law."""
        self._opened, self._answers = opened, Answers(law)
        self._moving = Moving(opened.connection, opened.ring)

    def find(self, loan_id: str) -> Ending:
        """Return the last suit of a loan; DueCourseError where there is none."""
        found = moving.read(self._opened.connection, "e.kind = %s AND e.loan_id = %s", [Kind.SUIT, loan_id])
        if not found:
            raise DueCourseError(f"loan {loan_id} has no suit: `duecourse ending decide suit --loan {loan_id}`")
        return found[-1]

    def file(self, ending: Ending, filing: Filing, who: Who) -> Said:
        """Note that a suit was filed, where the law permits it on the day of filing; else it stays packed.

        DueCourseError where it is not packed.
        """
        refuse_unnamed(self._opened.connection, who.by)
        if filing.filed_on > who.on:
            raise DueCourseError(f"{filing.filed_on} has not come: a suit is noted once it is filed")
        pack = ending.details.get(PACK)
        if pack is None:
            raise DueCourseError(f"the suit of loan {ending.loan_id} is not packed: `duecourse suit pack`")
        told = {**ending.details.get(TOLD, {}), "filed_on": filing.filed_on.isoformat()}
        kept = {**_plain(filing), "court": filing.court or pack["court"]["name"]}
        details = {FILING: kept, COSTS: ending.details.get(COSTS, 0) + filing.fee, TOLD: told}
        move = Move(ending, "filed", f"{kept['court']}, {filing.docket}", details=details)
        (said,) = self._opened.deciding.carry_out([move], who)
        return said

    def hear(self, ending: Ending, hearing: Hearing, who: Who) -> None:
        """Note a hearing of a suit that is filed; one of the same day takes the other's place."""
        if ending.state != "filed":
            raise DueCourseError(f"the suit of loan {ending.loan_id} is {ending.state}: hearings are of those filed")
        others = [one for one in ending.details.get(HEARINGS, ()) if one["on"] != hearing.on.isoformat()]
        hearings = sorted([*others, _plain(hearing)], key=lambda one: one["on"])
        self._keep(ending, {HEARINGS: hearings}, f"hearing on {hearing.on}, {hearing.at}, {hearing.room}", who)

    def spend(self, ending: Ending, amount: int, why: str, who: Who) -> None:
        """Add to the costs of a suit what was paid for it: a notice in a paper, a bailiff."""
        if amount <= 0 or not why.strip():
            raise DueCourseError("costs are an amount above nothing, and what they were for")
        self._keep(ending, {COSTS: ending.details.get(COSTS, 0) + amount}, why, who)

    def judge(self, ending: Ending, judgment: Judgment, who: Who) -> None:
        """Note a judgment."""
        refuse_unnamed(self._opened.connection, who.by)
        filed = ending.details.get(FILING)
        if filed and judgment.on < date.fromisoformat(filed["filed_on"]):
            raise DueCourseError(f"a judgment of {judgment.on} is older than its suit, filed on {filed['filed_on']}")
        why = f"to be performed by {judgment.perform_by}"
        self._moving.move([Move(ending, "judged", why, details={JUDGMENT: _plain(judgment)})], who)

    def enforce(self, ending: Ending, outcome: str, amount: int, who: Who) -> None:
        """Note that enforcement was asked for, or what came of it: each is a step of its own."""
        refuse_unnamed(self._opened.connection, who.by)
        step = {"on": who.on.isoformat(), "outcome": outcome, "amount": amount}
        kept = [*ending.details.get(ENFORCEMENT, ()), step]
        self._moving.move([Move(ending, "enforcing", outcome, details={ENFORCEMENT: kept})], who)

    def end(self, ending: Ending, state: str, why: str, who: Who) -> None:
        """End a suit: paid, dismissed, withdrawn, or enforced in vain; DueCourseError for `paid` with money left."""
        refuse_unnamed(self._opened.connection, who.by)
        stands = self.standing(ending, who.on) if state == "paid" else None
        if stands is not None and stands.left:
            raise DueCourseError(f"loan {ending.loan_id}: {stands.left} of the judgment is left: book its payments")
        self._moving.move([Move(ending, state, why)], who)

    def standing(self, ending: Ending, on: date) -> Standing | None:
        """Return what a judgment stands at on a day; None before there is one, or where the loan left its case."""
        judgment = ending.details.get(JUDGMENT)
        connection = self._opened.connection
        with connection.transaction():
            case = read(Line(connection, keeps=False), [ending.borrower]).cases.get(ending.borrower)
        loan = case.loans.get(ending.loan_id) if case else None
        if judgment is None or case is None or loan is None:
            return None
        begins = date.fromisoformat(judgment["on"])
        # Those of the judgment's own day come after it: what it grants is what was unpaid before.
        paid = [(one.paid_on, one.amount) for one in standing(loan.payments) if begins <= one.paid_on <= on]
        before = [one for one in facts_of(case, loan, {}).history if one[0] < begins]
        facts = facts_of(case, loan, ending.details.get(TOLD, {}))
        told = judgment_facts(replace(facts, history=before), judgment, paid)
        (late,) = self._answers.of(told, [Question("late_performance_interest", {"on": on})])
        if late.rule is None:
            late = Answer(simple_interest(judgment, paid, on), "judgment", "")
        sums = {name: judgment[name] for name in ("debt", "interest", "costs")}
        return Standing(on, loan.currency, **sums, late=late.value or 0, paid=_sum(paid), by_rule=late.rule or "")

    def _keep(self, ending: Ending, details: Mapping[str, Any], why: str, who: Who) -> None:
        """Add to the details of a suit without moving it: locked, compared, with a step and an entry like a move."""
        connection = self._opened.connection
        refuse_unnamed(connection, who.by)
        text, said = json.dumps(details), {"why": why, "run": None, "details": dict(details)}
        draft = moving.draft(ending.kind, ending.loan_id, (ending.state, ending.state), said, who)
        step = [ending.number, ending.state, ending.state, who.at, who.on, who.by, why, text]
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(chain.LOCK, [[ending.borrower]])
            kept = cursor.execute(_KEEP, [text, who.at, ending.number, ending.state]).rowcount
            moving.refuse_fewer(kept, 1)
            cursor.execute(_STEP, step)
            chain.append(cursor, self._opened.ring, ending.borrower, [draft])


def simple_interest(judgment: Mapping[str, Any], paid: Sequence[tuple[date, int]], on: date) -> int:
    """Return interest on a judgment at its own rate, from its day; a payment goes to interest first, then the debt.

    Each stretch between payments is rounded half up to a minor unit (California CCP 695.220 has this order).
    """
    rate, debt = judgment["interest_ppm_year"], judgment["debt"] + judgment["interest"] + judgment["costs"]
    day, accrued, unpaid = date.fromisoformat(judgment["on"]), 0, 0
    for until, amount in [*sorted(one for one in paid if one[0] <= on), (on, 0)]:
        if until > day:
            # Half up: twice the amount and one unit, over twice the unit.
            grown = (2 * debt * rate * (until - day).days + _PPM_YEAR) // (2 * _PPM_YEAR)
            accrued, unpaid, day = accrued + grown, unpaid + grown, until
        to_interest = min(amount, unpaid)
        unpaid, debt = unpaid - to_interest, max(debt - (amount - to_interest), 0)
    return accrued


def calendar(endings: Sequence[Ending], since: date) -> list[Due]:
    """Return the days of open suits from a day on: hearings, and by when judgments are to be performed."""
    found = []
    for ending in endings:
        filing = ending.details.get(FILING, {})
        days = [(one["on"], f"hearing {one['at']} {one['room']}") for one in ending.details.get(HEARINGS, ())]
        if JUDGMENT in ending.details:
            days = [(ending.details[JUDGMENT]["perform_by"], "to be performed")]
        found += [
            Due(date.fromisoformat(on), what, ending.loan_id, filing.get("court", "-"), filing.get("docket", "-"))
            for on, what in days
        ]
    return sorted((one for one in found if one.on >= since), key=lambda one: (one.on, one.loan_id))


def _plain(record: Filing | Judgment | Hearing) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(record).items()}


def _sum(paid: Sequence[tuple[date, int]]) -> int:
    return sum(amount for _, amount in paid)


def judgment_facts(facts: Facts, judgment: Mapping[str, Any], payments: Sequence[tuple[date, int]]) -> Facts:
    """Add a judgment, at the first moment of its day, and what was paid; days of the judgment as texts."""
    told: dict[str, Any] = {"event": "judgment", "amount": judgment["debt"]}
    if judgment.get("interest"):
        told["ordinary_interest"] = judgment["interest"]
    told["perform_by"] = date.fromisoformat(judgment["perform_by"])
    events = [(on, NOON, {"event": "payment", "amount": amount}) for on, amount in payments]
    begins = (date.fromisoformat(judgment["on"]), _MIDNIGHT, told)
    return replace(facts, history=[*facts.history, begins, *events])
