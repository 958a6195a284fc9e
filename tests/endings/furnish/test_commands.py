"""The commands of reports, on a real store: what they say, and with which exit code."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from duecourse.cli import app
from duecourse.endings.furnish.settings import read
from duecourse.endings.many import Office, Opened
from duecourse.kernel.errors import DueCourseError
from tests.endings.cases import BOSS, CLERK
from tests.endings.furnish.cases import named

EXAMPLE = Path(__file__).parents[3] / "examples" / "furnish.toml"
BY = ("--by", BOSS)


def said(store: Path, *words: str, code: int = 0) -> str:
    made = CliRunner().invoke(app, [*words, "--store", str(store)])
    assert made.exit_code == code, (made.output, made.exception)
    return made.output


def test_from_the_notice_to_the_deletion_by_commands(office: Office, opened: Opened, tmp_path: Path) -> None:
    named(opened)
    store, today = office.place.folder, datetime.now(UTC).date()
    served = ("--served-on", str(today - timedelta(days=20)))
    said(store, "furnish", "notice", "L2", *served, *BY)
    assert "noted already" in said(store, "furnish", "notice", "L2", *served, *BY, code=1)
    said(store, "ending", "decide", "furnish", "--loan", "L2", "--loan", "L4", *BY)
    run = ("--settings", str(EXAMPLE), "--out", str(tmp_path / "files"), *BY)
    text = said(store, "furnish", "run", "--run", "2026-11", *run)
    assert "1 reported" in text
    assert "loan L4 is left out: check:notice_served, check:wait_is_over" in text
    assert "us.metro2" in text
    again = json.loads(said(store, "furnish", "run", "--run", "2026-11", *run, "--json"))
    assert (again["done"], again["left_out"]) == ({}, {})
    assert "in time" in said(store, "furnish", "show", "L4"), "whom the check saves"
    said(store, "furnish", "correct", "L2", "--account-before", "OLD-2", "--why", "moved", *BY)
    assert "disputed" in said(store, "furnish", "dispute", "L2", "--id", "D1", "--words", "not mine", *BY)
    assert "1 disputed" in said(store, "furnish", "run", "--run", "2026-12", *run)
    assert json.loads(said(store, "furnish", "due", "--on", "2033-07-04", "--json", *BY)) == [
        {"loan": "L2", "goes_on": "2033-07-04"}
    ]
    assert "no record goes" in said(store, "furnish", "due", "--delete", *BY)
    said(store, "furnish", "delete", "L2", "--why", "not the borrower's", "--fraud", *BY)
    assert "1 deleted" in said(store, "furnish", "run", "--run", "2026-12-2", *run)
    assert "status DF" in said(store, "furnish", "show", "L2")
    assert "never reported" in said(store, "furnish", "show", "L1")


WRONG = (
    (["run", "--run", "november", "--settings", str(EXAMPLE), "--out", "x", *BY], "no name of a run"),
    (["run", "--run", "2026-11", "--settings", str(EXAMPLE), "--out", "x", "--by", CLERK], "no active user"),
    (["delete", "L1", "--why", "none", *BY], "no report of loan L1 is open"),
    (["correct", "L1", "--why", "none", *BY], "what is corrected"),
    (["notice", "L9", "--served-on", "2026-11-01", *BY], "loan L9 is in no case"),
)


def test_a_command_that_cannot_be_done_says_what_to_do(office: Office) -> None:
    for words, says in WRONG:
        made = CliRunner().invoke(app, ["furnish", *words, "--store", str(office.place.folder)])
        assert made.exit_code != 0
        assert says in str(made.exception)


@pytest.mark.parametrize(
    ("text", "says"), [("reporter = ", "cannot be read"), ('reporter = "A"\ncolour = "red"', "reporter_address")]
)
def test_settings_that_say_too_little_are_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "furnish.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DueCourseError, match=says):
        read(path)
