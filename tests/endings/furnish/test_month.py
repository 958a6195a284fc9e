"""A month's run on a real server: what is reported, what is left out and why, and that nothing doubles or is lost."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from duecourse.day.facts import Facts, Money, Told
from duecourse.endings import moving
from duecourse.endings.furnish import files, month
from duecourse.endings.furnish.changes import Changes
from duecourse.endings.furnish.metro2_read import read as read_metro2
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Ending, Who
from duecourse.kernel.errors import DueCourseError
from duecourse.store.endings import Kind
from tests.day.cases import read
from tests.endings.cases import BOSS, ON, decided
from tests.endings.furnish.cases import SETTINGS, named, noticed, order

ALL = ["L1", "L2", "L3", "L4"]
OWED = 13_201  # 12 of 1,020.00, 11 late fees of 5.00, and 0.05% of 1,000.00 for 1,812 days that count


@pytest.fixture
def told(office: Office, opened: Opened, who: Who) -> list[Ending]:
    """Four loans that a person has decided to report, twenty days after the notices."""
    named(opened)
    noticed(office, opened, who, ALL)
    return decided(opened, Kind.FURNISH, ALL, who)


def _steps(opened: Opened) -> list[tuple[str, str, list[str] | None]]:
    rows = read(
        opened.connection,
        "SELECT e.loan_id, t.state, t.details->'left_out' FROM ending_step t JOIN ending e ON e.id = t.ending_no"
        " WHERE t.details ? 'in_run' ORDER BY e.loan_id, t.id",
    )
    return [(loan, state, reasons) for loan, state, reasons in rows]


def _matured(opened: Opened) -> None:
    """Have the last instalment fallen due: the law of China counts a loan as overdue from its last due day."""
    with opened.connection.transaction():
        opened.connection.execute(
            "UPDATE case_loan SET last_due_on = %s WHERE loan_id = 'L1'", [ON - timedelta(days=15)]
        )


def _ending(opened: Opened, loan: str) -> Ending:
    (one,) = moving.read(opened.connection, "e.loan_id = %s AND e.kind = 'furnish'", [loan])
    return one


@pytest.mark.usefixtures("told")
def test_a_month_is_reported_and_its_files_say_what_the_ledger_says(
    office: Office, opened: Opened, who: Who, tmp_path: Path
) -> None:
    ran = month.run(office, order(who))
    assert (ran.done, ran.left_out) == ({"reported": 4}, {})
    paths = files.write(opened, "2026-11", SETTINGS, tmp_path)
    assert [path.name for path in paths] == [
        "furnish-2026-11-cn.csv", "furnish-2026-11-cn.json", "furnish-2026-11-us.metro2", "furnish.schema.json",
    ]  # fmt: skip
    accounts = read_metro2(paths[2].read_text()).accounts
    assert [one.base["account"] for one in accounts] == ["L2", "L4"]
    assert all(one.base["balance"] == OWED and one.base["status"] == "93" for one in accounts)
    assert all(str(one.base["first_delinquency"]) == "2026-01-05" for one in accounts), "the first day not paid"
    records = json.loads(paths[1].read_text())["records"]
    assert [(one["loan_id"], one["status"], one["name"]) for one in records] == [
        ("L1", "84", "王芳"),
        ("L3", "84", "李娜"),
    ]
    assert read(opened.connection, "SELECT kind, count(*) FROM events GROUP BY 1") == [("furnished", 4)]


@pytest.mark.usefixtures("told")
def test_a_run_that_is_done_again_changes_nothing(office: Office, opened: Opened, who: Who, tmp_path: Path) -> None:
    month.run(office, order(who))
    first = [path.read_bytes() for path in files.write(opened, "2026-11", SETTINGS, tmp_path / "a")]
    again = month.run(office, order(replace(who, at=who.at + timedelta(hours=5))))
    assert (again.done, again.left_out) == ({}, {})
    assert [path.read_bytes() for path in files.write(opened, "2026-11", SETTINGS, tmp_path / "b")] == first
    assert len(_steps(opened)) == 4


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("where", ["reports", "commit", "file"])
def test_a_run_that_is_killed_is_completed_with_nothing_doubled_or_lost(
    office: Office, opened: Opened, who: Who, tmp_path: Path, where: str
) -> None:
    with opened.connection.transaction():  # one is left out, so that both sorts of step are written
        opened.connection.execute("DELETE FROM notices WHERE loan_id = 'L4'")
    command = [sys.executable, "-m", "tests.endings.furnish.killed", str(office.place.folder), str(tmp_path), where]
    ended = subprocess.run(command, check=False, timeout=60)  # noqa: S603  this very interpreter
    assert ended.returncode == -signal.SIGKILL
    assert not list(tmp_path.glob("furnish*")), "no file stands that is not whole"
    month.run(office, order(replace(who, at=who.at + timedelta(minutes=9))))
    paths = files.write(opened, "2026-11", SETTINGS, tmp_path)
    assert [(loan, state) for loan, state, _ in _steps(opened)] == [
        ("L1", "reported"), ("L2", "reported"), ("L3", "reported"), ("L4", "decided"),
    ]  # fmt: skip
    assert read(opened.connection, "SELECT count(*) FROM events WHERE kind = 'furnished'") == [(3,)]
    assert len(read_metro2(paths[2].read_text()).accounts) == 1


def test_each_line_that_fails_a_check_is_left_out_and_its_reason_is_kept(
    office: Office, opened: Opened, who: Who
) -> None:
    """L1 has no notice, L2's came back, L3's is of yesterday, L4's address has no ZIP: none of them is reported."""
    named(opened)
    noticed(office, opened, who, ["L1", "L2", "L4"])
    noticed(office, opened, who, ["L3"], days=1)
    decided(opened, Kind.FURNISH, ALL, who)
    with opened.connection.transaction():
        opened.connection.execute("DELETE FROM notices WHERE loan_id = 'L1'")
        opened.connection.execute(
            "INSERT INTO contacts (contact_id, borrower_no, channel, happened_at, happened_on, outcome, about)"
            " VALUES ('x', 2, 'letter', %s, %s, 'bounced', ARRAY['L2'])",
            [who.at, ON],
        )
        opened.connection.execute("UPDATE contact_point SET ended_at = now() WHERE person_id = 4 AND kind = 'address'")
    ran = month.run(office, order(who))
    assert ran.left_out == {
        "L1": ("check:notice_served", "check:wait_is_over"), "L2": ("check:notice_arrived",),
        "L3": ("check:wait_is_over",), "L4": ("check:identity_complete",),
    }  # fmt: skip
    assert ran.done == {}
    assert _steps(opened)[1] == ("L2", "decided", ["check:notice_arrived"])
    assert read(opened.connection, "SELECT count(*) FROM events WHERE kind = 'furnished'") == [(0,)]


@pytest.mark.usefixtures("told")
def test_a_hold_after_the_decision_leaves_it_out_with_the_gates_reason(
    office: Office, opened: Opened, who: Who
) -> None:
    facts = Facts(opened.connection, opened.ring, "test")
    with facts.locked(1):
        facts.hold(Told("h1", 1, who.at, who.on), "bankruptcy")
    ran = month.run(office, order(who))
    assert ran.left_out == {"L1": ("hold_bankruptcy",)}
    assert ran.done == {"reported": 3}


@pytest.mark.usefixtures("told")
def test_the_law_stops_a_report_that_it_permitted_when_it_was_decided(office: Office, opened: Opened, who: Who) -> None:
    """Case x-cn-adv-05 (征信业管理条例 art 15): no notice. 12 CFR 1006.30(a)(1): not spoken of, nor written."""
    _matured(opened)
    with opened.connection.transaction():
        opened.connection.execute("UPDATE notices SET kind = 'default_notice' WHERE loan_id = 'L1'")
        opened.connection.execute("DELETE FROM contacts WHERE borrower_no = 2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(month.__dict__, "failed", lambda _: ())  # the law stops it where no check does
        ran = month.run(office, order(who))
    assert ran.left_out == {
        "L1": ("law:cn.credit.adverse-notice.before-report",),
        "L2": ("law:us.regf.furnishing.speak-or-write-first",),
    }


def test_who_was_not_told_of_this_loan_is_not_decided_upon(opened: Opened, who: Who) -> None:
    """Cases x-cn-adv-04 and x-cn-adv-05: without a notice about this loan no report of it (征信业管理条例 art 15)."""
    _matured(opened)
    (said,) = opened.deciding.decide(Kind.FURNISH, opened.deciding.wanted(["L1"]), who)
    assert said.reasons == ("law:cn.credit.adverse-notice.before-report",)


@pytest.mark.usefixtures("told")
def test_what_is_paid_is_reported_as_paid_with_nothing_owed(
    office: Office, opened: Opened, who: Who, tmp_path: Path
) -> None:
    month.run(office, order(who))
    facts = Facts(opened.connection, opened.ring, "test")
    later = replace(who, at=who.at + timedelta(days=3), on=ON + timedelta(days=3))
    for borrower, loan, currency in ((1, "L1", "CNY"), (2, "L2", "USD")):
        with facts.locked(borrower):
            facts.payment(Told(f"p{borrower}", borrower, who.at, ON), Money(loan, ON, 3_000_000, currency))
    ran = month.run(office, order(later, "2026-12"))
    assert ran.left_out == {}
    paths = files.write(opened, "2026-12", SETTINGS, tmp_path)
    paid = next(one for one in json.loads(paths[1].read_text())["records"] if one["loan_id"] == "L1")
    assert (paid["status"], paid["balance"], paid["past_due"], paid["closed_on"]) == ("13", 0, 0, str(ON))
    bought = read_metro2(paths[2].read_text()).accounts[0].base
    assert (bought["status"], bought["balance"], bought["closed_on"]) == ("62", 0, ON)
    assert str(bought["first_delinquency"]) == "2026-01-05"


@pytest.mark.usefixtures("told")
def test_part_of_a_debt_paid_does_not_make_the_delinquency_younger(office: Office, opened: Opened, who: Who) -> None:
    """15 USC 1681c(c): two instalments are met, so the oldest unpaid one is of March; the record runs from January."""
    month.run(office, order(who))
    facts = Facts(opened.connection, opened.ring, "test")
    with facts.locked(1):
        facts.payment(Told("p1", 1, who.at, ON), Money("L1", ON, 400_000, "CNY"))
    month.run(office, order(who, "2026-12"))
    line = _ending(opened, "L1").details["line"]
    assert line["first_delinquency"] == "2026-01-05"
    assert line["balance"] < 12 * 102_000


@pytest.mark.usefixtures("told")
def test_a_disputed_report_says_nothing_new_but_the_mark_and_is_answered_by_compliance(
    office: Office, opened: Opened, who: Who, tmp_path: Path
) -> None:
    """征信业管理条例 art 25: twenty days to answer an objection of 20 November are over on 10 December."""
    month.run(office, order(who))
    before = _ending(opened, "L1").details["line"]
    answer_by = Changes(opened, office.law, who).dispute(_ending(opened, "L1"), "D-1", "I paid in cash")
    assert str(answer_by) == "2026-12-10"
    assert Changes(opened, office.law, who).dispute(_ending(opened, "L2"), "D-2", "not mine") is None
    ran = month.run(office, order(who, "2026-12"))
    assert ran.done == {"reported": 2, "disputed": 2}
    records = json.loads(files.write(opened, "2026-12", SETTINGS, tmp_path)[1].read_text())["records"]
    assert [(one["dispute"], one["balance"]) for one in records if one["loan_id"] == "L1"] == [
        ("XB", before["balance"])
    ]
    with pytest.raises(DueCourseError, match="somebody of compliance"):
        Changes(opened, office.law, who).correct(_ending(opened, "L1"), "rejected", "the receipt is of another loan")
    Changes(opened, office.law, replace(who, by="q-law", at=who.at + timedelta(hours=1))).correct(
        _ending(opened, "L1"), "rejected", "the receipt is of another loan"
    )
    later = replace(who, at=who.at + timedelta(days=2), on=ON + timedelta(days=2))  # the hold ends with its day
    month.run(office, order(later, "2026-12-2"))
    assert _ending(opened, "L1").details["line"]["compliance"] == "XH"
    assert (_ending(opened, "L1").state, _ending(opened, "L2").state) == ("reported", "disputed")


@pytest.mark.usefixtures("told")
def test_another_number_is_told_to_the_bureau_once(office: Office, opened: Opened, who: Who, tmp_path: Path) -> None:
    month.run(office, order(who))
    Changes(opened, office.law, who).renumber(_ending(opened, "L2"), "OLD-2")
    for run, number in (("2026-12", "OLD-2"), ("2027-01", "L2")):
        month.run(office, order(who, run))
        path = next(one for one in files.write(opened, run, SETTINGS, tmp_path) if one.suffix == ".metro2")
        assert read_metro2(path.read_text()).accounts[0].base["account"] == number


@pytest.mark.usefixtures("told")
def test_a_record_goes_on_the_day_that_the_law_gives_and_the_bureau_is_told_once(
    office: Office, opened: Opened, who: Who, tmp_path: Path
) -> None:
    """US: 5 January 2026 and 180 days is 4 July 2026, seven years on in 2033. China: five years from the payment."""
    month.run(office, order(who))
    facts = Facts(opened.connection, opened.ring, "test")
    with facts.locked(1):
        facts.payment(Told("p1", 1, who.at, ON), Money("L1", ON, 3_000_000, "CNY"))
    changes = Changes(opened, office.law, who)
    due = {one.ending.loan_id: str(one.goes_on) for one in changes.due(ON.replace(year=2040))}
    assert due == {"L1": "2031-11-20", "L2": "2033-07-04", "L4": "2033-07-04"}, "L3 is unpaid: its years have not begun"
    assert changes.due(ON) == []
    changes.delete([_ending(opened, "L2")], "its time is over")
    assert read(opened.connection, "SELECT loan_id FROM events WHERE kind = 'record_removed'") == [("L2",)]
    for run, accounts in (("2026-12", ["DA", "93"]), ("2027-01", ["93"])):
        month.run(office, order(who, run))
        path = next(one for one in files.write(opened, run, SETTINGS, tmp_path) if one.suffix == ".metro2")
        assert [one.base["status"] for one in read_metro2(path.read_text()).accounts] == accounts


@pytest.mark.usefixtures("told")
def test_an_account_is_not_taken_away_and_reported_anew_in_one_file(office: Office, opened: Opened, who: Who) -> None:
    month.run(office, order(who))
    Changes(opened, office.law, who).delete([_ending(opened, "L2")], "wrong amounts")
    decided(opened, Kind.FURNISH, ["L2"], who)
    ran = month.run(office, order(who, "2026-12"))
    assert ran.left_out == {"L2": ("check:account_told_apart",)}
    assert ran.done == {"reported": 3, "deleted": 1}
    assert month.run(office, order(who, "2026-12")).done == {}
    assert month.run(office, order(who, "2027-01")).done == {"reported": 4}


@pytest.mark.usefixtures("told")
def test_what_is_decided_after_a_run_began_waits_for_the_next(office: Office, opened: Opened, who: Who) -> None:
    with opened.connection.transaction():
        opened.connection.execute(
            "UPDATE ending SET decided_at = %s WHERE loan_id = 'L3'", [who.at + timedelta(hours=1)]
        )
    month.run(office, order(who))
    assert month.run(office, order(replace(who, at=who.at + timedelta(hours=2)))).done == {}
    assert month.run(office, order(replace(who, at=who.at + timedelta(hours=2)), "2026-12")).done == {"reported": 4}


def test_the_audit_chain_has_an_entry_for_each_report_and_each_that_is_left_out(
    office: Office, opened: Opened, told: list[Ending], who: Who
) -> None:
    with opened.connection.transaction():
        opened.connection.execute("DELETE FROM notices WHERE loan_id = 'L4'")
    month.run(office, order(who))
    rows = read(opened.connection, "SELECT kind, \"by\" FROM audit_entry WHERE kind LIKE 'furnish.%%' ORDER BY 1")
    assert len(told) == 4
    assert rows.count(("furnish.reported", BOSS)) == 3
    assert rows.count(("furnish.decided", BOSS)) == 5, "four decisions, and one that was left out"
