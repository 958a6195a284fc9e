"""A plan to pay in parts, as desk and portal ask for it: what can be paid, the plan that was seen, and what is shown.

shown(loan, form, on, most_months, money, cap) -> what the template `web/plan.html` shows
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import uuid4

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from duecourse.affordability.budget import MONTHS_LEAST, Budget, ComesIn, Debt, GoesOut, Income, Spending
from duecourse.affordability.capping import cap_of
from duecourse.affordability.judging import Cap, Due, Judgement, Proposal, Verdict, judge, most
from duecourse.affordability.telling import told
from duecourse.day.by_law import facts_of
from duecourse.day.known import Known, Loan
from duecourse.day.money.planning import Plan, least, plan
from duecourse.day.sums import Sums, sums
from duecourse.kernel.errors import DueCourseError
from duecourse.web.edge import Rules
from duecourse.web.fields import Amount, DayInput, FactForm

AHEAD_DAYS: Final = 31
"""How far ahead somebody may promise to pay, or begin a plan."""
MONTHS_TO_WORK_OUT: Final = 12
"""Over which a bad month is made up for, before it is known how long a plan takes."""


COMES_IN: Final = {
    Income.WAGES: _("Wages, or what your own business leaves you"),
    Income.PARTNER: _("A partner's income"),
    Income.BENEFITS: _("Benefits"),
    Income.PENSIONS: _("Pensions"),
    Income.OTHER: _("Other income"),
}
GOES_OUT: Final = {
    Spending.HOME: _("Home: rent or mortgage, and what belongs to it"),
    Spending.UTILITIES: _("Electricity, gas, heating"),
    Spending.WATER: _("Water"),
    Spending.FOOD: _("Food and housekeeping"),
    Spending.TRANSPORT: _("Travel: car, fares"),
    Spending.CARE_AND_HEALTH: _("Care and health, children"),
    Spending.SCHOOL: _("School"),
    Spending.INSURANCE: _("Pensions and insurances"),
    Spending.COMMUNICATIONS: _("Telephone, internet, leisure"),
    Spending.PERSONAL: _("Clothes and what you need for yourself"),
    Spending.PROFESSIONAL: _("What work costs: tools, courses, contributions"),
    Spending.OTHER_ESSENTIAL: _("Anything else that cannot wait"),
}


class Afford(forms.Form):
    """What somebody can pay each month: said, or worked out of what comes in and goes out."""

    def __init__(
        self,
        currency: str,
        on: date,
        *args: Any,
        debts: Sequence[Debt] = (),
        look_up: Callable[[], list[Debt]] | None = None,
        **kwargs: Any,
    ) -> None:
        """Take the loan's currency, the day, what is known of other debts, and how those elsewhere can be looked up."""
        super().__init__(*args, **kwargs)
        self._on, self._currency, self._debts, self._look_up = on, currency, debts, look_up
        self.elsewhere: list[Debt] = []

        def amount(name: str, label: Any) -> None:
            self.fields[name] = Amount(currency, label=label, required=False)

        amount("monthly", _("What you can pay each month. Leave it empty, and we work it out."))
        self.fields["first_on"] = forms.DateField(label=_("First payment on"), widget=DayInput(min=on.isoformat()))
        for income, label in COMES_IN.items():
            amount(f"in_{income}", label)
        self.fields["months"] = forms.CharField(
            label=_("Irregular income: what came in each of the last months, with spaces between, 0 for none"),
            required=False, max_length=400,
        )  # fmt: skip
        for spending, label in GOES_OUT.items():
            amount(f"out_{spending}", label)
        amount("debts", _("What other debts take each month"))
        if look_up is not None:
            label = _("Count what I owe to other lenders: look it up now")
            self.fields["elsewhere"] = forms.BooleanField(label=label, required=False)
        amount("savings", _("What you have laid by"))

    def groups(self) -> list[tuple[Any, list[Any]]]:
        """Return the fields under headings, for the page: each a title and its fields."""
        rest = [self[name] for name in ("debts", "elsewhere", "savings") if name in self.fields]
        return [
            (_("What comes in each month"), [self[f"in_{one}"] for one in COMES_IN] + [self["months"]]),
            (_("What goes out each month"), [self[f"out_{one}"] for one in GOES_OUT]),
            (_("Other debts, and savings"), rest),
        ]

    def clean_months(self) -> tuple[int, ...]:
        """Read the months of an irregular income: amounts with spaces between, and 0 for none."""
        field = Amount(self._currency)
        parts = str(self.cleaned_data["months"]).split()
        if parts and len(parts) < MONTHS_LEAST:
            raise forms.ValidationError(_("Write three months at least, better twelve."))
        return tuple(0 if part.strip("0.,") == "" else field.clean(part) or 0 for part in parts)

    def clean(self) -> dict[str, Any]:
        """Put the budget together, and work out what can be paid where it is not said: the most that fits."""
        found: dict[str, Any] = super().clean() or {}
        first = found.get("first_on")
        if first and not self._on <= first <= self._on + timedelta(days=AHEAD_DAYS):
            self.add_error("first_on", _("Begin within the next month."))
        if self.errors:
            return found
        if found.get("elsewhere") and self._look_up is not None:
            try:
                self.elsewhere = self._look_up()
            except DueCourseError as error:
                self.add_error("elsewhere", str(error))
                return found
        if any(debt.currency != self._currency for debt in (*self._debts, *self.elsewhere)):
            found["budget"] = None  # two currencies: no rate is guessed
        else:
            found["budget"] = self._budget(found)
        if not found.get("monthly"):
            self._work_out(found)
        return found

    def _work_out(self, found: dict[str, Any]) -> None:
        budget: Budget | None = found["budget"]
        if budget is None and any(found.get(f"in_{one}") for one in COMES_IN):
            self.add_error(
                "monthly", _("You have loans in another currency. We guess no rate: say yourself what you can pay.")
            )
        elif budget is None:
            self.add_error("monthly", _("Say what you can pay, or what comes in and goes out."))
        elif not (fits := most(budget, MONTHS_TO_WORK_OUT)):
            self.add_error(
                None, _("Nothing is left each month that would be safe to promise. Do not promise it: tell us of it.")
            )
        else:
            found["monthly"] = fits

    def _budget(self, found: Mapping[str, Any]) -> Budget | None:
        """Return the month as it was told; None where no income was."""
        own = self._currency
        comes_in = [ComesIn(one, own, found[f"in_{one}"]) for one in COMES_IN if found.get(f"in_{one}")]
        if found.get("months"):
            comes_in.append(ComesIn(Income.OTHER, own, months=found["months"]))
        if not comes_in:
            return None
        goes_out = [GoesOut(one, own, found[f"out_{one}"]) for one in GOES_OUT if found.get(f"out_{one}")]
        debts = [*self._debts, *self.elsewhere, *([Debt("", own, found["debts"])] if found.get("debts") else [])]
        return Budget(own, tuple(comes_in), tuple(goes_out), tuple(debts), found.get("savings") or 0)


def other_debts(loans: Sequence[Sums], loan_id: str, on: date) -> list[Debt]:
    """Return what a borrower's other loans here take of a month: what falls due in it, by the ledger."""
    others = [one.loan for one in loans if one.loan.loan_id != loan_id]
    now, then = sums(others, on), sums(others, on + timedelta(days=AHEAD_DAYS))
    return [
        Debt(loan.loan_id, loan.currency, max(0, later.overdue - today.overdue))
        for loan, today, later in zip(others, now, then, strict=True)
    ]


class Agreed(FactForm):
    """A plan that somebody has seen and agrees to: what it is worked out from once more."""

    loan = forms.CharField(max_length=100, widget=forms.HiddenInput)
    monthly = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    first_on = forms.DateField(widget=forms.HiddenInput)
    total = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


def cap_on(rules: Rules, known: Known, loan: Loan, on: date) -> Cap | None:
    """Return the most that the law of the borrower's place lets a loan cost a year; None where no rule says."""
    return cap_of(rules.answers, facts_of(known, loan), on)


def shown(
    loan: Loan, form: Afford, on: date, most_months: int, money: Callable[[int], str], cap: Cap | None = None
) -> dict[str, Any]:
    """Return the plan of a valid form, with all that it costs and whether it can be repaid under the law's cap.

    One longer than `most_months` is not agreed here, and one that cannot be repaid nowhere.
    """
    given = form.cleaned_data
    made = plan(loan, given["monthly"], given["first_on"], on)
    judged = _judged(loan, made, given["budget"], on, cap)
    seen = {
        "fact_id": uuid4().hex, "loan": loan.loan_id, "total": made.total if made else 0,
        "monthly": given["monthly"], "first_on": given["first_on"],
    }  # fmt: skip
    is_no = judged is not None and judged.verdict is Verdict.NO
    return {
        "is_asked": True, "plan": made, "monthly": given["monthly"], "most": most_months, "currency": loan.currency,
        "is_short": made is not None and len(made.dues) <= most_months,
        "least": least(loan, most_months, given["first_on"], on) if most_months else None,
        "agreed": Agreed(initial=seen, auto_id=False) if made and not is_no else None,
        "judged": judged and told(judged, get_language() or "en", money), "is_no": is_no,
        "elsewhere": [(debt.name, money(debt.monthly)) for debt in form.elsewhere],
    }  # fmt: skip


def _judged(loan: Loan, made: Plan | None, budget: Budget | None, on: date, cap: Cap | None) -> Judgement | None:
    """Judge a plan against a budget; None where one of them is missing. What a missed day costs, the ledger says."""
    if made is None or budget is None:
        return None
    today, tomorrow = (sums([loan], day)[0].owed for day in (on, on + timedelta(days=1)))
    dues = tuple(Due(due.on, due.amount) for due in made.dues)
    proposal = Proposal(loan.currency, on, made.owed, dues, per_day_late=max(0, tomorrow - today), cap=cap)
    return judge(budget, proposal)
