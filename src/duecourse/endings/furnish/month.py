"""The run of a month: every report that was decided or made before, judged again, checked, and committed.

    run(office, Order("2026-11", settings, who)) -> Ran(...)      then files.write(...), from the store alone

Each ending has one step in each run: reported, marked, taken away, or left out with the reasons. A run that is done
again goes on with those that have none, so that whoever is killed loses nothing and doubles nothing. What is decided
after a run began waits for the next one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from duecourse.day.owed import Owed
from duecourse.endings import moving
from duecourse.endings.deciding import Said
from duecourse.endings.furnish.checks import Seen, failed
from duecourse.endings.furnish.gathering import Found, Order, again, gathered, line_before
from duecourse.endings.furnish.position import DELETED, marked
from duecourse.endings.furnish.removal import REMOVED, LawDay
from duecourse.endings.furnish.steps import Step, add
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Ending, Move, Moving
from duecourse.kernel.errors import DueCourseError
from duecourse.store.endings import DECIDED

IN_DISPUTE: Final = "XB"
_REPORTED: Final = "reported"
_EASES: Final = frozenset({"nothing_overdue", "paid_since_plan", "arrangement_kept"})
"""Why nothing may press any more: a report that was made is then brought up to date, in the borrower's favour."""
_WAITING: Final = """
SELECT e.id FROM ending e
WHERE e.kind = 'furnish'
    AND (e.state IN ('decided', 'reported', 'disputed') OR (e.state = 'deleted' AND e.details ? 'line'
        AND NOT EXISTS (SELECT FROM ending_step t WHERE t.ending_no = e.id AND t.details ? 'taken_away')))
    AND NOT EXISTS (SELECT FROM ending_step t WHERE t.ending_no = e.id AND t.details->>'in_run' = %(run)s)
    AND e.decided_at <= coalesce((SELECT min(t.at) FROM ending_step t WHERE t.details->>'in_run' = %(run)s), %(at)s)
ORDER BY e.id"""


@dataclass(frozen=True)
class Ran:
    """What a run has done now: how many were reported, marked, taken away, and left out for which reasons."""

    done: Mapping[str, int]
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def run(office: Office, order: Order, workers: int = 1) -> Ran:
    """Report all that waits for a run; what was done before an error stands, and the same again goes on."""
    with office.opened() as opened, opened.connection.transaction():
        rows = opened.connection.execute(_WAITING, {"run": order.run, "at": order.who.at}).fetchall()
    done, left_out = Counter[str](), dict[str, tuple[str, ...]]()
    for part in office.in_parts(partial(_part, order, office), [number for (number,) in rows], workers):
        done.update(part.done)
        left_out |= part.left_out
    return Ran(dict(done), left_out)


def _part(order: Order, office: Office, opened: Opened, numbers: Sequence[int]) -> Ran:
    endings = moving.read(opened.connection, "e.id = ANY(%s)", [list(numbers)])
    found = gathered(opened, endings, order, LawDay(office.law, REMOVED))
    left = {one.number: reasons for one in endings if (reasons := _against(one, found.get(one.number)))}
    steps = [Step(one, _left_out(order, left[one.number])) for one in endings if one.number in left]
    standing = [one for one in endings if one.number not in left]
    marks = [_mark(order, one) for one in standing if _says_nothing_new(one)]
    add(opened, [*steps, *marks], order.who)
    asked = [one for one in standing if not _says_nothing_new(one)]
    refused = _report(order, opened, asked, found)
    add(opened, [Step(one, _left_out(order, said.reasons)) for one, said in refused], order.who)
    told = {one.loan_id: left[one.number] for one in endings if one.number in left}
    told |= {one.loan_id: said.reasons for one, said in refused}
    done = Counter(one.state if _says_nothing_new(one) else _REPORTED for one in standing)
    done[_REPORTED] -= len(refused)
    return Ran({name: count for name, count in done.items() if count}, told)


def _against(ending: Ending, found: Found | None) -> tuple[str, ...]:
    """Return why nothing is reported of an ending, whatever the law says."""
    if ending.waits_for_review:
        return ("waits_for_review",)
    if _says_nothing_new(ending):
        return ()
    return ("no_case",) if found is None else tuple(f"check:{name}" for name in failed(found.seen))


def _says_nothing_new(ending: Ending) -> bool:
    """Say whether what was reported is only marked, while its dispute waits for the answer, or taken away."""
    is_open = ending.state == "disputed" and ending.details.get("answered") != ending.details.get("dispute")
    return is_open or ending.state == "deleted"


def _mark(order: Order, ending: Ending) -> Step:
    """Say again what was reported, with the mark of a dispute; or take it away."""
    before = line_before(ending)
    if before is None:
        raise DueCourseError(f"ending {ending.number} was never reported: there is nothing to mark")
    if ending.state == "disputed":
        line = marked(before, ending.details.get("compliance") or IN_DISPUTE)
        return Step(ending, {"in_run": order.run, "line": line.kept()})
    code = ending.details.get("deleted_as", DELETED)
    gone = {**before.kept(), "status": code, "as_of": order.who.on.isoformat()}
    return Step(ending, {"in_run": order.run, "line": gone, "taken_away": True})


def _left_out(order: Order, reasons: Sequence[str]) -> dict[str, Any]:
    return {"in_run": order.run, "left_out": list(reasons)}


def _report(
    order: Order, opened: Opened, endings: Sequence[Ending], found: Mapping[int, Found]
) -> list[tuple[Ending, Said]]:
    """Report endings on which the law permits it; returns those that are left out."""
    by_loan = {one.loan_id: one for one in endings}
    moves = [Move(one, _REPORTED, run=order.run, details={"in_run": order.run}) for one in endings]
    said = opened.deciding.carry_out(moves, order.who, partial(_line, found))
    refused = [(by_loan[one.loan_id], one) for one in said if not one.is_done]
    eased = [one for one, why in refused if one.state != DECIDED and set(why.reasons) <= _EASES]
    lines = {one.number: _kept(found[one.number].seen) for one in eased}
    Moving(opened.connection, opened.ring).move(
        [
            Move(one, _REPORTED, "brought up to date", order.run, {"in_run": order.run, **lines[one.number]})
            for one in eased
        ],
        order.who,
    )
    return [(one, why) for one, why in refused if one.number not in lines]


def _line(found: Mapping[int, Found], ending: Ending, owed: Owed) -> dict[str, Any]:
    """Return the line of the second in which it is committed; DueCourseError where that undoes a check."""
    seen = again(found[ending.number], ending, owed)
    wrong = failed(seen)
    if wrong:
        raise DueCourseError(f"loan {ending.loan_id} has changed meanwhile ({', '.join(wrong)}): do the run again")
    return _kept(seen)


def _kept(seen: Seen) -> dict[str, Any]:
    """Return what an ending keeps of a report: the line, and when the law has it go, as far as that is known now."""
    return {"line": seen.line.kept(), "removed_on": seen.removed_on.isoformat() if seen.removed_on else None}
