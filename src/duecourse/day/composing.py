"""The words of a message, from the approved template of its act, in the borrower's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from duecourse.channels.visit.codes import SECRET as CODES
from duecourse.channels.visit.codes import code
from duecourse.day.asking import Asked
from duecourse.day.decision import Words
from duecourse.day.known import Known
from duecourse.day.links import path_of
from duecourse.day.owed import Owed
from duecourse.day.reaching import POINTS, key_of
from duecourse.day.settings import Day
from duecourse.kernel.components import COMPONENTS
from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.minutes import clock
from duecourse.store.bound import name_place
from duecourse.store.keys import Keyring, unseal
from duecourse.strategy.models import Strategy
from duecourse.strategy.rendering import Value, rendered

CALLER: Final = "{caller}"  # a script is finished by whoever calls or visits
_WRITTEN_ON: Final = "{written_on}"
_ALL_DAY: Final = (0, 24 * 60 - 1)  # minutes after midnight
_PARTS = {
    "principal": "principal_overdue", "interest": "interest_overdue", "penalty": "penalty_overdue",
    "fee": "fees_overdue", "cost": "costs_overdue",
}  # fmt: skip


@dataclass(frozen=True)
class Composer:
    """Writes messages with a strategy's templates and a lender's own words."""

    ring: Keyring
    strategy: Strategy
    settings: Day

    def __call__(self, asked: Asked, known: Known, loans: Sequence[Owed], on: date, key: str) -> Words:
        """Write the message of an act about some loans, by its key; DueCourseError where it would have a hole."""
        template = (self.strategy.templates or {}).get(asked.template or "")
        if template is None:
            raise DueCourseError(f"the act {asked.treatment} has no template: name one in the strategy")
        languages = (known.language.partition("-")[0], *self.settings.fallback)
        language = next((one for one in languages if one in template.text and one in self.settings.words), None)
        if language is None:
            raise DueCourseError(f"there are no words of template {asked.template} in a language of the borrower")
        currencies = {loan.currency for loan in loans}
        if len(currencies) != 1:
            raise DueCourseError("one message cannot tell of loans in several currencies")
        values = {**self._values(known, loans, on), **self._of_key(key), **self.settings.words[language]}
        is_owner = all(known.loans[loan.loan_id].is_owner for loan in loans)
        line = None if is_owner else (self.strategy.templates or {}).get("collector_line")
        currency = currencies.pop()
        found = rendered(template, language, values, currency=currency, lines={"collector_line": line})
        details: dict[str, Any] = {}
        if POINTS.get(asked.channel or "") == "address":
            is_dated = _WRITTEN_ON in template.text[language]
            details = {"name": self._name(known), "on": on.isoformat(), "is_dated_within": is_dated}
        if asked.channel == "visit":
            details |= self._of_visit(asked, loans, currency, on)
        return Words(found.language, found.subject, found.text, details)

    def _of_visit(self, asked: Asked, loans: Sequence[Owed], currency: str, on: date) -> dict[str, Any]:
        """Return what the sheet of a visit shows beside its text; amounts in minor units."""
        parts = [sum(amounts) for amounts in zip(*(loan.overdue_parts for loan in loans), strict=True)]
        rows = [{"component": name, "amount": amount} for name, amount in zip(COMPONENTS, parts, strict=True) if amount]
        slot = next((one.slot for one in self.strategy.treatments if one.name == asked.treatment), None)
        opens, closes = self.strategy.slots[slot] if slot else _ALL_DAY
        return {
            "amounts": {"currency": currency, "as_of": on.isoformat(), "rows": rows, "total": sum(parts)},
            "opens": clock(opens),
            "closes": clock(min(closes, _ALL_DAY[1])),
            "pay_by": (on + timedelta(days=self.settings.pay_within_days)).isoformat(),
        }

    def _of_key(self, key: str) -> Mapping[str, Value]:
        """Return what is of this message alone: its check code, and where there is a portal a link that works once."""
        found = {"check_code": code(self.ring.secret(CODES), key)}
        if self.settings.portal is not None:
            found["own_page"] = self.settings.portal.address + path_of(self.ring, key)
        return found

    def _values(self, known: Known, loans: Sequence[Owed], on: date) -> Mapping[str, Value]:
        """Return what a text may name: only what is there and makes sense, so that a hole is found."""
        parts = list(zip(*(loan.overdue_parts for loan in loans), strict=False))  # none, where one was agreed upon
        since = min((loan.overdue_since for loan in loans if loan.overdue_since), default=None)
        next_due = [(loan.next_due_on, loan.next_due) for loan in loans if loan.next_due_on is not None]
        values: dict[str, Value] = {
            "name": self._name(known),
            "caller": CALLER,
            "loan_reference": ", ".join(loan.loan_id for loan in loans),
            "amount_overdue": sum(loan.overdue for loan in loans),
            "amount_owed": sum(loan.owed for loan in loans),
            "amount_residual": sum(loan.owed for loan in loans),
            "days_past_due": max(loan.days_past_due for loan in loans),
            "pay_by": on + timedelta(days=self.settings.pay_within_days),
            "report_on": on + timedelta(days=self.settings.pay_within_days + 1),
            "answer_by": on + timedelta(days=self.settings.pay_within_days),
            "written_on": on,
            **{_PARTS[name]: sum(each) for name, each in zip(COMPONENTS, parts, strict=False)},
            **_offered(known, loans, on),
            **_sold(known, loans),
        }
        if since:
            values["overdue_since"] = since
        if next_due:
            values["due_on"], values["amount_next_due"] = min(next_due)
        return values

    def _name(self, known: Known) -> str:
        name = opened_name(self.ring, known)
        if name is None:
            raise DueCourseError("the borrower has no name in the store: load their people")
        return name


def opened_name(ring: Keyring, known: Known) -> str | None:
    """Return the name of a borrower; None where nobody was loaded, or they were erased."""
    person = known.person
    if person.name is None or person.number is None:
        return None
    return unseal(key_of(ring, person), bytes(person.name), name_place(person.number))


def _offered(known: Known, loans: Sequence[Owed], on: date) -> dict[str, Value]:
    """Return what an offer to settle names, or the letter that confirms one; nothing where not all loans have one."""
    ids = {loan.loan_id for loan in loans}
    stands = {one.loan_id: one for one in known.offers if one.state == "offered" and one.pay_by >= on}
    if ids <= stands.keys():
        theirs = [stands[loan] for loan in sorted(ids)]
        return {"amount_settlement": sum(one.amount for one in theirs), "pay_by": min(one.pay_by for one in theirs)}
    paid = {one.loan_id: one for one in known.offers if one.state == "paid"}
    if ids <= paid.keys():
        kept = [paid[loan] for loan in sorted(ids)]
        return {
            "amount_settlement": sum(one.amount for one in kept),
            "amount_forgiven": sum(one.forgiven or 0 for one in kept),
        }
    return {}


def _sold(known: Known, loans: Sequence[Owed]) -> dict[str, Value]:
    """Return what a notice of assignment names; nothing where not all loans were sold together."""
    owners = {one.loan_id: one for one in known.sold}
    theirs = {(owners[one.loan_id].owner, owners[one.loan_id].sold_on) for one in loans if one.loan_id in owners}
    if len(theirs) != 1 or any(one.loan_id not in owners for one in loans):
        return {}
    ((owner, sold_on),) = theirs
    return {"new_owner": owner, "sold_on": sold_on}
