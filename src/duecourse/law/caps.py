"""The caps that the law sets on a loan's charges, as law that can be asked for all loans of a book.

    capping(law, books) -> the rules that feed the ledger     opened(law, rules) -> Law to compile

A case is a closed world and its silences have meanings; a book is open. So the rules are read anew: where a rule
needs a fact that the book does not tell, the answer is not known, and no cap is guessed.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from duecourse.law.catalogue import FactKind
from duecourse.law.columns import ACT
from duecourse.law.expression_tree import Call, Literal, Named, Node
from duecourse.law.judge import gates
from duecourse.law.records import CAPS, Caps
from duecourse.law.rulebook import Fact, Law, Rule, RulebookError

WHOLE: Final = 1_000_000  # the principal itself, in ppm of it
# The question whose answer is the cap, beside the loan and the day.
QUESTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "all_in_ppm_year": {"ask": CAPS["all_in_ppm_year"]},
    "charges_ppm": {"ask": CAPS["charges_ppm"], "item": "total"},
}
_PRINCIPAL: Final = "loan.principal"


@dataclass(frozen=True)
class Cap:
    """A cap that a rule sets on a loan: as which cap, and how much.

    `ppm` is parts per million, a year or of the principal; None when the answer is not known, for want of `missing`.
    """

    as_: str
    ppm: int | None
    rule: Rule
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Piece:
    """The caps that hold from a day on (None: since ever) until the next piece; none at all, where it is empty."""

    from_day: date | None
    caps: tuple[Cap, ...]


def caps_of(rule: Rule) -> Caps:
    """Return how a rule feeds the ledger, of one that does."""
    assert rule.record.caps is not None  # noqa: S101  asked of rules that cap only
    return rule.record.caps


def capping(law: Law, books: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules of some rulebooks that feed the ledger; none from memory, and no advice.

    In the order in which they are asked: of several books the narrower, which is named later, first.
    """
    order = list(books)
    rules = [rule for rule in law.rules if rule.record.caps is not None and gates(rule) and rule.book in order]
    return tuple(sorted(rules, key=lambda rule: -order.index(rule.book)))


def opened(law: Law, rules: Iterable[Rule]) -> Law:
    """Return the law of these rules, read for a book: what some rule needs is unknown where the book is silent.

    Each rule `gives` parts per million; RulebookError for a cap on charges that is no share of the principal.
    """
    kept = tuple(rules)
    needs = frozenset(name for rule in kept for name in caps_of(rule).needs)

    def change(node: Node) -> Node:
        return _opened(node, needs)

    facts = {fact.name: _fact(fact, needs) for fact in replace(law, rules=kept).needed}
    read = []
    for rule in kept:
        applies = rule.applies.rewritten(change) if rule.applies is not None else None
        gives = rule.gives
        if caps_of(rule).as_ == "charges_ppm" and gives is not None:
            share = Literal(FactKind.INTEGER, share_of_principal(law, rule))
            gives = gives.rewritten(lambda _, share=share: share)  # type: ignore[misc]
        record = rule.record.model_copy(update={"because": None})
        read.append(replace(rule, record=record, applies=applies, gives=gives))
    named = " ".join(f"{rule.id} {rule.record.from_}" for rule in kept)
    digest = hashlib.sha256(f"caps {law.hash} {named}".encode()).hexdigest()
    return replace(law, rules=tuple(read), facts=facts, hash=digest)


def share_of_principal(law: Law, rule: Rule) -> int:
    """Return which share of the principal, in ppm, a rule on all charges gives; RulebookError when it gives none.

    The ledger knows no other cap on all charges. What a question may state beside the loan is not stated here.
    """
    share = _share(rule.gives.node, law.facts) if rule.gives is not None else None
    if share is None:
        raise RulebookError(
            f"{rule.place.file}:{rule.place.line}: rule '{rule.id}': a cap as charges_ppm gives {_PRINCIPAL},"
            f" or share({_PRINCIPAL}, ppm)"
        )
    return share


def _share(node: Node, facts: Mapping[str, Fact]) -> int | None:
    if isinstance(node, Named):
        if node.name == _PRINCIPAL:
            return WHOLE
        fact = facts.get(node.name)
        return _share(fact.take.node, facts) if fact is not None and fact.way == "define" and fact.take else None
    if not isinstance(node, Call):
        return None
    if node.op == "coalesce":
        stated = [arg for arg in node.args if not (isinstance(arg, Named) and arg.name in ACT and "." not in arg.name)]
        return _share(stated[0], facts) if len(stated) == 1 else None
    if node.op == "share" and isinstance(node.args[1], Literal) and _share(node.args[0], facts) == WHOLE:
        return int(str(node.args[1].value))
    return None


def _fact(fact: Fact, needs: frozenset[str]) -> Fact:
    if fact.take is None or fact.record.of_event or fact.way != "define":
        return fact
    return replace(fact, take=fact.take.rewritten(lambda node: _opened(node, needs)))


def _opened(node: Node, needs: frozenset[str]) -> Node:
    """Let `is null` say nothing where it is true of what is needed: silence is no answer, knowledge is one."""
    if not isinstance(node, Call):
        return node
    if node.op == "is null" and isinstance(node.args[0], Named) and node.args[0].name in needs:
        return Call(FactKind.BOOLEAN, "and", (node, Literal(FactKind.BOOLEAN, None)))
    return Call(node.kind, node.op, tuple(_opened(arg, needs) for arg in node.args))
