"""Consents out of the lender's files: added once, withdrawn once, never given back.

A row without an id is known by borrower, what it is for and when it was given. A withdrawal stays: a row that says
nothing of one leaves it, and of two the earlier one counts.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from duecourse.book.pick import Value
from duecourse.store.loading import clean
from duecourse.store.loading.clean import UnfitError

Connection = psycopg.Connection[tuple[Any, ...]]
_OWNERS: Final = """SELECT b.borrower_id, b.id, EXISTS (SELECT FROM person p WHERE p.borrower_id = b.id
    AND p.person_id = b.borrower_id AND p.erased_at IS NOT NULL) FROM borrower b WHERE b.borrower_id = ANY(%s)"""
_HELD: Final = """SELECT consent_id, id, borrower_no, consented_to, given_at, withdrawn_at FROM consents
    WHERE consent_id = ANY(%s) AND replaced_at IS NULL FOR NO KEY UPDATE"""
_REPLACED: Final = "UPDATE consents SET replaced_at = transaction_timestamp() WHERE id = ANY(%s)"
_COPY: Final = """COPY consents (consent_id, borrower_no, consented_to, given_at, withdrawn_at) FROM STDIN"""


@dataclass(frozen=True)
class Consent:
    """A consent as a row tells it. `is_withdrawn` may be true without a moment: it is not known when."""

    consent_id: str
    borrower_id: str
    consented_to: str
    given_at: datetime
    withdrawn_at: datetime | None
    is_withdrawn: bool


@dataclass(frozen=True)
class _Kept:
    """A consent as the store has it; `number` is None for one that this load adds."""

    number: int | None
    owner: int
    consented_to: str
    given_at: datetime
    withdrawn_at: datetime | None


def read(columns: Sequence[str], values: Sequence[Value]) -> tuple[Consent | None, list[tuple[str, str]]]:
    """Return the consent of a row, if it tells one, and what is wrong with it as (column, reason)."""
    found = dict(zip(columns, values, strict=True))
    wrong: list[tuple[str, str]] = []

    def text(column: str) -> str | None:
        try:
            value = clean.one(found.get(column))
            return None if value is None else clean.id_of(value) if column.endswith("_id") else clean.plain(value)
        except UnfitError as error:
            wrong.append((column, error.reason))
            return None

    def moment(column: str) -> datetime | None:
        try:
            return _moment(found.get(column))
        except UnfitError as error:
            wrong.append((column, error.reason))
            return None

    borrower_id, consented_to, consent_id = text("borrower_id"), text("consented_to"), text("consent_id")
    given_at = moment("given_at")
    known = {"borrower_id": borrower_id, "consented_to": consented_to, "given_at": given_at}
    told = {column for column, _ in wrong}
    wrong += [(column, "missing") for column, value in known.items() if value is None and column not in told]
    if wrong or borrower_id is None or consented_to is None or given_at is None:
        return None, wrong
    withdrawn_at = moment("withdrawn_at")
    if withdrawn_at and withdrawn_at < given_at:
        wrong.append(("withdrawn_at", "withdrawn_before_given"))
        withdrawn_at = None
    name = consent_id or _name(borrower_id, consented_to, given_at)
    return Consent(name, borrower_id, consented_to, given_at, withdrawn_at, bool(withdrawn_at or wrong)), wrong


def _moment(value: Value) -> datetime | None:
    found = clean.one(value)
    try:
        return datetime.fromisoformat(found).replace(tzinfo=UTC) if found else None
    except ValueError:  # infinity, or a year beyond 9999
        raise UnfitError("no_moment") from None


def _name(borrower_id: str, consented_to: str, given_at: datetime) -> str:
    """Return the id of a consent that has none of the lender's: the same for the same, in every load."""
    told = json.dumps([borrower_id, consented_to, given_at.isoformat()])
    return hashlib.sha256(told.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Written:
    """What became of some consents, by how; and the rows that were not taken, as (row, reason).

    No reason where it was told already: a consent that is not held is withdrawn, and nobody knows when.
    """

    counts: Mapping[str, int]
    refused: list[tuple[int, str]]


def write(connection: Connection, given: Sequence[tuple[int, Consent]]) -> Written:
    """Add and withdraw the consents of some rows, (number, consent) each."""
    owners = {row[0]: (row[1], row[2]) for row in connection.execute(_OWNERS, [[c.borrower_id for _, c in given]])}
    held = {row[0]: _Kept(*row[1:]) for row in connection.execute(_HELD, [[c.consent_id for _, c in given]]).fetchall()}
    before, now = dict(held), _now(connection)
    refused: list[tuple[int, str]] = []
    unchanged = 0
    for number, consent in given:
        owner, is_erased = owners.get(consent.borrower_id, (None, False))
        if owner is None or is_erased:
            refused.append((number, "erased" if is_erased else "unknown_borrower"))
            continue
        kept = held.get(consent.consent_id)
        merged = _merged(kept, consent, owner, now)
        if isinstance(merged, str):
            refused.append((number, merged))
        elif merged == kept:
            unchanged += 1
        else:
            held[consent.consent_id] = merged
    counts = _write(connection, before, held)
    return Written(counts | {"unchanged": unchanged}, refused)


def _merged(kept: _Kept | None, consent: Consent, owner: int, now: datetime) -> _Kept | str:
    """Return a consent after a row of it; a reason where the row is not taken, empty where it was told already.

    Withdrawn at an unknown moment, one that is held is over from now on, and one that is not held is not taken.
    """
    withdrawn_at = consent.withdrawn_at
    if kept is None:
        if consent.is_withdrawn and withdrawn_at is None:
            return ""
        return _Kept(None, owner, consent.consented_to, consent.given_at, withdrawn_at)
    if (kept.owner, kept.consented_to, kept.given_at) != (owner, consent.consented_to, consent.given_at):
        return "conflict"
    if consent.is_withdrawn and withdrawn_at is None:
        withdrawn_at = now
    known = [moment for moment in (kept.withdrawn_at, withdrawn_at) if moment]
    return replace(kept, withdrawn_at=min(known, default=None))


def _write(connection: Connection, before: Mapping[str, _Kept], after: Mapping[str, _Kept]) -> dict[str, int]:
    """Write new consents, and new versions of those that were withdrawn."""
    changed = {name: kept for name, kept in after.items() if kept != before.get(name)}
    replaced = [before[name].number for name in changed if name in before]
    if replaced:
        connection.execute(_REPLACED, [replaced])
    if changed:
        with connection.cursor().copy(_COPY) as copy:
            for name, kept in changed.items():
                copy.write_row((name, kept.owner, kept.consented_to, kept.given_at, kept.withdrawn_at))
    return {"added": len(changed) - len(replaced), "changed": len(replaced)}


def _now(connection: Connection) -> datetime:
    """Return when this load began, by the server's clock."""
    ((moment,),) = connection.execute("SELECT transaction_timestamp()").fetchall()
    return datetime.fromisoformat(moment.isoformat())
