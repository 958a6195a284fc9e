"""Loading a strategy: every error is one line with file and line; what loads has a stable hash."""
# ruff: noqa: E501 - a table of errors reads better with one error a line

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.kernel.errors import DueCourseError
from duecourse.law.catalogue import FactKind
from duecourse.law.document import parse_document
from duecourse.night.facts import CATALOGUE
from duecourse.strategy.load import from_document, load
from duecourse.strategy.models import Bucket, Strategy
from tests.strategy.conftest import KINDS

# Line numbers in the table of errors count from the first line of this text.
SMALL = """\
name: small
says: For tests.
buckets: {by: days_past_due, bounds: {"1-29": [1, 29], "30+": [30, null]}}
cure: {clean_days: 30}
payments_fresh_days: 3
levels:
  floor: {USD: 500}
  large: {USD: 100000}
parameters:
  price_ppm: 60000
formulas:
  price: share(owed_amount, price_ppm)
slots: {morning: ["09:00", "12:00"]}
teams: [early]
capacity_per_day: {call: {early: 10}}
holds: {dispute: [contact], bankruptcy: [], cease: [], attorney: [], complaint: [], hardship: [],
        bereavement: [], moratorium: []}
experiment: {salt: s, hold_out_ppm: 20000, arms: {champion: 900000, challenger: 100000}}
quiet:
  - {because: sold, when: days_since_sold is not null}
step_back:
  - {because: part_payment, when: days_since_payment < 10, rungs: 1}
ladder:
  - stage: reminder
    says: First.
    enter: delinquent_days >= 1
    min_gap_days: 2
    priority: overdue_amount
    treatments:
      - {name: sms, act: contact, channel: sms, template: t, slot: morning, demands: true, gap_days: 3}
      - {name: call, act: contact, channel: call, team: early, template: t, slot: morning}
  - stage: fork
    says: Last.
    enter: delinquent_days >= 90 and overdue_at_least_large
    choose: value
    treatments:
      - {name: sell, act: sell, priority: price, value: price}
"""


def small(text: str = SMALL, kinds: Mapping[str, FactKind] = KINDS) -> Strategy:
    return from_document(parse_document(text, "s.yaml"), kinds)


def edited(old: str, new: str) -> str:
    assert SMALL.count(old) == 1, old
    return SMALL.replace(old, new)


def test_the_small_strategy_loads() -> None:
    strategy = small()
    assert [rung.stage for rung in strategy.ladder] == ["reminder", "fork"]
    assert strategy.buckets.ranges == (Bucket("1-29", 1, 29), Bucket("30+", 30, None))
    assert strategy.slots == {"morning": (540, 720)}
    assert strategy.level_facts == {
        "overdue_at_least_floor": {"USD": 500},
        "overdue_at_least_large": {"USD": 100000},
    }
    sms, call, sell = strategy.treatments
    assert sms.priority.text == "overdue_amount"  # the rung's, handed down
    assert sell.priority.text == "price"  # its own
    assert [(gate.code, gate.condition.text) for gate in sms.gates] == [
        ("below_floor", "overdue_at_least_floor"),
        ("own_gap", "days_since_sms is null or days_since_sms >= 3"),
        ("stage_gap", "days_since_contact is null or days_since_contact >= 2"),
    ]
    assert [gate.code for gate in call.gates] == ["stage_gap"]  # it demands nothing, so no floor
    assert [gate.code for gate in sell.gates] == ["below_floor"]  # adverse, and not a contact


def test_facts_are_those_that_the_night_must_compute() -> None:
    assert small().facts == {
        "owed_amount", "days_since_sold", "days_since_payment", "delinquent_days", "overdue_amount",
        "overdue_at_least_floor", "overdue_at_least_large", "days_since_sms", "days_since_contact",
    }  # fmt: skip


ERRORS: list[tuple[str, str, str]] = [
    # keys and shapes
    ("payments_fresh_days: 3", "payment_fresh_days: 3",
     "5: unknown key 'payment_fresh_days'; did you mean 'payments_fresh_days'?"),
    ("    min_gap_days: 2", "    min_gap: 2", "27: unknown key 'min_gap'; did you mean 'min_gap_days'?"),
    (", gap_days: 3}", ", gap_day: 3}", "30: unknown key 'gap_day'; did you mean 'gap_days'?"),
    ("cure: {clean_days: 30}\n", "", "1: 'cure' is missing"),
    ("payments_fresh_days: 3", "payments_fresh_days: '3'", "5: 'payments_fresh_days' must be a whole number"),
    ("payments_fresh_days: 3", "payments_fresh_days: true", "5: 'payments_fresh_days' must be a whole number"),
    ("demands: true", "demands: 1", "30: 'demands' must be true or false"),
    ("teams: [early]", "teams: early", "14: 'teams' must be a list: [...]"),
    ("cure: {clean_days: 30}", "cure: 30", "4: 'cure' must hold keys and values"),
    ("name: small", "name: Small Lender", "1: 'name' must be a name: small letters, digits and _, starting with a letter"),
    ("  - stage: reminder", "  - stage: none", "24: 'none' is the plan's own word; choose another name"),
    ("payments_fresh_days: 3", "payments_fresh_days: -1",
     "5: 'payments_fresh_days' input should be greater than or equal to 0"),
    # buckets
    ("[1, 29]", "[2, 29]", "3: a gap before bucket '1-29': it starts on day 2, not 1"),
    ("[30, null]", "[31, null]", "3: a gap before bucket '30+': it starts on day 31, not 30"),
    ("[30, null]", "[29, null]", "3: an overlap before bucket '30+': it starts on day 29, not 30"),
    ("[30, null]", "[30, 90]", "3: the last bucket must be open: give it null as its last day"),
    ("[1, 29]", "[1, null]", "3: bucket '30+' stands after the open one; only the last may be open"),
    ("[1, 29]", "[1, 0]", "3: bucket '1-29' ends before it starts"),
    ("by: days_past_due", "by: months", "3: 'by' input should be 'days_past_due' or 'delinquent_days'"),
    # levels, parameters, formulas
    ("  floor: {USD: 500}\n", "", "6: level 'floor' is missing: below it nothing is demanded; give it for each currency"),
    ("{USD: 500}", "{USD: 5.00}", "7: fractions are not used here; write a whole number in a smaller unit (ppm, minor units)"),
    ("{USD: 500}", "{UXD: 500}", "7: unknown currency 'UXD'; use its ISO 4217 code"),
    ("{USD: 500}", "{USD: -1}", "7: 'USD' input should be greater than or equal to 0"),
    ("  large: {USD: 100000}", "  large: {USD: 100000}\n  huge: {USD: 1}",
     "9: nothing uses 'overdue_at_least_huge'; use it or take the level out"),
    ("  price_ppm: 60000", "  price_ppm: 6000000",
     "10: parameter 'price_ppm' is a share, from 0 to 1000000 parts per million, not 6000000"),
    ("  price_ppm: 60000", "  price_ppm: 60000\n  other_days: 1", "11: nothing uses 'other_days'; use it or take it out"),
    ("  price_ppm: 60000", "  price_ppm: 60000\n  loans: 1",
     "11: 'loans' is a fact, formula or parameter already; choose another name"),
    ("  price_ppm: 60000", "  price_ppm: 60000\n  case: 1",
     "11: name 'case': the expression language uses this word; choose another"),
    ("  price: share", "  unused: loans + 1\n  price: share", "12: nothing uses 'unused'; use it or take it out"),
    ("  price: share(owed_amount, price_ppm)", "  price: price + 1",
     "12:10: formulas.price: unknown fact 'price': did you mean 'price_ppm'?"),
    ("  price: share(owed_amount, price_ppm)", "  price: 5", "12: 'price' must be an expression; put it in quotes"),
    # slots, teams, capacity
    ('["09:00", "12:00"]', '["9:00", "12:00"]', "13: '9:00' to '12:00' is not two times between 00:00 and 24:00"),
    ('["09:00", "12:00"]', '["12:00", "12:00"]',
     "13: a slot ends after it starts, on the same day; 12:00 to 12:00 does not"),
    ('["09:00", "12:00"]', '["09:00"]', '13: a slot is two local times, such as ["09:00", "12:00"]'),
    ("sms, template: t, slot: morning", "sms, template: t, slot: mornings",
     "30: unknown slot 'mornings'; did you mean 'morning'?"),
    ("{call: {early: 10}}", "{calls: {early: 10}}", "15: unknown channel or act 'calls'; did you mean 'call'?"),
    ("{call: {early: 10}}", "{call: {erly: 10}}", "15: unknown team 'erly'; did you mean 'early'?"),
    ("team: early", "team: late", "31: unknown team 'late'; known: early"),
    ("team: early, ", "", "31: treatment 'call' needs 'team': the capacity of call is by team"),
    ("teams: [early]", "teams: [early, early]", "14: team 'early' stands twice"),
    # holds
    ("cease: [], ", "", "16: hold kind 'cease' is missing: say which acts it bars ([] for none)"),
    ("dispute: [contact]", "dispute: [contact, call]", "16: unknown act 'call'; known: contact, furnish, list, place, reward, sell, settle, sue"),
    ("dispute: [contact]", "dispute: [contact, contact]", "16: act 'contact' stands twice"),
    ("cease: []", "ceese: []", "16: unknown hold kind 'ceese'; did you mean 'cease'?"),
    # experiment
    ("challenger: 100000", "challenger: 99999",
     "18: the arms come to 999999 parts per million; they must come to 1000000"),
    ("hold_out_ppm: 20000", "hold_out_ppm: 1000001", "18: 'hold_out_ppm' input should be less than or equal to 1000000"),
    (", gap_days: 3}", ", arms: [champ]}", "30: unknown arm 'champ'; did you mean 'champion'?"),
    ("teams: [early]", "teams: [early]\nquiet: []", "20: key 'quiet' stands twice; keep one"),
    ("{champion: 900000, challenger: 100000}", "{}", "18: 'arms' must not be empty"),
    (", gap_days: 3}", ", arms: []}", "30: 'arms' must not be empty"),
    # expressions
    ("enter: delinquent_days >= 1\n", "enter: delinqent_days >= 1\n",
     "26:12: ladder[0].enter: unknown fact 'delinqent_days': did you mean 'delinquent_days'?"),
    ("enter: delinquent_days >= 1\n", "enter: delinquent_days + 1\n", "26:12: ladder[0].enter: "),
    ("enter: delinquent_days >= 1\n", "enter: true\n", "26: 'enter' must be an expression; put it in quotes"),
    ("priority: overdue_amount", "priority: overdue_amount > 1", "28:15: ladder[0].priority: "),
    ("days_since_sold is not null", "days_since_sold", "20:27: quiet[0].when: "),
    ("value: price}", "value: 'coalesce(price, 0)'}", "37:58: ladder[1].treatments[0].value: "),
    # ladder
    ("rungs: 1", "rungs: 0", "22: 'rungs' input should be greater than or equal to 1"),
    ("  - stage: fork", "  - stage: reminder", "32: 'reminder' stands twice under 'ladder'; give each its own name"),
    ("name: sell", "name: sms", "37: two treatments are named 'sms'; give each its own name"),
    ("channel: sms", "channel: text", "30: unknown channel 'text'; known: call, email, fax, im, letter, "),
    ("act: sell", "act: sale", "37: unknown act 'sale'; "),
    ("sms, template: t, slot: morning", "sms, template: t", "30: treatment 'sms' is a contact and needs 'slot'"),
    ("act: sell", "act: sell, slot: morning", "37: 'slot' is for contacts; 'sell' is the act 'sell'"),
    ("act: sell", "act: sell, required: true", "37: 'required' is for contacts; 'sell' is the act 'sell'"),
    ("act: sell", "act: sell, demands: true", "37: only contacts and settlement offers demand money, for "),
    ("demands: true", "demands: true, purpose: servicing", "30: only contacts and settlement offers demand money, for "),
    ("demands: true", "demands: true, required: true",
     "30: a required treatment has purpose required_notice or validation_notice"),
    (", gap_days: 3}", ", gap_days: 0}", "30: 'gap_days' input should be greater than or equal to 1"),
    (", gap_days: 3}", ", times: 0}", "30: 'times' input should be greater than or equal to 1"),
    ("channel: sms, template: t, slot: morning, demands: true,", "channel: fax, template: t, slot: morning,",
     "30: 'sms' counts by 'days_since_fax', which is not a fact; use 'when' instead"),
    (", value: price}", "}", "37: stage 'fork' chooses by value, so treatment 'sell' needs 'value'"),
    ("priority: price, ", "", "37: 'priority' is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "error"), ERRORS, ids=[new.strip()[:40] or old for old, new, _ in ERRORS])
def test_errors_are_one_line_with_the_place(old: str, new: str, error: str) -> None:
    with pytest.raises(DueCourseError) as raised:
        small(edited(old, new))
    assert str(raised.value).startswith(f"s.yaml:{error}")
    assert "\n" not in str(raised.value)


def test_the_first_error_by_line_is_told() -> None:
    text = edited("    choose: value", "    chose: value").replace("slot: morning}", "slots: x}")
    text = text.replace("enter: delinquent_days >= 1\n", "enter: delinqent_days >= 1\n")
    with pytest.raises(DueCourseError, match=r"^s\.yaml:26:12: "):
        small(text)


@pytest.mark.parametrize("text", ["[]", "7", "word", "{}", "ladder: 1", "levels: [1]", "parameters: x", "{1: 2}"])
def test_files_of_another_shape_are_refused(text: str) -> None:
    with pytest.raises(DueCourseError, match=r"^s\.yaml:1: "):
        small(text)


def test_times_counts_acts_of_the_same_kind_in_the_spell() -> None:
    sms = small(edited(", gap_days: 3}", ", times: 2}")).treatments[0]
    assert ("own_times", "sms_in_spell < 2") in [(gate.code, gate.condition.text) for gate in sms.gates]
    offer = "act: settle, times: 3, demands: true"
    settle = small(edited("act: sell", offer)).treatments[2]
    assert ("own_times", "settle_in_spell < 3") in [(gate.code, gate.condition.text) for gate in settle.gates]


def test_a_gap_fact_that_the_catalogue_lacks() -> None:
    kinds = {name: kind for name, kind in KINDS.items() if name != "days_since_contact"}
    with pytest.raises(DueCourseError, match=r"^s\.yaml:24: 'reminder' counts by 'days_since_contact'"):
        small(SMALL, kinds)


def test_the_hash_knows_content_not_layout() -> None:
    same = SMALL.replace("delinquent_days >= 1\n", "|-\n      delinquent_days   >=\n      1\n")
    same = same.replace("says: For tests.\n", "# comment\n").replace(
        "teams: [early]", "teams:\n- early\nsays: For tests."
    )
    same = same.replace("demands: true", "demands: true, required: false")  # a default written out
    assert same != SMALL
    assert small(same).hash == small().hash
    assert re.fullmatch("[0-9a-f]{64}", small().hash)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{USD: 500}", "{USD: 501}"),
        ("price_ppm: 60000", "price_ppm: 60001"),
        ("delinquent_days >= 1\n", "delinquent_days >= 2\n"),
        ("rungs: 1", "rungs: 2"),
        ("salt: s", "salt: r"),
        ("slot: morning, demands: true", "slot: morning, demands: false"),
        ('"12:00"]', '"12:01"]'),
        ("{early: 10}", "{early: 11}"),
    ],
)
def test_the_hash_changes_with_the_content(old: str, new: str) -> None:
    assert small(edited(old, new)).hash != small().hash


def test_the_order_of_rungs_is_content() -> None:
    head, first, second = re.split(r"(?=  - stage: )", SMALL)
    assert small(head + second + first).hash != small().hash


def test_a_strategy_cannot_be_changed_once_loaded() -> None:
    with pytest.raises(ValueError, match="frozen"):
        small().name = "other"


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DueCourseError, match=r"none\.yaml: cannot be read"):
        load(tmp_path / "none.yaml", KINDS)


@pytest.mark.parametrize("name", ["default", "example"])
def test_what_ships_needs_no_fact_that_the_night_lacks(name: str, examples: Path) -> None:
    strategy = load(None if name == "default" else examples / "strategy.yaml", CATALOGUE.kinds)
    assert strategy.facts <= {*CATALOGUE, *strategy.level_facts}


def test_the_example_loads(examples: Path) -> None:
    strategy = load(examples / "strategy.yaml", KINDS)
    assert strategy.experiment.arms == {"champion": 500_000, "challenger": 500_000}


_LINES = SMALL.splitlines()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, len(_LINES) - 1),
    st.sampled_from(
        [
            "",
            "  x: 1",
            "ladder: {}",
            "- a",
            "enter: [1]",
            "treatments: [1]",
            "when: {a: b}",
            "levels: {floor: 3}",
        ]
    ),
)
def test_a_line_replaced_loads_or_is_refused_in_one_line(place: int, line: str) -> None:
    text = "\n".join([*_LINES[:place], line, *_LINES[place + 1 :]])
    try:
        small(text)
    except DueCourseError as error:
        assert "\n" not in str(error)  # noqa: PT017 - both outcomes are right
