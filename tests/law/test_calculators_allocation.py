"""The order in which a payment settles: examples from the law, each with its citation, and what every split keeps."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.kernel.errors import DueCourseError
from duecourse.law.calculators import CALCULATORS
from duecourse.law.calculators.allocation import (
    RANKS,
    WORDS,
    Debt,
    Payment,
    among_debts,
    in_proportion,
    over_components,
)
from tests.law.world import TIMES

CN_COMPONENTS: Final = ("agreed", "costs", "interest", "principal")
CN_DEBTS: Final = ("directed", "due_first", "least_security", "heavier_burden", "earliest_due", "pro_rata")
CN_JUDGMENT: Final = ("judgment_debt", "late_performance_interest")
DE_CONSUMER: Final = ("costs", "principal", "interest")
USUAL: Final = ("costs", "interest", "principal")
GB_SECURED: Final = ("directed", "pro_rata")
IN_DEBTS: Final = ("directed", "same_sum", "creditor_choice", "earliest_due", "pro_rata")
US_DEBTS: Final = ("undisputed", "directed")


def loan(name: str, **facts: object) -> Mapping[str, object]:
    return {"id": name, **facts}


DUE: Final = {"opened_on": "2025-01-10", "due_on": "2026-01-10"}
CN_03: Final = (loan("A", **DUE), loan("B", opened_on="2025-12-10", due_on="2026-12-10"))
CN_04: Final = (
    loan("A", **DUE, rate=Decimal("18.0"), secured=True),
    loan("B", **DUE, rate=Decimal("12.0"), secured=False),
)
CN_05: Final = (loan("A", **DUE, rate=Decimal("12.0")), loan("B", **DUE, rate=Decimal("18.0")))
IN_03: Final = (
    loan("A", opened_on="2020-03-06", due_on="2021-03-06"),
    loan("B", opened_on="2025-01-10", due_on="2026-01-10"),
)
IN_59A: Final = (loan("A", due_on="2026-06-01"), loan("B", due_on="2026-01-05"), loan("C", due_on="2026-02-05"))

CASES: Final[Mapping[str, tuple[Mapping[str, object], Mapping[str, int]]]] = {
    "2014 interpretation on late performance, art 4": (
        {
            "order": CN_JUDGMENT,
            "amount": 1210000,
            "owed": {"judgment_debt": 1200000, "late_performance_interest": 18900},
        },
        {"judgment_debt": 1200000, "late_performance_interest": 10000},
    ),
    "the same, just the judgment debt": (
        {
            "order": CN_JUDGMENT,
            "amount": 1200000,
            "owed": {"judgment_debt": 1200000, "late_performance_interest": 18900},
        },
        {"judgment_debt": 1200000, "late_performance_interest": 0},
    ),
    "Civil Code 560: directed to the debt that is not due": (
        {
            "order": CN_DEBTS,
            "loans": ["A", "B"],
            "amount": 200000,
            "on": "2026-03-10",
            "owed": {"A": 300000, "B": 300000},
            "directed": {"B": 200000},
            "debts": CN_03,
        },
        {"A": 0, "B": 200000},
    ),
    "Civil Code 560: nothing said, the due debt": (
        {
            "order": CN_DEBTS,
            "loans": ["A", "B"],
            "amount": 200000,
            "on": "2026-03-10",
            "owed": {"A": 300000, "B": 300000},
            "debts": CN_03,
        },
        {"A": 200000, "B": 0},
    ),
    "Civil Code 560: all due, the unsecured debt": (
        {
            "order": CN_DEBTS,
            "loans": ["A", "B"],
            "amount": 400000,
            "on": "2026-03-10",
            "owed": {"A": 300000, "B": 300000},
            "debts": CN_04,
        },
        {"A": 100000, "B": 300000},
    ),
    "Civil Code 560: equal security, the heavier burden": (
        {
            "order": CN_DEBTS,
            "loans": ["A", "B"],
            "amount": 200000,
            "on": "2026-03-10",
            "owed": {"A": 300000, "B": 300000},
            "debts": CN_05,
        },
        {"A": 0, "B": 200000},
    ),
    "Civil Code 561": (
        {"order": CN_COMPONENTS, "loan": "A", "amount": 100, "owed": {"principal": 90, "interest": 60, "costs": 30}},
        {"costs": 30, "interest": 60, "principal": 10},
    ),
    "Civil Code 561: unless the parties agreed otherwise": (
        {
            "order": CN_COMPONENTS,
            "loan": "A",
            "amount": 100,
            "owed": {"principal": 90, "interest": 60, "costs": 30},
            "debts": [loan("A", agreed_order=["principal", "interest", "costs"])],
        },
        {"costs": 0, "interest": 10, "principal": 90},
    ),
    "12 CFR 1006.30(c)": (
        {
            "order": US_DEBTS,
            "amount": 10000,
            "directed": {"A": 3000, "B": 7000},
            "debts": [loan("A", balance=50000), loan("B", balance=40000)],
        },
        {"A": 3000, "B": 7000},
    ),
    "12 CFR 1006.30(c): what is owed is not known": (
        {"order": US_DEBTS, "amount": 10000, "directed": {"A": 3000, "B": 7000}},
        {"A": 3000, "B": 7000},
    ),
    "12 CFR 1006.30(c): nothing to a disputed debt": (
        {
            "order": US_DEBTS,
            "amount": 10000,
            "debts": [loan("A", balance=50000, disputed=True), loan("B", balance=40000)],
        },
        {"A": 0, "B": 10000},
    ),
    "CONC 6.4.2R: in proportion": (
        {"order": GB_SECURED, "loans": ["A", "B"], "amount": 20000, "owed": {"A": 30000, "B": 10000}},
        {"A": 15000, "B": 5000},
    ),
    "CONC 6.4.2R: as the customer says": (
        {
            "order": GB_SECURED,
            "loans": ["A", "B"],
            "amount": 20000,
            "owed": {"A": 30000, "B": 10000},
            "directed": {"A": 10000, "B": 10000},
        },
        {"A": 10000, "B": 10000},
    ),
    "CONC 6.4.2R: all to one": (
        {
            "order": GB_SECURED,
            "loans": ["A", "B"],
            "amount": 20000,
            "owed": {"A": 30000, "B": 10000},
            "directed": {"A": 20000},
        },
        {"A": 20000, "B": 0},
    ),
    "CONC 6.4.2R: three agreements": (
        {
            "order": GB_SECURED,
            "loans": ["A", "B", "C"],
            "amount": 30000,
            "owed": {"A": 30000, "B": 20000, "C": 10000},
        },
        {"A": 15000, "B": 10000, "C": 5000},
    ),
    "Indian Contract Act 1872 s 59, illustration (a)": (
        {
            "order": IN_DEBTS,
            "loans": ["A", "B", "C"],
            "amount": 100000,
            "on": "2026-06-01",
            "owed": {"A": 100000, "B": 300000, "C": 56000},
            "debts": IN_59A,
        },
        {"A": 100000, "B": 0, "C": 0},
    ),
    "Indian Contract Act 1872 s 59: the debtor's word": (
        {
            "order": IN_DEBTS,
            "loans": ["A", "B"],
            "amount": 100000,
            "on": "2026-03-10",
            "owed": {"A": 300000, "B": 300000},
            "directed": {"B": 100000},
            "debts": IN_03,
        },
        {"A": 0, "B": 100000},
    ),
    "Indian Contract Act 1872 s 60: the creditor's choice": (
        {
            "order": IN_DEBTS,
            "loans": ["A", "B"],
            "amount": 100000,
            "on": "2026-03-10",
            "owed": {"A": 300000, "B": 300000},
            "creditor_choice": "A",
            "debts": IN_03,
        },
        {"A": 100000, "B": 0},
    ),
    "Indian Contract Act 1872 s 61: order of time": (
        {
            "order": IN_DEBTS,
            "loans": ["A", "B"],
            "amount": 400000,
            "owed": {"A": 300000, "B": 300000},
            "debts": IN_03,
        },
        {"A": 300000, "B": 100000},
    ),
    "BGB 497(3): principal before interest": (
        {
            "order": DE_CONSUMER,
            "loan": "A",
            "amount": 100000,
            "owed": {"costs": 20000, "principal": 1000000, "interest": 50000},
        },
        {"costs": 20000, "principal": 80000, "interest": 0},
    ),
    "BGB 497(4) and 367(1): a home loan": (
        {
            "order": USUAL,
            "loan": "A",
            "amount": 100000,
            "owed": {"costs": 20000, "principal": 1000000, "interest": 50000},
        },
        {"costs": 20000, "interest": 50000, "principal": 30000},
    ),
    "Code civil 1343-1": (
        {
            "order": USUAL,
            "loan": "A",
            "amount": 100000,
            "owed": {"costs": 20000, "interest": 50000, "principal": 1000000},
        },
        {"costs": 20000, "interest": 50000, "principal": 30000},
    ),
}


@pytest.mark.parametrize("cited", CASES)
def test_the_order_of_the_law(cited: str) -> None:
    asked, expected = CASES[cited]
    assert CALCULATORS["allocate"](asked) == expected


# --- where the order stops ---------------------------------------------------------------------------------

D1, D2, D3 = date(2026, 1, 10), date(2026, 2, 10), date(2026, 3, 10)


def two(**facts: object) -> Mapping[str, object]:
    return {"amount": 100, "on": "2026-03-10", "owed": {"A": 90, "B": 60}, **facts}


@pytest.mark.parametrize(
    "asked",
    [
        two(order=("directed",)),  # nothing directed, and no other word
        two(order=("directed",), directed={"A": 40}),  # 60 left, and no other word
        two(order=CN_DEBTS),  # no due dates
        two(order=CN_DEBTS, debts=[loan("A", **DUE), loan("B", **DUE)]),  # no rates
        two(order=CN_DEBTS, debts=[loan("A", **DUE, rate=12), loan("B", **DUE, rate="unclear")]),
        two(order=US_DEBTS, directed={"A": 40}, debts=[loan("A", disputed=True)]),
        {"order": US_DEBTS, "amount": 100, "directed": {"A": 40}},  # 60 left of what nobody knows
        {"order": USUAL, "amount": 100, "owed": {"interest": 90, "penalty": 60}},  # the order has no penalty
    ],
)
def test_no_answer(asked: Mapping[str, object]) -> None:
    assert CALCULATORS["allocate"](asked) is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # what is not known does not matter where the payment does not depend on it
        (two(order=CN_DEBTS, amount=150), {"A": 90, "B": 60}),
        (two(order=CN_DEBTS, amount=0), {"A": 0, "B": 0}),
        (two(order=CN_DEBTS, debts=[loan("A", **DUE), loan("B", due_on="2026-04-10")]), {"A": 90, "B": 10}),
        (two(order=CN_DEBTS, directed={"B": 60}, amount=60), {"A": 0, "B": 60}),
        ({"order": USUAL, "amount": 200, "owed": {"interest": 90, "penalty": 60}}, {"interest": 90, "penalty": 60}),
        ({"order": USUAL, "amount": 50, "owed": {"interest": 90, "penalty": 0}}, {"interest": 50, "penalty": 0}),
        # a direction beyond what is owed goes on by the order
        (two(order=GB_SECURED, directed={"B": 100}), {"A": 40, "B": 60}),
        # without interest a debt has no burden; overdue it costs its overdue rate and its penalty
        (
            two(order=CN_DEBTS, debts=[loan("A", **DUE, rate="none_agreed"), loan("B", **DUE, rate=1)]),
            {"A": 40, "B": 60},
        ),
        (
            two(
                order=CN_DEBTS,
                debts=[
                    loan("A", **DUE, rate=10, penalty_per_day=Decimal("0.05")),
                    loan("B", **DUE, rate=12, overdue_rate=18),
                ],
            ),
            {"A": 90, "B": 10},
        ),
        (two(order=("oldest_first",), debts=[loan("A", opened_on=D2), loan("B", opened_on=D1)]), {"A": 40, "B": 60}),
        # two of the same sum: the circumstances show nothing
        (
            {
                "order": IN_DEBTS,
                "amount": 90,
                "owed": {"A": 90, "B": 90},
                "debts": [loan("A", due_on=D1), loan("B", due_on=D1)],
            },
            {"A": 45, "B": 45},
        ),
    ],
)
def test_the_edges_of_an_order(asked: Mapping[str, object], expected: Mapping[str, int]) -> None:
    assert CALCULATORS["allocate"](asked) == expected


def test_due_is_due_on_its_own_day() -> None:
    debts = [Debt("A", 50, due_on=D3), Debt("B", 50, due_on=date(2026, 3, 11))]
    assert among_debts(Payment(50, on=D3), debts, CN_DEBTS) == {"A": 50, "B": 0}


# --- proportions -------------------------------------------------------------------------------------------


def test_the_largest_remainders_get_the_last_units() -> None:
    assert in_proportion(100, {"A": 100, "B": 100, "C": 100}) == {"A": 34, "B": 33, "C": 33}
    assert in_proportion(100, {"C": 100, "B": 100, "A": 100}) == {"A": 34, "B": 33, "C": 33}
    assert in_proportion(7, {"A": 10, "B": 30, "C": 0}) == {"A": 2, "B": 5, "C": 0}
    assert in_proportion(0, {"A": 10}) == {"A": 0}
    assert in_proportion(50, {}) == {}


owing = st.dictionaries(st.sampled_from("ABCDEFG"), st.integers(0, 10**9), min_size=1)


@given(owing, st.integers(0, 10**10))
@settings(max_examples=300 * TIMES)
def test_a_split_in_proportion_is_exact(owed: dict[str, int], amount: int) -> None:
    split = in_proportion(amount, owed)
    total = sum(owed.values())
    assert split.keys() == owed.keys()
    assert sum(split.values()) == min(amount, total)
    for one, share in split.items():
        assert 0 <= share <= owed[one]
        if amount < total:
            assert abs(share - Fraction(amount * owed[one], total)) < 1


DAYS: Final = st.sampled_from([D1, D2, D3, None])
debts_owed = st.lists(
    st.builds(
        Debt,
        st.sampled_from("ABCDEFG"),
        st.integers(0, 10**6),
        DAYS,
        DAYS,
        st.booleans(),
        st.sampled_from([None, Decimal(0), Decimal(12), Decimal(18)]),
        st.booleans(),
    ),
    max_size=6,
    unique_by=lambda debt: debt.id,
)
orders = st.lists(st.sampled_from(sorted(WORDS)), unique=True, max_size=6)


@given(debts_owed, orders, st.integers(0, 10**7), st.data())
@settings(max_examples=300 * TIMES)
def test_what_holds_for_every_order(debts: list[Debt], order: list[str], amount: int, data: st.DataObject) -> None:
    named = data.draw(st.sampled_from([None, *(debt.id for debt in debts)]))
    payment = Payment(amount, D3, {named: amount // 2} if named else None, named)
    split = among_debts(payment, debts, order)
    assert split == among_debts(payment, debts[::-1], order)
    if split is None:
        return
    open_to = [debt for debt in debts if not ("undisputed" in order and debt.disputed)]
    assert sum(split.values()) == min(amount, sum(debt.owed for debt in open_to))
    assert all(0 <= split[debt.id] <= debt.owed for debt in debts)
    assert all(split[debt.id] == 0 for debt in debts if debt not in open_to)


@given(debts_owed, st.permutations(sorted(RANKS)), st.integers(0, 10**7))
@settings(max_examples=200 * TIMES)
def test_a_full_order_of_known_facts_has_an_answer(debts: list[Debt], order: Sequence[str], amount: int) -> None:
    known = [debt for debt in debts if debt.due_on and debt.opened_on and debt.burden is not None]
    split = among_debts(Payment(amount, D3), known, [*order, "pro_rata"])
    assert split is not None
    ranks = {debt.id: [RANKS[word](debt, Payment(amount, D3)) or Decimal(0) for word in order] for debt in known}
    for one in known:  # nobody gets anything before all that rank above are paid in full
        for other in known:
            if ranks[one.id] < ranks[other.id]:
                assert split[one.id] == one.owed or split[other.id] == 0


@given(st.dictionaries(st.sampled_from(USUAL), st.integers(0, 10**9)), st.integers(0, 10**10))
@settings(max_examples=100 * TIMES)
def test_components_are_paid_in_full_before_the_next(owed: dict[str, int], amount: int) -> None:
    split = over_components(amount, owed, USUAL)
    assert split is not None
    assert sum(split.values()) == min(amount, sum(owed.values()))
    unpaid = [name for name in USUAL if name in owed and split[name] < owed[name]]
    assert all(split[name] == 0 for name in unpaid[1:])


# --- what cannot be asked ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (two(), "order is missing"),
        (two(order=()), "order: empty"),
        (two(order=("pro_rata", "costs")), "order: pro_rata, costs: either"),
        (two(order=("costs", "costs")), "order names 'costs' twice"),
        (two(order=GB_SECURED, amount=-1), "amount: a whole number"),
        (two(order=GB_SECURED, amount=Decimal(100)), "amount: a whole number"),
        (two(order=GB_SECURED, owed={"A": -1}), "A: a whole number"),
        (two(order=GB_SECURED, owed=[1]), "owed: a mapping"),
        (two(order=GB_SECURED, directed={"C": 1}), "'C', which is none of the debts"),
        (two(order=GB_SECURED, directed={"A": 90, "B": 11}), "directions of 101 do not fit a payment of 100"),
        (two(order=IN_DEBTS, creditor_choice="C"), "'C' is none of the debts"),
        (two(order=GB_SECURED, debts=[loan("A", rate=Decimal("NaN"))]), "rate: a rate of at least 0"),
        (two(order=GB_SECURED, debts=[loan("A", secured="yes")]), "secured: true or false"),
        (two(order=GB_SECURED, debts=[loan("A", rate="much")]), "rate: a decimal or whole number"),
        (two(order=GB_SECURED, debts=[{}]), "id is missing"),
    ],
)
def test_what_cannot_be_read_is_one_line(asked: Mapping[str, object], says: str) -> None:
    with pytest.raises(DueCourseError, match=says) as caught:
        CALCULATORS["allocate"](asked)
    assert "\n" not in str(caught.value)


def test_what_the_functions_refuse() -> None:
    with pytest.raises(DueCourseError, match="unknown word 'pro_rate'; known are"):
        among_debts(Payment(1), [Debt("A", 1)], ["pro_rate"])
    with pytest.raises(DueCourseError, match="named twice"):
        among_debts(Payment(1), [Debt("A", 1), Debt("A", 2)], [])
    with pytest.raises(DueCourseError, match="a payment is at least 0"):
        over_components(-1, {}, [])
    with pytest.raises(DueCourseError, match="what is owed is at least 0"):
        among_debts(Payment(1), [Debt("A", -1)], [])
