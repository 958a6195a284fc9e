"""`duecourse register`: what the people at the lender type, and what is printed."""

import json
from pathlib import Path

import pytest

from duecourse.endings.listing.readers import request_of, sign
from duecourse.endings.listing.signed import keys_of
from tests.cli.conftest import Commands
from tests.documents.samples import dense, read
from tests.endings.cases import BOSS, CLERK, OTHER
from tests.endings.listing.cases import AFTER, House, Reader, phone, who


@pytest.fixture
def register(
    house: House, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Commands:
    """Return what runs a command on the house's store; its law is read already."""
    monkeypatch.setattr("duecourse.law.rulebook.load", lambda *_, **__: house.law)
    monkeypatch.setenv("DUECOURSE_STORE", str(house.place.folder))
    monkeypatch.setenv("DUECOURSE_KEYS", str(house.place.keys))
    return Commands(capsys, tmp_path)


def test_an_entry_is_decided_and_noticed_and_not_made_within_its_window(
    house: House, register: Commands, tmp_path: Path
) -> None:
    words = ["decide", "L1", "--ground", "able_but_refuses", "--why", "says so"]
    found = register("register", *words, "--evidence", "signed", "--by", CLERK)
    assert (found.code, found.out) == (2, "")
    assert "no active user" in found.err
    assert register("register", *words, "--evidence", "own_records", "--by", BOSS).code == 1
    assert register("register", *words, "--evidence", "signed", "--by", BOSS).code == 0
    number = str(house.ending("L1").number)
    for _ in range(2):  # again is the same
        found = register(
            "register", "notice", number, "--by", BOSS, "--out", str(tmp_path / "out"), "--head", "Harbour"
        )
        assert found.code == 0, found.err
    (paper,) = (tmp_path / "out").iterdir()
    assert "Noticebeforeanentry" in dense(read(paper.read_bytes()))
    found = register("register", "enter", number, "--by", OTHER, "--json")
    assert (found.code, json.loads(found.out)[0]["reasons"]) == (1, ["window_open"])
    assert register("register", "object", number, "--by", "portal").code == 0
    assert register("register", "answer", number, "--upheld", "--why", "not his", "--by", "q-law").code == 0


def test_a_reader_is_added_and_told_and_the_borrower_is_shown_it(
    house: House, register: Commands, tmp_path: Path
) -> None:
    house.entered()
    reader = Reader("bank-b", house.key)
    (tmp_path / "bank-b.pem").write_text(reader.public, encoding="ascii")
    words = ["register", "reader", "bank-b", "--by", BOSS]
    assert register(*words, "--key", str(tmp_path / "bank-b.pem"), "--purpose", "credit_application").code == 0
    found = register("register", "feed", "bank-b")
    assert json.loads(json.loads(found.out)["body"])["what"] == "entered"
    text = request_of("bank-b", "phone", phone(1), "credit_application", who("reader", AFTER).at)
    (tmp_path / "request.json").write_text(text, encoding="utf-8")
    found = register("register", "look-up", str(tmp_path / "request.json"), "--signature", sign(reader.key, text))
    assert (found.code, found.out) == (2, "")
    assert "refused: too_old" in found.err
    found = register("register", "shown-to", "B1", "--json")
    assert [(one["reader"], one["refused"]) for one in json.loads(found.out)] == [("bank-b", "too_old")]
    found = register("register", "readers", "--json")
    assert json.loads(found.out) == [{"reader": "bank-b", "signed_for": 0, "last": 1}]
    assert keys_of(house.place.folder).public.exists()
