"""What each loan has earned and not got yet: rules over records, pure; see `duecourse.rewards.granting` for the store.

    for grant in worked(record, contract, rules, known, incomes): ...

A grant is what a rule gives for one run of instalments on time, with the schedule that comes of it; two grants of one
loan follow on each other. Where nothing can be given there is a reason instead.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from duecourse.affordability.budget import Budget, ComesIn, Debt, GoesOut, Spending
from duecourse.affordability.budget import Income as Earned
from duecourse.affordability.judging import most as fits_most
from duecourse.ledger.loan import Instalment
from duecourse.rewards import schedule
from duecourse.rewards.gathering import Contract, Record
from duecourse.rewards.record import earning, milestones
from duecourse.rewards.rules import FEE_REFUND, LIMIT, LINES, RATE_CUT, Rule, Rules
from duecourse.strategy.strict import WHOLE_PPM

RATE: Final = "interest_ppm_year"

_A_YEAR_MONTHS: Final = 12


@dataclass(frozen=True)
class Income:
    """What a borrower earns a month, in minor units, when that was verified, and what they spend where it is known."""

    amount: int
    currency: str
    verified_on: date
    spending: int | None = None


@dataclass(frozen=True)
class Grant:
    """What a rule gives to a loan for the run of instalments that ended at `at_number`; amounts in minor units.

    `instalments` are those that change, as they become, and `replaced` as they were. `before` and `after` are the rate
    (ppm a year) or the amount that may be borrowed.
    """

    rule: str
    kind: str
    at_number: int
    currency: str
    before: int | None = None
    after: int | None = None
    instalments: tuple[Instalment, ...] = ()
    replaced: tuple[Instalment, ...] = ()

    @property
    def cost(self) -> int:
        """What it costs when all is paid as scheduled."""
        return schedule.saved(self.replaced, self.instalments)

    @property
    def first_due_on(self) -> date | None:
        """When the first instalment falls due that it changes."""
        return min((row.due_on for row in self.instalments), default=None)


@dataclass(frozen=True)
class Refused:
    """Why a rule gives nothing, though it was earned."""

    rule: str
    at_number: int
    why: str


@dataclass(frozen=True)
class Given:
    """What was given already, as (rule, at_number), and what all the borrower's instalments come to in a month."""

    known: Collection[tuple[str, int]] = ()
    income: Income | None = None
    monthly: int = 0


def worked(
    record: Record, contract: Contract, rules: Rules, given: Given, on: date
) -> tuple[list[Grant], list[Refused]]:
    """Return what a loan gets on a day, in the order of the rules, and what it does not get."""
    grants: list[Grant] = []
    refused: list[Refused] = []
    for rule in rules.rules:
        for at in milestones(record.met, rule.after_on_time, rule.times_most):
            if (rule.name, at) in given.known:
                continue
            found = _given(rule, at, record, contract, given, on)
            if isinstance(found, str):
                refused.append(Refused(rule.name, at, found))
                continue
            grants.append(found)
            contract = after(contract, found)
    return grants, refused


def after(contract: Contract, grant: Grant) -> Contract:
    """Return a contract as it stands with a grant."""
    new = {row.number: row for row in grant.instalments}
    rows = tuple(new.get(row.number, row) for row in contract.instalments)
    terms = dict(contract.terms)
    if grant.kind == RATE_CUT:
        terms[RATE] = grant.after
    if grant.kind in LINES:
        terms[_LINE] = grant.after
    return Contract(terms, rows)


_LINE: Final = "line"  # beside the columns of a loan: what may be borrowed, once it was raised


def line_of(contract: Contract) -> int:
    """Return what may be borrowed: what was raised before, or the amount lent."""
    return int(contract.terms.get(_LINE) or contract.terms["principal"])


def _given(rule: Rule, at: int, record: Record, contract: Contract, given: Given, on: date) -> Grant | str:
    """Return what a rule gives, or why not."""
    rows = contract.later_than(on + timedelta(days=rule.starts_after_days))
    if not rows and rule.kind not in LINES:
        return "nothing_to_come"
    if rule.kind == RATE_CUT:
        return _rate_cut(rule, at, record, contract, rows)
    if rule.kind == FEE_REFUND:
        return _fee_refund(rule, at, record, contract, rows)
    return _raised(rule, at, record, contract, given, on)


def _rate_cut(rule: Rule, at: int, record: Record, contract: Contract, rows: Sequence[Instalment]) -> Grant | str:
    before = int(contract.terms[RATE])
    new = max(rule.floor_ppm_year or 0, before - (rule.cut_ppm_year or 0))
    if new >= before:
        return "at_floor"
    changed = schedule.cut(rows, before, new, level=rule.schedule == "level")
    if changed is None:
        return "schedule_not_lower"
    return _grant(rule, at, record, rows, changed, before, new)


def _fee_refund(rule: Rule, at: int, record: Record, contract: Contract, rows: Sequence[Instalment]) -> Grant | str:
    earned = set(earning(record.met, at, rule.after_on_time))
    fees = sum(row.fee for row in contract.instalments if row.number in earned)
    share = fees * (rule.share_ppm or 0) // WHOLE_PPM  # rounded down to the minor unit
    amount = min(share, (rule.most or {}).get(record.currency, 0))
    changed = schedule.refunded(rows, amount)
    if not schedule.saved(rows, changed):
        return "no_fee"
    return _grant(rule, at, record, rows, changed)


def _grant(
    rule: Rule, at: int, record: Record, rows: Sequence[Instalment], changed: Sequence[Instalment],
    before: int | None = None, new: int | None = None,
) -> Grant:  # fmt: skip
    differ = [(old, one) for old, one in zip(rows, changed, strict=True) if old != one]
    replaced, made = tuple(old for old, _ in differ), tuple(one for _, one in differ)
    return Grant(rule.name, rule.kind, at, record.currency, before, new, made, replaced)


def _raised(rule: Rule, at: int, record: Record, contract: Contract, given: Given, on: date) -> Grant | str:
    """Raise what may be borrowed; rounded down to the minor unit."""
    before = line_of(contract)
    raised = before + before * (rule.raise_ppm or 0) // WHOLE_PPM  # rounded down
    new = min(raised, (rule.most or {}).get(record.currency, 0))
    if new <= before:
        return "at_most"
    if rule.kind == LIMIT and (why := _unaffordable(rule, contract, (before, new), given, on)):
        return why
    return Grant(rule.name, rule.kind, at, record.currency, before, new)


def _unaffordable(rule: Rule, contract: Contract, line: tuple[int, int], given: Given, on: date) -> str | None:
    """Return why a limit is not affordable; None where it is.

    The new limit is taken to be used whole: the loan's largest instalment grows as the limit does, rounded up. All
    instalments must be within the rule's share of the income, and what is added must fit on bad months too. Where
    spending is not known, what is above the share is taken to be spent.
    """
    check, income = rule.affordability, given.income
    if check is None or income is None:
        return "income_unknown"
    if income.currency != contract.terms["currency"]:
        return "income_in_another_currency"
    if (on - income.verified_on).days > check.fresh_days:
        return "income_not_fresh"
    largest = max((row.principal + row.interest + row.fee for row in contract.instalments), default=0)
    before, new = line
    more = -(-largest * (new - before) // before)  # up
    share = check.instalments_of_income_ppm
    if (given.monthly + more) * WHOLE_PPM > income.amount * share:
        return "not_affordable"
    spent = -(-income.amount * (WHOLE_PPM - share) // WHOLE_PPM) if income.spending is None else income.spending  # up
    currency = income.currency
    budget = Budget(
        currency=currency,
        comes_in=(ComesIn(Earned.WAGES, currency, income.amount),),
        goes_out=(GoesOut(Spending.OTHER_ESSENTIAL, currency, spent),),
        debts=(Debt("all instalments", currency, given.monthly),),
    )
    return None if fits_most(budget, _A_YEAR_MONTHS) >= more else "not_affordable"


def monthly_of(contract: Contract, on: date) -> int:
    """Return the largest instalment that a loan has still to come: what it costs its borrower a month."""
    return max((row.principal + row.interest + row.fee for row in contract.later_than(on)), default=0)


def with_line(contract: Contract, line: int | None) -> Contract:
    """Return a contract of which the line was raised before; as it is where it was not."""
    return contract if line is None else replace(contract, terms={**contract.terms, _LINE: line})
