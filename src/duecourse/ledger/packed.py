"""A loan's history as bytes, without payments and waivers: how it is kept where one loan is worked out at a time.

    packed(histories, place) -> bytes
    unpacked(parts, payments, waivers) -> Histories

Payments and waivers come in all day and are kept as rows of their own.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from duecourse.kernel.errors import DueCourseError
from duecourse.ledger.histories import (
    ChargeColumns,
    Histories,
    InstalmentColumns,
    PauseColumns,
    PaymentColumns,
    TermsRows,
    WaiverColumns,
    closed,
    payment_columns,
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
_KINDS: Final = list(_GROUPS.values())
_NO_ROWS: Final = [np.zeros((len(kinds), 0), dtype=np.int64) for kinds in _KINDS]


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
    """Return the histories of loans, each with its payments and waivers; DueCourseError for bytes that are none.

    Read-only from the first array on (see `histories.read_only`): for one loan nothing is copied but days.
    """
    read = [_read(part) for part in parts]
    days = np.array([head for head, _ in read], dtype=np.int32).reshape(len(parts), 3)
    groups = dict(zip(_GROUPS, (_together(at, [loan for _, loan in read]) for at in range(len(_GROUPS))), strict=True))
    start, *terms = groups["terms"]
    return Histories(
        opened=_shut(days[:, 0].copy()),
        written_off=_shut(days[:, 1].copy()),
        accelerated=_shut(days[:, 2].copy()),
        terms=TermsRows(start, _shut(np.stack(terms, axis=1))),
        instalments=InstalmentColumns(*groups["instalments"]),
        charges=ChargeColumns(*groups["charges"]),
        payments=closed(payment_columns(payments)) if any(payments) else _no_payments(len(parts)),
        waivers=closed(waiver_columns(waivers)) if any(waivers) else _no_waivers(len(parts)),
        pauses=PauseColumns(*groups["pauses"]),
    )


@lru_cache(128)
def _no_payments(loans: int) -> PaymentColumns:
    return closed(payment_columns([()] * loans))


@lru_cache(128)
def _no_waivers(loans: int) -> WaiverColumns:
    return closed(waiver_columns([()] * loans))


def _read(part: bytes) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Take the bytes of one loan apart: the three days, and each group with a row for each of its columns."""
    whole = np.frombuffer(part, dtype="<i8") if len(part) % 8 == 0 else np.zeros(0, dtype=np.int64)
    if len(whole) < 4 or whole[0] != _FORM:
        raise DueCourseError("the history of a loan is kept in a form that this version does not know: publish again")
    groups: list[NDArray[np.int64]] = []
    place = 4
    for kinds in _GROUPS.values():
        rows, place = int(whole[place]), place + 1
        end = place + rows * len(kinds)
        groups.append(whole[place:end].reshape(len(kinds), rows))
        place = end
    return whole[1:4], groups


def _together(at: int, loans: Sequence[Sequence[NDArray[np.int64]]]) -> list[Any]:
    """Put one group of loans behind each other, with where each loan's rows start."""
    kinds = _KINDS[at]
    start = np.zeros(len(loans) + 1, dtype=np.int64)
    np.cumsum([loan[at].shape[1] for loan in loans], out=start[1:])
    whole = loans[0][at] if len(loans) == 1 else _shut(np.concatenate([*(loan[at] for loan in loans), _NO_ROWS[at]], 1))
    shaped = zip(whole, kinds, strict=True)
    return [_shut(start), *(column if kind is _NUMBER else _shut(column.astype(kind)) for column, kind in shaped)]


def _shut(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
