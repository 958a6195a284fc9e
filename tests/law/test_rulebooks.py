"""The rulebooks of the package: whole, cited, without gaps, and every row of their notes accounted for."""

import re
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from duecourse.law.document import read
from duecourse.law.duties import open_duties
from duecourse.law.records import Coverage
from duecourse.law.rulebook import BOOKS, Law, load
from duecourse.law.vocabulary import VOCABULARY

_ROW = re.compile(r"^\| ([A-Z]{2,}(?:-[A-Z0-9]+)+[a-z]?) \|(?:[^|\n]*\|){4,}", re.MULTILINE)  # of the tables of rules


@cache
def law() -> Law:
    return load()


def coverage(book: str) -> Coverage:
    return Coverage.model_validate(read(BOOKS / book / "COVERAGE.yaml", days_and_fractions=True).values)


def test_every_book_says_what_it_leaves_out() -> None:
    assert {path.parent.name for path in BOOKS.glob("*/COVERAGE.yaml")} == set(law().books)
    for book in law().books:
        assert coverage(book).checked


def test_versions_follow_each_other_on_every_day_of_change() -> None:
    versions = defaultdict(list)
    for rule in law().rules:
        versions[rule.id].append(rule)
    for name, each in versions.items():
        begins = min(rule.record.from_ for rule in each)
        ends = max(rule.record.to or date.max for rule in each)
        changes = {day for rule in each for day in (rule.record.from_, rule.record.to) if day is not None}
        for change in changes:
            for day in (change - timedelta(days=1), change, change + timedelta(days=1)):
                holding = [rule for rule in each if rule.in_force(day)]
                assert len(holding) == (begins <= day < ends), f"{name} on {day}"


def test_every_rule_is_cited_by_an_official_source() -> None:
    for rule in law().rules:
        source = law().sources[rule.record.cite.source]
        assert source.link.startswith("https://"), rule.id
        assert law().cite(rule).startswith(source.citation)


def test_sources_are_the_publishers_own_pages() -> None:
    private = ("github.com", "casetext", "lawstack", "law.cornell", "wikipedia", "medium.com", "163.com")
    assert not [source.id for source in law().sources.values() if any(host in source.link for host in private)]


@pytest.mark.parametrize("notes", sorted(BOOKS.glob("*/notes.md")), ids=lambda path: path.parent.name)
def test_every_row_of_the_notes_is_encoded_or_its_absence_explained(notes: Path) -> None:
    rows = set(_ROW.findall(notes.read_text(encoding="utf-8")))
    assert len(rows) > 30
    told = {row for rule in law().rules for row in rule.record.rows}
    told |= {row for book in law().books for part in coverage(book).not_encoded for row in part.rows}
    assert not sorted(rows - told)


def test_rules_from_memory_never_gate() -> None:
    from duecourse.law.judge import gates

    for rule in law().rules:
        if rule.record.checked.how == "memory":
            assert not gates(rule)
            assert gates(replace(rule, switched_on=True)) == (rule.record.effect != "advises")


def test_every_rule_is_told_in_one_sentence_with_words_for_why() -> None:
    for rule in law().rules:
        assert rule.record.says.endswith("."), rule.id
        assert len(rule.record.says) < 400, rule.id


def test_each_question_has_one_kind_of_answer() -> None:
    kinds = defaultdict(set)
    for rule in law().rules:
        if rule.record.answers is not None:
            kinds[rule.record.answers].add(rule.record.kind)
    assert {ask: sorted(found) for ask, found in kinds.items() if len(found) > 1} == {}


def test_duties_with_a_day_say_when_they_are_over() -> None:
    for rule in law().rules:
        never = rule.record.applies == "false" or "nyc_disputed_on" in rule.names  # of open disputes only
        if rule.record.kind == "duty" and VOCABULARY.asks[rule.record.answers or ""].answer == "day" and not never:
            assert rule.open is not None, rule.id


def test_facts_are_used() -> None:
    used = {fact.name for fact in law().needed} | {fact.name for fact in open_duties(law()).needed}
    assert not sorted(set(law().facts) - used)
