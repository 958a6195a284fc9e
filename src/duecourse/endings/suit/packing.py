"""Claim packs for one loan or thousands: the store first, then a folder for each, made of the store alone.

    pack(office, Job(...), who, loans, workers) -> [Packed, ...]

Each ending is judged again and moved to `packed` with all that its papers need; only then they are written, under a
temporary name and then theirs. Who is killed has packed what is packed: the same command again writes the papers that
are missing, the same ones, and goes on with the rest. A pack is made anew under another run, not in its place.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from duecourse.day.known import Reached, read
from duecourse.day.owed import Owed
from duecourse.day.reaching import key_of
from duecourse.documents.pdf import pdf
from duecourse.endings import moving
from duecourse.endings.deciding import TOLD, Said
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Ending, Move, Who
from duecourse.endings.suit.evidence import Documents
from duecourse.endings.suit.forms import People, language_of, papers
from duecourse.endings.suit.material import Material, Sources, gather
from duecourse.endings.suit.settings import Suits
from duecourse.kernel.errors import DueCourseError
from duecourse.law.answers import Answers
from duecourse.store.bound import name_place, point_place
from duecourse.store.endings import DECIDED
from duecourse.store.keys import unseal
from duecourse.store.line import Line

PACK: Final = "pack"
"""Under this name an ending's details keep what its papers are made of."""
MANIFEST: Final = "manifest.json"
_PACKED: Final = "packed"
_DOCUMENTS: Final = "documents"
_CHOSEN: Final = """
e.kind = 'suit' AND NOT e.is_over AND (e.loan_id = ANY(%(loans)s)
    OR (%(every)s AND (e.run = %(run)s OR (e.state = 'decided' AND e.run IS NULL))))"""
_POINTS: Final = "SELECT id, kind, value FROM contact_point WHERE id = ANY(%s)"


@dataclass(frozen=True)
class Job:
    """A run of packs: its name, the folder that gets them, the settings and the lender's documents."""

    run: str
    out: Path
    suits: Suits
    documents: Documents

    @property
    def folder(self) -> Path:
        """Return the folder of this run."""
        return self.out / quote(self.run, safe="")


@dataclass(frozen=True)
class Packed:
    """What became of one loan: packed or not, with the reasons why, and whether its papers were written just now."""

    loan_id: str
    is_packed: bool
    is_written: bool
    reasons: tuple[str, ...] = ()


def pack(office: Office, job: Job, who: Who, loans: Sequence[str] = (), workers: int = 1) -> list[Packed]:
    """Pack the suits of some loans; of none named, all that are decided and have no run, or this one.

    DueCourseError where another process packs under this name.
    """
    with office.opened() as opened, opened.connection.transaction():
        values = {"loans": list(loans), "every": not loans, "run": job.run}
        statement = f"SELECT e.id FROM ending e WHERE {_CHOSEN} ORDER BY e.id"
        numbers = [number for (number,) in opened.connection.execute(statement.encode(), values)]
    with _alone(job.folder):
        parts = office.in_parts(partial(_packed, job, who, office.law), numbers, workers)
        found = [one for part in parts for one in part]
        _clean(job.folder)
    return found


def _packed(job: Job, who: Who, law: Any, opened: Opened, numbers: Sequence[int]) -> list[Packed]:
    endings = moving.read(opened.connection, "e.id = ANY(%s)", [list(numbers)])
    waiting = [one for one in endings if one.state == DECIDED or (one.state == _PACKED and one.run != job.run)]
    said = {one.loan_id: one for one in _move(job, who, Answers(law), opened, waiting)}
    found = []
    written = _write(job, opened, moving.read(opened.connection, "e.id = ANY(%s)", [list(numbers)]))
    for one in endings:
        answer, trouble = said.get(one.loan_id), written.get(one.loan_id)
        reasons = answer.reasons if answer else () if one.run == job.run and PACK in one.details else ("not_packed",)
        reasons = (*reasons, trouble) if trouble else reasons
        found.append(Packed(one.loan_id, not reasons, trouble == "", reasons))
    return found


@dataclass(frozen=True)
class _Kept:
    """Gives what is kept of each ending: what was gathered, or where money came in since, what is so now."""

    found: dict[int, Material]
    again: partial[dict[int, Material]] = field(repr=False)

    def __call__(self, ending: Ending, owed: Owed) -> Mapping[str, Any]:
        """Return what is added to an ending's details, true at the second at which it is moved."""
        if self.found[ending.number].owed != owed:
            self.found.update(self.again([ending]))
        return {PACK: self.found[ending.number].pack}


def _move(job: Job, who: Who, answers: Answers, opened: Opened, endings: Sequence[Ending]) -> list[Said]:
    """Move what has all its documents; the others stay as they are, with what is missing told."""
    again = partial(_gather, opened, answers, Sources(job.suits, job.documents), who)
    found = again(endings)
    moves, said = [], []
    for one in endings:
        material = found.get(one.number)
        problems = material.problems if material else ("no_case",)
        if material is None or problems:
            said.append(Said(one.borrower, one.loan_id, is_done=False, reasons=problems))
            continue
        moves.append(Move(one, _PACKED, "packed", job.run, {TOLD: dict(material.told)}))
    return [*said, *opened.deciding.carry_out(moves, who, _Kept(found, again))]


def _gather(
    opened: Opened, answers: Answers, sources: Sources, who: Who, endings: Sequence[Ending]
) -> dict[int, Material]:
    return gather(opened, answers, sources, endings, who) if endings else {}


def _write(job: Job, opened: Opened, endings: Sequence[Ending]) -> dict[str, str]:
    """Write the papers of those that are packed under this run and have none; return what was wrong, by loan.

    What cannot be written keeps nobody else's papers back: it is told, and done again when it is mended.
    """
    missing = [
        one
        for one in endings
        if one.run == job.run and PACK in one.details and not (_home(job, one) / MANIFEST).exists()
    ]
    if not missing:
        return {}
    with opened.connection.transaction():
        people = read(Line(opened.connection, keeps=False), [one.borrower for one in missing]).people
        wanted = [number for one in missing for number in one.details[PACK]["points"].values() if number]
        points = {row[0]: row[1:] for row in opened.connection.execute(_POINTS, [wanted])}
    found = {}
    for one in missing:
        try:
            _write_one(job, one, _people(job, opened, one, people[one.borrower], points))
            found[one.loan_id] = ""
        except DueCourseError as error:
            found[one.loan_id] = f"no_papers: {error}"
    return found


def _people(
    job: Job, opened: Opened, ending: Ending, person: Reached, points: Mapping[int, tuple[str, bytes]]
) -> People:
    """Unseal who is sued, and where they live: as it was when the suit was packed."""
    named = ending.details[PACK]
    language = language_of(named["country"])
    plaintiff = job.suits.plaintiff.get(language)
    if plaintiff is None:
        raise DueCourseError(f"the settings name no plaintiff in {language}: add [plaintiff.{language}]")
    if person.name is None or person.number is None:
        raise DueCourseError(f"loan {ending.loan_id}: the borrower has no name in the store: load their people")
    key = key_of(opened.ring, person)

    def clear(kind: str) -> str | None:
        number = named["points"].get(kind)
        found = points.get(number) if number else None
        return unseal(key, bytes(found[1]), point_place(found[0], number)) if found else None

    name = unseal(key, bytes(person.name), name_place(person.number))
    return People(plaintiff, name, clear("address") or "-", clear("phone"))


def _home(job: Job, ending: Ending) -> Path:
    """Return the folder of a pack: that of the borrower, and in it that of the loan."""
    return job.folder / quote(str(ending.details[PACK]["borrower"]), safe="") / quote(ending.loan_id, safe="")


def _write_one(job: Job, ending: Ending, people: People) -> None:
    home, content = _home(job, ending), ending.details[PACK]
    part = home.with_name(f".{home.name}.part-{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    files = {f"{name}.pdf": pdf("claim", data) for name, data in papers(content, people, job.suits).items()}
    parts = [_put(part / name, data) for name, data in files.items()]
    supplied = {one.sha256: one.path for one in job.documents.of_loan(ending.loan_id)}
    if content["documents"]:
        (part / _DOCUMENTS).mkdir(mode=0o700)
    for document in content["documents"]:
        source = supplied.get(document["sha256"])
        if source is None:
            raise DueCourseError(
                f"loan {ending.loan_id}: {document['name']} is not the file any more that was packed: put it back, or"
                " pack under another name"
            )
        parts.append(_put(part / _DOCUMENTS / document["name"], source.read_bytes()))
    said = {
        "loan": ending.loan_id, "ending": ending.number, "run": job.run, "on": content["on"],
        "currency": content["currency"], "claimed": content["claimed"], "owed": content["amounts"]["owed"],
        "record_sha256": content["record_sha256"],
        "parts": [{**one, "name": one["name"].removeprefix(f"{part}/")} for one in parts],
    }  # fmt: skip
    _put(part / MANIFEST, json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True).encode())
    try:
        part.replace(home)
    except OSError:  # another process, which was not killed with its parent, has put the same there
        if not (home / MANIFEST).exists():
            raise
        shutil.rmtree(part)


def _put(path: Path, data: bytes) -> dict[str, Any]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return {"name": str(path), "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder of a run: one process packs into it, with its workers."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except OSError:
            raise DueCourseError(f"{folder}: another process packs into it: wait, or take another --run") from None
        yield


def _clean(folder: Path) -> None:
    """Remove what processes that are no more have begun and not finished."""
    for part in folder.glob("*/.*.part-*"):
        if not Path(f"/proc/{part.name.rpartition('-')[2]}").exists():
            shutil.rmtree(part, ignore_errors=True)
