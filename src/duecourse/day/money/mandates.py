"""Mandates: a borrower's leave to debit an account, sealed under the borrower's key."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.day.money.book import blind
from duecourse.day.money.when import When
from duecourse.day.payments.debits import Mandate, Scheme, check_mandate
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.bound import mandate_place, whose
from duecourse.store.keys import Keyring, UnreadableError, Wrapped, open_bytes, seal_bytes

_BORROWER: Final = "SELECT id FROM borrower WHERE borrower_id = %s"
_LOCK_ALL: Final = "SELECT id FROM borrower WHERE borrower_id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_OWNED: Final = "SELECT FROM case_loan WHERE loan_id = %s AND borrower_no = %s"
_KNOWN: Final = "SELECT borrower_no FROM mandate WHERE mandate_id = %s"
_ADD: Final = """
INSERT INTO mandate (mandate_id, borrower_no, loan_id, person_no, account, blind, signed_on, scheme, is_one_off)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_END: Final = "UPDATE mandate SET ended_at = %s WHERE mandate_id = %s AND borrower_no = %s AND ended_at IS NULL"
_READ: Final = """
SELECT m.id, m.mandate_id, m.signed_on, m.scheme, m.account, b.borrower_id, p.person_id, p.key_id, p.wrapped_key
FROM mandate m JOIN person p ON p.id = m.person_no JOIN borrower b ON b.id = p.borrower_id WHERE m.id = ANY(%s)"""


@dataclass(frozen=True)
class New:
    """A mandate that a borrower has given: for one loan, or for any (None); `is_one_off` is for one debit."""

    borrower_id: str
    mandate_id: str
    signed_on: date
    loan_id: str | None
    debtor_name: str = field(repr=False)
    iban: str = field(repr=False)
    bic: str | None = field(default=None, repr=False)
    scheme: Scheme = Scheme.CORE
    is_one_off: bool = False


def add(connection: Connection[TupleRow], ring: Keyring, new: New, when: When) -> bool:
    """Keep a mandate; False where one of its id is there already, and nothing changes.

    DueCourseError, which shows nothing personal, for an account that is none, or a loan of somebody else.
    """
    where = f"mandate {new.mandate_id}"
    check_mandate(where, Mandate(new.mandate_id, new.signed_on, new.debtor_name, new.iban, new.bic))
    if new.is_one_off and new.loan_id is None:
        raise DueCourseError(f"{where}: is for one debit, and names no loan: name it")
    with connection.transaction():
        row = connection.execute(_BORROWER, [new.borrower_id]).fetchone()
        if row is None:
            raise DueCourseError(f"{where}: there is no borrower {new.borrower_id}: load them first")
        number = int(row[0])
        if new.loan_id is not None and connection.execute(_OWNED, [new.loan_id, number]).fetchone() is None:
            raise DueCourseError(f"{where}: loan {new.loan_id} is not in this borrower's case: name one of theirs")
        facts = Facts(connection, ring, when.by)
        with facts.locked(number):
            known = connection.execute(_KNOWN, [new.mandate_id]).fetchone()
            if known is not None and known != (number,):
                raise DueCourseError(f"{where}: is another borrower's: look which one is right")
            if known is not None:
                return False
            told = Told(new.mandate_id, number, when.at, when.on)
            facts.note(told, "mandate.given", {"loan": new.loan_id, "signed_on": str(new.signed_on)})
            _write(connection, ring, number, new)
    return True


def add_all(connection: Connection[TupleRow], ring: Keyring, some: Sequence[New], when: When) -> int:
    """Keep mandates, all or none; returns how many are new. DueCourseError as `add`."""
    with connection.transaction():
        connection.execute(_LOCK_ALL, [[new.borrower_id for new in some]])  # in one order, as everybody locks
        return sum(add(connection, ring, new, when) for new in some)


def end(connection: Connection[TupleRow], ring: Keyring, mandate_id: str, borrower: int, when: When) -> bool:
    """End a mandate: nothing is debited under it any more; whether it was in force."""
    facts = Facts(connection, ring, when.by)
    with facts.locked(borrower):
        if connection.execute(_END, [when.at, mandate_id, borrower]).rowcount == 0:
            return False
        facts.note(Told(mandate_id, borrower, when.at, when.on), "mandate.ended", {})
    return True


def read(connection: Connection[TupleRow], ring: Keyring, numbers: list[int]) -> dict[int, Mandate]:
    """Open mandates by their numbers; those of the erased are left out."""
    found = {}
    for number, mandate_id, signed_on, scheme, account, borrower_id, person_id, key_id, wrapped in connection.execute(
        _READ, [numbers]
    ).fetchall():
        if wrapped is None:
            continue
        key = ring.unwrap(Wrapped(key_id, bytes(wrapped)), whose(borrower_id, person_id))
        told: dict[str, Any] = json.loads(open_bytes(key, bytes(account), mandate_place(mandate_id)))
        found[number] = Mandate(mandate_id, signed_on, scheme=Scheme(scheme), **told)
    return found


def _write(connection: Connection[TupleRow], ring: Keyring, borrower: int, new: New) -> None:
    """Write a mandate under the lock of its borrower, who has a key: the entry in the chain has made one if need be."""
    row = connection.execute(chain.HEADS, [[borrower]]).fetchone()
    key = chain.Head.read(ring, row).key if row else None
    if key is None:
        raise UnreadableError(f"borrower {new.borrower_id} has no key")
    told = {name: value for name, value in asdict(new).items() if name in {"debtor_name", "iban", "bic"}}
    account = seal_bytes(key.key, json.dumps(told).encode(), mandate_place(new.mandate_id))
    connection.execute(
        _ADD,
        [
            new.mandate_id, borrower, new.loan_id, key.person, account, blind(ring, new.iban), new.signed_on,
            new.scheme, new.is_one_off,
        ],
    )  # fmt: skip
