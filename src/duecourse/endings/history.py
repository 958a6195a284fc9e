"""What was decided of a loan, and each step since, as statement, explanation and interface show it."""

from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

_STEPS: Final = """
SELECT e.id, e.kind, e.state, e.run, t.on_day, t.state, t."by", t.why, t.details
FROM ending e JOIN ending_step t ON t.ending_no = e.id WHERE e.loan_id = %s ORDER BY e.id, t.id"""

_VISITS: Final = """
SELECT s.told_at, s.told_by, s.lifted_at, u.user_id, s.answer FROM visit_stop s
JOIN case_loan l ON l.borrower_no = s.borrower_no LEFT JOIN staff u ON u.id = s.lifted_by
WHERE l.loan_id = %s AND s.kind = 'review' ORDER BY s.id"""


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
    with connection.transaction():
        reviews = connection.execute(_VISITS, [loan_id]).fetchall()
    for asked_at, asker, answered_at, by, answer in reviews:
        found.append("visits: " + ("answered" if answered_at else "under review"))
        found.append(f"  {asked_at:%Y-%m-%d} review, by {asker}: the borrower asks for a review")
        if answered_at:
            found.append(f"  {answered_at:%Y-%m-%d} answered, by {by}: {answer}")
    return found
