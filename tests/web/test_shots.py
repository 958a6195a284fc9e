"""The pictures of the documentation: taken of the pages as they are, and written with DUECOURSE_SHOTS=1."""

import os
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page

from tests.web.conftest import Desk, sign_in

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
BYTES_MOST: Final = 400_000
DESK: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 390, "height": 844}


def case(desk: Desk, zone: str) -> int:
    """Return a case with something planned, somewhere."""
    (found,) = desk.one(
        """SELECT a.borrower_no FROM planned_act a JOIN collection_case c USING (borrower_no)
        WHERE a.demands AND %s = ANY(c.zones) ORDER BY 1 LIMIT 1""", zone,
    )  # fmt: skip
    assert isinstance(found, int)
    return found


def queue(page: Page, desk: Desk) -> None:
    del desk
    page.goto("/desk/")


def permitted(page: Page, desk: Desk) -> None:
    page.goto(f"/desk/cases/{case(desk, 'America/Los_Angeles')}")


def refused(page: Page, desk: Desk) -> None:
    page.goto(f"/desk/cases/{case(desk, 'Asia/Shanghai')}")
    page.get_by_text("As things stand").first.wait_for()


def portal(page: Page, desk: Desk) -> None:
    permitted(page, desk)
    page.get_by_role("button", name="The borrower's own view").click()
    page.wait_for_url("**/portal/mine")


def portal_in_chinese(page: Page, desk: Desk) -> None:
    refused(page, desk)
    page.get_by_role("button", name="The borrower's own view").click()
    page.wait_for_url("**/portal/mine")
    page.get_by_role("button", name="简体中文").click()
    page.get_by_role("heading", name="您可以做什么").wait_for()


SHOTS: Final = {
    "desk-queue": (queue, DESK), "desk-case": (permitted, DESK), "desk-refused": (refused, DESK),
    "portal-home": (portal, PHONE), "portal-home-zh": (portal_in_chinese, PHONE),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOTS)
def test_a_picture_can_be_taken_and_is_in_the_documentation(browser: Browser, desk: Desk, name: str) -> None:
    take, size = SHOTS[name]
    context = browser.new_context(base_url=desk.url, viewport=size)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, "supervisor")
    take(page, desk)
    page.wait_for_load_state("networkidle")
    taken = page.screenshot()
    if name == "portal-home-zh":  # whoever is in as both speaks one language: the next picture is English again
        page.get_by_role("button", name="English").click()
    context.close()
    kept = IMAGES / f"{name}.png"
    if os.environ.get("DUECOURSE_SHOTS"):
        kept.write_bytes(taken)
    assert len(taken) > 20_000, "the page is blank"
    assert kept.read_bytes().startswith(b"\x89PNG")
    assert kept.stat().st_size < BYTES_MOST
