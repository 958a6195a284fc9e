"""What the law says of loans of a book: the last day to sue, by the days of Civil Code 188 and 195, and caps."""

from datetime import date
from typing import Any, Final

import pytest

from duecourse.night.loan_law import LawCap, OfLaw, of_loans
from duecourse.night.moment import Moment
from tests import package
from tests.night import books

ON: Final = date(2025, 6, 30)
LENT: Final = {
    "currency": "CNY", "principal": 500_000, "opened_on": "2022-03-06", "product": "online_consumer_loan",
    "lender_type": "bank",
}  # fmt: skip


def loan(name: str, **terms: Any) -> books.Row:
    return {"loan_id": name, "borrower_id": f"K-{name}", **LENT, **terms}


LOANS: Final = [
    loan("SILENT"), loan("ASKED"), loan("RANG"), loan("TOO-LATE"), loan("PAID-UP"), loan("ABROAD"), loan("NOWHERE"),
    loan("PRIVATE", lender_type="private_lender", product="private_loan", opened_on="2022-03-10"),
]  # fmt: skip
COUNTRY: Final = {"ABROAD": "DE", "NOWHERE": None}
_CALL: Final = {"channel": "call", "direction": "out"}


def _contact(loan_id: str, day: str, outcome: str) -> books.Row:
    return {
        "contact_id": f"{loan_id}-{day}", "borrower_id": f"K-{loan_id}", "happened_at": f"{day}T02:00:00Z",
        "outcome": outcome, "about": loan_id, **_CALL,
    }  # fmt: skip


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OfLaw]:
    folder = tmp_path_factory.mktemp("loan-law")
    rows = {
        "borrowers": [
            {"borrower_id": row["borrower_id"], "country": COUNTRY.get(row["loan_id"], "CN")} for row in LOANS
        ],
        "loans": LOANS,
        "instalments": [
            {"loan_id": row["loan_id"], "number": 1, "due_on": "2023-03-06", "principal": 500_000} for row in LOANS
        ],
        "payments": [{"payment_id": "p", "loan_id": "PAID-UP", "paid_on": "2023-03-06", "amount": 500_000}],
        "contacts": [
            _contact("ASKED", "2024-11-04", "conversation"),
            _contact("RANG", "2024-11-04", "ring_out"),
        ],
        "events": [
            {
                "event_id": "e", "loan_id": "TOO-LATE", "borrower_id": "K-TOO-LATE", "kind": "demand_served",
                "happened_at": "2026-06-01T02:00:00Z", "details": '{"delivered_on": "2026-06-02"}',
            }  # to come: on the night's day nobody knows of it
        ],
    }  # fmt: skip
    book = books.loaded(books.tiny(folder / "book", rows, ON), folder / "loaded")
    night = books.opened(book, books.strategy())
    night.positions(Moment(ON), folder / "out")
    night.close()
    return of_loans(book, package.law(), Moment(ON), folder / "out" / "positions")


def test_three_years_from_the_day_it_was_due(said: dict[str, OfLaw]) -> None:
    assert said["SILENT"].last_day_to_sue == date(2026, 3, 6)
    assert said["TOO-LATE"].last_day_to_sue == date(2026, 3, 6)


def test_being_asked_for_it_begins_them_anew_and_a_telephone_that_rings_does_not(said: dict[str, OfLaw]) -> None:
    assert said["ASKED"].last_day_to_sue == date(2027, 11, 4)
    assert said["RANG"].last_day_to_sue == date(2026, 3, 6)


def test_nothing_is_said_of_what_is_paid_or_of_nowhere(said: dict[str, OfLaw]) -> None:
    assert "PAID-UP" not in said
    assert "NOWHERE" not in said


def test_each_country_has_its_own_years(said: dict[str, OfLaw]) -> None:
    assert said["ABROAD"].last_day_to_sue is not None
    assert said["ABROAD"].last_day_to_sue > date(2026, 12, 30)  # BGB 195, 199: three years from the end of the year


def test_a_private_loan_is_held_to_four_times_the_rate_of_its_day(said: dict[str, OfLaw]) -> None:
    # The rate of 2022-03-10 was 3.70 per cent (of 2022-01-20).
    cap = LawCap(148_000, "cn.private.rate-cap.four-times-lpr", "民间借贷规定 (2020) art 25")
    assert said["PRIVATE"].caps["all_in_ppm_year"] == cap
    assert said["SILENT"].caps == {}  # the 24 per cent of lenders with a licence is from memory: nobody is held to it
