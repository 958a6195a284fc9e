"""Rewards in the store: what is worked out of a look at the book, and kept until a named person applies it.

    found = work_out(connection, look, rules, incomes, When(at, on))

Worked out again on another day, what was not applied lapses first: only what is still earned is there to be applied.
Whoever is held out has it noted once, and never gets it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.book.schema import BY_NAME
from duecourse.rewards.gathering import Contract, Look, Record
from duecourse.rewards.record import milestones
from duecourse.rewards.rules import LINES, RATE_CUT, Rules, is_held_out
from duecourse.rewards.schedule import saved
from duecourse.rewards.working import Given, Grant, Income, after, monthly_of, with_line, worked

NOT_THE_LOANS: Final = ("loan_id", "borrower_id", "effective_on", "recorded_at")
TERMS: Final = tuple(name for name in BY_NAME["loans"].names if name not in NOT_THE_LOANS)
"""The columns of a version of a loan's terms that a reward carries over, with the rate that it changes."""
_AT_ONCE: Final = 2_000
_LAPSE: Final = "UPDATE reward SET state = 'lapsed' WHERE state = 'worked_out'"
_KNOWN: Final = """
SELECT loan_id, rule, at_number, kind, (details->>'after')::bigint FROM reward
WHERE state IN ('applied', 'held_out') ORDER BY id"""
_ENDED: Final = "SELECT DISTINCT loan_id FROM ending WHERE NOT is_over"
_WRITE: Final = """
INSERT INTO reward (borrower_no, loan_id, rule, kind, at_number, state, rules_hash, details, worked_out_on,
    worked_out_at)
SELECT b.id, g.loan_id, g.rule, g.kind, g.at_number, g.state, %s, g.details, %s, %s
FROM jsonb_to_recordset(%s::jsonb) AS g(
    borrower_id text, loan_id text, rule text, kind text, at_number int, state text, details jsonb, place bigint)
JOIN borrower b USING (borrower_id) ORDER BY g.place
ON CONFLICT (loan_id, rule, at_number) DO UPDATE
    SET state = excluded.state, rules_hash = excluded.rules_hash, details = excluded.details,
        worked_out_on = excluded.worked_out_on, worked_out_at = excluded.worked_out_at
    WHERE reward.state IN ('worked_out', 'lapsed')"""


@dataclass(frozen=True)
class When:
    """The instant, and the business date."""

    at: datetime
    on: date


@dataclass
class Found:
    """What was worked out: rewards by rule and state, and by reason how many were not given."""

    given: dict[tuple[str, str], int] = field(default_factory=dict)
    refused: dict[tuple[str, str], int] = field(default_factory=dict)
    strangers: int = 0

    def note(self, table: dict[tuple[str, str], int], key: tuple[str, str]) -> None:
        """Count one."""
        table[key] = table.get(key, 0) + 1


def work_out(
    connection: Connection[TupleRow], look: Look, rules: Rules, incomes: Mapping[str, Income], when: When
) -> Found:
    """Work out what every loan has earned and not got yet, into the store; one transaction."""
    found = Found()
    with connection.transaction():
        connection.execute(_LAPSE)
        known: dict[str, set[tuple[str, int]]] = {}
        lines: dict[str, int] = {}
        for loan, rule, at, kind, after_amount in connection.execute(_KNOWN).fetchall():
            known.setdefault(loan, set()).add((rule, at))
            if kind in LINES:
                lines[loan] = after_amount
        ended = {loan for (loan,) in connection.execute(_ENDED).fetchall()}
        monthly = _monthly(look, incomes, when.on)
        for some in _parts(one for one in look.records() if _may(one, rules, known)):
            contracts = look.contracts([one.loan_no for one in some])
            barred = look.barred(contracts)
            rows: list[dict[str, Any]] = []
            for one in some:
                why = barred.get(one.loan_no) or ("ending" if one.loan_id in ended else _unclean(one))
                given = Given(known.get(one.loan_id, ()), incomes.get(one.borrower_id), monthly.get(one.borrower_id, 0))
                contract = with_line(contracts[one.loan_no], lines.get(one.loan_id))
                rows += _of_loan(one, contract, rules, given, when.on, why, found)
            _write(connection, rules, rows, when, found)
    return found


def _may(record: Record, rules: Rules, known: Mapping[str, set[tuple[str, int]]]) -> bool:
    """Say whether a loan has a run that some rule has not answered yet."""
    got = known.get(record.loan_id, set())
    return any(
        (rule.name, at) not in got
        for rule in rules.rules
        for at in milestones(record.met, rule.after_on_time, rule.times_most)
    )


def _unclean(record: Record) -> str | None:
    return None if record.is_clean else "overdue"


def _of_loan(
    record: Record, contract: Contract, rules: Rules, given: Given, on: date, why: str | None, found: Found
) -> Iterator[dict[str, Any]]:
    """Yield the rows of what a loan has earned, and count what it does not get."""
    if why is not None:
        for rule in rules.rules:
            if any(
                (rule.name, at) not in given.known for at in milestones(record.met, rule.after_on_time, rule.times_most)
            ):
                found.note(found.refused, (rule.name, why))
        return
    grants, refused = worked(record, contract, rules, given, on)
    for no in refused:
        found.note(found.refused, (no.rule, no.why))
    state = "held_out" if is_held_out(rules, record.borrower_id) else "worked_out"
    for grant in grants:
        contract = after(contract, grant)
        yield {
            "borrower_id": record.borrower_id, "loan_id": record.loan_id, "rule": grant.rule, "kind": grant.kind,
            "at_number": grant.at_number, "state": state, "details": details_of(grant, contract),
        }  # fmt: skip


def details_of(grant: Grant, contract: Contract) -> dict[str, Any]:
    """Return what is kept of a grant; `contract` is as it stands with it."""
    kept: dict[str, Any] = {"currency": grant.currency, "cost": grant.cost}
    if grant.before is not None:
        kept |= {"before": grant.before, "after": grant.after}
    if grant.instalments:
        kept["instalments"] = [
            {
                "number": row.number, "due_on": row.due_on.isoformat(), "principal": row.principal,
                "interest": row.interest, "fee": row.fee, "saved": saved([old], [row]),
                "interest_off": old.interest - row.interest, "fee_off": old.fee - row.fee,
            }
            for old, row in zip(grant.replaced, grant.instalments, strict=True)
        ]  # fmt: skip
        kept["first_due_on"] = str(grant.first_due_on)
    if grant.kind == RATE_CUT:
        kept["terms"] = {name: _plain(contract.terms[name]) for name in TERMS}
    return kept


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _write(
    connection: Connection[TupleRow], rules: Rules, rows: Sequence[dict[str, Any]], when: When, found: Found
) -> None:
    """Write rewards of borrowers whom the store knows; the others are counted."""
    if not rows:
        return
    whose = sorted({row["borrower_id"] for row in rows})
    asked = connection.execute("SELECT borrower_id FROM borrower WHERE borrower_id = ANY(%s)", [whose]).fetchall()
    there = {borrower for (borrower,) in asked}
    kept = [{**row, "place": place} for place, row in enumerate(rows) if row["borrower_id"] in there]
    found.strangers += len(rows) - len(kept)
    for row in kept:
        found.note(found.given, (row["rule"], row["state"]))
    connection.execute(_WRITE, [rules.hash, when.on, when.at, json.dumps(kept)])


def _monthly(look: Look, incomes: Mapping[str, Income], on: date) -> dict[str, int]:
    """Return what all loans of each borrower with an income come to in a month, in the currency of that income."""
    found: dict[str, int] = {}
    if not incomes:
        return found
    for some in _parts(one for one in look.records() if one.borrower_id in incomes):
        contracts = look.contracts([one.loan_no for one in some])
        for one in some:
            if one.currency == incomes[one.borrower_id].currency:
                more = monthly_of(contracts[one.loan_no], on)
                found[one.borrower_id] = found.get(one.borrower_id, 0) + more
    return found


def _parts(records: Iterable[Record]) -> Iterator[list[Record]]:
    part: list[Record] = []
    for one in records:
        part.append(one)
        if len(part) == _AT_ONCE:
            yield part
            part = []
    if part:
        yield part
