"""What in a loan's contract and history made a difference: the twin, watched at its work.

A generator that throws waivers proves nothing if none of them ever finds anything to waive. So the parity
test counts, for each feature, the loans in which it made a difference, and refuses a feature that is rare.
"""

from collections import Counter
from dataclasses import replace
from datetime import date

from duecourse.ledger.loan import Loan, Payment, Position, Terms
from tests.ledger.twin import DAY, PARTS, Item, Run, late_fee, terms_on, worked_out

FEATURES = (
    "accelerated",
    "accrual continues after write-off",
    "accrual cut in part",
    "accrual stops after write-off",
    "all-in cap binds",
    "amounts of 10^10 and more",
    "charge",
    "charges cap binds",
    "cost",
    "credit kept",
    "credit used",
    "due before the opening",
    "event after the day",
    "late fee",
    "late fee cut to its ceiling",
    "late fee raised to its floor",
    "late interest 30/360",
    "late interest 30/360 on a day that is not one day long",
    "late interest actual/360",
    "late interest actual/365",
    "late interest on 29 February",
    "no instalments",
    "numbers against due dates",
    "oldest instalment changed",
    "overdue on the day",
    "paid across lines by component",
    "paid across lines by instalment",
    "part payment",
    "paused or in grace in part",
    "penalty on instalment",
    "penalty on principal",
    "reversal",
    "reversal after the day",
    "runs differ",
    "several events on a day",
    "target out of turn",
    "terms changed while overdue",
    "waiver lost in part",
    "waiver of a component",
    "waiver of all",
    "waiver of what is not due",
    "whole amount cut in part",
    "zero instalment",
)


class Watched(Run):
    """A run that notes what made a difference."""

    def __init__(self, loan: Loan, on: date, *, capped: bool) -> None:
        """Start like any run, with nothing seen."""
        super().__init__(loan, on, capped=capped)
        self.seen: set[str] = set()
        self.day = on

    def note(self, feature: str, *, seen: bool = True) -> None:
        """Remember `feature` if it was seen."""
        if seen:
            self.seen.add(feature)

    def live(self, day: date) -> None:
        """Note changes of terms that meet something overdue."""
        self.day = day
        changed = terms_on(self.loan, day) != terms_on(self.loan, day - DAY)
        self.note("terms changed while overdue", seen=changed and bool(self.overdue(day)))
        super().live(day)

    def has_stopped(self, day: date, terms: Terms) -> bool:
        """Note a write-off that meets an instalment on which something accrues."""
        written_off = any(written_off < day for written_off in self.loan.written_off_on)
        accrues = terms.penalty_ppb_day > 0 and any(
            item.lines["principal"] for item in self.overdue(day - DAY * terms.grace_days)
        )
        name = f"accrual {terms.accrual_after_write_off} after write-off"
        self.note(name, seen=written_off and accrues)
        return super().has_stopped(day, terms)

    def admit(self, parts: int, terms: Terms, *, whole: bool) -> int:
        """Note which cap binds, and what is cut in part."""
        if not self.capped:
            return super().admit(parts, terms, whole=whole)
        caps = [] if terms.cap_all_in_ppm_year is None else ["all-in cap binds"]
        caps += [] if terms.cap_charges_ppm is None else ["charges cap binds"]
        for name, limit in zip(caps, self.headroom(terms), strict=True):
            self.note(name, seen=limit < parts)
        admitted = super().admit(parts, terms, whole=whole)
        self.note("whole amount cut in part" if whole else "accrual cut in part", seen=0 < admitted < parts)
        return admitted

    def add_accrual(self, item: Item, line: str, parts: int, terms: Terms) -> None:
        """Note accruals that were posted, by their kind."""
        before = item.lines[line]
        super().add_accrual(item, line, parts, terms)
        posted = item.lines[line] > before
        if line == "penalty":
            self.note(f"penalty on {terms.penalty_base}", seen=posted)
            return
        self.note(f"late interest {terms.day_count}", seen=posted)
        leap_day = (self.day.month, self.day.day) == (2, 29)
        self.note("late interest on 29 February", seen=leap_day and parts > 0)
        one_day = item.lines["principal"] * terms.interest_ppm_year * (PARTS // (1_000_000 * 360))
        longer = terms.day_count == "30/360" and parts != one_day
        self.note("late interest 30/360 on a day that is not one day long", seen=longer)

    def accelerate(self, day: date) -> None:
        """Note instalments that moved."""
        super().accelerate(day)
        self.note("accelerated", seen=any(item.accelerated for item in self.items))

    def late_fees(self, day: date, terms: Terms, met_yesterday: set[tuple[date, int, int, str]]) -> None:
        """Note late fees, and those that the floor or the ceiling changed."""
        before = {item.order: item.lines["late_fee"] for item in self.items}
        super().late_fees(day, terms, met_yesterday)
        for item in self.items:
            if item.lines["late_fee"] > before[item.order]:
                agreed = terms_on(self.loan, item.original_due)
                free = replace(agreed, late_fee_max=None)
                freer = replace(free, late_fee_min=0)
                fees = [late_fee(version, item.scheduled) for version in (agreed, free, freer)]
                self.note("late fee")
                self.note("late fee cut to its ceiling", seen=fees[0] < fees[1])
                self.note("late fee raised to its floor", seen=fees[0] == fees[1] > fees[2])

    def charges(self, day: date, terms: Terms) -> None:
        """Note charges that left something to pay."""
        super().charges(day, terms)
        for item in self.items:
            if item.number is None and item.due == day:
                cost = item.lines["cost"] > 0
                self.note("cost", seen=cost)
                self.note("charge", seen=not cost and any(item.lines.values()))

    def pay(self, day: date, terms: Terms) -> None:
        """Note credit kept and used, part payments, and payments that meet several lines."""
        paid = sum(payment.amount for payment in self.payments if payment.paid_on == day)
        if not self.credit and not paid:
            return
        credit, owed = self.credit, self._due(day, terms)
        super().pay(day, terms)
        met = owed - self._due(day, terms)
        self.note("credit used", seen=credit > 0 and met > 0)
        self.note("credit kept", seen=paid > 0 and self.credit > credit)
        self.note("part payment", seen=paid > 0 and self._due(day, terms) > 0)

    def _due(self, day: date, terms: Terms) -> int:
        return sum(item.lines[line] for item, line in self.due_lines(day, terms))

    def meet_target(self, payment: Payment, day: date, terms: Terms) -> int:
        """Note a target met before lines that come first, and payments that end among several lines."""
        before = {(item.order, line): item.lines[line] for item, line in self.due_lines(day, terms)}
        left = super().meet_target(payment, day, terms)
        after = {(item.order, line): item.lines[line] for item, line in self.due_lines(day, terms)}
        open_lines = [key for key, amount in before.items() if amount]
        met = [key for key in open_lines if after[key] < before[key]]
        self.note("target out of turn", seen=bool(met) and after[open_lines[0]] == before[open_lines[0]])
        untargeted = payment.target_instalment is None and payment.target_component is None
        ends_inside = 0 < left < sum(before.values()) and len(open_lines) > 2
        self.note(f"paid across lines by {terms.allocation_by}", seen=untargeted and ends_inside)
        return left

    def waive(self, day: date, terms: Terms) -> None:
        """Note what waivers reduced, and what they lost."""
        waivers = [waiver for waiver in self.loan.waivers if waiver.waived_on == day]
        if not waivers:
            return
        due = self._due(day, terms)
        owed = due + sum(item.lines[line] for item, line in self.not_due_lines(day, terms))
        super().waive(day, terms)
        due_waived = due - self._due(day, terms)
        not_due = sum(item.lines[line] for item, line in self.not_due_lines(day, terms))
        waived = owed - self._due(day, terms) - not_due
        names = {"all" if waiver.component is None else "a component" for waiver in waivers}
        for name in names if waived and len(names) == 1 else ():
            self.note(f"waiver of {name}")
        self.note("waiver of what is not due", seen=waived > due_waived)
        self.note("waiver lost in part", seen=0 < waived < sum(waiver.amount for waiver in waivers))


def position_and_features(loan: Loan, on: date) -> tuple[Position, set[str]]:
    """Return the twin's position, and the features that made a difference to it."""
    contractual, enforceable = Watched(loan, on, capped=False), Watched(loan, on, capped=True)
    position = worked_out(contractual, enforceable)
    seen = contractual.seen | enforceable.seen | _in_the_rows(loan, on)
    outcome = {
        "overdue on the day": position.days_past_due > 0,
        "paused or in grace in part": 0 < position.delinquent_days < position.days_past_due,
        "oldest instalment changed": len(position.history) > 1,
        "runs differ": position.contractual != position.enforceable,
    }
    return position, seen | {name for name, seen_it in outcome.items() if seen_it}


def _in_the_rows(loan: Loan, on: date) -> set[str]:
    """Return the features that a loan has because of the rows it has."""
    by_due = sorted(loan.instalments, key=lambda one: (one.due_on, one.number))
    rows = [payment.paid_on for payment in loan.payments]
    rows += [charge.charged_on for charge in loan.charges] + [waiver.waived_on for waiver in loan.waivers]
    rows += [*loan.written_off_on, *loan.accelerated_on]
    paid = {payment.payment_id: payment for payment in loan.payments if payment.paid_on <= on}
    reversals = [payment.paid_on for payment in loan.payments if payment.reverses in paid]
    found = {
        "no instalments": not by_due,
        "zero instalment": any(one.principal + one.interest + one.fee == 0 for one in by_due),
        "numbers against due dates": [one.number for one in by_due] != sorted(one.number for one in by_due),
        "due before the opening": any(loan.opened_on and one.due_on <= loan.opened_on for one in by_due),
        "amounts of 10^10 and more": any(one.principal >= 10**10 for one in by_due),
        "event after the day": any(day > on for day in rows),
        "several events on a day": any(count > 1 for day, count in Counter(rows).items() if day <= on),
        "reversal": any(day <= on for day in reversals),
        "reversal after the day": any(day > on for day in reversals),
    }
    return {name for name, seen in found.items() if seen}
