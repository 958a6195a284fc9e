"""Rules on agencies, demands, credit reports, the list of dishonest debtors, plans and sales."""

from datetime import date, timedelta
from typing import Final, cast

from tests.law.independent import cn_people as people
from tests.law.independent import look_ups
from tests.law.independent.cn_contact import plan_kept
from tests.law.independent.cn_view import Row, View, months_later

# Agencies (CN-AG-03)


def _engagement(view: View, agency: str) -> Row | None:
    engaged = [e for e in view.events("agency_engaged", about_loan=False) if e.get("agency") == agency]
    return engaged[-1] if engaged else None


def _works_for_another(view: View) -> bool:
    return view.actor != view.firm and view.actor_role not in {"original_creditor", "debt_buyer"}


def not_engaged(view: View) -> bool:
    """Say whether the lender neither engaged the agency nor agreed that another hand the work on."""
    if not _works_for_another(view):
        return False
    engaged = _engagement(view, view.actor)
    if engaged is None:
        return True
    by = engaged.get("engaged_by")
    leave = any(
        view.actor == event.get("to") or (event.get("to") is None and event.get("agency") in {view.actor, by})
        for event in view.events("lender_consent", about_loan=False)
    )
    return not (by == view.firm or engaged.get("lender_agrees") is True or leave)


def contract_over(view: View) -> bool:
    """Say whether the contract of an agency, or of the one that engaged it, has ended."""
    if not _works_for_another(view):
        return False
    engaged = _engagement(view, view.actor)
    chain = {view.actor, engaged.get("engaged_by") if engaged else None}
    return any(
        event.get("agency") in chain and (engaged is None or event["at"] >= engaged["at"])
        for event in view.events("agency_ended", about_loan=False)
    )


# Transfer and sale


def told_first(view: View) -> bool:
    """Until the debtor has been told of the transfer the buyer cannot demand (546)."""
    ours = any(event.get("to") == view.firm for event in view.events("assigned"))
    buyer = view.case.collector.get("role") == "debt_buyer"
    return buyer and ours and not any(_told_of(view, event) for event in view.events("assigned", "transfer_notice"))


def _told_of(view: View, event: Row) -> bool:
    if event["event"] == "assigned":
        notice = event.get("notice_on")
        return event.get("to") == view.firm and notice is not None and notice <= view.day
    return arrived(view, event)


def arrived(view: View, event: Row) -> bool:
    """Say whether a notice has reached the borrower by now."""
    if event.get("outcome") not in {None, "conversation", "met", "delivered"} or event.get("reached") is False:
        return False
    delivered, received = event.get("delivered_on"), event.get("received_at")
    if received is not None and received > view.at:
        return False
    return delivered is None or delivered <= view.day


def no_longer_ours(view: View) -> bool:
    """Who has assigned the claim may not sue on it, demand it or sell it again (545 to 547)."""
    last = view.last("assigned")
    lender = view.case.collector.get("role") == "original_creditor"
    return lender and last is not None and last.get("to") is not None and last["to"] != view.firm


SATURDAY: Final = 5
BAD: Final = frozenset({"substandard", "doubtful", "loss", "non_performing"})
BUYERS: Final = frozenset({"national_amc", "local_amc", "local_amc_other_province", "asset_investment_company"})


def _pilot(view: View) -> bool:
    """Say whether the seller is one of the pilot: small-loan companies were not read to be."""
    firm = view.case.collector
    seller = firm.get("lender_type") in {None, "bank", "consumer_finance", "loan_facilitator", "nbfc"}
    return (
        people.financial(view)
        and seller
        and firm.get("role") != "debt_buyer"
        and view.loan.get("product") != "private_loan"
    )


def not_bad(view: View) -> bool:
    last = view.last("classified", "non_performing")
    bad = last is not None and (last["event"] == "non_performing" or last.get("grade") in BAD)
    return _pilot(view) and not bad


def secured(view: View) -> bool:
    return _pilot(view) and (people.mortgage(view) or view.loan.get("secured") is True)


def wrong_buyer(view: View) -> bool:
    return _pilot(view) and view.act.get("buyer") not in BUYERS


def pilot_over(view: View) -> bool:
    return _pilot(view) and view.day > date(2026, 12, 31)


def resale(view: View) -> bool:
    """Who bought bad personal loans does not sell them on."""
    return view.case.collector.get("role") == "debt_buyer" and view.loan.get("product") != "private_loan"


def open_matter(view: View) -> bool:
    return _pilot(view) and (dispute_open(view) or plan_kept(view))


# Credit reporting (CN-CR-01 to -03)


def before_report(view: View) -> bool:
    """Ask whether the borrower was told before adverse information goes to a bureau (art 15)."""
    due = view.loan.get("due_on")
    overdue = due is None or due < view.day
    told = any(arrived(view, notice) for notice in view.events("adverse_notice"))
    return overdue and view.act.get("information") != "made_public_by_law" and not told


def asks_as_another(view: View) -> bool:
    """Say whether somebody else asks as only the borrower may (art 17)."""
    return look_ups.purpose(view.trial) == "own_view" and not look_ups.own(view.trial)


def asks_without_consent(view: View) -> bool:
    """Say whether somebody else asks without written consent to this purpose (arts 18 and 20)."""
    return not look_ups.own(view.trial) and not look_ups.consents(view.case, view.trial)


def dispute_open(view: View) -> bool:
    """Say whether the last objection about the loan waits for its answer."""
    asked, answered = view.last("dispute"), view.last("dispute_answered")
    return asked is not None and (answered is None or answered["at"] < asked["at"])


def _own_books(view: View) -> bool:
    """Say whether the record only stands in the lender's own books, and is shown to nobody."""
    return view.kind == "keep_adverse_record" and view.act.get("information") == "own_ledger"


def unmarked(view: View) -> bool:
    """Art 25: while an objection is open the record carries the mark."""
    marked = view.act.get("disputed_mark") is True or view.act.get("dispute_flag") is True
    return dispute_open(view) and not marked and not _own_books(view)


def paid_off_on(view: View) -> date | None:
    """Return the day on which the loan, or the overdue sum of its record, was paid in full."""
    sum_due = view.loan.get("overdue_amount") or view.loan.get("principal")
    paid = 0
    for event in view.events("payment", "settled"):
        if event["event"] == "settled":
            return view.day_of(event)
        if event.get("returned") is not True:
            paid += event.get("amount") or 0
        if sum_due is not None and paid >= sum_due:
            return view.day_of(event)
    return None


def five_years(view: View) -> bool:
    """Art 16: the record goes five years after the bad conduct ended; the own ledger stays."""
    ended = paid_off_on(view)
    if _own_books(view) or ended is None:
        return False
    return view.day > months_later(ended, 60)


# The list of dishonest debtors (CN-DL-01, CN-DL-02)


def unperformed(view: View) -> bool:
    """Say whether no judgment, notarised debt or payment order is left unperformed (art 1)."""
    return not (_judgment_left(view) or _notarised_left(view) or _order_left(view))


def _owed_on_judgment(view: View, judgment: Row) -> int | None:
    if judgment.get("amount") is None:
        return None
    later = (event for event in view.events("payment") if event["at"] > judgment["at"])
    paid = [event for event in later if event.get("returned") is not True]
    granted = int(judgment["amount"]) + int(judgment.get("ordinary_interest") or 0)
    return granted - sum(int(event["amount"]) for event in paid)


def _judgment_left(view: View) -> bool:
    judgment = view.last("judgment")
    if judgment is None:
        return False
    parts_due = [date.fromisoformat(str(each)) for each in judgment.get("parts_due") or ()]
    until = judgment.get("perform_by") or judgment.get("effective_on") or min(parts_due, default=view.day_of(judgment))
    owed = _owed_on_judgment(view, judgment)
    settled = any(event["at"] > judgment["at"] for event in view.events("settled"))
    return bool(until < view.day) and not settled and (owed is None or owed > 0)


def _notarised_left(view: View) -> bool:
    instrument = view.last("notarised_instrument")
    if instrument is None or not instrument.get("parts_due") or paid_off_on(view):
        return False
    first = min(date.fromisoformat(str(each)) for each in instrument["parts_due"])
    return first < view.day and any(view.events("notary_certificate_asked"))


def _works(view: View, day: date) -> bool:
    days = view.case.calendar
    return day in days.get("workdays", ()) or (day.weekday() < SATURDAY and day not in days.get("holidays", ()))


def _order_left(view: View) -> bool:
    """Fifteen days from service, within thirty of issue; a last day off moves to the next working day."""
    issued = view.last("payment_order")
    if issued is None or paid_off_on(view):
        return False
    issue = view.day_of(issued)
    served = [view.day_of(event) for event in view.events("payment_order_served")]
    in_time = [day for day in served if timedelta(0) <= day - issue <= timedelta(days=30)]
    if not in_time or any(view.day_of(event) >= issue for event in view.events("sued")):
        return False
    due = min(in_time) + timedelta(days=15)
    while not _works(view, due):
        due += timedelta(days=1)
    objected = any(_proper(event) and view.day_of(event) <= due for event in view.events("objection"))
    upheld = any(view.day_of(event) >= min(in_time) for event in view.events("objection_upheld"))
    return due < view.day and not (objected and upheld)


def _proper(objection: Row) -> bool:
    """Say whether an objection is written and goes to the debt: that one cannot pay now is none (5, tracks)."""
    written = objection.get("form") in {"written", "electronic", "durable_medium"}
    return written and objection.get("ground") not in {"cannot_pay_now", "cannot_pay"}


NO_GROUND: Final = frozenset({None, "none", "cannot_pay", "cannot_pay_now", "no_assets", "insufficient"})


def _found(view: View) -> frozenset[str]:
    """Return the grounds that the enforcement court found and that are asked for, or all when none is named."""
    found = frozenset(event.get("finding") for event in view.events("enforcement_finding")) - NO_GROUND
    asked = view.act.get("ground")
    return frozenset(str(each) for each in found if asked in {None, each})


def no_ground(view: View) -> bool:
    return not _found(view)


def covered(view: View) -> bool:
    """Art 3 bars ground 1 when security is adequate or what was seized covers the debt."""
    if _found(view) != {"able_but_refuses"}:
        return False
    if any(event.get("sufficient") is True for event in view.events("security_given")):
        return True
    judgment = view.last("judgment")
    owed = _owed_on_judgment(view, judgment) if judgment is not None else None
    seized = sum(event.get("value") or 0 for event in view.events("assets_seized"))
    return seized > 0 and (owed is None or seized >= owed)


def minor(view: View) -> bool:
    ages = cast("tuple[int | None, ...]", (view.case.borrower.get("age"), (view.person or {}).get("age")))
    return any(age is not None and age < people.ADULT for age in ages)


def six_months(view: View) -> bool:
    """Art 10: no new application within six months of a deletion that the creditor asked for."""
    deleted = view.last("delisted", where=lambda event: event.get("reason") == "creditor_request")
    return deleted is not None and view.day <= months_later(view.day_of(deleted), 6)


# Plans for cards (CN-HARD-01)


def plan_too_long(view: View) -> bool:
    months = view.act.get("months")
    return people.card(view) and months is not None and months > 60


def means_and_will(view: View) -> bool:
    """Who asks for help cannot pay and wants to, unless a request tells otherwise; the last one that tells counts."""
    requests = list(view.events("hardship_request"))
    known = {"beyond_means": bool(requests), "willing": bool(requests)}
    for request in requests:
        known |= {key: request[key] for key in known if request.get(key) is not None}
    return people.card(view) and not all(known.values())


def spoken_plan_untaped(view: View) -> bool:
    return people.card(view) and view.act["recorded"] is False
