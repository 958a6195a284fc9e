"""`duecourse explain`, `statement`, `facts` and `replay` on the small example.

V2009 was never paid. By 2026-03-31 five instalments of 100.00 with interest 5.95, 4.95, 3.96, 2.97 and 1.98 fell due,
and each has its late fee of 5.00 after three days of grace: 500.00 + 19.81 + 25.00 = 544.81.
"""

import csv
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from tests.cli.conftest import ON, SMALL, Commands


def test_the_statement_adds_up(duecourse: Commands) -> None:
    found = duecourse("statement", SMALL, "V2009", "--on", ON, "--out", duecourse.out, "--json")
    assert (found.code, found.err) == (0, "")
    assert (found.json["currency"], found.json["loan_id"], found.json["on"]) == ("EUR", "V2009", ON)
    overdue = found.json["amounts"]["overdue"]
    assert overdue == {"cost": 0, "fee": 2500, "penalty": 0, "interest": 1981, "principal": 50000}
    fell = [line["amount"] for line in found.json["lines"] if line["what"] == "fell due"]
    assert sum(fell) == 51981
    assert found.json["lines"][-1]["due"] == overdue


def test_the_statement_is_told_in_columns(duecourse: Commands) -> None:
    lines = duecourse("statement", SMALL, "V2009", "--on", ON, "--out", duecourse.out).out.splitlines()
    assert lines[0] == f"Statement of loan V2009 on {ON}, what can be enforced, amounts in EUR"
    assert lines[1].split() == ["day", "what", "no.", "amount", "fee", "interest", "principal"]
    assert lines[2].split() == ["2025-11-22", "fell", "due", "interest", "1", "5.95", "-", "5.95", "-"]
    assert ["overdue", "25.00", "19.81", "500.00", "544.81"] in [line.split() for line in lines]
    contract = duecourse("statement", SMALL, "V2009", "--on", ON, "--out", duecourse.out, "--contractual")
    assert "by the contract" in contract.out


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_of_any_width_shows_every_number(
    duecourse: Commands, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setattr("duecourse.printing.OUT", Console(highlight=False, width=columns))
    found = duecourse("statement", SMALL, "V2009", "--on", ON, "--out", duecourse.out)
    assert max(len(line) for line in found.out.splitlines()) <= columns
    assert "544.81" in found.out


def test_explain_tells_the_chain(duecourse: Commands) -> None:
    found = duecourse("explain", SMALL, "V2009", "--on", ON, "--out", duecourse.out)
    assert (found.code, found.err) == (0, "")
    text = found.out.replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "overdue: 544.81 EUR (fee 25.00 EUR, interest 19.81 EUR, principal 500.00 EUR)",
        "instalments 1 to 5: due 2025-11-22 to 2026-03-22, nothing met, left 519.81 EUR",
        "no payment counts yet",
        "days past due: 2026-03-31 - 2025-11-22 = 129, bucket 90+",
        "borrower K-109: loan V2009 overdue 544.81 EUR",
        "contacts: 4:",
        "  8: 2026-01-05, letter, out, delivered",
        "Tonight's plan",
    ):
        assert words in text
    assert all(line == line.rstrip() or len(line) <= 200 for line in text.splitlines())


def test_explain_agrees_with_the_plan(duecourse: Commands) -> None:
    plan = duecourse("run", SMALL, "--on", ON, "--out", duecourse.out, "--json").json["outputs"]["plan"]
    with duckdb.connect() as con:
        found = con.execute(f"SELECT borrower_id, stage FROM '{plan}'").fetchall()
    planned = dict(found)
    for loan, borrower in (("V2006", "K-106"), ("V2009", "K-109")):
        told = duecourse("explain", SMALL, loan, "--on", ON, "--out", duecourse.out).out
        stage = next(line.strip() for line in told.splitlines() if line.startswith("  stage: "))
        assert stage == f"stage: {planned.get(borrower, 'none: the borrower is on no rung')}"


def test_facts_are_listed(duecourse: Commands) -> None:
    listed = duecourse("facts", "--json").json["facts"]
    assert {"days_past_due", "overdue_amount"} <= {one["name"] for one in listed}
    assert all(one.keys() == {"name", "kind", "says"} for one in listed)
    told = duecourse("facts").out
    assert not [one["name"] for one in listed if f"{one['name']} " not in told]


def test_replay_equals_the_nights(duecourse: Commands) -> None:
    found = duecourse("replay", SMALL, "--from", "2026-01-30", "--to", "2026-02-02", "--out", duecourse.out, "--json")
    assert (found.code, found.err) == (0, "")
    days = found.json["days"]
    assert [day["on"] for day in days] == ["2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02"]
    for day in (days[0], days[-1]):
        run = ["run", SMALL, "--on", day["on"], "--known-at", day["on"], "--out", duecourse.out, "--json"]
        night = duecourse(*run).json
        assert {name: day[name] for name in ("loans", "overdue_loans", "overdue_amount", "buckets")} == {
            name: night[name] for name in ("loans", "overdue_loans", "overdue_amount", "buckets")
        }


def test_replay_writes_every_day(duecourse: Commands) -> None:
    found = duecourse("replay", SMALL, "--from", "2026-02-27", "--to", "2026-03-02", "--out", duecourse.out)
    assert "Replay from 2026-02-27 to 2026-03-02, 4 days" in found.out
    path = next(line.split(": ")[1] for line in found.out.splitlines() if line.startswith("days.csv"))
    with Path(path).open(encoding="utf-8", newline="") as stream:
        assert [row["on"] for row in csv.DictReader(stream)] == ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]
