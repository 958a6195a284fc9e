"""A debit that came back: what the bank's code means for another try, for its mandate, and for the borrower."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.day.payments.reasons import Answer, Meaning, Retries, Try, may_debit_again, meaning

RETRIES: Final = Retries()
_BACK: Final = "UPDATE debit SET state = %s, reason = %s WHERE end_to_end_id = %s RETURNING id, loan_id, mandate_no"
_AGAIN: Final = "UPDATE debit SET again_from = %s, why = %s WHERE id = %s"
_END: Final = "UPDATE mandate SET ended_at = %s WHERE id = %s AND ended_at IS NULL"
_TRIES: Final = """
SELECT collect_on, reason FROM debit d
WHERE loan_id = %(loan)s AND mandate_no = %(mandate)s AND state IN ('returned', 'rejected') AND id > coalesce(
    (SELECT max(id) FROM debit WHERE loan_id = %(loan)s AND mandate_no = %(mandate)s AND state = 'collected'), 0)"""


@dataclass(frozen=True)
class Back:
    """A debit, by its own id, that was "returned" or "rejected", with the bank's code ("" where it gives none)."""

    end_to_end_id: str
    state: str
    code: str


def came_back(connection: Connection[TupleRow], facts: Facts, told: Told, back: Back) -> None:
    """Note, under the lock of its borrower, that a debit came back, and whether it may be tried again.

    Where the code forbids it for ever the mandate ends; where it tells that the borrower has died, a hold stands too.
    """
    row = connection.execute(_BACK, [back.state, back.code, back.end_to_end_id]).fetchone()
    if row is None:
        return
    number, loan_id, mandate = row
    answer = again(connection, loan_id, mandate, told.on)
    found = told.on if answer is None or answer.may else answer.from_on
    why = "" if answer is None else answer.why
    connection.execute(_AGAIN, [found, why, number])
    means, _ = meaning(back.code)
    if means in {Meaning.NEVER, Meaning.DEAD}:
        connection.execute(_END, [told.at, mandate])
    said = {"loan": loan_id, "reason": back.code, "again_from": str(found or "")}
    facts.note(Told(back.end_to_end_id, told.borrower, told.at, told.on), f"debit.{back.state}", said)
    if means is Meaning.DEAD:
        facts.hold(Told(f"{told.fact_id}-dead", told.borrower, told.at, told.on), "bereavement")


def again(connection: Connection[TupleRow], loan_id: str, mandate: int, on: date) -> Answer | None:
    """Say whether a loan may be debited again under a mandate; None where nothing came back since money came in."""
    rows = connection.execute(_TRIES, {"loan": loan_id, "mandate": mandate}).fetchall()
    tries = tuple(Try(day, code) for day, code in rows)
    return may_debit_again(tries, on, RETRIES) if tries else None
