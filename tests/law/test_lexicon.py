"""The lexicon of free text against the half of the labelled sentences that it was written on."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from duecourse.kernel.errors import DueCourseError
from duecourse.law.wording.lexicon import flags_of

DEV = Path(__file__).parents[2] / "bench" / "wording" / "dev.tsv"


@pytest.mark.parametrize(("language", "recall", "precision"), [("en", 96, 95), ("zh", 97, 95)])  # percent, at least
def test_recall_and_precision_on_the_half_that_it_was_written_on(language: str, recall: int, precision: int) -> None:
    counts: Counter[str] = Counter()
    with DEV.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["language"] != language:
                continue
            decided, barred = row["suit_decided"] == "true", row["time_barred"] == "true"
            told = flags_of(row["text"], language, speaker=row["speaker"], suit_decided=decided, time_barred=barred)
            wanted = set(row["flags"].split())
            counts.update(found=len(told & wanted), missed=len(wanted - told), wrong=len(told - wanted))
    assert counts["found"] >= recall * (counts["found"] + counts["missed"]) // 100
    assert counts["found"] >= precision * (counts["found"] + counts["wrong"]) // 100


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(DueCourseError, match="no words for the language 'xx'"):
        flags_of("anything", "xx")


def test_a_long_text_is_read_to_its_end() -> None:
    assert "threat_of_arrest" in flags_of("a " * 9_000 + ". The police will arrest you tomorrow.", "en")


def test_a_word_stands_for_its_regular_forms() -> None:
    for said in ("We sue on Monday.", "You get sued on Monday.", "We are suing on Monday."):
        assert "threat_of_suit_not_intended" in flags_of(said, "en")


@pytest.mark.parametrize(
    "said",
    [
        "Nobody will arrest you for this.",
        "You told us that somebody threatened you with jail. That was not us.",
        'A text that reads "the police are on their way" is a scam.',
        "I am sorry that my colleague said you would go to prison.",
        "After a judgment a court may garnish a part of your wages.",
    ],
)
def test_words_that_are_denied_told_or_excused_carry_nothing(said: str) -> None:
    assert not flags_of(said, "en")


def test_what_seems_a_denial_and_is_none() -> None:
    assert "threat_of_arrest" in flags_of("If you do not pay today you will go to jail.", "en")
    assert "threat_of_arrest" in flags_of("I am not saying that you will be arrested, but pay today.", "en")


def test_a_rule_beside_another_needs_it() -> None:
    assert "says_listener_must_pay" in flags_of("Your brother owes us 400. You are responsible for it.", "en")
    assert "says_listener_must_pay" not in flags_of("You are responsible for your password.", "en")
