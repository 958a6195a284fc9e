"""A budget and a loan out of a file (TOML), and the law's cap on it: for the command line and for other programmes."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from duecourse.affordability.budget import Budget, ComesIn, Debt, Every, GoesOut, Income, Spending
from duecourse.affordability.capping import cap_of
from duecourse.affordability.judging import Cap, Due, Proposal
from duecourse.kernel.currencies import MINOR_DIGITS, minor_digits
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.faults import first_fault
from duecourse.kernel.texts import toml
from duecourse.law.answers import Answers, Facts
from duecourse.law.kept import law_of, users_folder
from duecourse.law.rulebook import rulebooks_of


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _decimal(value: object) -> Decimal:
    """Take an amount as text or a whole number: a number with a point would be a float before anybody could look."""
    try:
        return Decimal(value) if isinstance(value, str | int) else Decimal("NaN")
    except InvalidOperation:
        return Decimal("NaN")


_Amount = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, le=Decimal(10) ** 15)]
_Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class _ComesIn(_Strict):
    of: Income
    amount: _Amount = Decimal(0)
    every: Every = Every.MONTH
    months: tuple[_Amount, ...] = ()
    currency: _Currency | None = None


class _GoesOut(_Strict):
    on: Spending
    amount: _Amount
    every: Every = Every.MONTH
    currency: _Currency | None = None


class _Debt(_Strict):
    name: str
    monthly: _Amount
    currency: _Currency | None = None


class _Due(_Strict):
    on: date
    amount: _Amount


class LawOf(_Strict):
    """Under which law a loan is: where the borrower lives, and what the rulebooks there ask about it for its cap."""

    country: str
    region: str = ""
    locality: str = ""
    lender_type: str
    product: str


class _Loan(_Strict):
    received: _Amount
    begins_on: date
    dues: tuple[_Due, ...]
    per_day_late: _Amount | None = None
    currency: _Currency | None = None
    law: LawOf | None = None


class _Sheet(_Strict):
    currency: _Currency
    comes_in: tuple[_ComesIn, ...]
    goes_out: tuple[_GoesOut, ...] = ()
    debts: tuple[_Debt, ...] = ()
    savings: _Amount = Decimal(0)
    loan: _Loan


@dataclass(frozen=True)
class Sheet:
    """What a file says."""

    budget: Budget
    proposal: Proposal


def read(path: Path) -> Sheet:
    """Read a file. DueCourseError: the place in it and what is wrong."""
    try:
        given = _Sheet.model_validate(toml(path))
    except ValidationError as error:
        raise DueCourseError(f'{path}: {first_fault(error)}; amounts are texts, as in "120.50"') from None
    if given.currency not in MINOR_DIGITS:
        raise DueCourseError(f"{path}: {given.currency} is no currency of ISO 4217")
    try:
        return _sheet(given)
    except DueCourseError as error:
        raise DueCourseError(f"{path}: {error}") from None


def _sheet(given: _Sheet) -> Sheet:
    own = given.currency

    def minor(amount: Decimal) -> int:
        scaled = amount.scaleb(minor_digits(own))
        if scaled != scaled.to_integral_value():
            raise DueCourseError(f"{amount} has more decimals than {own}")
        return int(scaled)

    budget = Budget(
        currency=own,
        comes_in=tuple(
            ComesIn(part.of, part.currency or own, minor(part.amount), part.every, tuple(map(minor, part.months)))
            for part in given.comes_in
        ),
        goes_out=tuple(
            GoesOut(part.on, part.currency or own, minor(part.amount), part.every) for part in given.goes_out
        ),
        debts=tuple(Debt(part.name, part.currency or own, minor(part.monthly)) for part in given.debts),
        savings=minor(given.savings),
    )
    loan = given.loan
    proposal = Proposal(
        currency=loan.currency or own,
        begins_on=loan.begins_on,
        received=minor(loan.received),
        dues=tuple(Due(due.on, minor(due.amount)) for due in loan.dues),
        per_day_late=None if loan.per_day_late is None else minor(loan.per_day_late),
        cap=None if loan.law is None else law_cap(loan.law, loan.currency or own, loan.begins_on, minor(loan.received)),
    )
    return Sheet(budget, proposal)


def law_cap(law: LawOf, currency: str, opened_on: date, principal: int) -> Cap | None:
    """Return the cap that the law sets on a loan's yearly rate; None where no rule answers.

    DueCourseError where no rulebook is in force.
    """
    known = law_of((), users_folder())
    if not rulebooks_of(known, law.country, law.region, law.locality):
        raise DueCourseError(f"no rulebook is in force in {law.country}")
    loan = {
        "product": law.product, "opened_on": opened_on, "due_on": opened_on + timedelta(days=365),
        "currency": currency, "principal": principal,
    }  # fmt: skip
    facts = Facts(law.country, law.region, law.locality, lender_type=law.lender_type, loan=loan)
    return cap_of(Answers(known), facts)
