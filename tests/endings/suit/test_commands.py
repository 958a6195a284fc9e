"""The commands of suits, on a real store: what they say, and with which exit code."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from duecourse.cli import app
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.endings.suit.packing import Job
from duecourse.endings.suit.settings import read
from duecourse.kernel.errors import DueCourseError
from duecourse.store.endings import Kind
from tests.endings.cases import BOSS, decided
from tests.endings.suit.cases import SETTINGS, suit


def said(store: Path, *words: str, code: int = 0) -> str:
    made = CliRunner().invoke(app, [*words, "--store", str(store)])
    assert made.exit_code == code, (made.output, made.exception)
    return made.output


def test_from_the_pack_to_the_calendar_by_commands(office: Office, opened: Opened, who: Who, job: Job) -> None:
    store = office.place.folder
    decided(opened, Kind.SUIT, ["L1", "L2"], who)
    (job.documents.folder / "L2" / "contract.pdf").unlink()
    by = ("--by", BOSS)
    pack = ["--run", "r1", "--out", str(job.out), "--settings", str(SETTINGS)]
    pack += ["--documents", str(job.documents.folder), *by]
    text = said(store, "suit", "pack", *pack, code=1)
    assert "1 done, 1 not" in text
    assert "missing:contract" in text
    said(store, "suit", "file", "L1", "--docket", "D-1", "--filed-on", "2026-11-20", "--fee", "5226", *by)
    said(store, "suit", "hearing", "L1", "--on", "2027-01-11", "--at", "09:30", "--room", "3", *by)
    said(store, "suit", "cost", "L1", "--amount", "300", "--why", "copies", *by)
    (day,) = told(said(store, "suit", "calendar", "--json"))
    assert (day["on"], day["what"], day["docket"]) == ("2027-01-11", "hearing 09:30 3", "D-1")
    assert "D-1" in said(store, "suit", "calendar")
    granted = ["--on", "2026-11-21", "--debt", "1000000", "--perform-by", "2026-11-22", "--costs", "5226"]
    said(store, "suit", "judgment", "L1", *granted, *by)
    said(store, "suit", "enforcement", "L1", "asked for", *by)
    found = told(said(store, "suit", "show", "L1", "--on", "2026-12-02", "--json"))
    # Ten days of 10,000.00 at 0.0175 % a day.
    assert (found["state"], found["spent"], found["judgment"]["late"]) == ("enforcing", 5_526, 1_750)
    assert found["judgment"]["left"] == 1_000_000 + 5_226 + 1_750
    assert "enforcing" in said(store, "suit", "show", "L1")
    said(store, "suit", "end", "L1", "fruitless", "--why", "no assets", *by)
    assert suit(opened, "L1").state == "fruitless"


def told(text: str) -> Any:
    return json.loads(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "plaintiff: Field required"),
        ("plaintiff = {}\ncourts = []", "courts: List should have at least 1 item"),
        ("track = 'fast'\nplaintiff = {}", "courts: Field required"),
        ("not toml", "cannot be read"),
    ],
)
def test_settings_that_are_wrong_are_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "suit.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DueCourseError, match=says) as caught:
        read(tmp_path / "suit.toml")
    assert "\n" not in str(caught.value)
    with pytest.raises(DueCourseError, match="is not there"):
        read(tmp_path / "none.toml")
