"""Lists to dial: each row to one agent, within its window, whatever is killed and whoever comes at once."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.channels.voice.dial_list import DialList, Row
from duecourse.kernel.errors import DueCourseError
from tests.house.tree import ROOT

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def row(key: str, opens: int = 0, closes: int = 60) -> Row:
    return Row(key, NINE + opens * MINUTE, NINE + closes * MINUTE)


def listed(folder: Path, *rows: Row) -> DialList:
    made = DialList(folder, "2026-11-23")
    made.load(rows)
    return made


def taken(dial_list: DialList, agent: str, at: datetime) -> str | None:
    found = dial_list.take(agent, at)
    return found.key if found else None


def test_rows_in_order_to_one_agent_each(tmp_path: Path) -> None:
    dial_list = listed(tmp_path, row("a"), row("b"), row("c"))
    assert taken(dial_list, "ann", NINE) == "a"
    assert taken(dial_list, "bob", NINE) == "b"
    assert taken(dial_list, "ann", NINE) == "a", "an answer that was lost is given again"
    dial_list.done("a", "ann", NINE)
    assert taken(dial_list, "ann", NINE) == "c"
    assert taken(dial_list, "cyd", NINE) is None
    for key, agent in (("a", "ann"), ("b", "ann"), ("z", "ann")):
        with pytest.raises(DueCourseError, match="not out with"):
            dial_list.done(key, agent, NINE)


def test_a_window_opens_and_closes_to_the_second(tmp_path: Path) -> None:
    shanghai = timezone(timedelta(hours=8))
    later = Row(
        "later", datetime(2026, 11, 23, 17, 30, tzinfo=shanghai), datetime(2026, 11, 23, 18, 0, tzinfo=shanghai)
    )
    dial_list = listed(tmp_path, row("soon", 0, 10), later)
    second = timedelta(seconds=1)
    assert taken(dial_list, "ann", NINE - second) is None
    assert taken(dial_list, "ann", NINE + 10 * MINUTE - second) == "soon"
    assert taken(dial_list, "ann", NINE + 10 * MINUTE) is None, "what expired in her hand is not given again"
    assert dial_list.expired(NINE + 10 * MINUTE) == ("soon",)
    assert taken(dial_list, "ann", NINE + 30 * MINUTE) == "later"
    assert dial_list.waiting(NINE) == ()
    dial_list.done("soon", "ann", NINE + 11 * MINUTE)
    assert dial_list.expired(NINE + 90 * MINUTE) == ("later",)


def test_what_was_given_back_goes_to_another(tmp_path: Path) -> None:
    dial_list = listed(tmp_path, row("a"), row("b"))
    assert taken(dial_list, "ann", NINE) == "a"
    dial_list.give_back("a", "ann", NINE)
    assert dial_list.waiting(NINE) == ("a", "b")
    assert taken(dial_list, "ann", NINE) == "b"
    assert taken(dial_list, "bob", NINE) == "a"


def test_a_hold_takes_a_row_out_unless_somebody_has_it(tmp_path: Path) -> None:
    dial_list = listed(tmp_path, row("a"), row("b"))
    assert taken(dial_list, "ann", NINE) == "a"
    assert [dial_list.withdraw(key, NINE) for key in ("a", "b", "b", "z")] == [False, True, False, False]
    assert taken(dial_list, "bob", NINE) is None


def test_rows_that_are_not_right_are_refused(tmp_path: Path) -> None:
    for rows in (
        [],
        [row("a"), row("a")],
        [row("a", 5, 5)],
        [row("../a")],
        [Row("a", NINE.replace(tzinfo=None), NINE)],
    ):
        with pytest.raises(DueCourseError):
            listed(tmp_path, *rows)
    dial_list = listed(tmp_path, row("a"))
    dial_list.load([row("a")])
    with pytest.raises(DueCourseError, match="other rows"):
        dial_list.load([row("b")])
    with pytest.raises(DueCourseError, match="zone"):
        dial_list.take("ann", datetime(2026, 11, 23, 9, 0))  # noqa: DTZ001


def test_a_line_that_was_cut_off_did_not_happen(tmp_path: Path) -> None:
    dial_list = listed(tmp_path, row("a"), row("b"))
    taken(dial_list, "ann", NINE)
    file = tmp_path / "2026-11-23.jsonl"
    whole = file.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(start, len(whole)):
        file.write_bytes(whole[:cut])
        again = DialList(tmp_path, "2026-11-23")
        assert taken(again, "bob", NINE) == "a"
        assert taken(DialList(tmp_path, "2026-11-23"), "ann", NINE) == "b"
    assert not file.stat().st_mode & 0o077


ACTS = st.tuples(
    st.sampled_from(["take", "done", "give_back", "withdraw", "forget"]),
    st.sampled_from(["ann", "bob", "cyd"]),
    st.integers(0, 4),
    st.integers(0, 20),
)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10), st.integers(1, 10)), min_size=1, max_size=5), st.lists(ACTS, max_size=40))
def test_as_a_book_kept_by_hand_would_say(
    tmp_path_factory: pytest.TempPathFactory, windows: list[tuple[int, int]], acts: list[tuple[str, str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("list")
    rows = [row(f"k{number}", opens, opens + length) for number, (opens, length) in enumerate(windows)]
    dial_list = listed(folder, *rows)
    holder: dict[str, str] = {}
    had: set[tuple[str, str]] = set()
    over: set[str] = set()
    for what, agent, number, minute in acts:
        at, key = NINE + minute * MINUTE, f"k{number}"
        if what == "forget":
            dial_list = DialList(folder, "2026-11-23")  # as after a restart
        elif what == "take":
            free = [r for r in rows if r.opens <= at < r.closes and r.key not in over]
            mine = [r.key for r in free if holder.get(r.key) == agent]
            fresh = [r.key for r in free if r.key not in holder and (r.key, agent) not in had]
            expected = next(iter(mine + fresh), None)
            assert taken(dial_list, agent, at) == expected
            if expected:
                holder[expected] = agent
                had.add((expected, agent))
        elif what == "withdraw":
            possible = number < len(rows) and key not in holder and key not in over
            assert dial_list.withdraw(key, at) == possible
            over |= {key} if possible else set()
        elif holder.get(key) == agent and key not in over:
            getattr(dial_list, what)(key, agent, at)
            if what == "done":
                over.add(key)
            else:
                del holder[key]
        else:
            with pytest.raises(DueCourseError):
                getattr(dial_list, what)(key, agent, at)


AGENT = """
import sys
from datetime import datetime
from pathlib import Path
from duecourse.channels.voice.dial_list import DialList
folder, agent, at = Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3])
dial_list = DialList(folder, "2026-11-23")
while row := dial_list.take(agent, at):
    print(row.key)
    dial_list.done(row.key, agent, at)
"""


def test_agents_who_come_at_once_never_have_the_same_row(tmp_path: Path) -> None:
    keys = [f"k{number:03d}" for number in range(200)]
    listed(tmp_path, *(row(key) for key in keys))
    runs = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", AGENT, str(tmp_path), f"agent-{number}", NINE.isoformat()],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for number in range(4)
    ]
    got = [run.communicate(timeout=60)[0].split() for run in runs]
    assert all(run.returncode == 0 for run in runs)
    assert Counter(key for one in got for key in one) == Counter(keys)
    assert all(one == sorted(one) for one in got)
