"""What a lender learned with a borrower's consent: how many others collect from them, so that it slows down.

    learn(connection, ring, by, told, count, until) -> whether it is new

It is an event of the borrower's, which the next night sees as the fact `other_collectors_active` while it holds. What
is owed to whom is not kept.
"""

import json
from datetime import datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.facts import Facts, Told
from duecourse.night.fact_sources import OTHERS
from duecourse.store.keys import Keyring

_LEARNED: Final = """
INSERT INTO events (event_id, borrower_no, kind, happened_at, happened_on, until_at, details, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""


def learn(connection: Connection[TupleRow], ring: Keyring, by: str, told: Told, count: int, until: datetime) -> bool:
    """Note how many other lenders collect from a borrower, until the consent ends; False where it was noted before."""
    facts = Facts(connection, ring, by)
    details = json.dumps({"count": count})
    values = [told.fact_id, told.borrower, OTHERS, told.at, told.on, until, details, told.at]
    with facts.locked(told.borrower):
        return facts.write(told, _LEARNED, values, "inquiry.learned", {"other_collectors": count})
