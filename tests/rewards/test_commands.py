"""The commands of rewards and of finance, as a user gives them."""

from pathlib import Path

import pytest

from duecourse.day.facts import Facts, Money, Told
from duecourse.endings.many import Office, Opened
from duecourse.rewards import applying
from tests.cli.conftest import Commands
from tests.night import books
from tests.rewards.payers import AT, EXAMPLE, ON, equal_principal, rows
from tests.rewards.test_applying import ORDER

CHART = EXAMPLE.with_name("accounts.toml")


def test_from_the_book_to_the_report_and_the_ledger(
    office: Office, opened: Opened, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Instalments of equal principal are not made equal: that would raise the last ones, so the rate stays.

    The fees come back: 60.00 in China. B2 has missed one. Finance sees a payment of the store on its day.
    """
    duecourse = Commands(capsys, tmp_path)
    tables = rows({1: equal_principal(), 2: equal_principal()}, {2: [6]})
    book = books.tiny(tmp_path / "book", tables, ON)
    store = ("--store", office.place.folder, "--out", tmp_path / "out", "--json")
    worked = duecourse("reward", "work-out", book, "--on", ON, "--rules", EXAMPLE, *store)
    assert worked.code == 0, worked.err
    state = "held_out" if worked.json["given"][0][1] == "held_out" else "worked_out"
    assert worked.json["given"] == [["fees_back", state, 1]]
    assert worked.json["refused"] == [["lower_rate", "schedule_not_lower", 1]]
    assert state == "worked_out"
    applying.apply(opened.connection, opened.ring, ORDER)
    shown = duecourse("reward", "show", "L1", "--store", office.place.folder, "--json")
    assert [(one["rule"], one["state"], one["details"]["cost"]) for one in shown.json] == [
        ("fees_back", "applied", 6_000)
    ]
    (line,) = duecourse("reward", "report", book, "--on", ON, *store).json
    assert (line["rule"], line["promised"], line["fallen_due"]) == ("fees_back", {"CNY": 6_000}, {"CNY": 0})
    facts = Facts(opened.connection, opened.ring, "bank")
    with facts.locked(2):
        facts.payment(Told("cash", 2, AT, ON), Money("L2", ON, 5_000, "USD"))
    exported = duecourse("finance", "export", book, "--on", ON, "--accounts", CHART, *store)
    assert exported.code == 0, exported.err
    totals = {(one["account"], one["currency"]): one["debit"] - one["credit"] for one in exported.json["totals"]}
    assert totals["1000", "USD"] == 5_000
    assert sum(totals.values()) == 0
    refused = duecourse("reward", "apply", "--by", "nobody", "--run", "r-2", *store)
    assert refused.code == 2
    assert "no active user who may apply rewards" in refused.err


def test_incomes_are_read_strictly(office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    duecourse = Commands(capsys, tmp_path)
    book = books.tiny(tmp_path / "book", rows({1: equal_principal()}), ON)
    for text, said in (
        ("borrower,amount\n", "incomes.csv:1: has other columns"),
        ("borrower_id,amount,currency,verified_on\nB1,1.5,CNY,2026-11-01\n", "incomes.csv:2: amount is a whole number"),
    ):
        (tmp_path / "incomes.csv").write_text(text, encoding="utf-8")
        found = duecourse(
            "reward", "work-out", book, "--on", ON, "--rules", EXAMPLE, "--incomes", tmp_path / "incomes.csv",
            "--store", office.place.folder, "--out", tmp_path / "out",
        )  # fmt: skip
        assert found.code == 2
        assert said in found.err
