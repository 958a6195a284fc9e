"""Rewards: six instalments on time, what they earn, how it is told, paid and booked, and a miss that ends the run.

China: 12,000.00 at 20 %, 1,000.00 of principal a month and a fee of 10.00. Two points less are a tenth less interest,
rounded down: 100.00, 83.33, 66.66, 50.00, 33.33, 16.66 become 90.00, 74.99, 59.99, 45.00, 29.99, 14.99, which is 35.02
in all; the six fees of 10.00 come back and take the six fees to come off: 95.02 together.

United States: 6,000.00 are left at 20 %, six equal instalments of 1,059.14 (6,000 x 0.2/12 / (1 - (1 + 0.2/12)^-6) is
1,059.137; the last is 1,059.10). At 18 % that is 1,053.15 (1,053.151, rounded down); interest is rounded down month by
month: 90.00, 75.55, 60.88, 46.00, 30.89, 15.56, and the last principal is what is left, 1,037.57. Of 60.00 of fees
50.00 come back, the most in dollars: five fees of 10.00. A collector of another's debt may not tell of it by text
message without its lines (12 CFR 1006.6(e), 1006.18(e)): the strategy's template has none, and the gate refuses it.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import pytest

from duecourse.book.beside import book_with
from duecourse.day.facts import Facts, Money, Told
from duecourse.day.gate import Gate
from duecourse.day.recorded import recorded
from duecourse.day.settings import read as read_settings
from duecourse.endings.many import Office, Opened
from duecourse.finance.happening import happened
from duecourse.finance.journals import NOTHING, of_loan
from duecourse.finance.movements import moved
from duecourse.kernel.components import COMPONENTS
from duecourse.ledger.loan import Instalment
from duecourse.rewards import announcing, applying, granting
from tests.day.cases import read
from tests.endings.cases import BOSS
from tests.endings.conftest import office, opened, who
from tests.night import books
from tests.night.conftest import home
from tests.rewards.payers import DUE, ON, equal_principal, looking, rows, rules
from tests.stories.endings.telling import told as compared

__all__ = ["home", "office", "opened", "who"]

PAYS: Final = date(2026, 12, 5)
MISSES: Final = date(2027, 1, 5)
LATE: Final = date(2027, 1, 12)


def equal_instalments() -> list[Instalment]:
    """Six of 1,000.00 and 150.00, then an annuity of 6,000.00 at 20 % (1,059.14); a fee of 10.00 each."""
    found = [Instalment(number, DUE[number - 1], 100_000, 15_000, 1_000) for number in range(1, 7)]
    left = 600_000
    for number in range(7, 13):
        interest = left * 20 // 1_200  # down
        principal = left if number == 12 else 105_914 - interest
        found.append(Instalment(number, DUE[number - 1], principal, interest, 1_000))
        left -= principal
    return found


CASES: Final[dict[str, tuple[int, Callable[[], list[Instalment]], str, str]]] = {
    "cn": (1, equal_principal, "scaled", "CNY"),
    "us": (2, equal_instalments, "level", "USD"),
}


def shown(amount: int, currency: str) -> str:
    return f"{amount // 100:,}.{amount % 100:02} {currency}"


class Story:
    """A lender with one borrower who pays on time, and what is told of it."""

    def __init__(self, country: str, office: Office, opened: Opened, home: Path) -> None:
        self.number, schedule, how, self.currency = CASES[country]
        self.office, self.opened, self.home = office, opened, home
        self.rules = rules(names=["lower_rate", "fees_back"], schedule=how)
        self.tables = rows({self.number: schedule()})
        self.book = books.loaded(books.tiny(home / f"story-{country}", self.tables, ON), home)
        self.loan, self.lines = f"L{self.number}", list[str]()

    def say(self, on: date, line: str) -> None:
        self.lines.append(f"{on}  {line}")

    def at(self, on: date) -> datetime:
        return datetime.combine(on, time(1), UTC)  # afternoon in California the day before, morning in China

    def work_out(self, on: date) -> granting.Found:
        with looking(self.book, self.home, self.office.place, on) as look:
            return granting.work_out(self.opened.connection, look, self.rules, {}, granting.When(self.at(on), on))

    def tell_of_grants(self, on: date) -> None:
        found = self.work_out(on)
        text = "SELECT rule, at_number, details FROM reward WHERE state = 'worked_out' ORDER BY id"
        for rule, at, details in read(self.opened.connection, text):
            rate = (
                f", {details['before'] / 10_000:g} % becomes {details['after'] / 10_000:g} %"
                if "after" in details
                else ""
            )
            cost = shown(details["cost"], self.currency)
            self.say(on, f"{self.loan} has earned {rule} with instalment {at}{rate}: {cost} less in all.")
        for (rule, why), _ in sorted(found.refused.items()):
            self.say(on, f"{self.loan} gets nothing of {rule}: {why}.")

    def apply(self, on: date, folder: Path) -> None:
        order = applying.Order(f"rewards-{on}", BOSS, self.at(on), on)
        done = applying.apply(self.opened.connection, self.opened.ring, order)
        self.say(on, f"Bert applies {done.rewards} rewards; the lender's core takes in new versions:")
        applying.write(self.opened.connection, order.run, folder)
        text = (folder / order.run / "instalments.csv").read_text(encoding="utf-8").splitlines()[1:]
        before = {row["number"]: row for row in self.tables["instalments"]}
        for row in (line.split(",") for line in text):
            number, principal, interest, fee = int(row[1]), *(int(one) for one in row[4:])
            old = before[number]
            was = shown(old["principal"] + old["interest"] + old["fee"], self.currency)
            now = shown(principal + interest + fee, self.currency)
            parts = f"principal {principal / 100:,.2f}, interest {interest / 100:,.2f}, fee {fee / 100:,.2f}"
            self.lines.append(f"            instalment {number} on {row[3]}: {was} becomes {now} ({parts})")

    def announce(self, on: date) -> None:
        settings = read_settings(Path(__file__).parents[3] / "examples" / "day.toml")
        compose = announcing.Rewarding(self.opened.ring, self.office.strategy, settings, self.rules)
        with self.office.place.connected() as connection:
            gate = Gate(connection, self.opened.ring, self.office.law, self.office.strategy, compose, "UTC")
            (found,) = announcing.announce(
                connection, gate, compose, self.office.strategy, "sms", self.at(on) + timedelta(seconds=1)
            )
        said = f"A message leaves: {found.words.text}" if found.words else f"No message: {', '.join(found.reasons)}"
        self.say(on, said)

    def pay(self, on: date, amount: int) -> None:
        facts = Facts(self.opened.connection, self.opened.ring, "bank")
        with facts.locked(self.number):
            told = Told(f"paid-{on}", self.number, self.at(on), on)
            assert facts.payment(told, Money(self.loan, on, amount, self.currency))
        self.say(on, f"{shown(amount, self.currency)} arrive.")

    def books_of(self, on: date) -> None:
        """Tell what finance exports of the loan on a day, and what it owes then."""
        with ExitStack() as stack:
            whole = book_with(self.book, recorded(self.office.place.url()), threads=2, memory="1GB")
            book = stack.enter_context(whole)
            told = happened(self.opened.connection, on, "UTC")
            parts = moved(book, books.strategy(), on, books.OPTIONS, self.home / "finance")
            (loan,) = [one for part in parts for one in part]
        for journal in of_loan(loan, on, told.get(self.loan, NOTHING)):
            posted = "; ".join(
                f"{'Dr' if line.amount > 0 else 'Cr'} {line.key} {abs(line.amount) / 100:,.2f}"
                for line in journal.lines
            )
            self.say(on, f"Journal {journal.what}: {posted}")
        due = {name: f"{amount / 100:,.2f}" for name, amount in zip(COMPONENTS, loan.after, strict=False)}
        self.say(on, f"Interest due {due['interest']}, fees {due['fee']}; principal left {due['principal']}.")

    def count(self, on: date) -> None:
        """Tell how many instalments in a row are on time."""
        with looking(self.book, self.home, self.office.place, on) as look:
            (record,) = look.records()
        in_a_row = 0
        for one in record.met:
            in_a_row = in_a_row + 1 if one.is_on_time else 0
        state = "nothing is overdue" if record.is_clean else "an instalment is overdue"
        self.say(on, f"{in_a_row} in a row on time; {state}.")


@pytest.mark.parametrize("country", ["cn", "us"])
def test_rewards_from_six_on_time_to_a_miss(
    country: str, office: Office, opened: Opened, home: Path, tmp_path: Path
) -> None:
    story = Story(country, office, opened, home)
    story.say(ON, f"{story.loan} has paid six instalments on time, 5 June to 5 November.")
    story.tell_of_grants(ON)
    story.apply(ON, tmp_path)
    story.announce(ON)
    with (tmp_path / f"rewards-{ON}" / "instalments.csv").open(encoding="utf-8") as file:
        amounts = [sum(int(one) for one in line.split(",")[4:]) for line in list(file)[1:]]
    story.pay(PAYS, amounts[0])
    story.books_of(PAYS)
    story.count(PAYS)
    story.say(MISSES, "Nothing arrives.")
    later = MISSES + timedelta(days=5)
    story.count(later)
    story.pay(LATE, amounts[1])
    story.count(LATE)
    story.tell_of_grants(LATE)
    states = read(opened.connection, "SELECT rule, state FROM reward ORDER BY id")
    story.say(LATE, f"What was earned stays: {', '.join(f'{rule} {state}' for rule, state in states)}.")
    chain = read(opened.connection, "SELECT kind FROM audit_entry WHERE chain = %s ORDER BY seq", story.number)
    story.lines.append(f"Audit chain: {', '.join(kind for (kind,) in chain)}.")
    compared(f"reward-{country}", story.lines)
