"""Metro 2 written and read back: positions by hand, and whatever is written says the same again."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.endings.furnish import layout
from duecourse.endings.furnish.files import Row, account, as_csv, as_json, metro2
from duecourse.endings.furnish.identity import Identity
from duecourse.endings.furnish.layout import BASE, HEADER, SEGMENTS, TRAILER, Record
from duecourse.endings.furnish.metro2_read import read
from duecourse.endings.furnish.metro2_write import Account, plain, written
from duecourse.endings.furnish.position import Line
from duecourse.kernel.errors import DueCourseError
from tests.endings.furnish.cases import SETTINGS

LINE = Line(
    "L2", "US", "USD", "78", 123_456, 23_499, 65, 1_200_000, date(2026, 1, 5), date(2026, 9, 16), None, None,
    date(2026, 11, 20), "10" + "0" * 7 + "B" * 15, is_owner=True, owner_id=None, months=11, scheduled=10_200,
)  # fmt: skip
WHO = Identity("B2", "John Q Public", date(1985, 5, 5), ("7 Oak Avenue", "San Diego, CA 92101-0001"))


@pytest.mark.parametrize("record", [HEADER, BASE, TRAILER, *SEGMENTS.values()], ids=lambda one: one.name)
def test_no_field_of_a_record_stands_on_another_and_all_fit(record: Record) -> None:
    last = 0
    for field in record.fields:
        assert field.start > last
        last = field.start + field.length - 1
    assert last <= record.length


def test_lengths_are_those_of_the_character_format() -> None:
    lengths = {record.name: record.length for record in (HEADER, BASE, TRAILER, *SEGMENTS.values())}
    assert lengths == {"HEADER": 426, "BASE": 426, "TRAILER": 426, "J1": 100, "J2": 200, "K1": 34, "K2": 34, "L1": 54}


def test_every_field_stands_where_the_public_layout_has_it() -> None:
    """The balance is bytes 155 to 163, the status 124 and 125: whole dollars, 1,234.56 is 1234."""
    base = metro2([Row(LINE, WHO)], SETTINGS).splitlines()[1]
    assert len(base) == 426
    assert (base[0:4], base[42:44], base[72], base[73:75]) == ("0426", "L2", "I", "01")
    assert (base[123:125], base[154:163], base[163:172]) == ("78", "000001234", "000000234")
    assert (base[75:83], base[181:189], base[189:197]) == ("01052026", "11202026", "09162026")
    assert base[126:150] == LINE.history
    assert (base[231:241], base[256:260], base[276]) == ("PUBLIC    ", "JOHN", "Q")
    assert (base[393:402], base[413:415], base[415:424]) == ("SAN DIEGO", "CA", "921010001")


def test_the_trailer_counts_what_is_there() -> None:
    bought = replace(LINE, is_owner=False, status="93", loan_id="L4")
    found = read(metro2([Row(LINE, WHO), Row(bought, WHO)], SETTINGS.model_copy(update={"buys_debts": True})))
    trailer = found.trailer
    assert (trailer["bases"], trailer["status_78"], trailer["status_93"]) == (2, 1, 1)
    assert (trailer["segments_K1"], trailer["segments_K2"], trailer["births"]) == (1, 1, 2)
    segments = dict(found.accounts[1].segments)
    assert segments["K1"]["creditor"] == "FIRST EXAMPLE BANK"
    assert (segments["K2"]["indicator"], segments["K2"]["firm"]) == (1, "FIRST EXAMPLE BANK")


def test_another_number_is_told_beside_the_one_that_the_bureau_knows() -> None:
    (one,) = read(metro2([Row(replace(LINE, account_before="OLD-1"), WHO)], SETTINGS)).accounts
    assert (one.base["account"], dict(one.segments)["L1"]["account"], one.base["length"]) == ("OLD-1", "L2", 480)


_TEXTS = st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), min_size=1)
_DAYS = st.dates(date(1900, 1, 1), date(2999, 12, 31))


def _values(record: Record) -> st.SearchStrategy[dict[str, Any]]:
    skipped = {"length", "record", "processing", "segment"}
    kinds = {
        field.name: _DAYS
        if field.kind == "date"
        else st.integers(0, 10**field.length - 1)
        if field.kind == "number"
        else st.text(st.sampled_from("ABCXYZ019"), min_size=1, max_size=field.length)
        for field in record.fields
        if field.name not in skipped
    }
    return st.fixed_dictionaries(kinds)


_SEGMENTS = st.lists(
    st.sampled_from(sorted(SEGMENTS)).flatmap(lambda name: st.tuples(st.just(name), _values(SEGMENTS[name]))),
    max_size=3,
)


@given(_values(HEADER), st.lists(st.tuples(_values(BASE), _SEGMENTS), max_size=3))
def test_what_is_written_is_read_back_the_same(
    header: dict[str, Any], rows: list[tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]]
) -> None:
    found = read(written(header, [Account(base, tuple(segments)) for base, segments in rows]))
    assert {name: found.header[name] for name in header} == header
    for one, (base, segments) in zip(found.accounts, rows, strict=True):
        assert {name: one.base[name] for name in base} == base
        assert [(name, {key: got[key] for key in values}) for (name, got), (_, values) in zip(one.segments, segments, strict=True)] == segments  # noqa: E501  # fmt: skip
    assert found.trailer["bases"] == len(rows)


@given(
    st.integers(0, 10**11 - 1), st.integers(0, 10**11 - 1), st.integers(0, 4000), _DAYS,
    st.sampled_from(["11", "71", "84"]),
)  # fmt: skip
def test_a_position_is_read_back_from_its_file(
    balance: int, past_due: int, days: int, since: date, status: str
) -> None:
    line = replace(LINE, balance=balance, past_due=past_due, days_past_due=days, first_delinquency=since, status=status)
    (one,) = read(metro2([Row(line, WHO)], SETTINGS)).accounts
    assert one.base["status"] == status
    assert one.base["balance"] * 100 <= balance < one.base["balance"] * 100 + 100
    assert one.base["past_due"] * 100 <= past_due < one.base["past_due"] * 100 + 100
    assert one.base["first_delinquency"] == (None if status == "11" else since)
    assert Line.of(line.kept()) == line


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ({"balance": -1}, "no whole number from 0 up"),
        ({"balance": 10**9}, "longer than its 9 bytes"),
        ({"account": ""}, "is empty"),
        ({"colour": "red"}, "has no field 'colour'"),
        ({"surname": "王"}, "letters A to Z"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(base: dict[str, Any], says: str) -> None:
    whole = dict(account(Row(LINE, WHO), SETTINGS).base)
    with pytest.raises(DueCourseError, match=says):
        written({"activity_on": LINE.as_of, "created_on": LINE.as_of, "reporter": "A", "reporter_address": "B"}, [Account({**whole, **base})])  # noqa: E501  # fmt: skip


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_file_that_is_not_whole_is_not_read(cut: int) -> None:
    lines = metro2([Row(LINE, WHO)], SETTINGS).splitlines()
    with pytest.raises(DueCourseError, match="not whole"):
        read("\n".join(line for place, line in enumerate(lines) if place != cut))


def test_accents_go_and_letters_of_other_scripts_are_refused() -> None:
    assert plain("López  Núñez") == "LOPEZ NUNEZ"
    with pytest.raises(DueCourseError):
        plain("王芳")


def test_the_generic_file_keeps_every_cent_in_csv_and_json() -> None:
    row = Row(replace(LINE, country="CN", currency="CNY", compliance="XB"), replace(WHO, name="王芳"))
    assert ",CNY,78,123456,23499,65,1200000," in as_csv([row], SETTINGS)
    text = as_json([row], SETTINGS, "2026-11")
    assert '"name": "王芳"' in text
    assert '"dispute": "XB"' in text


def test_the_statuses_of_a_trailer_are_known_to_the_layout() -> None:
    assert {f"status_{code}" for code in layout.STATUSES} <= set(TRAILER.by_name)
