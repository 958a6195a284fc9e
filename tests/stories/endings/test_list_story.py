"""The register of Demonstria from decision to removal, and what happens in China and the United States in its place.

The stories are in list-xd.txt, list-cn.txt and list-us.txt, as they were told when a person last read them; with
DUECOURSE_TELL=1 they are written anew, to be read.

By hand: notice on 20 November 2026, so that the window ends thirty days later on 20 December; entered on the 21st for
two years, to 21 December 2028; paid on 10 January 2027, to be out three days later, by the 13th. Eleven instalments of
102,000 cents (100,000 of principal, 2,000 of interest) fell due from 5 January to 5 November: 1,122,000. Once the three
days of grace are over each bears a fee of 500 (5,500) and 5 parts in 10,000 of its principal a day, 50 cents: by 20
November 316, 285, 257, 226, 196, 165, 135, 104, 73, 43 and 12 days, 1,812 together, are 90,600. In all 12,181.00. An
entry never names more than the notice did, so that it is the same a month later.
"""

import json
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from duecourse.day.facts import Facts, Money
from duecourse.documents.pdf import shown_money
from duecourse.endings import moving
from duecourse.endings.deciding import Said
from duecourse.endings.history import told as history_of
from duecourse.endings.listing.courts import Judgment, application, reasons
from duecourse.endings.listing.notices import notice
from duecourse.endings.moving import Move, Moving
from duecourse.kernel.errors import DueCourseError
from duecourse.store.endings import Kind
from tests.day.cases import told
from tests.documents.samples import read as read_pdf
from tests.endings.cases import BOSS, OTHER, decided
from tests.endings.listing.cases import AFTER, DECIDED, HEAD, UNTIL, House, Reader, who
from tests.endings.listing.conftest import house, law, office

__all__ = ["house", "law", "office"]

HERE = Path(__file__).parent
PAID = date(2027, 1, 10)
COMPLIANCE = "q-law"


@dataclass
class Story:
    """What is told, line by line."""

    name: str
    lines: list[str] = field(default_factory=list)

    def tell(self, on: date, line: str) -> None:
        self.lines.append(f"{on}  {line}")

    def said(self, on: date, what: str, said: list[Said]) -> None:
        for one in said:
            self.tell(on, f"{what} of loan {one.loan_id}: {'yes' if one.is_done else 'no: ' + ', '.join(one.reasons)}")

    def compare(self) -> None:
        path = HERE / f"list-{self.name}.txt"
        text = "\n".join(self.lines) + "\n"
        if os.environ.get("DUECOURSE_TELL"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")


def _asks(story: Story, house: House, reader: Reader, number: int, on: date, hour: int = 10) -> None:
    asked = replace(who("reader", on), at=datetime(on.year, on.month, on.day, hour, tzinfo=UTC))
    found = reader.ask(house.readers, number, asked)
    bodies = [json.loads(one.body) for one in found.entries]
    answer = "; ".join(
        f"{one['ground']}, proved by {one['evidence']}, {shown_money(one['amount'], one['currency'])},"
        f" until {one['ends_on']}"
        for one in bodies
    )
    story.tell(on, f"{reader.name} looks B{number} up for a credit application: {found.refused or answer or 'nothing'}")


def _takes_in(story: Story, house: House, reader: Reader, on: date) -> None:
    what = reader.catch_up(house.readers, who("reader", on))
    story.tell(on, f"{reader.name} takes the feed in and signs for it: {', '.join(what)}")


def test_the_register_of_demonstria_from_decision_to_removal(house: House) -> None:
    story, second = Story("xd"), who(OTHER, AFTER)
    readers = [house.reader("bank-b"), house.reader("bank-c")]
    for loan in ("L1", "L2"):
        story.said(DECIDED, f"{BOSS} decides an entry (able_but_refuses, proved by signed)", house.decided(loan))
        ending = house.ending(loan)
        story.said(DECIDED, f"{BOSS} gives notice", house.register.notice([ending.number], who(BOSS, DECIDED)))
        paper = read_pdf(notice(house.opened, house.ending(loan), HEAD))
        story.tell(DECIDED, f"letter: {paper[paper.index('we intend') : paper.index('If you cannot pay')].strip()}")
    _asks(story, house, readers[0], 1, DECIDED)
    for loan, is_upheld, why in (("L1", False, "the paper is his"), ("L2", True, "the signature is another's")):
        house.register.object(house.ending(loan), who("portal", UNTIL))
        story.tell(UNTIL, f"the debtor of loan {loan} objects, on the last day")
        story.said(AFTER, f"{OTHER} enters", house.register.enter([house.ending(loan).number], second))
        house.register.answer(house.ending(loan), who(COMPLIANCE, AFTER), why, is_upheld=is_upheld)
        story.tell(AFTER, f"{COMPLIANCE} answers: {'upheld' if is_upheld else 'unfounded'}: {why}")
    ending = house.ending("L1")
    story.said(AFTER, f"{BOSS}, who decided it, enters", house.register.enter([ending.number], who(BOSS, AFTER)))
    story.said(AFTER, f"{OTHER} enters", house.register.enter([ending.number], second))
    for reader in readers:
        _takes_in(story, house, reader, AFTER)
    _asks(story, house, readers[0], 1, AFTER)
    _asks(story, house, readers[1], 2, AFTER)
    _asks(story, house, Reader("stranger", house.key), 1, AFTER)
    house.register.correct(house.ending("L1"), second, "the fees were waived", amount=1_100_000)
    story.tell(AFTER, f"{OTHER} corrects the amount to {shown_money(1_100_000, 'USD')}: the fees were waived")
    for reader in readers:
        _takes_in(story, house, reader, AFTER)
    _asks(story, house, readers[1], 1, AFTER, 11)
    _paid(story, house)
    for reader in readers:
        _takes_in(story, house, reader, PAID)
    _asks(story, house, readers[0], 1, PAID)
    for seen in house.readers.shown_to("B1"):
        line = f"shown to B1: {seen.reader}, {seen.at:%Y-%m-%d %H:%M}, {seen.purpose}"
        story.tell(PAID, f"{line}: {seen.refused or f'{seen.told} told'}")
    for one in (*history_of(house.opened.connection, "L1"), *history_of(house.opened.connection, "L2")):
        story.tell(PAID, f"ending {one['number']}: {' > '.join(step['state'] for step in one['steps'])}")
    story.compare()


def _paid(story: Story, house: House) -> None:
    facts = Facts(house.opened.connection, house.opened.ring, "test")
    with facts.locked(1):
        facts.payment(replace(told("p1", 1), at=who(BOSS, PAID).at, on=PAID), Money("L1", PAID, 3_000_000, "USD"))
    (due,) = house.register.due(PAID)
    story.tell(PAID, f"loan L1 is paid: the entry must go ({due.why}), by {due.by} at the latest")
    story.said(PAID, f"{OTHER} takes out what is due", house.register.sweep(who(OTHER, PAID)))


def _judgment(found: str | None) -> Judgment:
    return Judgment(
        "上海市浦东新区人民法院", "（2026）沪0115民初1号", date(2026, 1, 12), date(2026, 2, 2), 2_000_000,
        "（2026）沪0115执1号", found, date(2026, 3, 5) if found else None,
    )  # fmt: skip


def test_in_china_the_register_is_closed_and_the_courts_list_needs_a_judgment(house: House) -> None:
    story = Story("cn")
    story.said(DECIDED, "an entry in the lenders' register", house.decided("L3"))
    wanted = house.opened.deciding.wanted(["L3"])
    said = house.opened.deciding.decide(Kind.LIST, wanted, who(BOSS, DECIDED))
    story.said(DECIDED, "the act `list`, while nothing was judged", said)
    days = [(date(2026, 1, 20), None), (date(2026, 2, 26), None), (date(2026, 3, 10), "able_but_refuses")]
    _tried(story, house, days[2:])
    (suit,) = decided(house.opened, Kind.SUIT, ["L3"], who(BOSS, DECIDED))
    for state in ("packed", "filed", "judged"):
        Moving(house.opened.connection, house.opened.ring).move([Move(suit, state)], who(BOSS, DECIDED))
        (suit,) = moving.read(house.opened.connection, "e.id = %s", [suit.number])
    story.tell(date(2026, 1, 12), "the suit is judged: 20,000 yuan, to be performed by 2 February 2026")
    _tried(story, house, days)
    at = datetime(2026, 3, 10, 2, tzinfo=UTC)
    lender = ("港湾小额贷款有限公司", "上海市世纪大道1号")
    paper = read_pdf(application(house.opened, house.law, "L3", _judgment("able_but_refuses"), at, lender))
    story.tell(date(2026, 3, 10), f"paper: {paper[paper.index('申请人：') :].strip()}")
    story.compare()


def _tried(story: Story, house: House, days: list[tuple[date, str | None]]) -> None:
    for on, found in days:
        at = datetime(on.year, on.month, on.day, 2, tzinfo=UTC)
        refused = reasons(house.opened, house.law, "L3", _judgment(found), at)
        what = f"application to the court, which has found {found or 'nothing yet'}"
        story.tell(on, f"{what}: {'no: ' + ', '.join(refused) if refused else 'yes'}")


def test_in_the_united_states_there_is_neither_register_nor_list(house: House) -> None:
    story = Story("us")
    story.said(DECIDED, "an entry in the lenders' register", house.decided("L4"))
    at = datetime(2026, 3, 10, 2, tzinfo=UTC)
    told_why = reasons(house.opened, house.law, "L4", _judgment("able_but_refuses"), at)
    story.tell(date(2026, 3, 10), f"application to a court's list: no: {', '.join(told_why)}")
    with pytest.raises(DueCourseError, match="no_list_here"):
        application(house.opened, house.law, "L4", _judgment("able_but_refuses"), at, ("Harbour Lending",))
    story.compare()
