"""Rows a batch at a time: numbered as in the file, whatever stands between them, and no more in memory than a batch."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.book import stream
from duecourse.book.stream import Format, Source, open_file
from duecourse.kernel.errors import DueCourseError

PLAIN = Format(None, "utf-8", lambda *keys: f"people.toml:{len(keys)}")


def opened(path: Path, content: str | bytes) -> Source:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_file(path, path.name, PLAIN)


def rows(source: Source, size: int = 2) -> tuple[dict[int, list[str | None]], dict[int, str]]:
    """Return the good rows and the malformed ones, by number."""
    good: dict[int, list[str | None]] = {}
    bad: dict[int, str] = {}
    for batch in source.batches(size):
        assert len(batch.numbers) + len(batch.malformed) <= size
        values = zip(*(column.to_pylist() for column in batch.table.columns), strict=True)
        good |= {number: list(row) for number, row in zip(batch.numbers, values, strict=True)}
        bad |= dict(batch.malformed)
    return good, bad


def test_malformed_lines_cost_themselves_alone(tmp_path: Path) -> None:
    lines = ["a,b", "1,2", "1", '3,"x\r\ny, ""z"""', '4,"open', "5,6", "7,8,9", "", ',""', '"a"b,c', "10,é"]
    good, bad = rows(opened(tmp_path / "f.csv", "\ufeff" + "\r\n".join(lines)))
    assert good == {1: ["1", "2"], 3: ["3", 'x\r\ny, "z"'], 5: ["5", "6"], 7: [None, None], 9: ["10", "é"]}
    assert bad == {2: "fields", 4: "quote", 6: "fields", 8: "quote"}


def test_a_quote_left_open_does_not_swallow_a_later_quoted_row(tmp_path: Path) -> None:
    good, bad = rows(opened(tmp_path / "f.csv", 'a,b\n1,"open\n2,3\n4,"c, d"\n5,6\n'))
    assert (sorted(good), bad) == ([2, 3, 4], {1: "quote"})


_FIELD = st.text(alphabet='ab",\n;', max_size=5)


@given(st.lists(st.tuples(_FIELD, _FIELD), max_size=8))
def test_what_is_quoted_rightly_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[str, str]]
) -> None:
    quoted = [",".join('"' + value.replace('"', '""') + '"' for value in row) for row in values]
    source = opened(tmp_path_factory.getbasetemp() / "quoted.csv", "\n".join(("a,b", *quoted)) + "\n")
    good, bad = rows(source)
    assert bad == {}
    assert list(good.values()) == [[value or None for value in row] for row in values]


@pytest.mark.parametrize("name", ["f.csv", "f.jsonl"])
def test_a_line_without_end_is_told_and_not_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(stream, "LINE_BYTES_MAX", 100_000)
    head, last = ("a,b\n", "1,2\n") if name == "f.csv" else ('{"a": 1}\n', '{"a": 2}\n')
    path = tmp_path / name
    path.write_bytes(head.encode() + b"x" * 30_000_000 + b"\n" + last.encode())
    tracemalloc.start()
    good, bad = rows(open_file(path, name, PLAIN))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert list(bad.values()) == ["length"]
    assert len(good) == (1 if name == "f.csv" else 2)
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("f.csv", "a,A\n1,2\n", "f.csv:1: two columns are called 'a'"),
        ("f.csv", "", "f.csv:1: the first line is empty"),
        ("f.csv", "a\0b\n", "NUL bytes"),
        ("f.jsonl", '{"a": 1, "A": 2}\n', "f.jsonl: two columns are called 'a'"),
        ("f.jsonl", "nothing\n", "f.jsonl: has no row that is a JSON object"),
        ("f.parquet", "nothing", "f.parquet: cannot be read as Parquet"),
        ("f.csv.gz", "nothing", "f.csv.gz: the compressed file is cut off or damaged"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(DueCourseError, match=message) as error:
        rows(opened(tmp_path / name, content))
    assert "\n" not in str(error.value)
