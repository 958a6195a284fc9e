"""The whole chain for one loan in words: what is owed, how late, why this rung, why this act, each with its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import ibis

from duecourse.kernel.components import COMPONENTS
from duecourse.law.expressions import Expression
from duecourse.ledger.loan import Loan
from duecourse.ledger.statement import Line, Statement, statement
from duecourse.night import one_loan
from duecourse.night.moment import Moment
from duecourse.night.report.show import money
from duecourse.night.report.words import load_words
from duecourse.night.run import Night
from duecourse.strategy import decide
from duecourse.strategy.models import Rung, Treatment

_LAST: Final = 6  # rows of a kind that are shown; the newest
_SHOWN: Final = {
    "contacts": ("contact_id", "happened_on", "channel", "direction", "outcome"),
    "promises": ("promise_id", "made_on", "promised_on", "amount"),
    "arrangements": ("arrangement_id", "started_on", "ended_on", "broken_on"),
    "notices": ("notice_id", "kind", "served_on", "delivered_on"),
    "holds": ("hold_id", "kind", "loan_id", "from_on", "until_on"),
    "events": ("event_id", "kind", "happened_on", "loan_id"),
}
_ORDER: Final = {
    "contacts": "happened_at", "promises": "made_on", "arrangements": "started_on", "notices": "served_on",
    "holds": "from_on", "events": "happened_at",
}  # fmt: skip


@dataclass(frozen=True)
class Section:
    """A heading and its lines."""

    title: str
    lines: list[str]


def explain(night: Night, moment: Moment, loan_id: str) -> list[Section]:
    """Explain one loan on the business date; the night's tables `positions` and `plan` must have been worked out."""
    row = one_loan.find(night.engine, loan_id)
    loan = one_loan.read(night.engine, row["loan_no"], zone_day(night))
    borrower = int(row["borrower_no"])
    facts = _one(night, "facts", borrower)
    return [
        Section("What is owed", _owed(loan, moment.on, row["currency"])),
        Section("How late", _late(night, row["loan_no"], loan, moment.on)),
        Section("What is known of the borrower", _known(night, borrower, facts, row)),
        Section("The rung", _rung(night, borrower, facts)),
        Section("What might be done", _treatments(night, borrower, facts)),
        Section("Tonight's plan", _plan(night, borrower)),
    ]


def zone_day(night: Night) -> Any:
    """Return a function from a moment (UTC, naive) to the day in the book's zone."""
    zone, utc = ZoneInfo(night.book.zone), ZoneInfo("UTC")
    return lambda at: at.replace(tzinfo=utc).astimezone(zone).date() if isinstance(at, datetime) else at


def _one(night: Night, table: str, borrower: int) -> dict[str, Any]:
    rows = night.engine.table(table)
    found = night.engine.rows(rows.filter(rows.borrower_no == borrower))
    return found[0] if found else {}


def _owed(loan: Loan, on: date, currency: str) -> list[str]:
    worked = statement(loan, on)
    amounts = worked.amounts
    if amounts is None:
        return ["nothing"]
    lines = []
    for when, owed in (
        ("overdue", amounts.overdue),
        ("due today", amounts.due_today),
        ("not yet due", amounts.not_due),
    ):
        parts = ", ".join(f"{name} {money(owed[name], currency)}" for name in COMPONENTS if owed[name])
        lines.append(f"{when}: {money(sum(owed.values()), currency)}" + (f" ({parts})" if parts else ""))
    if amounts.credit:
        lines.append(f"credit: {money(amounts.credit, currency)}, kept for what falls due next")
    if worked.cut:
        contractual = statement(loan, on, enforceable=False).amounts
        whole = contractual.owed if contractual else 0
        lines.append(
            f"caps cut {money(worked.cut, currency)}; by the contract alone {money(whole, currency)} would be owed"
        )
    lines += [f"instalment {number}: {text}" for number, text in _unmet(loan, worked, on, currency)]
    lines += _payments(worked, currency)
    return lines


def _unmet(loan: Loan, worked: Statement, on: date, currency: str) -> list[tuple[int, str]]:
    """Say of each instalment due and unmet what fell due, what met it, and what is left."""
    found = []
    for instalment in sorted(loan.instalments, key=lambda one: (one.due_on, one.number)):
        lines = [line for line in worked.lines if line.instalment == instalment.number and not line.later]
        scheduled = [line for line in lines if line.line in {"fee", "interest", "principal"}]
        due = sum(line.amount for line in scheduled if line.what == "fell due")
        met = sum(line.amount for line in scheduled if line.what != "fell due")
        if instalment.due_on < on and due > met:
            sources = sorted({line.source for line in scheduled if line.source})
            by = f" by {', '.join(sources)}" if sources else ""
            left = money(due - met, currency)
            text = f"due {instalment.due_on}, {money(due, currency)}, met {money(met, currency)}{by}, left {left}"
            found.append((instalment.number, text))
    return found


def _payments(worked: Statement, currency: str) -> list[str]:
    paid: dict[tuple[date, str], list[Line]] = {}
    for line in worked.lines:
        if line.what in {"paid", "kept as credit"} and line.source:
            paid.setdefault((line.day, line.source), []).append(line)
    shown = list(paid.items())[-_LAST:]
    lines = (
        [f"payments that count: {len(paid)}" + (f", the last {len(shown)}:" if len(paid) > len(shown) else ":")]
        if paid
        else []
    )
    for (day, source), parts in shown:
        to = ", ".join(f"{line.line or 'credit'} {money(line.amount, currency)}" + _of(line) for line in parts)
        lines.append(f"  {day} {source}: {money(sum(line.amount for line in parts), currency)} to {to}")
    return lines or ["no payment counts yet"]


def _of(line: Line) -> str:
    return f" of instalment {line.instalment}" if line.instalment is not None else ""


def _late(night: Night, loan_no: int, loan: Loan, on: date) -> list[str]:
    positions = night.engine.table("positions")
    row = night.engine.rows(positions.filter(positions.loan_no == loan_no))[0]
    if not row["oldest_due_on"]:
        clean = f", since {row['clean_from']}" if row["clean_from"] else ""
        return [f"nothing is overdue{clean}; {row['on_time_in_a_row']} instalments paid on time in a row"]
    instalment = min(
        (one for one in loan.instalments if one.due_on == row["oldest_due_on"]),
        key=lambda one: one.number,
        default=None,
    )
    which = f"instalment {instalment.number}" if instalment else "what was accelerated"
    lines = [
        f"oldest unmet due date: {row['oldest_due_on']} ({which})",
        f"days past due: {on} - {row['oldest_due_on']} = {row['days_past_due']}, bucket {row['bucket'] or 'none'}",
        f"overdue without a break since {row['spell_from']}",
    ]
    taken = row["days_past_due"] - row["delinquent_days"]
    if taken:
        pauses = ", ".join(f"{first} to {last or 'open'}" for first, last in loan.pauses) or "none"
        lines.append(f"delinquent days: {row['delinquent_days']}, less {taken} of grace and pauses (pauses: {pauses})")
    return lines


def _known(night: Night, borrower: int, facts: Mapping[str, Any], loan: Mapping[str, Any]) -> list[str]:
    others = one_loan.rows_of(night.engine, "counted", "borrower_no", borrower, "loan_no")
    lines = [
        f"borrower {loan['borrower_id']}: "
        + "; ".join(f"loan {one['loan_id']} overdue {money(one['overdue'], one['currency'])}" for one in others)
    ]
    aside = one_loan.rows_of(night.engine, "positions", "borrower_no", borrower, "loan_no")
    counted = {one["loan_id"] for one in others}
    lines += [
        f"loan {one['loan_id']} is set aside: a hold bars contact about it"
        for one in aside
        if one["loan_id"] not in counted
    ]
    catalogue = night.catalogue
    lines += [
        f"{name} = {_value(facts[name])}: {catalogue[name].says}"
        for name in sorted(night.strategy.facts)
        if name in facts
    ]
    for table, columns in _SHOWN.items():
        rows = one_loan.rows_of(night.engine, table, "borrower_no", borrower, _ORDER[table])
        if rows:
            lines.append(f"{table}: {len(rows)}" + (f", the last {_LAST}:" if len(rows) > _LAST else ":"))
        lines += [
            "  " + ", ".join(f"{name} {row[name]}" for name in columns if row[name] is not None)
            for row in rows[-_LAST:]
        ]
    return lines


def _value(value: object) -> str:
    return "unknown" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _rung(night: Night, borrower: int, facts: Mapping[str, Any]) -> list[str]:
    strategy = night.strategy
    known = decide.with_formulas(strategy, facts)
    stands = decide.standing(strategy, known)
    lines = [
        f"arm {row['arm']}" + (", held out to measure what contact does" if row["held_out"] else "")
        for row in [_one(night, "standing", borrower)]
        if row
    ]
    for rung in strategy.ladder:
        lines.append(f"{rung.stage}: {'holds' if rung.stage in stands.reached else 'does not hold'}")
        lines += _because(rung, known)
    lines += [f"steps back: {because}" for because in stands.stepped_back]
    lines += [f"quiet: {because}" for because in stands.quiet]
    lines.append(f"stage: {stands.stage or 'none: the borrower is on no rung'}")
    return lines


def _because(rung: Rung, known: Mapping[str, object]) -> list[str]:
    lines = [f"  enter {part.text}: {_truth(part, known)}" for part in rung.enter.parts()]
    return lines + ([f"  leave {rung.leave.text}: {_truth(rung.leave, known)}"] if rung.leave else [])


def _truth(part: Expression, known: Mapping[str, object]) -> str:
    found = part.evaluate(known)
    values = ", ".join(f"{name} = {_value(known[name])}" for name in sorted(part.facts))
    return f"{_value(found)}" + (f" ({values})" if values else "")


def _treatments(night: Night, borrower: int, facts: Mapping[str, Any]) -> list[str]:
    words = load_words("en")
    rows = night.engine.table("candidates")
    found = night.engine.rows(rows.filter(rows.borrower_no == borrower).order_by("treatment_no"))
    known = decide.with_formulas(night.strategy, facts)
    treatments = night.strategy.treatments
    if not found:
        return ["nothing: no rung holds"]
    lines = []
    for row in found:
        one = treatments[row["treatment_no"]]
        lines.append(
            f"{one.name} ({one.channel or one.act}): "
            + (words.name("reason", row["blocked"]) if row["blocked"] else "possible")
        )
        lines += _details(one, row, known)
    return lines


def _details(one: Treatment, row: Mapping[str, Any], known: Mapping[str, object]) -> list[str]:
    stops = [gate.condition for gate in one.gates if gate.code == row["blocked"]]
    lines = [f"  {condition.text}: {_truth(condition, known)}" for condition in stops]
    if one.value is not None:
        values = ", ".join(f"{name} = {_value(known[name])}" for name in sorted(one.value.facts))
        lines.append(
            f"  value {one.value.text} = {_value(one.value.evaluate(known))}" + (f" ({values})" if values else "")
        )
    return lines


def _plan(night: Night, borrower: int) -> list[str]:
    words = load_words("en")
    rows = night.engine.table("plan")
    found = night.engine.rows(rows.filter(rows.borrower_no == borrower).order_by("act", ibis._.treatment))
    lines = []
    for row in found:
        reasons = "; ".join(words.name("reason", reason) for reason in row["reasons"])
        if row["act"] == "none":
            best = f" (next best: {row['next_best']})" if row["next_best"] else ""
            lines.append(f"stage {row['stage']}: nothing is done: {reasons}{best}")
            continue
        lines.append(
            f"stage {row['stage']}: {row['treatment']}, {row['channel'] or row['act']}"
            + (f", {row['slot']}" if row["slot"] else "")
            + f": {reasons}"
        )
        lines += [
            f"  about loan {one['loan_id']}: overdue {money(one['overdue'], one['currency'])}, "
            f"owed {money(one['owed'], one['currency'])}"
            for one in row["amounts"] or []
        ]
        if row["next_best"]:
            lines.append(f"  next best: {row['next_best']}")
    return lines or ["no line: the borrower is on no rung of the ladder"]
