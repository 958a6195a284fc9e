"""What the language reads, and how it refuses the rest: pairs of text and answer in expressions.txt."""

from pathlib import Path
from typing import Final

import pytest

from duecourse.kernel.errors import DueCourseError
from duecourse.law.catalogue import FactKind
from duecourse.law.expressions import ExpressionError, Place, parse
from tests.law.world import KINDS, PARAMETERS, PLACE, read

_FILE: Final = Path(__file__).with_name("expressions.txt")


def _pairs() -> list[tuple[str, str]]:
    """Read the file: a text of one line or more, then a line that begins with = (canonical) or ! (error)."""
    pairs: list[tuple[str, str]] = []
    text: list[str] = []
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if line.startswith(("    = ", "    ! ")):
            pairs.append(("\n".join(text), line[4:]))
            text = []
        elif line or text:
            text.append(line)
    assert not text
    return pairs


@pytest.mark.parametrize(("text", "answer"), _pairs())
def test_pairs(text: str, answer: str) -> None:
    try:
        found = "= " + read(text).canonical
    except ExpressionError as error:
        found = f"! {error}"
    assert found == answer.replace("! @", "! us.yaml:")


@pytest.mark.parametrize("text", [text for text, answer in _pairs() if answer.startswith("=")])
def test_canonical_text_reads_as_the_same(text: str) -> None:
    once = read(text)
    again = read(once.canonical)
    assert again.canonical == once.canonical
    assert again.facts == once.facts


def test_pairs_are_many() -> None:
    answers = [answer[0] for _, answer in _pairs()]
    assert answers.count("=") >= 30
    assert answers.count("!") >= 80


def test_place_is_that_of_the_word() -> None:
    with pytest.raises(ExpressionError) as caught:
        read("p and\n  q and\n  calls_placed < 7", place=Place("s.yaml", 3, 5, "entry"))
    assert caught.value.place == Place("s.yaml", 5, 7, "entry")
    assert str(caught.value).startswith("s.yaml:5:7: entry: unknown fact 'calls_placed'")
    assert "\n" not in str(caught.value)


def test_a_key_may_be_absent() -> None:
    with pytest.raises(DueCourseError, match=r"^f:1:1: unknown fact 'x'"):
        parse("x", KINDS, Place("f", 1), expects=FactKind.BOOLEAN)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a + 1", FactKind.INTEGER),
        ("d + 1", FactKind.DATE),
        ("case when p then 'sms' else channel end", FactKind.TEXT),
        ("case when p then q else false end", FactKind.BOOLEAN),
        ("least(d, e)", FactKind.DATE),
        ("d - e", FactKind.INTEGER),
        ("cap", FactKind.INTEGER),
        ("coalesce(channel, 'none')", FactKind.TEXT),
    ],
)
def test_kinds(text: str, kind: FactKind) -> None:
    assert read(text, kind).kind == kind
    for other in FactKind:
        if other != kind:
            with pytest.raises(ExpressionError, match="is needed here"):
                read(text, other)


def test_facts_leave_parameters_out() -> None:
    assert read("a < cap and (p or a > 1)").facts == {"a", "p"}


def test_parameter_shows_its_name_in_parts_and_its_value_in_the_canonical_text() -> None:
    whole = read("a<cap  and p")
    assert whole.canonical == "a < 5 and p"
    assert [part.text for part in whole.parts()] == ["a < cap", "p"]
    assert [part.canonical for part in whole.parts()] == ["a < 5", "p"]


def test_parts() -> None:
    assert [part.text for part in read("p and (a=1 or q) and (not q and p)").parts()] == [
        "p", "a = 1 or q", "not q", "p",
    ]  # fmt: skip
    assert [part.text for part in read("p and q or a = 1").parts()] == ["p and q", "a = 1"]
    assert [part.text for part in read(" a=1 ").parts()] == [" a=1 "]
    assert read("p and a = 1").parts()[1].facts == {"a"}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("a", 1, "has the name of a fact"),
        ("Cap", 1, "a name is a small letter"),
        ("least", 1, "uses this word"),
        ("date", 1, "uses this word"),
        ("cap", 2**63, "whole number of 64 bits"),
        ("cap", True, "whole number of 64 bits"),
    ],
)
def test_parameters_refused(name: str, value: int, message: str) -> None:
    with pytest.raises(DueCourseError, match=message):
        parse("p", KINDS, PLACE, expects=FactKind.BOOLEAN, parameters={name: value})


def test_coalesce_needs_a_reason() -> None:
    for reason in (None, "", "  "):
        with pytest.raises(ExpressionError, match="declare why"):
            parse("coalesce(a, 0) < 7", KINDS, PLACE, expects=FactKind.BOOLEAN, coalesce_because=reason)
    because = "the bureau sends only those that called"
    told = parse("coalesce(a, 0) < 7", KINDS, PLACE, expects=FactKind.BOOLEAN, coalesce_because=because)
    assert told.evaluate({"a": None}) is True


@pytest.mark.parametrize("word", sorted(KINDS) + sorted(PARAMETERS))
def test_any_name_can_be_a_fact_even_a_keyword_of_an_engine(word: str) -> None:
    kinds = {
        **KINDS,
        **dict.fromkeys(("order", "group", "limit", "user", "interval", "any", "div"), FactKind.INTEGER),
    }
    for name in (word, "order", "group", "limit", "user", "interval", "any", "div"):
        shown = parse(f"{name} is null", kinds, PLACE, expects=FactKind.BOOLEAN, parameters=PARAMETERS)
        assert shown.canonical in {f"{name} is null", "5 is null"}
