"""How a day stands: the plan in force, the outbox, what waits for a person. Nothing of it is personal."""

from datetime import datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.in_force import newest

_COUNTS: Final = {
    "acts": "SELECT state, count(*) FROM planned_act WHERE planned_on = (SELECT max(planned_on) FROM plan) GROUP BY 1",
    "outbox": "SELECT channel || ' ' || state, count(*) FROM outbox GROUP BY 1",
    "verdicts": "SELECT CASE WHEN is_permitted THEN 'yes' ELSE 'no' END, count(*) FROM verdict GROUP BY 1",
    "inbound_for_a_person": "SELECT source, count(*) FROM inbound WHERE needs_person GROUP BY 1",
}
_STOPPED: Final = "SELECT name FROM switch WHERE stopped_at IS NOT NULL ORDER BY 1"
_OLDEST: Final = "SELECT min(released_at) FROM outbox WHERE state = 'queued'"


def standing(connection: Connection[TupleRow], now: datetime) -> dict[str, Any]:
    """Return how the day stands at a moment."""
    with connection.transaction():
        plan = newest(connection)
        counts = {
            name: dict(sorted((str(key), int(str(number))) for key, number in connection.execute(text).fetchall()))
            for name, text in _COUNTS.items()
        }
        stopped = [name for (name,) in connection.execute(_STOPPED).fetchall()]
        ((oldest,),) = connection.execute(_OLDEST).fetchall()
    waits = int((now - oldest).total_seconds()) if isinstance(oldest, datetime) else None  # down to whole seconds
    return {
        "plan_of": str(plan.on) if plan else None,
        "published_at": plan.published_at.isoformat() if plan else None,
        **counts,
        "oldest_queued_seconds": waits,
        "stopped": ", ".join(str(name) for name in stopped) or None,
    }
