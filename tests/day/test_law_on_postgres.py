"""Every worked case of the law, judged by the programs compiled for PostgreSQL, as DuckDB judges it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import adbc_driver_manager
import pytest
from adbc_driver_postgresql import dbapi

from duecourse.law.casefile import Case, read_cases
from duecourse.law.kept import law_of, program_of, users_folder
from duecourse.law.program import ACTS, BUSINESS_DAYS, EVENTS, VERDICTS, Program
from duecourse.law.rulebook import BOOKS, Law
from duecourse.law.running import run
from duecourse.law.world import needs_calendars, tables, worlds
from duecourse.store.place import Place
from duecourse.store.server import ADMIN
from tests.law.test_asking import LARGE
from tests.store.folders import reachable

SHELF = os.environ.get("DUECOURSE_SHELF")
SETTINGS = (
    "SET statement_timeout = '60s'",
    "SET jit = off",  # compiling takes longer than these small tables
    "SET enable_nestloop = off",  # of tables made a moment ago a planner knows too little
)
Verdicts = dict[int, dict[str, Any]]


def _cases() -> dict[str, list[Case]]:
    """Return all cases, those of the shelf too, by the first rulebook of their country."""
    files = sorted(BOOKS.rglob("*.cases.yaml"))
    files += sorted(Path(SHELF).glob("law/cases/*.yaml")) if SHELF else []
    found: dict[str, list[Case]] = {}
    for path in files:
        for case in read_cases(path, topics=None):
            found.setdefault(case.rulebooks[0].split("-")[0], []).append(case)
    return found


CASES = _cases()


def _books() -> list[str]:
    """Return the rulebooks, those with the most cases first."""
    return [book for _, book in sorted((-len(cases), book) for book, cases in CASES.items())]


@cache
def law() -> Law:
    return law_of((), users_folder())


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with reachable() as folder:
        server = Place(folder, None, folder / "keys.json").server
        server.start()
        yield server.url(ADMIN)  # the day's own role may make no table
        server.stop()


def on_postgres(url: str, cases: Sequence[Case], program: Program) -> Verdicts:
    """Run a program over the tables of some cases, statement by statement as DuckDB runs it."""
    given = tables(worlds(cases, with_calendars=needs_calendars(program.reads)), program.reads)
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        for setting in SETTINGS:
            cursor.execute(setting)
        for name, table in ((ACTS, given.acts), (EVENTS, given.events), (BUSINESS_DAYS, given.business_days)):
            cursor.adbc_ingest(name, table, mode="create", temporary=True)
            cursor.execute(f"ANALYZE {name}")
        for step in program.steps:
            cursor.execute(f"CREATE TEMP TABLE {step.table} AS {step.sql}")
            cursor.execute(f"ANALYZE {step.table}")
        cursor.execute(f"SELECT * FROM {VERDICTS}")
        return {row["act_no"]: row for row in cursor.fetch_arrow_table().to_pylist()}


def differing(one: Mapping[int, Mapping[str, Any]], other: Verdicts) -> list[tuple[int, str]]:
    """Name the acts, and the words of bits and answers, of which two runs say different things."""
    return [
        (act_no, name)
        for act_no, row in one.items()
        for name in sorted({*row, *other.get(act_no, {})})
        if act_no not in other or name not in row or name not in other[act_no] or row[name] != other[act_no][name]
    ]


@pytest.mark.parametrize("book", _books())
def test_postgres_says_what_duckdb_says(url: str, book: str) -> None:
    cases = CASES[book]
    part = law().of({name for case in cases for name in case.rulebooks})
    on_duckdb = run(cases, program_of(part, users_folder())).verdicts
    found = on_postgres(url, cases, program_of(part, users_folder(), "postgres"))
    assert len(found) == len(on_duckdb) > 0
    assert differing(on_duckdb, found) == []
    for which in ("asked_", "refused_"):
        assert any(row[name] for row in found.values() for name in row if name.startswith(which)), which


def test_every_jurisdiction_with_a_rulebook_is_there() -> None:
    countries = {name.split("-")[0] for name, book in law().books.items() if book.country}
    in_cases = {name.split("-")[0] for cases in CASES.values() for case in cases for name in case.rulebooks}
    assert len(countries) >= 10
    assert countries <= in_cases


def test_a_difference_is_found() -> None:
    ours: Verdicts = {1: {"act_no": 1, "asked_0": 3, "gives_1": None}, 2: {"act_no": 2, "asked_0": 3, "gives_1": 7}}
    assert differing(ours, ours) == []
    assert differing(ours, {1: ours[1]}) == [(2, "act_no"), (2, "asked_0"), (2, "gives_1")]
    assert differing(ours, {1: {**ours[1], "asked_0": 1}, 2: {"act_no": 2, "asked_0": 3}}) == [
        (1, "asked_0"),
        (2, "gives_1"),
    ]


def test_a_number_that_leaves_64_bits_is_an_error_and_no_answer(url: str, tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text(LARGE, encoding="utf-8")
    part = law().of(["eu", "de"], asks=["highest_lawful_charge"])
    program = program_of(part, users_folder(), "postgres")
    with pytest.raises(adbc_driver_manager.Error, match="out of range"):
        on_postgres(url, read_cases(path, expects=False), program)
