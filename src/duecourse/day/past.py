"""What the law sees of the past, out of the store: one statement of PostgreSQL, compiled from the night's definitions.

    reading(kinds, seldom=False) -> the text of a statement

What is told of each event, and under which name, is `duecourse.night.past`'s; here is where the store has it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

import ibis
import ibis.expr.types as ir

from duecourse.law.columns import EVENT
from duecourse.law.program import ALWAYS_EVENT, TYPES
from duecourse.night import candidates, past

DIALECT: Final = "postgres"
SELDOM: Final = frozenset({"holds", "notices", "arrangements", "events"})
"""Tables of the past in which most borrowers have no row: without them there is half as much to look at."""

_PEOPLE: Final = "those_asked_about"
_THEIRS: Final = "their_"  # before the name of a table: the rows of those asked about
_MOMENT: Final = "this_moment"
_MOMENT_TYPE: Final = "timestamp('UTC', 6)"
_TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    # What the past is read from: columns of the store's tables, which are the book's.
    "contacts": {
        "with_person": "string", "channel": "string", "direction": "string", "happened_at": _MOMENT_TYPE,
        "happened_on": "date", "outcome": "string", "about": "array<string>", "made_by": "string",
        "purpose": "string", "cancelled_at": _MOMENT_TYPE,
    },
    "consents": {
        "consented_to": "string", "given_at": _MOMENT_TYPE, "withdrawn_at": _MOMENT_TYPE, "replaced_at": _MOMENT_TYPE,
    },
    "holds": {
        "loan_id": "string", "kind": "string", "from_on": "date", "until_on": "date", "replaced_at": _MOMENT_TYPE,
    },
    "notices": {
        "loan_id": "string", "kind": "string", "served_on": "date", "delivered_on": "date",
        "replaced_at": _MOMENT_TYPE,
    },
    "promises": {"loan_id": "string", "made_on": "date", "promised_on": "date", "amount": "int64"},
    "arrangements": {
        "loan_id": "string", "started_on": "date", "ended_on": "date", "broken_on": "date",
        "replaced_at": _MOMENT_TYPE,
    },
    "payments": {"loan_id": "string", "paid_on": "date", "amount": "int64", "reverses": "string"},
    "events": {
        "kind": "string", "loan_id": "string", "person_id": "string", "happened_at": _MOMENT_TYPE,
        "happened_on": "date", "until_at": _MOMENT_TYPE, "details": "string",
    },
}  # fmt: skip
_ENDED: Final = ("cancelled_at", "replaced_at")  # what marks a row that does not hold any more
_WANTED: Final = {
    **ALWAYS_EVENT,
    **{name.removeprefix("event."): TYPES[kind] for name, kind in EVENT.items() if name.startswith("event.")},
    "debts": "array<string>",
}
DATES: Final = frozenset(name for name, kind in _WANTED.items() if kind == "date")
"""What of an event is a date."""
_ASKED: Final = f"""WITH {_MOMENT} AS (SELECT $1::date AS on_day),
{_PEOPLE} AS (
    SELECT borrower_no, country,
        ARRAY(SELECT loan_id FROM case_loan WHERE case_loan.borrower_no = collection_case.borrower_no) AS owned
    FROM collection_case WHERE borrower_no = ANY($2::bigint[])
)"""
# By the index for each of the few, whatever a planner takes for the size of the table.
_OF_THEIRS: Final = f"{_THEIRS}{{0}} AS NOT MATERIALIZED (SELECT * FROM {{0}} WHERE borrower_no = ANY($2::bigint[]))"


def told(kinds: frozenset[str], *, seldom: bool) -> past.Past:
    """Return what the store tells of the past, in events of some kinds; without `seldom` nothing of those tables."""
    rows = [{"kind": kind} for kind in sorted(kinds)]
    details = frozenset(past.DETAILS) if seldom else frozenset[str]()
    return past.past_of(_table, lambda _: rows, SELDOM if not seldom else frozenset(), details)


@cache
def reading(kinds: frozenset[str], *, seldom: bool) -> str:
    """Return the statement that reads the events of some kinds, each as one object of JSON, without what is unknown.

    Its values are the business date (unless nothing of SELDOM is read) and borrowers; `world` is a borrower's number.
    """
    known = told(kinds, seldom=seldom)
    kinds &= known.kinds
    people = ibis.table({"borrower_no": "int64", "country": "string", "owned": "array<string>"}, name=_PEOPLE)
    parts, read = {}, []
    for source in past.sources(kinds, known):
        rows = past.told(
            lambda name: people if name == _PEOPLE else _table(name), source, _PEOPLE, _WANTED, kinds, known
        )
        parts[source] = rows.mutate(row_no=ibis.literal(0).cast("int64"))  # nobody asks for the number of an event
        read.append(_OF_THEIRS.format(source))
    events = _sql(past.whole(parts, _WANTED, kinds))
    return f"{', '.join([_ASKED, *read])} SELECT json_strip_nulls(row_to_json(one)) FROM ({events}) AS one"


def _table(name: str, people: ir.Table | None = None) -> ir.Table:
    """Return a table of the store as the night knows it: the rows that hold."""
    if people is not None and name == _PEOPLE:
        return people
    if name == "moment":
        return ibis.table({"on_day": "date"}, name=_MOMENT)
    columns = _TABLES[name]
    theirs = name if people is None else f"{_THEIRS}{name}"
    rows = ibis.table({"id": "int64", "borrower_no": "int64", **columns}, name=theirs)
    for ended in _ENDED:
        if ended in columns:
            rows = rows.filter(rows[ended].isnull()).drop(ended)
    return rows


def _sql(table: ir.Table) -> str:
    """Compile an expression; PostgreSQL knows no type of an empty list that Ibis writes without one."""
    return str(ibis.to_sql(table, dialect=DIALECT)).replace("ARRAY[]", "ARRAY[]::text[]")


REFUSED_CHANNELS: Final = _sql(candidates.refused_channels(_table("consents")))
"""The SELECT of (borrower_no, channel) that the night bars too; it is read for one borrower at a time."""
