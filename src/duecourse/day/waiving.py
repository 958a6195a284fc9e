"""Waivers and settlements asked for by users: in force at once within their limits, else once a second person grants.

    waiving = Waiving(connection, ring)
    waiving.ask("u1", Wanted("W1", What.WAIVE, "L1", 500), at, on) -> Outcome
    waiving.decide("u2", outcome.number, at, on) -> Outcome

What takes effect, the record of who asked and who decided, and the entry in the audit chain are one transaction under
the borrower's lock. Users are named by their pseudonymous ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.authority import WINDOW, Limit, Limits, May, Sought, discount_ppm, may, may_second
from duecourse.day.facts import Facts, Told
from duecourse.day.known import read
from duecourse.day.owed import owed
from duecourse.kernel.components import COMPONENTS
from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring
from duecourse.store.line import Line
from duecourse.store.roles import MAY, Role, What

LASTS: Final = timedelta(days=3)
_OF_LOAN: Final = "SELECT borrower_no FROM case_loan WHERE loan_id = %s"
_USER: Final = "SELECT id, user_id, role FROM staff WHERE {} AND is_active FOR SHARE"
_LIMITS: Final = """
SELECT DISTINCT ON (role) role, waiver_amount, settlement_amount, settlement_ppm, until_on
FROM authority_limit WHERE currency = %s AND from_on <= %s ORDER BY role, from_on DESC, id DESC"""
_BEFORE: Final = """
SELECT coalesce(sum(given_up), 0)::text FROM approval
WHERE borrower_no = %s AND currency = %s AND what = %s AND state IN ('alone', 'granted') AND decided_at > %s"""
_SAME: Final = (
    "SELECT id, state, borrower_no, what, loan_id, component, amount, pay_by FROM approval WHERE fact_id = %s"
)
_ASK: Final = """
INSERT INTO approval (fact_id, what, borrower_no, loan_id, component, amount, given_up, currency, pay_by, state,
    asked_by, asked_at, expires_at, decided_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"""
_WAITING: Final = """
SELECT a.id, a.borrower_no, a.state, a.expires_at, a.asked_by, s.user_id, a.fact_id, a.what, a.loan_id, a.amount,
    a.component, a.pay_by
FROM approval a JOIN staff s ON s.id = a.asked_by WHERE {}"""
_DECIDE: Final = """
UPDATE approval SET state = %s, decided_by = %s, decided_at = %s, given_up = coalesce(%s, given_up)
WHERE id = %s AND state = 'waiting'"""
_STANDS: Final = "SELECT pay_by FROM settlement WHERE loan_id = %s AND state = 'offered'"
_OFFERED: Final = """
INSERT INTO events (event_id, borrower_no, kind, loan_id, happened_at, happened_on, recorded_at)
VALUES (%s, %s, 'settlement_offer', %s, %s, %s, %s)"""
_WAIVER: Final = """
INSERT INTO waivers (waiver_id, borrower_no, loan_id, component, amount, waived_on, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_SETTLEMENT: Final = """
INSERT INTO settlement (settlement_id, borrower_no, loan_id, amount, owed, currency, offered_on, pay_by, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""


@dataclass(frozen=True)
class Wanted:
    """A waiver of `amount` of a component (None: of all, in order of allocation), or a settlement.

    A settlement (`What.SETTLE`) takes `amount` by the day `pay_by` for all that the loan owes. Amounts are minor
    units. `fact_id` is the id of what comes of it, and is used once.
    """

    fact_id: str
    what: What
    loan_id: str
    amount: int
    component: str | None = None
    pay_by: date | None = None


@dataclass(frozen=True)
class Outcome:
    """A request by its number, how it stands (alone, waiting, granted, refused or expired), and whether that is new."""

    number: int
    state: str
    is_new: bool = True


@dataclass(frozen=True)
class Waiting:
    """A request that waits for a second person until it expires."""

    number: int
    borrower: int
    expires_at: datetime
    asked_by: str
    wanted: Wanted


@dataclass(frozen=True)
class _User:
    """Somebody who works here now."""

    number: int
    user_id: str
    role: Role


@dataclass(frozen=True)
class _Worth:
    """What something that is wanted means at this second, and what has been given up before."""

    given_up: int
    owed: int
    currency: str
    sought: Sought
    limits: Limits


class Waiving:
    """Asks and decides on a connection, which others may use too; what waits for a second person `lasts` so long."""

    def __init__(self, connection: Connection[TupleRow], ring: Keyring, lasts: timedelta = LASTS) -> None:
        """Take a connection."""
        self._connection, self._ring, self._lasts = connection, ring, lasts

    def ask(self, by: str, wanted: Wanted, at: datetime, on: date) -> Outcome:
        """Ask for a waiver or a settlement at an instant of a business date; the same asked again changes nothing.

        DueCourseError where it makes no sense for the loan, or nobody could allow it.
        """
        _check(wanted, on)
        with self._connection.transaction():
            row = self._connection.execute(_OF_LOAN, [wanted.loan_id]).fetchone()
        if row is None:
            raise DueCourseError(f"loan {wanted.loan_id} is in no case: nothing of it is overdue, or it is not known")
        borrower = int(row[0])
        facts = Facts(self._connection, self._ring, by)
        with facts.locked(borrower):
            user = self._user("user_id = %s", by)
            if (same := self._same(borrower, wanted)) is not None:
                return same
            worth = self._worth(borrower, wanted, at, on)
            answer = may(user.role, wanted.what, worth.sought, worth.limits)
            if answer is May.NEVER:
                raise DueCourseError(
                    f"{by} has the role {user.role}, and this {wanted.what} is beyond what two people may give up "
                    "together, or not theirs to ask for: see `duecourse staff list`"
                )
            is_alone = answer is May.ALONE
            number = self._asked(borrower, wanted, worth, user, at, is_alone=is_alone)
            told = Told(wanted.fact_id, borrower, at, on)
            if is_alone:
                self._give(facts, told, wanted, worth, {"request": number, "asked_by": by})
                return Outcome(number, "alone")
            facts.note(told, f"{wanted.what}.asked", {"request": number, **_said(wanted, worth)})
            return Outcome(number, "waiting")

    def decide(
        self, by: str, number: int, at: datetime, on: date, *, grants: bool = True, why: str = ""
    ) -> Outcome:  # fmt: skip
        """Grant or refuse what waits; what was decided before, or has expired, stays so and is told.

        The reason `why` is kept, sealed, in the entry of the audit chain.

        DueCourseError for whoever asked themselves, or has not enough authority, or where it makes no sense any more.
        """
        borrower = self._borrower(number)
        facts = Facts(self._connection, self._ring, by)
        with facts.locked(borrower):
            user = self._user("user_id = %s", by)
            row = self._connection.execute(f"{_WAITING.format('a.id = %s')} FOR UPDATE OF a", [number]).fetchone() or ()
            waiting, state = _waiting(row), str(row[2])
            if state != "waiting":
                return Outcome(number, state, is_new=False)
            told = Told(waiting.wanted.fact_id, borrower, at, on)
            if at >= waiting.expires_at:
                return self._close(facts, told, waiting, "expired")
            if waiting.asked_by == by:
                raise DueCourseError(f"{by} asked for request {number}: somebody else decides it")
            if What.SECOND not in MAY[user.role]:
                raise DueCourseError(f"{by} has the role {user.role}, which decides nothing that others ask for")
            if not grants:
                return self._close(facts, told, waiting, "refused", user, why)
            return self._grant(facts, told, waiting, user, int(row[4]), why)

    def expire(self, at: datetime) -> int:
        """Note of all that has waited too long that it has expired; returns how many. It could not be granted before.

        What expires is noted under its borrower's lock, one after another.
        """
        with self._connection.transaction():
            late = "a.state = 'waiting' AND a.expires_at <= %s ORDER BY a.id"
            found = self._connection.execute(_WAITING.format(late), [at]).fetchall()
        done = 0
        for row in found:
            waiting = _waiting(row)
            facts = Facts(self._connection, self._ring, "expiry")
            with facts.locked(waiting.borrower):
                told = Told(waiting.wanted.fact_id, waiting.borrower, at, at.date())
                done += self._closed(facts, told, waiting, "expired")
        return done

    def waiting(self, at: datetime) -> list[Waiting]:
        """Return what waits for a second person, the first to expire first."""
        open_ = "a.state = 'waiting' AND a.expires_at > %s ORDER BY a.expires_at, a.id"
        with self._connection.transaction():
            return [_waiting(row) for row in self._connection.execute(_WAITING.format(open_), [at]).fetchall()]

    def _grant(
        self, facts: Facts, told: Told, waiting: Waiting, user: _User, asker: int, why: str
    ) -> Outcome:  # fmt: skip
        """Let it take effect, as it is worth now and not when it was asked for."""
        wanted = waiting.wanted
        _check(wanted, told.on)
        if wanted.what not in MAY[self._user("id = %s", asker).role]:
            raise DueCourseError(f"{waiting.asked_by} may not ask for this any more: refuse request {waiting.number}")
        worth = self._worth(told.borrower, wanted, told.at, told.on)
        if not may_second(user.role, wanted.what, worth.sought, worth.limits):
            raise DueCourseError(
                f"request {waiting.number} is above what the role {user.role} may grant: ask somebody else"
            )
        self._connection.execute(_DECIDE, ["granted", user.number, told.at, worth.given_up, waiting.number])
        said = {"request": waiting.number, "asked_by": waiting.asked_by, "granted_by": user.user_id, "why": why}
        self._give(facts, told, wanted, worth, said)
        return Outcome(waiting.number, "granted")

    def _close(
        self, facts: Facts, told: Told, waiting: Waiting, state: str, user: _User | None = None, why: str = ""
    ) -> Outcome:  # fmt: skip
        self._closed(facts, told, waiting, state, user, why)
        return Outcome(waiting.number, state)

    def _closed(
        self, facts: Facts, told: Told, waiting: Waiting, state: str, user: _User | None = None, why: str = ""
    ) -> bool:  # fmt: skip
        """End a request without effect; False where somebody else was first."""
        values = [state, user and user.number, told.at, None, waiting.number]
        if self._connection.execute(_DECIDE, values).rowcount == 0:
            return False
        said = {"request": waiting.number, "asked_by": waiting.asked_by, "why": why}
        facts.note(told, f"{waiting.wanted.what}.{state}", said)
        return True

    def _give(self, facts: Facts, told: Told, wanted: Wanted, worth: _Worth, who: Mapping[str, object]) -> None:
        """Write the waiver or the settlement, with its entry; what is queued is taken back, for it tells other sums."""
        if wanted.what is What.WAIVE:
            statement = _WAIVER
            terms: list[Any] = [wanted.component, wanted.amount, told.on, told.at]
        else:
            statement = _SETTLEMENT
            terms = [wanted.amount, worth.owed, worth.currency, told.on, wanted.pay_by, told.at]
        values = [wanted.fact_id, told.borrower, wanted.loan_id, *terms]
        if not facts.write(told, statement, values, f"{wanted.what}.given", {**who, **_said(wanted, worth)}):
            raise DueCourseError(f"there is a {wanted.what} {wanted.fact_id} already: ask under an id of its own")
        if wanted.what is What.SETTLE:  # which the next night counts the days from
            event = [f"offer-{wanted.fact_id}", told.borrower, wanted.loan_id, told.at, told.on, told.at]
            self._connection.execute(_OFFERED, event)

    def _worth(self, borrower: int, wanted: Wanted, at: datetime, on: date) -> _Worth:
        """Work out what is wanted at this second; DueCourseError where the loan does not owe as much."""
        case = read(Line(self._connection, keeps=False), [borrower]).cases.get(borrower)
        loan = case.loans.get(wanted.loan_id) if case else None
        if loan is None:
            raise DueCourseError(f"loan {wanted.loan_id} is in no case any more: nothing of it is overdue")
        (found,) = owed([loan], on)
        settles = wanted.what is What.SETTLE
        stands = self._connection.execute(_STANDS, [wanted.loan_id]).fetchone() if settles else None
        if stands is not None:
            raise DueCourseError(f"loan {loan.loan_id} has an offer that stands until {stands[0]}: wait how it ends")
        if wanted.amount > found.owed or (settles and wanted.amount == found.owed):
            raise DueCourseError(
                f"loan {loan.loan_id} owes {found.owed} {loan.currency} (minor units) now: "
                f"ask for {'less' if settles else 'that much at the most'}"
            )
        given_up = found.owed - wanted.amount if settles else wanted.amount
        values = [borrower, loan.currency, wanted.what, at - WINDOW]
        ((before,),) = self._connection.execute(_BEFORE, values).fetchall()
        ppm = discount_ppm(wanted.amount, found.owed) if settles else 0
        limits = self._limits(loan.currency, on)
        return _Worth(given_up, found.owed, loan.currency, Sought(given_up + int(before), ppm), limits)

    def _limits(self, currency: str, on: date) -> dict[Role, Limit]:
        """Return the limits in force on a day; one that has ended does not bring back the one before it."""
        rows = self._connection.execute(_LIMITS, [currency, on]).fetchall()
        return {Role(role): Limit(*limit) for role, *limit, until in rows if until is None or until >= on}

    def _asked(self, borrower: int, wanted: Wanted, worth: _Worth, user: _User, at: datetime, *, is_alone: bool) -> int:
        state, decided_at = ("alone", at) if is_alone else ("waiting", None)
        terms = [wanted.component, wanted.amount, worth.given_up, worth.currency, wanted.pay_by, state]
        whose = [wanted.fact_id, wanted.what, borrower, wanted.loan_id]
        values = [*whose, *terms, user.number, at, at + self._lasts, decided_at]
        ((number,),) = self._connection.execute(_ASK, values).fetchall()
        return int(number)

    def _same(self, borrower: int, wanted: Wanted) -> Outcome | None:
        """Return how it stands, where it was asked for before; DueCourseError where the id is another request's."""
        row = self._connection.execute(_SAME, [wanted.fact_id]).fetchone()
        if row is None:
            return None
        terms = (wanted.what, wanted.loan_id, wanted.component, wanted.amount, wanted.pay_by)
        if tuple(row[2:]) != (borrower, *terms):
            raise DueCourseError(f"{wanted.fact_id} is the id of another request: ask under an id of its own")
        return Outcome(int(row[0]), str(row[1]), is_new=False)

    def _user(self, where: str, value: str | int) -> _User:
        """Return an active user, who stays as they are until the transaction ends."""
        row = self._connection.execute(_USER.format(where), [value]).fetchone()
        if row is None:
            raise DueCourseError("whoever asks or asked for this is no active user: see `duecourse staff list`")
        return _User(int(row[0]), str(row[1]), Role(row[2]))

    def _borrower(self, number: int) -> int:
        with self._connection.transaction():
            row = self._connection.execute("SELECT borrower_no FROM approval WHERE id = %s", [number]).fetchone()
        if row is None:
            raise DueCourseError(f"there is no request {number}: see `duecourse approve`")
        return int(row[0])


def _waiting(row: TupleRow) -> Waiting:
    number, borrower, _, expires_at, _, asked_by, fact_id, what, *terms = row
    return Waiting(number, borrower, expires_at, asked_by, Wanted(fact_id, What(what), *terms))


def _check(wanted: Wanted, on: date) -> None:
    """Refuse what makes no sense of any loan."""
    settles = wanted.what is What.SETTLE
    if wanted.what not in {What.WAIVE, What.SETTLE} or wanted.amount <= 0 or not wanted.fact_id:
        raise DueCourseError("a waiver or a settlement has an id of its own and an amount above zero, in minor units")
    if wanted.component is not None and (settles or wanted.component not in COMPONENTS):
        raise DueCourseError(f"what is waived is one of {', '.join(COMPONENTS)}; a settlement is of all")
    if settles != (wanted.pay_by is not None) or (wanted.pay_by is not None and wanted.pay_by < on):
        raise DueCourseError("a settlement names a day to pay by that is not over, and a waiver none")


def _said(wanted: Wanted, worth: _Worth) -> dict[str, object]:
    """Return what an entry tells of the terms."""
    return {
        "loan": wanted.loan_id,
        "component": wanted.component,
        "amount": wanted.amount,
        "given_up": worth.given_up,
        "currency": worth.currency,
        "pay_by": str(wanted.pay_by or ""),
    }
