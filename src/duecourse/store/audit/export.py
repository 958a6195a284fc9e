"""A borrower's audit chain for a third party: entries, seals with their proofs, and a program that checks them.

Of other borrowers a bundle holds nothing but hashes beside a leaf, from which nobody can tell whose they are.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.files import written_aside
from duecourse.store.audit import alone
from duecourse.store.audit.chain import opened
from duecourse.store.audit.form import Entry, leaf_hash, micros, moment, proof_of
from duecourse.store.audit.seals import Seal, Seals
from duecourse.store.bound import whose
from duecourse.store.keys import Keyring, UnreadableError, Wrapped
from duecourse.store.place import Place, unreachable

Pdf = Callable[[str, Mapping[str, object]], bytes]
"""Sets a document: the name of its template, and the data that the template shows."""

_ENTRIES: Final = """
SELECT chain, seq, at, kind, "by", about, person, body, prev, hash
FROM audit_entry WHERE chain = %s ORDER BY seq
"""
_KEYS: Final = """
SELECT id, person_id, key_id, wrapped_key FROM person
WHERE erased_at IS NULL AND id IN (SELECT person FROM audit_entry WHERE chain = %s)
"""
_README: Final = """What was done about one borrower, as it was written at the time: {borrower_id}, chain {chain}.

entries.jsonl   one line for each entry, in order. `body` is what is kept; `text` is what it says, and `blinding` shows
                that it says so; both are null where the key was destroyed by an erasure.
seals.jsonl     one line for each seal that holds an entry of this chain, with the path from the entry to its root.
seal.pub        the public keys of the seals.
verify.py       checks all of it: `python verify.py`. It needs nothing of whoever gave you this.

What it shows: no entry was changed, removed, inserted or put elsewhere since it was sealed; a seal names its moment.
What it cannot show: that the newest seals were not left out, or that the public key is the right one. Ask whoever keeps
copies of the seals for the last one that there is, and for the name of the key: {keys}.
How each hash is made is written in docs/operating/audit.md of DueCourse, and in verify.py.
"""


@dataclass(frozen=True)
class Exported:
    """What a bundle holds: entries, of which some show their words, and seals; and what its own program says of it."""

    entries: int
    readable: int
    seals: int
    holds: bool
    says: tuple[str, ...]


def export(
    place: Place, seals: Seals, ring: Keyring, borrower_id: str, folder: Path, pdf: Pdf | None = None
) -> Exported:
    """Write the bundle of a borrower into a new folder, whole or not at all; only its owner may read it.

    A chain that does not hold is written too, and said not to. DueCourseError when there is no such borrower, nothing
    is written of them, or the folder is there.
    """
    if folder.exists():
        raise DueCourseError(f"{folder}: is there already: name a new folder for each bundle")
    chain, entries, keys = _read(place, ring, borrower_id)
    told = [_told(entry, keys) for entry in entries]
    proofs = list(_proofs(seals, chain))
    publics = seals.publics()
    with written_aside(folder) as aside:
        aside.chmod(0o700)
        _write(aside / "entries.jsonl", told)
        _write(aside / "seals.jsonl", proofs)
        (aside / "seal.pub").write_bytes(seals.public.read_bytes())
        (aside / "verify.py").write_bytes(Path(alone.__file__).read_bytes())
        readme = _README.format(borrower_id=borrower_id, chain=chain, keys=" ".join(publics))
        (aside / "README.txt").write_text(readme, encoding="utf-8")
        holds, says = _checked(aside)
        if pdf:
            shown = {"borrower_id": borrower_id, "chain": chain, "entries": told, "seals": proofs}
            shown |= {"holds": holds, "says": says}
            (aside / "record.pdf").write_bytes(pdf("export", shown))
    readable = sum(each["text"] is not None for each in told)
    return Exported(len(entries), readable, len(proofs), holds, tuple(says))


def _read(place: Place, ring: Keyring, borrower_id: str) -> tuple[int, list[Entry], dict[int, bytes]]:
    """Read the chain of a borrower, and the keys that are left of those it was sealed under, at one moment."""
    try:
        with place.connected() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            found: Sequence[Any] = connection.execute(
                "SELECT id FROM borrower WHERE borrower_id = %s", [borrower_id]
            ).fetchall()
            if not found:
                raise DueCourseError(f"the store has no borrower {borrower_id}: look how the lender writes them")
            chain = int(found[0][0])
            rows: Sequence[Any] = connection.execute(_ENTRIES, [chain]).fetchall()
            wrapped: Sequence[Any] = connection.execute(_KEYS, [chain]).fetchall()
    except psycopg.OperationalError as error:
        raise unreachable(error) from None
    if not rows:
        raise DueCourseError(f"nothing is written of borrower {borrower_id}: there is nothing to export")
    keys = {}
    for person, person_id, key_id, sealed in wrapped:
        keys[int(person)] = ring.unwrap(Wrapped(key_id, bytes(sealed)), whose(borrower_id, person_id))
    return chain, [Entry(row[0], row[1], micros(row[2]), *row[3:]) for row in rows], keys


def _told(entry: Entry, keys: Mapping[int, bytes]) -> dict[str, Any]:
    """Return an entry as a line of the bundle; its words are null where its key is gone, or it does not open."""
    text: str | None
    hides: str | None
    try:
        found = opened(entry, keys.get(entry.person))
        text, hides = found.text.decode(), found.blinding.hex()
    except (UnreadableError, UnicodeDecodeError):
        text, hides = None, None
    return {
        "chain": entry.chain,
        "seq": entry.seq,
        "at": moment(entry.at).isoformat(timespec="microseconds"),
        "at_us": entry.at,
        "kind": entry.kind,
        "by": entry.by,
        "about": entry.about,
        "person": entry.person,
        "text": text,
        "blinding": hides,
        "body": b64encode(entry.body).decode("ascii"),
        "prev": entry.prev.hex(),
        "hash": entry.hash.hex(),
    }


def _proofs(seals: Seals, chain: int) -> Iterator[dict[str, object]]:
    """Yield each seal that holds an entry of a chain, with the place of the entry in it and the path to the root."""
    begins = b"[%d," % chain  # of a leaf: other lines are not looked into
    for line in seals.lines(seals.sizes()):
        if begins not in line.line or line.seal is None:
            continue
        yield from _proof(line.seal, chain)


def _proof(seal: Seal, chain: int) -> Iterator[dict[str, object]]:
    for index, leaf in enumerate(seal.leaves):
        if leaf.chain == chain:
            path = proof_of([leaf_hash(each) for each in seal.leaves], index)
            yield {**seal.told(), "seq": leaf.seq, "index": index, "path": [each.hex() for each in path]}


def _write(path: Path, lines: Sequence[Mapping[str, object]]) -> None:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def _checked(folder: Path) -> tuple[bool, list[str]]:
    """Let the bundle's own program check it."""
    try:
        said, holds = alone.check(folder)
    except alone.WrongError as wrong:
        return False, [f"does not hold: {wrong}"]
    return holds, said
