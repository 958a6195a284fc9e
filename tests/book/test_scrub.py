"""The scrubber against Python's own csv module, on texts that nobody would write by hand."""

import csv
import gzip
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duecourse.book import scrub as module
from duecourse.book.scrub import scrub

cells = st.text(alphabet=st.sampled_from(list('ab ,;"\n\r\u00e9')), max_size=6)
records = st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=12)


def _run(
    data: bytes, fields: int, encoding: str = "utf-8", name: str = "in.csv"
) -> tuple[list[list[str]], list[int], list[int]]:
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / name, Path(folder) / "out.csv"
        source.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        rejects = scrub(source, target, fields=fields, delimiter=",", encoding=encoding)
        kept = list(csv.reader(io.StringIO(target.read_bytes().decode("utf-8"), newline=""), strict=True))
    return kept, [reject.row for reject in rejects], [reject.kept_before for reject in rejects]


@settings(max_examples=150, deadline=None)
@given(records)
def test_well_formed_rows_survive_and_wrong_widths_are_numbered(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["h1", "h2", "h3"], *rows])
    kept, rejected, before = _run(out.getvalue().encode(), 3)

    def fits(row: list[str]) -> bool:  # an empty field too many is a delimiter at the end of the line
        return len(row) == 3 or (len(row) == 4 and not row[3])

    # "\r\n" within a text becomes "\n" in the clean copy.
    expected = [[cell.replace("\r\n", "\n") for cell in row[:3]] for row in rows if fits(row)]
    # A row of the wrong width over several lines is given up line by line: its numbers are not compared.
    if not any("\n" in cell for row in rows if not fits(row) for cell in row):
        assert kept == [["h1", "h2", "h3"], *expected]
        assert rejected == [number for number, row in enumerate(rows, start=1) if not fits(row)]
        assert before == [sum(fits(row) for row in rows[: number - 1]) for number in rejected]


@pytest.mark.parametrize("block", [7, 16, 64])
def test_blocks_may_end_anywhere(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b'a,b\r\n1,"x\r\ny"\r\n2,3,4\r\n"5","6"\r\n7,"8\r\n9,10\r\n\r\n11,12'
    monkeypatch.setattr(module, "_BLOCK", block)
    kept, rejected, _ = _run(data, 2)
    assert kept == [["a", "b"], ["1", "x\ny"], ["5", "6"], ["9", "10"], ["11", "12"]]
    assert rejected == [2, 4]


@pytest.mark.parametrize(("encoding", "name"), [("cp1252", "in.csv"), ("utf-16", "in.csv"), ("latin-1", "in.csv.gz")])
def test_other_encodings_and_gzip(encoding: str, name: str) -> None:
    kept, rejected, _ = _run("a,b\n1,f\u00e4llig\n".encode(encoding), 2, encoding, name)
    assert kept == [["a", "b"], ["1", "f\u00e4llig"]]
    assert rejected == []


def test_a_byte_that_the_encoding_lacks_costs_its_line_only() -> None:
    kept, rejected, _ = _run(b"a,b\n1,\x81\n2,\xe4\n", 2, "cp1252")
    assert kept == [["a", "b"], ["2", "\u00e4"]]
    assert rejected == [1]
