"""The whole chain for one loan in words: what is owed, how late, why this rung, why this act, each with its rows."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

import ibis

from duecourse.kernel.components import COMPONENTS
from duecourse.law.expressions import Expression
from duecourse.ledger.loan import Loan
from duecourse.ledger.statement import Line, Statement, statement
from duecourse.night import duties, explain_caps, explain_fork, explain_law, facts, one_loan
from duecourse.night.moment import Moment
from duecourse.night.report.show import amount, money
from duecourse.night.report.words import load_words
from duecourse.night.run import Night
from duecourse.strategy import decide
from duecourse.strategy.models import Rung, Treatment
from duecourse.strategy.words import FORK_FACTS

_WORD: Final = re.compile(r"[a-z]\w*")
_LAST: Final = 6  # rows of a kind that are shown; the newest
_SHOWN: Final = {
    "contacts": ("contact_id", "happened_on", "channel", "direction", "outcome"),
    "promises": ("promise_id", "made_on", "promised_on", "amount"),
    "arrangements": ("arrangement_id", "started_on", "ended_on", "broken_on"),
    "notices": ("notice_id", "kind", "served_on", "delivered_on"),
    "holds": ("hold_id", "kind", "loan_id", "from_on", "until_on"),
    "events": ("event_id", "kind", "happened_on", "loan_id"),
}
_PLAIN: Final = ("kind", "channel", "direction", "outcome", "happened_on")  # their values speak for themselves
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
    loan, caps, _ = explain_caps.read(night, row["loan_no"], zone_day(night))
    borrower = int(row["borrower_no"])
    known = decide.with_formulas(night.strategy, _facts(night, borrower))
    currency = row["currency"] if _one_currency(night, borrower) else None
    teller = _Teller(known, night.strategy.parameters, currency, _amounts(night))
    return [
        Section("What is owed", [*_owed(loan, moment.on, row["currency"]), *caps]),
        Section("How late", _late(night, row["loan_no"], loan, moment.on)),
        Section("The borrower", _borrower(night, borrower, row)),
        Section("The rung", _rung(night, borrower, teller)),
        Section("What each way on is worth", explain_fork.lines(night, borrower, currency)),
        Section("What might be done", _treatments(night, borrower, teller)),
        Section("What is due", duties.lines(night.engine, night.law, loan_id)),
        Section("What the law says", explain_law.lines(night, borrower)),
        Section("Tonight's plan", _plan(night, borrower)),
    ]


@dataclass(frozen=True)
class _Teller:
    """Says values and conditions of one borrower; an amount is written as money where all loans share a currency."""

    known: Mapping[str, object]
    parameters: Mapping[str, object]
    currency: str | None
    amounts: frozenset[str]

    def value(self, name: str) -> str:
        """Say the value of a fact or formula."""
        found = self.known[name]
        if isinstance(found, int) and not isinstance(found, bool) and name in self.amounts and self.currency:
            return money(found, self.currency)
        return _value(found)

    def truth(self, part: Expression) -> str:
        """Say a condition with what it comes to, and the values that made it so."""
        found = _value(part.evaluate(self.known))
        if part.text in self.known:
            return f"{part.text} is {found}"
        values = [f"{name} = {self.value(name)}" for name in sorted(part.facts)]
        words = dict.fromkeys(_WORD.findall(part.text))
        values += [f"{name} = {self.parameters[name]}" for name in words if name in self.parameters]
        return f"{part.text} is {found}" + (f" ({', '.join(values)})" if values else "")

    def failing(self, condition: Expression, most: int = 9) -> list[str]:
        """Say the parts for which a condition does not hold: `most` of an `and`, one is enough; of an `or`, all."""
        parts = [self.truth(part) for part in condition.parts() if part.evaluate(self.known) is not True]
        return parts if getattr(condition.node, "op", "") == "or" else parts[:most]


def _one_currency(night: Night, borrower: int) -> bool:
    rows = one_loan.rows_of(night.engine, "positions", "borrower_no", borrower, "loan_no")
    return len({row["currency"] for row in rows}) == 1


def _amounts(night: Night) -> frozenset[str]:
    """Name the facts and formulas that are amounts in minor units: by name, or because treatments are valued so."""
    strategy = night.strategy
    valued = {one.value.text for one in strategy.treatments if one.value is not None}
    named = {*strategy.facts, *strategy.formulas}
    return frozenset(name for name in named if name.endswith("_amount") or name in valued)


def zone_day(night: Night) -> Any:
    """Return a function from a moment (UTC, naive) to the day in the book's zone."""
    zone, utc = ZoneInfo(night.book.zone), ZoneInfo("UTC")
    return lambda at: at.replace(tzinfo=utc).astimezone(zone).date() if isinstance(at, datetime) else at


def _facts(night: Night, borrower: int) -> dict[str, Any]:
    """Return the facts of a borrower, who need not stand on any rung."""
    tables = night.engine.table
    rows = facts.borrower_facts(tables, night.catalogue, night.needed, night.empty)
    known = night.engine.rows(rows.filter(rows.borrower_no == borrower))[0]
    if night.strategy.fork is None:
        return known
    return {**known, **dict.fromkeys(FORK_FACTS), **_one(night, "fork", borrower)}


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
    lines += _unmet(loan, worked, on, currency)
    lines += _payments(worked, currency)
    return lines


@dataclass(frozen=True)
class _Unmet:
    """An instalment due and not met: what fell due, what met it (minor units), and the payments that did."""

    number: int
    due_on: date
    due: int
    met: int
    sources: list[str]


def _unmet(loan: Loan, worked: Statement, on: date, currency: str) -> list[str]:
    """Say of each instalment due and unmet what fell due, what met it, and what is left; untouched ones in one line."""
    found = []
    for instalment in sorted(loan.instalments, key=lambda one: (one.due_on, one.number)):
        lines = [line for line in worked.lines if line.instalment == instalment.number and not line.later]
        scheduled = [line for line in lines if line.line in {"fee", "interest", "principal"}]
        due = sum(line.amount for line in scheduled if line.what == "fell due")
        met = sum(line.amount for line in scheduled if line.what != "fell due")
        if instalment.due_on < on and due > met:
            sources = sorted({line.source for line in scheduled if line.source})
            found.append(_Unmet(instalment.number, instalment.due_on, due, met, sources))
    return [
        text
        for untouched, run in groupby(found, key=lambda one: one.met == 0)
        for text in _unmet_run(list(run), currency, untouched=untouched)
    ]


def _unmet_run(run: list[_Unmet], currency: str, *, untouched: bool) -> list[str]:
    if untouched and len(run) > 1:
        first, last, left = run[0], run[-1], money(sum(one.due for one in run), currency)
        numbers = f"{first.number} to {last.number}" if len(run) == last.number - first.number + 1 else _numbers(run)
        return [f"instalments {numbers}: due {first.due_on} to {last.due_on}, nothing met, left {left}"]
    texts = []
    for one in run:
        by = f" by {', '.join(one.sources)}" if one.sources else ""
        met = f"met {money(one.met, currency)}{by}" if one.met else "nothing met"
        left = money(one.due - one.met, currency)
        texts.append(f"instalment {one.number}: due {one.due_on}, {money(one.due, currency)}, {met}, left {left}")
    return texts


def _numbers(run: list[_Unmet]) -> str:
    return ", ".join(str(one.number) for one in run)


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
        whole = money(sum(line.amount for line in parts), currency)
        lines.append(f"  {day} {source}: {whole} to {'; '.join(_met(parts, currency))}")
    return lines or ["no payment counts yet"]


def _met(parts: list[Line], currency: str) -> Iterator[str]:
    """Say by instalment (None: a charge, or credit) what a payment met."""
    for number, lines in groupby(parts, key=lambda line: line.instalment):
        named = ", ".join(f"{_name(line)} {amount(line.amount, currency)}" for line in lines)
        yield f"instalment {number} ({named})" if number is not None else named


def _name(line: Line) -> str:
    return f"{line.line.replace('_', ' ')} {line.charge_id or ''}".strip() if line.line else "credit"


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


def _borrower(night: Night, borrower: int, loan: Mapping[str, Any]) -> list[str]:
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
    for table, columns in _SHOWN.items():
        rows = one_loan.rows_of(night.engine, table, "borrower_no", borrower, _ORDER[table])
        if rows:
            lines.append(f"{table}: {len(rows)}" + (f", the last {_LAST}:" if len(rows) > _LAST else ":"))
        lines += [f"  {_row(row, columns)}" for row in rows[-_LAST:]]
    return lines


def _row(row: Mapping[str, Any], columns: tuple[str, ...]) -> str:
    """Write a row: its id, then its other columns, with a name where the value alone would not say what it is."""
    key, *others = (name for name in columns if row[name] is not None)
    values = (str(row[name]) if name in _PLAIN else f"{name} {row[name]}" for name in others)
    return f"{row[key]}: {', '.join(values)}"


def _value(value: object) -> str:
    return "unknown" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _rung(night: Night, borrower: int, teller: _Teller) -> list[str]:
    """Say why the borrower stands where they do: the stage with every part, other rungs that hold, and why none else.

    A rung that does not hold is told with what fails first.
    """
    stands = decide.standing(night.strategy, teller.known)
    lines = [
        f"arm {row['arm']}" + (", held out to measure what contact does" if row["held_out"] else "")
        for row in [_one(night, "standing", borrower)]
        if row
    ]
    lines.append(f"stage: {stands.stage or 'none: the borrower is on no rung'}")
    lines += [f"steps back: {because}" for because in stands.stepped_back]
    lines += [f"quiet: {because}" for because in stands.quiet]
    others = []
    for rung in night.strategy.ladder:
        if rung.stage == stands.stage:
            lines.append(f"{rung.stage} holds:")
            lines += [f"  {teller.truth(part)}" for part in rung.enter.parts()]
        elif rung.stage in stands.reached:
            others.append(rung.stage)
        else:
            lines.append(f"{rung.stage} does not hold: {'; '.join(_against(rung, teller))}")
    return lines + ([f"hold too: {', '.join(others)}"] if others else [])


def _against(rung: Rung, teller: _Teller) -> list[str]:
    if rung.enter.evaluate(teller.known) is not True:
        return teller.failing(rung.enter, most=1)
    return [f"left, for {teller.truth(rung.leave)}"] if rung.leave else []


def _treatments(night: Night, borrower: int, teller: _Teller) -> list[str]:
    words = load_words("en")
    rows = night.engine.table("candidates")
    found = night.engine.rows(rows.filter(rows.borrower_no == borrower).order_by("treatment_no"))
    treatments = night.strategy.treatments
    if not found:
        return ["nothing: no rung holds"]
    lines = []
    for row in found:
        one = treatments[row["treatment_no"]]
        worth = f", worth {_worth(one, teller)}" if one.value is not None else ""
        why = f"not possible: {words.name('reason', row['blocked'])}" if row["blocked"] else "possible"
        lines.append(f"{one.name} ({one.channel or one.act}{worth}): {why}")
        gates = [gate.condition for gate in one.gates if gate.code == row["blocked"]]
        lines += [f"  {text}" for condition in gates for text in teller.failing(condition)]
    notices = [treatments[row["treatment_no"]] for row in found if not row["blocked"]]
    lines += [f"{one.name} is a required notice: no other contact is made today" for one in notices if one.required]
    return lines


def _worth(one: Treatment, teller: _Teller) -> str:
    """Say the value of a treatment in money: what `value` expressions are in (docs/concepts/strategy.md)."""
    found = one.value.evaluate(teller.known) if one.value is not None else None
    return money(found, teller.currency) if isinstance(found, int) and teller.currency else _value(found)


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
