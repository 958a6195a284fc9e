"""A loan's history as bytes, without payments and waivers: how it is kept where one loan is worked out at a time.

    packed(histories, place) -> bytes
    unpacked(parts, payments, waivers) -> Histories

Payments and waivers come in all day and are kept as rows of their own.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from duecourse.kernel.errors import DueCourseError
from duecourse.ledger.histories import (
    ChargeColumns,
    Histories,
    InstalmentColumns,
    PauseColumns,
    TermsRows,
    payment_columns,
    read_only,
    waiver_columns,
)
from duecourse.ledger.loan import Payment, Waiver

_FORM: Final = 2  # of the bytes: int64, little-endian; the form, three days, then each group: how many rows, columns
_DAY: Final = np.int32
_NUMBER: Final = np.int64
_TERMS: Final = 16
_GROUPS: Final = {
    # The columns of each group in order, by what they are turned back into.
    "terms": (_NUMBER,) * _TERMS,
    "instalments": (_NUMBER, _DAY, _NUMBER, _NUMBER, _NUMBER),
    "charges": (_DAY, _NUMBER, _NUMBER),
    "pauses": (_DAY, _DAY),
}
_Columns = list[NDArray[np.int64]]


def packed(book: Histories, place: int) -> bytes:
    """Return the history of the loan at a place, without its payments and waivers."""
    found = [np.array([_FORM, book.opened[place], book.written_off[place], book.accelerated[place]], dtype=np.int64)]
    for name in _GROUPS:
        group = getattr(book, name)
        first, last = group.start[place], group.start[place + 1]
        columns = list(group.rows.T) if name == "terms" else group[1:]
        found.append(np.array([last - first], dtype=np.int64))
        found += [column[first:last].astype(np.int64) for column in columns]
    return np.concatenate(found).astype("<i8").tobytes()


def unpacked(
    parts: Sequence[bytes], payments: Sequence[Sequence[Payment]], waivers: Sequence[Sequence[Waiver]]
) -> Histories:
    """Return the histories of loans, each with its payments and waivers; DueCourseError for bytes that are none."""
    read = [_read(part) for part in parts]
    days = np.array([head for head, _ in read], dtype=np.int32).reshape(len(parts), 3)
    groups = {name: _together([columns[name] for _, columns in read], kinds) for name, kinds in _GROUPS.items()}
    start, *terms = groups["terms"]
    return read_only(
        Histories(
            opened=days[:, 0],
            written_off=days[:, 1],
            accelerated=days[:, 2],
            terms=TermsRows(start, np.stack(terms, axis=1)),
            instalments=InstalmentColumns(*groups["instalments"]),
            charges=ChargeColumns(*groups["charges"]),
            payments=payment_columns(payments),
            waivers=waiver_columns(waivers),
            pauses=PauseColumns(*groups["pauses"]),
        )
    )


def _read(part: bytes) -> tuple[NDArray[np.int64], dict[str, _Columns]]:
    """Take the bytes of one loan apart: the three days, and the columns of each group."""
    whole = np.frombuffer(part, dtype="<i8") if len(part) % 8 == 0 else np.zeros(0, dtype=np.int64)
    if len(whole) < 4 or whole[0] != _FORM:
        raise DueCourseError("the history of a loan is kept in a form that this version does not know: publish again")
    columns: dict[str, _Columns] = {}
    place = 4
    for name, kinds in _GROUPS.items():
        rows, place = int(whole[place]), place + 1
        ends = list(accumulate([rows] * len(kinds), initial=place))
        columns[name] = [whole[first : first + rows] for first in ends[:-1]]
        place = ends[-1]
    return whole[1:4], columns


def _together(loans: Sequence[_Columns], kinds: Sequence[type[Any]]) -> list[Any]:
    """Put the columns of loans behind each other, with where each loan's rows start."""
    start = np.zeros(len(loans) + 1, dtype=np.int64)
    np.cumsum([len(columns[0]) for columns in loans], out=start[1:])
    whole: list[Any] = [
        np.concatenate([columns[at] for columns in loans]).astype(kind) if loans else np.zeros(0, dtype=kind)
        for at, kind in enumerate(kinds)
    ]
    return [start, *whole]
