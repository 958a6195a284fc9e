"""Whatever is changed, removed, put elsewhere or cut off is found, also where all hashes were made to fit."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import psycopg
import pytest

from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain, form, sealing
from duecourse.store.audit import verify as verifying
from duecourse.store.audit.form import ZERO, Entry, Leaf
from duecourse.store.audit.sealing import Sealed, seal
from duecourse.store.audit.seals import Seal, Seals, made
from duecourse.store.audit.verify import Fault, verify
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from tests.store.audit.conftest import AT, LATER, Intruder, Write, draft


def whats(store: Place, seals: Seals) -> list[tuple[int | None, int | None, str]]:
    """Return chain, entry and the first three words of each fault."""
    return [(each.chain, each.seq, " ".join(each.what.split()[:3])) for each in verify(store, seals).faults]


def test_what_is_as_it_was_written_is_found_whole(store: Place, seals: Seals, write: Write) -> None:
    for borrower, count in (("B1", 5), ("B2", 1), ("B3", 3)):
        write(borrower, count)
    assert seal(store, seals, AT) == Sealed(1, 3, ())
    assert seal(store, seals, AT) == Sealed(0, 0, ()), "where nothing was added there is nothing to seal"
    write("B1", 2)
    seal(store, seals, LATER)
    found = verify(store, seals)
    assert (found.chains, found.entries, found.seals, found.leaves) == (3, 11, 2, 4)
    assert (found.unsealed, found.faults, found.sealed_at) == (0, [], LATER)
    assert [path.name for path in sorted(seals.folder.glob("*.jsonl"))] == ["2026-11-22.jsonl", "2026-11-23.jsonl"]


def test_what_was_added_since_the_last_seal_is_told(store: Place, seals: Seals, write: Write) -> None:
    write("B1", 2)
    found = verify(store, seals)
    assert (found.unsealed, found.unsealed_chains, found.sealed_at, found.faults) == (2, 1, None, [])
    seal(store, seals, AT)
    write("B1", 3)
    write("B2", 1)
    found = verify(store, seals)
    assert (found.unsealed, found.unsealed_chains, found.faults) == (4, 2, [])


def test_an_empty_store_has_nothing_wrong(store: Place, seals: Seals) -> None:
    assert seal(store, seals, AT) == Sealed(0, 0, ())
    found = verify(store, seals)
    assert (found.entries, found.faults) == (0, [])


Tamper = Callable[[list[Entry]], list[Entry]]


def changed(entries: list[Entry]) -> list[Entry]:
    return [each._replace(kind="contact.refused") if each.seq == 3 else each for each in entries]


TAMPERED: Final[dict[str, tuple[Tamper, list[tuple[int, str]]]]] = {
    "changed": (changed, [(4, "is not what")]),
    "body changed": (lambda all_: [each._replace(body=each.body[:-1] + b"x") for each in all_], [(4, "is not what")]),
    "backdated": (lambda all_: [each._replace(at=each.at - 1) for each in all_], [(4, "is not what")]),
    "removed": (lambda all_: all_[:1] + all_[2:], [(4, "is not what")]),
    "removed at the front": (lambda all_: all_[1:], [(4, "is not what")]),
    "removed with what follows": (lambda all_: all_[:2], [(4, "was sealed, and")]),
    "all removed": (lambda _: [], [(4, "was sealed, and"), (6, "was sealed, and")]),
    "cut off at the end": (lambda all_: all_[:5], [(6, "was sealed, and")]),
    "reordered": (lambda all_: [all_[1], all_[0], *all_[2:]], [(4, "is not what")]),
    "inserted": (lambda all_: [all_[0], all_[0], *all_[1:]], [(4, "is not what")]),
    "of another": (lambda all_: [each._replace(by="user 9") for each in all_], [(4, "is not what")]),
}


def test_chains_that_a_superuser_wrote_anew_with_all_hashes_are_found(
    store: Place, seals: Seals, write: Write, intruder: Intruder
) -> None:
    """Of each chain four entries are sealed, then two more; one stays as it was."""
    numbers = {name: write(name, 4)[0].chain for name in (*TAMPERED, "untouched")}
    seal(store, seals, AT)
    for name in numbers:
        write(name, 2)
    seal(store, seals, LATER)
    assert whats(store, seals) == []
    for name, (tamper, _) in TAMPERED.items():
        intruder.puts(numbers[name], tamper(intruder.chain(numbers[name])))

    def found() -> dict[str, list[tuple[int | None, str]]]:
        all_ = whats(store, seals)
        return {name: [(seq, what) for at, seq, what in all_ if at == number] for name, number in numbers.items()}

    then = found()
    assert then.pop("untouched") == []
    assert {name: then[name][: len(expected)] for name, (_, expected) in TAMPERED.items()} == {
        name: expected for name, (_, expected) in TAMPERED.items()
    }
    # Sealing sees it too, but where the head is gone, or has grown as heads do; and to seal again does not heal it.
    seen = {number for name, number in numbers.items() if name not in {"all removed", "inserted", "untouched"}}
    assert set(seal(store, seals, LATER).rewound) == seen
    now = found()
    assert all(now[name][: len(expected)] == expected for name, (_, expected) in TAMPERED.items())


CLUMSY: Final[dict[str, tuple[str, list[tuple[int, str]]]]] = {
    "kind": ("UPDATE audit_entry SET kind = 'x' WHERE chain = %s AND seq = 2", [(2, "was changed: its")]),
    "by": ("UPDATE audit_entry SET \"by\" = 'x' WHERE chain = %s AND seq = 2", [(2, "was changed: its")]),
    "about": ("UPDATE audit_entry SET about = about || 'x' WHERE chain = %s AND seq = 2", [(2, "was changed: its")]),
    "person": ("UPDATE audit_entry SET person = 0 WHERE chain = %s AND seq = 2", [(2, "was changed: its")]),
    "at": ("UPDATE audit_entry SET at = at + '1 us' WHERE chain = %s AND seq = 2", [(2, "was changed: its")]),
    "no moment": ("UPDATE audit_entry SET at = 'infinity' WHERE chain = %s AND seq = 2", [(2, "was changed: its")]),
    "body": ("UPDATE audit_entry SET body = body || '\\x00' WHERE chain = %s AND seq = 2", [(2, "was changed: its")]),
    "hash": (
        "UPDATE audit_entry SET hash = sha256(hash) WHERE chain = %s AND seq = 2",
        [(2, "was changed: its"), (3, "does not follow")],
    ),
    "prev": (
        "UPDATE audit_entry SET prev = sha256(prev) WHERE chain = %s AND seq = 2",
        [(2, "does not follow"), (2, "was changed: its")],
    ),
    "removed": ("DELETE FROM audit_entry WHERE chain = %s AND seq = 2", [(2, "entry 2: not")]),
    "many removed": ("DELETE FROM audit_entry WHERE chain = %s AND seq < 4", [(1, "entries 1 to")]),
    "last removed": (
        "DELETE FROM audit_entry WHERE chain = %s AND seq = 5",
        [(5, "was sealed, and"), (4, "the head of")],
    ),
    "exchanged": (
        "UPDATE audit_entry SET seq = CASE seq WHEN 2 THEN 102 ELSE 2 END WHERE chain = %s AND seq IN (2, 4)",
        [(2, "does not follow"), (2, "was changed: its"), (3, "does not follow"), (4, "entry 4: not")],
    ),
    "head": ("UPDATE audit_head SET seq = seq - 1 WHERE chain = %s", [(5, "the head of")]),
    "head's hash": ("UPDATE audit_head SET hash = sha256(hash) WHERE chain = %s", [(5, "the head of")]),
    "head removed": ("DELETE FROM audit_head WHERE chain = %s", [(5, "the chain has")]),
    "moved": (
        "UPDATE audit_entry SET chain = chain + 100 WHERE chain = %s AND seq = 5",
        [(5, "was sealed, and"), (4, "the head of")],
    ),
}


def test_one_thing_changed_and_nothing_made_to_fit_is_found(
    store: Place, seals: Seals, write: Write, intruder: Intruder
) -> None:
    numbers = {name: write(name, 5)[0].chain for name in CLUMSY}
    seal(store, seals, AT)
    for name, (statement, _) in CLUMSY.items():
        intruder.does(statement, [numbers[name]])
    all_ = whats(store, seals)
    for name, (_, expected) in CLUMSY.items():
        found = [(seq, what) for at, seq, what in all_ if at == numbers[name]]
        assert found[: len(expected)] == expected, name


def test_a_head_without_a_chain_is_found(store: Place, seals: Seals, intruder: Intruder) -> None:
    intruder.does("INSERT INTO audit_head VALUES (7, 1, sha256(''))")
    assert whats(store, seals) == [(7, 0, "the head of")]


def test_a_transaction_that_commits_after_a_seal_is_sealed_by_the_next(
    store: Place, seals: Seals, write: Write, ring: Keyring
) -> None:
    number, other = write("B1", 1)[0].chain, write("B2", 1)[0].chain
    with psycopg.connect(store.url()) as late:
        chain.append(late.cursor(), ring, number, [draft(1)])
        write("B2", 2)
        assert seal(store, seals, AT).chains == 2
        late.commit()
    found = verify(store, seals)
    assert (found.unsealed, found.faults) == (1, [])
    assert seal(store, seals, LATER) == Sealed(1, 1, ())
    assert (verify(store, seals).unsealed, other) == (0, other)


def test_a_crash_between_the_seal_and_the_database_is_no_fault(
    store: Place, seals: Seals, write: Write, intruder: Intruder
) -> None:
    write("B1", 2)
    seal(store, seals, AT)
    intruder.does("DELETE FROM audit_sealed")
    assert (verify(store, seals).unsealed, whats(store, seals)) == (0, [])
    write("B1", 1)
    assert seal(store, seals, LATER) == Sealed(1, 1, ())
    intruder.does("UPDATE audit_sealed SET seq = 2, hash = (SELECT hash FROM audit_entry WHERE seq = 2)")
    assert seal(store, seals, LATER) == Sealed(1, 1, ())
    assert whats(store, seals) == []


def test_a_seal_that_was_not_written_to_its_end_is_made_again(store: Place, seals: Seals, write: Write) -> None:
    write("B1", 2)
    seal(store, seals, AT)
    path = next(seals.folder.glob("*.jsonl"))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:100])
    assert [fault.what.partition(": ")[2] for fault in verify(store, seals).faults] == ["cannot be read as a seal"]
    write("B1", 1)
    seal(store, seals, AT)
    assert path.read_bytes().startswith(whole)
    assert whats(store, seals) == []


def test_a_long_list_becomes_many_seals(
    store: Place, seals: Seals, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "_AT_A_TIME", 2)
    for borrower in ("B1", "B2", "B3", "B4", "B5"):
        write(borrower, 1)
    assert seal(store, seals, AT) == Sealed(3, 5, ())
    found = verify(store, seals)
    assert (found.seals, found.leaves, found.unsealed, found.faults) == (3, 5, 0, [])


def test_who_seals_at_once_makes_one_row_of_seals(store: Place, seals: Seals, write: Write) -> None:
    def work(borrower: str) -> None:
        for _ in range(10):
            write(borrower, 1)
            seal(store, seals, AT)

    for number in range(4):
        write(f"B{number}", 1)  # Django's connections are one for each thread, and nobody would close them
    threads = [threading.Thread(target=work, args=[f"B{number}"]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = verify(store, seals)
    assert (found.entries, found.unsealed, found.faults) == (44, 0, [])


# --- the seals themselves -----------------------------------------------------------------------------------


@pytest.fixture
def four(store: Place, seals: Seals, write: Write) -> Path:
    """Give the file of four seals."""
    for number in range(4):
        write("B1", 1)
        write("B2", 1)
        seal(store, seals, AT.replace(minute=number))
    assert whats(store, seals) == []
    return next(seals.folder.glob("*.jsonl"))


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_seal_that_is_gone_is_found(store: Place, seals: Seals, four: Path) -> None:
    whole = four.read_bytes().splitlines(keepends=True)
    for kept in (whole[1:], whole[:1] + whole[2:], [whole[0], whole[2], whole[1], whole[3]], [*whole, whole[3]]):
        four.write_bytes(b"".join(kept))
        assert any("does not follow the one before it" in fault.what for fault in verify(store, seals).faults)
    four.write_bytes(b"".join(whole[:3]))
    assert whats(store, seals) == [(number, 4, "is said to") for number in (1, 2)], "the database remembers the last"
    four.unlink()
    assert whats(store, seals) == [(number, 4, "is said to") for number in (1, 2)]


def test_a_seal_that_is_gone_with_the_databases_memory_of_it_is_found_in_a_copy(
    store: Place, seals: Seals, write: Write, intruder: Intruder, tmp_path: Path
) -> None:
    copied = replace(seals, copies=(tmp_path / "copy", tmp_path / "nested" / "copy"))
    for number in range(3):
        write("B1", 1)
        seal(store, copied, AT.replace(day=20 + number))
    assert whats(store, copied) == []
    four = max(seals.folder.glob("*.jsonl"))
    kept = four.read_bytes()
    four.unlink()
    intruder.does("DELETE FROM audit_sealed")
    assert whats(store, seals) == []
    assert all(" lacks " in fault.what for fault in verify(store, copied).faults)
    assert len(verify(store, copied).faults) == 2
    four.write_bytes(kept.replace(b'"seq', b'"SEQ').replace(b'"number":3', b'"number":4'))
    assert "is not the same as" in str(verify(store, copied).faults)


def test_a_copy_that_was_away_catches_up(store: Place, seals: Seals, write: Write, tmp_path: Path) -> None:
    copied = replace(seals, copies=(tmp_path / "copy",))
    for number in range(4):
        write("B1", 1)
        seal(store, copied if number % 2 else seals, AT.replace(day=20 + number))
    assert whats(store, copied) == []
    assert len(list((tmp_path / "copy").glob("*.jsonl"))) == 4
    last = max(seals.folder.glob("*.jsonl"))
    last.write_bytes(last.read_bytes()[:-1])
    write("B1", 1)
    with pytest.raises(DueCourseError, match="is not the beginning of"):
        seal(store, copied, AT.replace(day=1))


CHANGED: Final[tuple[tuple[str, object], ...]] = (
    *(("number", 9), ("number", "2"), ("number", -1), ("number", 2**70), ("at_us", 1), ("at", "2026-01-01")),
    *(("count", 3), ("prev", "00" * 32), ("root", "00" * 32), ("root", "zz"), ("key", "0" * 16)),
    *(("signature", "00" * 64), ("leaves", []), ("leaves", [[1, 3, "00" * 32]]), ("leaves", [[1, 3]])),
    *(("leaves", {}), ("leaves", [[1, 3, "00" * 32], [2, 3, "00" * 32]]), ("more", 1)),
)


def test_a_seal_that_was_changed_is_found(store: Place, seals: Seals, four: Path) -> None:
    told = lines(four)
    for name, value in CHANGED:
        forged = [*told[:2], {**told[2], name: value}, told[3]]
        four.write_bytes(b"".join(json.dumps(each, separators=(",", ":")).encode() + b"\n" for each in forged))
        found = verify(store, seals).faults
        assert any(fault.chain is None and ":3: " in fault.what for fault in found), (name, value)


def test_a_line_that_is_no_seal_is_told(store: Place, seals: Seals, four: Path) -> None:
    whole = four.read_bytes()
    for line in (b"\n", b"[]\n", b"{\n", b"\xff\n", b"[" * 100_000 + b"\n", b"null\n"):
        four.write_bytes(whole + line)
        assert [each.what.partition(": ")[2] for each in verify(store, seals).faults] == ["cannot be read as a seal"]
        with pytest.raises(DueCourseError, match="its last seal cannot be read"):
            seal(store, seals, AT)


def test_a_seal_made_with_another_key_is_not_believed(
    store: Place, seals: Seals, four: Path, intruder: Intruder, tmp_path: Path
) -> None:
    """The intruder writes a chain anew, and seals that fit it, all but for the key."""
    forger = Seals(tmp_path / "forger.key", tmp_path / "forged")
    forger.make_key()
    intruder.puts(1, changed(intruder.chain(1)))
    last, forged = None, b""
    ends = intruder.chain(1)
    for line in four.read_bytes().splitlines(keepends=True):
        genuine = Seal.read(line)
        leaves = tuple(Leaf(1, x.seq, ends[x.seq - 1].hash) if x.chain == 1 else x for x in genuine.leaves)
        last = made(forger.private(), last, genuine.at, leaves)
        forged += last.line()
    four.write_bytes(forged)
    intruder.does("UPDATE audit_sealed SET hash = h.hash FROM audit_head h WHERE h.chain = audit_sealed.chain")
    found = verify(store, seals)
    assert len(found.faults) == 4
    assert all("not among the public ones" in fault.what for fault in found.faults)
    four.write_bytes(forged.replace(last.key.encode() if last else b"", next(iter(seals.publics())).encode()))
    assert len(verify(store, seals).faults) == 4
    assert all("changed or forged" in fault.what for fault in verify(store, seals).faults)


# --- the key ------------------------------------------------------------------------------------------------


def test_a_new_key_seals_on_and_the_seals_of_the_old_one_still_hold(store: Place, seals: Seals, write: Write) -> None:
    write("B1", 1)
    seal(store, seals, AT)
    with pytest.raises(DueCourseError, match="is a key already"):
        seals.make_key()
    seals.key.unlink()
    with pytest.raises(DueCourseError, match="is not here"):
        seal(store, seals, AT)
    seals.make_key()
    assert seals.key.stat().st_mode & 0o777 == 0o600
    write("B1", 1)
    seal(store, seals, AT)
    assert len(seals.publics()) == 2
    found = verify(store, seals)
    assert (found.seals, found.faults) == (2, [])


def test_what_is_no_key_is_one_clear_line(store: Place, seals: Seals) -> None:
    good, public = seals.key.read_bytes(), seals.public.read_bytes()
    seals.key.chmod(0o644)
    with pytest.raises(DueCourseError, match="chmod 600"):
        seal(store, seals, AT)
    seals.key.chmod(0o600)
    for bad in (b"", b"x", good[:50], public):
        seals.key.write_bytes(bad)
        with pytest.raises(DueCourseError, match="is no key of seals"):
            seal(store, seals, AT)
    seals.key.write_bytes(good)
    for bad in (b"", b"x", public[:40], public[:40] + public[50:]):
        seals.public.write_bytes(bad)
        with pytest.raises(DueCourseError, match="no public key"):
            seal(store, seals, AT)
    other = Seals(seals.key.with_name("other.key"), seals.folder)
    other.make_key()
    seals.public.write_bytes(other.public.read_bytes())
    with pytest.raises(DueCourseError, match="lacks the public half"):
        seal(store, seals, AT)


def test_a_database_that_does_not_answer_is_one_clear_line(seals: Seals) -> None:
    away = Place(seals.folder, "postgresql://nobody@127.0.0.1:1/none?connect_timeout=2", seals.key)
    for does in (lambda: seal(away, seals, AT), lambda: verify(away, seals)):
        with pytest.raises(DueCourseError, match="the database cannot be reached"):
            does()


def test_faults_are_counted_beyond_those_that_are_named(
    store: Place, seals: Seals, write: Write, intruder: Intruder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "SHOWN_MOST", 2)
    number = write("B1", 5)[0].chain
    intruder.does("UPDATE audit_entry SET kind = 'x'")
    found = verify(store, seals)
    assert (found.faults_count, len(found.faults)) == (5, 2)
    assert found.faults[0] == Fault(number, 1, "was changed: its hash is another")


def test_the_first_seal_has_nothing_before_it(seals: Seals) -> None:
    one = made(seals.private(), None, form.micros(AT), (Leaf(1, 1, ZERO),))
    assert (one.number, one.prev) == (1, ZERO)
    assert Seal.read(one.line()) == one
