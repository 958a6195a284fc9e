"""A desk that runs, on a made-up lender's store, and a browser that looks at it."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from duecourse.store.place import Place
from duecourse.store.server import ADMIN
from tests.stores import shared
from tools.setup import CHROMIUMS

AT = "2026-06-30T16:00:00+00:00"  # noon in New York, six in the evening in Berlin, midnight in Shanghai


@dataclass(frozen=True)
class Desk:
    """Where a desk answers, and its store."""

    url: str
    place: Place
    ahead: timedelta  # how far its clock is ahead of ours

    def now(self) -> datetime:
        """Return the moment at the desk."""
        return datetime.now(UTC) + self.ahead

    def one(self, text: str, *values: object) -> tuple[object, ...]:
        """Return the first row of a statement, past the desk."""
        with psycopg.connect(self.place.url(ADMIN)) as connection:
            row = connection.execute(text.encode(), values).fetchone()
        assert row is not None
        return tuple(row)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    folder = Path(tempfile.mkdtemp(prefix="desk-"))
    folder.chmod(0o755)  # so that the database stands in it, and goes with it
    command = [sys.executable, "-m", "tests.web.served", str(folder / "store"), AT, str(shared() / "desk")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout is not None
        url, ahead = process.stdout.readline().split()
        yield Desk(url, Place.of(folder / "store"), timedelta(seconds=float(ahead)))
    finally:
        process.terminate()
        process.communicate(timeout=30)
        Place.of(folder / "store").made().stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Open a real Chromium: the machine's own, else the one that Playwright has fetched.

    It is closed with its file of tests: while it is open, Django refuses to work in this thread.
    """
    found = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser, desk: Desk) -> Iterator[BrowserContext]:
    """Open a window without cookies."""
    made = browser.new_context(base_url=desk.url, viewport={"width": 1280, "height": 900})
    made.set_default_timeout(15_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Open a page on which nothing that goes wrong stays unseen."""
    wrong: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    yield page
    assert wrong == []


def sign_in(page: Page, user: str) -> None:
    """Come in as a user of the demonstration."""
    page.goto("/desk/sign-in")
    page.get_by_role("button", name=user, exact=True).click()
    page.wait_for_url(re.compile("/desk/(nothing)?$"))


AXE: Final = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
SERIOUS: Final = ("serious", "critical")


def faults(page: Page) -> list[str]:
    """Return what axe-core finds seriously wrong with a page; it is put in past the page's policy."""
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("() => axe.run()")
    return [
        f"{one['id']}: {one['help']}: {node['target']}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


def press(page: Page, key: str) -> None:
    """Press a key of the desk, once the page that listens for it is there."""
    page.wait_for_load_state("load")
    page.keyboard.press(key)
