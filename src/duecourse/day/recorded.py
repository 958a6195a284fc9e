"""What the day has recorded, as rows of the book's tables: the night reads them beside the book, over Arrow."""

from typing import Final

import pyarrow as pa
from adbc_driver_manager import dbapi as generic
from adbc_driver_postgresql import dbapi

from duecourse.book.beside import BESIDE
from duecourse.book.schema import BY_NAME
from duecourse.kernel.errors import DueCourseError

_HAPPENED: Final = frozenset({"contacts", "events"})  # whose day in the book's zone is kept beside the moment


def recorded(url: str) -> dict[str, pa.Table]:
    """Return what the day itself has recorded, by table of the book; what the book brought is left out.

    DueCourseError where the database cannot be read.
    """
    try:
        with dbapi.connect(url) as connection, connection.cursor() as cursor:
            return {name: _rows(cursor, name) for name in BESIDE}
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
    rows = cursor.fetch_arrow_table()
    fields = [
        pa.field(field.name, pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field.remove_metadata()
        for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))  # the book keeps moments in UTC, without saying so
