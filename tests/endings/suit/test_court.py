"""Courts: what is filed, heard, judged and enforced, and what a judgment stands at."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bench.gate_store import ON
from duecourse.endings.deciding import Wanted
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Ending, Who
from duecourse.endings.suit.court import Desk, Filing, Hearing, Judgment, calendar, judgment_facts, simple_interest
from duecourse.endings.suit.packing import Job, pack
from duecourse.kernel.errors import DueCourseError
from duecourse.law.answers import Answers, Facts, Question
from duecourse.law.casefile import Case, Try
from duecourse.store.audit.sealing import seal
from duecourse.store.audit.seals import Seals
from duecourse.store.audit.verify import verify
from duecourse.store.endings import Kind
from tests import package
from tests.day.cases import read as rows
from tests.endings.cases import CLERK
from tests.endings.suit.cases import packed, pay, suit
from tests.house.tree import SOURCE

BOOKS = SOURCE / "law" / "books"
FILING = Filing("(2026)浙0106民初1号", date(2026, 11, 20), 5_226)
JUDGED = Judgment(date(2027, 1, 8), 1_200_000, 22_000, 5_226, date(2027, 1, 23))


def on(who: Who, day: date) -> Who:
    return replace(who, at=who.at + (day - who.on), on=day)


def filed(office: Office, opened: Opened, job: Job, who: Who) -> Ending:
    (one,) = packed(office, opened, job, who, "L1")
    said = Desk(opened, office.law).file(one, FILING, who)
    assert said.is_done, said
    return suit(opened, "L1")


def judged(office: Office, opened: Opened, job: Job, who: Who) -> Ending:
    one = filed(office, opened, job, who)
    Desk(opened, office.law).judge(one, JUDGED, on(who, JUDGED.on))
    return suit(opened, "L1")


def asked(ask: str, *files: str) -> list[tuple[Case, Try]]:
    """Return the tries of China's cases that ask a question about one loan, of which no more is told."""
    return [
        (case, one)
        for file in files
        for case in package.cases(BOOKS / "cn" / file)
        for one in case.tries
        if one.values.get("ask") == ask and not case.people and case.rulebooks == ("cn",)
    ]


def facts_of(case: Case, loan: dict[str, Any]) -> Facts:
    return Facts("CN", str(case.borrower.get("region", "")), "", "Asia/Shanghai", True, "bank",
                 {name: value for name, value in loan.items() if name != "id"})  # fmt: skip


def test_late_interest_is_that_of_the_rulebooks_cases() -> None:
    """Worlds of the rulebook with a judgment in one sum, told as a suit keeps it: the same answers."""
    answers, counted = Answers(package.law()), 0
    for case, one in asked("late_performance_interest", "cn.cases.yaml", "more.cases.yaml", "amounts.cases.yaml"):
        if any(event["event"] not in {"judgment", "payment"} for event in case.history):
            continue
        named = one.values.get("loan", case.loans[0]["id"])
        loan = next(dict(each) for each in case.loans if each["id"] == named)
        events: list[dict[str, Any]] = [dict(each) for each in case.history if each.get("loan", named) == named]
        judgments = [each for each in events if each["event"] == "judgment"]
        plain = {"at", "event", "loan", "amount", "perform_by", "ordinary_interest"}
        if len(judgments) != 1 or "perform_by" not in judgments[0] or any(set(each) - plain for each in events):
            continue
        (found,) = judgments
        if any(each["at"] < found["at"] for each in events):
            continue
        kept = {
            "on": found["at"].date().isoformat(), "debt": found["amount"],
            "interest": found.get("ordinary_interest", 0), "perform_by": found["perform_by"].isoformat(),
        }  # fmt: skip
        paid = [(each["at"].date(), each["amount"]) for each in events if each["event"] == "payment"]
        facts = judgment_facts(facts_of(case, loan), kept, paid)
        (answer,) = answers.of(facts, [Question("late_performance_interest", {"on": one.values["on"]})])
        assert answer.value == one.expect, (case.id, one.line)
        counted += 1
    assert counted >= 8, counted


def test_court_fees_are_those_of_the_rulebooks_cases() -> None:
    answers, fees = Answers(package.law()), asked("court_fee", "cn.cases.yaml", "more.cases.yaml")
    for case, one in fees:
        values = {name: value for name, value in one.values.items() if name not in {"ask", "loan"}}
        (answer,) = answers.of(facts_of(case, dict(case.loans[0])), [Question("court_fee", values)])
        assert answer.value == one.expect, (case.id, one.line)
    assert len(fees) > 40


def test_filed_it_is_an_event_and_its_fee_is_a_cost(office: Office, opened: Opened, who: Who, job: Job) -> None:
    one = filed(office, opened, job, who)
    assert one.state == "filed"
    assert one.details["filing"] == {
        "docket": "(2026)浙0106民初1号", "filed_on": "2026-11-20", "fee": 5_226, "court": "杭州市西湖区人民法院",
    }  # fmt: skip
    assert one.details["costs"] == 5_226
    assert rows(opened.connection, "SELECT kind, loan_id FROM events") == [("sued", "L1")]


def test_a_suit_filed_after_the_last_day_is_refused_with_the_rule_and_stays_packed(
    office: Office, opened: Opened, who: Who, job: Job, desk: Desk
) -> None:
    """12 CFR 1006.26(b); the rulebook's case of a period that ended the day before."""
    told = {"loan.limitation_ends_on": "2026-11-21"}
    (said,) = opened.deciding.decide(Kind.SUIT, [Wanted(2, ("L2",), told=told)], who)
    assert said.is_done, said
    (found,) = pack(office, job, who)
    assert found.is_packed
    one = suit(opened, "L2")
    assert one.details["pack"]["law"]["limitation"]["value"] == "2026-11-21"
    late = on(who, date(2026, 11, 22))
    refused = desk.file(one, Filing("26CV1", date(2026, 11, 22), 22_500), late)
    assert not refused.is_done
    assert "law:us.regf.time-bar.no-suit" in refused.reasons
    assert suit(opened, "L2").state == "packed"
    in_time = desk.file(suit(opened, "L2"), Filing("26CV1", date(2026, 11, 21), 22_500), late)
    assert in_time.is_done, "what counts is the day on which it was filed"


def test_hearings_and_costs_are_kept_with_a_step_and_an_entry_each(
    office: Office, opened: Opened, who: Who, job: Job, desk: Desk
) -> None:
    filed(office, opened, job, who)
    desk.hear(suit(opened, "L1"), Hearing(date(2026, 12, 8), "09:30", "第三法庭"), who)
    desk.hear(suit(opened, "L1"), Hearing(date(2026, 12, 8), "14:00", "第三法庭"), who)
    desk.spend(suit(opened, "L1"), 30_000, "notice in a newspaper", who)
    one = suit(opened, "L1")
    assert one.details["hearings"] == [{"on": "2026-12-08", "at": "14:00", "room": "第三法庭"}]
    assert one.details["costs"] == 5_226 + 30_000
    assert rows(opened.connection, "SELECT count(*) FROM ending_step WHERE state = 'filed'") == [(4,)]
    days = calendar([one], ON)
    assert [(one.on, one.what, one.loan_id, one.docket) for one in days] == [
        (date(2026, 12, 8), "hearing 14:00 第三法庭", "L1", FILING.docket)
    ]
    assert calendar([one], date(2026, 12, 9)) == []
    entries = rows(
        opened.connection, "SELECT kind FROM audit_entry WHERE chain = 1 AND kind LIKE 'suit%%' ORDER BY seq"
    )
    assert [kind for (kind,) in entries] == ["suit.decided", "suit.packed", *["suit.filed"] * 4]
    seals = Seals.of(job.out)
    seals.make_key()
    seal(office.place, seals, who.at)
    assert not verify(office.place, seals).faults


def test_what_a_judgment_stands_at_is_worked_out_by_hand(
    office: Office, opened: Opened, who: Who, job: Job, desk: Desk
) -> None:
    """12,000.00 late from 24 January: 2.10 a day; 6,000.00 on 22 February halves it."""
    one = judged(office, opened, job, who)
    before = desk.standing(one, date(2027, 1, 23))
    assert before
    assert (before.late, before.left) == (0, 1_200_000 + 22_000 + 5_226)
    pay(opened, "L1", 600_000, date(2027, 2, 22))
    stands = desk.standing(one, date(2027, 4, 23))
    assert stands
    # 1,200,000 for the 30 days to 22 February, 600,000 for the 60 days to 23 April, at 0.000175 a day.
    assert stands.late == (1_200_000 * 30 + 600_000 * 60) * 175 // 1_000_000  # exact: 12,600
    assert stands.late == 12_600
    assert stands.left == 1_200_000 + 22_000 + 5_226 + 12_600 - 600_000
    assert stands.by_rule == "cn.procedure.enforcement-interest.daily"


def test_it_is_paid_only_when_nothing_is_left(office: Office, opened: Opened, who: Who, job: Job, desk: Desk) -> None:
    one = judged(office, opened, job, who)
    later = on(who, date(2027, 1, 20))
    with pytest.raises(DueCourseError, match="1227226 of the judgment is left"):
        desk.end(one, "paid", "paid in full", later)
    pay(opened, "L1", 1_227_226, date(2027, 1, 20))
    desk.end(one, "paid", "paid in full", later)
    assert suit(opened, "L1").state == "paid"


def test_each_outcome_of_enforcement_is_a_step(office: Office, opened: Opened, who: Who, job: Job, desk: Desk) -> None:
    judged(office, opened, job, who)
    later = on(who, date(2027, 2, 1))
    for outcome, amount in (("asked for", 0), ("wages seized", 100_000), ("no assets", 0)):
        desk.enforce(suit(opened, "L1"), outcome, amount, later)
    one = suit(opened, "L1")
    assert [step["outcome"] for step in one.details["enforcement"]] == ["asked for", "wages seized", "no assets"]
    desk.end(one, "fruitless", "the court closed the enforcement for now", later)
    assert suit(opened, "L1").state == "fruitless"


def test_interest_at_the_judgments_own_rate_takes_a_payment_for_interest_first() -> None:
    """10,000.00 at 10 % for 73 days is 200.00; 1,200.00 pays it and 1,000.00 of the debt; 73 more days are 180.00."""
    begins = date(2027, 1, 1)
    judgment = {"on": "2027-01-01", "debt": 1_000_000, "interest": 0, "costs": 0, "interest_ppm_year": 100_000}
    paid = [(begins + timedelta(days=73), 120_000)]
    assert simple_interest(judgment, [], begins + timedelta(days=73)) == 20_000
    assert simple_interest(judgment, paid, begins + timedelta(days=146)) == 20_000 + 18_000
    assert simple_interest(judgment, paid, begins) == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"debt": -1}, "no amount below nothing"),
        ({"perform_by": date(2027, 1, 7)}, "not performed before it"),
    ],
)
def test_a_judgment_that_no_court_gives_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(DueCourseError, match=says):
        replace(JUDGED, **change)


def test_what_does_not_follow_is_refused_in_one_line(
    office: Office, opened: Opened, who: Who, job: Job, desk: Desk
) -> None:
    with pytest.raises(DueCourseError, match="loan L1 has no suit"):
        desk.find("L1")
    (one,) = packed(office, opened, job, who, "L1")
    with pytest.raises(DueCourseError, match="hearings are of those filed"):
        desk.hear(one, Hearing(ON, "09:00", "-"), who)
    with pytest.raises(DueCourseError, match="has not come"):
        desk.file(one, replace(FILING, filed_on=ON + timedelta(days=1)), who)
    with pytest.raises(DueCourseError, match="no active user who may decide this"):
        desk.file(one, FILING, replace(who, by=CLERK))
    with pytest.raises(DueCourseError, match="is packed, not to be made judged"):
        desk.judge(one, JUDGED, on(who, JUDGED.on))
    filed_one = desk.file(one, FILING, who)
    assert filed_one.is_done
    with pytest.raises(DueCourseError, match="is older than its suit"):
        desk.judge(suit(opened, "L1"), replace(JUDGED, on=date(2026, 11, 19)), who)
