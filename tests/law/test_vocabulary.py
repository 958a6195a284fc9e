"""The vocabulary of worlds: whole, consistent in itself, and refused where it is not."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from duecourse.kernel.errors import DueCourseError
from duecourse.law.casefile import Case, read_cases
from duecourse.law.vocabulary import FILE, VOCABULARY, BareDay, Column, Kind, load

_SHELF = os.environ.get("DUECOURSE_SHELF")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_FRAME = {"expect", "rule", "origin"}  # of a try; read, but no part of the world
_ROWS = {"collector", "borrower", "number", "email", "person", "firm", "loan", "event", "act"}


def _columns() -> Iterator[tuple[str, str, Column]]:
    for table, columns in VOCABULARY.tables.items():
        yield from ((table, key, column) for key, column in columns.items())
    yield from (("parts", name, column) for name, column in VOCABULARY.parts.items())


def test_every_section_is_there() -> None:
    assert set(VOCABULARY.tables) == _ROWS
    assert {"channel", "event", "act", "ask", "content", "role", "verdict", "origin"} <= set(VOCABULARY.enumerations)
    assert {name: len(words) for name, words in VOCABULARY.enumerations.items()} == {
        "origin": 4, "reading": 1, "verdict": 4, "role": 5, "lender_type": 7, "relation": 15, "channel": 10,
        "direction": 2, "outcome": 16, "mode": 4, "purpose": 11, "place": 3, "form": 4, "content": 81, "event": 102,
        "act": 19, "ask": 40,
    }  # fmt: skip


def test_every_word_is_plain_and_says_what_it_means() -> None:
    for words in VOCABULARY.enumerations.values():
        for word, says in words.items():
            assert _WORD.fullmatch(word)
            assert says.strip()
    for _table, key, column in _columns():
        assert _WORD.fullmatch(key)
        assert column.says.strip()


def test_every_reference_of_a_column_is_known() -> None:
    sorts = {"borrower", "own", "loan", "person", "firm"}
    for _table, key, column in _columns():
        assert set(column.refers) <= sorts
        if column.kind in {Kind.WORD, Kind.WORDS}:
            assert column.of in VOCABULARY.enumerations, key
        if column.kind is not Kind.PARTS:
            assert column.each is None, key
            assert not column.open, key


def test_what_silence_means_is_a_word_that_may_be_said() -> None:
    said = {(table, key): column.otherwise for table, key, column in _columns() if column.otherwise is not None}
    assert said == {
        ("collector", "id"): "C1",
        ("collector", "name_used"): "own",
        ("event", "by"): "own",
        ("event", "mode"): "live",
        ("event", "recorded"): True,
        ("event", "identified"): True,
        ("event", "identity_checked"): True,
        ("event", "device"): "firm",
        ("event", "payee"): "lender_designated",
        ("act", "direction"): "out",
        ("act", "with"): "borrower",
        ("act", "by"): "own",
        ("act", "mode"): "live",
        ("act", "purpose"): "collection",
        ("act", "recorded"): True,
        ("act", "identified"): True,
        ("act", "identity_checked"): True,
        ("act", "device"): "firm",
        ("act", "payee"): "lender_designated",
    }
    for (table, key), value in said.items():
        column = VOCABULARY.tables[table][key]
        if column.kind is Kind.WORD:
            assert value in VOCABULARY.enumerations[str(column.of)]
        else:
            assert isinstance(value, bool) == (column.kind is Kind.BOOLEAN)


def test_a_key_that_two_tables_share_is_of_one_kind_in_both() -> None:
    different = {
        key
        for key, column in VOCABULARY.tables["act"].items()
        if key in VOCABULARY.tables["event"] and VOCABULARY.tables["event"][key].kind is not column.kind
    }
    assert different == set()


def test_questions_and_their_enumeration_are_one() -> None:
    assert VOCABULARY.enumerations["ask"] == {name: ask.says for name, ask in VOCABULARY.asks.items()}
    answers = {Kind.DAY, Kind.MONEY, Kind.PERCENT, Kind.BOOLEAN, Kind.TEXT, Kind.PARTS}
    assert {ask.answer for ask in VOCABULARY.asks.values()} == answers
    assert all(bool(ask.seen) == (ask.answer is Kind.TEXT) for ask in VOCABULARY.asks.values())


def test_only_an_end_is_the_last_second_of_a_bare_day() -> None:
    assert [key for _table, key, column in _columns() if column.bare_day is BareDay.END] == ["until"]


def test_nothing_of_it_can_be_changed() -> None:
    with pytest.raises(TypeError):
        VOCABULARY.tables["act"]["at"] = VOCABULARY.tables["act"]["ask"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        (
            "age: {kind: integer, says: years}",
            "age: {kind: intger, says: years}",
            "unknown kind 'intger'; did you mean",
        ),
        ("age: {kind: integer, says: years}", "age: {kind: integer, say: years}", "unknown attribute 'say'"),
        ("relation: {kind: word, of: relation,", "relation: {kind: word, of: relations,", "'relation' has no `of`"),
        ("emails: {kind: parts, of: email,", "emails: {kind: parts, of: mail,", "'emails' has no `of`"),
        ("apr: {answer: percent,", "apr: {answer: percents,", "unknown kind 'percents'; did you mean 'percent'?"),
        ("instalments_due: {kind: parts, each: day,", "instalments_due: {kind: parts, each: dy,", "unknown kind 'dy'"),
    ],
)
def test_a_loose_end_is_refused_with_its_line(tmp_path: Path, old: str, new: str, part: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / "v.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    with pytest.raises(DueCourseError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert part in str(caught.value)


# --- against the worked cases --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cases() -> tuple[Case, ...]:
    if _SHELF is None:
        pytest.skip("DUECOURSE_SHELF is not set: no worked cases")
    folder = Path(_SHELF) / "law" / "cases"
    return tuple(case for name in ("us", "cn", "world") for case in read_cases(folder / f"{name}.yaml"))


def test_every_value_that_cases_use_is_listed_where_texts_are_open(cases: tuple[Case, ...]) -> None:
    unlisted = set()
    for case in cases:
        for table, rows in (("event", case.history), ("act", tuple(each.values for each in case.tries))):
            for row in rows:
                for key, value in row.items():
                    column = VOCABULARY.tables[table][key]
                    if column.seen and key != "to":  # a firm or person may stand there too
                        unlisted |= {(table, key, one) for one in _each(value) if one not in column.seen}
    assert unlisted == set()


def _each(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def test_words_that_the_files_declare_are_all_known(cases: tuple[Case, ...]) -> None:
    tables = {"collector_key": "collector", "borrower_key": "borrower", "person_key": "person", "loan_key": "loan"}
    tables |= {"event_key": "event", "try_key": "act", "key": "event"}
    inside = {*VOCABULARY.parts, *VOCABULARY.tables["number"], *VOCABULARY.tables["email"], "A", "B", "C", "D"}
    unknown = set()
    for path in sorted({case.file for case in cases}):
        for kind, words in re.findall(
            r"^# \+ ([a-z_]+): (.+?)(?: - .*)?$", Path(path).read_text("utf-8"), re.MULTILINE
        ):
            if kind == "sub_key":
                known: set[str] = inside
            elif kind == "case_key":
                known = set(VOCABULARY.case)
            elif kind in tables:
                known = {*VOCABULARY.tables[tables[kind]], *_FRAME}
            else:
                known = set(VOCABULARY.enumerations[kind])
            unknown |= {(kind, word) for word in words.split(", ") if word not in known}
    assert unknown == set()
