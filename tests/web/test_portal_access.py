"""Who may open what of the portal: every address, asked by everybody. What is not in the table is not there."""

from typing import Final

import pytest
from django.urls import URLPattern, get_resolver

import duecourse.store  # noqa: F401  sets Django up
from tests.web.asking import Asking, as_borrower, signed_in
from tests.web.conftest import Desk

WHO: Final = ("anonymous", "borrower", "other_borrower", "collector", "supervisor", "compliance", "administrator")
START: Final = "sent to the start"
OUT: Final = (START,)
_STAFF: Final = (START,) * 4
# What each of WHO gets: where the address names a loan it is the borrower's.
TABLE: Final[dict[tuple[str, str], tuple[int | str, ...]]] = {
    ("start", "GET"): (200,) * 7,
    ("check", "GET"): (200,) * 7,
    ("check", "POST"): (200,) * 7,
    ("lender", "GET"): (200,) * 7,
    ("lender", "POST"): (200,) * 7,
    ("nothing", "GET"): (200,) * 7,
    ("by_link", "GET"): (404,) * 7,
    ("by_link", "POST"): (404,) * 7,
    ("home", "GET"): (START, 200, 200, *_STAFF),
    ("lines", "GET"): (START, 200, 404, *_STAFF),
    ("pay", "GET"): (START, 200, 404, *_STAFF),
    ("pay", "POST"): (START, 200, 404, *_STAFF),
    ("sandbox", "GET"): (START, 200, 404, *_STAFF),
    ("sandbox", "POST"): (START, "home", 404, *_STAFF),
    ("promise", "GET"): (START, 200, 404, *_STAFF),
    ("promise", "POST"): (START, 200, 404, *_STAFF),
    ("afford", "GET"): (START, 200, 404, *_STAFF),
    ("afford", "POST"): (START, 200, 404, *_STAFF),
    ("agree", "POST"): (START, 404, 404, *_STAFF),
    ("wrong", "GET"): (START, 200, 200, *_STAFF),
    ("wrong", "POST"): (START, 200, 200, *_STAFF),
    ("hardship", "GET"): (START, 200, 200, *_STAFF),
    ("hardship", "POST"): (START, 200, 200, *_STAFF),
    ("contact", "GET"): (START, 200, 200, *_STAFF),
    ("choose", "POST"): (START, 409, 409, *_STAFF),
    ("speaker", "GET"): (START, 200, 200, *_STAFF),
    ("speaker", "POST"): (START, 200, 200, *_STAFF),
    ("report", "GET"): (START, 200, 200, *_STAFF),
    ("report", "POST"): (START, 200, 200, *_STAFF),
    ("review", "POST"): (START, 404, 404, *_STAFF),
    ("everywhere", "GET"): (START, 200, 200, *_STAFF),
    ("everywhere", "POST"): (START, 200, 200, *_STAFF),
    ("consent", "POST"): (START, 404, 404, *_STAFF),
    ("object_to", "POST"): (START, 404, 404, *_STAFF),
    ("looks", "GET"): (START, "home", "home", *_STAFF),
    ("papers", "GET"): (START, 200, 200, *_STAFF),
    ("of_data", "POST"): (START, 404, 404, *_STAFF),
    ("statement", "GET"): (START, 200, 404, *_STAFF),
    ("everything", "GET"): (START, 200, 200, *_STAFF),
}
LEFT_OUT: Final = {"out", "as_borrower"}  # they change who one is: tried below


@pytest.fixture(scope="module")
def whose(desk: Desk) -> tuple[int, int, str]:
    """Return two borrowers, and a loan of the first."""
    first, loan = desk.one("SELECT borrower_no, loan_id FROM case_loan ORDER BY 1, 2 LIMIT 1")
    (second,) = desk.one("SELECT min(borrower_no) FROM case_loan WHERE borrower_no > %s", first)
    assert isinstance(first, int)
    assert isinstance(second, int)
    return first, second, str(loan)


@pytest.fixture(scope="module")
def visitors(desk: Desk, whose: tuple[int, int, str]) -> dict[str, Asking]:
    own, other, _ = whose
    staff = {user: signed_in(desk.url, user) for user in WHO[3:]}
    return {
        "anonymous": Asking(desk.url), "borrower": as_borrower(desk.url, own),
        "other_borrower": as_borrower(desk.url, other), **staff,
    }  # fmt: skip


@pytest.fixture(scope="module")
def paths(whose: tuple[int, int, str], visitors: dict[str, Asking]) -> dict[str, str]:
    loan = whose[2]
    begun = visitors["borrower"].post(f"/portal/mine/pay/{loan}", amount="1.00")
    assert begun.location.startswith("/portal/pay/sandbox/")
    plain = ("home", "agree", "wrong", "hardship", "contact", "speaker", "report", "review", "papers")
    return {
        "start": "/portal/", "check": "/portal/check", "lender": "/portal/lender",
        "nothing": "/portal/nothing", "by_link": "/portal/in/kx-y",
        **{name: f"/portal/mine/{name}" for name in plain}, "home": "/portal/mine",
        **{name: f"/portal/mine/{name}/{loan}" for name in ("lines", "pay", "promise")},
        "afford": f"/portal/mine/parts/{loan}", "sandbox": begun.location, "choose": "/portal/mine/contact/silence",
        "of_data": "/portal/mine/papers/ask",
        "everywhere": "/portal/mine/everywhere", "looks": "/portal/mine/everywhere/looks",
        "consent": "/portal/mine/everywhere/consent", "object_to": "/portal/mine/everywhere/object",
        "statement": f"/portal/mine/papers/statement/{loan}", "everything": "/portal/mine/papers/everything",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "method"), sorted(TABLE), ids=lambda value: value)
def test_everybody_gets_what_the_table_says(
    visitors: dict[str, Asking], paths: dict[str, str], name: str, method: str
) -> None:
    got: list[int | str] = []
    for who in WHO:
        answer = visitors[who].get(paths[name]) if method == "GET" else visitors[who].post(paths[name])
        moved = {"/portal/": START}.get(answer.location, "home" if "/portal/mine" in answer.location else "moved")
        got.append(moved if answer.status == 302 else answer.status)
    assert tuple(got) == TABLE[name, method]


def test_the_table_has_every_address() -> None:
    patterns = get_resolver("duecourse.portal.urls").url_patterns
    assert {each.name for each in patterns if isinstance(each, URLPattern)} == {name for name, _ in TABLE} | LEFT_OUT


def test_who_leaves_is_out_and_nobody_comes_in_as_whom_there_is_not(desk: Desk, whose: tuple[int, int, str]) -> None:
    own = as_borrower(desk.url, whose[0])
    old = dict(own.cookies)
    assert own.post("/portal/out").location == "/portal/"
    own.cookies = old
    assert own.get("/portal/mine").location == "/portal/"
    assert own.post("/portal/as/999999").status == 404


def test_a_borrower_is_no_user_of_the_desk(visitors: dict[str, Asking], whose: tuple[int, int, str]) -> None:
    for path in ("/desk/", f"/desk/cases/{whose[0]}"):
        assert visitors["borrower"].get(path).location.startswith("/desk/sign-in")


def test_a_form_from_elsewhere_is_not_taken(visitors: dict[str, Asking]) -> None:
    assert visitors["borrower"].ask("POST", "/portal/mine/contact/silence", f"fact_id={'d' * 32}").status == 403
