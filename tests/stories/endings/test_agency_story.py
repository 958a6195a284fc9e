"""A placement in each country, from the decision to the agency's commission: agency-us.txt and agency-cn.txt.

The loan has twelve instalments of 1,000.00 with 20.00 of interest, due on the 5th of each month of 2026; eleven are
overdue on 20 November. Worked out by hand: 11 × (1,000.00 + 20.00 + 5.00 late fee) = 11,275.00; penalty interest of
0.05% a day on 1,000.00 from the fourth day late for 316 + 285 + 257 + 226 + 196 + 165 + 135 + 104 + 73 + 43 + 12 days
= 1,812 days = 906.00; so 12,181.00 is overdue. With the last instalment, which is not due, 13,201.00 is owed. Of 333.33
a commission of 25% is 83.3325, rounded down 83.33; of 200.00 it is 50.00; of 5,000.00 one of 20% is 1,000.00. With
DUECOURSE_TELL=1 the stories are written anew.
"""

import os
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from duecourse.day.asking import Asked, Window
from duecourse.day.facts import Facts, Money, Told
from duecourse.day.gate import VALID
from duecourse.documents.pdf import shown_money
from duecourse.endings import moving
from duecourse.endings.agency import commission, placing, register, terms
from duecourse.endings.agency.register import Agency
from duecourse.endings.agency.sending import send
from duecourse.endings.agency.taking import take_in
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Ending, Who
from duecourse.store.endings import Kind
from tests.day.cases import CONTENT, read
from tests.endings.agency.test_files import hand_in
from tests.endings.cases import BOSS
from tests.endings.conftest import office, opened, who
from tests.house.tree import ROOT

__all__ = ["office", "opened", "who"]

HERE = Path(__file__).parent


class Lines(list[str]):
    """The lines of a story, each with its day."""

    def say(self, at: datetime | date, line: str) -> None:
        self.append(f"{at:%Y-%m-%d}  {line}")

    def end(self, name: str) -> None:
        text = "\n".join(self) + "\n"
        if os.environ.get("DUECOURSE_TELL"):
            (HERE / name).write_text(text, encoding="utf-8")
        assert text == (HERE / name).read_text(encoding="utf-8")


class Story:
    """One loan at one agency, told as it goes."""

    def __init__(self, office: Office, opened: Opened, folder: Path, loan: str, zone: str) -> None:
        """Begin on the day of the store's plan."""
        self.office, self.opened, self.folder, self.loan, self.zone = office, opened, folder, loan, zone
        self.lines, self.borrower = Lines(), int(loan.removeprefix("L"))
        self.facts = Facts(opened.connection, opened.ring, "bank")

    def ending(self) -> Ending:
        (one,) = moving.read(self.opened.connection, "e.loan_id = %s", [self.loan])
        return one

    def agency(self, name: str) -> Agency:
        return register.one(self.opened.connection, name)

    def add(self, who: Who) -> None:
        found = {
            name: one.model_copy(update={"folder": str(self.folder / name)})
            for name, one in terms.read(ROOT / "examples" / "agencies.toml").items()
            if name != "west"
        }
        new = register.add(self.opened.connection, found, who)
        self.lines.say(who.on, f"{who.by} adds the agencies {', '.join(new)}.")

    def decide(self, who: Who, why: str, *loans: str) -> None:
        deciding = self.opened.deciding
        for one in deciding.decide(Kind.AGENCY, deciding.wanted(loans), who, why=why):
            self.lines.say(who.on, f"{who.by} decides that loan {one.loan_id} goes to an agency: {why}.")

    def place(self, who: Who) -> None:
        for one in placing.place(self.office, who):
            if not one.is_done:
                self.lines.say(who.on, f"Loan {one.loan_id} is held back: {', '.join(one.reasons)}.")
                continue
            details = self.ending().details
            owed, overdue = (shown_money(details[name], details["currency"]) for name in ("owed", "overdue"))
            self.lines.say(
                who.on,
                f"Loan {one.loan_id} is placed with {details['agency']} until {details['until']}: {owed} is owed,"
                f" {overdue} of it overdue, for {details['days_past_due']} days; commission"
                f" {details['commission_ppm']:,} ppm.",
            )

    def send(self, name: str, who: Who) -> None:
        for file in send(self.opened, self.agency(name), who):
            text = (self.folder / name / "out" / file.name).read_text(encoding="utf-8").splitlines()
            self.lines.say(who.on, f"File for {name}: {file.name}")
            self.lines += [f"            {line}" for line in text]

    def hand_in(self, name: str, file: str, now: datetime, lines: list[dict[str, Any]]) -> None:
        number = self.ending().number
        hand_in(self.agency(name), file, [{"placement": number, **line} for line in lines])
        for taken in take_in(self.opened, self.agency(name), now):
            told = ", ".join(f"{line['what']} {line['id']}" for line in lines)
            said = f"{taken.new} new, {taken.known} known, {len(taken.bad)} wrong, {taken.late} too late"
            self.lines.say(now, f"{name} tells ({taken.name}): {told}. Taken in: {said}.")

    def call(self, caller: str, at: datetime, **told: Any) -> None:
        asked = Asked(self.borrower, "contact", "call", "collection", (self.loan,), CONTENT, "call", told=told)
        window = Window.of(at, VALID, self.zone, "UTC")
        (said,) = self.opened.deciding._gate.judged([asked], [window])
        verdict = "permits it" if said.is_permitted else f"refuses it: {', '.join(said.reasons)}"
        self.lines.say(at, f"May {caller} call now ({at:%H:%M})? The law {verdict}.")

    def pay(self, payment: str, on: date, amount: int, currency: str) -> None:
        at = datetime.fromisoformat(f"{on}T09:00:00+00:00")
        with self.facts.locked(self.borrower):
            money = Money(self.loan, on, amount, currency)
            self.facts.payment(Told(payment, self.borrower, at, on), money)
        self.lines.say(on, f"The bank books {shown_money(amount, currency)} for loan {self.loan} ({payment}).")

    def commission(self, name: str, first: date, last: date) -> None:
        lines = commission.earned(self.opened.connection, name, first, last)
        for one in lines:
            paid, earned = shown_money(one.amount, one.currency), shown_money(one.earned, one.currency)
            self.lines.say(one.on, f"{name} earns {earned} of {paid} ({one.payment_id}).")
        for currency, (amount, earned_in_all) in commission.totals(lines).items():
            both = f"{shown_money(earned_in_all, currency)} of {shown_money(amount, currency)}"
            self.lines.say(last, f"Commission of {name} from {first}: {both}.")

    def states(self) -> None:
        rows = read(
            self.opened.connection,
            'SELECT t.on_day, t.state, t."by", t.why FROM ending_step t JOIN ending e ON e.id = t.ending_no'
            " WHERE e.loan_id = %s ORDER BY t.id",
            self.loan,
        )
        for on, state, by, why in rows:
            self.lines.append(f"            {on}  {state} by {by}{f': {why}' if why else ''}")
        events = read(self.opened.connection, "SELECT happened_on, kind FROM events WHERE loan_id = %s", self.loan)
        self.lines.append(f"            the law sees: {', '.join(f'{kind} on {on}' for on, kind in sorted(events))}")


def on_day(who: Who, at: datetime) -> Who:
    return replace(who, at=at, on=at.date())


def called(report: str, at: datetime, outcome: str) -> dict[str, Any]:
    return {"id": report, "what": "contact", "at": at.isoformat(), "channel": "call", "outcome": outcome}


@pytest.fixture
def boss(who: Who) -> Who:
    return replace(who, by=BOSS)


def test_a_placement_in_california(office: Office, opened: Opened, boss: Who, tmp_path: Path) -> None:
    story = Story(office, opened, tmp_path, "L2", "America/Los_Angeles")
    story.add(boss)
    story.decide(boss, "no answer for three months", "L2", "L4")
    with story.facts.locked(4):
        story.facts.hold(Told("H4", 4, boss.at, boss.on), "dispute", "L4")
    story.lines.say(boss.on, "The borrower of loan L4 disputes it.")
    story.place(boss)
    story.send("north", boss)
    noon = datetime.fromisoformat("2026-11-27T12:00:00-08:00")
    calls = [called(f"C{7 - day}", noon - timedelta(days=day), "ring_out") for day in range(6, -1, -1)]
    story.hand_in("north", "week.csv", noon, calls)
    later = noon + timedelta(hours=2)
    story.call("north", later, **{"by": "north", "collector.role": "agency"})
    third = datetime.fromisoformat("2026-12-03T12:00:00-08:00")
    paid = {"what": "payment", "at": third.isoformat(), "amount": 33_333, "currency": "USD", "on": "2026-12-03"}
    story.hand_in("north", "paid.csv", third, [{"id": "P1", **paid}])
    story.hand_in("north", "paid-again.csv", third, [{"id": "P1", **paid}])
    story.pay("BANK-7", date(2026, 12, 4), 20_000, "USD")
    story.send("north", on_day(boss, datetime.fromisoformat("2026-12-04T20:00:00+00:00")))
    tenth = datetime.fromisoformat("2026-12-10T12:00:00-08:00")
    story.hand_in("north", "says.csv", tenth, [{"id": "D1", "what": "dispute", "at": tenth.isoformat()}])
    story.send("north", on_day(boss, tenth))
    gone = on_day(boss, tenth + timedelta(days=1))
    placing.recall(opened, gone, "the debt is disputed", "e.loan_id = 'L2'")
    story.lines.say(gone.on, f"{gone.by} recalls loan L2: the debt is disputed.")
    story.send("north", gone)
    story.commission("north", date(2026, 11, 20), date(2026, 12, 31))
    story.states()
    story.lines.end("agency-us.txt")


def test_a_placement_in_china(office: Office, opened: Opened, boss: Who, tmp_path: Path) -> None:
    story = Story(office, opened, tmp_path, "L1", "Asia/Shanghai")
    story.add(boss)
    story.decide(boss, "逾期超过三百日", "L1")
    story.place(boss)
    story.send("huadong", boss)
    at = datetime.fromisoformat("2026-11-23T15:00:00+08:00")
    talks = [called(f"T{3 - hours}", at - timedelta(hours=hours), "conversation") for hours in (2, 1)]
    story.hand_in("huadong", "talks.csv", at, talks)
    story.call("the lender", at)
    story.hand_in("huadong", "third.csv", at, [called("T3", at, "conversation")])
    story.call("the lender", at + timedelta(hours=1))
    story.call("the lender", at + timedelta(hours=24))
    fifth = datetime.fromisoformat("2026-12-05T10:00:00+08:00")
    paid = {"what": "payment", "at": fifth.isoformat(), "amount": 500_000, "currency": "CNY", "on": "2026-12-05"}
    story.hand_in("huadong", "paid.csv", fifth, [{"id": "P1", **paid}])
    last = on_day(boss, datetime.fromisoformat("2027-02-18T12:00:00+00:00"))
    story.lines.say(last.on, f"The last day of the term: {len(placing.end_terms(opened, last))} placements end.")
    after = on_day(boss, datetime.fromisoformat("2027-02-19T12:00:00+00:00"))
    story.lines.say(after.on, f"The day after: {len(placing.end_terms(opened, after))} placement ends.")
    story.send("huadong", after)
    late = datetime.fromisoformat("2027-02-20T10:00:00+08:00")
    story.hand_in("huadong", "late.csv", late, [called("T4", late, "ring_out")])
    story.pay("BANK-9", date(2027, 2, 22), 100_000, "CNY")
    story.commission("huadong", date(2026, 11, 20), date(2027, 2, 28))
    story.states()
    story.lines.end("agency-cn.txt")
