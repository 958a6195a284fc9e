"""The law as one statement of PostgreSQL: what the gate runs under the lock of the borrowers whom it judges.

The text is compiled from the definitions that the night has: its reading of the past (`duecourse.night.past`), its
columns of an act (`duecourse.night.lawful`), and the program of the rulebooks (`duecourse.law.program`).

    statement_of(law, sort, on, words, seldom=False) -> Statement
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import ibis
import ibis.expr.types as ir

from duecourse.law.expression_known import Among
from duecourse.law.judge import gates
from duecourse.law.kept import program_of, users_folder
from duecourse.law.narrowing import Given, narrowed
from duecourse.law.program import ACTS, EVENTS, VERDICTS, WORD, Program
from duecourse.law.rulebook import Law, Rule
from duecourse.night import candidates, lawful, past
from duecourse.night.duty_rows import binds

DIALECT: Final = "postgres"
SELDOM: Final = frozenset({"holds", "notices", "arrangements", "events"})
"""Tables of the past in which most borrowers have no row: without them the law is a third as long."""

_ASKED: Final = "gate_acts"
_PEOPLE: Final = "gate_people"
_MOMENT: Final = "gate_moment"
ROW: Final[Mapping[str, str]] = {
    # What is told of each act, as Ibis types: the rows that `lawful.rows_of_acts` reads.
    "act_no": "int64", "borrower_no": "int64", "loan_id": "string", "act": "string", "channel": "string",
    "purpose": "string", "content": "string", "content_stated": "boolean", "moment": "int64", "minute": "int64",
    "minute_earliest_zone": "int64", "minute_latest_zone": "int64", "day": "date", "holiday": "boolean",
    "workday": "boolean", "country": "string", "region": "string", "locality": "string", "books": "string",
    "language": "string", "age": "int64", "deceased_on": "date", "overdue_now": "int64", "late_since": "date",
    "product": "string", "opened_on": "date", "currency": "string", "principal": "int64", "lender_type": "string",
    "owner_id": "string", "is_owner": "boolean", "last_due_on": "date",
}  # fmt: skip
_SQL_TYPES: Final = {"int64": "bigint", "string": "text", "boolean": "boolean", "date": "date"}
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
        "happened_on": "date", "until_at": _MOMENT_TYPE,
    },
}  # fmt: skip
_ENDED: Final = ("cancelled_at", "replaced_at")  # what marks a row that does not hold any more


@dataclass(frozen=True, order=True)
class Sort:
    """What acts have in common that one statement judges."""

    country: str
    act: str
    channel: str | None
    purpose: str


@dataclass(frozen=True)
class Statement:
    """A statement with the law of one sort of acts. $1 is a JSON list of rows of ROW, $2 the business date.

    It returns a row for each act, in whatever order: act_no, then the words of bits `asked`, `refused` and `unknown`
    (`law.program`), `words` of each; a bit is that of the rule at its place in `rules`. `law` is their digest.
    """

    sql: str
    rules: tuple[Rule, ...]
    law: str
    words: int


def statement_of(law: Law, sort: Sort, on: date, said: frozenset[str], *, seldom: bool) -> Statement:
    """Compile the law for a sort of acts on a day; `said` are the words that their templates may declare.

    Without `seldom` nothing is asked of the tables SELDOM: it is for borrowers who have no row there.
    """
    books = [book.id for book in law.books.values() if binds(book, sort.country)]
    part = law.of(books, acts=(sort.act,))
    told = past.past_of(
        _table, lambda _: [{"kind": kind} for kind in part.kinds], SELDOM if not seldom else frozenset()
    )
    tonight = narrowed(part, _given(sort, told, on, said), [rule for rule in part.rules if gates(rule)])
    program = program_of(tonight, users_folder(), DIALECT)
    *steps, last = program.steps
    made = [
        *_rows(),
        *_events(program, told),
        (ACTS, _sql(_acts(program))),
        *((step.table, step.sql) for step in steps),
    ]
    text = ",\n".join(f'"{name}" AS ({sql})' for name, sql in made)
    bits = -(-len(tonight.rules) // WORD)  # words of bits, up: the last is not full
    columns = ["act_no", *(f"{which}_{word}" for which in ("asked", "refused", "unknown") for word in range(bits))]
    found = ", ".join(columns)
    sql = f'WITH {text},\n"{VERDICTS}" AS ({last.sql})\nSELECT {found} FROM "{VERDICTS}"'
    return Statement(sql, tonight.rules, tonight.digest, bits)


def _given(sort: Sort, told: past.Past, on: date, words: frozenset[str]) -> Given:
    known = lawful.unvarying(lawful.VARIES, sort.country, told)
    known |= {"act": sort.act, "channel": sort.channel, "purpose": sort.purpose, "content": Among(words)}
    return Given(known, told.kinds, on)


def _rows() -> Iterator[tuple[str, str]]:
    """Write the tables that come with the question: the acts, whose they are, and the day."""
    columns = ", ".join(f'"{name}" {_SQL_TYPES[kind]}' for name, kind in ROW.items())
    yield _ASKED, f"SELECT * FROM jsonb_to_recordset($1::jsonb) AS asked({columns})"
    yield _MOMENT, "SELECT $2::date AS on_day"
    # By the index for each of the few: to join the loans of all would tempt a planner into reading them all.
    yield (
        _PEOPLE,
        f"""SELECT borrower_no, min(country) AS country, ARRAY(
            SELECT loan_id FROM case_loan WHERE case_loan.borrower_no = {_ASKED}.borrower_no) AS owned
        FROM {_ASKED} GROUP BY borrower_no""",
    )


def _table(name: str) -> ir.Table:
    """Return a table of the store as the night knows it: the rows that hold."""
    if name == "moment":
        return ibis.table({"on_day": "date"}, name=_MOMENT)
    columns = _TABLES[name]
    rows = ibis.table({"id": "int64", "borrower_no": "int64", **columns}, name=name)
    for ended in _ENDED:
        if ended in columns:
            rows = rows.filter(rows[ended].isnull()).drop(ended)
    return rows


def _events(program: Program, told: past.Past) -> Iterator[tuple[str, str]]:
    """Write what the past tells of those asked about: a table for each of the store's, and all of them together."""
    kinds, wanted = program.law.kinds, program.reads.events
    people = ibis.table({"borrower_no": "int64", "country": "string", "owned": "array<string>"}, name=_PEOPLE)
    parts: dict[str, ir.Table] = {}
    for source in past.sources(kinds, told):
        rows = past.told(lambda name: people if name == _PEOPLE else _table(name), source, _PEOPLE, wanted, kinds, told)
        name = f"past_{source}"
        rows = rows.mutate(row_no=ibis.row_number().cast("int64"))
        parts[source] = ibis.table(rows.schema(), name=name)
        yield name, _sql(rows)
    rows = past.whole(parts, wanted, kinds) if parts else _nothing()
    yield EVENTS, _sql(lawful.with_constants(rows, wanted, {}))


def _nothing() -> ir.Table:
    """Return no event at all."""
    rows = ibis.table({"on_day": "date"}, name=_MOMENT)
    unknown = {name: ibis.null("int64") for name in ("world", "event_no", "seq", "moment")}
    return rows.filter(ibis.literal(value=False)).mutate(event=ibis.null("string"), **unknown)


def _acts(program: Program) -> ir.Table:
    wanted = program.reads.acts
    rows = lawful.rows_of_acts(ibis.table(ROW, name=_ASKED), frozenset(wanted), "act_no")
    return lawful.with_constants(lawful.dressed(rows), wanted, lawful.ALWAYS)


def _sql(table: ir.Table) -> str:
    """Compile an expression; PostgreSQL knows no type of an empty list that Ibis writes without one."""
    return str(ibis.to_sql(table, dialect=DIALECT)).replace("ARRAY[]", "ARRAY[]::text[]")


REFUSED_CHANNELS: Final = _sql(candidates.refused_channels(_table("consents")))
"""The SELECT of (borrower_no, channel) that the night bars too; it is read for one borrower at a time."""
