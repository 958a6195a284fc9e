"""Outcomes on a real store: told by hand or by file, once; what was heard takes effect."""

import csv
import io
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.gate_store import ON
from duecourse.channels.transport import Heard
from duecourse.day import outcomes as module
from duecourse.day.asking import Asked, Window
from duecourse.day.batch import Post, post
from duecourse.day.outcomes import COLUMNS, SAID, Bad, Told, read, told
from duecourse.day.paper import reference_of
from duecourse.day.worker import asked_of
from duecourse.kernel.errors import DueCourseError
from tests.day.field.conftest import House


def called(house: House, borrower: int = 2) -> str:
    """Call a borrower; returns the reference, ten minutes later."""
    house.plan("call", borrower)
    placed, _ = house.hands.calls("ann", "Ann").next()
    assert placed
    house.at += timedelta(minutes=10)
    return placed.reference


def visited(house: House) -> str:
    house.plan("visit", 2)
    house.carry_out("visit")
    house.hands.shelf("visit").close("2026-11-20-north", house.at)
    house.at += timedelta(minutes=10)
    return reference_of(house.key(2))


def posted(house: House) -> str:
    house.plan("letter", 2)
    house.carry_out("letter")
    hands = house.hands
    hands.shelf("letter").close("2026-11-20-01", house.at)
    assert post(hands.shelf("letter"), hands.posting(), hands.intake(), Post("2026-11-20-01", house.at, "u-1"))[0]
    house.at += timedelta(days=5)
    return reference_of(house.key(2))


def outcome(house: House) -> object:
    return house.read("SELECT outcome FROM contacts WHERE NOT from_book")[0][0]


HEARD = {
    2: ("dispute", "SELECT kind FROM holds WHERE borrower_no = %s", [("dispute",)]),
    4: ("hardship cease", "SELECT kind FROM holds WHERE borrower_no = %s ORDER BY 1", [("cease",), ("hardship",)]),
    6: ("stop", "SELECT consented_to, withdrawn_at IS NOT NULL FROM consents WHERE borrower_no = %s", [("call", True)]),
    8: ("paid", "SELECT needs_person FROM inbound WHERE borrower_no = %s", [(True,)]),
    1: ("", "SELECT needs_person FROM inbound WHERE borrower_no = %s", [(False,)]),
}


def test_what_was_heard_on_a_call_takes_effect_once(house: House) -> None:
    ends = {
        borrower: Told(called(house, borrower), "conversation", house.at, by="ann", heard=Heard(tuple(said.split())))
        for borrower, (said, _, _) in HEARD.items()
    }
    for again in (False, True):
        entries = house.read("SELECT count(*) FROM audit_entry")
        for borrower, (_, where, found) in HEARD.items():
            assert house.hands.outcomes().take(ends[borrower]) is not again
            assert house.read(where, borrower) == found
    assert house.read("SELECT count(*) FROM audit_entry") == entries
    assert house.read("SELECT DISTINCT outcome FROM contacts WHERE NOT from_book") == [("conversation",)]
    with pytest.raises(DueCourseError, match="otherwise"):
        house.hands.outcomes().take(Told(ends[2].reference, "voicemail", house.at, by="ann"))
    house.channel("call").step()
    assert house.read("SELECT count(*) FROM inbound") == [(5,)], "the day has nothing left to take in"


def test_a_promise_has_its_day_and_amount(house: House) -> None:
    heard = Heard(("promise",), date(2026, 11, 27), 12_050)
    one = Told(called(house), "conversation", house.at, by="ann", heard=heard)
    assert house.hands.outcomes().take(one)
    assert house.read("SELECT promised_on, amount FROM promises") == [(date(2026, 11, 27), 12_050)]
    assert house.read("SELECT meanings, needs_person FROM inbound") == [(["promise"], False)]


def test_who_told_the_two_to_leave_is_visited_no_more(house: House) -> None:
    one = Told(visited(house), "told_to_leave", house.at, recording="REC-7")
    assert house.hands.outcomes().take(one)
    assert not house.hands.outcomes().take(one)
    assert outcome(house) == "met"
    assert house.read("SELECT consented_to, withdrawn_at FROM consents") == [("visit", house.at)]
    assert "channel_refused" in house.gate.judged([_visit(house)], [Window(house.at, house.at, ON, ON)])[0].reasons


def _visit(house: House) -> Asked:
    treatment = next(one for one in house.strategy.treatments if one.name == "visit")
    return asked_of(house.strategy, treatment, 2, ("L2",))


def test_a_visit_without_a_recording_is_not_told(house: House) -> None:
    one = Told(visited(house), "met", house.at)
    with pytest.raises(DueCourseError, match="recording"):
        house.hands.outcomes().take(one)
    assert outcome(house) is None


@pytest.mark.parametrize(("reason", "holds"), [("moved", []), ("deceased", [("bereavement",)])])
def test_a_letter_that_came_back(house: House, reason: str, holds: list[object]) -> None:
    one = Told(posted(house), reason, house.at)
    assert house.hands.outcomes().take(one)
    assert not house.hands.outcomes().take(one)
    assert outcome(house) == "bounced"
    assert house.read("SELECT kind FROM holds") == holds


def test_what_cannot_be_an_outcome(house: House) -> None:
    reference, take = called(house), house.hands.outcomes().take
    for wrong, why in (
        (Told("1f0c-83ab-99d2", "conversation", house.at, "ann"), "nothing has it"),
        (Told("%", "conversation", house.at, "ann"), "write it as the paper"),
        (Told(reference[:-1], "conversation", house.at, "ann"), "write it as the paper"),
        (Told(reference, "met", house.at, "ann"), "no end of a call"),
        (Told(reference, "conversation", house.at, ""), "agent"),
        (Told(reference, "conversation", house.at + timedelta(minutes=1), "ann"), "in the future"),
        (Told(reference, "conversation", house.at - timedelta(hours=1), "ann"), "before it left"),
    ):
        with pytest.raises(DueCourseError, match=why):
            take(wrong)
    house.plan("letter", 4)
    house.carry_out("letter")
    with pytest.raises(DueCourseError, match="was not posted"):
        take(Told(reference_of(house.key(4)), "moved", house.at))
    assert house.read("SELECT count(*) FROM inbound") == [(0,)]


def file(folder: Path, *rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Path:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows(rows)
    path = folder / "outcomes.csv"
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


ROW = {"reference": "1f0c-83ab-99d2", "outcome": "busy", "at": "2026-11-20T02:00+00:00", "by": "ann"}


def test_a_file_is_read_row_by_row(tmp_path: Path) -> None:
    rows = [
        ROW | {"said": "promise  dispute", "pay_on": "2026-11-27", "amount": "12050"},
        ROW | {"at": "yesterday"},
        ROW | {"at": "2026-11-20T02:00"},
        ROW | {"said": "Erika"},
        ROW | {"amount": "12050"},
        ROW | {"said": "promise", "amount": "-1"},
        ROW | {"said": "promise", "pay_on": "2026-11-19"},
        ROW,
    ]
    first, *bad, last = read(file(tmp_path, *rows))
    assert first == (2, told(rows[0]))
    assert told(rows[0]).heard == Heard(("promise", "dispute"), date(2026, 11, 27), 12_050)
    assert last == (9, told(ROW))
    for line, one in enumerate(bad, 3):
        assert isinstance(one, Bad)
        assert one.line == line
        assert not {"Erika", "yesterday"} & set(one.why.split())


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xff\xfe", b"reference,outcome\n", b"reference,outcome,at,secret\n", b"a;b\n",
        b"reference,outcome,at,at\n", b'reference,outcome,at\n"', b"\x00", b"%PDF-1.7\n\xe2\xe3",
        b"reference,outcome,at\n" + b"x" * 200_000 + b",b,c\n",
    ],
)  # fmt: skip
def test_a_broken_file_refuses_with_one_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "o.csv"
    path.write_bytes(data)
    with pytest.raises(DueCourseError) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_huge_file_or_none_refuses_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, ROW, ROW, ROW)
    with monkeypatch.context() as patch:
        patch.setattr(module, "ROWS_MOST", 2)
        with pytest.raises(DueCourseError, match="over 2 rows: split it"):
            read(path)
        patch.setattr(module, "BYTES_MOST", 20)
        with pytest.raises(DueCourseError, match="over 20 bytes: split it"):
            read(path)
    with pytest.raises(DueCourseError, match="cannot be read: No such file"):
        read(tmp_path / "none.csv")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_file_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever somebody saves as such a file, there are rows, or bad lines, or one error."""
    value = st.one_of(st.text(max_size=8), st.sampled_from([*SAID, *ROW.values(), "2026-02-30", "１", "NaN", ""]))
    rows = data.draw(st.lists(st.lists(value, min_size=3, max_size=9), max_size=4))
    text = "\n".join(["reference,outcome,at,said,pay_on,amount", *(",".join(row) for row in rows)])
    path = tmp_path / "o.csv"
    path.write_bytes(text.encode("utf-8", "replace"))
    with suppress(DueCourseError):
        assert all(isinstance(one, Bad) or isinstance(one[1], Told) for one in read(path))
