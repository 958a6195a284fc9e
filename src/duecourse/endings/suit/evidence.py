"""The documents that a lender supplies for its claims: found, hashed, and told where one is missing.

    documents = Documents.of(Path("documents"))
    documents.of_loan("L1") -> [Document("contract", path, sha256), ...]
    wanting("CN", is_bought=False, found) -> ["missing:payout_proof"]

A folder with one folder for each loan, in which a file is named after its kind (`contract.pdf`, `contract-2.pdf`); or
a CSV file `loan_id, kind, path, sha256` whose paths start from its own folder, the hash may be left out.
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

import yaml

from duecourse.kernel.errors import DueCourseError

_COLUMNS: Final = ("loan_id", "kind", "path")
_NEEDED: Final = Path(__file__).parent / "needed.yaml"


@dataclass(frozen=True)
class Document:
    """A file that proves something of a claim: its kind, where it is, and what it is known by."""

    kind: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class Documents:
    """Where the documents of a lender are; `listed` are (kind, path, hash or none) by loan, where a file lists them."""

    folder: Path
    listed: Mapping[str, Sequence[tuple[str, str, str]]] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, path: Path) -> Self:
        """Take a folder, or a CSV file; DueCourseError where it is neither."""
        if path.is_dir():
            return cls(path)
        if not path.is_file():
            raise DueCourseError(f"{path}: is no folder and no file: name that of the documents by --documents")
        listed: dict[str, list[tuple[str, str, str]]] = {}
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if missing := [name for name in _COLUMNS if name not in (rows.fieldnames or ())]:
                raise DueCourseError(f"{path}: has no column {missing[0]}: it needs {', '.join(_COLUMNS)}")
            for row in rows:
                found = (row["kind"] or "", row["path"] or "", (row.get("sha256") or "").lower())
                listed.setdefault(row["loan_id"] or "", []).append(found)
        return cls(path.parent, listed)

    def of_loan(self, loan_id: str) -> list[Document]:
        """Return what there is of a loan, by kind and name; DueCourseError where a file is not the one of its hash."""
        if self.listed is None:
            here = self.folder / quote(loan_id, safe="")
            paths = sorted(path for path in here.iterdir() if path.is_file()) if here.is_dir() else []
            return [Document(path.stem.partition("-")[0], path, _hash(path)) for path in paths if path.name[0] != "."]
        found = []
        for kind, name, said in sorted(self.listed.get(loan_id, ())):
            path = self.folder / name
            if not path.is_file():
                continue  # listed and not there is missing, as what is not listed
            document = Document(kind, path, _hash(path))
            if said and said != document.sha256:
                raise DueCourseError(f"{path}: is not the file of this hash: supply the {kind} of loan {loan_id} again")
            found.append(document)
        return found


def needed(country: str, *, is_bought: bool) -> list[Mapping[str, Any]]:
    """Return the documents that a claim must have, with name and why; none for a country of which nothing is told."""
    return [one for one in _needed().get(country, ()) if one["when"] == "always" or is_bought]


def wanting(country: str, found: Iterable[Document], *, is_bought: bool) -> list[str]:
    """Return why a claim cannot be packed, for each document that is missing."""
    there = {document.kind for document in found}
    asked = needed(country, is_bought=is_bought)
    if not asked:
        return ["no_form"]
    return [f"missing:{one['kind']}" for one in asked if one["kind"] not in there]


def names(country: str, language: str) -> dict[str, str]:
    """Return what the kinds of documents of a country are called."""
    return {one["kind"]: one["name"][language] for one in _needed().get(country, ())}


@cache
def _needed() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load(_NEEDED.read_text(encoding="utf-8"))
    return found


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
