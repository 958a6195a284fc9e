"""All that is sealed in the store and every key wrapped there: the lists that rotating, verifying and erasing go by.

A test of the house holds them beside the models: a new column of bytes stands in one of them, or does not pass.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby
from typing import Any, Final

from django.db.models.functions import Coalesce, Now
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.store import bound
from duecourse.store.audit.form import open_body
from duecourse.store.keys import Keyring, UnreadableError, Wrapped, open_bytes
from duecourse.store.models import BankEntry, ContactPoint, Hook, Mandate, Person, SecondFactor

_AT_A_TIME: Final = 1_000  # rows
_KEYS_KEPT: Final = 10_000  # open ones, of people whose rows lie apart
_OF_BORROWER: Final = "p.borrower_id = t.borrower_no AND p.relation = 'borrower'"  # under the key that they had then


@dataclass(frozen=True)
class Wrapping:
    """A table whose rows have a key of their own: `wrapped_key`, under the master key `key_id`, null where it is gone.

    `about` says what the key of a row is bound to, `shown` names the row to people; both read what is `beside` it.
    """

    model: type[Any]
    about: Callable[[Any], str]
    shown: Callable[[Any], str]
    beside: tuple[str, ...] = ()


WRAPPED: Final = (
    Wrapping(
        Person,
        lambda person: bound.whose(person.borrower.borrower_id, person.person_id),
        lambda person: shown(person.borrower.borrower_id, person.person_id),
        ("borrower",),
    ),
    Wrapping(BankEntry, lambda entry: bound.whose_entry(entry.entry_id), lambda entry: f"bank_entry {entry.pk}"),
    Wrapping(Hook, lambda hook: bound.whose_hook(hook.hook_id), str),
    Wrapping(SecondFactor, lambda factor: bound.whose_code(factor.user.user_id), str, ("user",)),
)
"""Every table that holds wrapped keys."""


@dataclass(frozen=True)
class Sealed:
    """A column that is sealed, `t` its table: which people (`p`) have the key, and the columns that `place` takes.

    Where `own_key` names a column, the row may have a key of its own, bound to `whose_entry` of it. `found_by` is the
    kind of the blind index in the column `blind`, as SQL. `row` are the columns that tell rows apart.
    """

    table: str
    column: str
    people: str
    place: Callable[..., str]
    of: tuple[str, ...]
    opens: Callable[[bytes, bytes, str], bytes] = open_bytes
    own_key: str = ""
    found_by: str = ""
    row: str = "t.id"
    where: str = "true"


SEALED: Final = (
    Sealed("person", "name", "p.id = t.id", bound.name_place, ("t.id",)),
    Sealed(
        "contact_point", "value", "p.id = t.person_id", bound.point_place, ("t.kind", "t.id"), found_by="t.kind"
    ),
    Sealed("mandate", "account", "p.id = t.person_no", bound.mandate_place, ("t.mandate_id",)),
    Sealed(
        "bank_entry", "body", "p.id = t.person_no", bound.bank_entry_place, ("t.entry_id",), own_key="t.entry_id"
    ),
    Sealed("outbox", "body", _OF_BORROWER, bound.message_place, ("t.key",)),
    Sealed("inbound", "body", _OF_BORROWER, bound.reply_place, ("t.id",)),
    Sealed("complaint", "words", _OF_BORROWER, bound.grievance_place, ("'complaint'", "t.complaint_id")),
    Sealed("complaint_file", "body", _OF_BORROWER, bound.file_place, ("t.complaint_id", "t.place")),
    Sealed("data_request", "words", _OF_BORROWER, bound.request_place, ("t.request_id",)),
    Sealed("dispute", "words", _OF_BORROWER, bound.grievance_place, ("'dispute'", "t.dispute_id")),
    Sealed(
        "audit_entry", "body", "p.id = t.person", bound.audit_place, ("t.chain", "t.seq"), open_body,
        row="t.chain, t.seq", where="t.person <> 0",
    ),
)  # fmt: skip
"""Every column that is sealed."""

BLIND: Final[Mapping[str, Callable[[Person], object]]] = {
    "contact_point.blind": lambda person: ContactPoint.objects.filter(person=person).delete(),
    "mandate.blind": lambda person: Mandate.objects.filter(person=person).update(
        blind=b"", ended_at=Coalesce("ended_at", Now())
    ),
}
"""Every blind index, and how it goes when somebody is erased: it tells as much without their key as with it."""

PLAIN: Final[Mapping[str, str]] = {
    "audit_entry.prev": "a hash of the chain",
    "audit_entry.hash": "a hash of the chain",
    "audit_head.hash": "a hash of the chain",
    "audit_sealed.hash": "a hash of the chain",
    "case_loan.history": "a loan's events, without anybody's name",
    "debit_order.content_hash": "holds a file to its bytes",
    "outbox.body_hash": "holds a message to its words",
    "attempts.who": "a blind index of who tried, and where from, for a day",
}
"""Every other column of bytes, and what it holds."""


@dataclass(frozen=True)
class Look:
    """A key or a sealed value: whose it is, and whether it opens; None where the key that it was under is destroyed."""

    whose: str
    is_persons: bool
    opens: bool | None


def keys(ring: Keyring, wrapping: Wrapping) -> Iterator[Look]:
    """Try every key that is wrapped in a table; `duecourse.store.orm.connect` comes first."""
    rows = wrapping.model.objects.filter(wrapped_key__isnull=False).select_related(*wrapping.beside).order_by("pk")
    for row in rows.iterator(_AT_A_TIME):
        opens = _unwrapped(ring, row.key_id, bytes(row.wrapped_key), wrapping.about(row)) is not None
        yield Look(wrapping.shown(row), wrapping.model is Person, opens)


def looks(connection: Connection[TupleRow], ring: Keyring, sealed: Sealed) -> Iterator[Look]:
    """Try every value of a column with the keys of whoever may have sealed it, within the transaction that is open."""
    key = lru_cache(_KEYS_KEPT)(partial(_unwrapped, ring))
    with connection.cursor(f"sealed_{sealed.table}") as cursor:
        cursor.itersize = _AT_A_TIME
        found = cursor.execute(_rows_of(sealed).encode())
        for _, group in groupby(found, lambda row: row[0]):
            yield _look(ring, sealed, [_Row(*row) for row in group], key)


def _unwrapped(ring: Keyring, key_id: str, wrapped: bytes, about: str) -> bytes | None:
    try:
        return ring.unwrap(Wrapped(key_id, wrapped), about)
    except UnreadableError:
        return None


@dataclass(frozen=True, repr=False)
class _Row:
    """A value with one of those who may have its key."""

    number: str
    value: bytes
    kind: str | None
    blind: bytes | None
    place: list[str]
    own_id: str | None
    own_key: bytes | None
    own_about: str | None
    borrower_id: str | None
    person_id: str | None
    key_id: str | None
    wrapped_key: bytes | None


def _rows_of(sealed: Sealed) -> str:
    """Return the statement that gives each value beside everybody who may have its key, values together."""
    own = f"t.key_id, t.wrapped_key, {sealed.own_key}" if sealed.own_key else "NULL, NULL, NULL"
    index = f"{sealed.found_by}, t.blind" if sealed.found_by else "NULL, NULL"
    places = ", ".join(f"{column}::text" for column in sealed.of)
    return f"""
SELECT ({sealed.row})::text, t.{sealed.column}, {index}, ARRAY[{places}], {own},
    b.borrower_id, p.person_id, p.key_id, p.wrapped_key
FROM {sealed.table} t LEFT JOIN person p ON {sealed.people} LEFT JOIN borrower b ON b.id = p.borrower_id
WHERE t.{sealed.column} IS NOT NULL AND {sealed.where} ORDER BY {sealed.row}, p.id"""


def _look(ring: Keyring, sealed: Sealed, rows: list[_Row], key: Callable[[str, bytes, str], bytes | None]) -> Look:
    is_persons = rows[-1].person_id is not None
    is_gone, whose = False, f"{sealed.table} {rows[0].number}"
    for row in rows:
        if row.borrower_id is not None and row.person_id is not None:
            whose = shown(row.borrower_id, row.person_id)
        if row.own_key is not None:
            found = key(row.own_id or "", bytes(row.own_key), bound.whose_entry(row.own_about or ""))
        elif row.wrapped_key is not None:
            about = bound.whose(row.borrower_id or "", row.person_id or "")
            found = key(row.key_id or "", bytes(row.wrapped_key), about)
        else:
            is_gone |= row.person_id is not None
            continue
        if found is not None and _opens(ring, sealed, row, found):
            return Look(whose, is_persons, opens=True)
    return Look(whose, is_persons, None if is_gone else False)


def _opens(ring: Keyring, sealed: Sealed, row: _Row, key: bytes) -> bool:
    """Say whether a value opens with a key, and is found by what it says."""
    try:
        found = sealed.opens(key, bytes(row.value), sealed.place(*row.place))
        return row.blind is None or ring.blind(row.kind or "", found.decode()) == bytes(row.blind)
    except (UnreadableError, UnicodeDecodeError):
        return False


def shown(borrower_id: str, person_id: str) -> str:
    """Name a person by the lender's ids, which tell nothing of who it is."""
    return f"{borrower_id}/{person_id}"
