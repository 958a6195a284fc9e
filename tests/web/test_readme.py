"""The README, followed to the letter on a clean clone by somebody who has never seen it: four pages.

What stands in its blocks is run, and what it says to press is pressed. Only the port is another, for it may be taken.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.web.conftest import press

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(heading: str) -> list[str]:
    """Return the commands of the blocks under a heading of the README, comments left out."""
    part = README.partition(f"{heading}\n")[2].partition("\n## ")[0]
    found = [
        line.partition("#")[0].strip()
        for block in re.findall(r"```\n(.*?)```", part, re.DOTALL)
        for line in block.splitlines()
    ]
    return [line for line in found if line]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Clone what is committed, as a stranger would."""
    folder = tmp_path_factory.mktemp("clone") / "duecourse"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)  # noqa: S603, S607
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_whoever_follows_the_readme_finds_four_pages(clone: Path, browser: Browser) -> None:
    first = next(line for line in blocks("# DueCourse") if line == "make demo")
    made = subprocess.run(first.split(), cwd=clone, check=True, capture_output=True, text=True)  # noqa: S603
    assert "serve --demo" in made.stdout
    (second,) = blocks("## A first look in the browser")
    assert second == ".venv/bin/duecourse serve --demo"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{free.getsockname()[1]}"
    server = subprocess.Popen(  # noqa: S603
        [*second.split(), "--bind", bind], cwd=clone, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    try:
        assert server.stdout is not None
        assert any("answers; the desk is at /desk/" in line for line in server.stdout)
        page = browser.new_page(base_url=f"http://{bind}")
        page.goto("/desk/")
        page.get_by_role("button", name="collector", exact=True).click()
        expect(page.get_by_role("heading", name="My queue")).to_be_visible()
        press(page, "n")
        expect(page.get_by_role("heading", name="What is owed today")).to_be_visible()
        press(page, "q")
        page.get_by_role("link", name="a call that is refused now").click()
        way = page.locator("#way-call")
        expect(way.get_by_role("button").first).to_be_disabled()
        expect(way.locator(".why li").first).to_be_visible()
        page.get_by_role("button", name="The borrower's own view").click()
        # whoever is first in the queue today is spoken to in their own language
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_contain_text(re.compile("this is what you owe|这是您的欠款"))
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)
        subprocess.run([".venv/bin/duecourse", "store", "stop", "--store", "out/desk-demo"], cwd=clone, check=False)
