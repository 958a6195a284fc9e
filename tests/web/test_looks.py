"""Every page of the desk, looked at by axe-core, on a desk and on a telephone: nothing serious is wrong with it."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext

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
    "", "check", "lender", "mine", "mine/everywhere", "mine/lines/{loan}", "mine/pay/{loan}", "mine/promise/{loan}",
    "mine/parts/{loan}",
    "mine/wrong", "mine/hardship", "mine/contact", "mine/speaker", "mine/report", "mine/papers", "mine/none",
)  # fmt: skip


@pytest.fixture(scope="module")
def visitors(browser: Browser, desk: Desk) -> Iterator[dict[str, BrowserContext]]:
    """Open a window for each role, signed in; that of the borrower has come into the portal."""
    opened = {role: browser.new_context(base_url=desk.url) for role in (*OF_ROLES, "collector", "borrower", "nobody")}
    for role, context in opened.items():
        if role != "nobody":
            page = context.new_page()
            sign_in(page, "supervisor" if role == "borrower" else role)
            if role == "borrower":
                page.goto(f"/desk/cases/{whose(desk)[0]}")
                page.get_by_role("button", name="The borrower's own view").click()
                page.wait_for_url("**/portal/mine")
            page.close()
    yield opened
    for context in opened.values():
        context.close()


def whose(desk: Desk) -> tuple[object, ...]:
    """Return a borrower with a call planned, and a loan of theirs."""
    return desk.one(
        """SELECT a.borrower_no, l.loan_id FROM planned_act a JOIN case_loan l USING (borrower_no)
        WHERE a.channel = 'call' AND a.team = 'early' ORDER BY 1, 2 LIMIT 1"""
    )


@pytest.mark.parametrize("path", [*PAGES, *OTHERS, *(f"/portal/{path}" for path in PORTAL)])
def test_nothing_serious_is_wrong_with_a_page(desk: Desk, visitors: dict[str, BrowserContext], path: str) -> None:
    number, loan = whose(desk)
    role = "nobody" if path == "/desk/sign-in" else "borrower" if path.startswith("/portal/") else "collector"
    page = visitors[OTHERS.get(path, role)].new_page()
    page.goto(path.format(number=number, loan=loan))
    found = {}
    for name, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        is_too_wide = page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth + 1")
        found[name] = [*faults(page), *(["it is too wide"] if is_too_wide else [])]
    page.close()
    assert found == {name: [] for name in SIZES}
