"""The synthetic book: the same every time, the same loan in any size of book, plausible, and clean."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from duecourse.book import synth_dice
from duecourse.book.load import load
from duecourse.book.schema import BY_NAME, TABLES, Kind
from duecourse.book.synth import DEFAULT_ON, make_block, synth
from duecourse.book.synth_files import Format
from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.kernel.errors import DueCourseError

LOANS = 20_000
LAST = date(2026, 6, 29)


@pytest.fixture(scope="module")
def book() -> duckdb.DuckDBPyConnection:
    """One block of 20,000 loans as tables of a database in memory."""
    frames = make_block(LOANS, 7, DEFAULT_ON, 0)
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for name, frame in frames.items():
        connection.register("arrow", pa.table(frame))
        connection.execute(f'create table "{name}" as select * from arrow')
        connection.unregister("arrow")
    return connection


def rows(book: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return book.execute(sql).fetchall()


def one(book: duckdb.DuckDBPyConnection, sql: str) -> Any:
    return rows(book, sql)[0][0]


def test_the_mixing_function_is_that_of_splitmix64() -> None:
    # First two outputs of the published generator from seed 0: the states are one and two golden steps.
    golden = 0x9E3779B97F4A7C15
    states = np.array([golden, 2 * golden % 2**64], dtype=np.uint64)
    assert [hex(word) for word in synth_dice._mix(states).tolist()] == [
        "0xe220a8397b1dcdaf",
        "0x6e789e6aa1b965f4",
    ]


def test_draws_are_even() -> None:
    keys = np.arange(600_000, dtype=np.int64)
    faces = np.bincount(synth_dice.Dice(3).below("die", 6, keys))
    assert len(faces) == 6
    assert all(abs(int(count) - 100_000) < 1_500 for count in faces)  # five standard deviations
    hits = int(synth_dice.Dice(3).chance("hit", 30_000, keys).sum())
    assert abs(hits - 18_000) < 700


def test_shares_must_sum_to_a_million() -> None:
    with pytest.raises(ValueError, match="sum to 999999"):
        synth_dice.Dice(1).pick("x", [999_999], np.arange(3, dtype=np.int64))


def test_the_same_book_twice_is_the_same_to_the_byte(tmp_path: Path) -> None:
    synth(500, 11, tmp_path / "a")
    synth(500, 11, tmp_path / "b")
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(files) > 10
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_another_seed_is_another_book(tmp_path: Path) -> None:
    synth(500, 11, tmp_path / "a")
    synth(500, 12, tmp_path / "b")
    assert (tmp_path / "a" / "payments.parquet").read_bytes() != (tmp_path / "b" / "payments.parquet").read_bytes()


def of_first_loans(frame: dict[str, Any], loans: int) -> list[str]:
    """Return the rows whose id holds the number of a loan below `loans`, in a fixed order."""
    table = pa.table(frame)
    numbers = pc.cast(pc.utf8_slice_codeunits(table.column(0).cast("string"), 1, 9), "int64")
    return sorted(map(str, table.filter(pc.less(numbers, loans)).to_pylist()))


def test_a_loan_is_the_same_in_a_book_of_any_size() -> None:
    small, large = make_block(997, 7, DEFAULT_ON, 0), make_block(LOANS, 7, DEFAULT_ON, 0)
    for table in TABLES:
        assert of_first_loans(small[table.name], 997) == of_first_loans(large[table.name], 997), table.name
        assert pa.table(small[table.name]).num_rows, table.name


def test_blocks_of_one_book_do_not_overlap(tmp_path: Path) -> None:
    synth(20_500, 7, tmp_path)
    ids = f"select count(*), count(distinct loan_id), max(loan_id) from '{tmp_path}/loans.parquet'"
    total, distinct, last = duckdb.connect().execute(ids).fetchall()[0]
    assert (distinct, last) == (20_500, "L00020499")
    assert 20_500 < total < 21_500  # a few per cent have changed terms


def test_plausible_sizes(book: duckdb.DuckDBPyConnection) -> None:
    per_loan = {table.name: one(book, f'select count(*) from "{table.name}"') / LOANS for table in TABLES}
    assert 11.5 < per_loan["instalments"] < 12.5
    assert 9 < per_loan["payments"] < 10.5
    assert 4.5 < per_loan["contacts"] < 5.7
    assert 1.1 < 1 / per_loan["borrowers"] < 1.2
    assert min(per_loan.values()) > 0.01  # no table is a token


def test_one_loan_in_eight_or_so_is_overdue_over_all_buckets(book: duckdb.DuckDBPyConnection) -> None:
    # Counted without the ledger: what the schedule asked for until then, against all that came in.
    found = rows(
        book,
        """
        with undone as (select reverses from payments where reverses is not null),
        paid as (
            select loan_id, sum(amount) as paid from payments
            where reverses is null and payment_id not in (select reverses from undone) group by 1),
        spared as (
            select loan_id, sum(amount) as spared from waivers where component = 'interest' group by 1),
        newest as (
            from instalments
            qualify row_number() over (partition by loan_id, number order by recorded_at desc) = 1),
        schedule as (
            select loan_id, due_on,
                sum(principal + interest + fee) over (partition by loan_id order by number) as so_far
            from newest),
        oldest as (
            select loan_id, date '2026-06-30' - min(due_on) as days
            from schedule left join paid using (loan_id) left join spared using (loan_id)
            where due_on < '2026-06-30' and so_far > coalesce(paid, 0) + coalesce(spared, 0) group by 1)
        select least(days // 30, 3) as bucket, count(*) from oldest group by 1 order by 1
        """,
    )
    share = {bucket: count / LOANS for bucket, count in found}
    assert 0.09 < sum(share.values()) < 0.15
    assert 0.025 < share[0] < 0.06
    assert 0.005 < share[1] < 0.03
    assert 0.004 < share[2] < 0.02
    assert share[3] < 0.07


def test_behaviours_and_corrections_all_occur(book: duckdb.DuckDBPyConnection) -> None:
    payments = one(book, "select count(*) from payments")
    assert 0.002 < one(book, "select count(*) from payments where reverses is not null") / payments < 0.01
    back_dated = one(book, "select count(*) from payments where recorded_at::date > paid_on")
    assert 0.02 < back_dated / payments < 0.04
    assert one(book, "select count(*) from payments where target_instalment is not null") > 100
    second = "select count(*) from (from instalments group by all) "
    assert one(book, second) == one(book, "select count(*) from instalments")
    changed = one(book, "select count(*) - count(distinct (loan_id, number)) from instalments")
    assert 0.01 < changed / LOANS < 0.05
    assert 0.01 < one(book, "select count(*) / count(distinct loan_id) - 1.0 from loans") < 0.05
    assert one(book, "select count(distinct kind) from events") == 8
    assert one(book, "select count(distinct product) from loans") == 7
    assert one(book, "select count(distinct currency) from loans") == 9


def test_one_call_in_twelve_reaches_the_borrower(book: duckdb.DuckDBPyConnection) -> None:
    answered = "avg((outcome = 'conversation')::int) from contacts where channel = 'call' and direction = 'out'"
    assert 0.07 < one(book, f"select {answered}") < 0.09


def test_nobody_is_contacted_on_a_sunday_or_at_night(book: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        book,
        """
        select min(local::time), max(local::time), count(*) filter (dayofweek(local) = 0) from (
            select timezone(split_part(zones, ';', 1), happened_at) as local
            from contacts join (select distinct borrower_id, zones from borrowers) using (borrower_id))
        """,
    )[0]
    # Local time is worked out with winter hours, so a summer's evening ends an hour later by the clock.
    assert str(found[0]) >= "08:00:00"
    assert str(found[1]) <= "20:30:00"
    assert found[2] == 0


def test_the_schedule_repays_the_loan(book: duckdb.DuckDBPyConnection) -> None:
    wrong = """
        with agreed as (
            from instalments
            qualify row_number() over (partition by loan_id, number order by recorded_at) = 1),
        contract as (from loans qualify row_number() over (partition by loan_id order by recorded_at) = 1)
        select count(*) from (
            select loan_id, sum(i.principal) as scheduled, any_value(l.principal) as lent,
                min(i.due_on) as first, any_value(l.opened_on) as opened
            from agreed i join contract l using (loan_id) group by loan_id)
        where scheduled <> lent or first <= opened"""
    assert one(book, wrong) == 0


def test_nothing_is_known_after_the_last_day(book: duckdb.DuckDBPyConnection) -> None:
    for table in TABLES:
        midnight = "timestamptz '2026-06-29 22:00:00+00'"  # ... in Berlin
        later = f'select count(*) from "{table.name}" where recorded_at >= {midnight}'
        assert one(book, later) == 0, table.name
        if table.happened is not None:
            assert one(book, f'select max({table.happened}::date) from "{table.name}"') <= LAST
    assert one(book, "select max(paid_on) from payments") == LAST


def test_every_row_is_clean(book: duckdb.DuckDBPyConnection) -> None:
    for table in TABLES:
        name = table.name
        keys = ", ".join(table.key)
        assert one(book, f'select count(*) - count(distinct ({keys})) from "{name}"') == 0, name
        for column in table.columns:
            if column.required:
                assert one(book, f'select count(*) from "{name}" where {column.name} is null') == 0
            if column.references:
                key = BY_NAME[column.references].key[0]
                orphans = f'"{name}" where {column.name} not in (select {key} from {column.references})'
                assert one(book, f"select count(*) from {orphans}") == 0, (name, column.name)
            if column.choices:
                seen = {word for (word,) in rows(book, f'select distinct {column.name} from "{name}"')}
                assert seen <= {*column.choices, None}, (name, column.name)
            if column.kind in {Kind.MONEY, Kind.COUNT, Kind.PPM, Kind.PPM_YEAR, Kind.PPB_DAY}:
                assert (one(book, f'select min({column.name}) from "{name}"') or 0) >= 0, (name, column.name)
    assert one(book, "select min(amount) from payments") > 0
    assert {word for (word,) in rows(book, "select distinct currency from loans")} <= set(MINOR_DIGITS)


def test_reversals_and_currencies_match(book: duckdb.DuckDBPyConnection) -> None:
    wrong = """
        select count(*) from payments r left join payments p on p.payment_id = r.reverses
        where r.reverses is not null and (
            p.loan_id is distinct from r.loan_id or p.amount is distinct from r.amount
            or p.reverses is not null or p.recorded_at > r.recorded_at or p.paid_on > r.paid_on)"""
    assert one(book, wrong) == 0
    other = "payments p join loans l using (loan_id) where p.currency <> l.currency"
    assert one(book, f"select count(*) from {other}") == 0


def test_text_files_hold_the_same_book(tmp_path: Path) -> None:
    synth(300, 5, tmp_path / "text", format="csv")
    synth(300, 5, tmp_path / "parquet")
    connection = duckdb.connect()
    for table in ("loans", "instalments", "payments", "contacts"):
        text, binary = tmp_path / "text" / f"{table}.csv", tmp_path / "parquet" / f"{table}.parquet"
        counts = connection.execute(
            f"select (select count(*) from '{text}'), (select count(*) from '{binary}')"
        ).fetchall()[0]
        assert counts[0] == counts[1] > 0
    sums = [
        connection.execute(f"select sum(amount), max(value_date) from '{tmp_path / path}'").fetchall()[0]
        for path in ("text/payments.csv", "parquet/payments.parquet")
    ]
    assert sums[0] == sums[1]


def test_a_book_loads_without_a_row_in_quarantine(tmp_path: Path) -> None:
    mapping = synth(2_000, 7, tmp_path / "book")
    load(mapping, None, tmp_path / "out")
    summary = json.loads(next((tmp_path / "out").glob("tables/*/book.json")).read_text(encoding="utf-8"))
    assert summary["loans"] == 2_000
    for name, counts in summary["tables"].items():
        assert counts["read"] == counts["kept"] > 0, name
        assert counts["quarantined"] == counts["left_out"] == 0, name


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_known_damage_ends_in_quarantine_with_its_row_numbers(tmp_path: Path, kind: Format) -> None:
    mapping = synth(2_000, 7, tmp_path / "book", format=kind, damage=True)
    damage = json.loads((tmp_path / "book" / "damage.json").read_text(encoding="utf-8"))
    assert len(damage) == (16 if kind == "csv" else 13)
    load(mapping, None, tmp_path / "out")
    for table in ("payments", "contacts", "loans"):
        path = next((tmp_path / "out").glob(f"**/quarantine/{table}.csv"))
        found = duckdb.connect().execute(f"select row from '{path}' order by 1")
        expected = sorted(row for one in damage if one["table"] == table for row in one["rows"])
        assert [row for (row,) in found.fetchall()] == expected


def test_an_earlier_book_leaves_nothing_behind(tmp_path: Path) -> None:
    synth(300, 5, tmp_path, damage=True)
    synth(300, 5, tmp_path)
    assert not (tmp_path / "damage.json").exists()
    synth(300, 5, tmp_path / "other")
    assert (tmp_path / "payments.parquet").read_bytes() == (tmp_path / "other" / "payments.parquet").read_bytes()


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here", encoding="utf-8")
    with pytest.raises(DueCourseError, match=r"^[^\n]+cannot write here \(File exists\): name another"):
        synth(10, 5, tmp_path / "file")


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    synth(30_000, 1, tmp_path, progress=lambda step, done, total: told.append((step, done, total)))
    assert told == [("synth", 1, 2), ("synth", 2, 2)]


def test_a_very_small_book_leaves_empty_tables_out(tmp_path: Path) -> None:
    mapping = synth(1, 7, tmp_path)
    text = mapping.read_text(encoding="utf-8")
    assert "[tables.loans]" in text
    named = {line.split(".")[1].rstrip("]") for line in text.splitlines() if line.startswith("[tables.")}
    assert named == {path.stem for path in tmp_path.glob("*.parquet")}
    assert len(named) < len(TABLES)


@pytest.mark.parametrize(("loans", "seed"), [(0, 1), (-5, 1), (100_000_000, 1), (10, -1)])
def test_what_cannot_be_made_is_refused_in_one_line(tmp_path: Path, loans: int, seed: int) -> None:
    with pytest.raises(DueCourseError, match=r"^synth: cannot [^\n]+$"):
        synth(loans, seed, tmp_path / "none")
