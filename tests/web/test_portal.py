"""What borrowers do by themselves, in a real browser, on a desk and on a telephone, in both languages."""

import re
from datetime import date, timedelta

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from duecourse.channels.visit.codes import SECRET, code
from duecourse.day import links
from duecourse.store.keys import Keyring
from tests.web.asking import Asking, as_borrower, signed_in
from tests.web.conftest import Desk, faults, sign_in

PHONE = {"width": 390, "height": 844}
_TAKEN: set[int] = set()


def borrower(desk: Desk, *, country: str = "US", least: int = 20_000) -> tuple[int, str]:
    """Return a borrower whom no test has had, of whom nothing is held, and their one loan."""
    number, loan = desk.one(
        """SELECT c.borrower_no, min(l.loan_id) FROM collection_case c JOIN case_loan l USING (borrower_no)
        WHERE c.country = %s AND c.born_on IS NOT NULL AND c.borrower_no <> ALL(%s) AND l.principal > %s
            AND NOT EXISTS (SELECT FROM holds h WHERE h.borrower_no = c.borrower_no)
            AND EXISTS (SELECT FROM planned_act a WHERE a.borrower_no = c.borrower_no AND a.demands)
        GROUP BY 1 HAVING count(*) = 1 ORDER BY 1 LIMIT 1""",
        country, list(_TAKEN), least,
    )  # fmt: skip
    assert isinstance(number, int)
    assert isinstance(loan, str)
    _TAKEN.add(number)
    return number, loan


def enter(page: Page, number: int) -> None:
    """Come in as a borrower, by the desk of the demonstration."""
    sign_in(page, "supervisor")
    page.goto(f"/desk/cases/{number}")
    page.get_by_role("button", name="The borrower's own view").click()
    page.wait_for_url("**/portal/mine")


def amounts(page: Page) -> dict[str, int]:
    """Return what the page says is overdue and owed, in cents."""
    text = page.locator("main").inner_text()
    overdue = re.search(r"\$([\d,]+\.\d\d) is overdue", text)
    owed = re.search(r"\$([\d,]+\.\d\d) in all", text)
    read = [int(found[1].replace(",", "").replace(".", "")) if found else 0 for found in (overdue, owed)]
    return dict(zip(("overdue", "owed"), read, strict=True))


def released(desk: Desk) -> tuple[int, str]:
    """Release a message at the desk, and return whose it is and its key."""
    number, _ = borrower(desk)
    supervisor = signed_in(desk.url, "supervisor")
    for channel in ("sms", "email"):
        supervisor.post(f"/desk/cases/{number}/acts/{channel}")
    (key,) = desk.one("SELECT key FROM outbox WHERE borrower_no = %s ORDER BY id DESC LIMIT 1", number)
    desk.one("UPDATE outbox SET state = 'left' WHERE key = %s RETURNING 1", key)
    return number, str(key)


def test_the_link_of_a_message_opens_once_for_whom_it_is_and_shows_nothing_before(desk: Desk, browser: Browser) -> None:
    number, key = released(desk)
    path = links.path_of(Keyring.read(desk.place.keys), key)
    (born,) = desk.one("SELECT born_on FROM collection_case WHERE borrower_no = %s", number)
    assert isinstance(born, date)
    context = browser.new_context(base_url=desk.url, viewport=PHONE)  # type: ignore[arg-type]
    own = context.new_page()
    own.goto(path)
    asked = own.content()
    assert faults(own) == []
    (loan,) = desk.one("SELECT min(loan_id) FROM case_loan WHERE borrower_no = %s", number)
    assert str(loan) not in asked
    assert "$" not in own.locator("main").inner_text()
    own.get_by_label("Your date of birth").fill((born + timedelta(days=1)).isoformat())
    own.get_by_role("button", name="Open my page").click()
    expect(own.get_by_role("alert")).to_contain_text("That is not what we have")
    own.get_by_label("Your date of birth").fill(born.isoformat())
    own.get_by_role("button", name="Open my page").click()
    expect(own.get_by_role("heading", level=1)).to_contain_text("this is what you owe")
    expect(own.locator("main")).to_contain_text(str(loan))
    own.get_by_role("button", name="Leave").click()
    assert Asking(desk.url).get(path).status == 404  # used up
    context.close()


def test_five_wrong_answers_and_a_link_is_of_no_use(desk: Desk) -> None:
    _, key = released(desk)
    path = links.path_of(Keyring.read(desk.place.keys), key)
    asking = Asking(desk.url)
    said = [asking.post(path, born_on="1900-01-01").status for _ in range(6)]
    assert said == [200] * 5 + [404]
    nobodys = Asking(desk.url).get(path[:-1] + ("a" if path[-1] != "a" else "b"))
    assert nobodys.status == 404
    bodies = [re.sub(r'value="\w{64}"|/portal/in/[\w-]+', "", one.body) for one in (asking.get(path), nobodys)]
    assert bodies[0] == bodies[1]  # nothing tells a link that was burnt from one that we never wrote


def test_whoever_pays_owes_so_much_less(desk: Desk, page: Page) -> None:
    number, loan = borrower(desk)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    enter(page, number)
    before = amounts(page)
    page.get_by_role("link", name="Pay", exact=True).click()
    expect(page.locator(".reference")).to_contain_text("RF")
    page.get_by_label("How much do you want to pay?").fill("10.25")
    page.get_by_role("button", name="Go to the payment page").click()
    assert faults(page) == []
    page.get_by_role("button", name="The payment succeeds").click()
    expect(page.get_by_role("status")).to_contain_text("Your payment is here")
    after = amounts(page)
    assert before["overdue"] - after["overdue"] == 1_025
    assert before["owed"] - after["owed"] == 1_025
    booked = "SELECT amount, loan_id, payment_id FROM payments WHERE borrower_no = %s AND NOT from_book"
    *sums, payment = desk.one(booked, number)
    assert sums == [1_025, loan]
    assert str(payment).startswith("sandbox-")
    page.get_by_role("link", name="See every line").click()
    expect(page.locator("tbody")).to_contain_text("$10.25")


def test_a_promise_and_then_a_plan_with_its_whole_cost(desk: Desk, page: Page) -> None:
    number, loan = borrower(desk)
    enter(page, number)
    owed = amounts(page)["owed"]
    page.get_by_role("link", name="Promise a date").click()
    page.get_by_label("I will pay").fill("20.00")
    late = {"amount": "20.00", "pay_on": "2026-09-30", "fact_id": "c" * 32}
    assert "within the next month" in as_borrower(desk.url, number).post(f"/portal/mine/promise/{loan}", **late).body
    page.get_by_label("By").fill("2026-07-09")
    page.get_by_role("button", name="Promise").click()
    expect(page.locator("main")).to_contain_text("You promised to pay by Jul 9, 2026: $20.00")
    page.get_by_role("link", name="Pay in parts").click()
    page.get_by_label("Wages").fill("100")
    page.get_by_text("What goes out each month").click()
    page.get_by_label("Home:").fill("100")
    page.get_by_role("button", name="Show me the plan").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is left each month")
    page.get_by_label("What you can pay each month").fill(str(owed // 100 // 4 + 50))  # down: some whole amount
    page.get_by_label("First payment on").fill("2026-07-10")
    page.get_by_role("button", name="Show me the plan").click()
    shown = page.get_by_role("status")
    expect(shown).to_contain_text("Can you repay it? No: do not sign it.")
    expect(shown).to_contain_text("More goes out than comes in already.")
    expect(page.get_by_role("button", name="I agree to this plan")).to_have_count(0)
    assert faults(page) == []
    page.get_by_label("Wages").fill("90,000")
    page.get_by_role("button", name="Show me the plan").click()
    expect(shown).to_contain_text("Can you repay it? Yes: it fits, on bad months too.")
    expect(shown).to_contain_text("You pay $")
    cells = [int(re.sub(r"\D", "", text)) for text in shown.locator("table.dues td.amount").all_inner_texts()]
    total = re.search(r"You pay \$([\d,]+\.\d\d) in all", shown.inner_text())
    assert total is not None
    assert sum(cells) == int(re.sub(r"\D", "", total[1])) >= owed
    page.get_by_role("button", name="I agree to this plan").click()
    expect(page.get_by_role("status")).to_contain_text("Your plan is agreed")
    kept = "SELECT count(*), sum(amount) FROM arrangement_due WHERE borrower_no = %s"
    assert desk.one(kept, number) == (len(cells), sum(cells))
    assert desk.one("SELECT loan_id FROM arrangements WHERE borrower_no = %s", number) == (loan,)
    sign_in(page, "supervisor")
    page.goto(f"/desk/cases/{number}")
    expect(page.locator("main")).to_contain_text("A payment plan is kept, and nothing of it is due")


def test_anybody_looks_up_a_lender_and_whose_a_number_is(desk: Desk) -> None:
    asking = Asking(desk.url)
    good = asking.post("/portal/lender", lender="Acme Loans", belonging="800 555 0199").body
    assert "<h2>Licensed.</h2>" in good
    assert "Synthetic Financial Authority, examples/licences/authority.csv, as of 2026-11-01" in good
    assert "this telephone number is Bluebird Credit Inc&#x27;s, not Acme Loans Ltd&#x27;s" in good
    alike = asking.post("/portal/lender", lender="Acmе Loans").body  # its e is a Cyrillic letter
    assert "Careful: nobody of this name is licensed" in alike
    assert "<script>x" not in asking.post("/portal/lender", lender="<script>x</script>").body
    assert "牌照" in Asking(desk.url, {"django_language": "zh-hans"}).post("/portal/lender", lender="Acme Loans").body
    tries = [asking.post("/portal/lender", lender="x").status for _ in range(60)]
    assert tries[-1] == 429


def test_who_says_that_it_is_not_theirs_is_left_alone_and_no_script_of_theirs_runs(desk: Desk, page: Page) -> None:
    number, _ = borrower(desk)
    enter(page, number)
    page.get_by_role("link", name="This is not my debt").click()
    page.get_by_label("Tell us in your own words").fill("<script>document.title='x'</script> I never took it.")
    page.get_by_role("button", name="Send it").click()
    expect(page.locator("main")).to_contain_text("Nothing is collected from you now")
    assert desk.one("SELECT kind FROM dispute WHERE borrower_no = %s", number) == ("identity",)
    sign_in(page, "supervisor")
    page.goto(f"/desk/cases/{number}")
    expect(page.get_by_role("alert")).to_contain_text("Dispute")
    expect(page.locator("button.btn-success")).to_have_count(0)
    assert page.title() != "x"


def test_in_chinese_on_a_telephone_somebody_chooses_how_and_when_and_then_not_at_all(desk: Desk, page: Page) -> None:
    number, _ = borrower(desk)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    enter(page, number)
    page.get_by_role("button", name="简体中文").click()
    page.get_by_role("link", name="何时、如何联系我").click()
    page.get_by_role("row", name="短信").get_by_role("button", name="停止").click()
    expect(page.get_by_role("status")).to_contain_text("我们已记录可以怎样联系您")
    page.get_by_role("link", name="何时、如何联系我").click()
    page.get_by_label("不早于").select_option("20")
    page.get_by_label("不晚于").select_option("21")
    page.get_by_role("button", name="就这些时段").click()
    (loan,) = desk.one("SELECT loan_id FROM case_loan WHERE borrower_no = %s", number)
    page.goto(f"/portal/mine/parts/{loan}")
    expect(page.get_by_label("首次付款日")).to_have_value("2026-06-30")  # a browser takes no other way of writing it
    page.goto("/portal/mine")
    hours = "SELECT from_minute, to_minute FROM contact_hours WHERE borrower_no = %s"
    assert desk.one(hours, number) == (1_200, 1_260)
    desk_page = signed_in(desk.url, "supervisor").get(f"/desk/cases/{number}").body
    assert "不在借款人要求的时段内" in desk_page  # whoever is in as both speaks one language
    page.get_by_role("link", name="何时、如何联系我").click()
    page.get_by_role("button", name="不要联系我").click()
    held = "SELECT kind FROM holds WHERE borrower_no = %s AND replaced_at IS NULL AND NOT from_book"
    assert desk.one(held, number) == ("cease",)


PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([("shown", "a.png", b"<html><script>alert(1)</script>\x00")], "At most three files"),
        ([("shown", "a.png", b"\x89PNG\r\n\x1a\n" + b"x" * 3_000_000)], "three megabytes at most"),
        ([("shown", f"{n}.png", PNG) for n in range(4)], "At most three files"),
    ],
)
def test_files_of_another_kind_too_large_or_too_many_are_not_taken(
    desk: Desk, files: list[tuple[str, str, bytes]], why: str
) -> None:
    number, _ = borrower(desk)
    own = as_borrower(desk.url, number)
    answer = own.send("/portal/mine/report", files, fact_id="b" * 32, kind="conduct", words="They shouted.")
    assert (answer.status, why in answer.body) == (200, True)
    assert desk.one("SELECT count(*) FROM complaint WHERE borrower_no = %s", number) == (0,)


def test_a_report_with_files_stops_collection_goes_to_compliance_and_is_told_once(desk: Desk) -> None:
    number, _ = borrower(desk)
    own = as_borrower(desk.url, number)
    files = [("shown", "../../etc/passwd", PNG), ("shown", "x.txt", b"At 22:40 he rang my mother.")]
    for _ in range(2):
        answer = own.send("/portal/mine/report", files, fact_id="a" * 32, kind="disclosure", words="He rang my mother.")
        assert answer.location == "/portal/mine?done=report"
    assert desk.one("SELECT count(*) FROM complaint WHERE borrower_no = %s", number) == (1,)
    with psycopg.connect(desk.place.url()) as connection:
        rows = connection.execute("SELECT kind, body FROM complaint_file ORDER BY place").fetchall()
    assert [kind for kind, _ in rows] == ["image/png", "text/plain"]
    assert all(b"mother" not in bytes(body) and PNG not in bytes(body) for _, body in rows)  # sealed
    home = own.get("/portal/mine").body
    assert "Nothing is collected from you now" in home
    for user in ("collector", "supervisor"):
        assert "rang my mother" not in signed_in(desk.url, user).get(f"/desk/cases/{number}").body


def test_anybody_may_check_a_code_and_learns_nothing_of_the_debt(desk: Desk) -> None:
    _, key = released(desk)
    said = code(Keyring.read(desk.place.keys).secret(SECRET), key)
    asking = Asking(desk.url)
    good = asking.post("/portal/check", code=said.lower().replace("-", " ")).body
    assert "Yes, it is ours." in good
    assert "$" not in good
    bad = asking.post("/portal/check", code=said[:-1] + ("0" if said[-1] != "0" else "1")).body
    assert "No message or visit of ours has this code." in bad
    assert "twelve letters" in asking.post("/portal/check", code="<b>x</b>").body
    tries = [asking.post("/portal/check", code="0000-0000-0000").status for _ in range(20)]
    assert tries[-1] == 429


def test_papers_hold_all_and_are_saved_not_shown(desk: Desk) -> None:
    number, loan = borrower(desk)
    own = as_borrower(desk.url, number)
    paper = own.get(f"/portal/mine/papers/statement/{loan}")
    assert paper.raw.startswith(b"%PDF-")
    data = own.get("/portal/mine/papers/everything")
    assert all(one.headers["content-disposition"].startswith("attachment") for one in (paper, data))
    name = re.search(r"<h1>([^,]+),", own.get("/portal/mine").body)
    assert name is not None
    assert f'"name": "{name[1]}"' in data.body
    assert loan in data.body
    assert f"b{number - 1}@example.com" in data.body or "@example.com" in data.body
    for own_column in ("wrapped_key", "body_hash", "borrower_no"):
        assert own_column not in data.body
