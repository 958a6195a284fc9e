"""The federal judge: which act and wording rules refuse a try, written from the law and not from the rules.

refusals(case, trial) -> the ids of the rules that refuse
"""

from collections.abc import Callable, Mapping
from typing import Final

from duecourse.law.casefile import Case, Try
from tests.law.independent import us_calls as calls
from tests.law.independent import us_contact as contact
from tests.law.independent import us_debts as debts
from tests.law.independent import us_media as media
from tests.law.independent import us_money as money
from tests.law.independent import us_people as people
from tests.law.independent import us_words as words
from tests.law.independent.us_view import View

Refuses = Callable[[View], bool]
_SAID: Final = ("contact", "demand")
_COLLECTED: Final = ("contact", "demand", "sue", "take_payment")

RULES: Final[Mapping[str, tuple[tuple[str, ...], Refuses]]] = {
    "us.fdcpa.fees.only-authorised": (("charge", "demand"), money.not_authorised),
    "us.fdcpa.fees.no-more-than-owed": (("demand",), money.more_than_owed),
    "us.fdcpa.fees.no-collection-fee": (("contact",), money.collection_fee),
    "us.fdcpa.fees.cheque-notice": (("deposit_cheque",), money.no_deposit_notice),
    "us.fdcpa.fees.cheque-not-before-date": (("deposit_cheque",), money.before_its_date),
    "us.regz.reg-z.home-loan-no-pyramiding": (("charge",), money.home_pyramid),
    "us.regz.reg-z.high-cost-wait": (("charge",), money.too_early),
    "us.regz.reg-z.high-cost-four-per-cent": (("charge",), money.over_four_per_cent),
    "us.regz.reg-z.high-cost-once": (("charge",), money.second_late_fee),
    "us.regz.reg-z.card-cut-off": (("charge",), money.card_in_time),
    "us.regz.reg-z.card-fee-within-violation": (("charge",), money.over_violation),
    "us.regz.reg-z.card-one-fee": (("charge",), money.second_card_fee),
    "us.regz.reg-z.card-no-such-fee": (("charge",), money.no_such_card_fee),
    "us.regz.reg-z.card-safe-harbour": (("charge",), money.over_safe_harbour),
    "us.ftc.reg-z.no-pyramiding": (("charge",), money.finance_pyramid),
    "us.bankruptcy.stay.no-collecting": (_COLLECTED, debts.stayed),
    "us.bankruptcy.stay.other-debtor": (_COLLECTED, debts.stayed_other),
    "us.bankruptcy.stay.co-debtor": (_COLLECTED, debts.co_debtor),
    "us.bankruptcy.discharge.no-collecting": ((*_COLLECTED, "deposit_cheque", "charge"), debts.discharged),
    "us.regf.media.refused": (("contact",), media.medium_refused),
    "us.regf.media.third-party-opt-out": (("contact",), media.asked_to_be_left_alone),
    "us.regf.opt-out.line": (("contact",), words.lacks_way_out),
    "us.regf.opt-out.simple": (("contact",), words.hard_way_out),
    "us.regf.work-email.known": (("contact",), media.work_mailbox),
    "us.regf.social.public": (("contact",), media.posts_publicly),
    "us.regf.social.hidden-collector": (("contact",), words.hidden_friend),
    "us.fdcpa.mail.postcard": (("contact",), words.postcard),
    "us.fdcpa.mail.envelope": (("contact",), words.envelope),
    "us.regf.limited-content.nothing-else": (("contact",), words.limited_and_more),
    "us.regf.line.first": (("contact",), words.first_line),
    "us.regf.line.later": (("contact",), words.later_line),
    "us.regf.line.language": (("contact",), words.line_language),
    "us.fdcpa.harassment.words": (_SAID, words.foul_words),
    "us.fdcpa.harassment.anonymous-call": (("contact",), words.anonymous),
    "us.fdcpa.harassment.stays": (("contact",), words.stays),
    "us.fdcpa.representations.false-status": (_SAID, words.false_status),
    "us.fdcpa.representations.falsehood": (_SAID, words.falsehood),
    "us.fdcpa.representations.unlawful-threat": (_SAID, words.unlawful_threat),
    "us.fdcpa.representations.garnishment": (_SAID, words.threatens_wages),
    "us.fdcpa.representations.not-meant": (_SAID, words.not_meant),
    "us.regf.disclosures.actual-notice": (("contact",), debts.no_actual_notice),
    "us.regf.furnishing.speak-or-write-first": (("furnish",), debts.silent_report),
    "us.fcra.furnishing.no-stale-record": (("keep_adverse_record",), debts.stale),
    "us.fcra.look-up.permissible-purpose": (("look_up",), debts.not_permissible),
    "us.regf.dispute.stop-until-verified": ((*_COLLECTED, "deposit_cheque"), debts.unverified),
    "us.regf.dispute.stop-disputed-part": (_COLLECTED, debts.disputed_part),
    "us.regf.dispute.stop-until-creditor-named": ((*_COLLECTED, "deposit_cheque"), debts.creditor_unnamed),
    "us.regf.dispute.no-overshadowing": (("contact",), debts.overshadows),
    "us.fdcpa.validation.no-overshadowing": (("contact",), debts.overshadows),
    "us.regf.dispute.electronic-verification": (("contact",), debts.electronic_verification),
    "us.fdcpa.dispute.tell-the-bureau": (("furnish",), debts.bureau_not_told),
    "us.fcra.dispute.mark-as-disputed": (("furnish",), debts.unmarked),
    "us.regf.frequency.seven-in-seven": (("contact",), calls.eighth_call),
    "us.regf.frequency.after-conversation": (("contact",), calls.after_talk),
    "us.regf.harassment.unanswered-messages": (("contact",), calls.unanswered_messages),
    "us.regf.harassment.cumulative": (("contact",), calls.cumulative),
    "us.mla.mla.no-prepayment-penalty": (("charge", "demand"), money.early_payment_penalty),
    "us.mla.mla.no-rollover": (("refinance",), money.rolls_over),
    "us.regf.attorney.known": (("contact",), people.past_attorney),
    "us.fdcpa.cease.in-writing": (("contact",), people.stopped_in_writing),
    "us.regf.cease.electronic": (("contact",), people.stopped_electronically),
    "us.fdcpa.third-party.may-know": (("contact",), people.may_not_know),
    "us.fdcpa.third-party.shown-to-others": (("contact",), people.shown_to_others),
    "us.regf.third-party.shared-mailbox": (("contact",), people.shared_mailbox),
    "us.fdcpa.location.words": (("contact",), people.location_words),
    "us.fdcpa.location.mail": (("contact",), people.location_mail),
    "us.fdcpa.location.attorney": (("contact",), people.location_past_attorney),
    "us.fdcpa.location.once": (("contact",), people.location_again),
    "us.fdcpa.location.needed": (("contact",), people.location_known),
    "us.regf.transfer.no-paid-debt": (("sell",), debts.sells_paid),
    "us.regf.time-bar.no-suit": (("sue",), debts.late_suit),
    "us.regf.time-bar.no-threat": (("contact",), debts.late_threat),
    "us.fdcpa.suit-venue.home-or-contract": (("sue",), debts.elsewhere),
    "us.fdcpa.suit-venue.land": (("sue",), debts.away_from_land),
    "us.tcpa.mobile.machine-voice": (("contact",), calls.machine_to_mobile),
    "us.tcpa.home.three-in-thirty": (("contact",), calls.machine_to_home),
    "us.tcpa.solicitation.hours": (("contact",), calls.sells_late),
    "us.regf.hours.every-zone": (("contact",), contact.outside_hours),
    "us.regf.time.ruled-out": (("contact",), contact.ruled_out_time),
    "us.regf.time.this-contact": (("contact",), contact.cannot_talk_now),
    "us.regf.place.ruled-out": (("contact",), contact.bad_place),
    "us.regf.place.known-to-be-there": (("contact",), contact.known_to_be_there),
    "us.regf.workplace.employer-forbids": (("contact",), contact.employer_forbids),
    "us.regf.workplace.known-to-be-there": (("contact",), contact.known_at_work),
    "us.regf.validation.stated-end": (("contact",), debts.stated_end),
    "us.regf.validation.notice-content": (("contact",), debts.notice_content),
    "us.regf.validation.electronic-needs-consent": (("contact",), debts.electronic_notice),
    "us.regf.validation.dead-borrower": (("contact",), debts.dead_borrower),
}
"""The acts that a rule judges, and its function."""

NOT_YET: Final[frozenset[str]] = frozenset()
"""Rules that this judge does not cover."""

TWINS: Final[Mapping[str, str]] = {
    # Rules that never refuse alone, and what refuses beside them: two texts forbid the same thing.
    "us.fdcpa.dispute.tell-the-bureau": "us.fcra.dispute.mark-as-disputed",
    "us.fdcpa.location.mail": "us.fdcpa.mail.postcard",
    "us.regf.dispute.no-overshadowing": "us.fdcpa.validation.no-overshadowing",
    "us.fdcpa.validation.no-overshadowing": "us.regf.dispute.no-overshadowing",
    "us.fdcpa.third-party.shown-to-others": "us.regf.social.public",
    "us.regf.social.public": "us.fdcpa.third-party.shown-to-others",
}


def refusals(case: Case, trial: Try) -> frozenset[str]:
    """Return the ids of the rules that refuse the try: any loan that it is about refuses it.

    An act that names no loan may be about any of them: it has the refusals of the loan with the fewest, the first
    of those.
    """
    named = trial.values.get("about") or ((trial.values["loan"],) if trial.values.get("loan") else ())
    loans: tuple[str, ...] = tuple(named)  # type: ignore[arg-type]
    of_each = [_of_loan(View(case, trial, loan)) for loan in loans or tuple(str(each["id"]) for each in case.loans)]
    if not loans:
        return min(of_each, key=len)
    return frozenset().union(*of_each)


def _of_loan(view: View) -> frozenset[str]:
    act = view.get("act")
    return frozenset(rule for rule, (acts, refuses) in RULES.items() if act in acts and refuses(view))
