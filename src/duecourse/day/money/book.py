"""What entries are matched against: the open loans of cases that they may be about, and the debits that they name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.known import read
from duecourse.day.owed import owed
from duecourse.day.payments.entries import Entry
from duecourse.day.payments.matching import OpenLoan, OwnDebit
from duecourse.day.payments.references import candidates, creditor_reference, is_creditor_reference, plain
from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring
from duecourse.store.line import Line

ACCOUNT: Final = "account"  # the kind of blind index of an account's number
_RF: Final = 4  # letters before the body of a creditor reference
_LOANS: Final = "SELECT borrower_no, loan_id, currency FROM case_loan"
_PAYERS: Final = "SELECT DISTINCT borrower_no, blind FROM mandate WHERE blind = ANY(%s)"
_DEBITS: Final = """
SELECT end_to_end_id, CASE state WHEN 'rejected' THEN end_to_end_id ELSE batch_id END, loan_id, amount, borrower_no
FROM debit WHERE end_to_end_id = ANY(%s) OR batch_id = ANY(%s)"""


@dataclass(frozen=True)
class Book:
    """Loans and debits, whose they are, and keyed hashes of the accounts that entries came from."""

    loans: Sequence[OpenLoan]
    debits: Sequence[OwnDebit]
    payers: Mapping[str, bytes]
    owners: Mapping[str, int]


def blind(ring: Keyring, account: str) -> bytes:
    """Return by what an account is found without being read, however it is written."""
    return ring.blind(ACCOUNT, plain(account))


def book_for(connection: Connection[TupleRow], ring: Keyring, entries: Sequence[Entry], on: date) -> Book:
    """Read what entries may be about; what is due is worked out only for loans of those whose account paid."""
    payers = {one.entry_id: blind(ring, one.debtor_account) for one in entries if one.debtor_account}
    with connection.transaction():
        found = connection.execute(_PAYERS, [sorted(set(payers.values()))]).fetchall()
        accounts: dict[int, set[bytes]] = {}
        for borrower, account in found:
            accounts.setdefault(borrower, set()).add(bytes(account))
        wanted = _wanted(entries)
        with connection.cursor("loans") as rows:  # of the server: there may be millions, of which few are kept
            rows.execute(_LOANS)
            loans = [row for row in rows if plain(row[1]) in wanted or row[0] in accounts]
        due = _due(connection, sorted(accounts), on)
        ends = [one.end_to_end_id for one in entries if one.end_to_end_id]
        debits = connection.execute(_DEBITS, [ends, [one.batch_id for one in entries if one.batch_id]]).fetchall()
    owners = {loan_id: borrower for borrower, loan_id, _ in loans}
    owners |= {loan_id: borrower for *_, loan_id, _, borrower in debits}
    return Book(
        [
            OpenLoan(loan_id, currency, due.get(loan_id, 0), _given(loan_id), frozenset(accounts.get(borrower, ())))
            for borrower, loan_id, currency in loans
        ],
        [OwnDebit(end, batch, loan, amount, "EUR") for end, batch, loan, amount, _ in debits],
        payers,
        owners,
    )


def _wanted(entries: Iterable[Entry]) -> set[str]:
    """Return all that entries say which may be a loan's id, or hold it."""
    found = set[str]()
    for entry in entries:
        told = [*entry.structured, entry.end_to_end_id or "", entry.loan_id or ""]
        found.update(plain(text) for text in told)
        found.update(text for words in entry.unstructured for text in candidates(words))
    return found | {text[_RF:] for text in found if is_creditor_reference(text)}


def _given(loan_id: str) -> tuple[str, ...]:
    """Return the creditor reference of a loan: that of its id, where one has room for it."""
    try:
        return (creditor_reference(loan_id),)
    except DueCourseError:
        return ()


def _due(connection: Connection[TupleRow], borrowers: Sequence[int], on: date) -> dict[str, int]:
    if not borrowers:
        return {}
    found = read(Line(connection, keeps=False), borrowers)
    loans = [loan for case in found.cases.values() for loan in case.loans.values()]
    return {one.loan_id: one.overdue + one.due_today for one in owed(loans, on)} if loans else {}
