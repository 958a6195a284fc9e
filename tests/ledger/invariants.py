"""The invariants of docs/concepts/ledger.md as functions, each tried on any case with any dice.

A function takes a case, and dice for what it adds to it, and asserts; every assert carries the invariant's
number. The kernel answers, never the twin.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from duecourse.kernel.components import COMPONENTS
from duecourse.ledger.histories import from_loans
from duecourse.ledger.loan import Amounts, Loan, Payment, Position, Terms, Waiver
from duecourse.ledger.positions import positions
from tests.ledger.generator import Case, Dice, chance, pick, shuffled

Check = Callable[[Case, Dice], None]
CHARGED = ("fee", "penalty", "interest")  # the components that a cap counts


def kernel(loan: Loan, on: date) -> Position:
    """Return the kernel's position of one loan."""
    return positions(from_loans([loan]), on).of(0)


def runs(position: Position) -> tuple[Amounts, Amounts]:
    """Return the amounts of both runs."""
    return position.contractual, position.enforceable


def net(amounts: Amounts) -> int:
    """Return what is owed less the credit: what a borrower would have to bring to owe nothing at all."""
    return amounts.owed - amounts.credit


def counted(loan: Loan, on: date) -> list[Payment]:
    """Return the payments that count on a day: dated by then, and not reversed by then."""
    undone = {payment.reverses for payment in loan.payments if payment.paid_on <= on}
    return [
        payment
        for payment in loan.payments
        if payment.reverses is None and payment.paid_on <= on and payment.payment_id not in undone
    ]


def new_payment(case: Case, dice: Dice, *, targeted: bool = False) -> Payment:
    """Throw one more payment, dated by the day of the case, sorting anywhere among the others."""
    days = [
        case.on,
        *(one.due_on for one in case.loan.instalments),
        *(one.paid_on for one in case.loan.payments),
    ]
    day = pick(dice, days) + timedelta(days=dice.whole(0, 3) - 1)
    amount = pick(dice, (1, 2, dice.whole(1, 50), dice.whole(1, 5_000)))
    name = f"p{dice.whole(0, 9)}new"
    if not targeted:
        return Payment(name, min(day, case.on), amount)
    number, component = pick(dice, (None, 1, 2)), pick(dice, (None, *COMPONENTS))
    return Payment(name, min(day, case.on), amount, None, number, component)


def with_payment(loan: Loan, payment: Payment) -> Loan:
    """Return the loan with one payment more."""
    return replace(loan, payments=(*loan.payments, payment))


def everything_paid_is_somewhere(case: Case, dice: Dice) -> None:
    """Invariant 1, on a loan whose debts do not grow; and on any loan for the payments of the last day."""
    del dice
    flat = Terms(allocation_order=case.loan.terms[0].allocation_order)
    still = replace(case.loan, terms=(flat,), waivers=())
    amounts = kernel(still, case.on)
    debts = sum(one.principal + one.interest + one.fee for one in still.instalments)
    debts += sum(charge.amount for charge in still.charges if charge.charged_on <= case.on)
    paid = sum(payment.amount for payment in counted(still, case.on))
    for run in runs(amounts):
        assert debts - run.owed + run.credit == paid  # 1
    unwaived = replace(case.loan, waivers=tuple(waiver for waiver in case.loan.waivers if waiver.waived_on != case.on))
    today = [payment for payment in counted(unwaived, case.on) if payment.paid_on == case.on]
    without = replace(unwaived, payments=tuple(row for row in unwaived.payments if row not in today))
    before, after = kernel(without, case.on), kernel(unwaived, case.on)
    for run_before, run_after in zip(runs(before), runs(after), strict=True):
        assert net(run_before) - net(run_after) == sum(payment.amount for payment in today)  # 1


def in_whole_units(loan: Loan) -> Loan:
    """Return the loan with rates at which every accrual is whole: nothing is ever rounded in its contract."""
    terms = (
        replace(
            version,
            penalty_ppb_day=1_000_000_000 * min(1, version.penalty_ppb_day),
            interest_ppm_year=360_000_000 * min(1, version.interest_ppm_year),
            day_count="30/360" if version.day_count == "30/360" else "actual/360",
        )
        for version in loan.terms
    )
    return replace(loan, terms=tuple(terms))


def in_plain_order(loan: Loan) -> Loan:
    """Return the loan without waivers, without targets, and with one allocation order for all its life."""
    first = loan.terms[0]
    terms = tuple(
        replace(version, allocation_by=first.allocation_by, allocation_order=first.allocation_order)
        for version in loan.terms
    )
    payments = tuple(replace(payment, target_instalment=None, target_component=None) for payment in loan.payments)
    return replace(loan, terms=terms, payments=payments, waivers=())


def paying_more_never_raises_what_is_owed(case: Case, dice: Dice) -> None:
    """Invariant 2, under the contract: with rounding in plain order, and in any order without rounding."""
    plain = in_plain_order(case.loan)
    payment = new_payment(case, dice)
    before, after = (kernel(loan, case.on).contractual for loan in (plain, with_payment(plain, payment)))
    assert after.owed <= before.owed  # 2
    assert net(before) - net(after) >= payment.amount  # 2: each unit paid takes at least one unit away
    whole = in_whole_units(case.loan)
    payment = new_payment(case, dice, targeted=True)
    before, after = (kernel(loan, case.on).contractual for loan in (whole, with_payment(whole, payment)))
    assert after.owed <= before.owed  # 2
    assert net(after) <= net(before)  # 2: not less by the amount, for a waiver may find less to take
    for when in ("overdue", "due_today", "not_due"):
        for component in COMPONENTS:
            assert getattr(after, when)[component] <= getattr(before, when)[component]  # 2


def a_back_dated_payment_counts_from_its_day(case: Case, dice: Dice) -> None:
    """Invariant 3: a payment that arrives after a position was worked out, dated before that day."""
    late = new_payment(case, dice, targeted=True)
    kernel(case.loan, case.on)  # what was known before: it must leave no trace
    told_late = with_payment(case.loan, late)
    in_time = sorted(told_late.payments, key=lambda payment: (payment.paid_on, payment.payment_id))
    assert kernel(told_late, case.on) == kernel(replace(case.loan, payments=tuple(in_time)), case.on)  # 3
    day_before = late.paid_on - timedelta(days=1)
    assert kernel(told_late, day_before) == kernel(case.loan, day_before)  # 3: and not before its day


def order_of_rows_never_matters(case: Case, dice: Dice) -> None:
    """Invariant 4: rows of each kind in any order, and loans in any order."""
    loan = case.loan
    other = replace(
        loan,
        terms=shuffled(dice, loan.terms),
        instalments=shuffled(dice, loan.instalments),
        charges=shuffled(dice, loan.charges),
        payments=shuffled(dice, loan.payments),
        waivers=shuffled(dice, loan.waivers),
        written_off_on=shuffled(dice, loan.written_off_on),
        accelerated_on=shuffled(dice, loan.accelerated_on),
        pauses=shuffled(dice, loan.pauses),
    )
    expected = kernel(loan, case.on)
    assert kernel(other, case.on) == expected  # 4
    bare = replace(loan, payments=(), waivers=())
    assert positions(from_loans([bare, other, bare]), case.on).of(1) == expected  # 4


def nothing_is_negative(case: Case, dice: Dice) -> None:
    """Invariant 5: no component, nor credit, is negative; and while there is credit nothing is due."""
    del dice
    for run in runs(kernel(case.loan, case.on)):
        due = [*run.overdue.values(), *run.due_today.values()]
        assert min([*due, *run.not_due.values(), run.credit]) >= 0  # 5
        assert run.credit == 0 or sum(due) == 0  # 5


def charged(amounts: Amounts) -> int:
    """Return what is due of the components that a cap counts."""
    return sum(amounts.overdue[component] + amounts.due_today[component] for component in CHARGED)


def enforceable_charges_keep_below(case: Case, dice: Dice) -> None:
    """Invariant 6: below the contract's charges on an unpaid loan, and below each cap."""
    del dice
    unpaid = replace(case.loan, payments=(), waivers=())
    unwaived = replace(case.loan, waivers=())
    most = charged(kernel(unpaid, case.on).contractual)
    for loan in (case.loan, unwaived, unpaid):
        position = kernel(loan, case.on)
        if loan is not case.loan:  # a waiver that one history wastes, the other does not
            assert charged(position.enforceable) <= most  # 6
        caps = [_charges_cap(version) for version in loan.terms]
        assert None in caps or charged(position.enforceable) <= max(cap or 0 for cap in caps)  # 6
        assert charged(position.enforceable) <= _all_in_most(loan, case.on)  # 6
        assert position.cut >= 0  # 6


def _charges_cap(terms: Terms) -> int | None:
    if terms.cap_charges_ppm is None:
        return None
    return terms.principal * terms.cap_charges_ppm // 1_000_000  # rounded down to a minor unit


def _all_in_most(loan: Loan, on: date) -> int:
    """Return the most that the all-in cap can let in by `on`, if nothing of the principal were paid."""
    caps = [version.cap_all_in_ppm_year for version in loan.terms]
    rates = [cap for cap in caps if cap is not None]
    if len(rates) < len(caps) or loan.opened_on is None:
        return 10**30  # there are days without the cap
    length = max(0, (on - loan.opened_on).days)
    lent = sum(one.principal for one in loan.instalments)
    return lent * max(rates) * length // (1_000_000 * 365)  # rounded down to a minor unit


def waiving_more_never_raises_what_is_owed(case: Case, dice: Dice) -> None:
    """Invariant 7, under the contract, on loans without rounding; see 2 for why."""
    whole = in_whole_units(case.loan)
    day = min(new_payment(case, dice).paid_on, case.on)
    component = pick(dice, (None, *COMPONENTS))
    waiver = Waiver(f"w{dice.whole(0, 3)}new", component, dice.whole(1, 500), day)
    more = replace(whole, waivers=(*whole.waivers, waiver))
    before, after = kernel(whole, case.on).contractual, kernel(more, case.on).contractual
    assert after.owed <= before.owed  # 7
    assert net(after) <= net(before)  # 7


def what_comes_after_does_not_count(case: Case, dice: Dice) -> None:
    """Invariant 9: neither cutting the history off after the day nor any other future changes the day."""
    loan, on = case.loan, case.on
    past = replace(
        loan,
        payments=tuple(row for row in loan.payments if row.paid_on <= on),
        charges=tuple(row for row in loan.charges if row.charged_on <= on),
        waivers=tuple(row for row in loan.waivers if row.waived_on <= on),
        written_off_on=tuple(day for day in loan.written_off_on if day <= on),
        accelerated_on=tuple(day for day in loan.accelerated_on if day <= on),
    )
    expected = kernel(loan, on)
    assert kernel(past, on) == expected  # 9
    tomorrow = on + timedelta(days=dice.whole(1, 5))
    undone = tuple(Payment(f"z{row.payment_id}", tomorrow, 1, row.payment_id) for row in counted(loan, on))
    other = replace(
        past,
        payments=(*past.payments, *undone, Payment("pnew", tomorrow, 7)),
        waivers=(*past.waivers, Waiver("wnew", None, 7, tomorrow)),
        written_off_on=(*past.written_off_on, tomorrow),
        accelerated_on=(*past.accelerated_on, tomorrow),
    )
    assert kernel(other, on) == expected  # 9


def a_reversed_payment_never_was(case: Case, dice: Dice) -> None:
    """Invariant 10: a payment and its reversal leave what there was; so does removing the two."""
    loan, on = case.loan, case.on
    payment = new_payment(case, dice, targeted=True)
    undo = Payment("undo", on if chance(dice, 50) else payment.paid_on, payment.amount, payment.payment_id)
    expected = kernel(loan, on)
    assert kernel(with_payment(with_payment(loan, payment), undo), on) == expected  # 10
    assert kernel(replace(loan, payments=tuple(counted(loan, on))), on) == expected  # 10


INVARIANTS: dict[int, Check] = {
    1: everything_paid_is_somewhere,
    2: paying_more_never_raises_what_is_owed,
    3: a_back_dated_payment_counts_from_its_day,
    4: order_of_rows_never_matters,
    5: nothing_is_negative,
    6: enforceable_charges_keep_below,
    7: waiving_more_never_raises_what_is_owed,
    9: what_comes_after_does_not_count,
    10: a_reversed_payment_never_was,
}
