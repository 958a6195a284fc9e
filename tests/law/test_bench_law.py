"""The bench of the law compares equal answers: every judge says the same of every row, or nothing is timed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
import zen

from bench.law import cases_of, measure, measure_worlds, refuse_differences, shares, table
from bench.law_facts import Facts, facts
from bench.law_judges import Judge, Ours, judges, python
from bench.law_words import FIRST_DAY, PYTHON, ZEN, CannotSay, Masks, python_judge, said, sayable, says
from duecourse.law.catalogue import FactKind
from duecourse.law.rulebook import Law, load
from tests.law.world import KINDS, read, rows

ROWS = 200
SAYABLE = (
    "p",
    "not p",
    "p and not q",
    "p or q or a < 0",
    "not (p and (q or a = 3))",
    "a <> b",
    "a + b * 2 >= 4 - b",
    "a between b and 5",
    "a not between 1 and b",
    "a in (1, 2, 3)",
    "stage not in ('call', 'sms')",
    "stage = 'call' or stage <> channel",
    "d < date '2026-02-01'",
    "d >= e + 7 or d - 3 = e",
    "d - e > 3",
    "a is null",
    "(a + b) is not null",
    "has(content, 'sms', 'call')",
    "not has(content, 'sms')",
    "has_all(content, 'sms', 'call')",
    "not has_all(content, 'sms', 'call')",
    "coalesce(p, false)",
    "not coalesce(p, true)",
    "coalesce(has(content, 'sms'), true) and p",
)
NOT_SAYABLE = (
    "case when p then q else p end",
    "least(a, b) < 7",
    "coalesce(p, q)",
    "(p and q) is null",
    "overlap(content, content)",
    "stage = 'it''s'",
)


def numbered(row: Mapping[str, object]) -> dict[str, object]:
    """Count days as both tongues do."""
    return {name: (value - FIRST_DAY).days if isinstance(value, date) else value for name, value in row.items()}


@pytest.mark.parametrize("text", SAYABLE)
def test_a_condition_in_other_words_is_true_and_false_on_the_same_rows(text: str) -> None:
    expression = read(text)
    truth, falsehood = (compile(says(expression.node, PYTHON, wanted), text, "eval") for wanted in (True, False))
    in_zen = [zen.compile_expression(says(expression.node, ZEN, wanted)) for wanted in (True, False)]
    met = set()
    for row in rows(ROWS, 5):
        value = expression.evaluate(row)
        wanted = (value is True, value is False)
        plain = numbered(row)
        assert (eval(truth, None, plain), eval(falsehood, None, plain)) == wanted, row  # noqa: S307
        given = {name: each for name, each in plain.items() if each is not None and "." not in name}
        assert tuple(each.evaluate(given) for each in in_zen) == wanted, row
        met.add(value)
    assert {True, False} <= met


@pytest.mark.parametrize("text", NOT_SAYABLE)
def test_what_cannot_be_said_is_refused(text: str) -> None:
    with pytest.raises(CannotSay):
        says(read(text).node, ZEN, wanted=True)


def test_every_kind_of_fact_is_met() -> None:
    named = {kind for text in SAYABLE for name, kind in KINDS.items() if name in read(text).facts}
    assert named == set(FactKind)


@cache
def law() -> Law:
    whole = load(only=["us"]).of(["us"], acts=["contact"])
    return replace(whole, rules=tuple(rule for rule in whole.rules if sayable(rule)))


@cache
def given() -> Facts:
    return facts(law(), ROWS, 3)


@cache
def ours() -> Ours:
    return Ours(law(), given(), 1)


def test_all_judges_say_the_same_of_every_row() -> None:
    answers = refuse_differences(law(), given(), ours(), judges(law(), given()))
    assert len(answers) == ROWS
    assert all(0.05 < share < 0.95 for share in shares(law(), answers).values())


def test_the_table_brings_out_every_outcome_of_nearly_every_rule() -> None:
    answers = Ours(law(), facts(law(), 20 * ROWS, 3), 1).masks()
    every = {(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1)}
    outcomes = [
        {tuple(mask >> place & 1 for mask in answer) for answer in answers} for place in range(len(law().rules))
    ]
    assert all(found <= every for found in outcomes)
    assert sum(found == every for found in outcomes) >= 0.9 * len(outcomes)


def test_a_judge_who_differs_stops_the_bench() -> None:
    honest = python(law(), given())

    def lie(answers: list[Masks]) -> list[Masks]:
        asked, refused, unknown = answers[7]
        return [*answers[:7], (asked, refused ^ 4, unknown), *answers[8:]]

    liar = Judge("liar", honest.rows, honest.judge, lie)
    with pytest.raises(SystemExit, match=rf"liar and the law differ on row 7 in {law().rules[2].id}: not timed"):
        refuse_differences(law(), given(), ours(), [honest, liar])
    lazy = Judge("lazy", honest.rows, honest.judge, lambda answers: answers[:-1])
    with pytest.raises(SystemExit, match=f"lazy answered {ROWS - 1} of {ROWS} rows"):
        refuse_differences(law(), given(), ours(), [lazy])


def test_the_same_seed_gives_the_same_table_a_fifth_of_it_unknown() -> None:
    again, other = facts(law(), ROWS, 3), facts(law(), ROWS, 4)
    assert given().table.equals(again.table)
    assert not given().table.equals(other.table)
    drawn = [name for name in given().kinds if name != "act"]
    unknown = sum(given().table.column(name).null_count for name in drawn)
    assert 0.18 < unknown / (ROWS * len(drawn)) < 0.22


def test_a_version_that_ended_is_said_with_its_last_day() -> None:
    rule = law().rules[0]
    ended = replace(rule, record=rule.record.model_copy(update={"to": date(2025, 1, 1)}))
    words = said(ended, PYTHON)
    assert "day < 20089" in words.asked
    judge, text = python_judge([ended], sorted(given().kinds))
    assert f"# {rule.id}" in text
    row = dict.fromkeys(given().kinds) | {"act": "contact"}
    assert [judge(row | {"day": day}) for day in (20088, 20089, None)] == [(1, 1, 1), (0, 0, 0), (0, 0, 0)]


def test_the_figures_name_every_judge_and_its_rows() -> None:
    rates = measure(given(), {"duckdb_one_thread": ours()}, judges(law(), given()), 2)
    assert all(len(each) == 2 for each in rates.found.values())
    assert set(rates.rows.values()) == {ROWS}
    assert set(rates.found) == {
        "duckdb_one_thread", "python", "python_from_the_table", "zen_expression", "zen_table", "evaluate",
    }  # fmt: skip


def test_whole_worlds_are_the_worked_cases_again_and_again() -> None:
    own = cases_of("us", 5_000)
    assert len(own) == 5_000
    assert own[0] in own[1:]
    assert all(case.rulebooks == ("us",) for case in own)
    found = measure_worlds(20, 1)
    assert found["worlds"] == 20
    assert found["worlds_per_second"]["median"] > 0
    assert found["tries"] >= 20


def test_the_table_for_people_has_a_line_for_each_judge() -> None:
    figure = {"rows": 2, "median": 3, "min": 2, "max": 4, "runs": [2, 3, 4]}
    found = {
        "rows": 2, "facts": 1, "equal_rows": 2, "rules": 1, "rules_of_the_book": 1, "book": "us", "act": "contact",
        "decisions_per_second": {"python": figure}, "zen_best": "zen_table", "ratio_to_zen": 2.0,
        "ratio_to_python": 0.5,
        "whole_worlds": {"worlds": 1, "tries": 1, "seconds": figure, "worlds_per_second": figure},
    }  # fmt: skip
    assert "python                                     3           2           4" in table(found).splitlines()
