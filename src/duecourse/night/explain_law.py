"""What the law says of one borrower's possible acts: every rule that was asked, with the facts that it looked at.

The night judges by the law narrowed to what may refuse; here the whole of it is asked.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from duecourse.law.judge import gates
from duecourse.law.kept import program_of, users_folder
from duecourse.law.program import is_set
from duecourse.law.rulebook import Law, Rule
from duecourse.law.what_if import because, plain
from duecourse.night import lawful, verdicts
from duecourse.night.kept import Kept
from duecourse.night.past import past_of

if TYPE_CHECKING:
    from duecourse.night.run import Night

_SUFFIX = "_explained"
_WHO = "explained"


def lines(night: "Night", borrower: int) -> list[str]:
    """Tell each act that was judged: refused by which rules and why, and which other rules were asked."""
    tables, engine = night.engine.table, night.engine
    proposed = engine.rows(tables("law_rows").filter(ibis._.world == borrower).order_by("treatment_no", "loan_no"))
    if not proposed:
        return ["nothing that the law judges is possible tonight"]
    if not proposed[0]["books"]:
        where = proposed[0]["country"] or "no country"
        return [f"{_act(night, row)}: no rulebook is loaded for {where}" for row in proposed]
    law = night.law.of(proposed[0]["books"].split(" "), acts=lawful.JUDGED)
    engine.give(_WHO, pa.table({"borrower_no": [borrower], "country": [proposed[0]["country"]]}))
    program = program_of(law, users_folder(), suffix=_SUFFIX)
    past = past_of(tables, engine.rows, night.empty)
    name = f"{verdicts.HISTORY}{_SUFFIX}"
    verdicts.give_history(engine, name, lambda: tables(_WHO), [program], past)
    own = tables("proposed").semi_join(tables(_WHO), "borrower_no")
    rows_of_acts = Kept(f"law_rows{_SUFFIX}", lambda: lawful.acts(tables, own, lawful.VARIES), number="act_no")
    engine.keep_all([[rows_of_acts]])
    acts = tables(f"law_rows{_SUFFIX}")
    history = partial(verdicts.history_of, tables, name, program, past)
    verdicts.run(engine, [verdicts.Asked(program, partial(lawful.dressed, acts), history, about=past.tables)])
    known = verdicts.known_of(engine, program, acts)
    found = []
    for row in engine.rows(acts.order_by("treatment_no", "loan_no")):
        found += _told(night.law, _act(night, row), law.rules, row | known[row["act_no"]])
    return found


def _act(night: "Night", row: Mapping[str, Any]) -> str:
    return f"{night.strategy.treatments[row['treatment_no']].name}, loan {row['loan']}"


def _told(law: Law, act: str, rules: tuple[Rule, ...], known: Mapping[str, Any]) -> list[str]:
    asked = [rule for place, rule in enumerate(rules) if is_set(known, "asked", place)]
    against = {rule for place, rule in enumerate(rules) if is_set(known, "refused", place)}
    gating = [rule for rule in asked if rule in against and gates(rule)]
    found = [f"{act}: {'refused' if gating else 'permitted'}, {_counted(len(asked))} asked"]
    for rule in sorted(asked, key=lambda each: (each not in gating, each not in against, each.id)):
        how = "refuses" if rule in gating else "would refuse, not gating" if rule in against else "permits"
        why = f": {because(rule, dict(known))} ({law.cite(rule)})" if rule in against else ""
        facts = ", ".join(f"{name} = {plain(known.get(name))}" for name in sorted(rule.names))
        found += [f"  {rule.id} {how}{why}", f"    {facts or 'no facts'}"]
    return found


def _counted(rules: int) -> str:
    return "1 rule" if rules == 1 else f"{rules} rules"
