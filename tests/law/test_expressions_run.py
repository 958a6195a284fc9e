"""What expressions give: the engine against plain Python, and both against arithmetic done elsewhere."""

import math
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from itertools import product
from typing import Final

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.kernel.errors import DueCourseError
from duecourse.law.catalogue import FactKind
from duecourse.law.expressions import ExpressionError
from tests.law.test_expressions_read import _pairs
from tests.law.world import DAY, KINDS, TEXTS, TIMES, judged, read, rows, table, unbound

_ROWS: Final = rows(60, seed=11)
_NUMBERS: Final = st.integers(-9, 9)
_INTEGER, _DATE, _BOOLEAN, _TEXT = FactKind.INTEGER, FactKind.DATE, FactKind.BOOLEAN, FactKind.TEXT
_TEXTS: Final = FactKind.TEXTS


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _leaf(kind: FactKind) -> st.SearchStrategy[str]:
    facts = st.sampled_from([name for name, each in KINDS.items() if each == kind])
    literals = {
        _INTEGER: st.one_of(_NUMBERS.map(str), st.just("cap")),
        _DATE: st.integers(1, 28).map(lambda day: f"date '2026-02-{day:02}'"),
        _BOOLEAN: st.sampled_from(["true", "false"]),
        _TEXT: st.sampled_from(TEXTS).map(_quoted),
    }
    return facts if kind == _TEXTS else st.one_of(facts, facts, literals[kind])


@st.composite
def _texts(draw: st.DrawFn, kind: FactKind, depth: int) -> str:
    """Draw a well-typed text, every operand in brackets."""

    def sub(other: FactKind) -> str:
        return draw(_texts(other, depth - 1))

    def values(other: FactKind) -> str:
        return ", ".join(draw(st.lists(_leaf_literal(other), min_size=1, max_size=3)))

    if depth == 0 or kind == _TEXTS:
        return draw(_leaf(kind))
    shared = ["leaf", "case", "coalesce"]
    sorts = {
        _INTEGER: ["+", "-", "*", "neg", "div", "share", "extreme", "days", "weekday", "length"],
        _DATE: ["moved", "moved", "extreme", "months", "end"],
        _BOOLEAN: ["and", "or", "not", "compare", "compare", "same", "between", "in", "null", "has", "overlap"],
        _TEXT: [],
    }
    sort = draw(st.sampled_from(sorts[kind] + shared))
    ordered = draw(st.sampled_from([_INTEGER, _DATE]))
    if sort == "leaf":
        return draw(_leaf(kind))
    if sort == "case":
        whens = [f"when {sub(_BOOLEAN)} then {sub(kind)}" for _ in range(2)]
        return f"case {' '.join(whens)} else {sub(kind)} end"
    if sort == "coalesce":
        return f"coalesce({sub(kind)}, {sub(kind)})"
    if sort in {"+", "-", "*", "and", "or"}:
        return f"({sub(kind)}) {sort} ({sub(kind)})"
    if sort == "neg":
        return f"-({sub(kind)})"
    if sort == "div":
        by = draw(_NUMBERS.filter(bool))
        return f"div_{draw(st.sampled_from(['down', 'up', 'half_up', 'half_even']))}({sub(kind)}, {by})"
    if sort == "share":
        return f"share({sub(kind)}, {draw(st.integers(0, 2_000_000))})"
    if sort == "extreme":
        return f"{draw(st.sampled_from(['least', 'greatest']))}({sub(kind)}, {sub(kind)})"
    if sort == "days":
        return f"({sub(_DATE)}) - ({sub(_DATE)})"
    if sort == "moved":
        days = draw(_leaf(_INTEGER).filter(lambda text: not text.startswith("-")))
        return f"({sub(_DATE)}) {draw(st.sampled_from('+-'))} {days}"
    if sort == "months":
        return f"months_after({sub(_DATE)}, {draw(_leaf(_INTEGER))})"
    if sort == "end":
        return f"{draw(st.sampled_from(['month_end', 'year_end']))}({sub(_DATE)})"
    if sort in {"weekday", "length"}:
        return f"weekday_of({sub(_DATE)})" if sort == "weekday" else f"how_many({sub(_TEXTS)})"
    if sort == "has":
        return f"{draw(st.sampled_from(['has', 'has_all']))}({sub(_TEXTS)}, {sub(_TEXT)}, {values(_TEXT)})"
    if sort == "overlap":
        return f"overlap({sub(_TEXTS)}, {sub(_TEXTS)})"
    if sort == "not":
        return f"not ({sub(kind)})"
    if sort == "compare":
        return f"({sub(ordered)}) {draw(st.sampled_from(['=', '<>', '<', '<=', '>', '>=']))} ({sub(ordered)})"
    if sort == "same":
        other = draw(st.sampled_from([_BOOLEAN, _TEXT]))
        return f"({sub(other)}) {draw(st.sampled_from(['=', '!=']))} ({sub(other)})"
    if sort == "between":
        word = draw(st.sampled_from(["between", "not between"]))
        return f"({sub(ordered)}) {word} ({sub(ordered)}) and ({sub(ordered)})"
    if sort == "in":
        other = draw(st.sampled_from([_INTEGER, _DATE, _TEXT]))
        return f"({sub(other)}) {draw(st.sampled_from(['', 'not ']))}in ({values(other)})"
    other = draw(st.sampled_from(FactKind))
    return f"({sub(other)}) is {draw(st.sampled_from(['', 'not ']))}null"


def _leaf_literal(kind: FactKind) -> st.SearchStrategy[str]:
    return _leaf(kind).filter(lambda text: text not in KINDS)


_ANY: Final = st.sampled_from(FactKind).flatmap(lambda kind: st.tuples(st.just(kind), _texts(kind, 3)))


@pytest.fixture(scope="module")
def facts() -> ibis.expr.types.Table:
    return table(_ROWS)


@settings(max_examples=60 * TIMES)
@given(drawn=st.lists(_ANY, min_size=4, max_size=8))
def test_engine_gives_what_python_gives(facts: ibis.expr.types.Table, drawn: list[tuple[FactKind, str]]) -> None:
    expressions = [read(text, kind) for kind, text in drawn]
    for expression, found in zip(expressions, judged(facts, expressions), strict=True):
        assert found == [expression.evaluate(row) for row in _ROWS], expression.canonical


_NUMBER: Final = st.lists(
    st.tuples(st.sampled_from(["", "", "-"]), st.sampled_from(["a", "b", "calls_placed_last_7_days", "2", "3"])),
    min_size=1,
    max_size=3,
).flatmap(
    lambda terms: st.lists(st.sampled_from([" + ", " - ", " * "]), min_size=len(terms), max_size=len(terms)).map(
        lambda signs: "".join(
            (sign if index else "") + minus + term
            for index, ((minus, term), sign) in enumerate(zip(terms, signs, strict=True))
        )
    )
)
_SIMPLE: Final = st.one_of(
    st.sampled_from(["p", "q", "stage is null", "channel in ('sms', 'it''s')", "stage not in ('call')", "d - e > 3"]),
    st.tuples(_NUMBER, st.sampled_from(["=", "<>", "<", ">="]), _NUMBER).map(" ".join),
    st.tuples(_NUMBER, st.sampled_from(["between", "not between"]), _NUMBER, st.just("and"), _NUMBER).map(" ".join),
    st.tuples(_NUMBER, st.sampled_from(["is null", "is not null"])).map(" ".join),
)
_FLAT: Final = st.lists(
    st.tuples(st.sampled_from(["and", "or", "and not", "or not"]), _SIMPLE), min_size=2, max_size=5
).map(lambda parts: " ".join(f"{joint} {part}" for joint, part in parts).removeprefix("and ").removeprefix("or "))


@settings(max_examples=25 * TIMES)
@given(texts=st.lists(_FLAT, min_size=6, max_size=6))
def test_words_without_brackets_are_read_as_duckdb_reads_them(facts: ibis.expr.types.Table, texts: list[str]) -> None:
    engine = facts.get_backend().con
    found = engine.execute(f"select {', '.join(texts)} from facts").fetchall()
    for index, text in enumerate(texts):
        assert [read(text).evaluate(row) for row in _ROWS] == [row[index] for row in found], text


@settings(max_examples=150 * TIMES)
@given(drawn=_ANY)
def test_canonical_text_means_the_same(drawn: tuple[FactKind, str]) -> None:
    kind, text = drawn
    once = read(text, kind)
    again = read(once.canonical, kind)
    assert again.canonical == once.canonical
    assert [again.evaluate(row) for row in _ROWS] == [once.evaluate(row) for row in _ROWS]


@pytest.mark.parametrize(
    ("text", "row", "answer"),
    [
        # The three holes through which missing knowledge would permit.
        ("case when p then false else true end", {"p": None}, None),
        ("least(a, b) < 7", {"a": None, "b": 1}, None),
        ("greatest(a, b) > 7", {"a": None, "b": 9}, None),
        # Null-strict looks at every fact named, taken branch or not.
        ("case when p then true else q end", {"p": True, "q": None}, None),
        ("case when a is null then true else false end", {"a": None}, None),
        # A coalesce, with its reason, is known as soon as one operand is.
        ("least(coalesce(a, 3), b) = 3", {"a": None, "b": 4}, True),
        ("case when coalesce(a, b) > 1 then true else false end", {"a": None, "b": None}, None),
        # The rest is SQL.
        ("p and q", {"p": None, "q": False}, False),
        ("p and q", {"p": None, "q": True}, None),
        ("p or q", {"p": None, "q": True}, True),
        ("p or q", {"p": None, "q": False}, None),
        ("not p", {"p": None}, None),
        ("a in (1, 2)", {"a": None}, None),
        ("a not in (1, 2)", {"a": 3}, True),
        ("a between b and 5", {"a": 6, "b": None}, False),
        ("a between b and 5", {"a": 4, "b": None}, None),
        ("a = b", {"a": None, "b": None}, None),
        ("a is null or a < 7", {"a": None}, True),
        ("d - e = 28", {"d": date(2026, 2, 28), "e": date(2026, 1, 31)}, True),
        ("d + 1 = date '2024-02-29'", {"d": date(2024, 2, 28)}, True),
        ("d - 366 = date '2024-01-01'", {"d": date(2025, 1, 1)}, True),
        ("share(a, 120000) = 11", {"a": 99}, True),
    ],
)
def test_three_values(text: str, row: dict[str, object], answer: object) -> None:
    whole = {**dict.fromkeys(KINDS), **row}
    assert read(text).evaluate(row) is answer
    assert judged(table([whole]), [read(text)]) == [[answer]]


_EDGES: Final = [
    0, 1, -1, 2, -2, 3, -3, 5, -5, 7, -7, 10, -10, 999_999, 1_000_000, -1_000_001,
    2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 10**18 + 1, 2**62 + 1,
    2**63 - 2, 2**63 - 1, -(2**63), -(2**63) + 1,
]  # fmt: skip
_DIVISORS: Final = [
    1,
    -1,
    2,
    -2,
    3,
    -3,
    7,
    10,
    -10,
    1_000_000,
    2**53 + 1,
    2**62,
    -(2**62) - 1,
    2**63 - 1,
    -(2**63) + 1,
]


def _half_even(number: int, by: int) -> int:
    """Round by the decimal module: sixty digits tell a tie from its neighbours."""
    with localcontext() as context:
        context.prec = 60
        return int((Decimal(number) / Decimal(by)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


_EXPECTED: Final = {
    "div_down": lambda number, by: math.floor(Fraction(number, by)),
    "div_up": lambda number, by: math.ceil(Fraction(number, by)),
    "div_half_up": lambda number, by: math.floor(Fraction(number, by) + Fraction(1, 2)),
    "div_half_even": _half_even,
}


@pytest.mark.parametrize("name", _EXPECTED)
def test_division_is_exact_on_all_of_int64(name: str) -> None:
    expected = _EXPECTED[name]
    for by in _DIVISORS:
        numbers = [number for number in _EDGES if expected(number, by) < 2**63]
        expression = read(f"{name}(a, {by})", _INTEGER)
        answers = [expected(number, by) for number in numbers]
        assert [expression.evaluate({"a": number}) for number in numbers] == answers
        held = table([{**dict.fromkeys(KINDS), "a": number} for number in numbers])
        assert judged(held, [expression]) == [answers], by


def test_roundings_at_and_beside_the_half() -> None:
    answers = {
        "div_down(a, 2)": [-3, -2, -2, -1, -1, 0, 0, 1, 1, 2, 2],
        "div_up(a, 2)": [-2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3],
        "div_half_up(a, 2)": [-2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3],
        "div_half_even(a, 2)": [-2, -2, -2, -1, 0, 0, 0, 1, 2, 2, 2],
        "div_half_up(a, -2)": [3, 2, 2, 1, 1, 0, 0, -1, -1, -2, -2],
        "div_half_up(a, 4)": [-1, -1, -1, 0, 0, 0, 0, 1, 1, 1, 1],
    }
    held = table([{**dict.fromkeys(KINDS), "a": number} for number in range(-5, 6)])
    assert dict(zip(answers, judged(held, [read(text, _INTEGER) for text in answers]), strict=True)) == answers


def test_share_does_not_overflow_where_the_product_would() -> None:
    amounts = [0, 1, 8, 9, 999_999, 10**13, 2**53 + 1, 2**62, 2**63 - 1, -1, -(2**62)]
    shares = [0, 1, 120_000, 999_999, 1_000_000]
    held = table([{**dict.fromkeys(KINDS), "a": a, "b": s} for a, s in product(amounts, shares)])
    answers = [math.floor(Fraction(a * s, 1_000_000)) for a, s in product(amounts, shares)]
    expression = read("share(a, b)", _INTEGER)
    assert [expression.evaluate({"a": a, "b": s}) for a, s in product(amounts, shares)] == answers
    assert judged(held, [expression]) == [answers]


def test_literals_are_of_64_bits_and_narrow_columns_are_widened() -> None:
    assert judged(table(_ROWS[:1]), [read("100000 * 100000", _INTEGER)]) == [[10**10]]
    narrow = ibis.memtable({"a": [100_000]}, schema={"a": "int32"})
    value = read("a * a", _INTEGER).compile({"a": narrow["a"]})
    assert value.type().is_int64()
    found = ibis.duckdb.connect().to_pyarrow(narrow.select(value=value))
    assert found["value"].to_pylist() == [10**10]


@pytest.mark.parametrize("text", ["a * 2", "a + a", "-(-a - 1) + 1", "share(a, 1000001)"])
def test_overflow_is_an_error_and_never_a_value(text: str) -> None:
    row = {**dict.fromkeys(KINDS), "a": 2**63 - 1}
    with pytest.raises(ExpressionError, match="overflows"):
        read(text, _INTEGER).evaluate(row)
    with pytest.raises(Exception, match=r"(?i)overflow"):
        judged(table([row]), [read(text, _INTEGER)])


def test_definitions_that_ibis_puts_in_the_place_of_a_fact_keep_their_brackets() -> None:
    facts = table(_ROWS)
    defined = facts.mutate(p=~facts.q, q=facts.a.isin([1, 2, 3]))
    texts = [
        "p is null",
        "q is null",
        "p = q",
        "p <> q and not p",
        "not p is null",
        "case when p then q else p end",
    ]
    found = defined.select(
        **{f"v{index}": read(text).compile({"p": defined["p"], "q": defined["q"]}) for index, text in enumerate(texts)}
    ).to_pyarrow()
    for index, text in enumerate(texts):
        answers = [
            read(text).evaluate(
                {
                    "p": None if row["q"] is None else not row["q"],
                    "q": None if row["a"] is None else row["a"] in {1, 2, 3},
                }
            )
            for row in _ROWS
        ]
        assert found[f"v{index}"].to_pylist() == answers, text


def test_day_out_of_reach() -> None:
    with pytest.raises(ExpressionError, match="overflows"):
        read("d + a", _DATE).evaluate({"d": DAY, "a": 2**40})


def test_a_fact_without_value_or_column() -> None:
    with pytest.raises(ExpressionError, match=r"us\.yaml:12:11: permit: the fact 'b' has no value"):
        read("a < b").evaluate({"a": 1})
    with pytest.raises(ExpressionError, match="the fact 'b' has no column"):
        read("a < b").compile({"a": unbound()["a"]})
    with pytest.raises(ExpressionError, match="the fact 'a' is declared integer, but its column is string"):
        read("a < 1").compile({"a": unbound()["channel"]})


@pytest.mark.parametrize("engine", ["postgres", "pyspark", "duckdb"])
def test_sql_of_every_engine_is_free_of_doubles(engine: str) -> None:
    texts = [text for text, answer in _pairs() if answer.startswith("=")]
    facts = unbound()
    columns = {name: facts[name] for name in KINDS}
    values = {f"v{index}": read(text).compile(columns) for index, text in enumerate(texts)}
    sql = str(ibis.to_sql(facts.select(**values), dialect=engine)).upper()
    for word in (" / ", "DOUBLE", "FLOAT", "FLOOR(", "ROUND(", "<<", "INTERVAL", "TIMESTAMP"):
        assert word not in sql
    division = {"postgres": "INT8DIV(", "pyspark": " DIV ", "duckdb": "DIVIDE("}[engine]
    assert division in sql
    days = {"postgres": ") - (", "pyspark": "DATEDIFF(", "duckdb": "DATE_DIFF("}[engine]
    assert days in " ".join(sql.split()).replace("( ", "(").replace(" )", ")")


def test_another_engine_is_refused_in_words() -> None:
    facts = unbound()
    value = read("div_down(a, 2)", _INTEGER).compile({"a": facts["a"]})
    with pytest.raises(DueCourseError, match="cannot run expressions"):
        ibis.to_sql(facts.select(value=value), dialect="sqlite")
