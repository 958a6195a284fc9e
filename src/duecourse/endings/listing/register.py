"""The register: a debtor comes in by due process, and goes out by payment, correction or the end of the term.

    register = Register(opened, law, key)
    register.decide(wanted, Ground("able_but_refuses", "signed"), who, why)
    register.notice([ending, ...], who)             the law counts the window; `notices` writes the letter
    register.object(ending, who); register.answer(ending, other, why, is_upheld=False)
    register.enter([ending, ...], other)            another than who decided; the database refuses the same
    register.correct(ending, ..., other, why); register.remove(ending, who, why); register.due(on)

Each step asks whether the register is open to the debt, and the gate judges decision, notice and entry. What makes an
entry smaller or takes it away is never refused.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from duecourse.day import known
from duecourse.day.owed import Owed, owed
from duecourse.endings import moving, review
from duecourse.endings.deciding import Said, Wanted, refuse_unnamed
from duecourse.endings.listing import signed
from duecourse.endings.listing.permission import ENTRY_ENDS, OBJECTION_ENDS, REMOVED_BY, Permission
from duecourse.endings.many import Opened
from duecourse.endings.moving import Ending, Move, Moving, Who
from duecourse.kernel.errors import DueCourseError
from duecourse.law.rulebook import Law
from duecourse.store.endings import WITHDRAWN, Kind
from duecourse.store.line import Line

GROUNDS: Final = ("able_but_refuses", "false_statements")
EVIDENCE: Final = ("judgment", "signed", "own_records")
"""By what a ground is proved, the best first."""
DISHONEST: Final = "dishonest"
"""Under this name the details of an ending keep what makes it one of the register."""
ENTRY: Final = "entry"
_LAST: Final = "SELECT body, digest FROM register_entry WHERE ending_no = %s ORDER BY number DESC LIMIT 1"
_PAID: Final = "SELECT max(paid_on) FROM payments WHERE loan_id = %s AND reverses IS NULL"


@dataclass(frozen=True)
class Ground:
    """Why somebody is called dishonest: one of GROUNDS, and by what it is proved, of EVIDENCE."""

    ground: str
    evidence: str

    def __post_init__(self) -> None:
        """Refuse words that the law does not ask about."""
        if self.ground not in GROUNDS or self.evidence not in EVIDENCE:
            raise DueCourseError(
                f"a ground is {' or '.join(GROUNDS)}, and its evidence {', '.join(EVIDENCE)}:"
                f" not '{self.ground}' and '{self.evidence}'"
            )


@dataclass(frozen=True)
class Due:
    """An entry that must go: why, since when, and by which day at the latest."""

    ending: Ending
    why: str
    since: date
    by: date


class Register:
    """The register of a store, for one thread."""

    def __init__(self, opened: Opened, law: Law, key: Ed25519PrivateKey) -> None:
        """Take what an office has opened, its law, and the key by which entries are signed."""
        self._opened, self._key = opened, key
        self._connection, self._ring = opened.connection, opened.ring
        self.permission = Permission(law, opened.connection)

    def decide(self, wanted: Sequence[Wanted], ground: Ground, who: Who, why: str) -> list[Said]:
        """Decide that debts shall be entered; where the register is closed nothing is written but why."""
        if not why.strip():
            raise DueCourseError("say why this debtor is called dishonest: they will read it")
        refuse_unnamed(self._connection, who.by)
        closed = {one.borrower: self.permission.of(one.borrower, who.on) for one in wanted}
        said = [
            Said(one.borrower, loan, is_done=False, reasons=(reason,))
            for one in wanted
            for reason in (closed[one.borrower],)
            if reason
            for loan in one.loans
        ]
        told = {"ground": ground.ground, "evidence": ground.evidence}
        left = [replace(one, told={**one.told, **told}) for one in wanted if closed[one.borrower] is None]
        details = {DISHONEST: told}
        return [*said, *self._opened.deciding.decide(Kind.LIST, left, who, why=why, details=details)]

    def notice(self, numbers: Sequence[int], who: Who) -> list[Said]:
        """Give notice of entries that were decided: from today the law's window runs."""
        said, left = self._open_ones(numbers, "decided", who)

        def details(ending: Ending, loan: Owed) -> Mapping[str, Any]:
            until = windows[ending.borrower]
            amount = {"amount": loan.overdue, "currency": loan.currency, "since": str(loan.overdue_since)}
            return {
                "notice": {"on": who.on.isoformat(), "until": until.isoformat(), **amount},
                "ref": self._ref(ending),
            }

        windows = {one.borrower: self.permission.day(OBJECTION_ENDS, one.borrower, who.on) for one in left}
        return [*said, *self._opened.deciding.carry_out([Move(one, "noticed") for one in left], who, details)]

    def object(self, ending: Ending, who: Who) -> None:
        """Note that the debtor objects, on the day of `who`: it waits until somebody else answers.

        DueCourseError after the window. The objection's own words are kept as those of a dispute are, not here.
        """
        if "notice" not in ending.details:
            raise DueCourseError(f"of ending {ending.number} no notice was given: there is nothing to object to")
        if who.on > _day(ending.details["notice"]["until"]):
            raise DueCourseError(
                f"the window of ending {ending.number} ended on {ending.details['notice']['until']}: note a dispute"
            )
        with self._connection.transaction():
            Moving(self._connection, self._ring).move([Move(ending, "objected", "the debtor objects")], who)
            review.ask(self._connection, self._ring, self._one(ending.number), who)

    def answer(self, ending: Ending, who: Who, why: str, *, is_upheld: bool) -> None:
        """Answer an objection, by another than who decided: upheld, it is over; unfounded, it may be entered."""
        if ending.state != "objected":
            raise DueCourseError(f"nobody has objected to ending {ending.number}: it is {ending.state}")
        review.answer(self._connection, self._ring, ending, who, why, to=WITHDRAWN if is_upheld else None)

    def enter(self, numbers: Sequence[int], who: Who) -> list[Said]:
        """Enter debtors whose window has ended, and to whose objection somebody has answered; signed, for a term."""
        refuse_unnamed(self._connection, who.by)
        said, left = self._open_ones(numbers, None, who)
        barred = {one.number: why for one in left if (why := _bar(one, who)) is not None}
        said += [
            Said(one.borrower, one.loan_id, is_done=False, reasons=(barred[one.number],))
            for one in left
            if one.number in barred
        ]
        ends = {one.borrower: self.permission.day(ENTRY_ENDS, one.borrower, who.on) for one in left}

        def details(ending: Ending, loan: Owed) -> Mapping[str, Any]:
            body = {
                "amount": min(loan.overdue, ending.details["notice"]["amount"]), "currency": loan.currency,
                "ends_on": ends[ending.borrower].isoformat(), "entered_on": who.on.isoformat(),
                "since": ending.details["notice"]["since"], **ending.details[DISHONEST],
            }  # fmt: skip
            return {ENTRY: self._signed(ending, "entered", body, None, who)}

        moves = [Move(one, "entered") for one in left if one.number not in barred]
        return [*said, *self._opened.deciding.carry_out(moves, who, details)]

    def correct(
        self, ending: Ending, who: Who, why: str, *, amount: int | None = None, ends_on: date | None = None
    ) -> str:
        """Put a corrected entry in the place of one, by another than who decided; returns the digest that it replaces.

        It may only become smaller or shorter: more needs a notice of its own.
        """
        refuse_unnamed(self._connection, who.by)
        before, replaces = self._last(ending)
        new = {**before, **({"amount": amount} if amount is not None else {})}
        new |= {"ends_on": ends_on.isoformat()} if ends_on else {}
        if who.by == ending.decided_by:
            raise DueCourseError(f"{who.by} decided this entry: somebody else corrects it")
        if (
            new == before
            or new["amount"] > before["amount"]
            or new["ends_on"] > before["ends_on"]
            or new["amount"] <= 0
        ):
            raise DueCourseError(
                "a correction makes an entry smaller or shorter, and leaves something: for more decide a new one, for"
                " nothing remove it"
            )
        self._replace(ending, "entered", self._signed(ending, "corrected", new, replaces, who), who, why)
        return replaces

    def remove(self, ending: Ending, who: Who, why: str) -> None:
        """Take an entry out: every reader is told. Where the debtor waits for a review, this answers it."""
        if ending.waits_for_review:
            review.answer(self._connection, self._ring, ending, who, why)
            ending = self._one(ending.number)
        _, replaces = self._last(ending)
        body = {"removed_on": who.on.isoformat()}
        self._replace(ending, "removed", self._signed(ending, "removed", body, replaces, who), who, why)

    def due(self, on: date) -> list[Due]:
        """Return the entries that must go: nothing is overdue any more, or their term is over."""
        entered = moving.read(self._connection, "e.kind = %s AND e.state = 'entered'", [Kind.LIST])
        amounts = self._owed(entered, on)
        found = []
        for one in entered:
            ends_on = _day(self._last(one)[0]["ends_on"])
            if one.loan_id in amounts and amounts[one.loan_id].overdue <= 0:
                paid_on = self._paid_on(one.loan_id) or on
                found.append(Due(one, "paid", paid_on, self.permission.day(REMOVED_BY, one.borrower, paid_on)))
            elif ends_on <= on:
                found.append(Due(one, "term_over", ends_on, ends_on))
            elif (closed := self.permission.of(one.borrower, on)) is not None:
                found.append(Due(one, closed, on, on))
        return found

    def sweep(self, who: Who) -> list[Said]:
        """Take out all that must go today; one that cannot be taken out does not keep the others in."""
        said = []
        for one in self.due(who.on):
            ending, why = one.ending, one.why
            try:
                self.remove(ending, who, why)
                said.append(Said(ending.borrower, ending.loan_id, is_done=True, reasons=(why,)))
            except DueCourseError as error:
                said.append(Said(ending.borrower, ending.loan_id, is_done=False, reasons=(str(error),)))
        return said

    def _open_ones(self, numbers: Sequence[int], state: str | None, who: Who) -> tuple[list[Said], list[Ending]]:
        """Return endings to which the register is open, and of the others why not."""
        found = moving.read(self._connection, "e.kind = %s AND e.id = ANY(%s)", [Kind.LIST, list(numbers)])
        if missing := sorted(set(numbers) - {one.number for one in found}):
            raise DueCourseError(f"there is no entry of the register numbered {missing[0]}: see `register show`")
        said, left = [], []
        for one in found:
            reason = self.permission.of(one.borrower, who.on)
            if reason is None and DISHONEST not in one.details:
                reason = "no_ground"  # decided otherwise than for the register
            if reason is None and state is not None and one.state != state:
                reason = f"is_{one.state}"
            if reason is None:
                left.append(one)
            else:
                said.append(Said(one.borrower, one.loan_id, is_done=False, reasons=(reason,)))
        return said, left

    def _signed(
        self, ending: Ending, what: str, body: Mapping[str, Any], replaces: str | None, who: Who
    ) -> dict[str, str]:
        says = {"at": who.at.isoformat(), "ref": self._ref(ending), "replaces": replaces, "what": what}
        return signed.signed(self._key, {**body, **says})

    def _ref(self, ending: Ending) -> str:
        """Return by what readers know an entry: it tells nothing of whom it is about."""
        return self._ring.blind("register entry", str(ending.number)).hex()

    def _replace(self, ending: Ending, state: str, entry: Mapping[str, str], who: Who, why: str) -> None:
        if not why.strip():
            raise DueCourseError("say why: the debtor will read it")
        Moving(self._connection, self._ring).move([Move(ending, state, why, details={ENTRY: dict(entry)})], who)

    def _last(self, ending: Ending) -> tuple[dict[str, Any], str]:
        with self._connection.transaction():
            row: Any = self._connection.execute(_LAST, [ending.number]).fetchone()
        if row is None or ending.state != "entered":
            raise DueCourseError(f"ending {ending.number} is {ending.state}, not in the register")
        body, digest = row
        return json.loads(body), digest

    def _one(self, number: int) -> Ending:
        (found,) = moving.read(self._connection, "e.id = %s", [number])
        return found

    def _owed(self, endings: Sequence[Ending], on: date) -> dict[str, Owed]:
        line = Line(self._connection, keeps=False)
        with line.transaction():
            found = known.read(line, [one.borrower for one in endings])
        wanted = {one.loan_id for one in endings}
        loans = [loan for case in found.cases.values() for loan in case.loans.values() if loan.loan_id in wanted]
        return {one.loan_id: one for one in owed(loans, on)}

    def _paid_on(self, loan_id: str) -> date | None:
        with self._connection.transaction():
            row: Any = self._connection.execute(_PAID, [loan_id]).fetchone()
        paid: date | None = row[0]
        return paid


def _bar(ending: Ending, who: Who) -> str | None:
    """Say why an ending may not be entered by somebody today, whatever the law says of the debt."""
    if ending.state not in {"noticed", "objected"}:
        return f"is_{ending.state}"
    if ending.decided_by == who.by:
        return "decided_by_the_same"
    if who.on <= _day(ending.details["notice"]["until"]):
        return "window_open"
    if ending.state == "objected" and (ending.waits_for_review or ending.reviewed_at is None):
        return "objection_open"
    return None


def _day(text: str) -> date:
    return date.fromisoformat(text)
