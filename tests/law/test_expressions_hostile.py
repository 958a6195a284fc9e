"""Hostile texts: whatever comes in, it is read or refused with one line, soon, and without a crash."""

import sys
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from duecourse.law.catalogue import FUNCTIONS, RESERVED, FactKind
from duecourse.law.expressions import ExpressionError
from tests.law.world import KINDS, TIMES, judged, read, rows, table

_WORDS = [
    *KINDS, *sorted(RESERVED), *FUNCTIONS, "cap", "select", "cast", "interval", "over", "like", "x", "1", "0",
    "2147483648", "9223372036854775808", "1.5", "1e9", "'t'", "''", "'2026-01-31'", '"a"', "(", ")", ",", "=",
    "<>", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", ".", ";", "--", "/*", "*/", "::", "||", "{{",
    "[", "]", "?", ":", "$1", "@", "\n",
]  # fmt: skip


def _told(text: str) -> None:
    """Read the text; the only refusal allowed is the language's own, in one line that names the place."""
    began = time.perf_counter()
    for kind in (FactKind.BOOLEAN, FactKind.INTEGER):
        try:
            told = read(text, kind)
        except ExpressionError as error:
            line = str(error)
            assert line.startswith("us.yaml:")
            assert len(line.splitlines()) == 1
        else:
            assert read(told.canonical, kind).canonical == told.canonical
            told.evaluate(dict.fromkeys(KINDS))
    assert time.perf_counter() - began < 5


@settings(max_examples=300 * TIMES)
@given(st.text(max_size=60))
@example("\x00")
@example("'\ud800'")
@example("a\u00a0= 1")
@example("'a\nb' = stage")
@example("\u0661 = a")
@example("-- ")
def test_any_text(text: str) -> None:
    _told(text)


@settings(max_examples=600 * TIMES)
@given(st.lists(st.sampled_from(_WORDS), max_size=14), st.sampled_from([" ", "", "  "]))
def test_any_order_of_words(words: list[str], joint: str) -> None:
    _told(joint.join(words))


_REPEATED: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "(" * n + "a" + ")" * n,
    "open": lambda n: "(" * n,
    "closed": lambda n: ")" * n,
    "functions": lambda n: "least(" * n + "a" + ", 1)" * n,
    "divisions": lambda n: "div_half_even(" * n + "a" + ", 2)" * n,
    "shares": lambda n: "share(" * n + "a" + ", 2)" * n,
    "cases": lambda n: "case when p then " * n + "1" + " else 2 end" * n,
    "conditions": lambda n: "case when " * n + "p" + " then q else p end" * n,
    "nots": lambda n: "not " * n + "p",
    "nots and brackets": lambda n: "not (" * n + "p" + ")" * n,
    "minus": lambda n: "- " * n + "a",
    "sums": lambda n: "a" + " + a" * n,
    "comparisons": lambda n: "a" + " = a" * n,
    "nulls": lambda n: "a" + " is null" * n,
    "ands": lambda n: "p" + " and p" * n,
    "ors in ands": lambda n: "(p or q)" + " and (p or q)" * n,
    "nested ors": lambda n: "(p and (q or " * n + "p" + "))" * n,
    "ins": lambda n: "a in (" + ",".join(["1"] * (n + 1)) + ")",
    "betweens": lambda n: "a" + " between a and a" * n,
    "digits": lambda n: "9" * n,
    "quotes": lambda n: "'" * n,
    "blanks": lambda n: " " * n + "p",
    "words": lambda n: "a " * n,
    "commas": lambda n: "least(a" + "," * n + ")",
}


@pytest.mark.parametrize("shape", _REPEATED)
@pytest.mark.parametrize("count", [10, 50, 51, 400, 3_900, 100_000])
def test_repetition(shape: str, count: int) -> None:
    limit = sys.getrecursionlimit()
    _told(_REPEATED[shape](count))
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize(
    ("shape", "count", "kind"),
    [
        ("brackets", 50, FactKind.INTEGER),
        ("functions", 50, FactKind.INTEGER),
        ("cases", 50, FactKind.INTEGER),
        ("conditions", 50, FactKind.BOOLEAN),
        ("nots", 50, FactKind.BOOLEAN),
        ("minus", 50, FactKind.INTEGER),
        ("sums", 50, FactKind.INTEGER),
        ("nested ors", 25, FactKind.BOOLEAN),
        ("ands", 600, FactKind.BOOLEAN),
        ("ors in ands", 250, FactKind.BOOLEAN),
        ("divisions", 3, FactKind.INTEGER),
        ("shares", 4, FactKind.INTEGER),
    ],
)
def test_what_is_within_the_bounds_also_runs(shape: str, count: int, kind: FactKind) -> None:
    facts = rows(5, seed=3)
    expression = read(_REPEATED[shape](count), kind)
    assert judged(table(facts), [expression]) == [[expression.evaluate(row) for row in facts]]


@pytest.mark.parametrize(("shape", "count"), [("brackets", 51), ("functions", 51), ("nots", 51), ("sums", 51)])
def test_one_level_more_is_refused(shape: str, count: int) -> None:
    with pytest.raises(ExpressionError, match="nested deeper than 50 levels"):
        read(_REPEATED[shape](count), FactKind.INTEGER)


def test_length_and_weight() -> None:
    assert read("p" + " " * 3_999).facts == {"p"}
    with pytest.raises(ExpressionError, match="4001 characters are more"):
        read("p" + " " * 4_000)
    with pytest.raises(ExpressionError, match="too large once compiled"):
        read(_REPEATED["divisions"](6), FactKind.INTEGER)
