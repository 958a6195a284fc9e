"""Duties of a night in the store: all or nothing, as the last night says, and what was done stays done."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from adbc_driver_postgresql import dbapi

from duecourse.day import duties
from duecourse.kernel.errors import DueCourseError
from duecourse.night.duties import COLUMNS
from tests.day.authority.conftest import AT, ON, Made, World

DUE = date(2026, 12, 5)


@pytest.fixture
def here(world: Made) -> World:
    return world()


def row(here: World, **more: object) -> dict[str, object]:
    base = {
        "on": ON, "borrower_id": f"B{here.number}", "loan_id": here.loans[0], "duty": "complaint_answer_due",
        "due_on": DUE, "days_left": 15, "overdue": False, "rule": "cn.answer", "rulebook": "cn",
    }  # fmt: skip
    return base | more


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    kinds = {"on": pa.date32(), "due_on": pa.date32(), "days_left": pa.int64(), "overdue": pa.bool_()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def bring(here: World, path: Path, *, commits: bool = True) -> int:
    with dbapi.connect(here.place.url()) as connection, connection.cursor() as cursor:
        found = duties.bring(cursor, ON, path)
        if commits:
            connection.commit()
        return found


def stored(here: World) -> list[tuple[object, ...]]:
    ours = f"B{here.number}%"
    return list(
        here.does(
            "SELECT b.borrower_id, loan_id, kind, due_on, done_at IS NOT NULL FROM duty d"
            " JOIN borrower b ON b.id = d.borrower_no WHERE b.borrower_id LIKE %s ORDER BY 1, 2, 3, 4",
            ours,
        )
    )


def test_a_night_takes_the_place_of_the_one_before_and_what_was_done_stays(here: World, tmp_path: Path) -> None:
    first, second = here.loans
    new = f"B{here.number}-new"
    night = written(tmp_path / "1", [row(here), row(here, loan_id=second), row(here, borrower_id=new), row(here)])
    assert bring(here, night) == 3, "a row that is there twice is one"
    assert [found[:2] for found in stored(here)] == [
        (f"B{here.number}", first),
        (f"B{here.number}", second),
        (new, first),
    ]
    assert bring(here, night) == 3
    ((number,),) = here.does("SELECT id FROM duty WHERE loan_id = %s", second)
    assert duties.done(here.connection, here.ring, here.users[0], number, AT)
    assert not duties.done(here.connection, here.ring, here.users[0], number, AT)
    assert not duties.done(here.connection, here.ring, here.users[0], 10**9, AT)
    assert here.entries() == [("duty.done", f"duty {number}", here.users[0])]
    later = written(tmp_path / "2", [row(here, loan_id=second), row(here, loan_id=second, due_on=date(2027, 1, 5))])
    assert bring(here, later) == 1
    assert stored(here) == [
        (f"B{here.number}", second, "complaint_answer_due", DUE, True),
        (f"B{here.number}", second, "complaint_answer_due", date(2027, 1, 5), False),
    ]


def test_an_empty_night_leaves_what_was_done(here: World, tmp_path: Path) -> None:
    bring(here, written(tmp_path / "1", [row(here)]))
    assert bring(here, written(tmp_path / "2", [])) == 0
    assert stored(here) == []


def test_a_bad_file_changes_nothing(here: World, tmp_path: Path) -> None:
    bring(here, written(tmp_path / "1", [row(here)]))
    before = stored(here)
    (tmp_path / "noise").write_bytes(b"PAR1" * 9)
    pq.write_table(pa.table({"borrower_id": ["B"]}), tmp_path / "narrow")
    cut = (tmp_path / "1").read_bytes()
    (tmp_path / "cut").write_bytes(cut[: len(cut) // 2])
    written(tmp_path / "half", [row(here), row(here, due_on=None)])
    for name in ("noise", "narrow", "cut", "half", "not there"):
        with pytest.raises(DueCourseError, match="run the night again"):
            bring(here, tmp_path / name)
    bring(here, written(tmp_path / "2", []), commits=False)
    assert stored(here) == before, "without the commit of the caller nothing is there"
