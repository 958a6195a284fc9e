"""The lexicon of free text against the half of the labelled sentences that it was written on."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from duecourse.kernel.errors import DueCourseError
from duecourse.law.wording.lexicon import flags_of

DEV = Path(__file__).parents[2] / "bench" / "wording" / "dev.tsv"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_recall_and_precision_on_the_half_that_it_was_written_on(language: str) -> None:
    counts: Counter[str] = Counter()
    with DEV.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["language"] != language:
                continue
            decided, barred = row["suit_decided"] == "true", row["time_barred"] == "true"
            told = flags_of(row["text"], language, speaker=row["speaker"], suit_decided=decided, time_barred=barred)
            wanted = set(row["flags"].split())
            counts.update(found=len(told & wanted), missed=len(wanted - told), wrong=len(told - wanted))
    assert counts["found"] >= 98 * (counts["found"] + counts["missed"]) // 100  # a share, rounded down
    assert counts["found"] >= 97 * (counts["found"] + counts["wrong"]) // 100


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(DueCourseError, match="no words for the language 'xx'"):
        flags_of("anything", "xx")


def test_a_long_text_is_read_to_its_end() -> None:
    assert "threat_of_arrest" in flags_of("a " * 9_000 + ". The police will arrest you tomorrow.", "en")
