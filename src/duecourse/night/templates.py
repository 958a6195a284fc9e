"""Templates judged once, before any night: what rulebooks say of their declared content, whoever the borrower is.

    judged(strategy, law, on) -> findings

A night judges each contact with all that is known of its borrower; most of that has nothing to do with the words. A
template that a rule refuses whatever the borrower is found here, and need not be met a thousand times in a plan.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from duecourse.law.columns import ACT
from duecourse.law.expression_known import Exactly
from duecourse.law.judge import gates
from duecourse.law.narrowing import Given, narrowed
from duecourse.law.rulebook import Law, Rule
from duecourse.law.vocabulary import VOCABULARY
from duecourse.night.lawful import ALWAYS, JUDGED, VARIES
from duecourse.strategy.models import Strategy

ROLES: Final = ("original_creditor", "debt_buyer")  # what the firm of a night may be to a debt
_OF_THE_WORDS: Final = frozenset({"act", "channel", "purpose", "content", "content_stated"})
_PLAIN: Final[Mapping[str, Any]] = {"borrower.age": 40, "borrower.deceased_on": None, "loan.product": "consumer_loan"}
_HAPPENED: Final = frozenset(VOCABULARY.enumerations["event"])
_NOTHING: Final = frozenset[str]()


@dataclass(frozen=True)
class Use:
    """A template as treatments use it: for which act, on which channel, for which purpose, with which content."""

    template: str
    act: str
    channel: str | None
    purpose: str
    content: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """A rule that refuses a template, in these uses and where the firm has one of these roles.

    `always`: whoever the borrower is, already when nothing has happened yet; else only some, as `says` tells.
    `gates`: whether a night refuses for it; a rule from memory refuses nothing.
    """

    template: str
    rulebook: str
    rule: str
    says: str
    citation: str
    channels: tuple[str, ...]
    purposes: tuple[str, ...]
    roles: tuple[str, ...]
    always: bool
    gates: bool


@dataclass(frozen=True)
class _Refusal:
    use: Use
    role: str
    rule: Rule
    always: bool


def uses(strategy: Strategy) -> tuple[Use, ...]:
    """Return every use of a declared template in an act that the law judges, each once, in the order of the file."""
    found: dict[Use, None] = {}
    for treatment in strategy.treatments:
        content = strategy.content_of(treatment)
        act = "contact" if treatment.act == "settle" else treatment.act
        if treatment.template in (strategy.templates or {}) and content is not None and act in JUDGED:
            channel = "letter" if treatment.act == "settle" else treatment.channel
            found[Use(str(treatment.template), act, channel, treatment.purpose, content)] = None
    return tuple(found)


def judged(strategy: Strategy, law: Law, on: date, roles: Sequence[str] = ROLES) -> tuple[Finding, ...]:
    """Judge every template of a strategy by the rules on words that are in force on a day, in every rulebook.

    `roles` are those of `ROLES` that the firm has. What is refused whoever the borrower is comes first.
    """
    asked = uses(strategy)
    refusals = [
        refusal
        for country, names in _by_country(law).items()
        for act in JUDGED
        for refusal in _refused([use for use in asked if use.act == act], roles, law.of(names, acts=[act]), country, on)
    ]
    order = {name: place for place, name in enumerate(strategy.templates or {})}
    merged: dict[tuple[str, str], list[_Refusal]] = {}
    for refusal in refusals:
        merged.setdefault((refusal.use.template, refusal.rule.id), []).append(refusal)
    found = [_finding(law, those) for those in merged.values()]
    return tuple(sorted(found, key=lambda one: (not one.always, order[one.template], one.rulebook, one.rule)))


def _by_country(law: Law) -> dict[str | None, list[str]]:
    """Return rulebooks by country, those of several countries under None; the house's stand there too."""
    found: dict[str | None, list[str]] = {}
    for book in law.books.values():
        found.setdefault(book.country, []).append(book.id)
    return found


def _finding(law: Law, refusals: list[_Refusal]) -> Finding:
    always = any(refusal.always for refusal in refusals)
    those = [refusal for refusal in refusals if refusal.always is always]
    rule = those[0].rule
    return Finding(
        those[0].use.template,
        rule.book,
        rule.id,
        rule.record.says,
        law.cite(rule),
        tuple(dict.fromkeys(each.use.channel or each.use.act for each in those)),
        tuple(dict.fromkeys(each.use.purpose for each in those)),
        tuple(dict.fromkeys(each.role for each in those)),
        always,
        gates(rule),
    )


def _refused(found: Iterable[Use], roles: Sequence[str], law: Law, country: str | None, on: date) -> Iterator[_Refusal]:
    rules = [rule for rule in law.rules if rule.record.judges and rule.record.effect != "advises"]
    rules = [rule for rule in rules if "content" in names_under(law, rule) or names_under(law, rule) <= _OF_THE_WORDS]
    if not rules:
        return
    for use in found:
        for role in roles:
            known = _known(use, role, country, on)
            for rule in _refusing(law, known, on, _HAPPENED, rules):
                here = replace(law, rules=(rule.whole,))
                if not _by_its_words(here, known, on, rule):
                    continue
                plain = _refusing(here, {**known, **_PLAIN}, on, _NOTHING, here.rules)
                always = any(each.applies is None for each in plain)
                if always or rule.whole.record.kind == "wording":  # other rules are about more than the words
                    yield _Refusal(use, role, rule.whole, always)


@dataclass(frozen=True)
class _Narrowed:
    """What is left of a rule that refuses wherever it applies; `applies` is None where it always does."""

    whole: Rule
    applies: str | None
    permit: str


def _refusing(
    law: Law, known: Mapping[str, Any], on: date, kinds: frozenset[str], rules: Iterable[Rule]
) -> list[_Narrowed]:
    whole = {(rule.id, rule.record.from_): rule for rule in rules}
    left = narrowed(law, Given(known, kinds, on), whole.values())
    return [
        _Narrowed(
            whole[rule.id, rule.record.from_],
            None if rule.applies is None else rule.applies.canonical,
            rule.permit.canonical,
        )
        for rule in left.rules
        if rule.permit is not None and rule.permit.constant is not None
    ]


def _by_its_words(law: Law, known: Mapping[str, Any], on: date, found: _Narrowed) -> bool:
    """Say whether a rule refuses for the words: it looks at nothing else, or other words would change what it does."""
    if names_under(law, found.whole) <= _OF_THE_WORDS:
        return True
    any_words = {name: value for name, value in known.items() if name not in {"content", "content_stated"}}
    same = [each for each in _refusing(law, any_words, on, _HAPPENED, law.rules) if each.permit == found.permit]
    if not same:
        return True
    return found.whole.record.kind == "wording" and same[0].applies != found.applies


def names_under(law: Law, rule: Rule) -> frozenset[str]:
    """Return the columns that a rule looks at, directly or through facts."""
    found: set[str] = set()
    waiting = [each for part in (rule.applies, rule.permit) if part is not None for each in part.facts]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        name = f"event.{name.removeprefix('earlier.')}" if name.startswith("earlier.") else name
        if name in seen:
            continue
        seen.add(name)
        if name in law.facts:
            waiting += law.facts[name].names
        else:
            found.add(name)
    return frozenset(found)


def _known(use: Use, role: str, country: str | None, on: date) -> dict[str, Any]:
    known: dict[str, Any] = {name: ALWAYS.get(name) for name in ACT if name not in VARIES}
    known |= {"act": use.act, "channel": use.channel, "purpose": use.purpose, "day": on}
    known |= {"content": Exactly(frozenset(use.content)), "content_stated": True}
    known |= {"collector.role": role, "actor.role": role}
    return known if country is None else known | {"calendar": country, "borrower.country": country}
