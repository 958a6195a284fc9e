"""Files to and from agencies on a real store: told once, taken in once, and counted by the law."""

import csv
import hashlib
import io
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from duecourse.day.asking import Asked, Window
from duecourse.day.facts import Facts, Money, Told
from duecourse.day.gate import VALID, Gate
from duecourse.endings import moving
from duecourse.endings.agency import commission, performance, placing, register, sending, taking
from duecourse.endings.agency.layout import Layout
from duecourse.endings.agency.register import Agency
from duecourse.endings.agency.reports import COLUMNS, Report
from duecourse.endings.agency.sending import send
from duecourse.endings.agency.taking import Taken, take_in
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.store.endings import Kind
from tests.day.cases import AT, CONTENT, read
from tests.endings.cases import ON, decided


@pytest.fixture
def placed(request: pytest.FixtureRequest, opened: Opened, office: Office, who: Who) -> dict[str, Agency]:
    """Place one loan in each country: L1 with huadong, L2 with north (the only one that there is in California)."""
    request.getfixturevalue("agencies")
    with opened.connection.transaction():
        opened.connection.execute("UPDATE agency SET replaced_at = now() WHERE agency_id = 'west'")
    decided(opened, Kind.AGENCY, ["L1", "L2"], who)
    assert all(one.is_done for one in placing.place(office, who))
    return register.standing(opened.connection)


def number(opened: Opened, loan: str) -> int:
    (one,) = moving.read(opened.connection, "e.loan_id = %s AND e.kind = 'agency'", [loan])
    return one.number


def told_rows(agency: Agency, name: str) -> list[dict[str, str]]:
    text = (Path(agency.terms.folder) / "out" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def hand_in(agency: Agency, name: str, lines: list[dict[str, Any]], *, checksum: bool = True) -> None:
    layout = Layout(Path(agency.terms.folder))
    layout.make()
    text = "\n".join([",".join(COLUMNS), *(",".join(str(line.get(name, "")) for name in COLUMNS) for line in lines)])
    path = layout.folder / "in" / name
    path.write_text(text + "\n", encoding="utf-8")
    if checksum:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        path.with_name(f"{name}.sha256").write_text(f"{digest}  {name}\n", encoding="ascii")


def call(report: str, placement: int, at: datetime, outcome: str = "ring_out") -> dict[str, Any]:
    return {
        "id": report, "placement": placement, "what": "contact", "at": at.isoformat(), "channel": "call",
        "outcome": outcome,
    }  # fmt: skip


def is_permitted(judge: Gate, borrower: int, at: datetime, zone: str, **told: Any) -> tuple[bool, tuple[str, ...]]:
    """Ask the gate about a call to a borrower now; nothing is written."""
    asked = Asked(borrower, "contact", "call", "collection", (f"L{borrower}",), CONTENT, "call", told=told)
    (said,) = judge.judged([asked], [Window.of(at, VALID, zone, "UTC")])
    return said.is_permitted, said.reasons


def test_a_placement_is_told_once_with_who_owes(opened: Opened, placed: dict[str, Agency], who: Who) -> None:
    north = placed["north"]
    (file,) = send(opened, north, who)
    assert (file.name, file.rows) == ("north-000001-placements.csv", 1)
    (row,) = told_rows(north, file.name)
    assert (row["loan"], row["name"], row["phones"], row["currency"]) == ("L2", "Name 2", "+14150000002", "USD")
    assert (row["placement"], row["until"]) == (str(number(opened, "L2")), "2027-05-19")
    folder = Path(north.terms.folder) / "out"
    digest = hashlib.sha256((folder / file.name).read_bytes()).hexdigest()
    assert (folder / f"{file.name}.sha256").read_text() == f"{digest}  {file.name}\n"
    assert (folder / file.name).stat().st_mode & 0o077 == 0
    assert send(opened, north, who) == []


def test_a_file_that_was_noted_and_not_written_is_written_by_the_next_run(
    opened: Opened, placed: dict[str, Agency], who: Who
) -> None:
    north = placed["north"]
    sending.note(opened.connection, north, who)  # and then the process was killed
    assert not (Path(north.terms.folder) / "out").exists()
    (file,) = send(opened, north, who)
    before = (Path(north.terms.folder) / "out" / file.name).read_bytes()
    with opened.connection.transaction():  # killed between the file and its note
        opened.connection.execute("UPDATE agency_file SET sha256 = NULL")
    (again,) = send(opened, north, who)
    assert again == file
    assert (Path(north.terms.folder) / "out" / file.name).read_bytes() == before


def test_what_stops_the_agency_is_told_payments_holds_their_end_and_the_recall(
    opened: Opened, placed: dict[str, Agency], who: Who
) -> None:
    north, facts = placed["north"], Facts(opened.connection, opened.ring, "test")
    send(opened, north, who)
    with facts.locked(2):
        facts.payment(Told("P1", 2, AT, ON), Money("L2", ON, 30_000, "USD"))
        facts.hold(Told("H1", 2, AT, ON), "dispute", "L2")
    first = send(opened, north, who)
    assert [one.name for one in first] == ["north-000002-payments.csv", "north-000003-stops.csv"]
    placement = str(number(opened, "L2"))
    assert told_rows(north, first[0].name) == [
        {
            "placement": placement, "loan": "L2", "payment": "P1", "on": "2026-11-20", "amount": "30000",
            "currency": "USD", "reverses": "",
        }
    ]  # fmt: skip
    assert told_rows(north, first[1].name) == [
        {"placement": placement, "loan": "L2", "stop": "H1", "kind": "dispute", "from": "2026-11-20"}
    ]
    with facts.locked(2):
        facts.lift(Told("H1", 2, AT, ON))
    tomorrow = replace(who, at=AT + timedelta(days=1), on=ON + timedelta(days=1))
    (lift,) = send(opened, north, tomorrow)
    assert told_rows(north, lift.name) == [{"placement": placement, "loan": "L2", "stop": "H1", "on": "2026-11-20"}]
    placing.recall(opened, tomorrow, "the borrower has a lawyer", "e.loan_id = 'L2'")
    (recall,) = send(opened, north, tomorrow)
    assert told_rows(north, recall.name) == [
        {"placement": placement, "loan": "L2", "on": "2026-11-21", "why": "the borrower has a lawyer"}
    ]
    assert send(opened, north, tomorrow) == []


def test_the_agencys_eighth_call_in_seven_days_is_refused(opened: Opened, placed: dict[str, Agency]) -> None:
    """12 CFR 1006.14(b)(2): each firm has a count of its own, so the agency is at its limit."""
    north, judge = placed["north"], opened.deciding._gate
    agency = {"by": "north", "collector.role": "agency"}
    noon, zone = datetime.fromisoformat("2026-11-27T12:00:00-08:00"), "America/Los_Angeles"
    calls = [call(f"c{day}", number(opened, "L2"), noon - timedelta(days=day)) for day in range(6, 0, -1)]
    hand_in(north, "a.csv", calls)
    take_in(opened, north, noon)
    permitted, reasons = is_permitted(judge, 2, noon, zone, **agency)
    assert permitted, reasons
    hand_in(north, "b.csv", [call("c0", number(opened, "L2"), noon - timedelta(hours=2))])
    take_in(opened, north, noon)
    permitted, reasons = is_permitted(judge, 2, noon, zone, **agency)
    assert (permitted, reasons) == (False, ("law:us.regf.frequency.seven-in-seven",))
    permitted, reasons = is_permitted(judge, 2, noon + timedelta(days=1), zone, **agency)
    assert permitted, "the first of the seven is seven days ago"


def test_the_lenders_own_call_is_refused_where_its_agency_talked_three_times_today(
    opened: Opened, placed: dict[str, Agency]
) -> None:
    """GB/T 45251-2025, 5.3: at most three connected calls a day, and lender and agencies share one count."""
    huadong, judge = placed["huadong"], opened.deciding._gate
    at = datetime.fromisoformat("2026-11-23T15:00:00+08:00")
    talks = [call(f"t{i}", number(opened, "L1"), at - timedelta(hours=i), "conversation") for i in (3, 2)]
    hand_in(huadong, "a.csv", talks)
    take_in(opened, huadong, at)
    permitted, reasons = is_permitted(judge, 1, at, "Asia/Shanghai")
    assert permitted, reasons
    hand_in(huadong, "b.csv", [call("t1", number(opened, "L1"), at - timedelta(hours=1), "conversation")])
    take_in(opened, huadong, at)
    permitted, reasons = is_permitted(judge, 1, at, "Asia/Shanghai")
    assert not permitted
    assert "law:cn.gbt45251.frequency.three-a-day" in reasons


def test_money_promises_disputes_and_returns_are_facts_like_any_other_and_come_once(
    opened: Opened, placed: dict[str, Agency], who: Who
) -> None:
    north, placement, at = placed["north"], number(opened, "L2"), AT + timedelta(hours=3)
    lines: list[dict[str, Any]] = [
        {"id": "1", "what": "payment", "amount": 33_333, "currency": "USD", "on": ON},
        {"id": "2", "what": "promise", "amount": 10_000, "currency": "USD", "on": ON + timedelta(days=4)},
        {"id": "3", "what": "dispute"},
        {"id": "4", "what": "cease"},
        {"id": "5", "what": "return", "why": "disputed"},
    ]
    lines = [{"placement": placement, "at": at.isoformat(), **line} for line in lines]
    hand_in(north, "all.csv", lines)
    assert take_in(opened, north, at) == [Taken("all.csv", new=5)]
    assert read(opened.connection, "SELECT payment_id, amount, currency FROM payments") == [
        ("agency-north-1", 33_333, "USD")
    ]
    assert read(opened.connection, "SELECT amount, loan_id FROM promises") == [(10_000, "L2")]
    assert read(opened.connection, "SELECT kind, loan_id FROM holds ORDER BY kind") == [
        ("cease", None), ("dispute", "L2"),
    ]  # fmt: skip
    (ending,) = moving.read(opened.connection, "e.loan_id = 'L2'")
    assert ending.state == "returned"
    facts = read(opened.connection, "SELECT (SELECT count(*) FROM payments), (SELECT count(*) FROM audit_entry)")
    hand_in(north, "all.csv", lines)
    assert take_in(opened, north, at) == [Taken("all.csv", known=5)]
    hand_in(north, "other.csv", lines)
    assert take_in(opened, north, at) == [Taken("other.csv", known=5)]
    again = read(opened.connection, "SELECT (SELECT count(*) FROM payments), (SELECT count(*) FROM audit_entry)")
    assert again == facts
    sent = send(opened, north, replace(who, at=at))
    assert [one.name for one in sent] == [], "it was never told of the placement, and told us of all else itself"


def test_every_wrong_line_is_named_and_the_others_come_in(opened: Opened, placed: dict[str, Agency]) -> None:
    north, placement, at = placed["north"], number(opened, "L2"), AT + timedelta(hours=3)
    good = call("c1", placement, at)
    wrong = [
        ({**good, "id": "c2", "what": "shout"}, "what: is none of contact"),
        ({**good, "id": "c3", "outcome": ""}, "outcome: is empty, which a contact needs"),
        ({**good, "id": "c4", "amount": "5"}, "amount: is no part of a contact"),
        ({**good, "id": "c5", "placement": number(opened, "L1")}, "placement: this agency has none"),
        ({**good, "id": "c6", "at": "2026-11-20T05:00:00"}, "at: has no zone"),
        ({**good, "id": "c7", "at": (at + timedelta(minutes=1)).isoformat()}, "at: is in the future"),
        ({**good, "id": "c8", "at": "2026-11-18T09:00:00+00:00"}, "at: is before the debt was placed"),
        ({**good, "id": "c9", "channel": "owl"}, "channel: is none of"),
        ({**good, "id": "c1", "outcome": "busy"}, "id: was told before, and otherwise"),
        ({"id": "d", "placement": placement, "what": "payment", "at": at.isoformat(), "amount": "1.5",
          "currency": "USD", "on": ON}, "amount: is no amount above zero"),
        ({"id": "e", "placement": placement, "what": "payment", "at": at.isoformat(), "amount": "15",
          "currency": "EUR", "on": ON}, "loan L2 is in USD, not in EUR"),
        ({"id": "f", "placement": placement, "what": "return", "at": at.isoformat(), "why": "tired"}, "why: is none"),
    ]  # fmt: skip
    hand_in(north, "mixed.csv", [good, *(line for line, _ in wrong)])
    (taken,) = take_in(opened, north, at)
    assert taken.new == 1
    assert [bad.line for bad in taken.bad] == list(range(3, 3 + len(wrong)))
    said = [bad.why for bad in sorted(taken.bad, key=lambda bad: bad.line)]
    assert all(text in why for why, (_, text) in zip(said, wrong, strict=True)), said
    folder = Path(north.terms.folder)
    errors = (folder / "error" / "mixed.csv.errors.csv").read_text(encoding="utf-8").splitlines()
    assert errors[0] == "line,why"
    assert len(errors) == 1 + len(wrong)
    assert sorted(path.name for path in (folder / "done").iterdir()) == ["mixed.csv", "mixed.csv.sha256"]
    assert read(opened.connection, "SELECT count(*) FROM contacts WHERE made_by = 'north'") == [(1,)]


def test_a_file_that_is_not_whole_waits_and_one_that_was_damaged_goes_aside(
    opened: Opened, placed: dict[str, Agency]
) -> None:
    north, at = placed["north"], AT + timedelta(hours=3)
    hand_in(north, "a.csv", [call("c1", number(opened, "L2"), at)], checksum=False)
    assert take_in(opened, north, at) == [Taken("a.csv", why="its checksum is not there yet")]
    folder = Path(north.terms.folder)
    (folder / "in" / "a.csv.sha256").write_text("0" * 64)
    (taken,) = take_in(opened, north, at)
    assert "not what its checksum says" in taken.why
    assert sorted(path.name for path in (folder / "error").iterdir()) == [
        "a.csv", "a.csv.errors.csv", "a.csv.sha256",
    ]  # fmt: skip
    assert read(opened.connection, "SELECT count(*) FROM agency_report") == [(0,)]
    hand_in(north, "b.csv", [call("c1", number(opened, "L2"), at)])
    take_in(opened, north, at)
    hand_in(north, "b.csv", [call("c2", number(opened, "L2"), at)])
    (other,) = take_in(opened, north, at)
    assert "another file of this name" in other.why


def test_a_contact_after_the_recall_counts_and_is_told_as_late(
    opened: Opened, placed: dict[str, Agency], who: Who
) -> None:
    north, after = placed["north"], AT + timedelta(days=1)
    placing.recall(opened, who, "sold", "e.loan_id = 'L2'")
    hand_in(north, "a.csv", [call("c1", number(opened, "L2"), after)])
    assert take_in(opened, north, after) == [Taken("a.csv", new=1, late=1)]
    assert read(opened.connection, "SELECT count(*) FROM contacts WHERE made_by = 'north'") == [(1,)]


@pytest.mark.usefixtures("placed")
def test_commission_is_of_what_came_in_while_it_was_placed_and_goes_back_with_the_payment(
    opened: Opened, who: Who
) -> None:
    """At 319 days past due the example gives north 25%: of 333.33 it is 83.3325, so 83.33; of 0.03 nothing."""
    facts = Facts(opened.connection, opened.ring, "test")
    later = AT + timedelta(hours=1)
    with facts.locked(2):
        facts.payment(Told("P0", 2, later, ON), Money("L2", ON - timedelta(days=1), 70_000, "USD"))  # before it
        facts.payment(Told("P1", 2, later, ON), Money("L2", ON, 33_333, "USD"))
        facts.payment(Told("P2", 2, later, ON), Money("L2", ON, 3, "USD"))
    lines = commission.earned(opened.connection, "north", ON, ON)
    assert [(one.payment_id, one.amount, one.earned) for one in lines] == [("P1", 33_333, 8_333), ("P2", 3, 0)]
    placing.recall(opened, replace(who, at=AT + timedelta(days=2), on=ON + timedelta(days=2)), "why", "true")
    third = AT + timedelta(days=3)
    with facts.locked(2):
        facts.payment(Told("P3", 2, third, ON + timedelta(days=3)), Money("L2", ON + timedelta(days=3), 500, "USD"))
        back = Money("L2", ON + timedelta(days=3), 33_333, "USD", "P1")
        facts.payment(Told("R1", 2, third, ON + timedelta(days=3)), back)
    lines = commission.earned(opened.connection, "north", ON, ON + timedelta(days=9))
    assert commission.totals(lines) == {"USD": (3, 0)}
    assert [(one.payment_id, one.earned) for one in lines][-1] == ("R1", -8_333)


def test_a_file_that_was_broken_off_after_some_lines_is_read_again_and_nothing_is_doubled(
    opened: Opened, placed: dict[str, Agency], monkeypatch: pytest.MonkeyPatch
) -> None:
    north, at = placed["north"], AT + timedelta(hours=3)
    lines = [call(f"c{place}", number(opened, "L2"), at - timedelta(minutes=place)) for place in range(4)]
    hand_in(north, "a.csv", lines)
    take = taking._Register.take

    def killed(self: taking._Register, report: Report) -> tuple[bool, bool]:
        if report.report_id == "c2":
            raise KeyboardInterrupt
        return take(self, report)

    with monkeypatch.context() as patch:
        patch.setattr(taking._Register, "take", killed)
        with pytest.raises(KeyboardInterrupt):
            take_in(opened, north, at)
    assert read(opened.connection, "SELECT count(*) FROM contacts WHERE made_by = 'north'") == [(2,)]
    assert take_in(opened, north, at) == [Taken("a.csv", new=2, known=2)]
    assert read(opened.connection, "SELECT count(*) FROM contacts WHERE made_by = 'north'") == [(4,)]


def test_the_rate_of_an_agency_is_of_what_came_in_within_the_window(opened: Opened, placed: dict[str, Agency]) -> None:
    facts = Facts(opened.connection, opened.ring, "test")
    for name, day, amount in (("P1", 0, 20_000), ("P2", 90, 5_000), ("P3", 91, 70_000), ("P4", 3, 9_000)):
        told = Told(name, 2, AT + timedelta(days=day, minutes=1), ON + timedelta(days=day))
        with facts.locked(2):
            facts.payment(told, Money("L2", ON + timedelta(days=day), amount, "USD"))
    with facts.locked(2):
        back = Told("R4", 2, AT + timedelta(days=95), ON + timedelta(days=95))
        facts.payment(back, Money("L2", ON + timedelta(days=95), 9_000, "USD", "P4"))
    assert performance.accounts(opened.connection, ON + timedelta(days=89)) == [], "the window is not over"
    found = {one.agency: one for one in performance.accounts(opened.connection, ON + timedelta(days=100))}
    owed = 1_320_100  # 11 × 1,025.00 and 906.00 of penalty are overdue, and 1,020.00 not due: see the stories
    assert found["north"] == performance.Account("north", ("US", 2, 3), owed, 25_000)
    assert (found["huadong"].segment, found["huadong"].recovered) == (("CN", 2, 3), 0)
    assert set(placed) == {"north", "huadong"}


@pytest.mark.usefixtures("agencies")
def test_in_china_an_agency_may_call_while_it_is_engaged_and_neither_before_nor_after(
    opened: Opened, office: Office, who: Who
) -> None:
    """PIPL art. 21: on the lender's data an agency works only while the lender has engaged it."""
    judge, at = opened.deciding._gate, datetime.fromisoformat("2026-11-23T15:00:00+08:00")
    told = {"by": "huadong", "collector.role": "agency"}
    before = is_permitted(judge, 1, at, "Asia/Shanghai", **told)
    decided(opened, Kind.AGENCY, ["L1"], who)
    placing.place(office, who)
    engaged = is_permitted(judge, 1, at, "Asia/Shanghai", **told)
    placing.recall(opened, who, "paid")
    after = is_permitted(judge, 1, at, "Asia/Shanghai", **told)
    assert before == (False, ("law:cn.pipl.agency.lender-agrees",))
    assert engaged == (True, ())
    assert after == (False, ("law:cn.pipl.agency.contract-over",))
