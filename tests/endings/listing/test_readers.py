"""Readers with keys of their own: who is told what, what is written down, and that corrections reach everybody."""

import json
from datetime import timedelta

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from duecourse.endings.listing.readers import receipt, request_of, sign
from duecourse.kernel.errors import DueCourseError
from duecourse.store.server import ADMIN
from tests.day.cases import read
from tests.endings.cases import BOSS, OTHER
from tests.endings.listing.cases import AFTER, DECIDED, House, Reader, phone, who

NOW = who("reader", AFTER)


def test_a_reader_finds_a_debtor_by_their_number_and_the_debtor_sees_who_looked(house: House) -> None:
    reader = house.reader("bank-b")
    house.entered()
    found = reader.ask(house.readers, 1, NOW)
    assert found.refused is None
    (entry,) = found.entries
    assert json.loads(entry.body)["ground"] == "able_but_refuses"
    (seen,) = house.readers.shown_to("B1")
    assert (seen.reader, seen.purpose, seen.at, seen.told) == ("bank-b", "credit_application", NOW.at, 1)
    assert reader.ask(house.readers, 2, NOW).entries == (), "who is not listed is not told of"


def test_before_the_entry_is_made_nobody_is_told(house: House) -> None:
    reader = house.reader("bank-b")
    house.noticed()
    assert reader.ask(house.readers, 1, NOW).entries == ()


def test_who_is_no_reader_is_refused_and_the_debtor_sees_it(house: House) -> None:
    house.entered()
    found = Reader("stranger", house.key).ask(house.readers, 1, NOW)
    assert (found.refused, found.entries) == ("no_reader", ())
    (seen,) = house.readers.shown_to("B1")
    assert (seen.reader, seen.refused, seen.told) == ("stranger", "no_reader", 0)


def test_a_request_that_is_not_right_is_refused_and_written_down(house: House) -> None:
    reader = house.reader("bank-b")
    house.entered()
    right = request_of("bank-b", "phone", phone(1), "credit_application", NOW.at)
    early = request_of("bank-b", "phone", phone(1), "credit_application", NOW.at - timedelta(minutes=6))
    wrong = {
        "not_signed": (right, Ed25519PrivateKey.generate()),
        "other_purpose": (request_of("bank-b", "phone", phone(1), "guarantee_offered", NOW.at), reader.key),
        "other_kind": (request_of("bank-b", "address", phone(1), "credit_application", NOW.at), reader.key),
        "too_old": (early, reader.key),
        "no_moment": (right.replace(NOW.at.isoformat(), "today"), reader.key),
        "no_reader": (right, reader.key),
    }
    for refused, (text, key) in wrong.items():
        if refused == "no_reader":
            house.readers.end("bank-b", NOW)
        found = house.readers.look_up(text, sign(key, text), NOW.at, NOW.on)
        assert (found.refused, found.entries) == (refused, ())
    rows = read(house.opened.connection, "SELECT refused, told FROM register_lookup ORDER BY id")
    assert rows == [(refused, 0) for refused in wrong]


def test_a_request_that_is_said_again_is_refused(house: House) -> None:
    reader = house.reader("bank-b")
    house.entered()
    assert len(reader.ask(house.readers, 1, NOW).entries) == 1
    assert reader.ask(house.readers, 1, NOW).refused == "said_before"
    assert [one.refused for one in house.readers.shown_to("B1")] == [None, "said_before"]


def test_where_the_register_is_closed_by_now_nobody_is_told(house: House) -> None:
    """The debtor has moved to a country that knows no such register."""
    reader = house.reader("bank-b")
    house.entered()
    with psycopg.connect(house_url(house), autocommit=True) as admin:
        admin.execute(b"UPDATE collection_case SET country = 'US', region = 'US-CA' WHERE borrower_no = 1")
    assert reader.ask(house.readers, 1, NOW).refused == "register_not_permitted"
    assert [one.why for one in house.register.due(AFTER)] == ["register_not_permitted"]


def house_url(house: House) -> str:
    return str(house.place.url(ADMIN))


def test_the_look_up_keeps_nothing_of_what_was_looked_for(house: House) -> None:
    house.reader("bank-b").ask(house.readers, 1, NOW)
    rows = read(house.opened.connection, "SELECT row_to_json(l)::text FROM register_lookup l")
    assert phone(1) not in rows[0][0]


def test_a_correction_and_a_removal_reach_every_reader_who_signs_for_them(house: House) -> None:
    readers = [house.reader(name) for name in ("bank-b", "bank-c")]
    ending = house.entered()
    for one in readers:
        assert one.catch_up(house.readers, NOW) == ["entered"]
    house.register.correct(ending, who(OTHER, AFTER), "a payment was booked late", amount=70_000)
    first, second = readers
    assert first.catch_up(house.readers, NOW) == ["corrected"]
    assert [json.loads(one.body)["amount"] for one in first.standing.values()] == [70_000]
    assert house.readers.behind() == [("bank-b", 2, 2), ("bank-c", 1, 2)], "it is seen who has not taken it in"
    house.register.remove(house.ending("L1"), who(OTHER, AFTER), "paid")
    assert first.catch_up(house.readers, NOW) == ["removed"]
    assert second.catch_up(house.readers, NOW) == ["corrected", "removed"]
    assert first.standing == second.standing == {}
    assert house.readers.behind() == [("bank-b", 3, 3), ("bank-c", 3, 3)]


def test_a_receipt_is_kept_once_and_only_with_the_reader_s_signature(house: House) -> None:
    reader = house.reader("bank-b")
    house.entered()
    (entry,) = house.readers.feed("bank-b", 0)
    text = receipt("bank-b", 1, entry.digest)
    with pytest.raises(DueCourseError, match="not signed with the key"):
        house.readers.acknowledge("bank-b", 1, sign(house.key, text), NOW.at)
    assert house.readers.acknowledge("bank-b", 1, sign(reader.key, text), NOW.at)
    assert not house.readers.acknowledge("bank-b", 1, sign(reader.key, text), NOW.at)
    with pytest.raises(DueCourseError, match="there is no entry 2"):
        house.readers.acknowledge("bank-b", 2, sign(reader.key, text), NOW.at)


def test_a_stranger_gets_no_feed(house: House) -> None:
    with pytest.raises(DueCourseError, match="no reader"):
        house.readers.feed("stranger", 0)


def test_a_reader_is_registered_for_purposes_that_there_are(house: House) -> None:
    public = Reader("b", house.key).public
    nothing: list[str] = []
    for purposes in (["marketing"], nothing):
        with pytest.raises(DueCourseError, match="for one or several of"):
            house.readers.add("b", public, purposes, who(BOSS, DECIDED))
    with pytest.raises(DueCourseError, match="has a name"):
        house.readers.add("", public, ["credit_application"], who(BOSS, DECIDED))


def test_a_reader_s_name_and_key_are_taken_once(house: House) -> None:
    reader = house.reader("bank-b")
    with pytest.raises(DueCourseError, match="already"):
        house.readers.add("bank-b", reader.public, ["credit_application"], who(BOSS, DECIDED))
    with pytest.raises(DueCourseError, match="no public key"):
        house.readers.add("bank-c", "not a key", ["credit_application"], who(BOSS, DECIDED))


def test_what_is_no_request_is_told_so(house: House) -> None:
    for text in ("", "[]", '{"reader": "b"}', '{"reader":1,"kind":"","value":"","purpose":"","at":""}'):
        with pytest.raises(DueCourseError, match="a request is an object"):
            house.readers.look_up(text, "", NOW.at, NOW.on)
