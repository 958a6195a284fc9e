"""A run over a few borrowers: their rows are those of a run over the whole book, day after day."""

import os
import random
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
import pytest

from duecourse.book.few import book_of, read_borrowers
from duecourse.book.loaded import LoadedBook
from duecourse.kernel.errors import DueCourseError
from duecourse.law.kept import law_of
from duecourse.law.rulebook import Law
from duecourse.night import choice, cuts
from duecourse.night.moment import Moment
from duecourse.night.run import Night, run
from duecourse.strategy.models import Strategy
from tests.night import books

DAYS: Final = 10 if os.environ.get("DUECOURSE_SOAK") == "1" else 4  # of each stretch
FIRST: Final = date(2026, 3, 3)
TABLES: Final = ("positions", "history", "plan", "duties")
# So little that many are refused what they ask for, in more than one round.
SCARCE: Final = (
    ("call: {early: 5000, late: 2000}", "call: {early: 0, late: 1}"),
    ("visit: {field: 40}", "visit: {field: 1}"),
    ("sue: {legal: 20}", "sue: {legal: 0}"),
)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, home: Path) -> LoadedBook:
    return books.loaded(books.enriched(tmp_path_factory.mktemp("few"), 300, 11), home)


def borrowers(book: LoadedBook, share: float, seed: int) -> list[str]:
    names = sorted(set(pq.read_table(book.path("borrowers"), columns=["borrower_id"])["borrower_id"].to_pylist()))
    return random.Random(seed).sample(names, int(len(names) * share))


def strategies(folder: Path) -> list[Strategy]:
    """Return two strategies in which much is scarce, and one in which nothing is."""
    for name in ("one", "two", "three"):
        (folder / name).mkdir()
    one = books.edited(folder / "one", *SCARCE)
    two = books.edited(folder / "two", *SCARCE, ("salt: default-1", "salt: another"))
    return [one, two, books.strategy()]


def night(night: Night, moment: Moment, folder: Path, known: choice.Cuts | None = None) -> choice.Cuts:
    night.positions(moment, folder / moment.on.isoformat())
    return night.plan(moment, cuts=known)


def rows(night: Night, name: str, some: list[str]) -> list[dict[str, Any]]:
    """Return the rows of a table about some borrowers, in some order."""
    table, positions = night.engine.table(name), night.engine.table("positions")
    if name == "history":
        table = table.semi_join(positions.filter(positions.borrower_id.isin(some)), "loan_no")
    else:
        table = table.filter(table.borrower_id.isin(some))
    return sorted(night.engine.rows(table), key=repr)


def laws() -> list[Law]:
    """Return laws that permit all, and between them one that binds borrowers of one country and knows no other."""
    return [books.open_law(), law_of(("us",), None), books.open_law()]


@pytest.mark.parametrize("stretch", range(3))
def test_their_rows_are_those_of_the_whole_run_day_after_day(book: LoadedBook, tmp_path: Path, stretch: int) -> None:
    """The book has payments known late, payments undone, terms that change; rules and strategy change on the way."""
    some, rules, law = borrowers(book, 0.3, stretch), strategies(tmp_path)[stretch], laws()[stretch]
    plans, refusals = set(), 0
    with ExitStack() as stack:
        part = stack.enter_context(book_of(book, some, threads=2, memory="2GB"))
        whole, few = (Night(each, rules, books.OPTIONS, law) for each in (book, part))
        for each in (whole, few):
            stack.callback(each.close)
        for day in range(DAYS):
            moment = Moment.ended(FIRST + timedelta(days=stretch * DAYS + day), "UTC")
            known = night(whole, moment, tmp_path / "whole")
            night(few, moment, tmp_path / "few", known)
            found = {name: sorted(few.engine.rows(few.engine.table(name)), key=repr) for name in TABLES}
            assert found == {name: rows(whole, name, some) for name in TABLES}, moment
            refusals += len(known)
            plans.add(repr(found["plan"]))
    assert len(plans) == DAYS
    assert refusals >= DAYS or stretch > 0


def test_run_takes_the_cuts_of_the_whole_run_and_works_them_out_without_one(book: LoadedBook, tmp_path: Path) -> None:
    rules, moment = strategies(tmp_path)[0], Moment(books.MADE_FOR)
    some = borrowers(book, 0.6, 5)
    law = books.open_law()
    first = run(book, rules, moment, tmp_path, books.OPTIONS, law=law, borrowers=some)  # no whole run to take them from
    summary, plan = books.planned(book, rules, moment, tmp_path, law=law)
    again = run(book, rules, moment, tmp_path, books.OPTIONS, law=law, borrowers=some)
    assert first.plan_hash == again.plan_hash != summary.plan_hash
    wanted = [row for row in plan if row["borrower_id"] in set(some)]
    assert pq.read_table(again.outputs["plan"]).to_pylist() == wanted
    assert Path(summary.outputs["plan"]).exists(), "the whole run's outputs stay where they are"
    assert not [path for path in book.folder.parent.iterdir() if path.name.startswith(".")], "nothing is left behind"
    cuts.write(cuts.place(book, rules, law, moment), [])
    free = run(book, rules, moment, tmp_path, books.OPTIONS, law=law, borrowers=some)
    assert free.plan_hash != again.plan_hash, "with no cut some get what was refused them"


def test_who_is_not_in_the_book_is_named(book: LoadedBook) -> None:
    with (
        pytest.raises(DueCourseError, match=r"1 of 2 borrowers are not in the book: B-nobody: check"),
        book_of(book, [borrowers(book, 0.1, 1)[0], "B-nobody"], threads=1, memory="1GB"),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("B1\nB2\n\nB1\n", ["B1", "B2"]),
        ("borrower_id\nB1\n", ["B1"]),
        ("\ufeffloan_id,borrower_id\r\nL1,B1\r\nL2,B2\r\n", ["B1", "B2"]),
        ('"B,1"\nB2', ["B,1", "B2"]),
    ],
)
def test_files_of_borrowers(tmp_path: Path, text: str, names: list[str]) -> None:
    (tmp_path / "some.csv").write_text(text, encoding="utf-8")
    assert read_borrowers(tmp_path / "some.csv") == names


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\n \n", "names no borrower"),
        (b"a,b\n1,2\n", "none named borrower_id"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_files_that_name_nobody(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "some.csv").write_bytes(content)
    with pytest.raises(DueCourseError, match=says):
        read_borrowers(tmp_path / "some.csv")
