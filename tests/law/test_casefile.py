"""Case files: what is read, typed how, and that every damage is refused with its line."""

import os
import re
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.kernel.errors import DueCourseError
from duecourse.law import casefile
from duecourse.law.case_values import known_zone, ppm
from duecourse.law.casefile import Case, Try, read_cases
from tests.law.cases import BASE, SHORT, base_with

_SHELF = os.environ.get("DUECOURSE_SHELF")


def _read(folder: Path, text: str, *, expects: bool = True, topics: tuple[str, ...] = ()) -> tuple[Case, ...]:
    path = folder / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return read_cases(path, expects=expects, topics=topics)


def _one(folder: Path, text: str, *, expects: bool = True) -> Case:
    (case,) = _read(folder, text, expects=expects)
    return case


def _try(folder: Path, line: str) -> Try:
    return _one(folder, SHORT + f"    - {line}\n").tries[0]


# --- what is read --------------------------------------------------------------------------------------------


def test_a_case_is_read_whole(tmp_path: Path) -> None:
    case = _one(tmp_path, BASE)
    assert (case.id, case.cite, case.origin, case.rulebooks) == (
        "us-a-01",
        "12 CFR 1006.14",
        "official",
        ("us", "us-ma"),
    )
    assert (case.topic, case.says, case.why, case.reading) == ("hours", "too early", "07:59 is before 08:00.", "ours")
    assert case.collector == {"id": "C1", "role": "debt_collector", "watches_bounces": False}
    assert case.borrower == {
        "country": "US",
        "region": "US-MA",
        "zones": ("America/New_York", "America/Chicago"),
        "age": 34,
        "numbers": ({"id": "m1", "line": "mobile", "shared_with": ("pat",)},),
        "emails": ({"id": "e1", "domain": "company", "employer_given": "unknown"},),
    }
    assert case.people == ({"id": "pat", "relation": "spouse", "named_on": date(2025, 3, 10)},)
    assert case.firms == ({"id": "AG1", "role": "agency"},)
    assert case.loans[0] == {
        "id": "A",
        "product": "credit_card",
        "opened_on": date(2025, 1, 5),
        "principal": 1_000_000,
        "rate": 245_000,
        "penalty_per_day": 500,
        "instalments_due": ("2026-02-04", "2026-03-05"),
        "fees_in_contract": ({"item": "late_fee", "amount": 1500},),
    }
    assert case.loans[1] == {"id": "B", "overdue_rate": "unclear"}
    assert case.calendar == {"holidays": (date(2026, 10, 1),), "workdays": ()}
    assert (case.file, case.line) == (str(tmp_path / "c.yaml"), 2)


def test_events_and_tries_are_typed(tmp_path: Path) -> None:
    case = _one(tmp_path, BASE)
    contact, consent, order = case.history
    assert contact["at"] == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # ten in New York
    assert contact["about"] == ("A",)
    assert contact["content"] == ("debt_details",)
    assert consent["at"] == datetime(2026, 3, 3, 17, 0, tzinfo=UTC)  # a bare day is noon
    assert consent["hours"] == (22 * 60, 24 * 60)
    assert order["until"] == datetime(2026, 4, 16, 3, 59, 59, tzinfo=UTC)  # the last second of 15 April
    first, second, third = case.tries
    assert first.values["at"] == datetime(2026, 3, 10, 11, 59, tzinfo=UTC)
    assert (first.expect, first.rule, first.origin, first.line) == ("refused", "hours", "text", 55)
    assert (second.expect, second.rule, second.origin, second.line) == (date(2029, 3, 1), None, "official", 65)
    assert third.expect == {"A": 0, "B": 1000}
    assert third.values["owed"] == {"A": 100, "principal": 5}
    assert "expect" not in {key for each in case.tries for key in each.values}
    with pytest.raises(FrozenInstanceError):
        case.id = "other"  # type: ignore[misc]


def test_values_are_plain(tmp_path: Path) -> None:
    def plain(value: object) -> bool:
        if isinstance(value, tuple):
            return all(plain(entry) for entry in value)
        if isinstance(value, dict):
            return all(type(key) is str and plain(entry) for key, entry in value.items())
        return type(value) in {str, int, bool, date, datetime, Decimal}

    case = _one(tmp_path, BASE)
    rows = (case.collector, case.borrower, *case.people, *case.firms, *case.loans, *case.history)
    assert all(plain(row) for row in (*rows, *(each.values for each in case.tries)))


def test_silence_is_not_filled_in(tmp_path: Path) -> None:
    case = _one(tmp_path, SHORT + "    - {at: 2026-03-10T10:00, act: sue, expect: permitted}\n")
    assert case.loans == ({"id": "A", "product": "online_consumer_loan"},)
    assert case.collector == {"role": "debt_collector"}
    assert (case.people, case.firms, case.history, case.calendar, case.reading) == ((), (), (), {}, None)
    assert set(case.tries[0].values) == {"at", "act"}


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-10T10:00", datetime(2026, 3, 10, 14, tzinfo=UTC)),
        ("2026-03-10T10:00:30", datetime(2026, 3, 10, 14, 0, 30, tzinfo=UTC)),
        ("2026-03-10T10:00Z", datetime(2026, 3, 10, 10, tzinfo=UTC)),
        ("2026-03-10T10:00+08:00", datetime(2026, 3, 10, 2, tzinfo=UTC)),
        ("2026-03-10T10:00, at_zone: Asia/Shanghai", datetime(2026, 3, 10, 2, tzinfo=UTC)),
        ("2026-03-10T10:00Z, at_zone: Asia/Shanghai", datetime(2026, 3, 10, 10, tzinfo=UTC)),
        ("2026-03-10, at_zone: Asia/Shanghai", datetime(2026, 3, 10, 4, tzinfo=UTC)),
        ("2026-03-10", datetime(2026, 3, 10, 16, tzinfo=UTC)),
        ('"2026-03-10"', datetime(2026, 3, 10, 16, tzinfo=UTC)),
        ("2026-01-10", datetime(2026, 1, 10, 17, tzinfo=UTC)),  # winter time
        ("2026-11-01T01:30", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),  # stands twice on the clock: the first
    ],
)
def test_a_moment_is_local_unless_it_says_otherwise(tmp_path: Path, at: str, expected: datetime) -> None:
    assert _try(tmp_path, f"{{at: {at}, act: sue, expect: permitted}}").values["at"] == expected


def test_other_moments_of_a_row_are_told_in_its_zone(tmp_path: Path) -> None:
    told = "at: 2026-03-10T10:00, at_zone: Asia/Shanghai, sent_at: 2026-03-10T09:00"
    tried = _try(tmp_path, f"{{{told}, act: contact, channel: sms, with: borrower, about: [A], expect: permitted}}")
    assert tried.values["sent_at"] == datetime(2026, 3, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ask", "expect", "expected"),
    [
        ("limitation_ends", "2029-03-01", date(2029, 3, 1)),
        ("limitation_ends", "none", "none"),
        ("rate_cap", "24.00", 240_000),
        ("rate_cap", "36", 360_000),
        ("rate_cap", "none", "none"),
        ("apr", "8.97", 89_700),
        ("highest_lawful_charge", "1500", 1500),
        ("court_fee", "0", 0),
        ("refund_due", "none", "none"),
        ("leak_defence", "true", True),
        ("owed_reply", "none", "none"),
        ("court_track", "small_claims", "small_claims"),
        ("allocation", "{costs: 5, interest: 0}", {"costs": 5, "interest": 0}),
    ],
)
def test_answers_are_typed_by_their_question(tmp_path: Path, ask: str, expect: str, expected: object) -> None:
    found = _try(tmp_path, f"{{ask: {ask}, loan: A, expect: {expect}}}").expect
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("event", "key", "expected"),
    [
        ("court_order, says: stay_extended", "says", ("stay_extended",)),
        ("court_order, says: [stay_extended, other]", "says", ("stay_extended", "other")),
        ("location_confirmed, phone: true", "phone", True),
        ("location_confirmed, phone: m1", "phone", "m1"),
        ("location_confirmed, address: true", "address", True),
        ("consent, only_convenient_time: true", "only_convenient_time", True),
        ('consent, only_convenient_time: ["21:00", "22:00:00"]', "only_convenient_time", (1260, 1320)),
        ("listed, term: 3", "term", 3),
        ("payment, amount: 500, allocated: {fee: 500}", "allocated", {"fee": 500}),
        ("contact_optout, by: own", "by", "own"),
        ("assigned, to: X1, by: X1", "to", "X1"),
    ],
)
def test_values_of_more_than_one_kind(tmp_path: Path, event: str, key: str, expected: object) -> None:
    history = f"  history:\n    - {{at: 2026-03-01, event: {event}}}\n"
    text = SHORT.replace("  tries:\n", f"{history}  tries:\n")
    case = _one(tmp_path, text + "    - {at: 2026-03-10, act: sue, expect: permitted}\n")
    assert case.history[0][key] == expected


def test_an_event_may_be_later_than_a_try(tmp_path: Path) -> None:
    text = SHORT.replace("  tries:\n", "  history: [{at: 2026-05-01, event: sued, loan: A}]\n  tries:\n")
    assert len(_one(tmp_path, text + "    - {at: 2026-03-10, act: sue, expect: permitted}\n").history) == 1


def test_a_rule_may_be_a_topic_that_is_known_elsewhere(tmp_path: Path) -> None:
    text = SHORT + "    - {at: 2026-03-10, act: sue, expect: refused, rule: time-barred}\n"
    (case,) = _read(tmp_path, text, topics=("time-barred",))
    assert case.tries[0].rule == "time-barred"


def test_an_example_may_be_one_or_several(tmp_path: Path) -> None:
    for told in ("FREQ-01", "[FREQ-01, FREQ-02]"):
        text = SHORT.replace("  topic: hours\n", f"  topic: hours\n  example: {told}\n")
        assert _one(tmp_path, text + "    - {at: 2026-03-10, act: sue, expect: permitted}\n").id == "s-01"


_PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "cases.md"


def test_the_examples_of_the_page_are_read(tmp_path: Path) -> None:
    worked, what_if = re.findall(r"```yaml\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert [each.expect for each in _one(tmp_path, worked).tries] == [
        "presumed_violation",
        "presumed_lawful",
        date(2026, 3, 9),
    ]
    assert _one(tmp_path, what_if, expects=False).tries[0].expect is None


# --- what-ifs ------------------------------------------------------------------------------------------------

_WHAT_IF = """\
rulebooks: [us]
collector: {role: debt_collector}
borrower: {country: US, zones: [UTC]}
tries:
  - {at: 2026-03-10T10:00, act: sue}
  - {at: 2026-03-10T10:00, act: sell, expect: permitted}
  - {ask: rate_cap}
"""


def test_a_what_if_says_little(tmp_path: Path) -> None:
    case = _one(tmp_path, _WHAT_IF, expects=False)
    assert (case.id, case.cite, case.origin, case.topic, case.says) == ("case-1", "", "memory", "what-if", "")
    assert [each.expect for each in case.tries] == [None, "permitted", None]
    assert {each.origin for each in case.tries} == {"memory"}
    assert case.line == 1


def test_what_ifs_may_be_a_list_too(tmp_path: Path) -> None:
    text = "".join("- " + _WHAT_IF.replace("\n", "\n  ").rstrip() + "\n" for _ in range(2))
    assert [case.id for case in _read(tmp_path, text, expects=False)] == ["case-1", "case-2"]


@pytest.mark.parametrize(
    ("old", "new", "line", "part"),
    [
        ("rulebooks: [us]\n", "", 1, "a case needs 'rulebooks'"),
        ("act: sue", "act: suee", 5, "unknown word 'suee'; did you mean 'sue'?"),
        ("expect: permitted", "expect: allowed", 6, "expect: unknown word 'allowed'; known: permitted"),
        ("sell, expect: permitted", "sell, rule: hours", 6, "only a refused try names its rule"),
        ("sell, expect: permitted", "sue", 6, "the same try stands on line 5"),
    ],
)
def test_a_what_if_is_read_as_strictly(tmp_path: Path, old: str, new: str, line: int, part: str) -> None:
    with pytest.raises(DueCourseError) as caught:
        _read(tmp_path, _WHAT_IF.replace(old, new), expects=False)
    assert str(caught.value).startswith(f"{tmp_path}/c.yaml:{line}: ")
    assert part in str(caught.value)


def test_a_worked_case_does_not_stand_alone(tmp_path: Path) -> None:
    with pytest.raises(DueCourseError, match=r"c\.yaml:1: a file holds a list of cases"):
        _read(tmp_path, _WHAT_IF)


# --- what is refused -----------------------------------------------------------------------------------------

# What stands in BASE, what stands there instead, the line of the fault, and a part of what is said.
_DAMAGE = [
    # keys
    ("  topic: hours", "  topik: hours", 6, "a case has no key 'topik'; did you mean 'topic'?"),
    ("    watches_bounces: false", "    watches_bounce: false", 13, "collector has no key 'watches_bounce'"),
    ("    age: 34", "    aged: 34", 20, "borrower has no key 'aged'; did you mean 'age'?"),
    ("line: mobile", "lime: mobile", 22, "an entry of numbers has no key 'lime'; did you mean 'line'?"),
    ("domain: company", "domian: company", 23, "an entry of emails has no key 'domian'"),
    ("named_on:", "name_on:", 25, "an entry of people has no key 'name_on'; did you mean 'named_on'?"),
    ("    - {id: AG1, role: agency}", "    - {id: AG1, role: agency, rolle: x}", 27,
     "an entry of firms has no key 'rolle'"),
    ("      opened_on:", "      openedon:", 31, "an entry of loans has no key 'openedon'; did you mean 'opened_on'?"),
    ("      channel: call\n      direction", "      chanel: call\n      direction", 44, "an event has no key 'chanel'"),
    ("      channel: call\n      with", "      chanel: call\n      with", 57,
     "a try has no key 'chanel'; did you mean 'channel'?"),
    ("{holidays:", "{holyday:", 39, "a calendar has no key 'holyday'; did you mean 'holidays'?"),
    ("  says: too early", "  says: too early\n  zzzzzz: 1", 8, "has no key 'zzzzzz'; known: borrower, calendar"),
    ("      loan: A\n      on:", "      qqqqqq: A\n      on:", 66, "use one of the words listed in the reference"),
    # words
    ("origin: official", "origin: offical", 4, "origin: unknown word 'offical'; did you mean 'official'?"),
    ("reading: ours", "reading: theirs", 8, "reading: unknown word 'theirs'; known: ours"),
    ("role: debt_collector", "role: debt_colector", 12,
     "role: unknown word 'debt_colector'; did you mean 'debt_collector'?"),
    ("relation: spouse", "relation: wife", 25, "relation: unknown word 'wife'; known: attorney"),
    ("role: agency", "role: agent", 27, "role: unknown word 'agent'"),
    ("event: contact", "event: contacted", 43, "event: unknown word 'contacted'; did you mean 'contact'?"),
    ("direction: out\n      with", "direction: outward\n      with", 45,
     "direction: unknown word 'outward'; did you mean 'out'?"),
    ("content: [debt_details]", "content: [debt_detail]", 48,
     "content: unknown word 'debt_detail'; did you mean 'debt_details'?"),
    ("content: [debt_details]", "content: [zzz]", 48, "use one of the words listed in the reference"),
    ("act: contact", "act: phone", 56, "act: unknown word 'phone'"),
    ("ask: limitation_ends", "ask: limitation_end", 65,
     "ask: unknown word 'limitation_end'; did you mean 'limitation_ends'?"),
    ("origin: text", "origin: txt", 64, "origin: unknown word 'txt'; did you mean 'text'?"),
    ("expect: refused", "expect: refuse", 62, "expect: unknown word 'refuse'; did you mean 'refused'?"),
    # ids and references
    ("id: us-a-01", "id: US-A-01", 2, "id: 'US-A-01' is no slug"),
    ("topic: hours", "topic: Call hours", 6, "topic: 'Call hours' is no slug"),
    ("id: pat,", "id: borrower,", 25, "id: 'borrower' is taken"),
    ("    - {id: AG1, role: agency}", "    - {id: C1, role: agency}", 27, "id: 'C1' is taken"),
    ("    - {id: B,", "    - {id: A,", 37, "id: 'A' is taken"),
    ("    - {id: B,", "    - {product: x,", 37, "an entry of loans needs 'id'"),
    ("{id: pat, relation: spouse,", "{id: pat,", 25, "an entry of people needs 'relation'"),
    ("      with: borrower\n      about: [A]\n      content", "      with: paul\n      about: [A]\n      content", 46,
     "with: no person 'paul' in this case: add it to people"),
    ("      about: [A]\n      content", "      about: [A, D]\n      content", 47,
     "about: no loan 'D' in this case: add it to loans"),
    ("given_to: C1", "given_to: C9", 49, "given_to: no firm 'C9' in this case"),
    ("      with: borrower\n      about: [A]\n      direction", "      with: pta\n      about: [A]\n      direction",
     58, "with: no person 'pta' in this case; did you mean 'pat'?"),
    ("      loan: A\n      on", "      loan: Z\n      on", 66, "loan: no loan 'Z' in this case"),
    ("loans: [A, B]", "loans: [A, C]", 70, "loans: no loan 'C' in this case"),
    ("by: AG1", "by: AG7", 61, "by: no firm or person 'AG7' in this case; did you mean 'AG1'?"),
    ("rule: hours", "rule: hors", 63, "rule: 'hors' is no topic of this file; did you mean 'hours'?"),
    ("rule: hours", "rule: The hours", 63, "rule: 'The hours' is no slug"),
    # times
    ("[America/New_York, America/Chicago]", "[America/New_York, America/Chicgo]", 19,
     "unknown time zone 'America/Chicgo'; did you mean 'America/Chicago'?"),
    ("[America/New_York, America/Chicago]", "[localtime]", 19, "unknown time zone 'localtime'"),
    ("[America/New_York, America/Chicago]", "[../UTC]", 19, "unknown time zone '../UTC'"),
    ("[America/New_York, America/Chicago]", "[America]", 19, "unknown time zone 'America'"),
    ("[America/New_York, America/Chicago]", "[]", 19, "zones: must name at least one zone"),
    ("[America/New_York, America/Chicago]", "UTC", 19, "zones: must be a list of texts"),
    ("opened_on: 2025-01-05", "opened_on: 2025-02-29", 31, "opened_on: '2025-02-29' is no day"),
    ("opened_on: 2025-01-05", "opened_on: 5 January 2025", 31, "opened_on: '5 January 2025' is no day"),
    ("opened_on: 2025-01-05", "opened_on: 20250105", 31, "opened_on: must be a day"),
    ("2026-02-04, 2026-03-05]", "2026-02-04, 2026-02-30]", 35, "instalments_due: '2026-02-30' is no day"),
    ("[2026-10-01]", "[2026-10-32]", 39, "holidays: '2026-10-32' is no day"),
    ("[2026-10-01]", "2026-10-01", 39, "holidays: must be a list of days"),
    ("at: 2026-03-02T10:00", "at: 2026-03-02T25:00", 42, "at: '2026-03-02T25:00' is no moment"),
    ("at: 2026-03-02T10:00", "at: 2026-03-02 10:00", 42, "at: '2026-03-02 10:00' is no moment"),
    ("at: 2026-03-02T10:00", "at: 0001-01-01T00:00+14:00", 42, "is no moment"),
    ("at: 2026-03-10T07:59", "at: noon", 55, "at: 'noon' is no moment"),
    ("at: 2026-03-03,", "at: 2026-03-01,", 49, "at: is earlier than the event above"),
    ('hours: ["22:00", "24:00"]', 'hours: ["22:00"]', 49, "hours: must be two clock times"),
    ('hours: ["22:00", "24:00"]', 'hours: ["22:00", "24:30"]', 49, "hours: must be two clock times"),
    ('hours: ["22:00", "24:00"]', "hours: [22, 24]", 49, "hours: must be two clock times"),
    ("{at: 2026-03-04,", "{at_zone: Mars/Base, at: 2026-03-04,", 50, "at_zone: unknown time zone 'Mars/Base'"),
    # amounts and other values
    ("principal: 1000000", "principal: 10000.00", 32, "principal: must be a whole number of minor units"),
    ("principal: 1000000", 'principal: "1000000"', 32, "principal: must be a whole number of minor units"),
    ("principal: 1000000", "principal: -5", 32, "principal: -5 is below 0"),
    ("principal: 1000000", "principal: true", 32, "principal: must be a whole number of minor units"),
    ("principal: 1000000", "principal: 99999999999999999999", 32, "is beyond 64 bits"),
    ("rate: 24.5", "rate: 24.50001", 33, "rate: is not a whole number of parts per million"),
    ("rate: 24.5", "rate: 0.00000000000000000001", 33, "rate: is not a whole number of parts per million"),
    ("rate: 24.5", "rate: 9223372036854775807", 33, "rate: is not a whole number of parts per million"),
    ("rate: 24.5", "rate: silent", 33,
     "rate: must be a number of per cent, such as 24 or 24.5; or one of: none_agreed, unclear"),
    ("rate: 24.5", 'rate: "24.5"', 33, "rate: must be a number of per cent"),
    ("watches_bounces: false", "watches_bounces: no", 13, "watches_bounces: must be true or false"),
    ("employer_given: unknown", "employer_given: maybe", 23,
     "employer_given: must be true or false; or one of: unknown"),
    ("line: mobile", "line: 5", 22, "line: must be text"),
    ("line: mobile", 'line: ""', 22, "line: is empty"),
    ("age: 34", "age: 340", 20, "age: 340 years: at most 129"),
    ("age: 34", "age: 34.5", 20, "age: must be a whole number"),
    ("age: 34", "age:", 20, "age: has no value"),
    ("content: [debt_details]", "content: debt_details", 48, "content: must be a list of words"),
    ("content: [debt_details]", "content: [1]", 48, "content: an entry must be one word"),
    ("about: [A]\n      content", "about: A\n      content", 47, "about: must be a list of texts"),
    ("{item: late_fee,", "{itm: late_fee,", 36, "unknown part 'itm'; did you mean 'item'?"),
    ("item: late_fee, amount: 1500", "item: late_fee, amount: 15.5", 36,
     "fees_in_contract.amount: must be a whole number"),
    ("fees_in_contract: [{item: late_fee, amount: 1500}]", "fees_in_contract: [1500]", 36, "each entry must hold keys"),
    ("instalments_due: [2026-02-04, 2026-03-05]", "instalments_due: {a: 1}", 35, "instalments_due: must be a list"),
    ("owed: {A: 100,", "owed: {C: 100,", 71, "owed.C: unknown part 'C'"),
    ("owed: {A: 100,", "owed: {A: 1.5,", 71, "owed.A: must be a whole number of minor units"),
    # the shape of a case
    ('cite: "12 CFR 1006.14"', "cite: 12", 3, "cite: must be text"),
    ('  cite: "12 CFR 1006.14"\n', "", 2, "a case needs 'cite'"),
    ("  why: 07:59 is before 08:00.\n", "", 2, "a case needs 'why'"),
    ("  why: 07:59 is before 08:00.\n", '  why: ""\n', 73, "why: is empty"),
    ("rulebooks: [us, us-ma]", "rulebooks: us", 5, "rulebooks: must be a list"),
    ("rulebooks: [us, us-ma]", "rulebooks: [us, USMA]", 5, "rulebooks: 'USMA' is no name of a rulebook"),
    ("rulebooks: [us, us-ma]", "rulebooks: []", 5, "rulebooks: must be a list"),
    ("example: EX-01", "example: {a: 1}", 9, "example: must be a list of texts"),
    ("    role: debt_collector\n", "", 10, "collector needs 'role'"),
    ("    country: US\n", "", 15, "borrower needs 'country'"),
    ("    country: US\n", "    country: USA\n", 16, "country: 'USA' is no country"),
    ("region: US-MA", "region: Massachusetts", 17, "region: 'Massachusetts' is no region of ISO 3166-2"),
    ("region: US-MA", "region: CA-ON", 17, "region: 'CA-ON' lies in another country than 'US'"),
    ("  people:\n    - {id: pat,", "  people:\n    {id: pat,", 24, "people: must be a list"),
    # events and tries
    ("      event: contact\n", "", 42, "an event needs 'event'"),
    ("    - {at: 2026-03-04,", "    - {", 50, "an event needs 'at'"),
    ("      channel: call\n      direction", "      direction", 42, "a contact needs 'channel'"),
    ("    - {at: 2026-03-04, event: no_contact_order, against: C1, until: 2026-04-15}", "    - soon", 50,
     "an event must hold keys and values"),
    ("      act: contact\n", "", 55, "a try has either 'act' or 'ask'"),
    ("      on: 2026-03-10\n", "      on: 2026-03-10\n      act: sue\n", 65, "a try has either 'act' or 'ask'"),
    ("    - at: 2026-03-10T07:59\n      act", "    - act", 55, "an act needs 'at'"),
    ("      about: [A]\n      direction", "      direction", 55, "a contact needs 'about'"),
    ("      with: borrower\n      about: [A]\n      direction", "      about: [A]\n      direction", 55,
     "a contact needs 'with'"),
    ("      expect: refused\n", "", 55, "a try needs 'expect'"),
    ("      expect: refused\n", "      expect: permitted\n", 63, "rule: only a refused try names its rule"),
    ("      expect: 2029-03-01\n", "      expect: 2029-03-01\n      rule: hours\n", 69, "rule: a question has no rule"),
    ("      expect: 2029-03-01\n", "      expect: soon\n", 68, "expect: 'soon' is no day"),
    ("      expect: 2029-03-01\n", "      expect: 20\n", 68,
     "expect: must be a day: write it as 2026-01-31; or one of: none"),
    ("      expect: 2029-03-01\n", '      expect: "2029-03-01 or 2029-03-02"\n', 68, "is not one answer"),
    ("      expect: 2029-03-01\n", "      expect:\n", 68, "expect: has no value"),
    ("{A: 0, B: 1000}", "{A: 0, B: 10.5}", 72, "expect.B: must be a whole number of minor units"),
    ("{A: 0, B: 1000}", "[0, 1000]", 72, "expect must hold keys and values"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "part"), _DAMAGE)
def test_damage_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, part: str) -> None:
    with pytest.raises(DueCourseError) as caught:
        _read(tmp_path, base_with(old, new))
    said = str(caught.value)
    assert said.startswith(f"{tmp_path}/c.yaml:{line}: "), said
    assert part in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("[]\n", 1, "a file holds a list of cases"),
        ("- 5\n", 1, "a case must hold keys and values"),
        ("word\n", 1, "a file holds a list of cases"),
        (BASE + BASE.partition("\n")[2], 74, "id 'us-a-01' is taken on line 2: give it another"),
        (SHORT.replace("  tries:\n", "  tries: []\n"), 10, "tries must be a list with at least one entry"),
        (SHORT + "    - {act: sue, at: 2026-03-01, expect: permitted}\n"
         "    - {expect: permitted, at: 2026-03-01, act: sue}\n",
         12, "the same try stands on line 11"),
        (SHORT.replace("  tries:\n", "  history: {at: 1}\n  tries:\n"), 10, "history must be a list of events"),
    ],
)  # fmt: skip
def test_the_shape_of_a_file(tmp_path: Path, text: str, line: int, part: str) -> None:
    with pytest.raises(DueCourseError) as caught:
        _read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/c.yaml:{line}: ")
    assert part in str(caught.value)


def test_a_word_that_only_a_comment_declares_is_refused(tmp_path: Path) -> None:
    text = "# + event: eclipse - the moon stood before the sun\n" + base_with("event: contact", "event: eclipse")
    with pytest.raises(DueCourseError, match=r"c\.yaml:44: event: unknown word 'eclipse'"):
        _read(tmp_path, text)


def test_a_long_word_is_cut(tmp_path: Path) -> None:
    with pytest.raises(DueCourseError) as caught:
        _read(tmp_path, base_with("event: contact", f"event: {'x' * 5000}"))
    assert len(str(caught.value)) < 300 + len(str(tmp_path))


def test_a_file_has_so_many_tries_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casefile, "TRIES_MAX", 2)
    with pytest.raises(DueCourseError, match=r"c\.yaml:2: more than 2 tries in one file: cut the file in two"):
        _read(tmp_path, BASE)


# --- numbers and zones ---------------------------------------------------------------------------------------


@given(st.integers(-(10**9), 10**9))
def test_ppm_is_exact(parts: int) -> None:
    assert ppm(Decimal(parts).scaleb(-4)) == parts


@given(st.decimals(allow_nan=False, allow_infinity=False, places=7, min_value=-1000, max_value=1000))
def test_ppm_never_rounds(per_cent: Decimal) -> None:
    found = ppm(per_cent)
    assert found is None or Decimal(found) == per_cent * 10_000
    assert (found is None) == bool(per_cent * 10_000 % 1)


def test_zones() -> None:
    assert known_zone("Asia/Shanghai") is not None
    assert known_zone("UTC") is not None
    for name in ("", "asia/shanghai", "Asia/Shangai", "posixrules", "right/UTC", "Asia", "../x", "Asia/../UTC", "A\0"):
        assert known_zone(name) is None


@given(st.text(max_size=300), st.integers(0, len(BASE)))
def test_nothing_but_an_answer_or_one_line(tmp_path_factory: pytest.TempPathFactory, noise: str, place: int) -> None:
    folder = tmp_path_factory.mktemp("noise")
    try:
        _read(folder, (BASE[:place] + noise + BASE[place:]).encode("utf-8", "replace").decode("utf-8"))
    except DueCourseError as error:
        said = str(error)
    else:
        said = ""
    assert "\n" not in said


# --- the worked cases ----------------------------------------------------------------------------------------


@pytest.mark.skipif(_SHELF is None, reason="DUECOURSE_SHELF is not set: no worked cases")
@pytest.mark.parametrize(("name", "cases", "tries"), [("us", 189, 387), ("cn", 106, 305), ("world", 81, 257)])
def test_the_worked_cases_are_read(name: str, cases: int, tries: int) -> None:
    found = read_cases(Path(str(_SHELF)) / "law" / "cases" / f"{name}.yaml")
    assert (len(found), sum(len(case.tries) for case in found)) == (cases, tries)
    assert all(each.expect is not None for case in found for each in case.tries)
