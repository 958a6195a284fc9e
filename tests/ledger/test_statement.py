"""Invariant 8, and 1 line by line: a statement's lines sum to the position and to every payment.

The sums are made here from the amounts of the lines alone; the running balances are checked against them.
"""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from duecourse.kernel.components import COMPONENTS, LINES_OF
from duecourse.ledger.loan import Amounts, Instalment, Loan, Payment, Terms, Waiver
from duecourse.ledger.statement import Line, Statement, statement
from tests.ledger import twin
from tests.ledger.generator import seeded_case
from tests.ledger.invariants import counted

ADDS = {"fell due", "accrued", "late fee", "charged"}
TAKES = {"paid", "paid from credit", "waived"}
RUNS = pytest.mark.parametrize("enforceable", [True, False], ids=["enforceable", "contractual"])
SEEDS = range(300_000, 300_200)


def change(line: Line, component: str) -> int:
    """Return by how much a line changes what is due of a component."""
    if line.line not in LINES_OF[component] or line.later:
        return 0
    if line.what in ADDS:
        return line.amount
    return -line.amount if line.what in TAKES else 0


def change_of_credit(line: Line) -> int:
    """Return by how much a line changes the credit."""
    return {"kept as credit": line.amount, "paid from credit": -line.amount}.get(line.what, 0)


def expected(loan: Loan, on: date, *, enforceable: bool) -> tuple[Amounts, int]:
    """Return the twin's amounts of the run, and what was cut from it."""
    position = twin.position(loan, on)
    return (position.enforceable, position.cut) if enforceable else (position.contractual, 0)


@RUNS
def test_lines_sum_to_the_position(enforceable: bool) -> None:
    for seed in SEEDS:
        case = seeded_case(seed)
        result = statement(case.loan, case.on, enforceable=enforceable)
        amounts, cut = expected(case.loan, case.on, enforceable=enforceable)
        for component in COMPONENTS:
            due = sum(change(line, component) for line in result.lines)
            stands = amounts.overdue[component] + amounts.due_today[component]
            assert due == stands, f"invariant 8, seed {seed}, {component}"  # 8
        assert sum(map(change_of_credit, result.lines)) == amounts.credit, f"invariant 8, seed {seed}"  # 8
        assert sum(line.cut for line in result.lines) == cut, f"invariant 8, seed {seed}"  # 8
        assert result.amounts == amounts, f"invariant 8, seed {seed}"  # 8


@RUNS
def test_running_balances_follow_the_lines(enforceable: bool) -> None:
    for seed in SEEDS:
        case = seeded_case(seed)
        lines = statement(case.loan, case.on, enforceable=enforceable).lines
        assert [line.day for line in lines] == sorted(line.day for line in lines)
        assert all(line.day <= case.on for line in lines)
        balance, credit, cut = dict.fromkeys(COMPONENTS, 0), 0, 0
        for line in lines:
            balance = {component: balance[component] + change(line, component) for component in COMPONENTS}
            credit += change_of_credit(line)
            cut += line.cut
            assert (line.due, line.credit) == (balance, credit), f"invariant 8, seed {seed}"  # 8
            assert min([*balance.values(), credit, line.amount, cut]) >= 0, f"invariant 5, seed {seed}"  # 5
            # A day's cut of an accrual is a difference of two sums rounded down: it can give one back.
            assert line.cut >= (-1 if line.what == "accrued" else 0), f"invariant 5, seed {seed}"  # 5


@RUNS
def test_every_payment_is_somewhere(enforceable: bool) -> None:
    """Invariant 1: what a payment met, and what was kept of it, is the payment."""
    for seed in SEEDS:
        case = seeded_case(seed)
        lines = statement(case.loan, case.on, enforceable=enforceable).lines
        went: Counter[str | None] = Counter()
        for line in lines:
            if line.what in {"paid", "kept as credit"}:
                went[line.source] += line.amount
        paid = {payment.payment_id: payment.amount for payment in counted(case.loan, case.on)}
        assert dict(went) == paid, f"invariant 1, seed {seed}"  # 1


@RUNS
def test_a_waiver_takes_no_more_than_it_says(enforceable: bool) -> None:
    for seed in SEEDS:
        case = seeded_case(seed)
        lines = statement(case.loan, case.on, enforceable=enforceable).lines
        for waiver in case.loan.waivers:
            taken = [line for line in lines if line.what == "waived" and line.source == waiver.waiver_id]
            assert sum(line.amount for line in taken) <= waiver.amount
            assert all(line.day == waiver.waived_on for line in taken)
            named = COMPONENTS if waiver.component is None else (waiver.component,)
            assert {line.line for line in taken} <= {line for name in named for line in LINES_OF[name]}


def told(result: Statement) -> list[tuple[date, str, str | None, int, int]]:
    """Return day, what, line, amount and cut of each line."""
    return [(line.day, line.what, line.line, line.amount, line.cut) for line in result.lines]


def test_a_statement_worked_by_hand() -> None:
    """Interest of 50 and penalty of 10 a day under a cap; payments, waivers, credit.

    10 % a year on 10,000 is 2.7397 a day. On the 11th, 10 x 2.7397 = 27.397 lets in 27 of the interest. On
    the 12th, 0.397 + 2.7397 = 3.137 lets in 3 of the penalty; 40 meets penalty 3, interest 27, principal 10;
    of the waivers, one finds no penalty, the other takes 7 of principal.
    """
    january = [date(2026, 1, day) for day in range(1, 32)]
    loan = Loan(
        "L",
        january[0],
        (Terms(principal=10_000, penalty_ppb_day=1_000_000, cap_all_in_ppm_year=100_000),),
        (Instalment(1, january[10], 10_000, 50),),
        payments=(Payment("p1", january[11], 40), Payment("p2", january[12], 9_997)),
        waivers=(Waiver("w1", "penalty", 99, january[11]), Waiver("w2", "principal", 7, january[11])),
    )
    result = told(statement(loan, january[11]))
    assert result == [
        (january[10], "fell due", "interest", 27, 23),
        (january[10], "fell due", "principal", 10_000, 0),
        (january[11], "accrued", "penalty", 3, 7),
        (january[11], "paid", "penalty", 3, 0),
        (january[11], "paid", "interest", 27, 0),
        (january[11], "paid", "principal", 10, 0),
        (january[11], "waived", "principal", 7, 0),
    ]
    # On the 13th: 9,983 x 10 % / 365 = 2.735 of 9.983; the exact sum 3.137 + 2.735 = 5.872 posts 2 more, and
    # 10 + 9.983 = 19.983 would have posted 9. Then 9,997 meets penalty 2 and principal 9,983; 12 is kept.
    assert told(statement(loan, january[12]))[7:] == [
        (january[12], "accrued", "penalty", 2, 7),
        (january[12], "paid", "penalty", 2, 0),
        (january[12], "paid", "principal", 9_983, 0),
        (january[12], "kept as credit", None, 12, 0),
    ]
    without = told(statement(replace(loan, payments=(), waivers=()), january[11], enforceable=False))
    assert without == [
        (january[10], "fell due", "interest", 50, 0),
        (january[10], "fell due", "principal", 10_000, 0),
        (january[11], "accrued", "penalty", 10, 0),
    ]
