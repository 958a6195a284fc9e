"""Narrowing changes no verdict: of expressions on random rows, and of the law on the worlds of the cases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.law.asking import Asked, ask
from duecourse.law.casefile import Case
from duecourse.law.catalogue import FactKind
from duecourse.law.columns import ACT, EVENT
from duecourse.law.expression_known import Among
from duecourse.law.expressions import ExpressionError
from duecourse.law.narrowing import Given, narrowed
from duecourse.law.program import WORD
from tests import package
from tests.law.test_expressions_run import _texts
from tests.law.world import KINDS, read, rows

LAW = package.law()
ROWS = rows(40, seed=5)


@settings(max_examples=400, deadline=None)
@given(data=st.data(), kind=st.sampled_from([FactKind.BOOLEAN, FactKind.INTEGER, FactKind.DATE]))
def test_a_narrowed_expression_gives_the_same_on_every_row_that_agrees(data: st.DataObject, kind: FactKind) -> None:
    expression = read(data.draw(_texts(kind, 3)), kind)
    row = data.draw(st.sampled_from(ROWS))
    names = data.draw(st.sets(st.sampled_from(sorted(KINDS))))
    known: dict[str, Any] = {name: row[name] for name in names if KINDS[name] != FactKind.TEXTS or row[name] is None}
    for name in names - set(known):  # a list is known by what it holds at most
        known[name] = Among(frozenset(cast("tuple[str, ...]", row[name])) | {"something else"})
    try:
        expected = expression.evaluate(row)
    except ExpressionError:
        return  # it overflows: what is never looked at when narrowed need not
    assert expression.narrowed(known).evaluate(row) == expected


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("case when p then 1 else a end > 3 and b > 1", "null and b > 1"),  # one unknown fact makes a case unknown
        ("p and b > 1", "null and b > 1"),
        ("p or a > 2 or q", "null or q"),
        ("p is null and q", "q"),
        ("coalesce(a, b) > 2", "b > 2"),
        ("q and d > date '2026-01-01' and d < date '2025-01-01'", "false"),
        ("has(content, 'sms', 'call')", "has(content, 'sms')"),
        ("has(content, 'call') or q", "q"),
        ("has_all(content, 'sms', 'call')", "false"),
        ("channel in ('sms', 'call')", "channel in ('sms', 'call')"),
    ],
)
def test_what_is_left_of_an_expression(text: str, left: str) -> None:
    known = {"p": None, "a": None, "d": date(2026, 1, 1), "content": Among(frozenset({"sms"}))}
    assert read(text).narrowed(known).canonical == left


def _by_day(case: Case) -> Iterator[Case]:
    """Split the acts of a case by their day, on which rules and facts may depend."""
    acts = [trial for trial in case.tries if "act" in trial.values]
    for day in sorted({str(trial.values.get("sent_at") or trial.values.get("at"))[:10] for trial in acts}):
        of_day = [t for t in acts if str(t.values.get("sent_at") or t.values.get("at"))[:10] == day]
        yield replace(case, tries=tuple(of_day))


def _given(asked: Asked) -> Given | None:
    """Say all that is the same for the acts, or the events, of a world; None when their days differ."""
    acts = [asked.facts(row["act_no"]) for row in asked.worlds.acts]
    if len({act["day"] for act in acts}) != 1:
        return None
    known: dict[str, Any] = {}
    for name, kind in ACT.items():
        values = [act[name] for act in acts]
        if kind == FactKind.TEXTS and None not in values:
            known[name] = Among(frozenset(word for value in values for word in value))
        elif all(value == values[0] for value in values) and kind != FactKind.TEXTS:
            known[name] = values[0]
    del known["rulebooks"]
    for name in EVENT:
        plain = name.removeprefix("event.")
        values = [event.get(plain) for event in asked.worlds.events]
        if values and EVENT[name] != FactKind.TEXTS and all(value == values[0] for value in values):
            known[name] = values[0]
    return Given(known, frozenset(event["event"] for event in asked.worlds.events), acts[0]["day"])


def _refused(asked: Asked) -> dict[int, dict[str, tuple[bool, bool]]]:
    """Return the rules that refuse each act, each with whether for want of knowledge."""
    found: dict[int, dict[str, tuple[bool, bool]]] = {}
    for act_no, row in asked.verdicts.items():
        bits = {
            name: sum(row[f"{name}_{w}"] << w * WORD for w in range(len(row)) if f"{name}_{w}" in row)
            for name in ("refused", "unknown")
        }
        found[act_no] = {
            rule.id: (True, bool(bits["unknown"] >> place & 1))
            for place, rule in enumerate(asked.law.rules)
            if bits["refused"] >> place & 1
        }
    return found


@pytest.mark.parametrize("book", ["us", "cn", "gb", "eu", "in", "id", "ph", "ke"])
def test_the_law_narrowed_to_a_world_judges_it_as_before(book: str) -> None:
    cases = package.cases_of(book)
    tried = fewer = 0
    for case in cases[:: max(1, len(cases) // 60)]:
        for part in _by_day(case):
            law = LAW.of(part.rulebooks, acts={str(trial.values["act"]) for trial in part.tries})
            whole = ask([part], law)
            given = _given(whole)
            if given is None:
                continue
            less = ask([part], narrowed(law, given, law.rules))
            assert _refused(less) == _refused(whole), case.id
            tried += len(whole.worlds.acts)
            fewer += len(law.needed) - len(less.law.needed)
    assert tried > 20
    assert fewer > tried  # it does leave much out
