"""Who may open what at the desk: every address, asked by everybody. What is not in the table is not there."""

import re
from typing import Final

import pytest
from django.urls import URLPattern, get_resolver

import duecourse.store  # noqa: F401  sets Django up
from tests.web.asking import Asking, as_borrower, signed_in
from tests.web.conftest import Desk

WHO: Final = ("anonymous", "collector", "other_team", "supervisor", "compliance", "administrator")
IN: Final = "sent to sign in"
# What each of WHO gets; a redirect that is no refusal is "moved".
TABLE: Final[dict[tuple[str, str], tuple[int | str, ...]]] = {
    ("queue", "GET"): (IN, 200, 200, 200, 200, 403),
    ("case", "GET"): (IN, 200, 404, 200, 200, 403),
    ("opens", "GET"): (IN, 200, 404, 200, 200, 403),
    ("press", "POST"): (IN, 200, 404, 200, 403, 403),
    ("tell", "GET"): (IN, 200, 404, 200, 200, 403),
    ("tell", "POST"): (IN, 200, 404, 200, 200, 403),
    ("next", "GET"): (IN, "moved", "moved", "moved", "moved", 403),
    ("words", "GET"): (IN, 200, 404, 200, 200, 403),
    ("ended", "POST"): (IN, 404, 404, 404, 403, 403),
    ("parts", "GET"): (IN, 200, 404, 200, 200, 403),
    ("parts", "POST"): (IN, 200, 404, 200, 200, 403),
    ("agree", "POST"): (IN, 404, 404, 404, 404, 403),
    ("elsewhere", "GET"): (IN, 200, 404, 200, 200, 403),
    ("elsewhere", "POST"): (IN, 200, 404, 200, 200, 403),
    ("me", "GET"): (IN, 200, 200, 200, 200, 200),
    ("me", "POST"): (IN, 200, 200, 200, 200, 200),
    ("tour_refused", "GET"): (IN, "moved", "moved", "moved", "moved", 403),
    **{
        (name, "GET"): (IN, 403, 403, 403, 200, 403)
        for name in (
            "compliance",
            "verdicts",
            "of_reason",
            "density",
            "complaints",
            "duties",
            "rules",
            "templates",
            "audit",
            "requests",
        )
    },
    **{(name, "GET"): (IN, 403, 403, 403, 404, 403) for name in ("complaint", "complaint_bundle", "complaint_file")},
    ("close_complaint", "POST"): (IN, 403, 403, 403, 404, 403),
    ("duty_done", "POST"): (IN, 403, 403, 403, 404, 403),
    ("approve_template", "POST"): (IN, 403, 403, 409, 409, 403),
    ("answer_request", "POST"): (IN, 403, 403, 403, 409, 403),
    ("hand_out", "POST"): (IN, 403, 403, 403, 409, 403),
    ("wording", "GET"): (IN, 200, 200, 200, 200, 403),
    ("wording", "POST"): (IN, 200, 200, 200, 200, 403),
    ("board", "GET"): (IN, 403, 403, 200, 200, 403),
    ("picture", "GET"): (IN, 403, 403, 200, 200, 403),
    ("outbox", "GET"): (IN, 403, 403, 200, 403, 403),
    ("resolve", "POST"): (IN, 403, 403, 404, 403, 403),
    ("switch", "POST"): (IN, 403, 403, 404, 403, 403),
    ("approvals", "GET"): (IN, 403, 403, 200, 200, 403),
    ("decide", "POST"): (IN, 403, 403, 404, 404, 403),
    ("teams", "GET"): (IN, 403, 403, 200, 403, 403),
    ("hand_over", "POST"): (IN, 403, 403, 404, 403, 403),
    ("nothing", "GET"): (IN, 200, 200, 200, 200, 200),
    ("sign_in", "GET"): (200,) * 6,
    ("sign_in", "POST"): (200,) * 6,
    ("code", "GET"): ("moved",) * 6,
    ("enrol", "GET"): ("moved",) * 6,
    ("welcome", "GET"): (404,) * 6,
}
LEFT_OUT: Final = {"sign_out", "sign_in_as"}  # they change who one is: tried below


@pytest.fixture(scope="module")
def visitors(desk: Desk) -> dict[str, Asking]:
    desk.one(
        "INSERT INTO staff (user_id, password, role, teams) VALUES ('other', '!', 'collector', '{legal}') RETURNING 1"
    )
    users = dict.fromkeys(WHO[1:], "") | {who: who for who in WHO[1:]} | {"other_team": "other"}
    return {"anonymous": Asking(desk.url), **{who: signed_in(desk.url, user) for who, user in users.items()}}


@pytest.fixture(scope="module")
def number(desk: Desk) -> int:
    """Return a case with a call planned by the collector's team."""
    (found,) = desk.one(
        "SELECT borrower_no FROM planned_act WHERE channel = 'call' AND team = 'early' ORDER BY 1 LIMIT 1"
    )
    assert isinstance(found, int)
    return found


def paths(number: int, loan: str) -> dict[str, str]:
    return {
        "words": f"/desk/cases/{number}/words/call", "ended": f"/desk/cases/{number}/ended", "me": "/desk/me",
        "wording": "/desk/wording", "board": "/desk/board?by=arm",
        "picture": "/desk/board/pictures/paid", "outbox": "/desk/board/outbox",
        "resolve": "/desk/board/outbox/resolve", "switch": "/desk/board/outbox/switch",
        "approvals": "/desk/board/approvals", "decide": "/desk/board/approvals/decide", "teams": "/desk/board/teams",
        "hand_over": f"/desk/board/teams/hand-over/{number}",
        "compliance": "/desk/compliance", "verdicts": "/desk/compliance/verdicts?days=90",
        "of_reason": "/desk/compliance/verdicts/paid_since_plan", "density": "/desk/compliance/density",
        "complaints": "/desk/compliance/complaints", "complaint": "/desk/compliance/complaints/complaint/none",
        "complaint_bundle": "/desk/compliance/complaints/complaint/none/all",
        "complaint_file": "/desk/compliance/complaints/complaint/none/files/0",
        "close_complaint": "/desk/compliance/complaints/complaint/none/close", "duties": "/desk/compliance/duties",
        "duty_done": "/desk/compliance/duties/done", "rules": "/desk/compliance/rules",
        "templates": "/desk/compliance/templates", "approve_template": "/desk/compliance/templates/approve",
        "audit": "/desk/compliance/audit", "requests": "/desk/compliance/requests",
        "answer_request": "/desk/compliance/requests/answer", "hand_out": "/desk/compliance/requests/data",
        "tour_refused": "/desk/demonstration/refused",
        "parts": f"/desk/cases/{number}/parts/{loan}", "agree": f"/desk/cases/{number}/agree",
        "elsewhere": f"/desk/cases/{number}/elsewhere",
        "queue": "/desk/", "case": f"/desk/cases/{number}", "opens": f"/desk/cases/{number}/opens/call",
        "press": f"/desk/cases/{number}/acts/call", "tell": f"/desk/cases/{number}/told",
        "next": f"/desk/cases/{number}/next", "nothing": "/desk/nothing", "sign_in": "/desk/sign-in",
        "code": "/desk/sign-in/code", "enrol": "/desk/sign-in/second-factor", "welcome": "/desk/welcome/MQ/x-y",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "method"), sorted(TABLE), ids=lambda value: value)
def test_everybody_gets_what_the_table_says(
    desk: Desk, visitors: dict[str, Asking], number: int, name: str, method: str
) -> None:
    (loan,) = desk.one("SELECT min(loan_id) FROM case_loan WHERE borrower_no = %s", number)
    path = paths(number, str(loan))[name]
    got = []
    for who in WHO:
        answer = visitors[who].get(path) if method == "GET" else visitors[who].post(path)
        is_in = answer.status == 302 and answer.location.startswith("/desk/sign-in?next=")
        got.append(IN if is_in else "moved" if answer.status == 302 else answer.status)
    assert tuple(got) == TABLE[name, method]


def test_to_a_borrower_the_desk_is_as_to_anybody(desk: Desk, number: int) -> None:
    own = as_borrower(desk.url, number)
    for (name, method), expected in sorted(TABLE.items()):
        path = paths(number, "L1")[name]
        answer = own.get(path) if method == "GET" else own.post(path)
        is_in = answer.status == 302 and answer.location.startswith("/desk/sign-in?next=")
        got = IN if is_in else "moved" if answer.status == 302 else answer.status
        assert got == expected[0], (name, method)  # the first is for whoever has not signed in


def test_the_table_has_every_address() -> None:
    named = {each.name for each in _patterns()}
    assert named == {name for name, _ in TABLE} | LEFT_OUT


def test_what_is_not_yours_looks_like_what_does_not_exist(visitors: dict[str, Asking], number: int) -> None:
    theirs, nobodys = (visitors["other_team"].get(f"/desk/cases/{one}") for one in (number, 999_999))
    assert (theirs.status, nobodys.status) == (404, 404)
    bodies = [re.sub(r'value="\w{64}"|/desk/cases/\d+', "", answer.body) for answer in (theirs, nobodys)]
    assert bodies[0] == bodies[1]


def test_a_form_that_comes_from_elsewhere_is_not_taken(visitors: dict[str, Asking], number: int) -> None:
    collector = visitors["collector"]
    bare = collector.ask("POST", f"/desk/cases/{number}/acts/call", "x=1")
    assert bare.status == 403
    assert "too old, or came from elsewhere" in bare.body


def test_what_somebody_can_mend_is_said_in_its_line(desk: Desk, visitors: dict[str, Asking]) -> None:
    was = desk.one("SELECT strategy_hash FROM plan")
    desk.one("UPDATE plan SET strategy_hash = 'another' RETURNING 1")
    answer = visitors["collector"].get("/desk/")
    desk.one("UPDATE plan SET strategy_hash = %s RETURNING 1", *was)
    assert answer.status == 409
    assert "the plan in force is of another strategy: start the server with its file, or plan again" in answer.body
    assert visitors["collector"].get("/desk/").status == 200


def test_who_signs_out_is_out(desk: Desk) -> None:
    collector = signed_in(desk.url, "collector")
    old = dict(collector.cookies)
    assert collector.post("/desk/sign-out").status == 302
    collector.cookies = old
    assert collector.get("/desk/").location.startswith("/desk/sign-in")


def test_nobody_comes_in_by_a_name_that_is_not_there(desk: Desk) -> None:
    assert Asking(desk.url).post("/desk/sign-in/as/nobody").status == 404


def test_pages_are_framed_kept_and_sniffed_by_nobody(visitors: dict[str, Asking], number: int) -> None:
    headers = visitors["collector"].get(f"/desk/cases/{number}").headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def _patterns() -> list[URLPattern]:
    found = [each for each in get_resolver("duecourse.desk.urls").url_patterns if isinstance(each, URLPattern)]
    assert len(found) == len(get_resolver("duecourse.desk.urls").url_patterns)
    return found
