"""What the day has recorded, as rows of the book's tables: the night reads them beside the book, over Arrow."""

from typing import Final

import pyarrow as pa
from adbc_driver_manager import dbapi as generic
from adbc_driver_postgresql import dbapi

from duecourse.book.beside import BESIDE
from duecourse.book.schema import BY_NAME, Kind
from duecourse.kernel.errors import DueCourseError

_HAPPENED: Final = frozenset({"contacts", "events"})  # whose day in the book's zone is kept beside the moment
_SQL: Final = {
    Kind.TEXT: "text", Kind.CHOICE: "text", Kind.CURRENCY: "text", Kind.ORDER: "text", Kind.DATE: "date",
}  # fmt: skip
_OF_REWARD: Final = {
    "instalments": ("jsonb_to_recordset(r.details->'instalments')", ("loan_id", "recorded_at"), "d.number"),
    "loans": (
        "jsonb_to_record(r.details->'terms')", ("loan_id", "borrower_id", "effective_on", "recorded_at"), "r.applied_on"
    ),
}  # fmt: skip
_OWN: Final = {
    "loan_id": "r.loan_id", "borrower_id": "b.borrower_id", "effective_on": "r.applied_on + 1",
    "recorded_at": "r.applied_at",
}  # fmt: skip
"""What a reward that was applied says of a version of a row of the book; all else stands in its details."""


def recorded(url: str) -> dict[str, pa.Table]:
    """Return what the day itself has recorded, by table of the book; what the book brought is left out.

    DueCourseError where the database cannot be read.
    """
    try:
        with dbapi.connect(url) as connection, connection.cursor() as cursor:
            told = {name: _rows(cursor, name) for name in BESIDE}
            return {**told, **{name: _rewarded(cursor, name) for name in _OF_REWARD}}
    except generic.Error as error:
        first = str(error).splitlines()[0]
        raise DueCourseError(f"what the day recorded cannot be read: {first}") from None


def _rows(cursor: dbapi.Cursor, name: str) -> pa.Table:
    table = BY_NAME[name]
    columns = ["b.borrower_id" if column == "borrower_id" else f"t.{column}" for column in table.names]
    columns += ["t.happened_on"] if name in _HAPPENED else []
    made = "AND t.cancelled_at IS NULL" if name == "contacts" else ""
    joined = f"{name} t JOIN borrower b ON b.id = t.borrower_no"
    cursor.execute(f"SELECT {', '.join(columns)} FROM {joined} WHERE NOT t.from_book {made}")
    return _as_the_book_has_it(cursor.fetch_arrow_table())


def _rewarded(cursor: dbapi.Cursor, name: str) -> pa.Table:
    """Return the versions of rows that came of rewards; of two that were applied together, the later one's."""
    table = BY_NAME[name]
    source, own, key = _OF_REWARD[name]
    kinds = ", ".join(f"{one.name} {_SQL.get(one.kind, 'bigint')}" for one in table.columns if one.name not in own)
    columns = ", ".join(f"{_OWN[one] if one in own else f'd.{one}'} AS {one}" for one in table.names)
    part = "instalments" if name == "instalments" else "terms"
    cursor.execute(
        f"SELECT DISTINCT ON (r.loan_id, {key}, r.applied_at) {columns}"
        f" FROM reward r JOIN borrower b ON b.id = r.borrower_no CROSS JOIN LATERAL {source} AS d({kinds})"
        f" WHERE r.state = 'applied' AND r.details ? '{part}' ORDER BY r.loan_id, {key}, r.applied_at, r.id DESC"
    )
    return _as_the_book_has_it(cursor.fetch_arrow_table())


def _as_the_book_has_it(rows: pa.Table) -> pa.Table:
    fields = [
        pa.field(field.name, pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field.remove_metadata()
        for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))  # the book keeps moments in UTC, without saying so
