"""Facts that come in by day, each written once: money, holds, consents taken back, promises, outcomes.

    with facts.locked(borrower):
        facts.hold(Told(...), "dispute") -> whether it is new

Each is written within a transaction that holds the lock of its borrower, with an entry in their audit chain, and what
is queued for them is taken back: the gate decides anew, knowing the fact. A fact has an id of its own: what comes twice
changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.book.schema import HOLD_KINDS, OUTCOMES
from duecourse.day.reaching import POINTS
from duecourse.day.release import take_back
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.keys import Keyring

_HOLD: Final = """
INSERT INTO holds (hold_id, borrower_no, loan_id, kind, from_on, until_on, recorded_at)
SELECT %s, %s, %s, %s, %s, %s, %s WHERE NOT EXISTS (SELECT FROM holds WHERE hold_id = %s)"""
_LIFT: Final = """
WITH lifted AS (
    UPDATE holds SET replaced_at = %s WHERE hold_id = %s AND borrower_no = %s AND replaced_at IS NULL
        AND (until_on IS NULL OR until_on > %s)
    RETURNING hold_id, borrower_no, loan_id, kind, from_on
)
INSERT INTO holds (hold_id, borrower_no, loan_id, kind, from_on, until_on, recorded_at)
SELECT hold_id, borrower_no, loan_id, kind, from_on, %s, %s FROM lifted"""
_GIVEN: Final = """
INSERT INTO consents (consent_id, borrower_no, consented_to, given_at, recorded_at)
SELECT %s, %s, %s, %s, %s WHERE NOT EXISTS (SELECT FROM consents WHERE consent_id = %s)"""
_WITHDRAWN: Final = """
WITH standing AS (
    UPDATE consents SET replaced_at = %(at)s
    WHERE borrower_no = %(borrower)s AND consented_to = %(channel)s AND replaced_at IS NULL AND withdrawn_at IS NULL
    RETURNING consent_id, given_at
),
told AS (
    SELECT consent_id, given_at FROM standing
    UNION ALL SELECT %(id)s, %(at)s WHERE NOT EXISTS (SELECT FROM standing)
)
INSERT INTO consents (consent_id, borrower_no, consented_to, given_at, withdrawn_at, recorded_at)
SELECT consent_id, %(borrower)s, %(channel)s, given_at, greatest(given_at, %(at)s), %(at)s FROM told
ON CONFLICT DO NOTHING"""
_PROMISE: Final = """
INSERT INTO promises (promise_id, borrower_no, loan_id, made_on, promised_on, amount, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_PAYMENT: Final = """
INSERT INTO payments (payment_id, borrower_no, loan_id, paid_on, amount, currency, reverses, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_OWNER: Final = "SELECT borrower_no, currency FROM case_loan WHERE loan_id = %s"
_OWNER_OF_PAID: Final = """
SELECT borrower_no, coalesce(currency, %s), amount,
    EXISTS (SELECT FROM payments r WHERE r.borrower_no = p.borrower_no AND r.reverses = p.payment_id)
FROM payments p WHERE payment_id = %s AND loan_id = %s AND reverses IS NULL"""
_ARRANGEMENT: Final = """
INSERT INTO arrangements (arrangement_id, borrower_no, loan_id, started_on, recorded_at)
SELECT %s, %s, %s, %s, %s WHERE NOT EXISTS (SELECT FROM arrangements WHERE arrangement_id = %s)"""
_ARRANGED: Final = """
SELECT arrangement_id FROM arrangements WHERE borrower_no = %s AND (loan_id = %s OR loan_id IS NULL)
    AND arrangement_id <> %s AND replaced_at IS NULL AND broken_on IS NULL AND (ended_on IS NULL OR ended_on >= %s)"""
_DUES: Final = """
INSERT INTO arrangement_due (borrower_no, arrangement_id, number, due_on, amount)
SELECT %s, %s, due.number, due.due_on, due.amount
FROM unnest(%s::integer[], %s::date[], %s::bigint[]) AS due(number, due_on, amount)"""
_BROKEN: Final = """
WITH broken AS (
    UPDATE arrangements SET replaced_at = %s
    WHERE arrangement_id = %s AND borrower_no = %s AND replaced_at IS NULL AND broken_on IS NULL
    RETURNING arrangement_id, borrower_no, loan_id, started_on, ended_on
)
INSERT INTO arrangements (arrangement_id, borrower_no, loan_id, started_on, ended_on, broken_on, recorded_at)
SELECT arrangement_id, borrower_no, loan_id, started_on, ended_on, %s, %s FROM broken"""
_OUTCOME: Final = """
UPDATE contacts SET outcome = %s FROM outbox WHERE outbox.id = %s AND contacts.id = outbox.contact_no"""
_ARRIVED: Final = "UPDATE outbox SET state = 'left' WHERE id = %s AND state IN ('sending', 'unknown')"
_END_POINT: Final = """
UPDATE contact_point t SET ended_at = coalesce(t.ended_at, %s), ended_why = %s FROM person p
WHERE t.id = %s AND t.ended_why = '' AND p.id = t.person_id AND p.borrower_id = %s"""
_USE_AGAIN: Final = """
UPDATE contact_point t SET ended_at = NULL, ended_why = '' FROM person p
WHERE t.id = %s AND t.ended_at IS NOT NULL AND p.id = t.person_id AND p.borrower_id = %s"""
_CONSENTED: Final = """
SELECT DISTINCT t.kind, c.consented_to FROM contact_point t
JOIN person p ON p.id = t.person_id AND p.relation = 'borrower'
JOIN consents c ON c.borrower_no = p.borrower_id AND c.replaced_at IS NULL AND c.withdrawn_at IS NULL
WHERE t.id = %s ORDER BY c.consented_to"""
_SOMEBODY_ELSES: Final = frozenset({"wrong_number", "wrong_person"})
_HAS_CONSENT: Final = "SELECT FROM consents WHERE consent_id = %s"

Values = Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """A fact's own id, of whom it is, when it was told, and the business date of that."""

    fact_id: str
    borrower: int
    at: datetime
    on: date


@dataclass(frozen=True)
class Money:
    """A payment of an amount in minor units for a loan, or the reversal of one named by its id."""

    loan_id: str
    paid_on: date
    amount: int
    currency: str
    reverses: str | None = None


class Facts:
    """Writes facts on a connection, for whoever `by` names: a user or a process, never a person by name."""

    def __init__(self, connection: Connection[TupleRow], ring: Keyring, by: str) -> None:
        """Take a connection, which others may use too."""
        self._connection, self._ring, self._by = connection, ring, by

    @contextmanager
    def locked(self, borrower: int) -> Iterator[None]:
        """Hold a borrower's lock for a transaction; DueCourseError where there is none of this number."""
        with self._connection.transaction():
            if self._connection.execute(chain.LOCK, [[borrower]]).fetchone() is None:
                raise DueCourseError(f"there is no borrower number {borrower}")
            yield

    def hold(self, told: Told, kind: str, loan_id: str | None = None, until: date | None = None) -> bool:
        """Place a hold from the day on which it was told; DueCourseError for a kind that there is not."""
        if kind not in HOLD_KINDS:
            raise DueCourseError(f"there is no hold '{kind}': it is one of {', '.join(HOLD_KINDS)}")
        values = [told.fact_id, told.borrower, loan_id, kind, told.on, until, told.at, told.fact_id]
        return self.write(told, _HOLD, values, f"hold.{kind}", {"loan": loan_id, "until": str(until or "")})

    def lift(self, told: Told) -> bool:
        """End a hold, named by the fact's id, with the day; whether it would have gone on. A past end stays."""
        values = [told.at, told.fact_id, told.borrower, told.on, told.on, told.at]
        return self.write(told, _LIFT, values, "hold.lifted", {})

    def withdraw(self, told: Told, channel: str) -> bool:
        """Take back whatever consent there is to a channel: from now on nothing goes out by it.

        A consent whose giver's clock was ahead of the teller's is taken back too, as of when it was given.
        """
        if self._connection.execute(_HAS_CONSENT, [told.fact_id]).fetchone() is not None:
            return False
        values = {"id": told.fact_id, "borrower": told.borrower, "channel": channel, "at": told.at}
        return self.write(told, _WITHDRAWN, values, "consent.withdrawn", {"channel": channel})

    def consent(self, told: Told, channel: str) -> bool:
        """Note that a borrower agrees to a channel (again)."""
        values = [told.fact_id, told.borrower, channel, told.at, told.at, told.fact_id]
        return self.write(told, _GIVEN, values, "consent.given", {"channel": channel})

    def end_point(self, told: Told, point: int, why: str) -> bool:
        """Note why a number or an address, named by its number in the store, is of no use; False where that is known.

        Where it is somebody else's, every consent that stands to a channel by which it was reached ends too: it may
        have been given for this number, and whoever has it now gave none (47 USC 227(b)(1)(A)).
        """
        values = [told.at, why, point, told.borrower]
        if not self.write(told, _END_POINT, values, "contact_point.ended", {"point": point, "why": why}):
            return False
        if why in _SOMEBODY_ELSES:
            for kind, channel in self._connection.execute(_CONSENTED, [point]).fetchall():
                if POINTS.get(channel) == kind:
                    self.withdraw(replace(told, fact_id=f"{told.fact_id}-{channel}"), channel)
        return True

    def use_again(self, told: Told, point: int) -> bool:
        """Note that a number or an address is of use after all; whether it had ended. Consents stay as they are."""
        values = [point, told.borrower]
        return self.write(told, _USE_AGAIN, values, "contact_point.in_use_again", {"point": point})

    def promise(self, told: Told, amount: int, promised_on: date, loan_id: str | None = None) -> bool:
        """Note a promise to pay an amount by a day; DueCourseError for one that cannot be kept."""
        if amount <= 0 or promised_on < told.on:
            raise DueCourseError("a promise names an amount above zero, and a day that is not over")
        values = [told.fact_id, told.borrower, loan_id, told.on, promised_on, amount, told.at]
        return self.write(told, _PROMISE, values, "promise.made", {"amount": amount, "on": str(promised_on)})

    def payment(self, told: Told, money: Money) -> bool:
        """Take in money for a loan of the borrower, or take all of a payment back.

        DueCourseError for another's loan, another currency, or a payment that cannot be taken back (again).
        """
        if money.amount <= 0:
            raise DueCourseError("a payment is an amount above zero; one that is undone names what it reverses")
        owner = self._owner(told, money)
        if owner is None or owner[0] != told.borrower:
            raise DueCourseError(f"loan {money.loan_id} is not in this borrower's case: match the payment by hand")
        if owner[1] != money.currency:
            raise DueCourseError(f"loan {money.loan_id} is in {owner[1]}, not in {money.currency}: match it by hand")
        terms = [money.loan_id, money.paid_on, money.amount, money.currency, money.reverses]
        said = {"loan": money.loan_id, "amount": money.amount, "currency": money.currency, "reverses": money.reverses}
        return self.write(told, _PAYMENT, [told.fact_id, told.borrower, *terms, told.at], "payment.received", said)

    def arrangement(self, told: Told, loan_id: str, dues: Sequence[tuple[date, int]]) -> bool:
        """Note an arrangement for a loan: days and amounts in minor units, in order, from the day on which it was told.

        DueCourseError for a loan of somebody else, or one for which an arrangement stands. The schedule itself is held
        to sense by `duecourse.day.payments.arrangements`.
        """
        owner = self._connection.execute(_OWNER, [loan_id]).fetchone()
        if owner is None or owner[0] != told.borrower:
            raise DueCourseError(f"loan {loan_id} is not in this borrower's case: name one of theirs")
        stands = [told.borrower, loan_id, told.fact_id, told.on]
        if self._connection.execute(_ARRANGED, stands).fetchone() is not None:
            raise DueCourseError(f"loan {loan_id} has an arrangement that stands: end it first")
        values = [told.fact_id, told.borrower, loan_id, told.on, told.at, told.fact_id]
        said = {"loan": loan_id, "dues": [[str(on), amount] for on, amount in dues]}
        is_new = self.write(told, _ARRANGEMENT, values, "arrangement.made", said)
        if is_new:
            days, amounts = [on for on, _ in dues], [amount for _, amount in dues]
            numbers = list(range(1, len(dues) + 1))
            self._connection.execute(_DUES, [told.borrower, told.fact_id, numbers, days, amounts])
        return is_new

    def broken(self, told: Told, broken_on: date) -> bool:
        """Note on which day an arrangement, named by the fact's id, was broken; whether it stood."""
        values = [told.at, told.fact_id, told.borrower, broken_on, told.at]
        return self.write(told, _BROKEN, values, "arrangement.broken", {"on": str(broken_on)})

    def outcome(self, told: Told, message: int, word: str) -> None:
        """Note how a message that was sent ended; one whose fate was unknown has surely left."""
        if word not in OUTCOMES:
            raise DueCourseError(f"there is no outcome '{word}': it is one of {', '.join(OUTCOMES)}")
        self._connection.execute(_OUTCOME, [word, message])
        self._connection.execute(_ARRIVED, [message])
        self.note(told, "contact.outcome", {"outcome": word})

    def note(self, told: Told, kind: str, said: Mapping[str, object]) -> None:
        """Add an entry to the borrower's audit chain."""
        draft = chain.Draft(told.at, kind, self._by, said, told.fact_id)
        with self._connection.cursor() as cursor:
            chain.append(cursor, self._ring, told.borrower, [draft])

    def _owner(self, told: Told, money: Money) -> TupleRow | None:
        """Return whose a loan is, and its currency: of what is taken back, as the payment has it."""
        if money.reverses is None:
            return self._connection.execute(_OWNER, [money.loan_id]).fetchone()
        known = self._connection.execute("SELECT FROM payments WHERE payment_id = %s", [told.fact_id]).fetchone()
        paid = self._connection.execute(_OWNER_OF_PAID, [money.currency, money.reverses, money.loan_id]).fetchone()
        if paid is None or paid[2] != money.amount:
            raise DueCourseError("a reversal takes back all of a payment on the same loan: match it by hand")
        if paid[3] and known is None:
            raise DueCourseError("the payment was taken back before: match the entry by hand")
        return paid

    def write(self, told: Told, statement: str, values: Values, kind: str, said: Mapping[str, object]) -> bool:
        """Write a fact unless it is there, with its entry, and take back what is queued because of it.

        The statement changes no row where the fact is there. It serves what has no method here, too.
        """
        if self._connection.execute(statement, values).rowcount == 0:
            return False
        self.note(told, kind, said)
        take_back(self._connection, told.borrower, kind, told.at)
        return True
