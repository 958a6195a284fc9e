# ruff: noqa: DTZ001 - the tables hold UTC without a zone
"""How values are read: against Decimal, zoneinfo and datetime, which the loader does not use."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.kernel.currencies import MINOR_DIGITS
from tests.book.conftest import Case, Rows

LOANS = "id,who,sum\nA,a,100\n"
ZONE = "America/New_York"


def test_dates_and_moments(case: Case, rows: Rows) -> None:
    zone = ZoneInfo(ZONE)
    given_: list[tuple[str, date, datetime]] = [
        ("2026-07-01", date(2026, 7, 1), datetime(2026, 7, 1, 12, tzinfo=zone)),
        ("2026-01-01", date(2026, 1, 1), datetime(2026, 1, 1, 12, tzinfo=zone)),
        ("2026-07-01T03:30:00Z", date(2026, 6, 30), datetime(2026, 7, 1, 3, 30, tzinfo=UTC)),
        ("2026-07-01 03:30", date(2026, 7, 1), datetime(2026, 7, 1, 3, 30, tzinfo=zone)),
        (
            "2026-07-01T23:30:00.123456+05:30",
            date(2026, 7, 1),
            datetime(2026, 7, 1, 18, 0, 0, 123456, tzinfo=UTC),
        ),
        ("2026-12-31T23:59:59-08", date(2027, 1, 1), datetime(2027, 1, 1, 7, 59, 59, tzinfo=UTC)),
    ]
    lines = [f"{number},A,{text},1,{text}" for number, (text, _, _) in enumerate(given_)]
    bad = [
        "2026-7-1",
        "01.07.2026",
        "2026-02-29",
        "2026-07-01T25:00:00Z",
        "infinity",
        "20260701",
        "2026-07-01x",
    ]
    lines += [f"x{number},A,{text},1," for number, text in enumerate(bad)]
    case.write("loans.csv", LOANS)
    case.write("payments.csv", "pid,loan,day,amt,known\n" + "\n".join(lines) + "\n")
    case.mapping(payments=True, payment_columns='recorded_at = "known"', zone=ZONE)
    book = case.load()
    found = sorted(rows(book, "payments", "payment_id, paid_on, recorded_at"))
    expected = [
        (str(number), day, moment.astimezone(UTC).replace(tzinfo=None))
        for number, (_, day, moment) in enumerate(given_)
    ]
    assert found == expected
    assert set(case.reasons("payments")) == set(range(7, 14))


def test_a_payment_without_a_time_became_known_at_noon(case: Case, rows: Rows) -> None:
    case.write("loans.csv", LOANS)
    case.write("payments.csv", "pid,loan,day,amt\n1,A,2026-03-08,1\n2,A,2026-07-01,1\n")
    case.mapping(payments=True, zone=ZONE)
    noons = [
        datetime.combine(day, time(12), ZoneInfo(ZONE)).astimezone(UTC).replace(tzinfo=None)
        for day in (date(2026, 3, 8), date(2026, 7, 1))
    ]
    assert [row[0] for row in rows(case.load(), "payments", "recorded_at")] == noons


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.decimals(min_value=0, max_value=10**9, places=4),
            st.sampled_from(["USD", "JPY", "KWD", "CLF", "EUR"]),
            st.integers(0, 4),
        ),
        min_size=1, max_size=30,
    ),
)  # fmt: skip
def test_amounts_are_exact_or_refused(case: Case, rows: Rows, amounts: list[tuple[Decimal, str, int]]) -> None:
    """Loans in currencies of 0, 2, 3 and 4 decimals, and their instalments: the same answer for both."""
    texts = [(str(amount.quantize(Decimal(1).scaleb(-places))), currency) for amount, currency, places in amounts]
    exact = {
        f"L{number}": Decimal(text).scaleb(MINOR_DIGITS[currency]) for number, (text, currency) in enumerate(texts)
    }
    fitting = {loan: int(value) for loan, value in exact.items() if value == int(value)}
    ok = "".join(f"L{number},w,1,{currency}\n" for number, (_, currency) in enumerate(texts))
    case.write(
        "loans.csv",
        "id,who,sum,cur\n" + "".join(f"L{n},w,{text},{cur}\n" for n, (text, cur) in enumerate(texts)) + "Z,w,1,USD\n",
    )
    case.mapping(loan_columns='currency = "cur"')
    found: dict[str, int] = dict(rows(case.load(), "loans", "loan_id, principal"))
    assert {key: value for key, value in found.items() if key != "Z"} == fitting
    case.write("loans.csv", "id,who,sum,cur\n" + ok)
    case.write("rates.csv", "loan,amt\n" + "".join(f"L{n},{text}\n" for n, (text, _) in enumerate(texts)))
    more = '[tables.instalments]\nfrom = "rates.csv"\n[tables.instalments.columns]\nloan_id = "loan"\nnumber = "1"\n'
    case.mapping(loan_columns='currency = "cur"', more=more + 'due_on = "\'2026-01-01\'"\nprincipal = "amt"\n')
    assert dict(rows(case.load(), "instalments", "loan_id, principal")) == fitting


def test_typed_columns_of_parquet(case: Case, rows: Rows) -> None:
    with duckdb.connect() as con:
        con.execute(f"""COPY (SELECT * FROM (VALUES
            (1, 'A', 10.10::DOUBLE, DATE '2026-01-01', TIMESTAMPTZ '2026-01-01 23:00:00-05'),
            (2, 'A', 0.1::DOUBLE + 0.2::DOUBLE, DATE '2026-01-01', NULL),
            (3, 'A', 10.105::DOUBLE, DATE '2026-01-01', NULL),
            (4, 'A', 'NaN'::DOUBLE, DATE '2026-01-01', NULL),
            (5, 'A', 1e300::DOUBLE, DATE '2026-01-01', NULL),
            (6, 'A', 99999999999.99::DOUBLE, DATE '2026-01-01', NULL)) v(pid, loan, amt, day, known))
            TO '{case.folder / "payments.parquet"}'""")
    case.write("loans.csv", LOANS)
    path = case.mapping(payments=True, payment_columns='recorded_at = "known"')
    path.write_text(path.read_text().replace("payments.csv", "payments.parquet"))
    found = rows(case.load(), "payments", "payment_id, amount, recorded_at")
    assert found == [
        ("1", 1010, datetime(2026, 1, 2, 4)), ("2", 30, datetime(2026, 1, 1, 12)),
        ("6", 9_999_999_999_999, datetime(2026, 1, 1, 12)),
    ]  # fmt: skip
    assert {row: reason for row, (_, reason) in case.reasons("payments").items()} == {
        3: "more decimals than its currency has", 4: "not a number", 5: "too large",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1.234,56", 123456),
        ("1234,5", 123450),
        ("-1,00", None),
        ("1,234.56", None),
        ("12.34", None),
        ("1.234", 123400),
        ("0,005", None),
    ],
)
def test_decimal_commas(case: Case, rows: Rows, text: str, cents: int | None) -> None:
    case.write("loans.csv", f"id;who;sum\nA;a;{text}\nB;b;1\n")
    case.mapping(loans='decimal = ","')
    found: dict[str, int] = dict(rows(case.load(), "loans", "loan_id, principal"))
    assert found.get("A") == cents
    assert found["B"] == 100


def test_rates_lists_orders_and_choices(case: Case, rows: Rows) -> None:
    header = "id,who,sum,rate,order,base,cap,opened\n"
    good = "A,a,1,12.5,principal interest penalty fee cost,instalment,,\nB,b,1,,,,240000,2026-01-01\n"
    bad = "C,c,1,0.00001,,,,\nD,d,1,1001,,,,\nE,e,1,,cost fee,,,\nF,f,1,,,both,,\nG,g,1,,,,1,\n"
    case.write("loans.csv", header + good + bad)
    case.mapping(
        loan_columns="""
interest_ppm_year = "cast(rate as decimal(18, 6)) * 10000"
allocation_order = "\\"order\\""
penalty_base = "base"
cap_all_in_ppm_year = "cap"
opened_on = "opened"
"""
    )
    found = rows(
        case.load(),
        "loans",
        "loan_id, interest_ppm_year, allocation_order, penalty_base, cap_all_in_ppm_year",
    )
    assert found == [
        ("A", 125_000, "principal interest penalty fee cost", "instalment", None),
        ("B", 0, "cost fee penalty interest principal", "principal", 240_000),
    ]
    assert {row: column for row, (column, _) in case.reasons("loans").items()} == {
        3: "interest_ppm_year", 4: "interest_ppm_year", 5: "allocation_order", 6: "penalty_base",
        7: "opened_on",
    }  # fmt: skip
