"""An act that brings words instead of content is judged by what the words say."""

from pathlib import Path

import pytest

from duecourse.law.casefile import read_cases
from duecourse.law.what_if import answers

WORLD = """
rulebooks: [{book}]
collector: {{role: {role}, lender_type: bank}}
borrower: {{country: {country}, zones: [{zone}], language: {language}}}
people: [{{id: P1, relation: spouse}}]
loans: [{{id: A, product: credit_card, opened_on: 2024-01-01, limitation_ends_on: 2026-03-01}}]
history:
  {history}
tries:
  - {{at: 2026-02-10T10:00, act: contact, channel: sms, with: borrower, about: [A], text: "{text}"}}
"""


def refusals(tmp_path: Path, text: str, *, book: str = "us", language: str = "en", history: str = "[]") -> set[str]:
    """Return the rules that refuse a message with these words."""
    place = {"us": ("US", "America/New_York", "debt_collector"), "cn": ("CN", "Asia/Shanghai", "original_creditor")}
    country, zone, role = place[book]
    path = tmp_path / "world.yaml"
    filled = WORLD.format(
        book=book, role=role, country=country, zone=zone, language=language, text=text, history=history
    )
    path.write_text(filled, encoding="utf-8")
    return {reason.rule for reason in answers(read_cases(path, expects=False))[0].reasons}


THREAT = "us.fdcpa.representations.unlawful-threat"
SUIT = "us.fdcpa.representations.not-meant"
DECIDED = "- {at: 2026-02-02T10:00, event: suit_decided, loan: A, file_on: 2026-02-16}"


def test_a_threat_is_found_in_the_words(tmp_path: Path) -> None:
    assert THREAT in refusals(tmp_path, "Pay today or the police will come and arrest you.")
    assert THREAT not in refusals(
        tmp_path, "Nobody will be arrested over a card debt; please call us about your account."
    )


def test_a_suit_may_be_named_once_it_is_decided(tmp_path: Path) -> None:
    assert SUIT in refusals(tmp_path, "We will sue you next week.")
    assert SUIT not in refusals(tmp_path, "We will sue you next week.", history=DECIDED)


def test_chinese_words_are_read(tmp_path: Path) -> None:
    found = refusals(tmp_path, "再不还款，警察马上上门抓你。", book="cn", language="zh")
    assert {"cn.cba.harassment.ban", "cn.cba.misleading.untrue"} & found
    assert not refusals(tmp_path, "您好，您的信用卡账单已到期，请于本周五前还款。", book="cn", language="zh")


@pytest.mark.parametrize("language", ["de", "sw"])
def test_words_that_nobody_here_can_read_are_not_sent(tmp_path: Path, language: str) -> None:
    assert THREAT in refusals(tmp_path, "Guten Tag", language=language)
