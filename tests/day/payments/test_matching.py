"""Which loan a payment is for, and that nothing is guessed, dropped or counted twice."""

from datetime import date
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.day.payments.entries import Entry
from duecourse.day.payments.matching import Match, Matching, OpenLoan, OwnDebit, Reason, Rule, Unmatched, match
from duecourse.day.payments.references import creditor_reference

RF_A, RF_B = creditor_reference("LOANA1"), creditor_reference("LOANB1")
ANA, BO = b"ana's account", b"bo's account"
LOANS = (
    OpenLoan("L-1001", "EUR", 5000, (RF_A,), frozenset({ANA})),
    OpenLoan("L-1002", "EUR", 7000, (RF_B, "KUNDE 77-88"), frozenset({ANA, BO})),
    OpenLoan("L-1003", "USD", 5000, (), frozenset({BO})),
    OpenLoan("7", "EUR", 100, (), frozenset()),
)
DEBITS = (
    OwnDebit("D-1", "B-1", "L-1001", 5000, "EUR"),
    OwnDebit("D-2", "B-1", "L-1002", 7000, "EUR"),
    OwnDebit("D-3", "B-2", "L-1001", 5000, "EUR"),
)


def paid(amount: int = 5000, **more: Any) -> Entry:
    told: dict[str, Any] = {"entry_id": "e", "booking_id": "e", "account": "ours", "booked_on": date(2026, 3, 2)}
    told |= {"value_on": None, "currency": "EUR", "is_credit": True}
    return Entry(amount=amount, **(told | more))


def matched(entry: Entry, payer: bytes | None = None) -> Matching:
    return match([entry], LOANS, DEBITS, {"e": payer} if payer else None)


@pytest.mark.parametrize(
    ("told", "loan", "rule"),
    [
        ({"loan_id": "L-1001", "structured": (RF_B,)}, "L-1001", Rule.LOAN_ID),
        ({"end_to_end_id": "D-2", "unstructured": ("L-1001",)}, "L-1002", Rule.DEBIT),
        ({"structured": (RF_A,), "unstructured": ("L-1002",)}, "L-1001", Rule.CREDITOR_REFERENCE),
        ({"unstructured": (f"thanks {RF_A[:4]} {RF_A[4:8]} {RF_A[8:]}!",)}, "L-1001", Rule.CREDITOR_REFERENCE),
        ({"structured": ("KUNDE7788",), "end_to_end_id": "L1001"}, "L-1002", Rule.STRUCTURED),
        ({"structured": ("7",)}, "7", Rule.STRUCTURED),
        ({"end_to_end_id": "L1001", "unstructured": ("L-1002",)}, "L-1001", Rule.END_TO_END),
        ({"unstructured": ("rate for l 1001 march",)}, "L-1001", Rule.WORDS),
        ({"unstructured": ("Kunde 77 88",)}, "L-1002", Rule.WORDS),
    ],
)
def test_references_come_first_and_in_a_fixed_order(told: dict[str, Any], loan: str, rule: Rule) -> None:
    found = matched(paid(**told), payer=BO)
    assert [(one.loan_id, one.rule, one.amount) for one in found.matches] == [(loan, rule, 5000)]
    assert not found.unmatched


@pytest.mark.parametrize(
    ("amount", "payer", "loan", "rule"),
    [
        (5000, ANA, "L-1001", Rule.PAYER_EXACT),
        (7000, ANA, "L-1002", Rule.PAYER_EXACT),
        (7000, BO, "L-1002", Rule.PAYER_EXACT),
        (123, BO, "L-1002", Rule.PAYER_ONLY),  # the other one of Bo's is in dollars
    ],
)
def test_then_the_account_that_paid(amount: int, payer: bytes, loan: str, rule: Rule) -> None:
    assert [(one.loan_id, one.rule) for one in matched(paid(amount), payer).matches] == [(loan, rule)]


@pytest.mark.parametrize(
    ("entry", "payer", "reason"),
    [
        (paid(123), ANA, Reason.SEVERAL_LOANS),
        (paid(), None, Reason.UNKNOWN),
        (paid(), b"", Reason.UNKNOWN),
        (paid(), b"somebody", Reason.UNKNOWN),
        (paid(unstructured=("L-1001 and L-1002",)), ANA, Reason.SEVERAL_LOANS),
        (paid(structured=(RF_A, RF_B)), ANA, Reason.SEVERAL_LOANS),
        (paid(unstructured=("7",)), None, Reason.UNKNOWN),  # too short to be found in words
        (paid(unstructured=("XL-10012",)), None, Reason.UNKNOWN),  # inside another word
        (paid(structured=(RF_A[:-1] + "2",)), None, Reason.UNKNOWN),  # wrong check digits
        (paid(unstructured=("L-1003",)), ANA, Reason.CURRENCY),
        (paid(currency="GBP"), ANA, Reason.CURRENCY),
        (paid(loan_id="gone"), ANA, Reason.UNKNOWN_LOAN),
        (paid(is_credit=False, unstructured=("L-1001",)), ANA, Reason.MONEY_OUT),
        (paid(is_charge=True, is_credit=False), None, Reason.CHARGE),
        (paid(0, unstructured=("L-1001",)), None, Reason.NOTHING),
        (paid(is_credit=False, return_reason="AM04"), ANA, Reason.RETURN_UNKNOWN),
        (paid(return_reason="AC04", structured=(RF_A,)), None, Reason.RETURN_OF_OURS),
        (paid(11999, batch_id="B-1"), None, Reason.BATCH_DIFFERS),
        (paid(currency="USD", end_to_end_id="D-1"), None, Reason.CURRENCY),
    ],
)
def test_what_is_not_known_is_not_guessed(entry: Entry, payer: bytes | None, reason: Reason) -> None:
    assert matched(entry, payer) == Matching((), (Unmatched("e", reason),))


def test_a_return_takes_back_the_debit_and_tells_what_the_bank_charges() -> None:
    for told in ({"end_to_end_id": "D-1"}, {"end_to_end_id": "D-1", "original_amount": 5000}):
        found = matched(paid(5350, is_credit=False, return_reason="AM04", **told))
        assert found.matches == (
            Match("e", "L-1001", 5000, "EUR", Rule.DEBIT, is_return=True, end_to_end_id="D-1", charges=350),
        )


def test_a_return_of_a_part_takes_back_no_more_than_it_says() -> None:
    (found,) = matched(paid(2000, is_credit=False, is_reversal=True, end_to_end_id="D-1")).matches
    assert (found.amount, found.charges) == (2000, 0)


def test_one_booking_for_a_batch_is_all_its_debits() -> None:
    found = matched(paid(12000, batch_id="B-1")).matches
    assert [(one.loan_id, one.amount, one.end_to_end_id, one.rule) for one in found] == [
        ("L-1001", 5000, "D-1", Rule.DEBIT_BATCH), ("L-1002", 7000, "D-2", Rule.DEBIT_BATCH),
    ]  # fmt: skip


def test_two_debits_with_one_id_are_not_told_apart() -> None:
    twice = (*DEBITS, OwnDebit("D-1", "B-9", "L-1002", 5000, "EUR"))
    assert match([paid(end_to_end_id="D-1")], LOANS, twice).unmatched[0].reason is Reason.SEVERAL_LOANS


ENTRIES = st.lists(
    st.builds(
        paid,
        amount=st.sampled_from([0, 1, 5000, 7000, 12000]),
        currency=st.sampled_from(["EUR", "USD"]),
        is_credit=st.booleans(),
        is_charge=st.booleans(),
        is_reversal=st.booleans(),
        return_reason=st.sampled_from([None, "AM04"]),
        original_amount=st.sampled_from([None, 0, 5000, 99999]),
        end_to_end_id=st.sampled_from([None, "D-1", "D-3", "L-1001", "x"]),
        batch_id=st.sampled_from([None, "B-1", "B-2"]),
        structured=st.sampled_from([(), (RF_A,), (RF_A, RF_B), ("7",)]),
        unstructured=st.sampled_from([(), ("L-1001",), ("l 1002, L-1003",)]),
    ),
    max_size=6,
)


@given(ENTRIES, st.randoms(use_true_random=False))
def test_each_entry_counts_once_in_any_order(found: list[Entry], random: Random) -> None:
    entries = [Entry(**(vars(one) | {"entry_id": str(number)})) for number, one in enumerate(found)]
    payers = {str(number): random.choice([ANA, BO]) for number in range(len(entries))}
    result = match(entries, LOANS, DEBITS, payers)
    told = {one.entry_id for one in result.unmatched}
    for entry in entries:
        own = [one for one in result.matches if one.entry_id == entry.entry_id]
        assert (entry.entry_id in told) != bool(own)
        assert not own or sum(one.amount + one.charges for one in own) == entry.amount
        assert all(one.amount >= 0 and one.charges >= 0 for one in own)
    mixed = list(entries)
    random.shuffle(mixed)
    loans, debits = list(LOANS), list(DEBITS)
    random.shuffle(loans)
    random.shuffle(debits)
    again = match(mixed, loans, debits, payers)
    assert set(again.matches) == set(result.matches)
    assert set(again.unmatched) == set(result.unmatched)


def test_the_order_of_loans_makes_no_difference() -> None:
    entry = paid(unstructured=("L-1001", RF_B))
    assert len({match([entry], loans, DEBITS) for loans in permutations(LOANS)}) == 1


def test_no_account_is_in_a_repr() -> None:
    assert "account" not in repr(LOANS[0])
