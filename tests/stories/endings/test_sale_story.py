"""Sales: a fund in the United States buys what a lender's successor owns, and in China a bank sells under the pilot.

Each loan owes 13,201.00 on 20 November 2026 (worked out in test_settle_story). It is 319 days past due: ten full
months, at 70,001 parts per million 924.0832 and so 924.08, for a buyer never pays more than was agreed.
"""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import psycopg
import pytest

from duecourse.day.facts import Facts, Money, Told
from duecourse.day.in_force import in_force
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.endings.sale import back, building, closing, handing, tape
from duecourse.endings.sale import cash as money
from duecourse.endings.sale import portfolio as portfolios
from duecourse.endings.sale.portfolio import Portfolio
from duecourse.endings.sale.title import title
from duecourse.store.server import ADMIN
from tests.day.cases import AT
from tests.day.field.conftest import House, give_addresses
from tests.documents.samples import dense, read
from tests.endings.cases import ON
from tests.endings.conftest import office, opened, who
from tests.stories.endings.telling import told

__all__ = ["office", "opened", "who"]

SALES: Final = {
    "us": Portfolio(
        "us-1", "USD", "fund-7", "Fund Seven LLC, 7 High Street", None, ON, 180, ((0, 90_000), (10, 70_001))
    ),
    "cn": Portfolio("cn-1", "CNY", "amc-1", "第一资产管理公司", "local_amc", ON, 180, ((0, 90_000), (10, 70_001))),
}
LOANS: Final = {"us": ("L2", "L4"), "cn": ("L1", "L3")}
NOTICE: Final = {
    "us": ("has assigned its claim under your loan L2 to Fund Seven LLC, 7 High Street", "November 20, 2026"),
    "cn": ("已将您名下贷款L1的债权转让给第一资产管理公司", "2026年11月20日起生效"),
}


def graded(office: Office, *loans: str) -> None:
    """Grade loans as bad ones: substandard, as the bank's own classification has it."""
    with psycopg.connect(office.place.url(ADMIN), autocommit=True) as admin:
        for loan in loans:
            admin.execute(
                """INSERT INTO events (event_id, borrower_no, kind, loan_id, happened_at, happened_on, details)
                SELECT 'grade-' || loan_id, borrower_no, 'classified', loan_id, %s, %s, '{"grade": "substandard"}'
                FROM case_loan WHERE loan_id = %s""",
                [AT - timedelta(days=30), ON - timedelta(days=30), loan],
            )


@pytest.mark.parametrize("country", ["us", "cn"])
def test_a_sale_from_the_portfolio_to_the_notice(
    country: str, office: Office, opened: Opened, who: Who, tmp_path: Path
) -> None:
    sale, (first, second), lines = SALES[country], LOANS[country], list[str]()

    def say(on: date, line: str) -> None:
        lines.append(f"{on}  {line}")

    def shown(amount: int) -> str:
        return f"{amount // 100:,}.{amount % 100:02} {sale.currency}"

    portfolios.make(opened.connection, sale, who)
    if country == "cn":
        graded(office, second)
        wanted = opened.deciding.wanted([first, second])
        firm = replace(sale, name="cn-0", buyer_kind="ordinary_firm")
        portfolios.make(opened.connection, firm, who)
        for one in building.build(office, firm, wanted, who).excluded:
            say(ON, f"{one.loan_id} may not be sold to an ordinary firm: {', '.join(one.reasons)}.")
        for one in building.build(office, sale, wanted, who).excluded:
            say(ON, f"{one.loan_id} may not be sold to {sale.buyer}: {', '.join(one.reasons)}.")
        graded(office, first)
        say(ON, f"{first} is graded as a bad loan.")
    built = building.build(office, sale, opened.deciding.wanted([first, second]), who)
    say(ON, f"{who.by} decides to sell {', '.join(sorted(one.loan_id for one in built.chosen))} with {sale.name}.")
    tape.offer(office, sale, who)
    tape.write(opened.connection, sale, tmp_path / "tape")
    rows = tape.rows(opened.connection, sale)
    owing = [f"{row['loan_id']} owes {shown(row['owed'])}" for row in rows]
    say(ON, f"On the tape: {', '.join(owing)}.")
    done = closing.close(office, sale, who)
    say(ON, f"Closed: {done.debts} debts that owe {shown(done.owed)}, for {shown(done.price)}.")
    assert (done.owed, done.price) == (2 * 1_320_100, 2 * 92_408)
    money.note(opened.connection, sale, "wire 1", done.price, who)
    handing.hand_over(office, sale, tmp_path / "buyer")
    say(ON, f"{money.cash(opened.connection, sale).open} is open between the two; the buyer has names and obligations.")
    handing.notices(opened.connection, sale, AT)
    say(ON, f"A letter leaves: {letter(office, int(first[1:]), tmp_path, NOTICE[country])}.")
    pay(opened, int(first[1:]), first, sale.currency)
    due = money.cash(opened.connection, sale)
    say(ON + timedelta(days=3), f"The borrower of {first} pays us 500.00: {shown(-due.open)} are to be forwarded.")
    later = replace(who, at=AT + timedelta(days=30), on=ON + timedelta(days=30))
    repaid = back.put_back(office, sale, [second], "disputed_before", later)
    say(later.on, f"{second} is put back as disputed before: {shown(repaid)} are repaid.")
    steps = title(opened.connection, opened.ring, second)
    owners = ", ".join(f"{one.state} {one.on}: {one.owner or 'the lender'}" for one in steps)
    say(later.on, f"Who has owned {second}: {owners}; all as sealed: {all(one.is_sealed for one in steps)}.")
    told(f"sale-{country}", lines)


def letter(office: Office, borrower: int, folder: Path, words: tuple[str, ...]) -> str:
    """Carry out the day, and look for words in the letter to one borrower."""
    with office.place.connected() as connection:
        connection.prepare_threshold = 0
        give_addresses(office.place, connection, 4)
        house = House(office.place, connection, folder)
        house.carry_out("letter")
        assert in_force(connection).on == ON
        shelf = house.hands.shelf("letter")
        (batch,) = [one.batch for one in shelf.standings() if not one.is_closed]
        shelf.close(batch, AT)
        data = (shelf.batches.folder / batch / "print.pdf").read_bytes()
    texts = [dense(read(data, page)) for page in range(2)]
    assert any(all("".join(one.split()) in text for one in words) for text in texts), (borrower, texts)
    return ", ".join(words)


def pay(opened: Opened, borrower: int, loan: str, currency: str) -> None:
    facts, on = Facts(opened.connection, opened.ring, "test"), ON + timedelta(days=3)
    with facts.locked(borrower):
        facts.payment(Told("p1", borrower, AT + timedelta(days=3), on), Money(loan, on, 50_000, currency))
