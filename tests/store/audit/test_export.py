"""A bundle is checked by a third party who has neither DueCourse nor the database; a bundle that was touched fails."""

import ast
import base64
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import cryptography
import pytest
from hypothesis import given

from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import alone, chain, form
from duecourse.store.audit.export import export
from duecourse.store.audit.form import Entry
from duecourse.store.audit.sealing import seal
from duecourse.store.audit.seals import Seals
from duecourse.store.keys import Keyring
from duecourse.store.models import Borrower
from duecourse.store.place import Place
from tests.store.audit.conftest import AT, LATER, Intruder, Write
from tests.store.audit.test_form import ENTRIES

ELSEWHERE: Final = """
import importlib.util, runpy, sys
sys.path.append(sys.argv.pop(1))
assert importlib.util.find_spec("duecourse") is None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
PACKAGES: Final = str(Path(cryptography.__file__).parents[1])


def checked(folder: Path, *arguments: str, path: str = "", packages: str = PACKAGES) -> tuple[int, str]:
    """Run the bundle's program as a third party does: without this project, with nothing of this environment."""
    command = [sys.executable, "-I", "-S", "-c", ELSEWHERE, packages, str(folder / "verify.py"), *arguments]
    done = subprocess.run(  # noqa: S603
        command, cwd="/", env={"PATH": path}, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def bundle(store: Place, seals: Seals, write: Write, ring: Keyring, tmp_path: Path) -> Path:
    """Give the bundle of B2: five entries, of which four are sealed, in two seals beside others."""
    write("B2", 3)
    for number in range(5):
        write(f"A{number}", 2)
    seal(store, seals, AT)
    write("B2", 1)
    write("A2", 1)
    seal(store, seals, LATER)
    write("B2", 1)
    export(store, seals, ring, "B2", tmp_path / "bundle")
    return tmp_path / "bundle"


def test_a_third_party_checks_a_bundle(bundle: Path, seals: Seals) -> None:
    code, said = checked(bundle)
    key = next(iter(seals.publics()))
    assert said.splitlines() == [
        "5 entries in one unbroken chain; 5 show their words, and those are the entries' own.",
        "2 seals; entries 1 to 4 are sealed, 1 after them are not yet.",
        f"Sealed with the key {key}: ask somebody else than the sender whether that is the right one.",
    ]
    assert code == 0
    assert checked(bundle, "--key", key)[0] == 0
    assert checked(bundle, "--key", "0" * 16) == (1, "DOES NOT HOLD: seal 1: its key is not among the public keys\n")
    assert key in (bundle / "README.txt").read_text(encoding="utf-8")
    assert bundle.stat().st_mode & 0o777 == 0o700
    told = [json.loads(line) for line in (bundle / "entries.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [json.loads(each["text"])["words"] for each in told[:3]] == [f"secret words {number}" for number in range(3)]
    assert told[0]["at"] == "2026-11-22T09:30:00.123456+00:00"


def test_without_a_library_openssl_checks_the_signatures_and_without_either_it_says_so(
    bundle: Path, tmp_path: Path
) -> None:
    code, said = checked(bundle, packages="")
    assert (code, "NO SIGNATURE WAS CHECKED" in said) == (3, True)
    stand_in = tmp_path / "bin" / "openssl"  # which says yes to whatever it is asked, or no
    stand_in.parent.mkdir()
    for answer, expected in ((0, 0), (1, 1)):
        stand_in.write_text(f"#!/bin/sh\nexit {answer}\n", encoding="utf-8")
        stand_in.chmod(0o755)
        assert checked(bundle, packages="", path=str(stand_in.parent))[0] == expected


def test_of_other_borrowers_there_is_nothing_in_it(bundle: Path, intruder: Intruder) -> None:
    others = [row[0] for row in intruder.does("SELECT id FROM borrower WHERE borrower_id <> 'B2'")]
    hashes = [entry.hash for number in others for entry in intruder.chain(number)]
    assert len(hashes) == 11
    whole = "".join(path.read_text(encoding="utf-8") for path in bundle.iterdir())
    assert not any(each.hex() in whole for each in hashes)
    told = [json.loads(line) for line in (bundle / "seals.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all("leaves" not in each and "chain" not in each for each in told)
    assert [(each["seq"], each["count"], len(each["path"])) for each in told] == [(3, 6, 3), (4, 2, 1)]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def put(path: Path, told: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(each) + "\n" for each in told), encoding="utf-8")


def rehash(told: list[dict[str, Any]]) -> None:
    """Make all hashes fit, as whoever forges a bundle would."""
    prev = form.ZERO.hex()
    for seq, each in enumerate(told, 1):
        each["seq"], each["prev"] = seq, prev
        prev = each["hash"] = alone.entry_hash(each).hex()


def with_words(each: dict[str, Any], words: str) -> None:
    each["text"] = json.dumps({"words": words})


def plainly(each: dict[str, Any]) -> None:
    each["text"], each["blinding"] = "{}", None
    each["body"] = base64.b64encode(b"\0{}").decode()


Forge = Callable[[list[dict[str, Any]]], object]
ENTRIES_FORGED: Final[dict[str, Forge]] = {
    "changed": lambda told: told[1].update(kind="contact.refused"),
    "by another": lambda told: told[1].update(by="user 9"),
    "about something else": lambda told: told[1].update(about="C9"),
    "at another time": lambda told: told[1].update(at_us=told[1]["at_us"] + 1),
    "shown at another time": lambda told: told[1].update(at="2020-01-01T00:00:00+00:00"),
    "removed": lambda told: told.pop(1),
    "cut off": lambda told: told.__delitem__(slice(2, None)),
    "exchanged": lambda told: told.insert(0, told.pop(1)),
    "other words": lambda told: with_words(told[1], "nothing was said"),
    "plain words": lambda told: plainly(told[1]),
    "another chain": lambda told: told[1].update(chain=99),
    "no words for an entry": lambda told: told.clear(),
}


def test_entries_that_were_forged_do_not_hold(bundle: Path) -> None:
    path = bundle / "entries.jsonl"
    kept = path.read_bytes()
    for forge in ENTRIES_FORGED.values():
        for fits in (False, True):
            path.write_bytes(kept)
            told = lines(path)
            forge(told)
            if fits:
                rehash(told)
            put(path, told)
            with pytest.raises(alone.WrongError):
                alone.check(bundle)
    path.write_bytes(kept)
    alone.check(bundle)


SEALS_FORGED: Final[tuple[tuple[str, object], ...]] = (
    *(("number", 7), ("at_us", 0), ("at", "2020-01-01T00:00:00+00:00"), ("count", 7), ("prev", "11" * 32)),
    *(("root", "00" * 32), ("signature", "00" * 64), ("signature", "00"), ("seq", 2), ("seq", 0), ("seq", 99)),
    *(("index", 1), ("index", -1), ("path", []), ("path", ["00" * 32] * 3), ("path", None), ("key", "x")),
)


def test_seals_that_were_forged_do_not_hold(bundle: Path) -> None:
    told = lines(bundle / "seals.jsonl")
    for name, value in SEALS_FORGED:
        put(bundle / "seals.jsonl", [{**told[0], name: value}, told[1]])
        with pytest.raises(alone.WrongError):
            alone.check(bundle)
    put(bundle / "seals.jsonl", told)
    alone.check(bundle)


def test_a_bundle_that_is_damaged_is_one_line(bundle: Path) -> None:
    for name in ("entries.jsonl", "seals.jsonl"):
        kept = (bundle / name).read_bytes()
        for text in ("{", "[]\n", "null\n", "{}\n", '{"chain": "x"}\n', "\udc80", "[" * 100_000):
            (bundle / name).write_text(text, encoding="utf-8", errors="surrogateescape")
            with pytest.raises(alone.WrongError, match=r"^[^\n]+$"):
                alone.check(bundle)
        (bundle / name).write_bytes(kept)
    (bundle / "entries.jsonl").write_bytes(b"\0")
    code, said = checked(bundle)
    assert (code, said.count("\n"), said[:15]) == (1, 1, "DOES NOT HOLD: ")


def test_a_key_that_is_another_does_not_hold(bundle: Path, tmp_path: Path) -> None:
    other = Seals(tmp_path / "other.key", tmp_path)
    other.make_key()
    (bundle / "seal.pub").write_bytes(other.public.read_bytes())
    assert checked(bundle)[0] == 1
    (bundle / "seal.pub").unlink()
    assert checked(bundle)[0] == 1


@given(ENTRIES)
def test_the_program_of_the_bundle_hashes_as_the_store_does(entry: Entry) -> None:
    told = {**entry._asdict(), "at_us": entry.at, "body": base64.b64encode(entry.body), "prev": entry.prev.hex()}
    assert alone.entry_hash(told) == form.hash_of(entry)


def test_the_program_of_the_bundle_needs_the_standard_library_alone() -> None:
    tree = ast.parse(Path(alone.__file__).read_text(encoding="utf-8"))
    modules = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in modules if name.partition(".")[0] not in sys.stdlib_module_names} == {
        "cryptography.exceptions",
        "cryptography.hazmat.primitives.asymmetric.ed25519",
    }


def test_of_the_erased_the_words_are_gone_and_the_chain_holds(
    store: Place, seals: Seals, ring: Keyring, bundle: Path, tmp_path: Path
) -> None:
    chain.erase(ring, Borrower.objects.get(borrower_id="B2"), "user 3", AT)
    seal(store, seals, LATER)
    found = export(store, seals, ring, "B2", tmp_path / "erased")
    assert (found.entries, found.readable, found.seals, found.holds) == (6, 1, 3, True)
    assert [each["text"] for each in lines(tmp_path / "erased" / "entries.jsonl")] == [None] * 5 + ['{"people":["B2"]}']
    code, said = checked(tmp_path / "erased")
    assert (code, said.splitlines()[0].partition("; ")[2]) == (0, "1 show their words, and those are the entries' own.")
    assert lines(bundle / "entries.jsonl")[0]["hash"] == lines(tmp_path / "erased" / "entries.jsonl")[0]["hash"]


def test_a_chain_that_does_not_hold_is_written_and_said_not_to(
    store: Place, seals: Seals, ring: Keyring, write: Write, intruder: Intruder, tmp_path: Path
) -> None:
    write("B1", 3)
    seal(store, seals, AT)
    intruder.does("UPDATE audit_entry SET kind = 'x' WHERE seq = 2")
    found = export(store, seals, ring, "B1", tmp_path / "bundle")
    assert (found.holds, found.says) == (False, ("does not hold: entry 2: was changed",))
    assert checked(tmp_path / "bundle")[0] == 1


def test_the_document_is_made_of_what_the_bundle_holds(
    store: Place, seals: Seals, ring: Keyring, write: Write, tmp_path: Path
) -> None:
    write("B1", 2)
    seal(store, seals, AT)
    given_: list[tuple[str, Mapping[str, Any]]] = []

    def pdf(name: str, data: Mapping[str, object]) -> bytes:
        given_.append((name, data))
        return b"%PDF-"

    export(store, seals, ring, "B1", tmp_path / "bundle", pdf)
    assert (tmp_path / "bundle" / "record.pdf").read_bytes() == b"%PDF-"
    ((name, data),) = given_
    assert (name, data["borrower_id"], data["holds"], len(data["seals"])) == ("export", "B1", True, 1)
    assert data["entries"] == lines(tmp_path / "bundle" / "entries.jsonl")


def test_what_cannot_be_exported_is_one_clear_line(
    store: Place, seals: Seals, ring: Keyring, bundle: Path, tmp_path: Path
) -> None:
    Borrower.objects.create(borrower_id="B9")
    for borrower, folder, says in (
        ("B8", "new", "has no borrower B8"),
        ("B9", "new", "nothing is written of borrower B9"),
        ("B2", bundle.name, "is there already"),
    ):
        with pytest.raises(DueCourseError, match=says):
            export(store, seals, ring, borrower, tmp_path / folder)
    assert not (tmp_path / "new").exists()
