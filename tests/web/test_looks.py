"""Every page of the desk, looked at by axe-core, on a desk and on a telephone: nothing serious is wrong with it."""

from typing import Final

import pytest
from playwright.sync_api import Browser

from tests.web.conftest import Desk, faults, sign_in

SIZES: Final = {"desk": (1280, 900), "telephone": (390, 844)}
PAGES: Final = (
    "/desk/sign-in", "/desk/", "/desk/cases/{number}", "/desk/cases/{number}/told", "/desk/cases/{number}/parts/{loan}",
    "/desk/me", "/desk/wording", "/desk/nothing",
)  # fmt: skip
OF_ROLES: Final = {
    "supervisor": ("board?days=90", "board/outbox", "board/approvals", "board/teams"),
    "compliance": (
        "compliance", "compliance/verdicts", "compliance/density?days=90", "compliance/complaints", "compliance/duties",
        "compliance/rules", "compliance/templates", "compliance/audit", "compliance/requests",
    ),
}  # fmt: skip
OTHERS: Final = {f"/desk/{path}": role for role, paths in OF_ROLES.items() for path in paths}
PORTAL: Final = (
    "", "check", "mine", "mine/lines/{loan}", "mine/pay/{loan}", "mine/promise/{loan}", "mine/parts/{loan}",
    "mine/wrong", "mine/hardship", "mine/contact", "mine/speaker", "mine/report", "mine/papers", "mine/none",
)  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", [*PAGES, *OTHERS, *(f"/portal/{path}" for path in PORTAL)])
def test_nothing_serious_is_wrong_with_a_page(browser: Browser, desk: Desk, path: str, size: str) -> None:
    width, height = SIZES[size]
    context = browser.new_context(base_url=desk.url, viewport={"width": width, "height": height})
    page = context.new_page()
    if path != "/desk/sign-in":
        sign_in(page, OTHERS.get(path, "collector"))
    number, loan = desk.one(
        """SELECT a.borrower_no, l.loan_id FROM planned_act a JOIN case_loan l USING (borrower_no)
        WHERE a.channel = 'call' AND a.team = 'early' ORDER BY 1, 2 LIMIT 1"""
    )
    if path.startswith("/portal/mine"):
        page.goto(f"/desk/cases/{number}")
        page.get_by_role("button", name="The borrower's own view").click()
        page.wait_for_url("**/portal/mine")
    page.goto(path.format(number=number, loan=loan))
    wrong = faults(page)
    is_too_wide = page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth + 1")
    context.close()
    assert wrong == []
    assert not is_too_wide
