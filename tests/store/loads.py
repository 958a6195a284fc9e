"""Small files of people for tests, loaded for real."""

import json
from pathlib import Path
from typing import Any

import psycopg

from duecourse.store.loading import load
from duecourse.store.loading.load import Loaded
from duecourse.store.place import Place
from duecourse.store.server import ADMIN

MAPPING = """
[load]
zone = "Europe/Berlin"
country = "DE"
[people.all]
from = "people.csv"
[people.all.columns]
borrower_id = "borrower"
person_id = "person"
relation = "relation"
name = "name"
phones = ["phone", "mobile"]
emails = "email"
addresses = "address"
language = "language"
zones = "zones"
"""
CONSENTS = """
[consents.all]
from = "consents.csv"
[consents.all.columns]
borrower_id = "borrower"
consented_to = "what"
given_at = "given"
withdrawn_at = "withdrawn"
"""
HEAD = "borrower,person,relation,name,phone,mobile,email,address,language,zones"
CONSENTS_HEAD = "borrower,what,given,withdrawn"
PHONE, OTHER, THIRD = "030 23125101", "030 23125102", "030 23125103"  # kept free for films by the German regulator


def written(folder: Path, *rows: str, consents: tuple[str, ...] = (), mapping: str | None = None) -> Path:
    """Write rows of people and of consents, and a mapping; return the mapping's path."""
    (folder / "people.csv").write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")
    (folder / "consents.csv").write_text("\n".join((CONSENTS_HEAD, *consents)) + "\n", encoding="utf-8")
    path = folder / "people.toml"
    path.write_text(mapping or MAPPING + CONSENTS, encoding="utf-8")
    return path


def loaded(
    store: Place, folder: Path, *rows: str, consents: tuple[str, ...] = (), mapping: str | None = None
) -> Loaded:
    """Load rows of people and of consents in this process; the quarantine is in the folder."""
    return load.load_people(
        store, written(folder, *rows, consents=consents, mapping=mapping), None, report_of(folder), workers=0
    )


def report_of(folder: Path) -> Path:
    return folder / "quarantine.jsonl"


def told(folder: Path) -> list[tuple[str, int, str, str]]:
    """Return what the quarantine tells: file, row, column and reason of each entry."""
    lines = report_of(folder).read_text(encoding="utf-8").splitlines()
    found: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [(entry["file"], entry["row"], entry["column"], entry["reason"]) for entry in found]


def everything(store: Place) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the tables that a load fills, whole."""
    with psycopg.connect(store.server.url(ADMIN)) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY id".encode()).fetchall()
            for table in ("borrower", "person", "contact_point", "consents")
        }
