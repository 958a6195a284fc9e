"""The default strategy as tables: who stands where, what is done first, and what is never done.

Every expected stage and act is read off the process that the design describes, not off a run.
"""
# ruff: noqa: E501 - a table reads better with one borrower a line

from collections.abc import Mapping

import pytest

from duecourse.book.schema import HOLD_KINDS
from duecourse.strategy.decide import blocked, ranked, required, standing, with_formulas
from duecourse.strategy.models import Strategy
from duecourse.strategy.words import ADVERSE_ACTS
from tests.strategy.conftest import borrower, late

Facts = Mapping[str, object]
_LETTER = {
    "contacts_in_spell": 8,
    "contacts_unanswered": 4,
    "days_since_letter": 10,
    "days_since_contact": 10,
}


def stage(strategy: Strategy, facts: Facts) -> str | None:
    return standing(strategy, with_formulas(strategy, facts)).stage


def acts(strategy: Strategy, facts: Facts, arm: str = "champion") -> list[str]:
    """Return the names of the possible treatments, best first; required notices after a plus sign, first."""
    known = with_formulas(strategy, facts)
    where = standing(strategy, known)
    rung = next(rung for rung in strategy.ladder if rung.stage == where.stage)
    notices = [f"+{one.name}" for one in required(rung, known, where.quiet, arm)]
    return notices + [one.name for one in ranked(rung, known, where.quiet, arm)]


def test_every_rung_is_named_in_order(default: Strategy) -> None:
    assert [rung.stage for rung in default.ladder] == [
        "reward", "residual", "due_soon", "reminder", "persistent", "letter", "adverse_notice", "credit_report",
        "listing", "visit", "fork",
    ]  # fmt: skip


# Days past due against contacts made so far, none answered, no letter and no notice yet.
STAGES = """
days      0            1            3            6
1         reminder     reminder     reminder     reminder
4         reminder     reminder     reminder     reminder
5         reminder     reminder     persistent   persistent
14        reminder     reminder     persistent   persistent
15        persistent   persistent   persistent   persistent
20        persistent   persistent   persistent   letter
29        persistent   persistent   persistent   letter
30        letter       letter       letter       letter
59        letter       letter       letter       letter
60        adverse_notice adverse_notice adverse_notice adverse_notice
90        adverse_notice adverse_notice adverse_notice adverse_notice
400       adverse_notice adverse_notice adverse_notice adverse_notice
"""  # without a notice nothing goes beyond the notice, however old the debt is


def _table() -> list[tuple[int, int, str]]:
    head, *rows = [line.split() for line in STAGES.strip().splitlines()]
    return [(int(row[0]), int(made), cell) for row in rows for made, cell in zip(head[1:], row[1:], strict=True)]


@pytest.mark.parametrize(("days", "made", "expected"), _table())
def test_stage_by_days_and_contacts(default: Strategy, days: int, made: int, expected: str) -> None:
    assert stage(default, late(days, contacts_in_spell=made, contacts_unanswered=made)) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        # before anything is overdue
        (borrower(), None),
        (borrower(days_to_next_due=3, next_due_amount=1000), "due_soon"),
        (borrower(days_to_next_due=1, next_due_amount=1000), "due_soon"),
        (borrower(days_to_next_due=0, next_due_amount=1000), None),
        (borrower(days_to_next_due=4, next_due_amount=1000), None),
        (borrower(days_to_next_due=3, next_due_amount=0), None),
        (borrower(days_to_next_due=3, next_due_amount=1000, deceased=True), None),
        (borrower(on_time_in_a_row=6), "reward"),
        (borrower(on_time_in_a_row=5), None),
        (borrower(on_time_in_a_row=6, residual_amount=1), "residual"),
        (borrower(on_time_in_a_row=6, written_off=True), None),
        (borrower(on_time_in_a_row=6, days_to_next_due=2, next_due_amount=1000), "due_soon"),
        (borrower(residual_amount=900), "residual"),
        # in the days of grace: overdue, not yet delinquent
        (late(2, delinquent_days=0), None),
        # the notice: by age, or sooner after a letter about these arrears
        (late(45, days_since_letter=10), "adverse_notice"),
        (late(44, days_since_letter=10), "letter"),
        (late(50, days_since_letter=51), "letter"),
        # the report: thirty full days after the notice, and the notice was for these arrears
        (late(80, days_since_adverse_notice=29), "adverse_notice"),
        (late(80, days_since_adverse_notice=30), "credit_report"),
        (late(80, days_since_adverse_notice=80), "credit_report"),
        (late(80, days_since_adverse_notice=81), "adverse_notice"),
        (late(59, days_since_adverse_notice=30, days_since_letter=30), "adverse_notice"),
        # the list: large, reported, and not yet listed for these arrears
        (late(90, overdue_at_least_large=True, days_since_adverse_notice=50, days_since_furnished=20), "listing"),
        (late(89, overdue_at_least_large=True, days_since_adverse_notice=50, days_since_furnished=20), "credit_report"),
        (late(90, overdue_at_least_large=True, days_since_adverse_notice=50), "credit_report"),
        (late(90, overdue_at_least_large=True, days_since_adverse_notice=50, days_since_furnished=20,
              days_since_listed=3), "credit_report"),
        (late(90, overdue_at_least_large=True, days_since_adverse_notice=50, days_since_furnished=20,
              days_since_listed=91), "listing"),
        # the visit: large, and five contacts without answer
        (late(100, overdue_at_least_large=True, contacts_unanswered=5), "visit"),
        (late(100, overdue_at_least_large=True, contacts_unanswered=4), "adverse_notice"),
        (late(100, contacts_unanswered=5), "adverse_notice"),
        (late(99, overdue_at_least_large=True, contacts_unanswered=5), "adverse_notice"),
        (late(100, overdue_at_least_large=True, contacts_unanswered=5, days_since_visit=29), "adverse_notice"),
        (late(100, overdue_at_least_large=True, contacts_unanswered=5, days_since_visit=30), "visit"),
        # the fork: old, contacted, and written to
        (late(150, contacts_in_spell=6, days_since_letter=100), "fork"),
        (late(149, contacts_in_spell=6, days_since_letter=100), "adverse_notice"),
        (late(150, contacts_in_spell=5, days_since_letter=100), "adverse_notice"),
        (late(150, contacts_in_spell=6), "adverse_notice"),
        (late(150, contacts_in_spell=6, days_since_letter=151), "adverse_notice"),
    ],
)  # fmt: skip
def test_stage_by_history(default: Strategy, facts: Facts, expected: str | None) -> None:
    assert stage(default, facts) == expected


@pytest.mark.parametrize(
    ("facts", "expected", "because", "quiet"),
    [
        ({}, "letter", (), ()),
        ({"days_since_payment": 5}, "persistent", ("part_payment",), ()),
        ({"days_since_payment": 2}, "persistent", ("part_payment",), ("fresh_payment",)),
        ({"days_since_payment": 11}, "letter", (), ()),
        ({"promises_open": 1}, "persistent", ("open_promise",), ("open_promise",)),
        ({"promises_open": 1, "promises_broken": 3}, "letter", (), ()),
        ({"arrangement_active": True}, "reminder", ("kept_plan",), ("kept_plan",)),
        ({"arrangement_active": True, "arrangement_broken": True}, "letter", (), ()),
        # the largest step counts, they do not add up
        ({"arrangement_active": True, "promises_open": 1}, "reminder", ("open_promise", "kept_plan"),
         ("open_promise", "kept_plan")),
    ],
)  # fmt: skip
def test_stepping_back(
    default: Strategy,
    facts: dict[str, object],
    expected: str,
    because: tuple[str, ...],
    quiet: tuple[str, ...],
) -> None:
    found = standing(default, with_formulas(default, late(35, **facts)))
    assert (found.stage, found.stepped_back, found.quiet) == (expected, because, quiet)


def test_stepping_back_ends_at_the_lowest_rung_that_holds(default: Strategy) -> None:
    # a day-one borrower on a kept plan stays a reminder case, and is not told that an instalment is due soon
    facts = late(1, arrangement_active=True, days_to_next_due=2, next_due_amount=1000)
    assert stage(default, facts) == "reminder"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        # day one: an SMS, and the others only after a first contact
        (late(1), ["reminder_sms"]),
        # two days later the SMS may not be repeated: a call
        (late(3, contacts_in_spell=1, days_since_contact=2, days_since_sms=2), ["reminder_call", "reminder_email"]),
        (late(2, contacts_in_spell=1, days_since_contact=1, days_since_sms=1), []),
        # two SMS in one spell are enough for a reminder
        (late(4, sms_in_spell=1), ["reminder_sms"]),
        (late(4, sms_in_spell=2), []),
        # persistent: the channel unused for longest goes first
        (late(6, contacts_in_spell=2, days_since_contact=3, days_since_call=3, days_since_sms=5),
         ["persistent_email", "persistent_sms", "persistent_call"]),
        (late(12, contacts_in_spell=4, days_since_contact=4, days_since_email=4, days_since_sms=9, days_since_call=7),
         ["persistent_sms", "persistent_call", "persistent_email"]),
        # growing gaps: 2 + half the contacts, at most 7
        (late(12, contacts_in_spell=4, days_since_contact=3, days_since_email=3), []),
        (late(19, contacts_in_spell=30, days_since_contact=6, days_since_email=6), []),
        (late(19, contacts_in_spell=30, days_since_contact=7, days_since_email=7),
         ["persistent_sms", "persistent_call", "persistent_email"]),
        # a letter first, then weekly contact
        (late(30, contacts_in_spell=8, days_since_contact=6), ["demand_letter", "letter_call", "letter_email"]),
        (late(35, **_LETTER), ["letter_call", "letter_email"]),
        # the notice is given beside the main act, once for these arrears, whatever the gap of the rung
        (late(60, days_since_contact=1), ["+adverse_notice_letter"]),
        (late(60, days_since_adverse_notice=10, days_since_contact=10), ["adverse_notice_call", "adverse_notice_email"]),
        (late(60, days_since_adverse_notice=200, days_since_contact=1), ["+adverse_notice_letter"]),
        # reported at once, then monthly
        (late(80, days_since_adverse_notice=30, days_since_contact=1), ["credit_report"]),
        (late(80, days_since_adverse_notice=40, days_since_furnished=27, days_since_contact=1), []),
        (late(80, days_since_adverse_notice=40, days_since_furnished=28, days_since_contact=1), ["credit_report"]),
        (borrower(on_time_in_a_row=6), ["reward_clean_record"]),
        (borrower(on_time_in_a_row=6, days_since_reward=179), []),
        (borrower(days_to_next_due=3, next_due_amount=1000), ["due_soon_sms", "due_soon_email"]),
        (borrower(days_to_next_due=2, next_due_amount=1000, days_since_contact=1), []),
    ],
)  # fmt: skip
def test_acts(default: Strategy, facts: Facts, expected: list[str]) -> None:
    assert acts(default, facts) == expected


_SEEN = {"overdue_at_least_large": True, "contacts_unanswered": 5}
_LISTED = {"overdue_at_least_large": True, "days_since_furnished": 90}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (late(20, contacts_unanswered=4), "letter"),
        (late(20, contacts_unanswered=3), "persistent"),
        (late(45, days_since_letter=45), "adverse_notice"),
        (late(60, days_since_adverse_notice=30), "credit_report"),
        (late(90, days_since_adverse_notice=30, **_LISTED), "listing"),
        (late(90, days_since_adverse_notice=90, **_LISTED), "listing"),
        (late(90, days_since_adverse_notice=29, **_LISTED), "adverse_notice"),
        (late(90, days_since_adverse_notice=91, **_LISTED), "adverse_notice"),
        (late(90, days_since_adverse_notice=30, days_since_listed=90, **_LISTED), "credit_report"),
        (late(150, contacts_in_spell=6, days_since_letter=150), "fork"),
        (late(1, arrangement_active=True, delinquent_days=35), "reminder"),
    ],
)
def test_stage_on_the_very_day(default: Strategy, facts: Facts, expected: str) -> None:
    assert stage(default, facts) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        # a visit once in thirty days, three in all, and five days after any contact
        (late(100, days_since_contact=5, **_SEEN), ["visit", "visit_call", "visit_email"]),
        (late(100, days_since_contact=4, **_SEEN), []),
        (late(100, days_since_contact=30, days_since_visit=30, visit_in_spell=2, **_SEEN), ["visit", "visit_call", "visit_email"]),
        (late(100, days_since_contact=30, days_since_visit=30, visit_in_spell=3, **_SEEN), ["visit_call", "visit_email"]),
        # the report beside it needs its notice, thirty days old and for these arrears
        (late(100, days_since_contact=1, days_since_adverse_notice=29, **_SEEN), []),
        (late(100, days_since_contact=1, days_since_adverse_notice=30, **_SEEN), ["visit_credit_report"]),
        (late(100, days_since_contact=1, days_since_adverse_notice=100, **_SEEN), ["visit_credit_report"]),
        (late(100, days_since_contact=1, days_since_adverse_notice=101, **_SEEN), []),
        # one listing, then the monthly report
        (late(95, days_since_contact=1, days_since_adverse_notice=40, **{**_LISTED, "days_since_furnished": 28}),
         ["listing", "listing_credit_report"]),
        (late(95, days_since_contact=1, days_since_adverse_notice=40, **{**_LISTED, "days_since_furnished": 27}), ["listing"]),
        # a letter a month, a call in ten days, an e-mail a week
        (late(40, days_since_letter=30, days_since_call=9, days_since_email=6, days_since_contact=5), ["demand_letter"]),
        (late(40, days_since_letter=29, days_since_call=10, days_since_email=6, days_since_contact=5), ["letter_call"]),
        (late(40, days_since_letter=29, days_since_call=9, days_since_email=7, days_since_contact=5), ["letter_email"]),
        (borrower(on_time_in_a_row=6, days_since_reward=180), ["reward_clean_record"]),
        (borrower(residual_amount=900, overdue_at_least_floor=True, days_since_contact=29), []),
        (borrower(residual_amount=900, overdue_at_least_floor=True, days_since_contact=30), ["residual_email", "residual_sms"]),
        (borrower(residual_amount=900), []),  # below the floor
    ],
)  # fmt: skip
def test_acts_on_the_very_day(default: Strategy, facts: Facts, expected: list[str]) -> None:
    assert acts(default, facts) == expected


def test_the_challenger_writes_an_email_first(default: Strategy) -> None:
    assert acts(default, late(1), "challenger") == ["reminder_email_first", "reminder_sms"]


def fork(**known: object) -> dict[str, object]:
    """Return a borrower at the fork who owes 5,000.00, reported, last contacted eight days ago.

    What each way is worth is said here: what it comes to is the fork's own matter. A suit is worth something only to
    large debts, a sale only to those of 300 days.
    """
    days, is_large = known.pop("days_past_due", 200), known.get("overdue_at_least_large")
    old = isinstance(days, int) and days >= 300
    facts = {
        "contacts_in_spell": 20, "contacts_unanswered": 3, "days_since_contact": 8, "days_since_call": 8,
        "days_since_email": 8, "days_since_letter": 90, "days_since_adverse_notice": 90, "days_since_furnished": 5,
        "owed_amount": 500_000, "collect_value": 15_000 if old else 65_000, "settle_value": 115_000,
        "agency_value": None, "sue_value": 79_000 if is_large else None, "sell_value": 30_000 if old else None,
    }  # fmt: skip
    return late(days, **{**facts, **known})  # type: ignore[arg-type]


_OFFERED = {"days_since_settlement_offer": 31}
_NOTIFIED = {**_OFFERED, "days_since_settlement_offer": 50, "days_since_suit_notice": 14}
_LARGE = {"overdue_at_least_large": True}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        # first an offer: 115,000 against 65,000 for going on
        (fork(), ["settlement_offer", "keep_letter"]),
        # small, offer made: go on; calls and e-mails fortnightly
        (fork(**_OFFERED, days_since_call=14), ["keep_call", "keep_letter"]),
        # large, offer not taken for 30 days: the notice of suit, beside what goes on
        (fork(**_OFFERED, **_LARGE), ["+suit_notice", "keep_letter"]),
        (fork(days_since_settlement_offer=29, **_LARGE), ["keep_letter"]),
        # fourteen days after that notice, and not a day before: the suit, worth 79,000 against 65,000
        (fork(**_NOTIFIED, **_LARGE), ["sue", "keep_letter"]),
        (fork(**{**_NOTIFIED, "days_since_suit_notice": 13}, **_LARGE), ["keep_letter"]),
        (fork(**{**_NOTIFIED, "days_since_suit_notice": 121, "days_since_settlement_offer": 40}, **_LARGE),
         ["+suit_notice", "keep_letter"]),
        (fork(**_NOTIFIED), ["keep_letter"]),  # not large: no suit
        # old: going on is worth 15,000, a sale 30,000
        (fork(**_OFFERED, days_past_due=400), ["sell", "keep_letter"]),
        (fork(days_past_due=400, days_since_settlement_offer=29), ["keep_letter"]),
        (fork(**_OFFERED, days_past_due=400, **_LARGE), ["+suit_notice", "keep_letter"]),  # large: sue rather than sell
        (fork(**_OFFERED, days_past_due=299), ["keep_letter"]),
        # offers: sixty days apart, three in all
        (fork(days_since_settlement_offer=59), ["keep_letter"]),
        (fork(days_since_settlement_offer=60), ["settlement_offer", "keep_letter"]),
        (fork(days_since_settlement_offer=60, settle_in_spell=3), ["keep_letter"]),
        (fork(days_since_settlement_offer=30, **_LARGE), ["+suit_notice", "keep_letter"]),
        (fork(days_past_due=400, days_since_settlement_offer=30), ["sell", "keep_letter"]),
        # nothing that cannot be undone merely because all else has to wait
        (fork(**_OFFERED, days_past_due=310, days_since_letter=3, collect_value=37_500), []),
        # the monthly report goes out when nothing better is possible
        (fork(**_OFFERED, days_since_letter=3, days_since_furnished=28), ["keep_credit_report"]),
        # in court, or sold: nothing more
        (fork(**_NOTIFIED, **_LARGE, days_since_sued=20), []),
        (fork(days_past_due=420, days_since_sold=20, **_OFFERED), []),
    ],
)  # fmt: skip
def test_the_fork(default: Strategy, facts: Facts, expected: list[str]) -> None:
    assert acts(default, facts) == expected


@pytest.mark.parametrize(
    "facts",
    [
        {"overdue_at_least_floor": False},
        {"overdue_at_least_floor": None},  # a currency without a floor
        {"promises_open": 1},
        {"arrangement_active": True},
        {"deceased": True},
        {"days_since_sold": 3},
        {"days_since_sued": 3},
        {"days_since_payment": 0},
    ],
)
def test_nothing_is_demanded_and_nothing_adverse_done(default: Strategy, facts: dict[str, object]) -> None:
    known = with_formulas(default, fork(**_NOTIFIED, **_LARGE) | facts)
    quiet = standing(default, known).quiet
    pressing = [one for one in default.treatments if one.presses]
    assert len(pressing) > 20
    for treatment in pressing:
        assert blocked(treatment, known, quiet, "champion"), treatment.name


def test_what_asks_for_money_says_so(default: Strategy) -> None:
    collecting = [one for one in default.treatments if one.act in {"contact", "settle"} and one.purpose != "servicing"]
    assert {one.name for one in collecting if not one.demands} == set()


def test_adverse_acts_stand_only_on_rungs_behind_the_notice(default: Strategy) -> None:
    notice = [rung.stage for rung in default.ladder].index("adverse_notice")
    for rung in default.ladder[: notice + 1]:
        assert not [one.name for one in rung.treatments if one.act in ADVERSE_ACTS]


def test_no_report_and_no_listing_without_notice_on_any_rung(default: Strategy) -> None:
    for notice in (None, 29, 201):  # never; a day short; for earlier arrears
        known = with_formulas(default, fork(**_LARGE, days_since_adverse_notice=notice, days_since_furnished=40))
        where = standing(default, known)
        assert where.stage == "fork"
        assert not [name for name in acts(default, known) if "credit_report" in name or "listing" in name]
        assert "credit_report" not in where.reached
        assert "listing" not in where.reached


def test_required_notices_are_the_two_that_precede_harm(default: Strategy) -> None:
    assert {one.notice for one in default.treatments if one.required} == {"adverse_notice", "suit_notice"}


def test_every_hold_of_the_schema_is_answered(default: Strategy) -> None:
    assert default.holds.keys() == set(HOLD_KINDS)
    for kind in ("dispute", "bankruptcy", "bereavement", "moratorium"):
        assert {"contact", *ADVERSE_ACTS} <= set(default.holds[kind])


def test_every_currency_has_both_levels(default: Strategy) -> None:
    floor, large = default.levels["floor"], default.levels["large"]
    assert floor.keys() == large.keys()
    assert {"USD", "EUR", "GBP", "CNY", "INR", "KES", "MXN", "PHP", "IDR", "NGN"} <= floor.keys()
    assert all(0 < floor[currency] < large[currency] for currency in floor)


def test_the_buckets_are_those_that_the_run_reports(default: Strategy) -> None:
    assert [(one.name, one.first_day, one.last_day) for one in default.buckets.ranges] == [
        ("1-29", 1, 29), ("30-59", 30, 59), ("60-89", 60, 89), ("90+", 90, None),
    ]  # fmt: skip
