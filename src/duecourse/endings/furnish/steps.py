"""What is noted of an ending that stays in its state: marked, taken away or left out, once in each run; or answered."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from duecourse.endings import moving
from duecourse.endings.many import Opened
from duecourse.endings.moving import Ending, Who
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain

_ADD: Final = """
INSERT INTO ending_step (ending_no, state_before, state, at, on_day, "by", why, details)
SELECT e.id, e.state, e.state, %s, %s, %s, %s, %s::jsonb FROM ending e
WHERE e.id = %s AND e.state = %s AND NOT EXISTS (
    SELECT FROM ending_step t WHERE t.ending_no = e.id AND t.details->>'in_run' = %s)"""
_KEEP: Final = """
WITH kept AS (
    UPDATE ending SET details = details || %s::jsonb WHERE id = %s AND state = %s RETURNING id, state
)
INSERT INTO ending_step (ending_no, state_before, state, at, on_day, "by", why, details)
SELECT id, state, state, %s, %s, %s, %s, %s::jsonb FROM kept"""
_AT_ONCE: Final = 200


@dataclass(frozen=True)
class Step:
    """What is noted of an ending: `in_run` names the run, `line` what is reported, `left_out` why nothing is."""

    ending: Ending
    details: Mapping[str, Any]

    @property
    def why(self) -> str:
        """Return the reasons in one line."""
        return ", ".join(self.details.get("left_out", ()))


def add(opened: Opened, steps: Sequence[Step], who: Who) -> None:
    """Write steps with their entries, many in a transaction; one that is there, or whose ending went on, is not."""
    for first in range(0, len(steps), _AT_ONCE):
        some = steps[first : first + _AT_ONCE]
        with opened.connection.transaction(), opened.connection.cursor() as cursor:
            cursor.execute(chain.LOCK, [sorted({one.ending.borrower for one in some})])
            drafts: dict[int, list[chain.Draft]] = {}
            for one in some:
                ending, said = one.ending, json.dumps(one.details)
                values = [who.at, who.on, who.by, one.why, said, ending.number, ending.state, one.details["in_run"]]
                if cursor.execute(_ADD, values).rowcount:
                    told = {"why": one.why, "run": one.details["in_run"], "details": dict(one.details)}
                    draft = moving.draft(ending.kind, ending.loan_id, (ending.state, ending.state), told, who)
                    drafts.setdefault(ending.borrower, []).append(draft)
            chain.append_all(cursor, opened.ring, drafts)


def keep(opened: Opened, ending: Ending, details: Mapping[str, Any], why: str, who: Who) -> None:
    """Keep more of an ending that stays in its state; nothing leaves the house. DueCourseError where it went on."""
    said = json.dumps(details)
    with opened.connection.transaction(), opened.connection.cursor() as cursor:
        cursor.execute(chain.LOCK, [[ending.borrower]])
        values = [said, ending.number, ending.state, who.at, who.on, who.by, why, said]
        if not cursor.execute(_KEEP, values).rowcount:
            raise DueCourseError(f"the report of loan {ending.loan_id} is not {ending.state} any more: do it again")
        told = {"why": why, "details": dict(details)}
        draft = moving.draft(ending.kind, ending.loan_id, (ending.state, ending.state), told, who)
        chain.append(cursor, opened.ring, ending.borrower, [draft])
