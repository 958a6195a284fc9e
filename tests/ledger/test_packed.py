"""Histories as bytes: the same positions as from the records, alone and beside others; other bytes are refused."""

from datetime import date

import pytest

from duecourse.kernel.errors import DueCourseError
from duecourse.ledger.histories import from_loans
from duecourse.ledger.packed import packed, unpacked
from duecourse.ledger.positions import positions
from tests.ledger.generator import seeded_case


def test_what_was_packed_owes_the_same() -> None:
    cases = [seeded_case(seed) for seed in range(400)]
    whole = from_loans([case.loan for case in cases])
    parts = [packed(whole, place) for place in range(len(cases))]
    for case, part in zip(cases, parts, strict=True):
        alone = positions(unpacked([part], [case.loan.payments], [case.loan.waivers]), case.on).of(0)
        assert alone == positions(from_loans([case.loan]), case.on).of(0)
    on = date(2024, 9, 1)
    rows = [case.loan.payments for case in cases], [case.loan.waivers for case in cases]
    together = positions(unpacked(parts, *rows), on)
    assert [together.of(place) for place in range(len(cases))] == [
        positions(whole, on).of(place) for place in range(len(cases))
    ]


def test_nothing_packed_is_no_loan() -> None:
    assert len(unpacked([], [], []).opened) == 0


@pytest.mark.parametrize("part", [b"", b"x", b"\0" * 64, b"\1" + b"\0" * 63])
def test_other_bytes_are_refused(part: bytes) -> None:
    with pytest.raises(DueCourseError, match="a form that this version does not know"):
        unpacked([part], [()], [()])
