"""A house rulebook may only tighten: what would loosen a rule of law is found before it is ever used.

A house rule is on top of the law, so it cannot permit what the law refuses. But who writes `calls < 10` where the law
says seven believes that ten are allowed; that is refused here, by trying both conditions on values around every
number that they name. And a house rulebook answers no questions: its answer would stand before the law's.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice, product
from pathlib import Path
from typing import Final

from duecourse.kernel.errors import DueCourseError
from duecourse.law.catalogue import FactKind
from duecourse.law.columns import ACT
from duecourse.law.expression_tree import Literal, nodes
from duecourse.law.expressions import Expression
from duecourse.law.rulebook import Law, Rule, load

_TRIALS_MAX: Final = 20_000  # combinations of values tried for a pair of rules
Value = bool | int | str | date | tuple[str, ...] | None


def with_house(path: Path, *, beside: Path | None = None) -> Law:
    """Read every rulebook, those of the folder `beside`, and a house's own; DueCourseError if it loosens the law."""
    law = load([path], beside=beside)
    found = loosened(law)
    if found:
        raise DueCourseError(found[0])
    return law


def loosened(law: Law) -> list[str]:
    """Return a line for each house rule that would loosen the law: where, which rule, and with which values."""
    found = []
    for own in (rule for rule in law.rules if rule.book == "house"):
        where = f"{own.place.file}:{own.place.line}: {own.id}"
        if own.permit is None:
            found.append(f"{where}: a house rulebook only permits or refuses; amounts and dates are the law's to give")
            continue
        for rule in law.rules:
            example = _loosens(law, own, rule) if rule.book != "house" else None
            if example is not None:
                found.append(
                    f"{where}: would loosen {rule.id} ({law.cite(rule)}): it permits {example}; make it stricter"
                )
    return found


def _loosens(law: Law, own: Rule, rule: Rule) -> str | None:
    """Return values that the house rule permits and the rule of law refuses, where both judge the same facts."""
    if own.permit is None or rule.permit is None or not set(own.record.acts) & set(rule.record.acts):
        return None
    shared = {name for name in own.permit.facts & rule.permit.facts if name not in ACT}
    if not shared or own.permit.facts != rule.permit.facts:
        return None
    for values in islice(_around(law, (own.permit, rule.permit)), _TRIALS_MAX):
        if own.permit.evaluate(values) is True and rule.permit.evaluate(values) is False:
            return ", ".join(f"{name} = {value}" for name, value in sorted(values.items()))
    return None


def _around(law: Law, pair: Sequence[Expression]) -> Iterator[Mapping[str, Value]]:
    """Go through values around every literal of the two conditions, in all combinations."""
    literals = [node.value for each in pair for node in nodes(each.node) if isinstance(node, Literal)]
    names = sorted(frozenset[str]().union(*(each.facts for each in pair)))
    choices = [_choices(_kind(law, name), literals) for name in names]
    for combination in product(*choices):
        yield dict(zip(names, combination, strict=True))


def _kind(law: Law, name: str) -> FactKind:
    return ACT[name] if name in ACT else law.facts[name].kind


def _choices(kind: FactKind, literals: Sequence[object]) -> Sequence[Value]:
    if kind is FactKind.BOOLEAN:
        return [False, True]
    if kind is FactKind.TEXT:
        return [*dict.fromkeys(value for value in literals if isinstance(value, str)), "another"]
    if kind is FactKind.TEXTS:
        return [(), *((value,) for value in dict.fromkeys(literals) if isinstance(value, str))]
    whole = [value for value in literals if isinstance(value, int) and not isinstance(value, bool)]
    if kind is FactKind.INTEGER:
        return sorted({number + step for number in (*whole, 0) for step in (-1, 0, 1)})
    days = [value for value in literals if isinstance(value, date)] or [date(2026, 1, 1)]
    steps = sorted({step for number in (*whole, 0) for step in (number - 1, number, number + 1)})
    return sorted({day + timedelta(days=step) for day in days for step in steps})
