"""`duecourse ending`, and what `explain` and `statement` tell of a store: what a supervisor types."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from duecourse.store.place import Place
from tests.cli.conftest import ON, SMALL, Commands, assert_one_line
from tests.stores import running


@pytest.fixture(scope="module")
def store() -> Iterator[Path]:
    """Give an empty store."""
    with running() as place:
        yield place.folder


def test_a_decision_from_the_plan_to_the_statement(duecourse: Commands, store: Path, tmp_path: Path) -> None:
    shutil.copytree(SMALL.parent, tmp_path / "small")
    book, at, out = tmp_path / "small" / SMALL.name, ("--store", store), ("--out", tmp_path / "out")
    assert duecourse("run", book, "--on", ON, *at, *out).code == 0
    assert duecourse("staff", "add", "root", "--role", "administrator", *at).code == 0
    for user, role in (("s1", "supervisor"), ("s2", "supervisor"), ("c1", "collector")):
        assert duecourse("staff", "add", user, "--role", role, "--by", "root", *at).code == 0
    assert duecourse("ending", "proposed", "suit", "--json", *at).json == []
    assert_one_line(duecourse("ending", "decide", "suit", "--by", "s1", *at), "name each with --loan")
    assert_one_line(duecourse("ending", "decide", "prison", "--all", "--by", "s1", *at), "there is no ending 'prison'")
    loan = _late(store)
    assert_one_line(duecourse("ending", "decide", "suit", "--loan", loan, "--by", "c1", *at), "no active user who may")
    done = duecourse("ending", "decide", "suit", "--loan", loan, "--by", "s1", "--why", "no answer", "--json", *at)
    assert done.json == [{"loan": loan, "is_done": True, "reasons": []}], done.out
    again = duecourse("ending", "decide", "suit", "--loan", loan, "--by", "s2", *at)
    assert (again.code, "decided_before" in again.out) == (1, True)
    (row,) = duecourse("ending", "list", "--json", *at).json
    assert (row["kind"], row["loan"], row["state"], row["decided_by"]) == ("suit", loan, "decided", "s1")
    told = duecourse("explain", book, loan, "--on", ON, *at, *out).out
    assert "What was decided of it" in told
    assert "decided, by s1: no answer" in told
    assert "decided, by s1: no answer" in duecourse("statement", book, loan, "--on", ON, *at, *out).out
    assert duecourse("ending", "review", row["number"], "--by", "c1", *at).code == 0
    assert len(duecourse("ending", "list", "--waiting", "--json", *at).json) == 1
    assert_one_line(duecourse("ending", "review", row["number"], "--why", "fine", "--by", "s1", *at), "somebody else")
    answer = ("--why", "the borrower paid in March", "--to", "withdrawn", "--by", "s2")
    assert duecourse("ending", "review", row["number"], *answer, *at).out == f"suit {row['number']}: is withdrawn\n"
    assert duecourse("ending", "list", "--json", *at).json == []
    assert "the borrower paid in March" in duecourse("ending", "show", loan, *at).out


def _late(store: Path) -> str:
    """Return a loan of a case of which something is overdue and on which no hold stands."""
    with Place.of(store).connected() as connection:
        row = connection.execute(
            """SELECT loan_id FROM case_loan l JOIN collection_case c USING (borrower_no)
            WHERE country = 'DE' AND NOT EXISTS (SELECT FROM holds h WHERE h.borrower_no = l.borrower_no)
                AND NOT EXISTS (SELECT FROM payments p WHERE p.borrower_no = l.borrower_no AND NOT p.from_book)
            ORDER BY last_due_on LIMIT 1"""
        ).fetchone()
    assert row
    return str(row[0])
