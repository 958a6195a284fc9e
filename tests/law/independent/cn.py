"""The second judge for China: acts and wording, from the law and the reference texts, in plain Python.

refusals(case, trial) -> ids of the rules that refuse the try
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from duecourse.law.casefile import Case, Try
from tests.law.independent import cn_acts as acts
from tests.law.independent import cn_charges as charges
from tests.law.independent import cn_contact as contact
from tests.law.independent import cn_words as words
from tests.law.independent.cn_view import View

Refuses = Callable[[View], bool]
AGENCY: Final = frozenset({"contact", "demand", "plan", "charge", "take_payment", "furnish", "keep_data"})

IN_FORCE: Final[Mapping[str, tuple[date, date | None]]] = {
    # From which day a text holds, and the first day on which it holds no more.
    "cn.cards": (date(2011, 1, 13), None),
    "cn.cautious": (date(2021, 1, 7), None),
    "cn.cba": (date(2026, 1, 30), None),
    "cn.cfc": (date(2024, 4, 18), None),
    "cn.civil-code": (date(2021, 1, 1), None),
    "cn.civilcode": (date(2021, 1, 1), None),
    "cn.costform": (date(2026, 8, 1), None),
    "cn.credit": (date(2013, 3, 15), None),
    "cn.criminal-law": (date(1997, 10, 1), None),
    "cn.dishonest": (date(2017, 5, 1), None),
    "cn.gbt45251": (date(2025, 2, 28), None),
    "cn.nifa": (date(2018, 3, 28), None),
    "cn.nifa2024": (date(2024, 5, 15), date(2025, 2, 28)),
    "cn.pilot": (date(2021, 1, 7), None),
    "cn.pipl": (date(2021, 11, 1), None),
    "cn.private.highest-charge": (date(2015, 9, 1), None),
    "cn.private.void-contract": (date(2020, 8, 20), None),
    "cn.psa": (date(2026, 1, 1), None),
    "cn.repair": (date(2025, 12, 22), None),
    "cn.spc": (date(2015, 7, 22), None),
}

_RULES: Final[Mapping[str, tuple[str, Refuses]]] = {
    # id: the acts that it judges, and the judge
    "cn.nifa2024.hours.night": ("contact", contact.standard_hours),
    "cn.gbt45251.hours.night": ("contact", contact.standard_hours),
    "cn.cba.hours.night": ("contact", contact.guide_hours),
    "cn.nifa2024.frequency.announcements": ("contact", contact.announcements),
    "cn.gbt45251.frequency.three-a-day": ("contact", contact.three_a_day),
    "cn.cba.unanswered.six-a-day": ("contact", contact.six_unanswered),
    "cn.nifa.device.staff-own": ("contact", contact.convention_device),
    "cn.cba.device.staff-own": ("contact", contact.guide_device),
    "cn.nifa.payee.lender-account": ("contact demand", contact.convention_payee),
    "cn.cba.payee.lender-account": ("contact demand", contact.guide_payee),
    "cn.gbt45251.third-party.ground": ("contact", contact.standard_ground),
    "cn.cba.third-party.unrelated": ("contact", contact.guide_unrelated),
    "cn.cards.third-party.holder-and-guarantor": ("contact", contact.card_third_party),
    "cn.cfc.third-party.unrelated": ("contact", contact.finance_company_third_party),
    "cn.nifa.third-party.named-beforehand": ("contact", contact.named_beforehand),
    "cn.pipl.third-party.no-basis": ("contact", contact.no_basis),
    "cn.gbt45251.third-party.optout": ("contact", contact.standard_optout),
    "cn.cba.third-party.optout": ("contact", contact.guide_optout),
    "cn.civil-code.guarantor.period": ("contact demand", contact.guarantor_period),
    "cn.civil-code.guarantor.ordinary": ("contact demand", contact.guarantor_ordinary),
    "cn.psa.no-contact-order.stop": ("contact", contact.no_contact_order),
    "cn.cards.plan.collection-stops": ("contact demand sue", contact.collection_stops),
    "cn.pipl.personal-information.paid-off": ("contact", contact.paid_off),
    "cn.cba.visits.two-collectors": ("contact", contact.two_collectors),
    "cn.nifa.visits.shows-who-they-are": ("contact", contact.convention_shows),
    "cn.cba.visits.shows-who-they-are": ("contact", contact.guide_shows),
    "cn.civil-code.visits.leave-to-enter": ("contact", contact.leave_to_enter),
    "cn.criminal-law.visits.go-when-told": ("contact", contact.go_when_told),
    "cn.cba.recording.calls-and-visits": ("contact", contact.guide_recording),
    "cn.nifa.recording.visits": ("contact", contact.convention_recording),
    "cn.cards.recording.collection": ("contact", contact.card_recording),
    "cn.cba.impersonation.offices": ("contact", words.poses_as_office),
    "cn.cba.impersonation.lender": ("contact", words.poses_as_lender),
    "cn.psa.impersonation.false-identity": ("contact", words.false_identity),
    "cn.cba.misleading.untrue": ("contact", words.untrue),
    "cn.cba.misleading.suit": ("contact", words.suit_not_decided),
    "cn.spc.misleading.lists-before-judgment": ("contact", words.lists_before_judgment),
    "cn.cba.misleading.enforcement-before-judgment": ("contact", words.enforcement_before_judgment),
    "cn.cba.misleading.credit-repair": ("contact", words.guide_credit_repair),
    "cn.repair.credit-repair.not-promised": ("contact", words.credit_repair),
    "cn.cba.harassment.ban": ("contact", words.guide_harassment),
    "cn.nifa.harassment.conduct": ("contact", words.convention_harassment),
    "cn.cards.harassment.force-and-abuse": ("contact", words.card_harassment),
    "cn.cfc.harassment.force-and-threats": ("contact", words.finance_company_harassment),
    "cn.psa.harassment.safety-and-privacy": ("contact", words.safety_and_privacy),
    "cn.psa.harassment.repeated": ("contact", words.repeated),
    "cn.civil-code.harassment.privacy": ("contact", words.privacy),
    "cn.cba.public-display.ban": ("contact", words.guide_display),
    "cn.pipl.public-display.not-made-public": ("contact", words.not_made_public),
    "cn.cba.extra-fee.none": ("contact", words.guide_fee),
    "cn.nifa.extra-fee.none": ("contact", words.convention_fee),
    "cn.cba.new-borrowing.none": ("contact", words.new_borrowing),
    "cn.nifa.identity.says-for-whom": ("contact", words.convention_identity),
    "cn.cba.identity.says-for-whom": ("contact", words.guide_identity),
    "cn.gbt45251.third-party.not-asked-to-pay": ("contact", words.standard_not_asked),
    "cn.cba.third-party.not-asked-to-pay": ("contact", words.guide_not_asked),
    "cn.gbt45251.disclosure.nothing-of-the-debt": ("contact", words.standard_disclosure),
    "cn.cba.disclosure.nothing-of-the-debt": ("contact", words.guide_disclosure),
    "cn.civil-code.misleading.listener-owes-nothing": ("contact demand", words.listener_owes_nothing),
    "cn.pipl.agency.lender-agrees": (" ".join(sorted(AGENCY)), acts.not_engaged),
    "cn.pipl.agency.contract-over": (" ".join(sorted(AGENCY)), acts.contract_over),
    "cn.civilcode.real-principal.demand": ("demand", charges.real_principal),
    "cn.private.highest-charge.demand": ("demand charge", charges.highest_charge),
    "cn.private.void-contract.no-interest": ("demand charge", charges.no_interest),
    "cn.costform.cost-form.only-what-it-lists": ("demand charge", charges.only_what_it_lists),
    "cn.cba.extra-fee.not-in-contract": ("demand", charges.fee_not_in_contract),
    "cn.civilcode.estate.demand": ("demand sue", charges.estate),
    "cn.civilcode.assignment.told-first": ("demand", acts.told_first),
    "cn.civilcode.assignment.no-longer-ours": ("sue demand sell", acts.no_longer_ours),
    "cn.pilot.sell.bad-loans": ("sell", acts.not_bad),
    "cn.pilot.sell.unsecured": ("sell", acts.secured),
    "cn.pilot.sell.buyers": ("sell", acts.wrong_buyer),
    "cn.pilot.sell.until-2026": ("sell", acts.pilot_over),
    "cn.pilot.sell.no-resale": ("sell", acts.resale),
    "cn.cautious.sell.no-open-matter": ("sell", acts.open_matter),
    "cn.credit.adverse-notice.before-report": ("furnish", acts.before_report),
    "cn.credit.objection.mark": ("furnish keep_adverse_record", acts.unmarked),
    "cn.credit.adverse-record.five-years": ("keep_adverse_record furnish", acts.five_years),
    "cn.credit.look-up.own": ("look_up", acts.asks_as_another),
    "cn.credit.look-up.written-consent": ("look_up", acts.asks_without_consent),
    "cn.dishonest.dishonest-list.unperformed": ("list", acts.unperformed),
    "cn.dishonest.dishonest-list.ground": ("list", acts.no_ground),
    "cn.dishonest.dishonest-list.covered": ("list", acts.covered),
    "cn.dishonest.dishonest-list.minors": ("list", acts.minor),
    "cn.dishonest.dishonest-list.six-months": ("list", acts.six_months),
    "cn.cards.plan.five-years": ("plan", acts.plan_too_long),
    "cn.cards.plan.means-and-will": ("plan", acts.means_and_will),
    "cn.cards.plan.spoken-plan-recorded": ("plan", acts.spoken_plan_untaped),
}
RULES: Final[Mapping[str, Refuses]] = {name: refuses for name, (_, refuses) in _RULES.items()}
ACTS: Final[Mapping[str, frozenset[str]]] = {name: frozenset(kinds.split()) for name, (kinds, _) in _RULES.items()}
NOT_YET: Final[frozenset[str]] = frozenset()
"""Rules without a second judge."""
TWINS: Final[Mapping[str, str]] = {
    # Rules that never refuse alone, and what always refuses beside them: the later text covers all of the earlier.
    "cn.cba.impersonation.offices": "cn.psa.impersonation.false-identity",
    "cn.cba.impersonation.lender": "cn.psa.impersonation.false-identity",
    "cn.cba.misleading.credit-repair": "cn.repair.credit-repair.not-promised",
}
NEVER_PASSED: Final = frozenset({"cn.pilot.sell.no-resale"})
"""Rules that refuse wherever they are asked."""


def refusals(case: Case, trial: Try) -> frozenset[str]:
    """Return the rules that refuse a try: those of any loan that it names, or of the one that fares best."""
    values = trial.values
    named = values.get("about") or ((values["loan"],) if values.get("loan") else ())
    loans = [loan for loan in case.loans if not named or loan["id"] in named]  # type: ignore[operator]
    found = [_of_loan(View(case, trial, loan)) for loan in loans]
    return frozenset[str]().union(*found) if named else min(found, key=len)


def _of_loan(view: View) -> frozenset[str]:
    return frozenset(
        name for name, refuses in RULES.items() if view.kind in ACTS[name] and _holds(name, view.day) and refuses(view)
    )


def _holds(name: str, day: date) -> bool:
    text = name.rsplit(".", 2)[0]
    since, until = IN_FORCE[text] if text in IN_FORCE else IN_FORCE[name.rsplit(".", 1)[0]]
    return since <= day and (until is None or day < until)
