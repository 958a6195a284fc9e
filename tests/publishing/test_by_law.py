"""What an entry says of the law: whose cap cuts the loan, until when suit may be brought, what falls due in a month."""

from datetime import UTC, date, datetime
from typing import Any, Final

import pytest

from duecourse.inquiry.entry import CAP_BYTES, OWN_CAP, Entry
from duecourse.night.loan_law import LawCap
from duecourse.night.moment import Moment
from duecourse.night.run import run
from duecourse.publishing.loans import Who, named, tonight
from tests import package
from tests.night import books

ON: Final = date(2022, 9, 6)
WHO: Final = Who(1, "disputes@nord.example", datetime(2022, 9, 6, 22, tzinfo=UTC), 14, {})


def _private(name: str, **terms: Any) -> books.Row:
    return {
        "loan_id": name, "borrower_id": f"K-{name}", "currency": "CNY", "principal": 2_000_000,
        "opened_on": "2021-03-10", "lender_type": "private_lender", "product": "private_loan",
        "interest_ppm_year": 240_000, "interest_after_due": "runs", **terms,
    }  # fmt: skip


LOANS: Final = [_private("LAW"), _private("OWN", cap_all_in_ppm_year=120_000), _private("EVEN", interest_ppm_year=0)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Entry]:
    folder = tmp_path_factory.mktemp("by-law")
    rows = {
        "borrowers": [{"borrower_id": row["borrower_id"], "country": "CN"} for row in LOANS],
        "loans": LOANS,
        "instalments": [
            {"loan_id": row["loan_id"], "number": number, "due_on": due, "principal": principal, "interest": interest}
            for row in LOANS
            for number, due, principal, interest in (
                (1, "2022-03-10", 1_900_000, 360_000 if row["loan_id"] != "EVEN" else 0),
                (2, "2022-10-06", 60_000, 0),
                (3, "2022-10-07", 40_000, 0),  # a month and a day ahead
            )
        ],
    }  # fmt: skip
    book, law = books.loaded(books.tiny(folder / "book", rows, ON), folder / "loaded"), package.law()
    run(book, books.strategy(), Moment(ON), folder / "out", books.OPTIONS)
    loans = tonight(folder / "out", book, law, ON, {f"K-{name}" for name in ("LAW", "OWN", "EVEN", "GONE")}, WHO)
    return {one.loan_id: one.entry for one in loans if one.entry is not None}


def test_whose_cap_cuts_a_loan_is_cited(told: dict[str, Entry]) -> None:
    # 15.4 % a year by law (the figures: tests/night/test_caps.py), against 24 % agreed; 12 % by the loan's own terms
    assert told["LAW"].cap == "民间借贷规定 (2020) art 25"
    assert told["LAW"].enforceable < told["LAW"].contractual
    assert told["OWN"].cap == OWN_CAP
    assert (told["EVEN"].cap, told["EVEN"].enforceable) == ("", told["EVEN"].contractual)


def test_the_last_day_to_sue_is_three_years_from_the_last_due_day(told: dict[str, Entry]) -> None:
    # 7 October 2025 lies in the holidays of the National Day; 9 October is the day after them (Civil Code 203).
    assert {entry.limitation_on for entry in told.values()} == {date(2025, 10, 9)}


def test_what_falls_due_within_a_month_is_not_what_is_late(told: dict[str, Entry]) -> None:
    assert told["EVEN"].monthly == 60_000


def test_every_rule_that_caps_has_a_name_that_fits_an_entry() -> None:
    law = package.law()
    capping = [rule for rule in law.rules if rule.record.caps is not None]
    assert capping
    for rule in capping:
        assert len(named(LawCap(1, rule.id, law.cite(rule))).encode()) <= CAP_BYTES
