"""No team goes without a named person's decision: who hands the sheets of a day out decides them, all at once."""

from datetime import datetime

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.batch import Shelf
from duecourse.day.paper import reference_of
from duecourse.endings.deciding import refuse_unnamed
from duecourse.store.audit import chain


def decide(connection: Connection[TupleRow], shelf: Shelf, batch: str, by: str, at: datetime) -> None:
    """Note in the store's own chain who lets a team make the visits of a batch, by the references of their sheets.

    DueCourseError where whoever decides may not.
    """
    refuse_unnamed(connection, by)
    said = {"batch": batch, "sheets": sorted(reference_of(key) for key in shelf.batches.waiting(batch))}
    with connection.transaction(), connection.cursor() as cursor:
        chain.append_own(cursor, [chain.Draft(at, "visits.decided", by, said, batch, plain=True)])
