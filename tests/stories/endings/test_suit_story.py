"""A suit in China and one in California, from the decision to the last payment, told day by day.

The stories are in suit-cn.txt and suit-us.txt, as they were told when a person last read them; with DUECOURSE_TELL=1
they are written anew, to be read.

Worked out by hand. Both loans: twelve instalments of 1,000.00 and 20.00 interest, due on the 5th of each month of 2026,
three days of grace, a late fee of 5.00 for each, a penalty of 0.05 % of the overdue principal a day after grace.
On 20 November eleven are due: principal 11,000.00, interest 220.00, late fees 55.00. The days since the ends of grace
are 1,812 in all, at 0.50 each: penalty 906.00. Due: 12,181.00; not due yet: 1,020.00; in all 13,201.00.

China. The fee for 12,181.00 is 50 + 2.5 % of 2,181.00 = 104.525; half of it 52.26, a third 34.84. The judgment of
8 January grants 11,961.00 (principal, penalty, fees) and 220.00 of interest, and the fee: 12,233.26, to be performed by
23 January. 0.0175 % a day of 11,961.00 is 2.093175: on 22 February, 30 days late, 62.80. 6,000.00 is paid that day. On
24 March, 30 days later, 5,961.00 are left of the money debt: 30 days of 1.043175 are 31.30 more; as one sum, rounded
once, 94.09. 12,233.26 + 94.09 - 6,000.00 = 6,327.35.

California. On the itemization date, 5 January, the debt was 12,000.00 and 240.00; 961.00 have come since. The judgment
of 8 February grants 12,181.00 and costs of 225.00: 12,406.00 at 5 % a year. 73 days to 22 April are a fifth of a year,
one hundredth: 124.06. In all 12,530.06.
"""

import os
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from bench.packs import add_addresses, supply
from duecourse.documents.pdf import shown_money
from duecourse.endings.deciding import Said
from duecourse.endings.history import told
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.endings.suit.court import Desk, Filing, Hearing, Judgment, calendar
from duecourse.endings.suit.evidence import Documents, needed
from duecourse.endings.suit.packing import PACK, Job, pack
from duecourse.endings.suit.settings import read
from duecourse.store.endings import Kind
from tests.endings.cases import BOSS
from tests.endings.conftest import office, opened
from tests.endings.suit.cases import SETTINGS, home, manifest, pay, suit
from tests.stories.endings import __file__ as here

__all__ = ["office", "opened"]


@dataclass
class Teller:
    """Drives one suit, and tells what happens."""

    office: Office
    opened: Opened
    job: Job
    loan: str
    on: date = date(2026, 11, 20)
    lines: list[str] = field(default_factory=list)

    @property
    def who(self) -> Who:
        return Who(BOSS, datetime.combine(self.on, time(1), tzinfo=self.opened_at.tzinfo), self.on)

    @property
    def opened_at(self) -> datetime:
        return datetime.fromisoformat("2026-11-20T01:00:00+00:00")

    @property
    def desk(self) -> Desk:
        return Desk(self.opened, self.office.law)

    def day(self, on: date) -> None:
        self.on = on
        self.say(f"\n{on}")

    def say(self, text: str) -> None:
        self.lines.append(text)

    def heard(self, what: str, said: Said) -> None:
        self.say(f"  {what}: {'done' if said.is_done else 'refused, ' + ', '.join(said.reasons)}; {self.state}")

    def money(self, amount: int) -> str:
        return shown_money(amount, "CNY" if self.loan == "L1" else "USD").replace("\u00a0", " ")

    @property
    def state(self) -> str:
        return f"the suit is {suit(self.opened, self.loan).state}"

    def packs(self) -> None:
        (found,) = pack(self.office, self.job, self.who)
        self.heard("packed", Said(0, found.loan_id, found.is_packed, found.reasons))

    def stands(self) -> None:
        found = self.desk.standing(suit(self.opened, self.loan), self.on)
        assert found
        granted = self.money(found.debt + found.interest + found.costs)
        self.say(
            f"  the judgment stands at {self.money(found.left)}: granted {granted}, late interest"
            f" {self.money(found.late)} ({found.by_rule}), paid {self.money(found.paid)}"
        )

    def ends(self) -> None:
        self.say("\nEvery step, as the borrower may read it")
        for step in told(self.opened.connection, self.loan)[0]["steps"]:
            self.say(f"  {step['on']} {step['state']} by {step['by']}: {step['why'] or '-'}")

    def compare(self, name: str) -> None:
        story, found = Path(here).with_name(name), "\n".join(self.lines) + "\n"
        if os.environ.get("DUECOURSE_TELL"):
            story.write_text(found, encoding="utf-8")
        assert found == story.read_text(encoding="utf-8")


@pytest.fixture
def teller(office: Office, opened: Opened, tmp_path: Path) -> Teller:
    add_addresses(office.place)
    documents = Documents.of(supply(tmp_path / "documents", range(1, 5)))
    return Teller(office, opened, Job("november", tmp_path / "packs", read(SETTINGS), documents), "L1")


def decide_and_pack(teller: Teller, country: str, missing: str) -> None:
    """Decide it, have it refused for a missing document, and pack it."""
    teller.day(teller.on)
    (said,) = teller.opened.deciding.decide(
        Kind.SUIT, teller.opened.deciding.wanted([teller.loan]), teller.who, why="no answer to any reminder"
    )
    teller.heard("decided", said)
    paper = teller.job.documents.folder / teller.loan / f"{missing}.pdf"
    held = paper.rename(paper.with_name(".not-there"))
    teller.packs()
    why = next(one["why"] for one in needed(country, is_bought=True) if one["kind"] == missing)
    teller.say(f"    {missing}: {why}")
    held.rename(paper)
    teller.packs()
    content = suit(teller.opened, teller.loan).details[PACK]
    for name, due, later, _ in content["amounts"]["rows"]:
        if due or later:
            teller.say(f"    {name}: due {teller.money(due)}, not due yet {teller.money(later)}")
    owed = teller.money(content["amounts"]["owed"])
    teller.say(f"    due {teller.money(content['claimed'])}, in all {owed}")
    for part in manifest(teller.job, teller.loan)["parts"]:
        teller.say(f"    {part['name']}")
    assert (home(teller.job, teller.loan) / "manifest.json").exists()


def test_a_suit_in_china(teller: Teller) -> None:
    teller.say("A suit in China: loan L1 of borrower B1, in Zhejiang, whose lender owns it.")
    decide_and_pack(teller, "CN", "service_address")
    law = suit(teller.opened, "L1").details[PACK]["law"]
    for name, what in (("fee", "court fee, simplified"), ("fee_payment_order", "court fee, payment order")):
        teller.say(f"    {what}: {teller.money(law[name]['value'])} ({law[name]['rule']})")
    teller.say(f"    last day to sue: {law['limitation']['value']} ({law['limitation']['rule']})")
    teller.day(date(2026, 11, 23))
    filing = Filing("(2026)浙0106民初1号", teller.on, 5_226)
    teller.heard("filed", teller.desk.file(suit(teller.opened, "L1"), filing, teller.who))
    teller.desk.hear(suit(teller.opened, "L1"), Hearing(date(2026, 12, 29), "09:30", "第三法庭"), teller.who)
    for one in calendar([suit(teller.opened, "L1")], teller.on):
        teller.say(f"    {one.on} {one.what}, {one.court}, {one.docket}")
    teller.day(date(2027, 1, 8))
    granted = Judgment(teller.on, 1_196_100, 22_000, 5_226, date(2027, 1, 23))
    teller.desk.judge(suit(teller.opened, "L1"), granted, teller.who)
    teller.say(f"  judged, to be performed by {granted.perform_by}; {teller.state}")
    teller.stands()
    teller.day(date(2027, 2, 22))
    teller.stands()
    teller.desk.enforce(suit(teller.opened, "L1"), "enforcement asked for", 0, teller.who)
    pay(teller.opened, "L1", 600_000, teller.on)
    teller.say(f"  a payment of {teller.money(600_000)}; {teller.state}")
    teller.day(date(2027, 3, 24))
    teller.stands()
    left = teller.desk.standing(suit(teller.opened, "L1"), teller.on)
    assert left
    assert (left.late, left.left) == (9_409, 632_735), "as worked out above"
    pay(teller.opened, "L1", left.left, teller.on, "p2")
    teller.stands()
    teller.desk.end(suit(teller.opened, "L1"), "paid", "paid in full", teller.who)
    teller.say(f"  {teller.state}")
    teller.ends()
    teller.compare("suit-cn.txt")


def test_a_suit_in_california(teller: Teller) -> None:
    teller = replace(teller, loan="L2")
    teller.say("A suit in California: loan L2 of borrower B2, which a debt buyer owns.")
    decide_and_pack(teller, "US", "assignment")
    since = suit(teller.opened, "L2").details[PACK]["since"]
    then, grown, now = (teller.money(sum(row[place] for row in since["rows"])) for place in (1, 2, 3))
    law = suit(teller.opened, "L2").details[PACK]["law"]
    teller.say(f"    last day to sue: {law['limitation']['value']} ({law['limitation']['rule']})")
    teller.say(f"    on the itemization date, {since['on']}: {then}; since then {grown}; now {now}")
    teller.say("  a court in Delaware, as if it were agreed upon:")
    courts = [one.model_copy(update={"region": "US-DE", "why": "agreed"}) for one in teller.job.suits.courts]
    elsewhere = replace(teller.job, run="delaware", suits=teller.job.suits.model_copy(update={"courts": courts[1:]}))
    (found,) = pack(teller.office, elsewhere, teller.who, ["L2"])
    teller.heard("packed", Said(0, found.loan_id, found.is_packed, found.reasons))
    teller.day(date(2026, 11, 23))
    filing = Filing("26CV000001", teller.on, 22_500)
    teller.heard("filed", teller.desk.file(suit(teller.opened, "L2"), filing, teller.who))
    teller.day(date(2027, 2, 8))
    granted = Judgment(teller.on, 1_218_100, 0, 22_500, teller.on, interest_ppm_year=50_000)
    teller.desk.judge(suit(teller.opened, "L2"), granted, teller.who)
    teller.say(f"  judged, interest of 5 % a year; {teller.state}")
    teller.stands()
    teller.day(teller.on + timedelta(days=73))
    teller.stands()
    left = teller.desk.standing(suit(teller.opened, "L2"), teller.on)
    assert left
    assert (left.late, left.left) == (12_406, 1_253_006), "as worked out above"
    pay(teller.opened, "L2", left.left, teller.on)
    teller.stands()
    teller.desk.end(suit(teller.opened, "L2"), "paid", "paid in full", teller.who)
    teller.say(f"  {teller.state}")
    teller.ends()
    teller.compare("suit-us.txt")
