"""One form for one person, and a line that tells what is wrong without telling the number."""

from datetime import date

import pytest

from duecourse.inquiry.identity import NUMBERS, normalised
from duecourse.kernel.errors import DueCourseError

# Examples that the countries or the library's own documentation publish.
WRITTEN = [
    ("CN", "11010519491231002X", "110105 19491231 002x", date(1949, 12, 31)),
    ("CN", "360426199101010071", "３６０４２６１９９１０１０１００７１", date(1991, 1, 1)),
    ("US", "536904399", "536-90-4399", date(1980, 1, 1)),
    ("BR", "39053344705", "390.533.447-05", date(1980, 1, 1)),
    ("PL", "44051401359", "44051401359", date(1944, 5, 14)),
    ("ZA", "7503305044089", "750330 5044 08 9", date(1975, 3, 30)),
]


@pytest.mark.parametrize(("country", "plain", "typed", "born_on"), WRITTEN)
def test_however_it_is_typed_it_is_one_text(country: str, plain: str, typed: str, born_on: date) -> None:
    assert normalised(country, plain, born_on) == normalised(country, typed, born_on)
    assert plain.encode() in normalised(country, typed, born_on)


@pytest.mark.parametrize(
    ("country", "number", "born_on", "line"),
    [
        ("CN", "110105194912310021", date(1949, 12, 31), "this is no resident identity card number of CN"),
        ("CN", "11010519491231002X", date(1950, 1, 1), "says another birth date"),
        ("US", "123", date(1980, 1, 1), "this is no social security number of US"),
        ("XX", "123", date(1980, 1, 1), "no rules for national identifiers of XX"),
    ],
)
def test_what_is_wrong_is_said_without_the_number(country: str, number: str, born_on: date, line: str) -> None:
    with pytest.raises(DueCourseError, match=line) as error:
        normalised(country, number, born_on)
    assert number not in str(error.value)


def test_two_birth_dates_are_two_people() -> None:
    assert normalised("US", "536-90-4399", date(1980, 1, 1)) != normalised("US", "536-90-4399", date(1980, 1, 2))


@pytest.mark.parametrize("country", sorted(NUMBERS))
def test_every_country_has_rules(country: str) -> None:
    with pytest.raises(DueCourseError, match=f"this is no .* of {country}"):
        normalised(country, "?", date(1980, 1, 1))
