"""Consents of the inquiry that borrowers give in the portal: kept so that they can be seen and withdrawn.

give(connection, ring, by, told, consent), withdraw(connection, ring, by, told, number), standing(connection, borrower)
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.store.keys import Keyring

_GIVE: Final = """
INSERT INTO inquiry_consent (number, borrower_no, lender, purpose, given_at, until_at, uses)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_WITHDRAW: Final = """
UPDATE inquiry_consent SET withdrawn_at = %s WHERE number = %s AND borrower_no = %s AND withdrawn_at IS NULL"""
_STANDING: Final = """
SELECT number, lender, purpose, given_at, until_at, uses, withdrawn_at FROM inquiry_consent
WHERE borrower_no = %s ORDER BY given_at DESC, number LIMIT 100"""


@dataclass(frozen=True)
class Given:
    """A consent that was given: to the lender of a number in the charter, for a purpose, so often, until then."""

    number: str
    lender: int
    purpose: str
    given_at: datetime
    until_at: datetime
    uses: int
    withdrawn_at: datetime | None = None


def give(connection: Connection[TupleRow], ring: Keyring, by: str, told: Told, given: Given) -> None:
    """Keep a consent, in the borrower's audit chain too."""
    facts = Facts(connection, ring, by)
    values = [given.number, told.borrower, given.lender, given.purpose, given.given_at, given.until_at, given.uses]
    said = {"lender": given.lender, "purpose": given.purpose, "until": given.until_at.isoformat()}
    with facts.locked(told.borrower):
        facts.write(told, _GIVE, values, "inquiry.consented", said)


def withdraw(connection: Connection[TupleRow], ring: Keyring, by: str, told: Told, number: str) -> bool:
    """Note that a consent is withdrawn; False where this borrower has none of the number that stands."""
    facts = Facts(connection, ring, by)
    with facts.locked(told.borrower):
        return facts.write(told, _WITHDRAW, [told.at, number, told.borrower], "inquiry.withdrawn", {"consent": number})


def standing(connection: Connection[TupleRow], borrower: int) -> list[Given]:
    """Return the consents of a borrower, the last first, those that have ended too."""
    return [Given(*row) for row in connection.execute(_STANDING, [borrower]).fetchall()]
