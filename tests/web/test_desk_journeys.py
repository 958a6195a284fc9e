"""What staff do at the desk, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import Desk, press, sign_in


def case_with(desk: Desk, zone: str, *, stage: str = "reminder") -> int:
    """Return a case at a stage, whose borrower lives in a zone, of whom nothing is held."""
    (found,) = desk.one(
        """SELECT c.borrower_no FROM collection_case c JOIN planned_act a ON a.borrower_no = c.borrower_no
        WHERE %s = ANY(c.zones) AND c.stage = %s AND a.channel IN ('sms', 'email') AND a.state = 'waiting'
            AND NOT EXISTS (SELECT FROM holds h WHERE h.borrower_no = c.borrower_no) ORDER BY 1 LIMIT 1""",
        zone, stage,
    )  # fmt: skip
    assert isinstance(found, int)
    return found


def test_a_collector_goes_from_the_queue_to_a_case_and_to_the_next_by_keys(page: Page) -> None:
    sign_in(page, "collector")
    expect(page.get_by_role("heading", name="My queue")).to_be_visible()
    first = page.locator("tbody a").first.inner_text()
    press(page, "n")
    expect(page.get_by_role("heading", level=1)).to_have_text(first)
    press(page, "n")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(first)
    press(page, "q")
    expect(page.get_by_role("heading", name="My queue")).to_be_visible()


def test_what_is_refused_now_is_grey_with_its_rule_and_the_minute_from_which_it_is_lawful(
    desk: Desk, page: Page
) -> None:
    # It is midnight in Shanghai. China's guide lets nobody be contacted before eight in the morning.
    number = case_with(desk, "Asia/Shanghai")
    sign_in(page, "supervisor")
    page.goto(f"/desk/cases/{number}")
    way = page.locator("[id^=way-]").first
    expect(way.get_by_role("button").first).to_be_disabled()
    expect(way).to_contain_text("law:cn.")
    expect(way.locator("div.text-secondary")).to_contain_text(re.compile(r"As things stand, from 7/1/26, \d"))


def test_pressing_asks_the_gate_and_the_message_is_in_the_outbox(desk: Desk, page: Page) -> None:
    number = case_with(desk, "America/New_York")
    sign_in(page, "supervisor")
    page.goto(f"/desk/cases/{number}")
    green = page.locator("button.btn-success").first
    green.click()
    expect(page.get_by_role("status")).to_contain_text("released")
    assert desk.one("SELECT count(*) FROM outbox WHERE borrower_no = %s AND state = 'queued'", number) == (1,)
    # What was done is told to the law: the same once more falls, or another rule says why not.
    page.reload()
    assert desk.one("SELECT count(*) FROM verdict WHERE borrower_no = %s AND is_permitted", number) == (1,)


@pytest.mark.parametrize("what", ["dispute", "attorney", "promise"])
def test_what_the_borrower_tells_is_noted_once_and_stops_what_it_must(desk: Desk, page: Page, what: str) -> None:
    sign_in(page, "collector")
    page.locator("tbody a").nth(["dispute", "attorney", "promise"].index(what)).click()
    page.wait_for_url("**/desk/cases/*")
    number = int(page.url.rpartition("/")[2])
    press(page, "t")
    page.get_by_label("What").select_option(what)
    if what == "promise":
        page.get_by_role("button", name="Note it").click()
        expect(page.get_by_text("A promise has an amount and a day.").first).to_be_visible()
        page.get_by_label("Amount").fill("120.50")
        page.get_by_label("Pays by").fill("2026-07-10")
    if what == "dispute":
        page.get_by_label("In their words").fill("I paid this in May. <script>document.title = 'x'</script>")
    page.get_by_role("button", name="Note it").click()
    page.wait_for_url(f"**/desk/cases/{number}")
    if what == "promise":
        promised = "SELECT amount, promised_on::text FROM promises WHERE borrower_no = %s AND NOT from_book"
        assert desk.one(promised, number) == (12_050, "2026-07-10")
    else:
        expect(page.get_by_role("alert")).to_contain_text(what, ignore_case=True)
        expect(page.locator("button.btn-success")).to_have_count(0)


def test_the_desk_speaks_chinese(page: Page) -> None:
    sign_in(page, "collector")
    page.get_by_role("button", name="简体中文").click()
    expect(page.get_by_role("heading", name="我的任务")).to_be_visible()
    press(page, "n")
    expect(page.get_by_role("heading", name="今日欠款")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="What is owed today")).to_be_visible()


def test_a_call_is_placed_from_the_page_and_two_keys_tell_that_it_came_to_nothing(desk: Desk, page: Page) -> None:
    (number,) = desk.one(
        """SELECT a.borrower_no FROM planned_act a WHERE a.channel = 'call'
            AND NOT EXISTS (SELECT FROM holds h WHERE h.borrower_no = a.borrower_no)
            AND NOT EXISTS (SELECT FROM promises p WHERE p.borrower_no = a.borrower_no AND NOT from_book)
        ORDER BY 1 LIMIT 1"""
    )
    sign_in(page, "supervisor")
    page.get_by_role("link", name="supervisor").click()
    page.get_by_label("The name by which you introduce yourself").fill("Robin Reed")
    page.get_by_label("Your clock").select_option("America/Los_Angeles")
    page.get_by_role("button", name="Set it").click()
    page.goto(f"/desk/cases/{number}")
    way = page.locator("#way-call")
    way.get_by_role("button", name="The words").click()
    expect(way).to_contain_text("{caller}")
    way.locator("button.btn-success").click()
    expect(way.get_by_role("status")).to_contain_text("Robin Reed")
    expect(way.locator(".reference")).to_contain_text("+1415555")
    press(page, "r")
    page.wait_for_url(lambda url: not url.endswith(f"/{number}"))
    said = "SELECT outcome FROM contacts WHERE borrower_no = %s AND NOT from_book ORDER BY id DESC LIMIT 1"
    assert desk.one(said, number) == ("ring_out",)


def test_a_plan_is_worked_out_with_the_borrower_and_stands(desk: Desk, page: Page) -> None:
    number, loan = desk.one(
        """SELECT l.borrower_no, max(l.loan_id) FROM case_loan l JOIN collection_case c USING (borrower_no)
        JOIN planned_act a USING (borrower_no) WHERE a.demands AND c.country = 'DE'
        GROUP BY 1 HAVING count(DISTINCT l.loan_id) = 1 ORDER BY 1 LIMIT 1"""
    )
    sign_in(page, "supervisor")
    page.goto(f"/desk/cases/{number}")
    page.get_by_role("link", name="in parts").click()
    page.get_by_label("Wages").fill("2,400")
    page.get_by_text("What goes out each month").click()
    page.get_by_label("Home:").fill("1,900.50")
    page.get_by_label("First payment on").fill("2026-07-15")
    page.get_by_role("button", name="Show me the plan").click()
    # 499.50 are left; a tenth of 2,400 less it would be 259.50, and a missed month in twelve leaves more than that
    expect(page.get_by_role("status")).to_contain_text("259.50")
    expect(page.get_by_role("status")).to_contain_text("Can you repay it?")
    page.get_by_role("button", name="I agree to this plan").click()
    page.wait_for_url(f"**/desk/cases/{number}")
    stands = "SELECT loan_id, started_on::text FROM arrangements WHERE borrower_no = %s AND NOT from_book"
    assert desk.one(stands, number) == (loan, "2026-06-30")


def test_a_wording_is_looked_at_while_it_is_typed(page: Page) -> None:
    sign_in(page, "collector")
    press(page, "l")
    words = page.get_by_label("The words")
    words.press_sequentially("Pay today, or you will be arrested.", delay=5)
    expect(page.get_by_role("status")).to_contain_text("threat_of_arrest")
    words.fill("")
    words.press_sequentially("Can we find a plan that you can afford?", delay=5)
    expect(page.get_by_role("status")).to_contain_text("find nothing in it")
