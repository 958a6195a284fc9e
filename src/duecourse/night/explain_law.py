"""What the law says of one borrower's possible acts: every rule that was asked, with the facts that it looked at."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from duecourse.law.judge import gates
from duecourse.law.program import WORD
from duecourse.law.rulebook import Law, Rule
from duecourse.law.what_if import because, plain

if TYPE_CHECKING:
    from duecourse.night.run import Night


def lines(night: "Night", borrower: int) -> list[str]:
    """Tell each act that was judged: refused by which rules and why, and which other rules were asked."""
    tables, engine = night.engine.table, night.engine
    acts = tables("law_rows")
    rows = engine.rows(acts.filter(acts.world == borrower).order_by("treatment_no", "loan_no"))
    if not rows:
        return ["nothing that the law judges is possible tonight"]
    found = []
    for row in rows:
        treatment = night.strategy.treatments[row["treatment_no"]].name
        judged = night.lawful.programs.get(row["country"]) if row["books"] else None
        if judged is None:
            found.append(f"{treatment}, loan {row['loan']}: no rulebook is loaded for {row['country'] or 'no country'}")
            continue
        known: dict[str, Any] = {}
        for name in judged.facts:
            table = tables(name)
            known.update(engine.rows(table.filter(table.act_no == row["act_no"]))[0])
        verdicts = tables(judged.verdicts)
        verdict = engine.rows(verdicts.filter(verdicts.act_no == row["act_no"]))[0]
        found += _told(night.law, f"{treatment}, loan {row['loan']}", judged.rules, verdict, known)
    return found


def _told(
    law: Law, act: str, rules: tuple[Rule, ...], verdict: Mapping[str, Any], known: Mapping[str, Any]
) -> list[str]:
    asked = [rule for place, rule in enumerate(rules) if rule.permit is not None and _set(verdict, "asked", place)]
    against = {rule for place, rule in enumerate(rules) if rule.permit is not None and _set(verdict, "refused", place)}
    gating = [rule for rule in asked if rule in against and gates(rule)]
    found = [f"{act}: {'refused' if gating else 'permitted'}, {_counted(len(asked))} asked"]
    for rule in sorted(asked, key=lambda each: (each not in gating, each not in against, each.id)):
        how = "refuses" if rule in gating else "would refuse, not gating" if rule in against else "permits"
        why = f": {because(rule, dict(known))} ({law.cite(rule)})" if rule in against else ""
        facts = ", ".join(f"{name} = {plain(known.get(name))}" for name in sorted(rule.names))
        found += [f"  {rule.id} {how}{why}", f"    {facts or 'no facts'}"]
    return found


def _set(verdict: Mapping[str, Any], which: str, place: int) -> bool:
    return bool(verdict[f"{which}_{place // WORD}"] >> (place % WORD) & 1)  # a place among bits, not money


def _counted(rules: int) -> str:
    return "1 rule" if rules == 1 else f"{rules} rules"
