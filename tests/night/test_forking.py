"""The night's fork: the court's fee is the law's, and who cannot be weighed has no value."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from duecourse.night import forking
from duecourse.night.moment import Moment
from duecourse.night.run import Night
from duecourse.strategy.words import FORK_FACTS
from tests import package
from tests.night import books

ON = date(2026, 3, 2)
# Owed in yuan, and the court's fee by art. 13(1) of the Measures on Litigation Fees, worked out by hand: 50 up to
# 10,000; 0.025x - 200 up to 100,000; 0.02x + 300 up to 200,000; 0.015x + 1,300 up to 500,000.
FEES = {3_000: 50, 10_000: 50, 20_000: 300, 50_000: 1_050, 100_000: 2_300, 200_000: 4_300, 300_000: 5_800}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("forking")
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("borrowers", "loans", "instalments")}
    lent: list[tuple[str, str | None, str, int]] = [(f"cn-{yuan}", "CN", "CNY", yuan * 100) for yuan in FEES]
    lent += [("us", "US", "USD", 300_000), ("cn-usd", "CN", "USD", 300_000), ("nowhere", None, "USD", 300_000)]
    lent += [("both", "US", "USD", 100), ("both", "US", "EUR", 100), ("odd", "US", "ISK", 300_000)]
    for place, (who, country, currency, amount) in enumerate(lent):
        if not any(row["borrower_id"] == who for row in rows["borrowers"]):
            rows["borrowers"].append({"borrower_id": who, "country": country})
        loan = {"loan_id": f"L{place}", "borrower_id": who, "currency": currency, "principal": amount}
        rows["loans"].append({**loan, "opened_on": date(2025, 1, 1)})
        due = {"loan_id": f"L{place}", "number": 1, "due_on": date(2025, 9, 1), "principal": amount}
        rows["instalments"].append(due)
    book = books.loaded(books.tiny(folder / "book", rows, ON), folder / "loaded")
    found = books.opened(book, books.strategy())
    found.positions(Moment(ON), folder / "out")
    found.plan(Moment(ON))
    yield found
    found.engine.close()


def by_name(night: Night, table: str) -> dict[str, dict[str, Any]]:
    names = {row["borrower_no"]: row["borrower_id"] for row in night.engine.rows(night.engine.table("facts"))}
    return {names[row["borrower_no"]]: row for row in night.engine.rows(night.engine.table(table))}


def test_the_courts_fee_is_the_laws(night: Night) -> None:
    asked = by_name(night, "fork_debts")
    assert {yuan: asked[f"cn-{yuan}"]["fee"] for yuan in FEES} == {yuan: fee * 100 for yuan, fee in FEES.items()}
    assert asked["us"]["fee"] is None
    assert asked["cn-usd"]["fee"] is None  # the bands are of yuan
    law = package.law()
    rules = forking.fee_rules(law, "CN", ON)
    assert {yuan: forking.fee_of(law, rules, yuan * 100) for yuan in FEES} == {y: fee * 100 for y, fee in FEES.items()}
    assert forking.fee_rules(law, "CN", date(2007, 3, 31)) == []
    assert forking.fee_of(law, [], 1) is None


def test_who_cannot_be_weighed_has_no_value(night: Night) -> None:
    found = by_name(night, "facts")
    assert found["us"]["collect_value"] > 0
    for name in ("nowhere", "both", "odd"):  # no country, two currencies, a currency without a level
        assert {found[name][fact] for fact in FORK_FACTS} == {None}, name


def test_a_debt_is_as_old_as_its_days(night: Night) -> None:
    debt = by_name(night, "fork_debts")["us"]
    assert debt["days"] == (ON - date(2025, 9, 1)).days == 182
    assert (debt["owed"], debt["unit"], debt["is_large"], debt["offers"]) == (300_000, 100_000, True, 0)


def test_the_strategy_may_have_no_fork(night: Night, tmp_path: Path) -> None:
    text = books.DEFAULT.with_name("default.yaml").read_text("utf-8")
    assert "\nfork:\n" in text
    plain = books.strategy(Path(__file__).parents[2] / "examples" / "strategy.yaml")
    other = books.opened(night.book, plain, books.open_law())
    try:
        other.positions(Moment(ON), tmp_path)
        other.plan(Moment(ON))
        assert not FORK_FACTS.keys() & set(other.engine.table("facts").columns)
    finally:
        other.engine.close()
