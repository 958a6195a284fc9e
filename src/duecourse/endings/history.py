"""What was decided of a loan, and each step since, as statement, explanation and interface show it."""

from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

_STEPS: Final = """
SELECT e.id, e.kind, e.state, e.run, t.on_day, t.state, t."by", t.why, t.details
FROM ending e JOIN ending_step t ON t.ending_no = e.id WHERE e.loan_id = %s ORDER BY e.id, t.id"""


def told(connection: Connection[TupleRow], loan_id: str) -> list[dict[str, Any]]:
    """Return the endings of a loan, the oldest first, each with its steps; empty where there are none."""
    found: dict[int, dict[str, Any]] = {}
    with connection.transaction():
        rows = connection.execute(_STEPS, [loan_id]).fetchall()
    for number, kind, state, run, on, to, by, why, details in rows:
        one = found.setdefault(number, {"number": number, "kind": kind, "state": state, "run": run, "steps": []})
        one["steps"].append({"on": on, "state": to, "by": by, "why": why, "details": details})
    return list(found.values())


def lines(connection: Connection[TupleRow], loan_id: str) -> list[str]:
    """Tell the endings of a loan in lines: a line for each, and below it, further in, one for each step."""
    found = []
    for one in told(connection, loan_id):
        found.append(f"{one['kind']} {one['number']}: {one['state']}")
        for step in one["steps"]:
            why = f": {step['why']}" if step["why"] else ""
            found.append(f"  {step['on']} {step['state']}, by {step['by']}{why}")
    return found
