"""Letters to a print file: handed over once, whole, withdrawn while open, printed, posted, returned."""

import hashlib
import io
import json
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from duecourse.book.schema import OUTCOMES
from duecourse.channels import batches as module
from duecourse.channels.letter.posting import REASONS, Posting
from duecourse.channels.letter.transport import PrintFile
from duecourse.channels.transport import Fate, Transport, What
from duecourse.documents.pdf import pdf
from duecourse.kernel.errors import DueCourseError
from tests.channels.paper import NOON, ON, blank, message
from tests.documents.samples import LETTER, LETTER_ZH, read
from tests.house.tree import ROOT


def test_letters_are_merged_in_order_and_the_manifest_says_which(tmp_path: Path) -> None:
    transport: Transport = PrintFile(tmp_path, ON)
    registered = PrintFile(tmp_path, ON, postage="registered")
    documents = {"b": pdf("letter", LETTER_ZH), "a": pdf("letter", LETTER), "c": blank(333, 2)}
    for key, pages in documents.items():
        sender = registered if key == "c" else transport
        assert sender.send(message(key, pages)).fate is Fate.LEFT
        assert sender.ask(message(key, pages)).provider_id == f"2026-11-22-01/{key}"
    posting = Posting(tmp_path)
    assert posting.waiting("2026-11-22-01") == ("a", "b", "c")
    closed = posting.close_batch("2026-11-22-01")
    place = tmp_path / "batches" / "2026-11-22-01"
    manifest, printed = ((place / name).read_bytes() for name in ("manifest.jsonl", "print.pdf"))
    assert hashlib.sha256(manifest).hexdigest() == closed.manifest_sha256
    assert hashlib.sha256(printed).hexdigest() == closed.print_sha256
    rows = [json.loads(line) for line in manifest.splitlines()]
    assert [(row["key"], row["pages"], row["sha256"], row["about"]["postage"]) for row in rows] == [
        (key, pages, hashlib.sha256(documents[key]).hexdigest(), postage)
        for key, pages, postage in (("a", 1, "standard"), ("b", 1, "standard"), ("c", 2, "registered"))
    ]
    assert (closed.pieces, closed.pages, len(PdfReader(io.BytesIO(printed)).pages)) == (3, 4, 4)
    assert "Ms Erika Example" in read(printed, 0)
    assert "张镕喆" in read(printed, 1)
    assert posting.close_batch("2026-11-22-01") == closed
    assert not posting.waiting("2026-11-22-01")
    names = [path.name for path in tmp_path.rglob("*")]
    assert not [name for name in names if "Erika" in name]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    assert not (tmp_path / "batches").stat().st_mode & 0o077


def test_the_same_letters_make_the_same_print_file(tmp_path: Path) -> None:
    hashes = set()
    for name in ("one", "two"):
        prints = PrintFile(tmp_path / name, ON)
        for key in ("a", "b") if name == "one" else ("b", "a"):
            prints.send(message(key, pdf("letter", LETTER | {"reference": key})))
        hashes.add(prints.posting.close_batch(prints.batch))
    assert len(hashes) == 1


def test_a_key_is_one_letter_whenever_it_comes_again(tmp_path: Path) -> None:
    first, later = PrintFile(tmp_path, ON), PrintFile(tmp_path, date(2026, 11, 23))
    letter, other = message("k", blank(100)), message("k", blank(200))
    for prints in (first, first, later):
        assert prints.send(letter).provider_id == "2026-11-22-01/k"
    for prints in (first, later):
        with pytest.raises(DueCourseError, match="another document has this key"):
            prints.send(other)
    first.posting.close_batch(first.batch)
    assert later.send(letter).provider_id == "2026-11-22-01/k"
    assert not later.posting.waiting(later.batch)


def test_a_letter_is_withdrawn_while_its_batch_is_open_only(tmp_path: Path) -> None:
    prints = PrintFile(tmp_path, ON)
    for key in ("a", "b"):
        prints.send(message(key, blank(100)))
    assert prints.posting.withdraw("a") is True
    assert prints.posting.withdraw("a") is False
    assert prints.ask(message("a", b"")).fate is Fate.NOT_LEFT
    assert prints.posting.close_batch(prints.batch).pieces == 1
    with pytest.raises(DueCourseError, match="closed"):
        prints.posting.withdraw("b")
    late = prints.send(message("c", blank(100)))
    assert (late.fate, "closed" in late.why) == (Fate.NOT_LEFT, True)
    again = PrintFile(tmp_path, ON, run=2)
    assert again.send(message("a", blank(300))).provider_id == "2026-11-22-02/a"


def test_a_batch_of_which_all_was_withdrawn_prints_nothing(tmp_path: Path) -> None:
    prints = PrintFile(tmp_path, ON)
    prints.send(message("a", blank(100)))
    prints.posting.withdraw("a")
    closed = prints.posting.close_batch(prints.batch)
    assert (closed.pieces, closed.print_sha256) == (0, None)
    assert prints.posting.posted(prints.batch, NOON, "staff-1") == ()


def test_what_was_posted_and_what_came_back(tmp_path: Path) -> None:
    prints, registered = PrintFile(tmp_path, ON), PrintFile(tmp_path, ON, postage="registered")
    prints.send(message("a", blank(100)))
    registered.send(message("b", blank(200)))
    posting = prints.posting
    with pytest.raises(DueCourseError, match="not closed"):
        posting.posted(prints.batch, NOON, "staff-1", {"b": "RR 123 456 789 DE"})
    posting.close_batch(prints.batch)
    for numbers in ({}, {"a": "RR1", "b": "RR2"}, {"b": ""}, {"b": "RR1\n"}, {"z": "RR1"}):
        with pytest.raises(DueCourseError):
            posting.posted(prints.batch, NOON, "staff-1", numbers)
    with pytest.raises(DueCourseError, match="not posted"):
        posting.returned("a", "moved", NOON)
    events = posting.posted(prints.batch, NOON, "staff-1", {"b": "RR 123 456 789 DE"})
    assert [(event.key, event.what, event.provider_id) for event in events] == [
        ("a", What.DELIVERY, None),
        ("b", What.DELIVERY, "RR 123 456 789 DE"),
    ]
    assert posting.posted(prints.batch, NOON, "staff-1", {"b": "RR 123 456 789 DE"}) == events
    with pytest.raises(DueCourseError, match="otherwise"):
        posting.posted(prints.batch, NOON + timedelta(days=1), "staff-1", {"b": "RR 123 456 789 DE"})
    back = posting.returned("a", "moved", NOON + timedelta(days=9))
    assert (back.what, back.outcome, back.outcome in OUTCOMES) == (What.BOUNCE, "bounced", True)
    assert posting.returned("a", "moved", NOON + timedelta(days=9)) == back
    for key, reason, at in (
        ("a", "refused", NOON + timedelta(days=9)),
        ("b", "lost", NOON),
        ("b", "moved", NOON - timedelta(days=1)),
        ("b", "moved", datetime(2026, 11, 30)),  # noqa: DTZ001
        ("z", "moved", NOON),
    ):
        with pytest.raises(DueCourseError):
            posting.returned(key, reason, at)
    got = list(prints.received())
    assert got == [*events, back]
    assert len({event.event_id for event in got}) == 3
    assert not list(prints.received())


def test_an_address_is_given_up_where_nobody_of_the_name_is_there(tmp_path: Path) -> None:
    prints = PrintFile(tmp_path, ON)
    for key in REASONS:
        prints.send(message(key, blank(100)))
    prints.posting.close_batch(prints.batch)
    prints.posting.posted(prints.batch, NOON, "staff-1")
    ended = {reason for reason in REASONS if prints.posting.returned(reason, reason, NOON).ends_point}
    assert ended == {"moved", "unknown", "insufficient_address", "deceased"}
    assert {event.text for event in prints.received() if event.ends_point} == ended, "as it was told"


def test_what_a_reader_did_not_come_back_from_comes_again(tmp_path: Path) -> None:
    prints = PrintFile(tmp_path, ON)
    for key in ("a", "b"):
        prints.send(message(key, blank(100)))
    prints.posting.close_batch(prints.batch)
    events = prints.posting.posted(prints.batch, NOON, "staff-1")
    reader = prints.received()
    assert next(reader) == events[0]
    del reader
    assert list(prints.received()) == list(events)
    assert not list(prints.received())


@settings(max_examples=60)
@given(st.data())
def test_what_is_no_pdf_is_refused_and_never_an_exception(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    good = blank(100)
    cut = data.draw(st.integers(0, len(good) - 1))
    junk = data.draw(st.binary(max_size=40))
    broken = data.draw(st.sampled_from([junk, b"%PDF-1.7\n" + junk, good[:cut], good[:cut] + junk + good[cut + 9 :]]))
    prints = PrintFile(tmp_path_factory.mktemp("prints"), ON)
    fate = prints.send(message("k", broken)).fate
    assert fate in {Fate.REFUSED, Fate.LEFT}
    assert prints.posting.waiting(prints.batch) == (("k",) if fate is Fate.LEFT else ())


def test_sealed_empty_and_huge_pdfs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="AES-256")
    sealed = io.BytesIO()
    writer.write(sealed)
    prints = PrintFile(tmp_path, ON)
    monkeypatch.setattr(module, "BYTES_MAX", 200_000)
    for pages in (sealed.getvalue(), b"", b"Erika", blank(100, 201), blank(100) + b" " * 200_000):
        result = prints.send(message("k", pages))
        assert result.fate is Fate.REFUSED
        assert "Erika" not in result.why
    assert not prints.posting.waiting(prints.batch)


def test_a_full_batch_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECES_MAX", 1)
    prints = PrintFile(tmp_path, ON)
    assert prints.send(message("a", blank(100))).fate is Fate.LEFT
    assert prints.send(message("b", blank(100))).fate is Fate.NOT_LEFT
    assert prints.send(message("a", blank(100))).fate is Fate.LEFT


def test_a_folder_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    prints = PrintFile(tmp_path, ON)
    prints.send(message("a", blank(100)))
    (tmp_path / "batches" / "2026-11-22-02").write_text("in the way")
    result = PrintFile(tmp_path, ON, run=2).send(message("b", blank(100)))
    assert result.fate is Fate.NOT_LEFT
    assert result.why


@pytest.mark.parametrize("key", ["", "../k", "a/b", ".k", "k\n", "k" * 101, "ключ", "a b"])
def test_a_key_that_is_no_name_is_refused_without_showing_it(tmp_path: Path, key: str) -> None:
    prints = PrintFile(tmp_path, ON)
    for act in (lambda: prints.send(message(key, blank(100))), lambda: prints.posting.withdraw(key)):
        with pytest.raises(DueCourseError) as caught:
            act()
        assert not key or key not in str(caught.value)
    assert not list(tmp_path.rglob("*.pdf"))


def test_a_letter_that_was_changed_in_the_folder_is_not_printed(tmp_path: Path) -> None:
    prints = PrintFile(tmp_path, ON)
    prints.send(message("a", blank(100)))
    (tmp_path / "batches" / prints.batch / "documents" / "a.pdf").write_bytes(blank(999))
    with pytest.raises(DueCourseError, match="was changed"):
        prints.posting.close_batch(prints.batch)
    assert prints.posting.waiting(prints.batch) == ("a",)


def test_what_was_posted_may_be_cleared_and_still_be_known(tmp_path: Path) -> None:
    prints = PrintFile(tmp_path, ON)
    prints.send(message("a", blank(100)))
    with pytest.raises(DueCourseError, match="open"):
        prints.posting.batches.clear(prints.batch)
    closed = prints.posting.close_batch(prints.batch)
    prints.posting.batches.clear(prints.batch)
    assert not list(tmp_path.rglob("*.pdf"))
    assert prints.posting.close_batch(prints.batch) == closed
    assert prints.send(message("a", blank(100))).fate is Fate.LEFT


def test_no_such_postage(tmp_path: Path) -> None:
    with pytest.raises(DueCourseError, match="standard, registered"):
        PrintFile(tmp_path, ON, postage="pigeon")


def test_a_process_killed_at_any_step_leaves_nothing_or_the_whole(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.channels.dying", str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert run.returncode == 0, run.stderr[-2000:]
    steps = {name: int(count) for name, count in (line.split() for line in run.stdout.splitlines())}
    assert steps.keys() == {"_sent", "_withdrawn", "_closed", "_posted", "_read"}
    assert steps["_sent"] >= 8  # touch, write, settle, replace, settle, for each of two files
    assert steps["_closed"] >= 12
