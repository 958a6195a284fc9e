"""An offer to settle, from the plan to the letter that nothing is owed any more, and one that lapses.

A loan of 12,000.00 in twelve instalments of 1,020.00 with interest, of which eleven have fallen due and none was paid
(bench.gate_store). What it owes on 20 November 2026, worked out by hand: 12,240.00 of instalments; eleven late fees of
5.00 are 55.00; and 0.05 per cent a day on each instalment's principal of 1,000.00 when the grace is over: the
instalments of 5 January to 5 November are 319, 288, 260, 229, 199, 168, 138, 107, 76, 46 and 15 days late, 1,845 days
together, less three days of grace each: 1,812 days, 906.00. In all 13,201.00. The strategy offers 60 per cent of it,
7,920.60.
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

import pytest

from bench.gate_store import ON
from duecourse.day.facts import Money, Told
from duecourse.day.money import settlements
from duecourse.day.money.when import When
from duecourse.day.waiving import Waiving
from duecourse.endings.settle import offering
from duecourse.store import staff
from duecourse.store.staff import Limited
from tests.day.cases import AT
from tests.day.field.conftest import House, house
from tests.documents.samples import dense, read
from tests.stories.endings.telling import told

__all__ = ["house"]

CENTS: Final = {"us": "USD", "cn": "CNY"}
WHOSE: Final = {"us": 2, "cn": 1}


def people(country: str) -> None:
    staff.add("root", "administrator", by=None, at=AT)
    for name, role in (("anna", "collector"), ("bert", "supervisor")):
        staff.add(name, role, by="root", at=AT)
    for role, most in (("collector", 100_000), ("supervisor", 1_000_000)):
        staff.set_limit(Limited(role, CENTS[country], ON, None, 0, most, 500_000), by="root", at=AT, on=ON)


def plan(house: House, borrower: int) -> None:
    with house.connection.transaction():
        house.connection.execute(
            """INSERT INTO planned_act (planned_on, borrower_no, act, treatment, template, purpose, demands,
                required, loans) VALUES (%s, %s, 'settle', 'settlement_offer',
                'settlement_offer', 'collection', true, false, %s)""",
            [ON, borrower, [f"L{borrower}"]],
        )


class Teller:
    """Tells of one loan what is asked, what it owes, and what stands in letters."""

    def __init__(self, house: House, country: str) -> None:
        self.house, self.country, self.borrower = house, country, WHOSE[country]
        self.loan, self.currency, self.lines = f"L{WHOSE[country]}", CENTS[country], list[str]()

    def say(self, on: date, line: str) -> None:
        self.lines.append(f"{on}  {line}")

    def money(self, amount: int) -> str:
        return f"{amount // 100:,}.{amount % 100:02} {self.currency}"

    def owed(self, on: date) -> int:
        amounts = offering._amounts(self.house.connection, [self.borrower], on)
        return amounts[self.loan]

    def letter(self, words: tuple[str, ...]) -> str:
        """Return the words of the last batch of letters that stand in its file to print."""
        self.house.carry_out("letter")
        shelf = self.house.hands.shelf("letter")
        batch = next(one.batch for one in shelf.standings() if not one.is_closed)
        done = shelf.close(batch, self.house.at)
        assert done.pieces == 1, done.left_out
        text = dense(read((shelf.batches.folder / batch / "print.pdf").read_bytes()))
        missing = [one for one in words if "".join(one.split()) not in text]
        assert not missing, "\n".join([*missing, *(text[i : i + 150] for i in range(0, len(text), 150))])
        return ", ".join(words)

    def pay(self, on: date, amount: int, payment_id: str) -> None:
        facts = self.house.facts
        with facts.locked(self.borrower):
            facts.payment(Told(payment_id, self.borrower, self.at(on), on), Money(self.loan, on, amount, self.currency))
        self.say(on, f"{self.money(amount)} arrive.")

    def at(self, on: date) -> datetime:
        return AT + timedelta(days=(on - ON).days)

    def close(self, on: date) -> None:
        """Look as the day does each morning."""
        self.house.at = self.at(on)
        found = settlements.close(self.house.connection, self.house.ring, When(self.house.at, on, "day"))
        for one in found:
            forgiven = "" if one.forgiven is None else f", {self.money(one.forgiven)} are forgiven"
            self.say(on, f"The offer is {one.state}{forgiven}; the loan owes {self.money(self.owed(on))}.")
        if not found:
            self.say(on, "The offer stands.")


def offered(house: House, country: str) -> Teller:
    """Offer as the plan proposes; beyond the collector's authority a supervisor grants it."""
    people(country)
    teller = Teller(house, country)
    plan(house, teller.borrower)
    teller.say(ON, f"The plan proposes to settle loan {teller.loan}, which owes {teller.money(teller.owed(ON))}.")
    waiving = Waiving(house.connection, house.ring)
    terms = offering.terms_of(house.strategy, 14)
    for _ in range(2):  # asked twice, it is one offer
        (one,) = offering.offer_planned(house.connection, waiving, "anna", (AT, ON), terms)
    assert one.amount is not None
    teller.say(ON, f"Anna asks to take {teller.money(one.amount)} by 4 December: {one.state}, above her authority.")
    assert offering.letters(house.connection, house.gate, house.strategy, AT, ON) == [], "nothing is in force yet"
    (waits,) = waiving.waiting(AT)
    teller.say(ON, f"Bert grants it: {waiving.decide('bert', waits.number, AT, ON).state}.")
    (decision,) = offering.letters(house.connection, house.gate, house.strategy, AT, ON)
    assert decision.is_permitted, decision.reasons
    words = {
        "us": ("We offer to end the whole debt for $7,920.60", "by December 4, 2026", "an attempt by a debt collector"),
        "cn": ("我们提议以¥7,920.60了结全部款项", "请于2026年12月4日前支付"),
    }[country]
    teller.say(ON, f"A letter leaves: {teller.letter(words)}.")
    return teller


@pytest.mark.parametrize("country", ["us", "cn"])
def test_an_offer_that_is_paid_ends_the_debt_in_writing(house: House, country: str) -> None:
    teller = offered(house, country)
    assert teller.owed(ON) == 1_320_100
    teller.pay(date(2026, 11, 28), 500_000, "P1")
    teller.close(date(2026, 11, 29))
    teller.pay(date(2026, 12, 4), 292_060, "P2")
    teller.close(date(2026, 12, 6))
    teller.close(date(2026, 12, 7))
    words = {
        "us": ("$7,920.60 has arrived", "Nothing is owed on this loan any more"),
        "cn": ("¥7,920.60", "这笔贷款现已结清"),
    }[country]
    teller.say(date(2026, 12, 7), f"A letter leaves: {teller.letter(words)}.")
    events = house.read("SELECT happened_on, kind FROM events ORDER BY happened_on, kind")
    teller.lines.append(f"Events: {', '.join(f'{kind} {on}' for on, kind in events)}.")
    told(f"settle-{country}", teller.lines)


def test_an_offer_that_is_not_paid_lapses_and_forgives_nothing(house: House) -> None:
    teller = offered(house, "us")
    teller.pay(date(2026, 12, 1), 700_000, "P1")
    teller.close(date(2026, 12, 7))
    teller.close(date(2026, 12, 8))
    rows: list[Any] = house.read("SELECT count(*) FROM waivers")
    assert rows == [(0,)]
    told("settle-us-lapses", teller.lines)


def test_what_comes_back_within_the_days_of_clearing_does_not_count(house: House) -> None:
    teller = offered(house, "us")
    teller.pay(date(2026, 12, 4), 792_060, "P1")
    facts = house.facts
    on = date(2026, 12, 6)
    with facts.locked(2):
        facts.payment(Told("R1", 2, teller.at(on), on), Money("L2", on, 792_060, "USD", reverses="P1"))
    teller.close(date(2026, 12, 7))
    teller.close(date(2026, 12, 8))
    assert house.read("SELECT state, forgiven FROM settlement") == [("lapsed", None)]
