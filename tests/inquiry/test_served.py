"""The parties as their operators run them: from the command line, over loopback, each a process of its own."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from duecourse.cli_inquiry import now
from duecourse.inquiry.charter import Charter, signed
from duecourse.inquiry.client import Reader
from duecourse.inquiry.identity import normalised
from duecourse.inquiry.publisher import Publisher
from duecourse.inquiry.signed import Signer
from duecourse.inquiry.wire import Caller, Http, answered
from tests.documents.samples import read
from tests.inquiry.world import entry, seed

NUMBER: Final = "11010519491231002X"
BORN_ON: Final = "1949-12-31"


def _run(party: str, *arguments: str, number: str = "") -> str:
    """Run a command as a party, and return what it prints."""
    environ = os.environ | {"DUECOURSE_INQUIRY_SEED": seed(party).hex(), "COLUMNS": "200"}
    environ |= {"DUECOURSE_INQUIRY_NUMBER": number} if number else {}
    command = [sys.executable, "-m", "duecourse.cli", "inquiry", *arguments]
    done = subprocess.run(  # noqa: S603 - our own command
        command, env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout + done.stderr


@contextmanager
def _serving(party: str, port: int, *arguments: str) -> Iterator[None]:
    environ = os.environ | {"DUECOURSE_INQUIRY_SEED": seed(party).hex()}
    command = [sys.executable, "-m", "duecourse.cli", "inquiry", party, *arguments, "--bind", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, env=environ) as process:  # noqa: S603 - our own command
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found


def _charter(path: Path) -> str:
    """Write the charter as an operator does, out of what the parties say of their keys; return the operator's key."""
    keys = {party: dict(re.findall(r'(\w+) = "(\w+)"', _run(party, "keys"))) for party in ("hub", "holder")}
    lender, checker = Signer.of(seed("lender 1")).public, Signer.of(seed("checker")).public
    path.write_text(
        f"""
from_on = 2026-01-01
until_on = 2036-12-31
people = 2400
hub_key = "{keys["hub"]["key"]}"
address_key = "{keys["holder"]["address_key"]}"
opening_key = "{keys["holder"]["opening_key"]}"

[[lenders]]
number = 1
name = "Acme Lending"
key = "{lender}"
jurisdiction = "CN"
licence = "L-1"
contact = "disputes@acme.example"

[[checkers]]
name = "Acme Portal"
key = "{checker}"

[[bases]]
jurisdiction = "CN"
basis = "Made up for a test, and of no country."
named_by = "Nobody"
named_on = 2026-01-01
purposes = ["own_view", "forbearance"]
""",
        encoding="utf-8",
    )
    said = _run("operator", "sign", str(path))
    assert "the inquiry is on in CN" in said
    return Signer.of(seed("operator")).public


def _publish(charter: Charter, hub: Http, holder: Http) -> None:
    """Publish one loan as lender 1, and end the cycle as the operator."""
    caller = Caller(Signer.of(seed("lender 1")))
    identity = normalised("CN", NUMBER, datetime.fromisoformat(BORN_ON).date())
    person = Reader(charter, hub, holder, caller).person(identity, now())
    publisher = Publisher(charter, 1, seed("lender 1"), hub, caller)
    said = entry(1, as_of=now(), expires_on=now().date() + timedelta(days=14))
    publisher.send([publisher.item("A", said, person)], 1, now())
    _close(hub.address)


def _close(hub: str) -> None:
    """End the hub's cycle, as the operator."""
    headers = Caller(Signer.of(seed("operator"))).headers("/close", b"", now())
    with Http(hub) as party:
        answered(party.ask("POST", "/close", b"", headers))


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[str]]]:
    """Run a hub and a key holder, publish one loan, and end the cycle."""
    folder, ports = tmp_path_factory.mktemp("parties"), (_port(), _port())
    charter = folder / "charter.toml"
    operator = _charter(charter)
    common = ["--charter", str(charter), "--operator", operator]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    with (
        _serving("holder", ports[1], str(folder / "holder"), *common, "--workers", "2"),
        _serving("hub", ports[0], str(folder / "hub"), *common, "--holder", urls[1], "--cycle-seconds", "3600"),
    ):
        with Http(urls[0]) as hub, Http(urls[1]) as holder:
            _publish(signed(charter, operator), hub, holder)
        certificate = folder / "certificate.json"
        certificate.write_text(_run("checker", "vouch", Signer.of(seed("client")).public, "--jurisdiction", "CN"))
        yield folder, [*common, "--hub", urls[0], "--holder", urls[1]]


def _who(folder: Path) -> list[str]:
    return ["--certificate", str(folder / "certificate.json"), "--country", "CN", "--born-on", BORN_ON]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_borrower_asks_from_the_command_line(parties: tuple[Path, list[str]], language: str) -> None:
    folder, common = parties
    said = _run("client", "ask", *common, *_who(folder), "--language", language, number=NUMBER)
    assert "Acme Lending" in said
    assert "CNY 950.00" in said
    assert NUMBER not in said
    pdf, html = folder / f"{language}.pdf", folder / f"{language}.html"
    for out in (pdf, html):
        assert not _run(
            "client", "ask", *common, *_who(folder), "--language", language, "--out", str(out), number=NUMBER
        )
    wanted = "What you owe by law" if language == "en" else "依法应还"
    assert wanted in html.read_text(encoding="utf-8")
    assert wanted in read(pdf.read_bytes())


def test_a_consent_goes_to_a_lender_and_is_withdrawn(parties: tuple[Path, list[str]]) -> None:
    folder, common = parties
    consent, who = folder / "consent.json", _who(folder)
    asked = ["--to", "1", "--purpose", "forbearance", "--uses", "2"]
    said = _run("client", "consent", str(consent), *asked, *common, *who, number=NUMBER)
    assert "lender 1 may open 1 records, 2 times within 7 days, for forbearance" in said
    used = _run("lender 1", "use", str(consent), *common, *who[2:], number=NUMBER)
    assert "Others who collect now" in used
    assert "withdrawn" in _run("client", "withdraw", str(consent), *common, *who[:2])
    again = _run("lender 1", "use", str(consent), *common, *who[2:], number=NUMBER)
    assert "consent_withdrawn: withdrawn at" in again
    log = _run("client", "log", *common, *who[:2])
    assert "Acme Lending: forbearance, 4 locks" in log
    assert "you: own_view, 4 locks" in log


def test_what_is_wrong_is_said_in_one_line(parties: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder, common = parties
    said = _run("stranger", "ask", *common, *_who(folder), number=NUMBER)
    assert "certificate: the certificate is for another key" in said
    said = _run("client", "ask", *common, *_who(folder), number="110105194912310021")
    assert "this is no resident identity card number of CN" in said
    assert "110105194912310021" not in said
    other = ["--charter", common[1], "--operator", Signer.of(seed("x")).public]
    assert "charter: " in _run("hub", "hub", str(tmp_path), *other)
    assert "the charter's hub has key" in _run("stranger", "hub", str(tmp_path), *common[:4])
    assert "key holder has other keys" in _run("stranger", "holder", str(tmp_path), *common[:4])
    with Http(common[5]) as hub:
        head = json.loads(answered(hub.ask("GET", "/head", b"", {})))
    assert head["key"] == Signer.of(seed("hub")).public


def test_a_record_that_is_wrong_is_objected_to_and_at_last_taken_out(parties: tuple[Path, list[str]]) -> None:
    folder, common = parties
    who, to_hub = _who(folder), common[4:6]
    record = re.findall(r"\d+-[0-9a-f]{32}", _run("client", "ask", *common, *who, number=NUMBER))[0]
    said = _run("client", "object", record, *common, *who, number=NUMBER)
    assert "from the next cycle on" in said
    _close(common[5])
    assert "you have disputed it since" in _run("client", "ask", *common, *who, number=NUMBER)
    _run("client", "object", record, "--take-back", *common, *who, number=NUMBER)
    _close(common[5])
    assert "you have disputed it since" not in _run("client", "ask", *common, *who, number=NUMBER)
    assert "party: this is ordered by the operator alone" in _run("client", "remove", record, "case 7", *to_hub)
    assert "is no number of a record" in _run("operator", "remove", "7", "case 7", *to_hub)
    assert "never taken again" in _run("operator", "remove", record, "case 7", *to_hub)
    _close(common[5])
    assert record not in _run("client", "ask", *common, *who, number=NUMBER)


def test_the_moment_is_utc() -> None:
    assert now().tzinfo is UTC
