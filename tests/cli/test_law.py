"""`duecourse judge` and `duecourse law ...`: what a lawyer and a compliance officer type."""

from pathlib import Path

import pytest

from tests.cli.conftest import Commands

WORLD = """\
- id: talk-1
  cite: "12 CFR 1006.14(b)(2)(i)(B)"
  origin: text
  rulebooks: [us]
  topic: call-frequency
  says: A talk on the second of March, and calls after it.
  why: The day of the talk is day one, so the eighth day is open.
  collector: {role: debt_collector}
  borrower: {country: US, region: US-OH, zones: [America/New_York]}
  history:
    - {at: 2026-03-02T10:00, event: contact, channel: call, direction: out, with: borrower, outcome: conversation}
  tries:
    - {at: 2026-03-08T10:00, act: contact, channel: call, with: borrower, about: [A], expect: refused}
    - {at: 2026-03-09T10:00, act: contact, channel: call, with: borrower, about: [A], expect: permitted}
    - {ask: earliest_next_call, loan: A, expect: 2026-03-09}
"""


def written(folder: Path, text: str, name: str = "cases.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_cases_that_are_right(duecourse: Commands, tmp_path: Path) -> None:
    found = duecourse("judge", written(tmp_path, WORLD))
    assert (found.code, found.err) == (0, "")
    assert found.out.splitlines()[:2] == [
        "3 right, 0 wrong, 0 not covered",
        "0 right, 0 wrong, 0 not covered (from memory, or our own reading)",
    ]
    assert found.out.splitlines()[-1].split() == ["us", "call-frequency", "3", "-", "-"]


def test_a_wrong_case_is_told_and_fails(duecourse: Commands, tmp_path: Path) -> None:
    wrong = WORLD.replace("expect: permitted", "expect: refused, rule: time-of-day").replace(
        "expect: 2026-03-09", "expect: none"
    )
    found = duecourse("judge", written(tmp_path, wrong))
    assert found.code == 1
    first, second, total = found.out.splitlines()[:3]
    assert first.endswith("talk-1: contact call at 2026-03-09T14:00Z: expected refused by time-of-day, got permitted")
    assert "talk-1: earliest_next_call: expected none, got 2026-03-09" in second
    assert total == "1 right, 2 wrong, 0 not covered"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("  origin: text", "  origin: memory", "0 right, 0 wrong, 0 not covered"),
        ("  topic: call-frequency", "  reading: ours\n  topic: call-frequency", "0 right, 0 wrong, 0 not covered"),
        ("rulebooks: [us]", "rulebooks: [zz]", "0 right, 0 wrong, 3 not covered"),
    ],
)
def test_what_is_scored_apart(duecourse: Commands, tmp_path: Path, old: str, new: str, line: str) -> None:
    found = duecourse("judge", written(tmp_path, WORLD.replace(old, new)))
    assert found.code == 0
    assert line in found.out.splitlines()


def test_an_unknown_word_is_refused_with_its_place(duecourse: Commands, tmp_path: Path) -> None:
    found = duecourse("judge", written(tmp_path, WORLD.replace("outcome: conversation", "outcome: conversion")))
    assert found.code == 2
    assert "cases.yaml:11: outcome" in found.err
    assert "did you mean 'conversation'?" in found.err


def test_a_what_if(duecourse: Commands, tmp_path: Path) -> None:
    world = """\
rulebooks: [us]
collector: {role: debt_collector}
borrower: {country: US, region: US-OH, zones: [America/New_York]}
tries:
- {at: 2026-03-05T21:30, act: contact, channel: call, with: borrower, about: [A]}
"""
    found = duecourse("judge", "--what-if", written(tmp_path, world))
    assert found.code == 0
    assert "  refused" in found.out.splitlines()
    assert "12 CFR 1006.6(b)(1)(i)" in found.out
    told = duecourse("judge", "--what-if", written(tmp_path, world), "--json").json
    assert [(one["verdict"], one["reasons"][0]["topic"]) for one in told] == [("refused", "time-of-day")]
    assert dict(told[0]["reasons"][0]["facts"])


def test_rules_are_listed_by_book_and_day(duecourse: Commands) -> None:
    now = duecourse("law", "list", "--jurisdiction", "us-ma", "--on", "2026-03-01").out
    assert "940 CMR" not in now
    assert "us-ma." in now
    assert duecourse("law", "list", "--jurisdiction", "us-ma", "--on", "1970-01-01").out.endswith(
        "0 rules in force on 1970-01-01\n"
    )
    assert duecourse("law", "list", "--jurisdiction", "us-mm").code == 2


def test_a_rule_is_shown_with_citation_link_and_cases(duecourse: Commands) -> None:
    found = duecourse("law", "show", "us.regf.frequency.seven-in-seven").out
    for part in ("12 CFR 1006.14(b)(2)(i)(A)", "https://", "permit:", "needs to know:", "us-freq-04"):
        assert part in found
    assert "did you mean" in duecourse("law", "show", "us.regf.frequency.seven-in-sevn").err


def test_what_is_left_out_is_told_with_the_reason(duecourse: Commands) -> None:
    found = duecourse("law", "coverage", "--jurisdiction", "cn").out
    assert "encoded:" in found
    assert "not encoded:" in found


def test_what_changed_between_two_days(duecourse: Commands) -> None:
    found = duecourse("law", "diff", "--from", "2024-01-01", "--to", "2026-11-21", "--jurisdiction", "cn").out
    assert "+ cn.gbt45251." in found
    same = duecourse("law", "diff", "--from", "2026-11-20", "--to", "2026-11-21", "--jurisdiction", "cn").out
    assert not [line for line in same.splitlines() if line[:1] in "+-~"]


HOUSE = """\
rules:
- id: house.calls
  kind: act
  topic: call-frequency
  step: frequency
  cite: {source: us-12cfr1006, pin: "14(b)"}
  says: We call less often than the law lets us.
  force: house
  checked: {how: text, on: 2026-11-22}
  from: 2026-01-01
  acts: [contact]
  permit: us_calls_last_7_days < LIMIT
"""


@pytest.mark.parametrize(("limit", "code"), [("3", 0), ("7", 0), ("8", 2), ("10", 2)])
def test_a_house_rulebook_may_only_tighten(duecourse: Commands, tmp_path: Path, limit: str, code: int) -> None:
    found = duecourse("law", "check", written(tmp_path, HOUSE.replace("LIMIT", limit)))
    assert found.code == code
    if code:
        assert "would loosen us.regf.frequency.seven-in-seven (12 CFR 1006.14(b)(2)(i)(A))" in found.err


FOUR_CALLS_IN_WASHINGTON = """\
rulebooks: [us, us-dc]
collector: {role: debt_collector}
borrower: {country: US, region: US-DC, zones: [America/New_York]}
history:
  - {at: 2026-03-02T10:00, event: contact, channel: call, direction: out, with: borrower, outcome: ring_out}
  - {at: 2026-03-03T10:00, event: contact, channel: call, direction: out, with: borrower, outcome: ring_out}
  - {at: 2026-03-04T10:00, event: contact, channel: call, direction: out, with: borrower, outcome: ring_out}
tries:
  - {at: 2026-03-05T10:00, act: contact, channel: call, with: borrower, about: [A]}
"""


def test_a_rule_from_memory_gates_when_a_house_switches_it_on(duecourse: Commands, tmp_path: Path) -> None:
    world = written(tmp_path, FOUR_CALLS_IN_WASHINGTON, "world.yaml")
    house = written(tmp_path, "switch_on: [us-dc.code28.cap.three-calls]\n", "house.yaml")
    without = duecourse("judge", "--what-if", world)
    assert without.out.splitlines()[1:3] == [
        "  permitted",
        "  beside it, not gating (memory): 3 calls about the account in the last seven days",
    ]
    found = duecourse("judge", "--what-if", world, "--house", house)
    assert found.out.splitlines()[1:3] == ["  refused", "  because: 3 calls about the account in the last seven days"]
    assert duecourse("law", "check", house).code == 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("us-dc.code28.cap.three-call", "no rule 'us-dc.code28.cap.three-call'; did you mean"),
        ("us.regf.frequency.seven-in-seven", "gates already: only rules from memory are switched on"),
    ],
)
def test_only_rules_from_memory_are_switched_on(duecourse: Commands, tmp_path: Path, name: str, told: str) -> None:
    house = written(tmp_path, f"switch_on:\n- us-dc.code28.email.consent\n- {name}\n", "house.yaml")
    found = duecourse("law", "check", house)
    assert found.code == 2
    assert f"{house}:3: " in found.err
    assert told in found.err


def test_a_house_goes_with_a_what_if_only(duecourse: Commands, tmp_path: Path) -> None:
    house = written(tmp_path, "switch_on: []\n", "house.yaml")
    found = duecourse("judge", written(tmp_path, WORLD), "--house", house)
    assert found.code == 2
    assert "--house goes with --what-if" in found.err


def test_a_house_rulebook_with_a_slip_is_told_by_line(duecourse: Commands, tmp_path: Path) -> None:
    found = duecourse("law", "check", written(tmp_path, HOUSE.replace("us_calls_last", "us_cals_last")))
    assert found.code == 2
    assert "cases.yaml:12:11" in found.err
    assert "did you mean" in found.err
