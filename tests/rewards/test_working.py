"""What rules give, without a store: floors, affordability, and several rewards of one loan."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from duecourse.kernel.errors import DueCourseError
from duecourse.ledger.loan import Instalment
from duecourse.rewards import rules as reading
from duecourse.rewards.gathering import Contract, Record
from duecourse.rewards.record import Met
from duecourse.rewards.rules import Rules
from duecourse.rewards.working import Given, Income, after, worked
from tests.rewards.payers import EXAMPLE, ON, equal_principal, rules


def contract(rate: int = 200_000, schedule: list[Instalment] | None = None) -> Contract:
    terms = {"interest_ppm_year": rate, "principal": 1_200_000, "currency": "CNY"}
    return Contract(terms, tuple(schedule or equal_principal()))


def record(times: int = 6) -> Record:
    met = tuple(Met(row.number, row.due_on, is_on_time=True) for row in equal_principal()[:times])
    return Record(1, "L1", "B1", "CNY", is_clean=True, met=met)


@pytest.mark.parametrize(
    ("more", "currency", "age", "why"),
    [
        (0, "CNY", 0, None),
        (-1, "CNY", 0, "not_affordable"),
        (0, "EUR", 0, "income_in_another_currency"),
        (0, "CNY", 90, None),
        (0, "CNY", 91, "income_not_fresh"),
        (None, "CNY", 0, "income_unknown"),
    ],
)
def test_a_limit_rises_only_where_it_is_affordable(more: int | None, currency: str, age: int, why: str | None) -> None:
    """A quarter more of the largest instalment, 1,210.00, is 302.50; with 1,100.00 a month before: 1,402.50.

    The other 65 % are taken to be spent, and a tenth may stay away: of 5,610.00 are 5,049.00 - 3,646.50 = 1,402.50.
    """
    income = None if more is None else Income(561_000 + more, currency, ON - timedelta(days=age))
    given = Given(income=income, monthly=110_000)
    grants, refused = worked(record(), contract(), rules(names=["higher_limit"], after_on_time=6), given, ON)
    assert [one.why for one in refused] == ([why] if why else [])
    assert [(one.before, one.after) for one in grants] == ([] if why else [(1_200_000, 1_500_000)])


@pytest.mark.parametrize(
    ("amount", "spending", "why"),
    [
        # 4,007.15 x 0.35 = 1,402.50: within the share; 3,606.43 of nine tenths - 2,203.93 - 1,100.00 = 302.50
        (400_715, 220_393, None),
        (400_715, 220_394, "not_affordable"),
        (400_714, 0, "not_affordable"),  # above the share, however little is spent
    ],
)
def test_what_is_known_of_spending_is_held_against_bad_months(amount: int, spending: int, why: str | None) -> None:
    given = Given(income=Income(amount, "CNY", ON, spending), monthly=110_000)
    _, refused = worked(record(), contract(), rules(names=["higher_limit"], after_on_time=6), given, ON)
    assert [one.why for one in refused] == ([why] if why else [])


@drawn(st.integers(0, 300_000), st.integers(1, 50_000), st.integers(0, 150_000), st.integers(1, 4))
def test_a_rate_is_never_cut_below_its_floor_and_what_was_given_is_not_given_again(
    rate: int, less: int, floor: int, times: int
) -> None:
    given = rules(
        names=["lower_rate"], schedule="scaled", cut_ppm_year=less, floor_ppm_year=floor, after_on_time=2,
        times_most=times,
    )  # fmt: skip
    before = contract(rate)
    grants, refused = worked(record(), before, given, Given(), ON)
    assert len(grants) + len(refused) == min(times, 3)
    now = before
    for one in grants:
        assert one.before == now.terms["interest_ppm_year"]
        assert one.after == max(floor, (one.before or 0) - less) < (one.before or 0)
        now = after(now, one)
    assert now.instalments[:6] == before.instalments[:6]
    assert sum(row.principal for row in now.instalments) == 1_200_000
    known = {(one.rule, one.at_number) for one in grants}
    again, _ = worked(record(), now, given, Given(known), ON)
    assert {one.at_number for one in again} == set()


def test_nothing_is_given_off_instalments_that_are_near_or_gone() -> None:
    given = rules(names=["lower_rate"], schedule="scaled", starts_after_days=15)
    (grant,), _ = worked(record(), contract(), given, Given(), ON)
    assert [row.number for row in grant.instalments] == [8, 9, 10, 11, 12]  # 5 December is not more than 15 days away
    _, (no,) = worked(record(), contract(), given, Given(), date(2027, 6, 1))
    assert no.why == "nothing_to_come"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hold_out:", "holdout:", "unknown key 'holdout'; did you mean 'hold_out'?"),
        ("    floor_ppm_year: 80_000\n", "", "rule 'lower_rate' is a rate_cut and needs 'floor_ppm_year'"),
        (
            "    kind: fee_refund",
            "    kind: fee_refund\n    floor_ppm_year: 1",
            "'floor_ppm_year' is not for a fee_refund",
        ),
        ("name: fees_back", "name: lower_rate", "two rules are named 'lower_rate'"),
        ("after_on_time: 6", "after_on_time: 0.5", "fractions are not used here"),
    ],
)
def test_faults_of_a_file_are_told_with_their_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "rewards.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DueCourseError) as error:
        reading.load(file)
    assert said in str(error.value)
    assert f"{file}:" in str(error.value)


def test_the_example_is_read_and_its_hash_is_of_its_content() -> None:
    found = reading.load(EXAMPLE)
    assert [rule.kind for rule in found.rules] == ["rate_cut", "fee_refund", "credit_line", "limit"]
    assert found.hash == reading.load(EXAMPLE).hash != Rules.model_copy(found, update={"name": "other"}).hash
