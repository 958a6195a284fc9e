"""The slow twin of the ledger: one loan, day by day, as docs/concepts/ledger.md says it and in its order.

It shares no code with the kernel. Everything is whole numbers: an exact amount is counted in *parts*. One
minor unit has `PARTS`, a multiple of every divisor that the page names (1,000,000 x 365, 1,000,000 x 360 and
1,000,000,000), so that every accrual and every growth of the cap is a whole number of parts.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from duecourse.kernel.components import COMPONENTS, LINES_OF
from duecourse.ledger.loan import Amounts, Charge, Instalment, Loan, Payment, Position, Segment, Terms

PARTS = 657_000_000_000
DAY = timedelta(days=1)


@dataclass
class Item:
    """An instalment or a charge: what is still owed of it, line by line, in minor units.

    `exact` is what was let in of its two accruals, in parts, and `asked` the same before the cap.
    """

    order: tuple[date, int, int, str]
    due: date
    original_due: date
    number: int | None
    scheduled: int
    lines: dict[str, int]
    accelerated: bool = False
    exact: dict[str, int] = field(default_factory=lambda: {"late_interest": 0, "penalty": 0})
    asked: dict[str, int] = field(default_factory=lambda: {"late_interest": 0, "penalty": 0})

    @property
    def met(self) -> bool:
        """Whether the instalment itself is paid; late fee, penalty and late interest do not count."""
        return self.lines["fee"] == 0 and self.lines["interest"] == 0 and self.lines["principal"] == 0


def position(loan: Loan, on: date) -> Position:
    """Work out what `loan` owes on the day `on`; amounts in minor units."""
    return worked_out(Run(loan, on, capped=False), Run(loan, on, capped=True))


def worked_out(contractual: "Run", enforceable: "Run") -> Position:
    """Play both runs of a loan and put the position together."""
    contractual.play()
    enforceable.play()
    loan, on = enforceable.loan, enforceable.on
    oldest = enforceable.oldest_overdue(on)
    return Position(
        contractual=contractual.amounts(),
        enforceable=enforceable.amounts(),
        cut=enforceable.cut_in_all(),
        oldest_due_on=oldest.due if oldest else None,
        days_past_due=(on - oldest.due).days if oldest else 0,
        delinquent_days=_delinquent_days(loan, oldest, on) if oldest else 0,
        overdue_instalments=len(enforceable.overdue(on)),
        history=segments(enforceable.oldest_by_day, on),
    )


def _delinquent_days(loan: Loan, oldest: Item, on: date) -> int:
    paused = sum(1 for day in days(oldest.due + DAY, on) if any(_in_pause(day, pause) for pause in loan.pauses))
    return max(0, (on - oldest.due).days - terms_on(loan, oldest.original_due).grace_days - paused)


def _in_pause(day: date, pause: tuple[date, date | None]) -> bool:
    first, last = pause
    return first <= day and (last is None or day <= last)


def days(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included."""
    return [first + DAY * n for n in range((last - first).days + 1)]


def terms_on(loan: Loan, day: date) -> Terms:
    """Return the version with the latest `effective_on` <= day; before the first version, the first."""
    versions = sorted(loan.terms, key=lambda terms: terms.effective_on)
    in_force = [terms for terms in versions if terms.effective_on <= day]
    return in_force[-1] if in_force else versions[0]


def thirty_day_number(day: date) -> int:
    """Return the day's number in a calendar of 30-day months (30E/360)."""
    return 360 * day.year + 30 * day.month + min(day.day, 30)


def late_fee(agreed: Terms, scheduled: int) -> int:
    """Return the late fee for an instalment of this scheduled amount, in minor units."""
    if agreed.late_fee_flat == 0 and agreed.late_fee_ppm == 0:
        return 0
    # Rounded down to a minor unit.
    fee = agreed.late_fee_flat + scheduled * agreed.late_fee_ppm // 1_000_000
    fee = max(fee, agreed.late_fee_min)
    return fee if agreed.late_fee_max is None else min(fee, agreed.late_fee_max)


def meet(amount: int, lines: list[tuple[Item, str]]) -> int:
    """Reduce `lines` in their order by `amount`; return what is left of it."""
    for item, line in lines:
        met = min(amount, item.lines[line])
        item.lines[line] -= met
        amount -= met
    return amount


def segments(oldest_by_day: dict[date, date], on: date) -> list[Segment]:
    """Join following days of the same oldest unmet due date; the last is open if it reaches `on`."""
    found: list[Segment] = []
    for day in sorted(oldest_by_day):
        oldest = oldest_by_day[day]
        if found and found[-1].until_on == day and found[-1].oldest_due_on == oldest:
            found[-1] = Segment(found[-1].from_on, day + DAY, oldest)
        else:
            found.append(Segment(day, day + DAY, oldest))
    if found and found[-1].until_on == on + DAY:
        found[-1] = Segment(found[-1].from_on, None, found[-1].oldest_due_on)
    return found


class Run:
    """One of the two runs over a loan, contractual or (`capped`) enforceable, up to and with the day `on`."""

    def __init__(self, loan: Loan, on: date, *, capped: bool) -> None:
        """Start with the schedule, and with the payments that count."""
        self.loan, self.on, self.capped = loan, on, capped
        self.items = sorted(map(_from_instalment, loan.instalments), key=lambda item: item.order)
        self.credit = 0
        self.stock = 0  # parts: headroom of the all-in cap
        self.let_in = 0  # parts: everything ever let in
        self.cut = 0  # minor units: whole amounts that were cut; cuts of accruals are worked out at the end
        self.oldest_by_day: dict[date, date] = {}
        reversed_ids = {payment.reverses for payment in loan.payments if payment.paid_on <= on}
        # The reversal of a reversal does nothing: the payment stays reversed.
        self.payments = [
            payment
            for payment in sorted(loan.payments, key=lambda payment: payment.payment_id)
            if payment.reverses is None and payment.payment_id not in reversed_ids
        ]

    def play(self) -> None:
        """Go through every day from the first on which anything can happen."""
        loan = self.loan
        dates = [item.due for item in self.items] + [charge.charged_on for charge in loan.charges]
        dates += [payment.paid_on for payment in loan.payments]
        dates += [waiver.waived_on for waiver in loan.waivers]
        dates += [*loan.written_off_on, *loan.accelerated_on] + ([loan.opened_on] if loan.opened_on else [])
        for day in days(min(dates), self.on) if dates else []:
            self.live(day)

    def live(self, day: date) -> None:
        """One day, in the order of the page."""
        terms = terms_on(self.loan, day)
        met_yesterday = {item.order for item in self.items if item.met}
        stopped = self.has_stopped(day, terms)
        self.grow_headroom(day, terms)
        if not stopped:
            self.accrue(day, terms)
        self.accelerate(day)
        self.fall_due(day, terms)
        if not stopped:
            self.late_fees(day, terms, met_yesterday)
        self.charges(day, terms)
        self.pay(day, terms)
        self.waive(day, terms)
        oldest = self.oldest_overdue(day)
        if oldest:
            self.oldest_by_day[day] = oldest.due

    def has_stopped(self, day: date, terms: Terms) -> bool:
        """Whether accrual has stopped: written off before `day`, under terms that stop it."""
        if not any(written_off < day for written_off in self.loan.written_off_on):
            return False
        return terms.accrual_after_write_off == "stops"

    # The caps

    def grow_headroom(self, day: date, terms: Terms) -> None:
        """Grow the stock of the all-in cap on yesterday's outstanding principal."""
        if terms.cap_all_in_ppm_year is None or self.loan.opened_on is None or day <= self.loan.opened_on:
            return
        outstanding = sum(item.lines["principal"] for item in self.items)
        self.stock += outstanding * terms.cap_all_in_ppm_year * (PARTS // (1_000_000 * 365))

    def admit(self, parts: int, terms: Terms, *, whole: bool) -> int:
        """Return how many `parts` the caps let in, take them from the headroom; `whole` units if so."""
        admitted = min([parts, *self.headroom(terms)])
        if whole:
            admitted = admitted // PARTS * PARTS  # rounded down to a minor unit
        self.let_in += admitted
        if terms.cap_all_in_ppm_year is not None:
            self.stock -= admitted
        return admitted

    def headroom(self, terms: Terms) -> list[int]:
        """Return what each cap that is set still lets in, in parts."""
        found = []
        if self.capped and terms.cap_all_in_ppm_year is not None:
            found.append(self.stock)
        if self.capped and terms.cap_charges_ppm is not None:
            # Rounded down to a minor unit.
            most = terms.principal * terms.cap_charges_ppm // 1_000_000 * PARTS
            found.append(max(0, most - self.let_in))
        return found

    def admit_whole(self, amount: int, terms: Terms) -> int:
        """Let in a whole amount as far as there is headroom; the rest is cut. Minor units."""
        admitted = self.admit(amount * PARTS, terms, whole=True) // PARTS  # exact: it is whole
        self.cut += amount - admitted
        return admitted

    def cut_in_all(self) -> int:
        """Everything cut, in minor units; an accrual's cut is counted as posted, each rounded down."""
        accruals = [(item.asked[line], item.exact[line]) for item in self.items for line in item.exact]
        return self.cut + sum(asked // PARTS - exact // PARTS for asked, exact in accruals)

    # The steps of a day

    def accrue(self, day: date, terms: Terms) -> None:
        """Step 1: late interest, then penalty, of every instalment that fell due before today."""
        for item in self.items:
            if item.number is None or item.due >= day:
                continue
            lines = item.lines
            grace = terms_on(self.loan, item.original_due).grace_days
            base = lines["principal"]
            if terms.penalty_base == "instalment":
                base = lines["fee"] + lines["interest"] + lines["principal"]
            if terms.interest_after_due == "runs":
                length, basis = _day_count(terms.day_count, day)
                rate = terms.interest_ppm_year * (PARTS // (1_000_000 * basis))
                interest = lines["principal"] * rate * length
                self.add_accrual(item, "late_interest", interest, terms)
            if day > item.due + DAY * grace:
                penalty = base * terms.penalty_ppb_day * (PARTS // 1_000_000_000)
                self.add_accrual(item, "penalty", penalty, terms)

    def add_accrual(self, item: Item, line: str, parts: int, terms: Terms) -> None:
        """Add an exact accrual to its sum, and post to the line what the sum rounded down has grown by."""
        item.asked[line] += parts
        posted = item.exact[line] // PARTS
        item.exact[line] += self.admit(parts, terms, whole=False)
        item.lines[line] += item.exact[line] // PARTS - posted

    def accelerate(self, day: date) -> None:
        """Step 2: the first acceleration makes everything that is not yet due, due."""
        if not self.loan.accelerated_on or day != min(self.loan.accelerated_on):
            return
        for item in self.items:
            if item.number is not None and item.due > day:
                item.due = day
                item.accelerated = True

    def fall_due(self, day: date, terms: Terms) -> None:
        """Step 3: fee and then interest of the instalments that fall due today pass the cap, item by item."""
        for item in self.items:
            if item.number is not None and item.due == day:
                for line in ("fee", "interest"):
                    item.lines[line] = self.admit_whole(item.lines[line], terms)

    def late_fees(self, day: date, terms: Terms, met_yesterday: set[tuple[date, int, int, str]]) -> None:
        """Step 4: once for an instalment that was not met when its days of grace had passed."""
        for item in self.items:
            if item.number is None or item.accelerated or item.order in met_yesterday:
                continue
            agreed = terms_on(self.loan, item.original_due)
            if day != item.original_due + DAY * (agreed.grace_days + 1):
                continue
            item.lines["late_fee"] += self.admit_whole(late_fee(agreed, item.scheduled), terms)

    def charges(self, day: date, terms: Terms) -> None:
        """Step 5: today's charges become items; only a cost does not pass the cap."""
        # Only from now on does a charge stand, for a waiver to find.
        for charge in sorted(self.loan.charges, key=lambda charge: charge.charge_id):
            if charge.charged_on == day:
                self.items.append(self.from_charge(charge, terms))
        self.items.sort(key=lambda item: item.order)

    def from_charge(self, charge: Charge, terms: Terms) -> Item:
        """Make the item of a charge, as far as the cap lets it in."""
        let_in = charge.amount if charge.component == "cost" else self.admit_whole(charge.amount, terms)
        order = (charge.charged_on, 1, 0, charge.charge_id)
        return Item(order, charge.charged_on, charge.charged_on, None, 0, _lines() | {charge.component: let_in})

    def pay(self, day: date, terms: Terms) -> None:
        """Step 6: credit first, then today's payments, each first to what the payer named."""
        if self.credit:
            self.credit = meet(self.credit, self.due_lines(day, terms))
        for payment in self.payments:
            if payment.paid_on == day:
                left = self.meet_target(payment, day, terms)
                self.credit += meet(left, self.due_lines(day, terms))

    def meet_target(self, payment: Payment, day: date, terms: Terms) -> int:
        """Meet what the payer named, if anything; return what is left of the amount."""
        number, component = payment.target_instalment, payment.target_component
        if number is None and component is None:
            return payment.amount
        named = [
            (item, line)
            for item, line in self.due_lines(day, terms)
            if number is None or item.number == number
            if component is None or line in LINES_OF[component]
        ]
        return meet(payment.amount, named)

    def waive(self, day: date, terms: Terms) -> None:
        """Step 7: forgive what is due, then what is not yet due; the rest is lost."""
        for waiver in sorted(self.loan.waivers, key=lambda waiver: waiver.waiver_id):
            if waiver.waived_on != day:
                continue
            wanted = COMPONENTS if waiver.component is None else (waiver.component,)
            allowed = {line for component in wanted for line in LINES_OF[component]}
            due = [pair for pair in self.due_lines(day, terms) if pair[1] in allowed]
            not_due = [pair for pair in self.not_due_lines(day, terms) if pair[1] in allowed]
            meet(meet(waiver.amount, due), not_due)

    # What stands

    def in_allocation_order(self, terms: Terms) -> list[tuple[Item, str]]:
        """Return every line of every item, in the order in which a payment meets them."""
        items = sorted(self.items, key=lambda item: item.order)
        if terms.allocation_by == "instalment":
            pairs = [(item, component) for item in items for component in terms.allocation_order]
        else:
            pairs = [(item, component) for component in terms.allocation_order for item in items]
        return [(item, line) for item, component in pairs for line in LINES_OF[component]]

    def due_lines(self, day: date, terms: Terms) -> list[tuple[Item, str]]:
        """Return the lines that are due on `day`, in allocation order."""
        return [(item, line) for item, line in self.in_allocation_order(terms) if item.due <= day]

    def not_due_lines(self, day: date, terms: Terms) -> list[tuple[Item, str]]:
        """Return the lines that are not yet due on `day`, in allocation order."""
        return [(item, line) for item, line in self.in_allocation_order(terms) if item.due > day]

    def overdue(self, day: date) -> list[Item]:
        """Return the instalments that are overdue on `day` and not met, in item order."""
        return [item for item in self.items if item.number is not None and item.due < day and not item.met]

    def oldest_overdue(self, day: date) -> Item | None:
        """Return the first of the instalments overdue with the oldest due date, if there is any."""
        return min(self.overdue(day), key=lambda item: (item.due, item.order), default=None)

    def amounts(self) -> Amounts:
        """Sum the lines by component and by when they fall due."""
        return Amounts(
            overdue=_by_component([item for item in self.items if item.due < self.on]),
            due_today=_by_component([item for item in self.items if item.due == self.on]),
            not_due=_by_component([item for item in self.items if item.due > self.on]),
            credit=self.credit,
        )


def _day_count(day_count: str, day: date) -> tuple[int, int]:
    """Return how many days `day` counts for, and how many a year has."""
    if day_count == "30/360":
        return thirty_day_number(day) - thirty_day_number(day - DAY), 360
    return 1, 365 if day_count == "actual/365" else 360


def _lines() -> dict[str, int]:
    return {line: 0 for component in COMPONENTS for line in LINES_OF[component]}


def _from_instalment(instalment: Instalment) -> Item:
    owed = {"fee": instalment.fee, "interest": instalment.interest, "principal": instalment.principal}
    order = (instalment.due_on, 0, instalment.number, "")
    return Item(order, instalment.due_on, instalment.due_on, instalment.number, sum(owed.values()), _lines() | owed)


def _by_component(items: list[Item]) -> dict[str, int]:
    return {
        component: sum(item.lines[line] for item in items for line in LINES_OF[component]) for component in COMPONENTS
    }
