"""What replies mean, on sentences of our own: precision and recall with floors, and what must never be missed.

`replies.tsv` has three sets, by its first column. `first`: written before the lists; half of it, by the hash of the
text, was read while they were made (dev), the other half never (held), but one hand wrote both on one day. `second`:
written after the lists, measured once (55 of 123 meanings found, 8 wrong), then read and tuned on. `third`:
written after that, measured, and never read: the only figures to go by.
"""
# ruff: noqa: E501 - tables of sentences read better with several a line

import hashlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.book.schema import HOLD_KINDS
from duecourse.day import replies
from duecourse.day.replies import MEANS, WITHDRAWS, Meaning, meaning
from duecourse.law.document import read

FILE = Path(__file__).with_name("replies.tsv")


class Sample(NamedTuple):
    part: str
    language: str
    meanings: frozenset[Meaning]
    text: str


def samples() -> list[Sample]:
    found = []
    for line in FILE.read_text("utf-8").splitlines():
        part, language, meanings, text = line.split("\t")
        if part == "first":
            part = "dev" if hashlib.sha256(text.encode()).digest()[0] % 2 == 0 else "held"
        found.append(Sample(part, language, frozenset(map(Meaning, meanings.split())), text))
    return found


SAMPLES = samples()


def counted(part: str) -> tuple[Counter[Meaning], Counter[Meaning], Counter[Meaning]]:
    """Return for each meaning how often it was read rightly, read wrongly, and missed."""
    right, wrong, missed = Counter[Meaning](), Counter[Meaning](), Counter[Meaning]()
    for sample in (one for one in SAMPLES if one.part == part):
        found = meaning(sample.text, sample.language).meanings
        right.update(found & sample.meanings)
        wrong.update(found - sample.meanings)
        missed.update(sample.meanings - found)
    return right, wrong, missed


def test_there_are_enough_samples_and_none_twice() -> None:
    assert Counter(one.part for one in SAMPLES) == {"dev": 233, "held": 255, "second": 139, "third": 80}
    assert len({(one.language, one.text) for one in SAMPLES}) == len(SAMPLES)
    assert {one for sample in SAMPLES for one in sample.meanings} == set(Meaning)


# Floors in percent: recall and precision of each meaning, on the halves and on what was tuned on last.
@pytest.mark.parametrize(("part", "recall", "precision"), [("dev", 95, 90), ("held", 90, 85), ("second", 85, 80)])
def test_each_meaning_is_read_where_the_lists_know_the_words(part: str, recall: int, precision: int) -> None:
    right, wrong, missed = counted(part)
    for one in Meaning:
        if right[one] + missed[one] and one is not Meaning.UNREAD:
            assert 100 * right[one] >= recall * (right[one] + missed[one]), (one, "recall")
            assert 100 * right[one] >= precision * (right[one] + wrong[one]), (one, "precision")


def test_new_sentences_are_read_half_the_time_and_seldom_wrongly() -> None:
    """The set never tuned on: 38 of 71 meanings were found and 3 read wrongly; the rest goes to a person."""
    right, wrong, missed = counted("third")
    read_rightly = sum(right.values()) - right[Meaning.UNREAD]
    read_wrongly = sum(wrong.values()) - wrong[Meaning.UNREAD]
    not_read = sum(missed.values()) - missed[Meaning.UNREAD]
    assert 100 * read_rightly >= 50 * (read_rightly + not_read)
    assert 100 * read_rightly >= 88 * (read_rightly + read_wrongly)
    assert missed[Meaning.UNREAD] == 0


@pytest.mark.parametrize("part", ["dev", "held", "second"])
def test_withdrawals_are_not_missed(part: str) -> None:
    """Stop or cease, whichever: what was meant as a withdrawal of consent is one."""
    for sample in SAMPLES:
        if sample.part == part and sample.meanings & WITHDRAWS:
            assert meaning(sample.text, sample.language).withdraws, sample.text


def test_what_is_missed_goes_to_a_person() -> None:
    """No withdrawal of any set is read as something else: it is read, or a person reads it."""
    for sample in SAMPLES:
        found = meaning(sample.text, sample.language)
        if sample.meanings == {Meaning.STOP} and not found.withdraws:
            assert found.meanings == {Meaning.UNREAD}, sample.text


# The seven words of 47 CFR 64.1200(a)(10), and those that carriers and gateways of other countries take.
STOP_WORDS = """
    STOP;QUIT;END;REVOKE;OPT OUT;CANCEL;UNSUBSCRIBE;STOPALL;STOP ALL;OPTOUT;STOPP;ABMELDEN;BAJA;ALTO;ARRET;ARRÊT;PARAR;SAIR;
    FERMA;AFMELDEN;WYPISZ;СТОП;退订;TD;T;R;取消;退訂;停止;BAND KARO;ROKO;बंद करें;BERHENTI;SIMAMA;ACHA;ITIGIL;TIGIL;TAMA NA;
    إيقاف;RET;TC;DUR;HUY;수신거부;配信停止;หยุด;BATAL;CANCELAR;DÉSABONNER;0000
"""


@pytest.mark.parametrize("word", [word.strip() for word in STOP_WORDS.split(";")])
def test_stop_words_alone_always_stop(word: str) -> None:
    for text in (
        word, word.lower(), word.title(), f"  {word}  ", f"{word}.", f"{word}!!!", f'"{word}"', f"{word} 🙏", f"\n{word}\n",
        f"{word} {word}", f"{word} please", f"{word}\n> Acme: your instalment is due. Reply START to go on.",
    ):  # fmt: skip
        for language in ("en", "zh", "es", "xx"):
            assert meaning(text, language).meanings == {Meaning.STOP}, (text, language)


def test_stop_words_in_disguise() -> None:
    for text in (
        "S T O P",
        "S.T.O.P.",
        "ＳＴＯＰ",
        "S\u200bT\u200bO\u200bP",
        "STOP\u00a0",
        "st\u00adop",
        "ＴＤ",
        "t d",
    ):
        assert meaning(text, "en").meanings == {Meaning.STOP}, text


def test_every_keyword_and_phrase_means_what_the_file_says() -> None:
    values = read(Path(replies.__file__).with_name("replies.words.yaml")).values
    assert isinstance(values, dict)
    for name, groups in values["keywords"].items():
        for word in (word for group in groups for word in group):
            assert meaning(str(word), "xx").meanings == {Meaning(name)}, word
    for name, groups in values["phrases"].items():
        for phrase in (phrase for group in groups for phrase in group):
            assert Meaning(name) in meaning(f"... {phrase} ...", "xx").meanings, phrase


@pytest.mark.parametrize("text", ["START", "unstop", "Resume please", "恢复", "opt in"])
def test_start_words(text: str) -> None:
    assert meaning(text, "en").meanings == {Meaning.START}


@pytest.mark.parametrize(
    "text", ["start stop", "STOP. Do not START again", "unsubscribe, I never asked you to start texting"]
)
def test_beside_a_withdrawal_nothing_starts(text: str) -> None:
    found = meaning(text, "en")
    assert found.withdraws
    assert Meaning.START not in found.meanings


QUOTED = """\
Thanks, got it.

{head}
> Acme: please pay. Reply STOP to stop these messages.
{tail}"""


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ("On Mon, 1 Jun 2026 at 09:00, Acme <x@example.com> wrote:", "> STOP"),
        ("-----Original Message-----", "Reply STOP to stop these messages."),
        ("From: Acme <x@example.com>", "Subject: STOP"),
        ("Am 1. Juni schrieb Acme:", "STOP"),
        ("发件人：安心贷", "回复TD退订"),
        ("Le 1 juin, Acme a écrit :", "STOP"),
    ],
)
def test_our_own_words_quoted_are_not_the_borrowers(head: str, tail: str) -> None:
    assert meaning(QUOTED.format(head=head, tail=tail), "en").meanings == {Meaning.UNREAD}
    assert meaning(f"STOP\n{head}\n{tail}", "en").meanings == {Meaning.STOP}


def test_an_answer_below_what_is_quoted_counts() -> None:
    text = "On Mon, 1 Jun 2026 at 09:00, Acme <x@example.com> wrote:\n> Please pay.\n\nSTOP\n"
    assert meaning(text, "en").withdraws


def test_nothing_is_read_out_of_nothing() -> None:
    for text in ("", " ", "\n\n", "👍👍", "...", "\u200b", "> STOP", "12345", "\x00", "a" * 20_001, "STOP " * 5_000):
        assert meaning(text, "en").meanings == {Meaning.UNREAD}, text[:20]


@given(st.text(max_size=300), st.sampled_from(["en", "zh", "es", "xx", ""]))
def test_anything_is_read_and_the_same_each_time(text: str, language: str) -> None:
    found = meaning(text, language)
    assert found.meanings
    assert found.meanings == {Meaning.UNREAD} or Meaning.UNREAD not in found.meanings
    assert not (found.withdraws and Meaning.START in found.meanings)
    assert meaning(text, language) == found


@given(
    st.lists(st.sampled_from(["stop", "end", "cancel", "unsubscribe", "please", "now", "退订"]), min_size=1, max_size=6)
)
def test_stop_words_and_fillers_in_any_order_stop(words: list[str]) -> None:
    found = meaning(" ".join(words), "en")
    assert found.withdraws == any(word not in {"please", "now"} for word in words)


def test_every_meaning_says_what_it_is_and_holds_have_their_names() -> None:
    assert set(MEANS) == set(Meaning)
    assert all(MEANS.values())
    holds = {"dispute", "cease", "attorney", "bankruptcy", "hardship", "bereavement", "complaint"}
    assert holds == set(HOLD_KINDS) & {one.value for one in Meaning}


def test_nothing_personal_is_printed() -> None:
    assert "promise" not in repr(meaning("I will pay on Friday", "en"))
