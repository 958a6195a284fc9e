"""The example books: the small one that everybody has, and Kiva's where the shelf is at hand."""

import csv
import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from duecourse.book.load import load
from duecourse.book.loaded import Counts

EXAMPLES = Path(__file__).parents[2] / "examples"


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";" if "small" in path.parts else ","))


def test_the_small_book(tmp_path: Path) -> None:
    folder = EXAMPLES / "small"
    book = load(folder / "book.toml", None, tmp_path)
    assert (book.loans, book.borrowers, book.zone) == (12, 10, "Europe/Berlin")
    assert {name: counts.quarantined for name, counts in book.tables.items() if counts.quarantined} == {"payments": 1}
    with (tmp_path / "quarantine" / "payments.csv").open(encoding="utf-8", newline="") as stream:
        (bad,) = csv.DictReader(stream)
    rows = _read(folder / "zahlungen.csv")
    assert rows[int(bad["row"]) - 1]["Beleg"] == "Z5999"
    assert (bad["column"], bad["value"]) == ("paid_on", "31.02.2026")
    cents = sum(
        int(Decimal(row["Betrag"].replace(".", "").replace(",", ".")) * 100) for row in rows if row["Beleg"] != "Z5999"
    )
    with duckdb.connect() as con:
        (found,) = con.execute(
            f"SELECT sum(amount), count(reverses), count(*) FILTER (recorded_at::DATE > paid_on + 3) "
            f"FROM '{book.path('payments')}'"
        ).fetchall()
    assert found == (cents, 1, 1)


@pytest.mark.skipif("DUECOURSE_SHELF" not in os.environ, reason="needs the shelf with Kiva's data")
@pytest.mark.parametrize(
    ("mapping", "schedule", "overdue"),
    [
        ("book.toml", "local_payments.csv", (372, 3_715_794)),
        ("book-scheduled.toml", "scheduled_payments.csv", (110, 708_873)),
    ],
)
def test_kiva(tmp_path: Path, mapping: str, schedule: str, overdue: tuple[int, int]) -> None:
    """Sums over the loaded tables equal sums by Python's csv and Decimal, and the figures given."""
    folder = Path(os.environ["DUECOURSE_SHELF"]) / "data" / "kiva"
    book = load(EXAMPLES / "kiva" / mapping, folder, tmp_path)
    on = date(2007, 3, 1)
    kept = {row["id"] for row in _read(folder / "loans.csv") if row["status"] in {"paid", "defaulted"}}
    due = dict.fromkeys(kept, Decimal(0))
    paid = dict.fromkeys(kept, Decimal(0))
    for row in _read(folder / schedule):
        if row["loan_id"] in kept and date.fromisoformat(row["due_date"][:10]) < on:
            due[row["loan_id"]] += Decimal(row["amount"])
    for row in _read(folder / "payments.csv"):
        if row["loan_id"] in kept and date.fromisoformat(row["processed_date"][:10]) <= on:
            paid[row["loan_id"]] += Decimal(row["amount"])
    owed = [int(due[loan] * 100 - paid[loan] * 100) for loan in kept if due[loan] > paid[loan]]
    assert (len(owed), sum(owed)) == overdue
    with duckdb.connect() as con:
        (whole,) = con.execute(f"""SELECT count(*), sum(d - coalesce(p, 0)) FROM
              (SELECT loan_no, sum(principal) AS d FROM '{book.path("instalments")}' WHERE due_on < DATE
                '{on}' GROUP BY loan_no)
              LEFT JOIN (SELECT loan_no, sum(amount) AS p FROM '{book.path("payments")}' WHERE paid_on <=
                DATE '{on}' GROUP BY loan_no) USING (loan_no)
            WHERE d > coalesce(p, 0)""").fetchall()
    assert whole == overdue
    assert book.tables["loans"] == Counts(read=1000, kept=len(kept), quarantined=0, left_out=1000 - len(kept))
    assert all(counts.quarantined == 0 for counts in book.tables.values())
    assert book.payments_complete_through == date(2015, 1, 5)
