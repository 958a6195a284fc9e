"""A report in each country, from the notice to the day on which it is gone: furnish-us.txt and furnish-cn.txt.

The loan has twelve instalments of 1,000.00 with 20.00 of interest, due on the 5th of each month of 2026. Worked out by
hand for 20 November: 11 late fees of 5.00, penalty interest of 0.05% a day on 1,000.00 from the fourth day late for
1,812 days = 906.00; 12 × 1,020.00 + 55.00 + 906.00 = 13,201.00. For 20 December: eleven instalments 30 days more, the
twelfth 12 days that count: 342 days = 171.00, and one more fee: 13,201.00 + 171.00 + 5.00 = 13,377.00. Metro 2 says
whole dollars. 5 January 2026 and 180 days is 4 July 2026, seven years on 4 July 2033 (15 USC 1681c(c)(1)). Paid on 10
January 2027, five years are full on 10 January 2032 (征信业管理条例 art 16); an objection of 25 November is answered
by 15 December (art 25). With DUECOURSE_TELL=1 the stories are written anew.
"""

import json
import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from duecourse.day.facts import Facts, Money, Told
from duecourse.endings import moving
from duecourse.endings.furnish import files, month
from duecourse.endings.furnish.changes import Changes
from duecourse.endings.furnish.metro2_read import read as read_metro2
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Ending, Who
from duecourse.store.endings import Kind
from tests.day.cases import AT, read
from tests.endings.cases import BOSS, ON
from tests.endings.conftest import office, opened, who
from tests.endings.furnish.cases import SETTINGS, named, order

__all__ = ["office", "opened", "who"]

HERE = Path(__file__).parent
SHOWN = ("account", "status", "compliance", "balance", "past_due", "first_delinquency", "closed_on", "as_of")
GENERIC = ("loan_id", "status", "dispute", "balance", "past_due", "first_delinquency", "closed_on", "as_of")


class Story:
    """One loan at one bureau, told as it goes."""

    def __init__(self, office: Office, opened: Opened, folder: Path, loan: str) -> None:
        """Begin before anything was said to anybody."""
        self.office, self.opened, self.folder, self.loan = office, opened, folder, loan
        self.lines: list[str] = []

    def on(self, day: str, by: str = BOSS) -> Who:
        """Return somebody who does something on a day."""
        on = date.fromisoformat(day)
        return Who(by, AT + (on - ON), on)

    def say(self, day: str, line: str) -> None:
        self.lines.append(f"{day}  {line}")

    def ending(self) -> Ending:
        """Return the report as it stands."""
        (found,) = moving.read(self.opened.connection, "e.loan_id = %s AND e.kind = 'furnish'", [self.loan])
        return found

    def changes(self, who: Who) -> Changes:
        return Changes(self.opened, self.office.law, who)

    def decide(self, day: str) -> None:
        deciding = self.opened.deciding
        (said,) = deciding.decide(Kind.FURNISH, deciding.wanted([self.loan]), self.on(day), why="long overdue")
        self.say(day, f"{BOSS} decides to report: {'done' if said.is_done else 'refused, ' + ', '.join(said.reasons)}")

    def run(self, day: str, name: str) -> None:
        """Run a month, and tell what its file says of the loan."""
        ran = month.run(self.office, order(self.on(day), name))
        for reasons in ran.left_out.values():
            self.say(day, f"run {name}: left out: {', '.join(reasons)}")
        paths = [one for one in files.write(self.opened, name, SETTINGS, self.folder) if "schema" not in one.name]
        for path in paths:
            if path.suffix == ".metro2":
                rows = [one.base for one in read_metro2(path.read_text(encoding="utf-8")).accounts]
                names = SHOWN
            elif path.suffix == ".json":
                rows, names = json.loads(path.read_text(encoding="utf-8"))["records"], GENERIC
            else:
                continue
            for row in rows:
                said = ", ".join(f"{name} {row[name] if row[name] not in {None, ''} else '-'}" for name in names)
                self.say(day, f"run {name}, {path.name}: {said}")
        self.say(day, f"the report is {self.ending().state}")

    def pay(self, day: str, amount: int, currency: str) -> None:
        who, borrower = self.on(day), self.ending().borrower
        facts = Facts(self.opened.connection, self.opened.ring, "story")
        with facts.locked(borrower):
            facts.payment(Told("paid", borrower, who.at, who.on), Money(self.loan, who.on, amount, currency))
        self.say(day, "the borrower pays all of it")

    def object(self, day: str) -> None:
        by = self.changes(self.on(day)).dispute(self.ending(), "D-1", "I paid in March")
        self.say(day, f"the borrower disputes the report; {f'answer by {by}' if by else 'no day in the rulebook'}")

    def answer(self, day: str) -> None:
        self.changes(self.on(day, "q-law")).correct(self.ending(), "rejected", "no payment of March is known")
        self.say(day, "q-law answers: rejected, no payment of March is known")

    def end(self, day: str, name: str) -> None:
        """Delete what is due, tell the events, and hold all to the file."""
        who = self.on(day)
        early = self.changes(self.on(str(who.on - timedelta(days=1)))).due(who.on - timedelta(days=1))
        due = self.changes(who).due(who.on)
        self.say(day, f"the day before nothing was due; today: {', '.join(str(one.goes_on) for one in due)}")
        assert not early
        self.changes(who).delete([one.ending for one in due], "its time is over")
        self.run(day, f"{who.on:%Y-%m}")
        events = read(self.opened.connection, "SELECT happened_on, kind FROM events ORDER BY id")
        self.lines += ["", "What the law sees of it:", *(f"{on}  {kind}" for on, kind in events)]
        told = "\n".join(self.lines) + "\n"
        if os.environ.get("DUECOURSE_TELL"):
            (HERE / name).write_text(told, encoding="utf-8")
        assert told == (HERE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("loan", "country", "currency"), [("L2", "us", "USD"), ("L1", "cn", "CNY")])
def test_a_report_from_its_notice_to_its_end(
    office: Office, opened: Opened, tmp_path: Path, loan: str, country: str, currency: str
) -> None:
    named(opened)
    story = Story(office, opened, tmp_path, loan)
    if country == "cn":
        with opened.connection.transaction():  # the law of China counts a loan as overdue from its last due day
            opened.connection.execute("UPDATE case_loan SET last_due_on = '2026-10-05' WHERE loan_id = 'L1'")
        story.decide("2026-11-01")
    story.changes(story.on("2026-11-02")).notice(loan, date(2026, 11, 2))
    story.say("2026-11-02", "the notice of an adverse report is served; nobody knows yet whether it arrives")
    story.decide("2026-11-10")
    story.run("2026-11-10", "2026-11")
    story.run("2026-11-20", "2026-11-2")
    story.object("2026-11-25")
    story.run("2026-11-30", "2026-11-3")
    story.answer("2026-12-10")
    story.run("2026-12-20", "2026-12")
    story.pay("2027-01-10", 2_000_000, currency)
    story.run("2027-01-20", "2027-01")
    story.end("2033-07-04" if country == "us" else "2032-01-10", f"furnish-{country}.txt")
