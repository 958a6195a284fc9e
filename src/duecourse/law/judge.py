"""Worlds judged: the program's statements run on DuckDB over their tables, and what comes out, decoded.

judge(cases, law) -> one Judgement for each try, in order
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from duecourse.kernel.errors import DueCourseError
from duecourse.law.calculators import CALCULATORS
from duecourse.law.casefile import Case
from duecourse.law.program import Program, compiled, is_set
from duecourse.law.records import STEPS
from duecourse.law.rulebook import Law, Rule
from duecourse.law.running import Run, run
from duecourse.law.world import Tried

DAYS_AHEAD: Final = 60  # how far ahead the first permitted day is looked for


@dataclass(frozen=True)
class Reason:
    """A rule that refuses. `missing` names the facts that are not known, when that is why."""

    rule: Rule
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """What the law says of one try: the reasons against an act, or the answer to a question.

    `reasons` are the rules that gate, the strongest bar first; `beside` those that would refuse but do not gate
    (advice, and rules from memory that are not switched on); `asked` all rules that were asked.
    """

    tried: Tried
    reasons: tuple[Reason, ...]
    beside: tuple[Reason, ...]
    asked: tuple[Rule, ...]
    answer: Any = None
    answered_by: Rule | None = None
    trouble: str = ""  # why a calculator could not work with what the world says
    answerable: bool = False  # whether some rule of these rulebooks answers such questions

    @property
    def permitted(self) -> bool:
        """Whether nothing that gates refuses."""
        return not self.reasons


Gate = Callable[[Rule], bool]


def gates(rule: Rule) -> bool:
    """Say whether a rule may refuse: advice never does, a rule from memory only when switched on by name."""
    return rule.record.effect != "advises" and (rule.record.checked.how != "memory" or rule.switched_on)


def judge(cases: Sequence[Case], law: Law, *, gate: Gate = gates, program: Program | None = None) -> list[Judgement]:
    """Judge every try of the cases, in order."""
    program = program or compiled(law)
    made = run(cases, program)
    return [judgement(made, tried, gate) for tried in made.worlds.tries]


def judgement(made: Run, tried: Tried, gate: Gate = gates) -> Judgement:
    """Read the verdict of one try off a run."""
    rows = [made.verdicts[act_no] for act_no in made.worlds.acts_of[tried.number]]
    rules = made.law.rules
    if "ask" in tried.values:
        asked = [rule for index, rule in enumerate(rules) if is_set(rows[0], "asked", index) and rule.permit is None]
        try:
            (answer, by), trouble = _answer(made, tried, asked, gate), ""
        except DueCourseError as error:
            (answer, by), trouble = (None, None), str(error)
        books, ask = tried.case.rulebooks, tried.values["ask"]
        answerable = any(rule.record.answers == ask and rule.book in books for rule in rules)
        return Judgement(tried, (), (), tuple(asked), answer, by, trouble, answerable)
    judged = [_refusals(made, row, rules) for row in rows]
    names_none = not (tried.trial.values.get("about") or tried.trial.values.get("loan"))
    # An act that names no loan may be about any: it is lawful when it is lawful for one of them.
    parts = [min(judged, key=lambda each: len([r for r in each if gate(r.rule)]))] if names_none else judged
    found = {reason.rule.id: reason for part in parts for reason in part}
    ordered = sorted(found.values(), key=_strength)
    asked = [rule for index, rule in enumerate(rules) if any(is_set(row, "asked", index) for row in rows)]
    against = tuple(reason for reason in ordered if gate(reason.rule))
    return Judgement(tried, against, tuple(r for r in ordered if not gate(r.rule)), tuple(asked))


def _strength(reason: Reason) -> tuple[int, str]:
    return STEPS.index(reason.rule.record.step), reason.rule.id


def _refusals(made: Run, row: Mapping[str, Any], rules: Sequence[Rule]) -> list[Reason]:
    found = []
    for index, rule in enumerate(rules):
        if is_set(row, "refused", index):
            unknown = is_set(row, "unknown", index)
            found.append(Reason(rule, _missing(made, rule, row["act_no"]) if unknown else ()))
    return found


def _missing(made: Run, rule: Rule, act_no: int) -> tuple[str, ...]:
    facts = made.facts(act_no)
    return tuple(sorted(name for name in rule.names if facts.get(name) is None))


def _answer(made: Run, tried: Tried, asked: Sequence[Rule], gate: Gate) -> tuple[Any, Rule | None]:
    """Return the answer of the first rule that has one; the narrower rulebook is asked first."""
    books = list(tried.case.rulebooks)
    act_no = made.worlds.acts_of[tried.number][0]
    places = {id(rule): index for index, rule in enumerate(made.law.rules)}
    for rule in sorted((rule for rule in asked if gate(rule)), key=lambda rule: -books.index(rule.book)):
        if rule.record.calculate is not None:
            return _calculated(made, tried, rule, act_no, gate), rule
        return made.verdicts[act_no][f"gives_{places[id(rule)]}"], rule
    return None, None


def _calculated(made: Run, tried: Tried, rule: Rule, act_no: int, gate: Gate) -> Any:
    name = str(rule.record.calculate)
    if name == "first_day_permitted":
        return _first_day_permitted(made, tried, rule, gate)
    loan = next((loan for loan in tried.case.loans if loan["id"] == tried.loans[0]), {})
    facts = {name: value for name, value in made.facts(act_no).items() if value is not None}
    known = {**facts, **loan, **tried.values, "debts": _debts(tried), "order": rule.record.order}
    return CALCULATORS[name](known)


def _debts(tried: Tried) -> list[dict[str, Any]]:
    """Return the loans of the world, each with whether it was ever disputed, in whatever form."""
    disputes = [event for event in tried.case.history if event["event"] == "dispute"]
    disputed = {loan for event in disputes for loan in (event.get("loan"), *_loans_of(event))}
    return [{**loan, "disputed": loan["id"] in disputed} for loan in tried.case.loans]


def _loans_of(event: Mapping[str, object]) -> tuple[str, ...]:
    return cast("tuple[str, ...]", event.get("about") or ())


def _first_day_permitted(made: Run, tried: Tried, rule: Rule, gate: Gate) -> date | None:
    """Try the call at noon on one day after the other, from the last day of the history on.

    The answer is the first day on which no rule on how often, of any of the world's rulebooks, stands against it.
    """
    case, values = tried.case, tried.values
    zone = ZoneInfo(cast("tuple[str, ...]", case.borrower["zones"])[0])
    last = max((cast("datetime", event["at"]) for event in case.history), default=None)
    if last is None:
        return None
    start = last.astimezone(zone).date()
    days = [start + timedelta(days=ahead) for ahead in range(1, DAYS_AHEAD)]
    about = {key: value for key, value in values.items() if key in {"with", "loan", "about", "by"}}
    trials = tuple(
        replace(
            tried.trial,
            values={**about, "act": "contact", "channel": "call", "at": datetime.combine(day, time(12), zone)},
        )
        for day in days
    )
    again = made.again([replace(case, tries=trials)])
    for day, each in zip(days, again.worlds.tries, strict=True):
        found = judgement(again, each, gate)
        if not any(reason.rule.record.step == rule.record.step for reason in found.reasons):
            return day
    return None
