"""The labelled sentences of the wording set are well formed, as many as promised, and its halves are alike but apart.

A failure names sentences by their id only: whoever reads it must not learn the held half by it.
"""

import csv
import re
from itertools import product
from typing import Final

import pytest

from tests.house.tree import ROOT

FOLDER: Final = ROOT / "bench" / "wording"
HALVES: Final = ("dev", "held")
LANGUAGES: Final = ("en", "zh")
COLUMNS: Final = ["id", "language", "speaker", "suit_decided", "time_barred", "text", "flags"]
FLAGS: Final = (
    "threat_of_arrest", "threat_of_violence", "threat_of_suit_not_intended", "threat_of_garnishment",
    "threat_of_disclosure", "threat_of_listing", "threat_of_device", "poses_as_court", "poses_as_police",
    "poses_as_government", "poses_as_attorney", "says_listener_must_pay", "asks_to_urge_payment", "debt_details",
    "invented_blacklist", "collection_fee_demanded", "false_statement", "public_display", "abuse",
    "urges_new_borrowing", "poses_as_missed_delivery",
)  # fmt: skip

Row = dict[str, str]


def rows_of(half: str) -> list[Row]:
    """Return the rows of one half, in the file's order, after its header was checked."""
    with (FOLDER / f"{half}.tsv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        assert reader.fieldnames == COLUMNS
        return list(reader)


ROWS: Final = {half: rows_of(half) for half in HALVES}
ALL: Final = [row for half in HALVES for row in ROWS[half]]


def flags_of(row: Row) -> list[str]:
    """Return the flags of a row, in the file's order."""
    return row["flags"].split()


def tokens(row: Row) -> frozenset[str]:
    """Return the words of an English sentence, the pairs of neighbouring characters of a Chinese one."""
    text = row["text"].casefold()
    if row["language"] == "en":
        return frozenset(re.findall(r"[a-z0-9']+", text))
    kept = re.sub(r"[\W_]+", "", text)
    return frozenset(kept[at : at + 2] for at in range(len(kept) - 1))


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Say whether two sentences share at least two fifths of their tokens."""
    return 5 * len(one & other) >= 2 * len(one | other)


def counts(language: str, half: str) -> dict[str, int]:
    """Return how many sentences of a language and half carry each flag."""
    rows = [row for row in ROWS[half] if row["language"] == language]
    return {flag: sum(flag in flags_of(row) for row in rows) for flag in FLAGS}


@pytest.mark.parametrize("half", HALVES)
def test_every_line_is_well_formed(half: str) -> None:
    def well(row: Row) -> bool:
        allowed = (
            row["language"] in LANGUAGES
            and row["speaker"] in {"collector", "borrower"}
            and {row["suit_decided"], row["time_barred"]} <= {"true", "false"}
        )
        return allowed and set(row) == set(COLUMNS) and bool(row["text"]) and row["text"] == row["text"].strip()

    assert [row["id"] for row in ROWS[half] if not well(row)] == []
    text = (FOLDER / f"{half}.tsv").read_bytes()
    assert text.endswith(b"\n")
    assert b"\r" not in text
    assert text.count(b"\t") == (len(COLUMNS) - 1) * text.count(b"\n")


@pytest.mark.parametrize("half", HALVES)
def test_ids_count_up_within_half_and_language(half: str) -> None:
    ids = [row["id"] for row in ROWS[half]]
    wanted = [
        f"{half}-{language}-{number:03}"
        for language in LANGUAGES
        for number in range(1, 1 + sum(row["language"] == language for row in ROWS[half]))
    ]
    assert ids == wanted


def test_flags_are_known_and_in_order() -> None:
    wrong = [row["id"] for row in ALL if row["flags"] != " ".join(flag for flag in FLAGS if flag in flags_of(row))]
    assert wrong == []


def test_flags_fit_speaker_and_context() -> None:
    judged = [row["id"] for row in ALL if row["speaker"] == "borrower" and row["flags"]]
    assert judged == []
    lawful = [
        row["id"]
        for row in ALL
        if row["suit_decided"] == "true" and row["time_barred"] == "false"
        if "threat_of_suit_not_intended" in flags_of(row)
    ]
    assert lawful == []
    third = {"says_listener_must_pay"}
    assert [row["id"] for row in ALL if third & set(flags_of(row)) and "debt_details" not in flags_of(row)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_as_many_as_promised(language: str) -> None:
    rows = [row for row in ALL if row["language"] == language]
    assert len(rows) >= {"en": 270, "zh": 250}[language]
    dev, held = counts(language, "dev"), counts(language, "held")
    assert {flag: dev[flag] + held[flag] for flag in FLAGS if dev[flag] + held[flag] < 12} == {}


@pytest.mark.parametrize(("language", "half"), list(product(LANGUAGES, HALVES)))
def test_nearly_half_carry_no_flag(language: str, half: str) -> None:
    rows = [row for row in ROWS[half] if row["language"] == language]
    assert 100 * sum(not row["flags"] for row in rows) >= 45 * len(rows)
    assert 5 * sum(row["speaker"] == "borrower" for row in rows) < len(rows), "too many that the speaker gives away"


@pytest.mark.parametrize("language", LANGUAGES)
def test_halves_are_of_like_make_up(language: str) -> None:
    sizes = [sum(row["language"] == language for row in ROWS[half]) for half in HALVES]
    assert abs(sizes[0] - sizes[1]) <= 2
    dev, held = counts(language, "dev"), counts(language, "held")
    assert {flag: (dev[flag], held[flag]) for flag in FLAGS if abs(dev[flag] - held[flag]) > 2} == {}


def test_no_text_stands_twice() -> None:
    seen: dict[str, str] = {}
    twice = [(seen[row["text"]], row["id"]) for row in ALL if seen.setdefault(row["text"], row["id"]) != row["id"]]
    assert twice == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_halves_share_no_near_duplicates(language: str) -> None:
    dev, held = ([(row["id"], tokens(row)) for row in ROWS[half] if row["language"] == language] for half in HALVES)
    assert [(one, other) for (one, a), (other, b) in product(dev, held) if alike(a, b)] == []


@pytest.mark.parametrize(
    ("language", "one", "other", "wanted"),
    [
        ("en", "We will sue you on Monday.", "we will sue you on Tuesday", True),
        ("en", "We will sue you on Monday.", "Your parcel is at the depot.", False),
        ("zh", "我们下周一起诉你。", "我们下周三起诉你", True),
        ("zh", "我们下周一起诉你。", "你的快递到了。", False),
    ],
)
def test_near_duplicates_are_found(language: str, one: str, other: str, *, wanted: bool) -> None:
    first, second = (tokens({"language": language, "text": text}) for text in (one, other))
    assert alike(first, second) == wanted


def test_the_page_has_the_counts() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| [^|]+ \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    each = [counts(language, half) for language in LANGUAGES for half in HALVES]
    assert listed == [(flag, *(str(count[flag]) for count in each)) for flag in FLAGS]
    sizes = [str(sum(row["language"] == language for row in ROWS[half])) for language in LANGUAGES for half in HALVES]
    assert f"| sentences | {' | '.join(sizes)} |" in page
