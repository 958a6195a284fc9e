"""Sheets of visits: always two, handed out once, and each visit ends with a recording."""

import json
from pathlib import Path

import pytest

from duecourse.book.schema import OUTCOMES as OF_THE_BOOK
from duecourse.channels.transport import Fate, Transport, What
from duecourse.channels.visit.transport import SheetFile
from duecourse.channels.visit.visits import OUTCOMES, Visits
from duecourse.documents.pdf import pdf
from duecourse.kernel.errors import DueCourseError
from tests.channels.paper import NOON, ON, blank, message
from tests.documents.samples import VISIT, read

TWO = ("B-17", "B-18")


@pytest.mark.parametrize("badges", [(), ("B-17",), ("B-17", "B-17"), ("B-17", "b-17"), (*TWO, "B-19"), ("B-17", "")])
def test_nobody_visits_alone(tmp_path: Path, badges: tuple[str, ...]) -> None:
    with pytest.raises(DueCourseError):
        SheetFile(tmp_path, ON, "north", badges)
    assert not list(tmp_path.iterdir())


def test_a_day_of_a_team(tmp_path: Path) -> None:
    sheets = SheetFile(tmp_path, ON, "north", TWO)
    transport: Transport = sheets
    for number, outcome in enumerate(OUTCOMES):
        assert transport.send(message(outcome, pdf("visit", VISIT | {"reference": f"R-{number}"}))).fate is Fate.LEFT
    transport.send(message("extra", blank(100)))
    assert sheets.visits.withdraw("extra")
    assert sheets.visits.waiting("2026-11-22-north") == tuple(sorted(OUTCOMES))
    with pytest.raises(DueCourseError, match="handed out"):
        sheets.visits.ended("met", "met", NOON, "REC-1")
    closed = sheets.visits.hand_out(sheets.batch)
    assert closed.pieces == 4
    printed = (tmp_path / "batches" / sheets.batch / "print.pdf").read_bytes()
    order = [next(word for word in read(printed, page).split() if word.startswith("R-")) for page in range(4)]
    assert order == [f"R-{list(OUTCOMES).index(key)}" for key in sorted(OUTCOMES)]
    with pytest.raises(DueCourseError, match="closed"):
        sheets.visits.withdraw("met")
    events = [sheets.visits.ended(outcome, outcome, NOON, f"REC-{outcome}") for outcome in OUTCOMES]
    assert [event.outcome for event in events] == ["met", "no_one_home", "met", "met"]
    for outcome, event in zip(OUTCOMES, events, strict=True):
        assert event.what is What.OUTCOME
        assert event.key == outcome
        assert json.loads(event.text) == {"visit": outcome, "recording": f"REC-{outcome}", "collectors": list(TWO)}
    assert list(transport.received()) == events
    assert not list(transport.received())


def test_the_words_of_visits_are_those_of_the_book() -> None:
    assert set(OUTCOMES.values()) <= set(OF_THE_BOOK)
    assert {"met", "no_one_home", "entry_refused", "told_to_leave"} == OUTCOMES.keys()


def test_an_end_needs_a_sheet_a_word_and_a_recording(tmp_path: Path) -> None:
    sheets = SheetFile(tmp_path, ON, "north", TWO)
    sheets.send(message("k", blank(100)))
    sheets.visits.hand_out(sheets.batch)
    for key, outcome, recording in (("k", "met", ""), ("k", "conversation", "REC-1"), ("z", "met", "REC-1")):
        with pytest.raises(DueCourseError):
            sheets.visits.ended(key, outcome, NOON, recording)
    assert not list(sheets.received())
    first = sheets.visits.ended("k", "met", NOON, "REC-1")
    assert sheets.visits.ended("k", "met", NOON, "REC-1") == first
    for outcome, recording in (("no_one_home", "REC-1"), ("met", "REC-2")):
        with pytest.raises(DueCourseError, match="otherwise"):
            sheets.visits.ended("k", outcome, NOON, recording)
    assert list(Visits(tmp_path).received()) == [first]


def test_a_key_is_one_sheet_for_all_teams(tmp_path: Path) -> None:
    north, south = SheetFile(tmp_path, ON, "north", TWO), SheetFile(tmp_path, ON, "south", ("B-1", "B-2"))
    north.send(message("k", blank(100)))
    assert south.send(message("k", blank(100))).provider_id == "2026-11-22-north/k"
    with pytest.raises(DueCourseError, match="another document"):
        south.send(message("k", blank(200)))
    assert south.ask(message("z", b"")).fate is Fate.NOT_LEFT
