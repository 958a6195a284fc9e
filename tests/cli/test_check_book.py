"""`duecourse check-book`: what was read, kept, left out and put into quarantine."""

import csv

from tests.cli.conftest import SMALL, Commands


def test_every_row_is_counted(duecourse: Commands) -> None:
    found = duecourse("check-book", SMALL, "--out", duecourse.out, "--json")
    assert (found.code, found.err) == (0, "")
    counts = {one["table"]: one["counts"] for one in found.json["tables"]}
    for table, file in {"loans": "vertraege", "instalments": "raten", "payments": "zahlungen"}.items():
        with (SMALL.parent / f"{file}.csv").open(encoding="utf-8", newline="") as stream:
            rows = sum(1 for _ in csv.DictReader(stream, delimiter=";"))
        one = counts[table]
        assert one["read"] == rows == one["kept"] + one["quarantined"] + one["left_out"]
    assert counts["payments"]["quarantined"] == 1
    assert (found.json["loans"], found.json["borrowers"], found.json["currencies"]) == (12, 10, ["EUR"])


def test_it_is_told_in_words(duecourse: Commands) -> None:
    found = duecourse("check-book", SMALL, "--out", duecourse.out)
    assert found.code == 0
    assert "Kleinkredit Nord: 12 loans of 10 borrowers, zone Europe/Berlin" in found.out
    assert "quarantine: 1 of payments, see" in found.out
    assert ["payments", "59", "58", "1", "-", "2025-10-06", "to", "2026-03-28"] in [
        line.split() for line in found.out.splitlines()
    ]
