"""The hub's pages: what was published shows at the next head, a cut cycle is closed anew, a path holds each page."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.inquiry import tree
from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.entry import RECORD_BYTES
from duecourse.inquiry.pages import ITEM, Items, Page, Pages, live
from duecourse.inquiry.signed import Signer
from duecourse.kernel.errors import DueCourseError
from tests.inquiry.world import NOON, seed

HUB: Final = Signer.of(seed("hub"))


def _items(*pairs: tuple[int, int, int]) -> Items:
    """Return items: bucket, handle, and what is in it; 0 withdraws."""
    items = np.zeros(len(pairs), ITEM)
    for at, (bucket, handle, what) in enumerate(pairs):
        body = bytes([what]) * (RECORD_BYTES - 16)
        items[at] = (bucket, np.void(handle.to_bytes(16) + body))
    return items


def _shown(pages: Pages, bucket: int) -> dict[int, int]:
    """Return what a bucket has in force, checked under the head as a reader checks it."""
    page = Page.unpacked(pages.page(bucket).packed())
    rows, digest = page.read()
    head = json.loads((pages.head or {})["body"])
    tree.held(
        bytes.fromhex(head["root"]), bucket, head["buckets"], tree.leaf(bucket, len(page.frames), digest), page.path
    )
    return {int.from_bytes(row[:2].tobytes()): row[2:3].tobytes()[0] for row in live(rows)}


changes = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 6), st.integers(0, 3)), max_size=8), min_size=1, max_size=6
)


@given(cycles=changes)
def test_pages_show_what_was_published_last(
    cycles: list[list[tuple[int, int, int]]],
) -> None:
    with TemporaryDirectory() as name:
        _published_and_shown(Path(name), cycles)


def _published_and_shown(place: Path, cycles: list[list[tuple[int, int, int]]]) -> None:
    pages, expected = Pages(place, 5), {bucket: dict[int, int]() for bucket in range(5)}
    for cycle in cycles:
        for bucket, handle, what in cycle:
            expected[bucket].pop(handle, None)
            if what:
                expected[bucket][handle] = what
        pages.take(_items(*cycle))
        pages.close(NOON, HUB)
        assert {bucket: _shown(pages, bucket) for bucket in range(5)} == expected
    again = Pages(place, 5)
    assert {bucket: _shown(again, bucket) for bucket in range(5)} == expected


def test_what_was_taken_shows_at_the_next_head_and_not_before(tmp_path: Path) -> None:
    pages = Pages(tmp_path, 2)
    pages.close(NOON, HUB)
    pages.take(_items((1, 7, 3)))
    assert _shown(pages, 1) == {}
    pages.close(NOON, HUB)
    assert (_shown(pages, 1), pages.cycle) == ({7: 3}, 2)


def test_a_cycle_that_was_cut_is_closed_anew(tmp_path: Path) -> None:
    pages = Pages(tmp_path, 2)
    pages.take(_items((0, 1, 1), (1, 2, 2)))
    pages.close(NOON, HUB)
    pages.take(_items((0, 1, 3), (1, 5, 5)))
    kept = {name: (tmp_path / name).read_bytes() for name in ("head.json", "table-1.npy", "journal")}
    pages.close(NOON, HUB)
    # the power went after the pages were written and before the head was
    (tmp_path / "table-2.npy").unlink()
    for name, data in kept.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "journal").replace(tmp_path / "closing")
    again = Pages(tmp_path, 2)
    assert (again.cycle, _shown(again, 0), _shown(again, 1)) == (1, {1: 1}, {2: 2})
    again.close(NOON, HUB)
    assert (_shown(again, 0), _shown(again, 1)) == ({1: 3}, {2: 2, 5: 5})


def test_half_a_batch_in_the_journal_is_left_out(tmp_path: Path) -> None:
    pages = Pages(tmp_path, 1)
    pages.take(_items((0, 1, 1)))
    with (tmp_path / "journal").open("ab") as journal:
        journal.write(b"\0" * 100)  # it was not answered, so its lender sends it again
    pages.close(NOON, HUB)
    assert _shown(pages, 0) == {1: 1}


def test_a_page_is_written_anew_when_much_of_it_is_out_of_force(tmp_path: Path) -> None:
    pages, sizes = Pages(tmp_path, 1), []
    for cycle in range(1, 13):
        pages.take(_items(*((0, handle, cycle) for handle in range(100))))
        pages.close(NOON, HUB)
        sizes.append(sum(path.stat().st_size for path in (tmp_path / "pages").iterdir()))
        assert _shown(pages, 0) == dict.fromkeys(range(100), cycle)
    assert max(sizes) < 8 * 100 * RECORD_BYTES  # 12 nights of it would be 12
    assert len(list((tmp_path / "pages").iterdir())) == 1


def test_a_folder_is_of_so_many_buckets(tmp_path: Path) -> None:
    Pages(tmp_path, 3).close(NOON, HUB)
    with pytest.raises(DueCourseError, match="has 3 buckets, and the charter makes 4"):
        Pages(tmp_path, 4)


def test_there_is_no_bucket_beyond_the_last(tmp_path: Path) -> None:
    pages = Pages(tmp_path, 3)
    with pytest.raises(Refused) as refused:
        pages.page(3)
    assert refused.value.check is Check.BUCKET
    with pytest.raises(Refused, match="bucket 3 of 3"):
        pages.take(_items((3, 1, 1)))


@given(st.integers(1, 40), st.data())
def test_a_path_holds_its_own_leaf_alone(size: int, data: st.DataObject) -> None:
    leaves = [tree.leaf(at, at, bytes(32)) for at in range(size)]
    levels = tree.levels_of(leaves)
    at = data.draw(st.integers(0, size - 1))
    path = tree.path_of(levels, at)
    tree.held(levels[-1][0], at, size, leaves[at], path)
    lies = [(leaves[at - 1], path), (tree.leaf(at, at + 1, bytes(32)), path), (leaves[at], [*path, bytes(32)])]
    for leaf, beside in lies if size > 1 else lies[1:]:
        with pytest.raises(Refused) as refused:
            tree.held(levels[-1][0], at, size, leaf, beside)
        assert refused.value.check is Check.PAGE
    if path:
        with pytest.raises(Refused, match="too short"):
            tree.held(levels[-1][0], at, size, leaves[at], path[:-1])
