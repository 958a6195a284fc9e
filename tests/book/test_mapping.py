"""The mapping file: what it refuses, and that one line says what, where and what to do."""

from typing import Any

import pytest

from duecourse.book.mapping import MappingError, read_mapping
from duecourse.book.sql import check
from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.kernel.errors import DueCourseError
from tests.book.conftest import Case

LOANS = "id,who,sum\nA,a,100\n"


@pytest.mark.parametrize(
    ("parts", "line", "words"),
    [
        ({"book": 'zoen = "UTC"'}, 7, ["[book] has no key 'zoen'", "did you mean 'zone'"]),
        ({"book": "date_min = 5.5"}, 7, ["book.date_min"]),
        ({"zone": "Europe/Berln"}, 4, ["no time zone 'Europe/Berln'"]),
        ({"loans": 'kep = "true"'}, 11, ["[tables.loans] has no key 'kep'", "did you mean 'keep'"]),
        ({"loan_columns": 'opend_on = "day"'}, 16,
            ["loans has no column 'opend_on'", "did you mean 'opened_on'"]),
        ({"loan_columns": 'opened_on = "dya"'}, 16, ["loans.csv has no column 'dya'"]),
        ({"loan_columns": 'product = "sun"'}, 16, ["no column 'sun'", "did you mean 'sum'"]),
        ({"loan_columns": 'grace_days = "sum * 2"'}, 16, ["does not work", "cast it first"]),
        ({"loan_columns": 'product = "getenv(\'HOME\')"'}, 16, ["the function 'getenv' is not allowed"]),
        ({"loans": 'keep = "id in (select 1)"'}, 11, ["not allowed in a mapping"]),
        ({"more": '[tables.loanz]\nfrom = "x.csv"\ncolumns = {}\n'}, 17,
            ["no table 'loanz'", "did you mean 'loans'"]),
        ({"more": '[tables.holds]\nfrom = "x.csv"\n[tables.holds.columns]\nkind = "k"\n'}, 17,
            ["holds lacks 'hold_id'"]),
        ({"more": "[boook]\n"}, 17, ["no section [boook]", "did you mean 'book'"]),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_line(case: Case, parts: dict[str, Any], line: int, words: list[str]) -> None:
    case.write("loans.csv", LOANS)
    path = case.mapping(**parts)
    with pytest.raises(DueCourseError) as caught:
        case.load()
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: "), message
    assert "\n" not in message
    for word in words:
        assert word in message, message


def test_broken_toml_and_missing_files_are_one_line(case: Case) -> None:
    with pytest.raises(MappingError, match="cannot read the mapping file"):
        case.load()
    case.write("book.toml", "[book\n")
    with pytest.raises(MappingError, match=r"not valid TOML.*line 1"):
        case.load()
    path = case.mapping()
    with pytest.raises(MappingError, match=r"book.toml:10: no file 'loans.csv'"):
        case.load()
    case.write("loans.csv", "")
    with pytest.raises(DueCourseError, match="first line is empty"):
        case.load()
    case.write("loans.csv", "id,who,sum\n")
    with pytest.raises(DueCourseError, match=r"book.toml:9: loans.csv has no rows"):
        case.load()
    case.write("loans.csv", "id,ID,sum\nA,a,1\n")
    with pytest.raises(DueCourseError, match="two columns are called 'id'"):
        case.load()
    case.write("loans.parquet", "no Parquet")
    path.write_text(path.read_text().replace("loans.csv", "loans.parquet"))
    with pytest.raises(DueCourseError, match=r"loans.parquet: cannot be read as Parquet"):
        case.load()


def test_nothing_half_written_is_left_behind(case: Case) -> None:
    case.write("loans.csv", "id,who,sum\n")
    case.mapping()
    with pytest.raises(DueCourseError):
        case.load()
    assert list((case.folder / "out" / "tables").iterdir()) == []


def test_the_quarantine_share_is_an_exact_decimal(case: Case) -> None:
    from decimal import Decimal

    path = case.mapping()
    path.write_text(path.read_text().replace("quarantine_share_max = 1", "quarantine_share_max = 0.1"))
    assert read_mapping(path).book.quarantine_share_max == Decimal("0.1")


@pytest.mark.parametrize(
    "expression",
    [
        "(select 1)", "sum(a)", "row_number() over ()", "a; drop table x", "read_text('x')",
        "current_date", "now()", "random()",
        "x.a", "*", "nextval('s')", "current_setting('home_directory')", "a = any(b)",
        "list_filter([a], q -> q > 1)", "cast(a as foo)",
        "", "a +", "exists (select 1)", "$1", "?", "getvariable('x')", "columns('a')", "a /* c */; b",
        "query('select 1')",
    ],
)  # fmt: skip
def test_only_plain_expressions_pass(expression: str) -> None:
    with pytest.raises(MappingError, match=r"^book.toml:3: "):
        check(expression, ["a", "b"], "book.toml:3", "f.csv")


def test_columns_are_found_as_sql_finds_them() -> None:
    assert check("KUNDE", ["Kunde"], "p", "f").sql == '"Kunde"'
    assert check("Fällig am", ["Fällig am"], "p", "f").columns == ("Fällig am",)
    assert check('upper("Kunde Nr") || a', ["kunde nr", "A"], "p", "f").columns == ("A", "kunde nr")


def test_currencies_have_their_decimals() -> None:
    """Against the decimals that ISO 4217 is known for."""
    for digits, codes in {0: "JPY KRW CLP", 2: "USD EUR INR MXN NGN", 3: "KWD BHD TND", 4: "CLF UYW"}.items():
        assert {MINOR_DIGITS[code] for code in codes.split()} == {digits}
    assert all(len(code) == 3 and code.isupper() for code in MINOR_DIGITS)
    assert len(MINOR_DIGITS) > 190
    assert "XAU" not in MINOR_DIGITS
