"""Calls on a real store: judged at the click, placed once, by hand or by an Asterisk that answers as documented."""

import threading
from datetime import timedelta

import pytest

from duecourse.channels.transport import Fate
from duecourse.day import worker
from duecourse.day.calling import Placed, waiting
from duecourse.kernel.errors import DueCourseError
from duecourse.store.place import Place
from tests.channels.voice.test_calls import asterisk
from tests.day.field.conftest import House
from tests.day.field.test_paper import hold, opt_out, payment


def click(house: House, agent: str = "ann") -> tuple[Placed | None, int]:
    return house.hands.calls(agent, "Ann Able").next()


def test_the_first_of_the_list_is_called_and_its_script_shown(house: House) -> None:
    house.plan("call", 4, 2)
    listed = waiting(house.connection, "call", house.at)
    assert [(one.borrower_id, one.loans) for one in listed] == [("B2", ("L2",)), ("B4", ("L4",))]
    house.carry_out()  # the day releases none by itself
    placed, refused = click(house)
    assert placed
    assert (placed.number, placed.result.fate, refused) == ("+14150000002", Fate.LEFT, 0)
    assert placed.script.startswith("Good day, my name is Ann Able. Am I speaking with Name 2?")
    assert house.states() == {2: "left"}
    assert house.read("SELECT happened_at FROM contacts WHERE NOT from_book") == [(house.at,)]
    other, _ = click(house, "bob")
    assert other
    assert other.number == "+14150000004"
    assert click(house) == (None, 0)


def test_what_came_since_the_night_is_seen_at_the_click(house: House) -> None:
    house.plan("call", 2, 4, 6, 8)
    house.at += timedelta(minutes=10)
    hold(house, 2)
    payment(house, 4)
    opt_out(house, 6, "call")
    placed, refused = click(house)
    assert placed
    assert (placed.number, refused) == ("+14150000008", 3)
    states = house.read("SELECT state FROM planned_act ORDER BY borrower_no")
    assert states == [("refused",), ("refused",), ("refused",), ("released",)]
    reasons = house.read("SELECT borrower_no, reasons[1] FROM verdict WHERE NOT is_permitted ORDER BY 1")
    assert reasons == [(2, "hold_dispute"), (4, "paid_since_plan"), (6, "channel_refused")]


def test_outside_its_slot_or_stopped_nothing_is_called(house: House) -> None:
    house.plan("call", 2)
    worker.stop(house.connection, "call", house.at, "test")
    assert click(house) == (None, 0)
    worker.start(house.connection, "call", house.at, "test")
    house.at += timedelta(hours=3)
    assert click(house) == (None, 0)
    assert waiting(house.connection, "call", house.at) == []


def by_asterisk(house: House, address: str) -> None:
    house.settings.channels["call"].settings.update(
        dialler="asterisk", address=address, user="duecourse", context="outbound", answer_seconds=1
    )


def test_a_click_rings_the_agent_through_asterisk(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.plan("call", 2)
    with asterisk() as (address, server):
        by_asterisk(house, address)
        with pytest.raises(DueCourseError, match="DUECOURSE_ARI_PASSWORD"):
            click(house)
        monkeypatch.setenv("DUECOURSE_ARI_PASSWORD", "secret")
        placed, _ = click(house)
        ((key, asked),) = [(key, found["asked"]) for key, found in server.channels.items()]
    assert placed
    assert placed.result.fate is Fate.LEFT
    assert key == house.key(2)
    assert (asked["endpoint"], asked["extension"]) == ("PJSIP/ann", "+14150000002")


@pytest.mark.parametrize(("answer", "fate", "state"), [(500, "unknown", "unknown"), (400, "refused", "failed")])
def test_what_asterisk_does_not_place(
    house: House, monkeypatch: pytest.MonkeyPatch, answer: int, fate: str, state: str
) -> None:
    monkeypatch.setenv("DUECOURSE_ARI_PASSWORD", "secret")
    house.plan("call", 2)
    with asterisk(answer) as (address, _):
        by_asterisk(house, address)
        placed, _ = click(house)
    assert placed
    assert (placed.result.fate, house.states()) == (fate, {2: state})
    assert click(house) == (None, 0), "nobody is called twice"


def test_where_asterisk_is_gone_the_call_waits_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUECOURSE_ARI_PASSWORD", "secret")
    house.plan("call", 2)
    with asterisk() as (address, _):
        by_asterisk(house, address)
    placed, _ = click(house)
    assert placed
    assert placed.result.fate is Fate.NOT_LEFT
    house.at += timedelta(minutes=5)
    house.channel("call").step()  # the day does not call either: it takes the release back
    assert house.read("SELECT state FROM planned_act") == [("waiting",)]
    assert house.read("SELECT count(*) FROM contacts WHERE NOT from_book AND cancelled_at IS NULL") == [(0,)]
    house.settings.channels["call"].settings["dialler"] = "hand"
    again, _ = click(house)
    assert again
    assert again.result.fate is Fate.LEFT


def test_agents_who_click_at_once_get_a_call_each(house: House, store: Place) -> None:
    house.plan("call", 1, 2, 3, 4)
    found: list[Placed | None] = []

    def agent(name: str) -> None:
        with store.connected() as connection:
            connection.prepare_threshold = 0
            other = House(store, connection, house.folder)
            found.append(other.hands.calls(name, name).next()[0])

    threads = [threading.Thread(target=agent, args=(f"a{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    numbers = sorted(one.number for one in found if one)
    assert numbers == [f"+1415000000{number}" for number in (1, 2, 3, 4)]
    assert len(found) == 6
    assert house.read("SELECT count(*) FROM verdict") == [(4,)]
