"""Check digits, by the examples that the standards and banks publish; and references in people's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.day.payments.amounts import decimal_text, minor_units
from duecourse.day.payments.references import (
    candidates,
    creditor_reference,
    is_creditor_id,
    is_creditor_reference,
    is_iban,
)
from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.kernel.errors import DueCourseError

BODIES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=21)


def test_the_example_of_iso_11649() -> None:
    assert creditor_reference("5390 0754 7034") == "RF18539007547034"
    assert is_creditor_reference("RF18 5390 0754 7034")
    assert is_creditor_reference("rf18539007547034")


@pytest.mark.parametrize(
    "wrong", ["", "RF18", "RF19539007547034", "RF18539007547043", "RF185390075470341", "é", "RF1" * 20]
)
def test_what_is_no_creditor_reference(wrong: str) -> None:
    assert not is_creditor_reference(wrong)


@pytest.mark.parametrize("body", ["", "   ", "é", "A" * 22])
def test_what_no_creditor_reference_can_be_made_of(body: str) -> None:
    with pytest.raises(DueCourseError):
        creditor_reference(body)


@given(BODIES, st.data())
def test_one_wrong_letter_is_always_found(body: str, data: st.DataObject) -> None:
    reference = creditor_reference(body)
    assert is_creditor_reference(reference)
    at = data.draw(st.integers(4, len(reference) - 1))
    other = data.draw(st.sampled_from("0123456789" if reference[at].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    changed = reference[:at] + other + reference[at + 1 :]
    assert is_creditor_reference(changed) == (changed == reference)


def test_accounts_and_creditors_as_published() -> None:
    for iban in ("DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32", "NL91ABNA0417164300"):
        assert is_iban(iban)
        assert not is_iban(iban[:-1] + ("1" if iban[-1] != "1" else "2"))
    assert is_creditor_id("DE98ZZZ09999999999")
    assert is_creditor_id("DE98ABC09999999999")  # the business code is the creditor's to choose
    assert not is_creditor_id("DE97ZZZ09999999999")
    assert not is_creditor_id("")


def test_references_in_words_are_found_whole() -> None:
    found = set(candidates("my loan L-2041/77, RF18 5390 0754 7034 thanks"))
    assert {"L204177", "RF18539007547034"} <= found
    assert "539007547034" in found  # at the edges of words
    assert "8539007547034" not in found  # not inside one
    assert set(candidates("L-12 a b")) == {"L12AB"}


@given(st.sampled_from(sorted(MINOR_DIGITS)), st.integers(0, 2**63 - 1))
def test_amounts_come_back_as_they_went(currency: str, amount: int) -> None:
    assert minor_units(decimal_text(amount, currency), currency) == amount


@pytest.mark.parametrize(
    ("text", "currency"),
    [("1.001", "EUR"), ("", "EUR"), ("x", "EUR"), ("-0.01", "EUR"), ("1e400", "EUR"), ("1e-999999999", "EUR"),
     ("1e999999999", "EUR"), ("Infinity", "EUR"), ("sNaN", "EUR"), ("1", ""), ("0" * 99, "EUR"), (str(2**63), "JPY")],
)  # fmt: skip
def test_what_is_no_amount(text: str, currency: str) -> None:
    with pytest.raises(DueCourseError):
        minor_units(text, currency)
