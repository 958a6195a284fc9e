"""`duecourse payments` and `duecourse debits`, as an operator types them, on the clock of the machine."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from duecourse.store.place import Place
from tests.cli.conftest import Commands, assert_one_line, duecourse, home  # noqa: F401  fixtures
from tests.day.money.conftest import Money
from tests.day.money.test_debits import report
from tests.day.money.test_taking import MAPPING, MORNING, file
from tests.day.payments.files import OURS, PAYER, THEIRS

CREDITOR = f'name = "Acme"\niban = "{OURS}"\ncreditor_id = "DE98ZZZ09999999999"\n'
MANDATES = "borrower_id,mandate_id,signed_on,loan_id,name,iban,bic,scheme,one_off\n"


@pytest.fixture
def run(duecourse: Commands) -> Commands:  # noqa: F811  the fixture
    return duecourse


@pytest.mark.usefixtures("money")
def test_payments(run: Commands, store: Place, tmp_path: Path) -> None:
    path = tmp_path / "bank.xml"
    path.write_bytes(file(*MORNING))
    at = ("--store", store.folder)
    found = run("payments", "import", path, *at)
    assert (found.code, found.err) == (0, "")
    assert found.out.splitlines() == [
        "5 entries are new, 0 were known, 0 are not booked", "2 matched", "1 other", "2 unmatched",
    ]  # fmt: skip
    again = run("payments", "import", path, "--json", *at).json
    assert (again["new"], again["known"], again["settled"]) == (0, 5, {"unmatched": 2})
    listed = run("payments", "unmatched", *at)
    assert PAYER not in listed.out
    assert " 12.34  EUR  several_loans" in listed.out
    assert PAYER in run("payments", "unmatched", "--words", *at).out
    rows = run("payments", "unmatched", "--json", *at).json["unmatched"]
    (entry,) = [row["entry_id"] for row in rows if row["reason"] == "unknown"]
    assert_one_line(run("payments", "match", entry, "LOAN-9", "--by", "u-1", *at), "is in no case")
    done = run("payments", "match", entry, "LOAN-00003", "--by", "u-1", *at)
    assert (done.code, done.out) == (0, f"entry {entry} is matched to loan LOAN-00003\n")
    path.write_bytes(b"<a/>")
    assert_one_line(run("payments", "import", path, *at), "bank.xml")


def test_a_csv_whose_rows_are_bad(run: Commands, money: Money, store: Place, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_bytes(MAPPING)
    (tmp_path / "p.csv").write_text("id,day,amount,loan\n1,2026-11-18,10.00,LOAN-00001\n2,2026-11-18,secret,L\n")
    found = run("payments", "import", tmp_path / "p.csv", "--mapping", tmp_path / "m.toml", "--store", store.folder)
    assert (found.code, found.err) == (1, "")
    assert "p.csv:3: amount is not a number" in found.out
    assert "secret" not in found.out
    assert len(money.paid()) == 1


def test_debits(run: Commands, money: Money, store: Place, tmp_path: Path) -> None:
    rows = f"B1,M-1,2026-01-05,LOAN-00001,Name 1,{THEIRS},,,no\nB2,M-2,2026-01-05,,Name 2,{THEIRS},,B2B,\n"
    bad = rows.replace(THEIRS, "DE00", 1)
    at = ("--by", "u-1", "--store", store.folder)
    (tmp_path / "m.csv").write_text(MANDATES + bad)
    assert_one_line(run("debits", "mandates", tmp_path / "m.csv", *at), "mandate M-1: the IBAN or BIC")
    (tmp_path / "m.csv").write_text(MANDATES + rows + "B1,M-3,yesterday,,N,,,,\n")
    assert_one_line(run("debits", "mandates", tmp_path / "m.csv", *at), "m.csv:4: is no mandate")
    assert money.rows("SELECT FROM mandate") == []
    (tmp_path / "m.csv").write_text(MANDATES + rows)
    assert run("debits", "mandates", tmp_path / "m.csv", *at).out == "2 mandates are new\n"
    (tmp_path / "us.toml").write_text(CREDITOR)
    soon = datetime.now(UTC).date() + timedelta(days=5)
    out = tmp_path / "out"
    command = ("debits", "write", tmp_path / "us.toml", "--collect-on", soon, "--out", out, *at)
    found = run(*command)
    (path,) = out.iterdir()
    assert (found.code, found.out, found.err) == (0, f"2 debits are in {path}\n", "")
    content = path.read_bytes()
    path.unlink()
    money.connection.execute("UPDATE debit_order SET written_at = NULL")  # as where the run had ended before the file
    assert run(*command).code == 0
    assert path.read_bytes() == content
    (tmp_path / "r.xml").write_bytes(report(path.stem, f"{path.stem}.1", "AC04"))
    told = run("debits", "returns", tmp_path / "r.xml", "--store", store.folder)
    assert told.out == f"order {path.stem}: 1 debits rejected, 0 were known\n"


@pytest.mark.usefixtures("money")
def test_once_a_day(run: Commands, store: Place) -> None:
    found = run("payments", "agreed", "--json", "--store", store.folder).json
    assert found == {"broken": [], "promises": {}}
