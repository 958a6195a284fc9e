"""The API of the lender's systems, version 1, over a made-up lender's store: who may what, once, page by page."""

import base64
import hashlib
import hmac
import json
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as conformance

import duecourse.store  # noqa: F401  sets Django up
from duecourse.api.v1.urls import v1
from duecourse.day.facts import Facts, Told
from duecourse.store.keys import Keyring
from duecourse.store.tokens import SCOPES
from tests.cli.conftest import SCRIPT
from tests.web.conftest import Desk

GET: Final = {
    "/v1/loans/{loan}": "loans:read", "/v1/cases": "cases:read", "/v1/cases/{borrower}": "cases:read",
    "/v1/plan": "plan:read", "/v1/verdicts": "verdicts:read", "/v1/duties": "duties:read",
}  # fmt: skip
POST: Final = {"/v1/judge": "judge", "/v1/payments": "payments:write", "/v1/facts": "events:write"}


def command(desk: Desk, *words: str) -> str:
    """Run the program on the desk's store."""
    line = [str(SCRIPT), *words, "--store", str(desk.place.folder)]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603


def token(desk: Desk, name: str, *scopes: str) -> str:
    options = [part for scope in scopes for part in ("--scope", scope)]
    return command(desk, "token", "add", name, *options, "--by", "administrator")


@pytest.fixture(scope="module")
def all_of_it(desk: Desk) -> str:
    return token(desk, "core", *SCOPES)


class System:
    """A system of the lender's."""

    def __init__(self, desk: Desk, secret: str | None) -> None:
        """Take the system's token."""
        self._where, self._secret = urlsplit(desk.url), secret

    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> tuple[int, Any]:
        connection = HTTPConnection(self._where.hostname or "", self._where.port, timeout=20)
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {self._secret}"} if self._secret else {}
        headers |= {"Idempotency-Key": key} if key else {}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        found = connection.getresponse()
        text = found.read().decode()
        connection.close()
        return found.status, json.loads(text)


@pytest.fixture(scope="module")
def whose(desk: Desk) -> dict[str, Any]:
    """Return a borrower with something overdue, one loan of theirs, and its currency."""
    borrower, number, loan, currency = desk.one(
        """SELECT b.borrower_id, b.id, l.loan_id, l.currency FROM case_loan l JOIN borrower b ON b.id = l.borrower_no
        JOIN planned_act a ON a.borrower_no = b.id WHERE a.demands
            AND NOT EXISTS (SELECT FROM holds h WHERE h.borrower_no = b.id) ORDER BY 1, 3 LIMIT 1"""
    )
    return {"borrower": borrower, "number": number, "loan": loan, "currency": currency}


def test_each_path_needs_a_token_with_its_scope(desk: Desk, whose: dict[str, Any]) -> None:
    paths = [("GET", path.format(**whose), scope) for path, scope in GET.items()]
    paths += [("POST", path, scope) for path, scope in POST.items()]
    ended = token(desk, "ended", *SCOPES)
    command(desk, "token", "end", "ended", "--by", "administrator")
    lacking = {scope: token(desk, f"no {scope}", *(one for one in SCOPES if one != scope)) for scope in SCOPES}
    for method, path, scope in paths:
        for secret, status in ((None, 401), ("dc_made-up", 401), (ended, 401), (lacking[scope], 403)):
            found, said = System(desk, secret).ask(method, path, {} if method == "POST" else None)
            assert found == status, (path, secret and secret[:3])
        assert scope in said["error"]
    assert set(POST.values()) | set(GET.values()) == set(SCOPES)


def test_a_loan_is_told_as_the_desk_shows_it(desk: Desk, whose: dict[str, Any], all_of_it: str) -> None:
    status, loan = System(desk, all_of_it).ask("GET", f"/v1/loans/{whose['loan']}")
    assert status == 200
    assert loan["overdue"] == sum(part["overdue"] for part in loan["parts"]) > 0
    assert loan["owed"] == loan["overdue"] + sum(part["later"] for part in loan["parts"]) - loan["credit"]
    assert loan["contractual"] - loan["owed"] == loan["cut"]
    assert System(desk, all_of_it).ask("GET", "/v1/loans/none")[0] == 404
    status, case = System(desk, all_of_it).ask("GET", f"/v1/cases/{whose['borrower']}")
    assert (status, loan in case["loans"]) == (200, True)


def test_a_payment_is_taken_once_whoever_sends_it_again_and_together(
    desk: Desk, whose: dict[str, Any], all_of_it: str
) -> None:
    system = System(desk, all_of_it)
    before = system.ask("GET", f"/v1/loans/{whose['loan']}")[1]["owed"]
    body = {
        "payment_id": "P-api-1", "borrower_id": whose["borrower"], "loan_id": whose["loan"], "paid_on": "2026-06-30",
        "amount": 77, "currency": whose["currency"],
    }  # fmt: skip
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: system.ask("POST", "/v1/payments", body, "k-1"), range(12)))
    assert answers == [(200, {"is_new": True})] * 12
    assert before - system.ask("GET", f"/v1/loans/{whose['loan']}")[1]["owed"] == 77
    assert system.ask("POST", "/v1/payments", {**body, "amount": 78}, "k-1")[0] == 409
    assert system.ask("POST", "/v1/payments", body)[0] == 400
    assert system.ask("POST", "/v1/payments", body, "k-2") == (200, {"is_new": False})
    wrong = system.ask("POST", "/v1/payments", {**body, "payment_id": "P2", "currency": "JPY"}, "k-3")
    assert (wrong[0], "match it by hand" in wrong[1]["error"]) == (422, True)
    assert system.ask("POST", "/v1/payments", {**body, "payment_id": "P2"}, "k-3") == (200, {"is_new": True})


def test_a_fact_stops_what_it_must_and_the_gate_says_so(desk: Desk, whose: dict[str, Any], all_of_it: str) -> None:
    system = System(desk, all_of_it)
    question = {"borrower_id": whose["borrower"], "channel": "email"}
    fact = {"fact_id": "D-1", "borrower_id": whose["borrower"], "kind": "dispute", "about": "amount", "words": "No."}
    assert system.ask("POST", "/v1/facts", fact, "f-1") == (200, {"is_new": True})
    status, answer = system.ask("POST", "/v1/judge", question)
    assert (status, answer["is_permitted"]) == (200, False)
    assert "hold_dispute" in [reason["code"] for reason in answer["reasons"]]
    assert desk.one("SELECT count(*) FROM verdict WHERE borrower_no = %s", whose["number"]) == (0,)  # nothing written
    assert system.ask("POST", "/v1/facts", {**fact, "fact_id": "X", "kind": "hold"}, "f-2")[0] == 422


def test_at_night_the_gate_refuses_with_the_rule_and_its_citation(desk: Desk, all_of_it: str) -> None:
    (borrower,) = desk.one(
        """SELECT b.borrower_id FROM collection_case c JOIN borrower b ON b.id = c.borrower_no
        JOIN planned_act a USING (borrower_no) WHERE c.country = 'CN' AND a.demands ORDER BY 1 LIMIT 1"""
    )
    question = {"borrower_id": borrower, "channel": "call", "at": "2026-06-30T23:30:00+08:00"}
    _, answer = System(desk, all_of_it).ask("POST", "/v1/judge", question)
    night = next(reason for reason in answer["reasons"] if reason["code"] == "law:cn.gbt45251.hours.night")
    assert "22:00" in night["says"]
    assert night["cite"].startswith("GB/T 45251-2025")


def test_pages_meet_and_a_cursor_that_is_made_up_is_none(desk: Desk, all_of_it: str) -> None:
    system = System(desk, all_of_it)
    seen, path = list[str](), "/v1/cases?limit=7"
    for _ in range(500):
        _, page = system.ask("GET", path)
        seen += [row["borrower_id"] for row in page["rows"]]
        if page["next"] is None:
            break
        path = f"/v1/cases?limit=7&after={page['next']}"
    assert desk.one("SELECT count(*) FROM collection_case") == (len(seen),)
    assert len(set(seen)) == len(seen)
    for cursor in ("1", "7.0000000000", f"999{page['next']}", "x"):
        assert system.ask("GET", f"/v1/cases?after={cursor}")[0] == 400
    assert system.ask("GET", "/v1/cases?limit=201")[0] == 422


class Heard(BaseHTTPRequestHandler):
    """A system that hears of things; the first delivery is refused."""

    said: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.said.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(500 if len(self.said) == 1 else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def listening() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    Heard.said = []
    server = HTTPServer(("127.0.0.1", 0), Heard)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/told", Heard.said
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_system_is_told_signed_and_again_until_it_takes_it(
    desk: Desk, listening: tuple[str, list[tuple[dict[str, str], bytes]]]
) -> None:
    url, said = listening
    secret = command(desk, "hook", "add", url, "--kind", "promise.made", "--by", "administrator").split()[1]
    (borrower,) = desk.one("SELECT max(borrower_no) FROM collection_case")
    assert isinstance(borrower, int)
    at = datetime.now(UTC)
    with desk.place.connected() as connection:
        facts = Facts(connection, Keyring.read(desk.place.keys), "u1")
        with facts.locked(borrower):
            assert facts.promise(Told("F1", borrower, at, at.date()), 500, at.date())
    assert command(desk, "hook", "send") == "0 arrived"
    desk.one("UPDATE hook_told SET next_try_at = now() - interval '1 second' RETURNING 1")
    assert command(desk, "hook", "send") == "1 arrived"
    assert command(desk, "hook", "send") == "0 arrived"
    assert len(said) == 2
    (first, body), (second, _) = said
    assert first["webhook-id"] == second["webhook-id"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{second['webhook-id']}.{second['webhook-timestamp']}.".encode() + body
    right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert second["webhook-signature"] == f"v1,{right}"
    told = json.loads(body)
    assert (told["type"], told["data"]["about"]) == ("promise.made", "F1")


SCHEMA: Final = schemathesis.openapi.from_dict(dict(v1.get_openapi_schema(path_prefix="/v1/")))
CHECKS: Final = [
    checks.not_a_server_error, conformance.status_code_conformance, conformance.content_type_conformance,
    conformance.response_schema_conformance,
]  # fmt: skip


def test_the_schema_has_every_path_and_is_served(desk: Desk) -> None:
    served = System(desk, None).ask("GET", "/v1/openapi.json")[1]
    assert {path.partition("{")[0] for path in served["paths"]} == {path.partition("{")[0] for path in (*GET, *POST)}


def answers(method: str, path: str) -> Callable[..., None]:
    """Return the test of one operation: each has a name of its own."""

    @SCHEMA.include(method=method, path=f"/v1{path}").parametrize()
    @settings(max_examples=8, suppress_health_check=list(HealthCheck), deadline=None)
    def every_answer_is_as_documented(case: schemathesis.Case[Any], desk: Desk, all_of_it: str) -> None:
        headers = {"Authorization": f"Bearer {all_of_it}"}
        response = case.call(base_url=desk.url, headers=headers, timeout=20)
        case.validate_response(response, checks=CHECKS)

    found: Callable[..., None] = every_answer_is_as_documented
    return found


test_loans_are_as_documented = answers("GET", "/loans/{loan_id}")
test_cases_are_as_documented = answers("GET", "/cases")
test_a_case_is_as_documented = answers("GET", "/cases/{borrower_id}")
test_the_plan_is_as_documented = answers("GET", "/plan")
test_verdicts_are_as_documented = answers("GET", "/verdicts")
test_duties_are_as_documented = answers("GET", "/duties")
test_judging_is_as_documented = answers("POST", "/judge")
test_payments_are_as_documented = answers("POST", "/payments")
test_facts_are_as_documented = answers("POST", "/facts")
