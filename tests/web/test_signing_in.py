"""Signing in as it is outside a demonstration: a link, a password, a second factor, and limits of tries."""

import base64
import hmac
import os
import subprocess
from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.cli.conftest import SCRIPT
from tests.web.asking import Asking
from tests.web.conftest import Desk, faults

PASSWORD = "nine grey herons over the weir"  # noqa: S105  of the tests


def code(secret: str, seconds: float) -> str:
    """Return the code of RFC 6238 for a secret, worked out by hand."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    found = hmac.new(key, int(seconds // 30).to_bytes(8, "big"), "sha1").digest()
    place = found[-1] & 15
    return f"{(int.from_bytes(found[place : place + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def test_the_codes_are_those_of_the_standard() -> None:
    # RFC 6238, appendix B, with its last six digits.
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert [code(secret, at) for at in (59, 1_111_111_109, 20_000_000_000)] == ["287082", "081804", "353130"]


def link(desk: Desk, user: str) -> str:
    """Ask an administrator for a link, on the command line."""
    command = [str(SCRIPT), "staff", "link", user, "--by", "administrator", "--at", desk.url]
    found = subprocess.run(  # noqa: S603
        [*command, "--store", str(desk.place.folder)], check=True, capture_output=True, text=True, env=dict(os.environ)
    )
    return found.stdout.strip()


def typed(page: Page, user: str, password: str) -> None:
    page.goto("/desk/sign-in")
    page.get_by_label("User").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_user_comes_in_by_link_password_and_code_and_none_of_them_serves_twice(desk: Desk, page: Page) -> None:
    welcome = link(desk, "supervisor")
    page.goto(welcome)
    assert faults(page) == []
    for weak, why in (("short", "at least 12"), ("supervisor12", "too similar"), ("password1234", "too common")):
        page.get_by_label("Password").fill(weak)
        page.get_by_label("The same again").fill(weak)
        page.get_by_role("button", name="Set it").click()
        expect(page.get_by_role("alert").first).to_contain_text(why)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Set it").click()
    assert Asking(desk.url).get(welcome.removeprefix(desk.url)).status == 404  # it works once

    typed(page, "supervisor", "not this one at all")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    typed(page, "supervisor", PASSWORD)
    assert faults(page) == []
    secret = page.locator("code").inner_text().replace(" ", "")
    page.get_by_label("Code").fill(code(secret, (desk.now() - timedelta(hours=1)).timestamp()))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("not the code")
    used = code(secret, desk.now().timestamp())
    page.get_by_label("Code").fill(used)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="My queue")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    typed(page, "supervisor", PASSWORD)
    expect(page.locator("code")).to_have_count(0)  # the secret is shown once
    page.get_by_label("Code").fill(used)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("or it was used")
    page.get_by_label("Code").fill(code(secret, (desk.now() + timedelta(seconds=30)).timestamp()))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="My queue")).to_be_visible()


def test_after_ten_wrong_passwords_the_right_one_waits_too(desk: Desk) -> None:
    asking = Asking(desk.url)
    tries = [asking.post("/desk/sign-in", user_id="compliance", password=f"wrong {one}").status for one in range(12)]
    assert tries == [200] * 10 + [429] * 2
    assert Asking(desk.url).post("/desk/sign-in", user_id="collector", password="wrong").status == 200  # noqa: S106
    # Nothing tells of whom there is: a name that is not there is answered and counted alike.
    nobody = [asking.post("/desk/sign-in", user_id="nobody", password="wrong").status for _ in range(11)]  # noqa: S106
    assert nobody == [200] * 10 + [429]
