"""The debt itself: notices, disputes, bankruptcy, suit, reports, sale. Each function says whether its rule refuses."""

from datetime import date, timedelta
from typing import Final

from tests.law.independent import look_ups
from tests.law.independent.us_contact import (
    ADVISERS,
    binds,
    last_place,
    owes_too,
    place_of,
    reaches_consumer,
    times_got,
)
from tests.law.independent.us_people import arrived, on_paper
from tests.law.independent.us_view import ELECTRONIC, Row, View, business_days_after, days_between
from tests.law.independent.us_words import WRITTEN, bounced, communicates, communications, got_through, told_of_debt

NOTICE: Final = ("validation_information", "model_form")
ASKING: Final = (
    "payment_request", "voluntary_payment_request", "settlement_offer", "partial_settlement_offer",
    "demands_payment_inside_period", "presses_for_single_payment", "offers_affordable_plan", "takes_offered_payment",
    "urges_new_borrowing", "presses_to_borrow_or_sell_home", "collection_fee_demanded", "asks_to_urge_payment",
    "says_listener_must_pay", "threat_of_suit", "threat_of_suit_not_intended", "states_suit_date",
    "threat_of_garnishment", "threat_of_arrest", "threat_of_listing", "threat_of_spending_ban", "threat_of_violence",
    "threat_of_disclosure", "threat_of_device", "says_remedy_may_be_used", "says_remedy_will_be_used",
)  # fmt: skip
INFORMING: Final = (
    "verification", "verification_promised", "says_collection_ends", "opt_out_confirmation", "advert_no_debt",
    "unrelated_to_the_debt", "periodic_statement", "early_intervention_notice", "transfer_notice", *NOTICE,
)  # fmt: skip


def gives_notice(view: View) -> bool:
    """Say whether the act gives the validation notice."""
    return view.purpose == "validation_notice" or view.says(*NOTICE)


def with_borrower(view: View, event: Row) -> bool:
    """Say whether a contact was with the borrower, or with whoever settles the estate."""
    return event.get("with", "borrower") == "borrower" or view.relation_of(event.get("with")) == "executor"


def last_notice(view: View) -> date | None:
    """Return the day of this firm's last validation notice that arrived."""
    back = bounced(view)
    days = [
        view.day_of(event)
        for event in view.events("contact", "validation_notice")
        if view.firm_of(event) == view.actor
        and place_of(view, event) not in back
        and (event["event"] == "validation_notice" or gave_notice(view, event))
    ]
    return max(days, default=None)


def gave_notice(view: View, event: Row) -> bool:
    """Say whether an earlier contact gave the notice."""
    gives = event.get("purpose") == "validation_notice" or bool(set(NOTICE) & set(event.get("content", ())))
    return gives and got_through(event) and event.get("direction") == "out" and with_borrower(view, event)


def period_end(notice: date) -> date:
    """VAL-4: thirty days from the receipt that may be assumed."""
    return business_days_after(notice, 5) + timedelta(days=30)


def stated_end(view: View) -> bool:
    """VAL-4."""
    stated = view.get("states_period_end")
    return view.goes_out and binds(view) and stated is not None and stated < period_end(view.day)


def notice_content(view: View) -> bool:
    """VAL-5."""
    if not view.goes_out or not binds(view) or view.purpose != "validation_notice" or not view.stated:
        return False
    return not view.says("validation_information", "model_form")


def esign(view: View) -> bool:
    """DISC-2: consent to electronic notices under the E-SIGN Act, given to the firm, that stands."""
    to = {None, "electronic_notices", "email", "contact"}
    given = (
        e
        for e in view.history
        if e["event"] == "consent"
        and e.get("esign")
        and e.get("to") in to
        and e.get("given_to", view.actor) == view.actor
    )
    ended = (e for e in view.history if e["event"] == "consent_withdrawn" and e.get("to") in to)
    return last_place(view, given) > last_place(view, ended)


def told_borrower(view: View) -> bool:
    """VAL-2: whether the firm has communicated with the borrower about the debt."""
    return any(
        view.firm_of(event) == view.actor and with_borrower(view, event) and communicates(view, event)
        for event in view.events("contact", "validation_notice")
    )


def electronic_notice(view: View) -> bool:
    """DISC-2: a notice after the first communication."""
    if not gives_notice(view) or not view.goes_out or not binds(view) or view.channel not in ELECTRONIC:
        return False
    return told_borrower(view) and last_notice(view) is None and not esign(view)


def dead_borrower(view: View) -> bool:
    """VAL-7."""
    if not gives_notice(view) or not view.goes_out or not binds(view) or not known_dead(view):
        return False
    return (
        view.relation != "executor"
        or view.get("addressed_to", view.whom) != view.whom
        or view.says("addressed_to_occupier")
    )


def known_dead(view: View) -> bool:
    """Say whether the borrower is known to be dead."""
    died = view.case.borrower.get("deceased_on")
    return any(event["event"] == "death_known" for event in view.history) or (
        isinstance(died, date) and died <= view.day
    )


def no_actual_notice(view: View) -> bool:
    """DISC-1: by word of mouth only in the first communication; not where the last sending came back."""
    if not reaches_consumer(view) or not (view.purpose == "validation_notice" or view.says("verification")):
        return False
    if view.channel not in WRITTEN and communications(view):
        return True
    here = {None, view.get("address")}
    back = (e for e in view.events("bounce") if e.get("channel") in {None, view.channel} and e.get("address") in here)
    fine = (
        e
        for e in view.history
        if e["event"] == "contact"
        and e.get("channel") == view.channel
        and e.get("outcome") == "delivered"
        and e.get("address") in here
    )
    return last_place(view, back) > last_place(view, fine)


def in_writing(event: Row) -> bool:
    """DISP-3."""
    return on_paper(event) or (event.get("form") == "electronic" and event.get("accepted") is True)


def timely(view: View, event: Row) -> bool:
    """DISP-1: sent to this firm before the validation period ended, and arrived."""
    sent = event.get("posted_on", view.day_of(event))
    got, notice = times_got(view), last_notice(view)
    if got and sent < max(view.day_of(each) for each in got):
        return False
    return arrived(view, event) and (notice is None or sent <= period_end(notice))


def collects(view: View) -> bool:
    """Say whether the act collects: asks, sues, takes; a contact by its purpose or its words."""
    if view.get("act") != "contact":
        return True
    if not view.goes_out:
        return False
    if view.says(*ASKING):
        return True
    only_informs = view.stated and view.says(*INFORMING)
    return view.purpose in {"collection", "location", "post_judgment_remedy"} and not only_informs


def stopped(view: View) -> bool:
    """Say whether the act is such as must wait for an answer; the firm's own side may be spoken to."""
    return (
        binds(view)
        and collects(view)
        and not (view.get("act") == "contact" and view.relation in {"creditor", "collector_attorney"})
    )


def verifies(event: Row) -> bool:
    """Say whether an event sent verification, or a copy of the judgment."""
    if event["event"] == "dispute_answered":
        return event.get("sent") in {"verification", "judgment"}
    return event.get("direction") == "out" and "verification" in event.get("content", ()) and got_through(event)


def repeats(view: View, dispute: Row) -> bool:
    """DISP-4: the same ground was answered with verification before, and nothing new is told."""
    earlier = view.case.history[: place_of(view, dispute)]
    common = [e for e in earlier if view.debts_of(e) & view.debts_of(dispute)]
    verified = last_place(view, (e for e in common if e["event"] in {"dispute_answered", "contact"} and verifies(e)))
    same = [
        e
        for e in common
        if e["event"] == "dispute" and (dispute.get("ground") is None or e.get("ground") == dispute["ground"])
    ]
    return bool(same) and place_of(view, same[0]) < verified and not dispute.get("new_information")


def open_disputes(view: View) -> list[Row]:
    """Return written disputes in time that still wait for what must be sent."""
    ours = [e for e in view.events("dispute_answered", "contact") if view.firm_of(e) == view.actor]
    verified = last_place(view, (e for e in ours if verifies(e)))
    reasons = last_place(
        view, (e for e in ours if e["event"] == "dispute_answered" and e.get("sent") == "short_reasons")
    )
    return [
        event
        for event in view.events("dispute")
        if in_writing(event)
        and timely(view, event)
        and place_of(view, event) > verified
        and not (repeats(view, event) and place_of(view, event) < reasons)
    ]


def disputes_all(view: View) -> bool:
    """Say whether an open dispute is of the whole debt."""
    balance = view.loan.get("balance")
    return any(
        event.get("amount") is None or (balance is not None and event["amount"] >= balance)
        for event in open_disputes(view)
    )


def unverified(view: View) -> bool:
    """DISP-1: the whole debt is disputed."""
    return stopped(view) and disputes_all(view)


def disputed_part(view: View) -> bool:
    """DISP-1: only the rest may be asked for; what is asked must be told, save in a contact."""
    parts = sum(event.get("amount", 0) for event in open_disputes(view))
    if not binds(view) or disputes_all(view) or not parts:
        return False
    asked, balance = view.get("amount", view.get("claimed")), view.loan.get("balance")
    if asked is None:
        return bool(view.get("act") != "contact")
    return balance is None or asked > balance - parts


def creditor_unnamed(view: View) -> bool:
    """DISP-2."""
    named = last_place(view, (e for e in view.events("original_creditor_answered") if view.firm_of(e) == view.actor))
    return stopped(view) and any(
        in_writing(e) and timely(view, e) and place_of(view, e) > named
        for e in view.events("original_creditor_request")
    )


def overshadows(view: View) -> bool:
    """DISP-5."""
    if not view.goes_out or not binds(view) or not view.says("demands_payment_inside_period"):
        return False
    notice = last_notice(view)
    return gives_notice(view) or (notice is not None and view.day <= period_end(notice))


def electronic_verification(view: View) -> bool:
    """DISC-2."""
    if not view.goes_out or not binds(view) or view.channel not in ELECTRONIC or not view.says("verification"):
        return False
    return bool(open_disputes(view)) and not esign(view)


def is_consumer_debt(view: View) -> bool:
    """COV-3."""
    return view.loan.get("used_for") != "business"


def hides_dispute(view: View) -> bool:
    """Say whether a report leaves out a dispute that the firm knows, in whatever form and whenever."""
    return view.get("dispute_flag") is not True and any(arrived(view, event) for event in view.events("dispute"))


def unmarked(view: View) -> bool:
    """FURN-2: whoever reports marks what is disputed with it."""
    return is_consumer_debt(view) and hides_dispute(view)


def bureau_not_told(view: View) -> bool:
    """DISP-6."""
    return binds(view) and hides_dispute(view)


def silent_report(view: View) -> bool:
    """FURN-1: speaking, or writing and fourteen days after the day of sending without a bounce."""
    if not binds(view):
        return False
    reported = [event for event in view.case.history if event["event"] == "furnished"]
    back = {
        place
        for place, bounce in bounced(view).items()
        if not any(
            place_of(view, e) < place_of(view, bounce) and view.debts_of(e) & view.debts_of(bounce) for e in reported
        )
    }
    for event in view.events("contact", "validation_notice"):
        if view.firm_of(event) != view.actor or not with_borrower(view, event):
            continue
        if event["event"] == "contact" and not told_of_debt(event):
            continue
        if spoke(view, event) or (waited(view, event) and place_of(view, event) not in back):
            return False
    return True


def spoke(view: View, event: Row) -> bool:
    """Say whether the firm spoke with the borrower about the debt, by telephone or face to face."""
    talked = event.get("discussed")
    return (
        event.get("channel") in {"call", "visit"}
        and event.get("outcome") in {"conversation", "met"}
        and (talked is None or view.loan_id in talked)
    )


def waited(view: View, event: Row) -> bool:
    """Say whether the firm wrote, watched for what comes back, and waited."""
    written = event["event"] == "validation_notice" or (
        event.get("direction") == "out"
        and got_through(event)
        and event.get("channel") in WRITTEN
        and event.get("channel") != "social_public"
    )
    return (
        written
        and view.case.collector.get("watches_bounces") is not False
        and days_between(view.day_of(event), view.day) > 14
    )


def stale(view: View) -> bool:
    """FURN-3: more than seven years after the 180 days."""
    began = view.loan.get("delinquency_began_on")
    return began is not None and view.day > years_later(began + timedelta(days=180), 7)


def not_permissible(view: View) -> bool:
    """15 USC 1681b(a): neither the consumer's instructions nor credit of theirs."""
    listed = look_ups.purpose(view.trial) in look_ups.LISTED
    return not (listed or look_ups.own(view.trial) or look_ups.consents(view.case, view.trial))


def years_later(day: date, years: int) -> date:
    """Return the same day some years later; 28 February where there is no 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def debtor_of(event: Row) -> str:
    """Return whose bankruptcy an event is of."""
    return str(event.get("person", "borrower"))


def petition_of(view: View, person: str) -> Row | None:
    """BK-1: return the person's last petition that came after the loan."""
    opened = view.loan.get("opened_on")
    filed = [
        event
        for event in view.history
        if event["event"] == "bankruptcy_petition"
        and debtor_of(event) == person
        and (opened is None or opened <= view.day_of(event))
    ]
    return filed[-1] if filed else None


def stay_of_borrower(view: View) -> Row | None:
    """BK-1, BK-2: return the petition whose stay protects the borrower now, or None."""
    last = petition_of(view, "borrower")
    if last is None:
        return None
    after = [e for e in view.history if debtor_of(e) == "borrower" and place_of(view, e) > place_of(view, last)]
    for event in after:
        lifted = event["event"] == "stay_lifted" and view.concerns(event)
        none_in_force = event["event"] == "court_order" and "no_stay_in_force" in event.get("says", ())
        if lifted or none_in_force or event["event"] == "discharge":
            return None
    filed = view.day_of(last)
    dismissed = [
        e
        for e in view.history
        if e["event"] == "stay_lifted" and debtor_of(e) == "borrower" and e.get("ground") == "dismissed"
        and place_of(view, e) < place_of(view, last) and view.day_of(e) >= years_later(filed, -1)
    ]  # fmt: skip
    orders = [
        e for e in after if e["event"] == "court_order" and {"stay_extended", "stay_imposed"} & set(e.get("says", ()))
    ]
    month = filed + timedelta(days=30)
    if len(dismissed) == 1 and not any(view.day_of(e) <= month for e in orders):
        return last if view.day <= month else None
    return None if len(dismissed) > 1 and not orders else last


def other_debtor(view: View) -> str | None:
    """Return who else owes the debt and is pressed for it, None when the act goes against the borrower."""
    against = view.get("against")
    if against is not None:
        return None if against == "borrower" else str(against)
    return view.whom if owes_too(view, view.whom) else None


def presses(view: View) -> bool:
    """Say whether the act presses for payment: not a word to the lawyers or the creditor."""
    if view.get("act") != "contact":
        return True
    return view.goes_out and view.relation not in ADVISERS and (collects(view) or gives_notice(view))


def freed(view: View, person: str) -> int:
    """Return the place of the last end of a stay as to another debtor."""
    return last_place(view, (e for e in view.events("stay_lifted", "discharge") if debtor_of(e) == person))


def stayed(view: View) -> bool:
    """BK-1, BK-2."""
    return presses(view) and other_debtor(view) is None and stay_of_borrower(view) is not None


def stayed_other(view: View) -> bool:
    """BK-1: of somebody else who owes. Earlier cases of his own are not looked into."""
    other = other_debtor(view)
    petition = petition_of(view, other) if other else None
    return (
        presses(view) and other is not None and petition is not None and place_of(view, petition) > freed(view, other)
    )


def co_debtor(view: View) -> bool:
    """BK-3, and chapter 12 alike."""
    other, petition = other_debtor(view), stay_of_borrower(view)
    if other is None or petition is None or petition.get("chapter") not in {12, 13} or not is_consumer_debt(view):
        return False
    return presses(view) and freed(view, other) < place_of(view, petition)


def is_discharged(view: View) -> bool:
    """BK-4: the borrower was discharged from the debt, which was there when he filed."""
    opened = view.loan.get("opened_on")
    for event in view.events("discharge"):
        if debtor_of(event) != "borrower":
            continue
        filed = [
            e
            for e in view.case.history[: place_of(view, event)]
            if e["event"] == "bankruptcy_petition" and debtor_of(e) == "borrower"
        ]
        if opened is None or opened <= view.day_of(filed[-1] if filed else event):
            return True
    return False


def discharged(view: View) -> bool:
    """BK-4."""
    return presses(view) and other_debtor(view) is None and is_discharged(view)


def sells_paid(view: View) -> bool:
    """XFER-1: save back to the owner."""
    if not binds(view) or (view.get("to") is not None and view.get("to") == view.loan.get("owner")):
        return False
    paid = any(
        event["event"] == "settled" or (event.get("in_full") is True and not event.get("returned"))
        for event in view.events("payment", "settled")
    )
    return paid or is_discharged(view) or view.loan.get("balance") == 0


def day_of_suit(view: View) -> date:
    """Return the day on which suit is brought."""
    found: date = view.get("filed_on", view.day)
    return found


def plain_last_day(view: View) -> date | None:
    """Return the last day to sue under the state's law, None when it is not told."""
    start, years = view.loan.get("limitation_runs_from"), view.loan.get("limitation_years")
    told: date | None = view.loan.get("limitation_ends_on")
    return told if told is not None or start is None or years is None else years_later(start, years)


def too_late(view: View) -> bool:
    """BAR-1 to BAR-3: the period has ended; untold, a default of less than two years is taken to be in time."""
    end = plain_last_day(view)
    begins = view.loan.get("limitation_runs_from") or view.loan.get("in_default_since") or view.loan.get("opened_on")
    if end is None:
        default = view.loan.get("in_default_since") or view.loan.get("opened_on")
        return default is None or default <= years_later(day_of_suit(view), -2)
    for first, last in services(view):
        if first > end:
            continue
        if last is None:
            return False
        stretch = max(first, begins) if begins else first
        if last >= stretch:
            end += timedelta(days=days_between(stretch, last) + 1)
    petitions = [e for e in view.events("bankruptcy_petition") if debtor_of(e) == "borrower" and view.day_of(e) <= end]
    if petitions:
        lifts = [
            e
            for e in view.events("stay_lifted", "discharge")
            if debtor_of(e) == "borrower" and place_of(view, e) > place_of(view, petitions[-1])
        ]
        if not lifts:
            return False
        end = max(end, max(e.get("notice_on", view.day_of(e)) for e in lifts) + timedelta(days=30))
    return day_of_suit(view) > end


def services(view: View) -> list[tuple[date, date | None]]:
    """Return the stretches of military service."""
    found: list[tuple[date, date | None]] = []
    for event in view.history:
        if event["event"] != "servicemember":
            continue
        if event.get("status") == "active_duty_start":
            found.append((view.day_of(event), None))
        elif event.get("status") == "active_duty_end" and found:
            found[-1] = (found[-1][0], view.day_of(event))
    return found


def late_suit(view: View) -> bool:
    """BAR-1."""
    return binds(view) and too_late(view)


def late_threat(view: View) -> bool:
    """BAR-1."""
    return (
        view.goes_out
        and binds(view)
        and view.says("threat_of_suit", "threat_of_suit_not_intended", "states_suit_date")
        and too_late(view)
    )


def elsewhere(view: View) -> bool:
    """SUIT-1: not secured by land."""
    court = view.get("court_in")
    if not binds(view) or court is None or view.loan.get("secured_by") == "home":
        return False
    return court not in {view.case.borrower.get("region"), view.loan.get("signed_in")}


def away_from_land(view: View) -> bool:
    """SUIT-1: the land is the home."""
    court = view.get("court_in")
    return (
        binds(view)
        and court is not None
        and view.loan.get("secured_by") == "home"
        and court != view.case.borrower.get("region")
    )
