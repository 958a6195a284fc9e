"""Inputs that once broke the loader or misled its user: each gives a right row or one clear line."""

import gzip
import itertools
import sqlite3
from datetime import date
from pathlib import Path

import duckdb
import pytest

from duecourse.book.load import load
from duecourse.book.mapping import MappingError, read_mapping
from duecourse.book.sql import LENGTH_MAX, check
from duecourse.kernel.errors import DueCourseError
from tests.book.conftest import Case, Rows, record

LOANS = "id,who,sum\nA,a,100\nB,b,100\n"
EVENTS = """
[tables.events]
from = "events.csv"
[tables.events.columns]
event_id = "eid"
kind = "kind"
borrower_id = "who"
loan_id = "loan"
happened_at = "at"
"""


def _parquet(path: Path, query: str) -> None:
    with duckdb.connect() as con:
        con.execute(f"COPY ({query}) TO '{path}'")


def _refused(case: Case, **options: str) -> str:
    """Load, and return the one line that refuses it."""
    with pytest.raises(DueCourseError) as caught:
        case.load(**options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_earliest_of_two_reversals_stays_whatever_the_order(case: Case, rows: Rows) -> None:
    case.write("loans.csv", LOANS)
    case.mapping(payments=True, payment_columns='reverses = "rev"')
    lines = ["1,A,2026-01-01,5,", "8,A,2026-01-04,5,1", "9,A,2026-01-02,5,1", "7,A,2026-01-02,5,1"]
    for order in itertools.permutations(lines):
        case.write("payments.csv", "pid,loan,day,amt,rev\n" + "\n".join(order))
        found = rows(case.load(), "payments", "payment_id, reversed_on")
        assert found == [("1", date(2026, 1, 2)), ("7", None)]
        assert {row["reason"] for row in case.quarantine("payments")} == {"the payment it names is already reversed"}


def test_large_doubles_are_kept_when_exact(case: Case, rows: Rows) -> None:
    """10^13 minor units is the most there is; JPY beside CLF is read at four decimals more than it has."""
    _parquet(
        case.folder / "loans.parquet",
        """SELECT * FROM (VALUES ('A', 20000000000.0::DOUBLE, 'IDR'), ('B', 15000000000.5::DOUBLE, 'USD'),
        ('C', 10000000000000.0::DOUBLE, 'JPY'), ('D', 100000000000.01::DOUBLE, 'USD'), ('E', 9e35::DOUBLE, 'USD'),
        ('F', 1000000000.1234::DOUBLE, 'CLF'), ('G', 15000000000.505::DOUBLE, 'USD')) v(id, sum, cur)""",
    )
    rates = "SELECT id AS loan, sum AS amt FROM '{}' WHERE id IN ('A', 'B', 'C', 'F')"
    _parquet(case.folder / "rates.parquet", rates.format(case.folder / "loans.parquet"))
    more = (
        '[tables.instalments]\nfrom = "rates.parquet"\n[tables.instalments.columns]\nloan_id = "loan"\nnumber = "1"\n'
    )
    path = case.mapping(loan_columns='currency = "cur"', more=more + 'due_on = "\'2026-01-01\'"\nprincipal = "amt"\n')
    path.write_text(path.read_text().replace("loans.csv", "loans.parquet").replace('"who"', '"id"'))
    book = case.load()
    exact = [("A", 2 * 10**12), ("B", 1_500_000_000_050), ("C", 10**13), ("F", 10_000_000_001_234)]
    assert rows(book, "loans", "loan_id, principal") == exact[:3]
    assert rows(book, "instalments", "loan_id, principal") == exact[:3]
    reasons = {row: reason for row, (_, reason) in case.reasons("loans").items()}
    most = "more than 10,000,000,000,000 minor units"
    assert reasons == {4: most, 5: "too large", 6: most, 7: "more decimals than its currency has"}


def test_a_number_of_any_size_is_no_crash(case: Case) -> None:
    sizes = "SELECT 'A' AS id, 'a' AS who, 1::DECIMAL(38, 0) AS sum UNION ALL SELECT 'B', 'b', 9{}::DECIMAL(38, 0)"
    _parquet(case.folder / "loans.parquet", sizes.format("0" * 35))
    path = case.mapping()
    path.write_text(path.read_text().replace("loans.csv", "loans.parquet"))
    case.load()
    assert case.reasons("loans") == {2: ("principal", "too large")}


CLASHING = (
    "rowid",
    "file_row_number",
    "_rn",
    "_row",
    "_code",
    "code",
    "reason",
    "column",
    "value",
    "rid",
    "r",
    "p",
    "s",
)


@pytest.mark.parametrize("kind", ["csv", "parquet", "sqlite"])
def test_a_lender_may_name_columns_as_we_do(case: Case, rows: Rows, kind: str) -> None:
    case.write("loans.csv", LOANS)
    names = [*CLASHING, "e_amount", "m_amount"]
    shown = [f"x{number}" for number in range(len(names))]
    columns = ", ".join(f'"{name}" VARCHAR' for name in ("pid", "loan", "day", "amt", *names))
    lines = [[str(n), "A", "2026-01-01", amount, *shown] for n, amount in enumerate(["1", "bad", "3", "-4"])]
    insert = f"INSERT INTO t VALUES ({', '.join('?' * (4 + len(names)))})"
    if kind == "sqlite":
        with sqlite3.connect(case.folder / "x.db") as base:
            base.execute(f"CREATE TABLE t ({columns})")
            base.executemany(insert, lines)
        base.close()
    else:
        with duckdb.connect() as con:
            con.execute(f"CREATE TABLE t ({columns})")
            con.executemany(insert, lines)
            con.execute(f"COPY t TO '{case.folder / f'payments.{kind}'}'")
    path = case.mapping(payments=True, payment_columns="target_component = \"nullif(reason, 'x6')\"")
    source = 'database = "sqlite:///x.db"\ntable = "t"' if kind == "sqlite" else f'from = "payments.{kind}"'
    path.write_text(path.read_text().replace('from = "payments.csv"', source))
    book = case.load()
    assert [row[0] for row in rows(book, "payments", "payment_id")] == ["0", "2"]
    assert {row: column for row, (column, _) in case.reasons("payments").items()} == {2: "amount", 4: "amount"}
    (first, _) = case.quarantine("payments")
    assert first["value"] == "bad"
    assert record(first) == {"pid": "1", "loan": "A", "day": "2026-01-01", "amt": "bad"} | dict(
        zip(names, shown, strict=True)
    )


def test_a_change_in_a_database_is_seen_beside_a_column_called_s(case: Case) -> None:
    with sqlite3.connect(case.folder / "x.db") as base:
        base.execute("CREATE TABLE l (id TEXT, who TEXT, sum TEXT, s TEXT)")
        base.execute("INSERT INTO l VALUES ('A', 'a', '1', 'same')")
    path = case.mapping()
    path.write_text(path.read_text().replace('from = "loans.csv"', 'database = "sqlite:///x.db"\ntable = "l"'))
    first = case.load()
    with base:
        base.execute("UPDATE l SET sum = '2'")
    base.close()
    assert case.load().fingerprint != first.fingerprint


@pytest.mark.parametrize("name", ["loans.csv.gz", "loans.CSV.GZ"])
def test_a_packed_file_is_read_whole_or_refused(case: Case, name: str) -> None:
    packed = gzip.compress(LOANS.encode() + b"".join(b"L%d,w%d,%d\n" % (n, n, n * n) for n in range(3000)))
    path = case.mapping()
    path.write_text(path.read_text().replace("loans.csv", name))
    case.write(name, packed)
    assert case.load().loans == 3002
    for damaged in (packed[:-9], packed[: len(packed) // 2], packed[:12], packed[:2000] + b"\xff" * 90 + packed[2090:]):
        case.write(name, damaged)
        assert name in _refused(case)
    case.write(name, b"id,who,sum\n")  # no gzip at all
    assert "cannot be read" in _refused(case)


@pytest.mark.parametrize(
    "expression",
    ["(" * 300 + "a" + ")" * 300, "(" * 2000 + "a" + ")" * 2000, "upper(" * 300 + "a" + ")" * 300, "not " * 900 + "a"],
)
def test_a_deeply_nested_expression_is_one_line(expression: str) -> None:
    with pytest.raises(MappingError, match=r"^book.toml:3: the expression .{1,200}$"):
        check(expression, ["a"], "book.toml:3", "f.csv")


def test_an_expression_has_a_longest_length() -> None:
    text = "'" + "x" * (LENGTH_MAX - 2) + "'"
    assert check(text, ["a"], "p", "f").sql == text
    with pytest.raises(MappingError, match=r"p: the expression has 4,001 characters: write at most 4,000"):
        check(text + " ", ["a"], "p", "f")


def test_a_deeply_nested_mapping_file_is_one_line(case: Case) -> None:
    path = case.write("book.toml", "x = " + "[" * 5000 + "]" * 5000)
    with pytest.raises(MappingError, match="nested too deeply"):
        read_mapping(path)


@pytest.mark.parametrize(
    "expression", ["lpad(a, 1001, 'x')", "rpad(a, b, 'x')", "lpad(a, 10 * 10, '0')", "repeat(a, 9)", "format('{}', a)"]
)
def test_functions_that_write_without_bound_are_refused(expression: str) -> None:
    with pytest.raises(MappingError, match=r"^p: "):
        check(expression, ["a", "b"], "p", "f")


def test_padding_to_a_written_width_passes(case: Case, rows: Rows) -> None:
    case.write("loans.csv", LOANS)
    case.mapping(loan_columns="product = \"lpad(id, 5, '0')\"")
    assert rows(case.load(), "loans", "product") == [("0000A",), ("0000B",)]


@pytest.mark.parametrize("url", ["sqlite:///sub/x.db", "duckdb:///x.db", "sqlite:////{folder}/x.db", "sqlite://"])
def test_a_missing_database_is_not_made(case: Case, url: str) -> None:
    path = case.mapping()
    url = url.format(folder=str(case.folder).lstrip("/"))
    path.write_text(path.read_text().replace('from = "loans.csv"', f'database = "{url}"\ntable = "l"'))
    assert "no database" in _refused(case)
    assert sorted(entry.name for entry in case.folder.iterdir()) == ["book.toml", "out"]


@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_a_database_may_lie_in_a_folder_of_any_name(case: Case, scheme: str) -> None:
    folder = case.folder / "a#b%20c"
    folder.mkdir()
    base = duckdb.connect(str(folder / "x.db")) if scheme == "duckdb" else sqlite3.connect(folder / "x.db")
    base.execute("CREATE TABLE l AS SELECT 'A' AS id, 'a' AS who, '1' AS sum")
    base.commit()
    base.close()
    before = (folder / "x.db").read_bytes()
    path = case.mapping()
    source = f'database = "{scheme}:///x.db"\ntable = "l"'
    path.write_text(path.read_text().replace('from = "loans.csv"', source))
    assert load(path, folder, case.folder / "out").loans == 1
    assert sorted(entry.name for entry in case.folder.iterdir()) == ["a#b%20c", "book.toml", "out"]
    assert [entry.name for entry in folder.iterdir()] == ["x.db"]
    assert (folder / "x.db").read_bytes() == before


def test_a_book_of_bad_loans_says_so_and_shows_them(case: Case) -> None:
    case.write("loans.csv", "id,who,sum\nA,a,x\nB,b,y\n")
    case.mapping()
    message = _refused(case)
    assert "all 2 rows of loans are in quarantine" in message
    assert str(case.folder / "out" / "quarantine" / "loans.csv") in message
    assert "keep" not in message
    assert set(case.reasons("loans")) == {1, 2}
    case.mapping(loans="keep = \"who = 'a'\"")
    message = _refused(case)
    assert "check keep, which left out 1 rows; the other 1 are in quarantine" in message


def test_days_out_of_order_are_refused(case: Case) -> None:
    case.write("loans.csv", LOANS)
    case.mapping(book="date_min = 2026-02-01\ndate_max = 2026-01-31")
    assert "date_min 2026-02-01 is after date_max 2026-01-31" in _refused(case)
    case.mapping(book="date_min = 2026-01-31\ndate_max = 2026-01-31")
    case.load()


def test_a_folder_may_have_the_characters_of_a_pattern(case: Case) -> None:
    folder = case.folder / "x[1]*"
    folder.mkdir()
    for number, who in enumerate("ab"):
        (folder / f"loans-{number}.csv").write_text(f"id,who,sum\n{who},{who},1\n")
    path = case.mapping()
    path.write_text(path.read_text().replace("loans.csv", "loans-*.csv"))
    assert load(path, folder, case.folder / "out").loans == 2
    path.write_text(path.read_text().replace("loans-*.csv", "loans-[1].csv"))
    assert load(path, folder, case.folder / "out").loans == 1


def test_a_misspelt_required_key_is_named(case: Case) -> None:
    case.write("loans.csv", LOANS)
    path = case.mapping()
    path.write_text(path.read_text().replace("zone =", "zona ="))
    message = _refused(case)
    assert message.startswith(f"{path}:4: ")
    assert "[book] has no key 'zona'; did you mean 'zone'?" in message


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_too_little_memory_blames_nobody_else(case: Case, ending: str) -> None:
    case.write("loans.csv", LOANS)
    _parquet(case.folder / "loans.parquet", "SELECT 'A' AS id, 'a' AS who, 1 AS sum")
    path = case.mapping()
    path.write_text(path.read_text().replace("loans.csv", f"loans.{ending}"))
    message = _refused(case, memory="1KB")
    assert message.startswith("loading needs more memory than it may use")
    assert "--memory" in message


def test_rows_without_the_effect_that_was_meant_are_odd(case: Case) -> None:
    case.write("loans.csv", "id,who,sum,min,max\nA,a,100,5,4\nB,b,100,5,5\nC,c,100,5,\n")
    case.write(
        "payments.csv",
        "pid,loan,day,amt,rev\n1,A,2026-01-05,5,\n2,A,2026-01-04,5,1\n3,B,2026-01-05,5,\n4,B,2026-01-05,5,3\n",
    )
    case.write(
        "events.csv",
        "eid,kind,who,loan,at\n1,pause,a,,2026-01-01\n2,resume,a,A,2026-01-02\n3,accelerated,b,,2026-01-01\n"
        "4,sued,a,,2026-01-01\n",
    )
    case.mapping(
        payments=True, payment_columns='reverses = "rev"', loan_columns='late_fee_min = "min"\nlate_fee_max = "max"',
        more=EVENTS,
    )  # fmt: skip
    odd = {(one.table, one.kind): (one.rows, one.example) for one in case.load().warnings}
    assert odd["loans", "late_fee_max_below_min"] == (1, "loan A: late_fee_max 400, late_fee_min 500 (minor units)")
    assert odd["payments", "reversed_before_paid"] == (1, "payment 1 of loan A: paid 2026-01-05, reversed 2026-01-04")
    assert odd["events", "without_loan"] == (2, "event 1: a pause that names no loan changes nothing")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_utf_16_file_is_recognised(case: Case, encoding: str) -> None:
    case.write("loans.csv", LOANS.encode(encoding))
    case.mapping()
    assert 'the file seems to be UTF-16, say encoding = "utf-16"' in _refused(case)
    case.mapping(loans=f'encoding = "{encoding}"')
    assert case.load().loans == 2
    case.write("loans.csv", ("\ufeff" + LOANS).encode(encoding) if encoding != "utf-16" else LOANS.encode(encoding))
    assert case.load().loans == 2


def test_a_hold_in_quarantine_is_said_in_plain_words(case: Case) -> None:
    case.write("loans.csv", LOANS)
    case.write("holds.csv", "hid,who,why,day\n1,a,dispute,never\n2,a,dispute,2026-01-01\n")
    columns = 'hold_id = "hid"\nborrower_id = "who"\nkind = "why"\nfrom_on = "day"\n'
    case.mapping(more=f'[tables.holds]\nfrom = "holds.csv"\n[tables.holds.columns]\n{columns}')
    (lost,) = [odd for odd in case.load().warnings if odd.table == "holds"]
    assert (lost.kind, lost.rows) == ("in_quarantine", 1)
    for words in ("protects nobody", "may be called, written to and sued", "until the row in quarantine is mended"):
        assert words in lost.example
