"""What a borrower owes everywhere, in a real browser; hub and key holder run beside the portal, by its clock."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from waitress.server import create_server

from duecourse.inquiry import oprf
from duecourse.inquiry.charter import Charter, signed
from duecourse.inquiry.client import Bundle, Reader
from duecourse.inquiry.holder import KeyHolder, keys_of
from duecourse.inquiry.hub import Hub
from duecourse.inquiry.publisher import Publisher
from duecourse.inquiry.signed import Signer
from duecourse.inquiry.wire import Caller, Http, answered, application
from duecourse.publishing.nightly import Kept
from tests.documents.samples import read
from tests.inquiry.world import LAWFUL, entry, seed
from tests.web.conftest import Desk, faults, sign_in
from tests.web.test_portal import borrower, enter


@contextmanager
def _serving(routes: Any, desk: Desk, port: str) -> Iterator[None]:
    server = create_server(application(routes, desk.now), host="127.0.0.1", port=int(port))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.close()
        thread.join(timeout=10)


class Parties:
    """The hub, the key holder, and lenders 1 and 2, of whom the first is the portal's."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        """Take the charter that the portal has."""
        place = desk.place.folder / "inquiry"
        self.desk, self.folder = desk, folder
        self.charter: Charter = signed(place / "charter.toml", Signer.of(seed("operator")).public)
        self.ports = (place / "ports").read_text(encoding="ascii").split()
        self.kept = Kept(place / "kept", seed("lender 1"))
        self.holder = KeyHolder(folder / "holder", self.charter, seed("holder"), LAWFUL)
        signer, operator = Signer.of(seed("hub")), Signer.of(seed("operator")).public
        self.hub = Hub(folder / "hub", self.charter, operator, signer, self._witness)

    def _witness(self, head: dict[str, str]) -> None:
        with Http(f"http://127.0.0.1:{self.ports[1]}") as holder:
            answered(holder.ask("POST", "/head", json.dumps(head).encode(), {}))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run both servers."""
        hub, holder = self.ports
        with _serving(self.hub.routes(), self.desk, hub), _serving(self.holder.routes(), self.desk, holder):
            yield

    def know(self, borrower_id: str) -> None:
        """Give the portal's lender the pseudonym of a borrower: an output of the key holder's address key."""
        address, _ = keys_of(seed("holder"))
        blinded = oprf.blind(borrower_id.encode())
        (evaluated,) = oprf.evaluate(address, [blinded.element])
        self.kept.add({borrower_id: oprf.finish(blinded, evaluated)})

    def publish(self, borrower_id: str, lender: int, **changes: Any) -> None:
        """Publish a loan as a lender, and end the cycle."""
        now, caller = self.desk.now(), Caller(Signer.of(seed(f"lender {lender}")))
        with Http(f"http://127.0.0.1:{self.ports[0]}") as hub:
            publisher = Publisher(self.charter, lender, seed(f"lender {lender}"), hub, caller)
            said = replace(entry(lender, as_of=now, expires_on=now.date() + timedelta(days=14)), **changes)
            item = publisher.item("A", said, self.kept.person(borrower_id))
            publisher.send([item], int(now.timestamp()), now)
        self.hub.close(now)

    def use(self, bundle: Bundle, borrower_id: str, lender: int) -> int:
        """Use a consent as a lender, and return how many records it opens."""
        hub, holder = (Http(f"http://127.0.0.1:{port}") for port in self.ports)
        with hub, holder:
            reader = Reader(self.charter, hub, holder, Caller(Signer.of(seed(f"lender {lender}"))))
            found, _ = reader.use_for(bundle, self.kept.person(borrower_id), self.desk.now())
        return len(found.seen)


def _own(desk: Desk, country: str) -> tuple[int, str]:
    """Return a borrower of a country, by number and id."""
    row = desk.one(
        """SELECT b.id, b.borrower_id FROM borrower b JOIN collection_case c ON c.borrower_no = b.id
        WHERE c.country = %s ORDER BY b.id LIMIT 1""",
        country,
    )
    assert isinstance(row[0], int)
    return row[0], str(row[1])


def test_a_borrower_looks_lets_a_lender_see_once_and_takes_it_back(desk: Desk, page: Page, tmp_path: Path) -> None:
    number, borrower_id = _own(desk, "US")
    parties = Parties(desk, tmp_path)
    enter(page, number)
    page.goto("/portal/mine/everywhere")
    with parties.running():
        page.get_by_role("button", name="Look now", exact=True).click()
        expect(page.locator("main")).to_contain_text("We have not taken you into it")
        parties.know(borrower_id)
        parties.publish(borrower_id, 2, contractual=100_000, enforceable=95_000)
        page.get_by_role("button", name="Look now", exact=True).click()
        main = page.locator("main")
        expect(main).to_contain_text("1 loans of 1 lenders")
        expect(main).to_contain_text("Lender 2, loan …2821")
        expect(main).to_contain_text("CNY\N{NO-BREAK SPACE}950.00")
        assert faults(page) == []
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.set_viewport_size({"width": 1280, "height": 800})
        with page.expect_download() as saved:
            page.get_by_role("button", name="Look now, and save it (PDF)").click()
        assert "What you owe by law" in read(saved.value.path().read_bytes())
        page.get_by_role("button", name="This is wrong: let all who see it know").click()
        parties.hub.close(desk.now())
        page.get_by_role("button", name="Look now", exact=True).click()
        expect(main).to_contain_text("you have disputed it since")
        expect(main).to_contain_text("Do not pay what is disputed before there is an answer.")
        page.get_by_role("button", name="I take it back: it is right").click()
        parties.hub.close(desk.now())
        page.get_by_role("button", name="Look now", exact=True).click()
        expect(main).not_to_contain_text("you have disputed it since")
        page.get_by_label("Who may see it").select_option("Lender 3")
        with page.expect_download() as handed:
            page.get_by_role("button", name="Save the consent").click()
        bundle = Bundle.of_json(json.loads(handed.value.path().read_text()))
        assert parties.use(bundle, borrower_id, 3) == 1
        page.get_by_role("link", name="Who has looked, and whom I let").click()
        expect(page.locator("main")).to_contain_text("Lender 3: to slow down, or agree on a plan with me")
        expect(page.locator("main li")).to_contain_text(["Lender 3", "you", "you", "you", "you", "you"])
        page.get_by_role("button", name="Take it back").click()
        expect(page.locator("main")).to_contain_text("taken back")
        kept = "SELECT lender, withdrawn_at IS NOT NULL FROM inquiry_consent WHERE borrower_no = %s"
        assert desk.one(kept, number) == (3, True)
    page.goto("/portal/mine/everywhere")
    page.get_by_role("button", name="Look now", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("It does not answer now")


def _saved_consent(page: Page, to: str) -> Path:
    page.goto("/portal/mine/everywhere")
    page.get_by_role("button", name="Look now", exact=True).click()
    page.get_by_label("Who may see it").select_option(to)
    with page.expect_download() as handed:
        page.get_by_role("button", name="Save the consent").click()
    return handed.value.path()


def test_a_consent_is_used_at_the_desk_once_and_how_many_collect_is_noted(
    desk: Desk, page: Page, tmp_path: Path
) -> None:
    number, borrower_id = _own(desk, "US")
    parties = Parties(desk, tmp_path)
    with parties.running():
        parties.know(borrower_id)
        parties.publish(borrower_id, 2, contractual=100_000, enforceable=95_000)
        enter(page, number)
        to_us, to_another = _saved_consent(page, "Lender 1"), _saved_consent(page, "Lender 3")
        sign_in(page, "supervisor")
        page.goto(f"/desk/cases/{number}")
        page.get_by_role("link", name="What is owed to others").click()
        upload, use = page.get_by_label("The consent that the borrower saved"), "Use the consent"
        upload.set_input_files(to_another)
        page.get_by_role("button", name=use).click()
        expect(page.get_by_role("alert")).to_contain_text("This consent was given to another lender.")
        upload.set_input_files(files={"name": "x.json", "mimeType": "application/json", "buffer": b"[1]"})
        page.get_by_role("button", name=use).click()
        expect(page.locator("main")).to_contain_text("This is no consent as a borrower's page saves it.")
        upload.set_input_files(to_us)
        page.get_by_role("button", name=use).click()
        shown = page.get_by_role("status")
        expect(shown).to_contain_text("1 loans of 1 lenders")
        expect(shown).to_contain_text("CNY\N{NO-BREAK SPACE}950.00")
        expect(shown).to_contain_text("Others who collect now")
        assert faults(page) == []
        noted = "SELECT details::json->>'count' FROM events WHERE borrower_no = %s AND kind = 'other_collectors'"
        assert desk.one(noted, number) == ("1",)
        upload.set_input_files(to_us)
        page.get_by_role("button", name=use).click()
        expect(page.get_by_role("alert")).to_contain_text("This consent has been used.")
    upload.set_input_files(to_us)
    page.get_by_role("button", name=use).click()
    expect(page.get_by_role("alert")).to_contain_text("It does not answer now")


def test_a_plan_counts_what_others_take_when_the_borrower_asks_for_it(desk: Desk, page: Page, tmp_path: Path) -> None:
    number, loan = borrower(desk)
    (borrower_id,) = desk.one("SELECT borrower_id FROM borrower WHERE id = %s", number)
    parties = Parties(desk, tmp_path)
    parties.know(str(borrower_id))
    enter(page, number)
    page.goto(f"/portal/mine/parts/{loan}")

    def ask() -> None:
        page.get_by_label("What you can pay each month").fill("2000")
        page.get_by_label("Wages").fill("90,000")
        page.get_by_text("Other debts, and savings").click()
        if not page.get_by_label("Count what I owe to other lenders").is_visible():
            page.get_by_text("Other debts, and savings").click()
        page.get_by_label("Count what I owe to other lenders").check()
        page.get_by_role("button", name="Show me the plan").click()

    ask()
    expect(page.locator("main")).to_contain_text("It does not answer now")
    with parties.running():
        parties.publish(str(borrower_id), 1, currency="USD", monthly=77_700)  # our own loan: the ledger has it already
        parties.publish(str(borrower_id), 2, currency="USD", monthly=12_345)
        ask()
        shown = page.get_by_role("status")
        expect(shown).to_contain_text("what is late there comes on top: Lender 2 $123.45")
        expect(shown.locator("tr", has_text="Goes to other debts")).to_contain_text("$123.45")
        parties.publish(str(borrower_id), 3, currency="CNY", monthly=100)
        ask()
        expect(page.locator("main")).to_contain_text("a month")  # the plan is shown, and judged by nobody's rate
        expect(page.get_by_role("status")).not_to_contain_text("Can you repay it?")


def test_where_no_law_is_named_it_is_not_offered(desk: Desk, page: Page) -> None:
    number, _ = _own(desk, "DE")
    enter(page, number)
    page.goto("/portal/mine/everywhere")
    expect(page.locator("main")).to_contain_text("This is not offered where you live")
    expect(page.get_by_role("button", name="Look now")).to_have_count(0)


@pytest.mark.parametrize("path", ["everywhere/consent", "everywhere/looks", "everywhere/object"])
def test_nothing_is_opened_without_a_token_of_the_page(desk: Desk, page: Page, path: str) -> None:
    number, _ = borrower(desk)
    enter(page, number)
    answer = page.request.post(f"/portal/mine/{path}", form={})
    assert answer.status == 403
