"""Arrow columns out of integer arrays, for the synthetic book's files."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.book.synth_dice import Flags, Ints

Frame = dict[str, Any]
"""One table's columns by name: pyarrow arrays of equal length."""

NEVER: Final = 1 << 30
"""A day (counted from 1970-01-01) that does not come: what never happens."""
NONE: Final = -1
"""Stands for a missing amount, rate or word."""
_DAY_SECONDS: Final = 86_400
_ID_DIGITS: Final = 8


def ids(prefix: str, *parts: tuple[Ints, int]) -> Any:
    """Return texts of one width: one letter, then each number with that many digits."""
    rows, width = len(parts[0][0]), 1 + sum(digits for _, digits in parts)
    text = np.empty((rows, width), dtype=np.uint8)
    text[:, 0] = ord(prefix)
    end = 1
    for numbers, digits in parts:
        rest = numbers.copy()
        end += digits
        for place in range(end - 1, end - 1 - digits, -1):
            rest, digit = np.divmod(rest, 10)
            text[:, place] = digit + ord("0")
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(text))


def loan_ids(numbers: Ints) -> Any:
    """Return the ids of loans by number: L00000001 is the loan numbered 1."""
    return ids("L", (numbers, _ID_DIGITS))


def borrower_ids(numbers: Ints) -> Any:
    """Return the ids of borrowers; a borrower has the number of its first loan."""
    return ids("B", (numbers, _ID_DIGITS))


def of(positions: Ints, values: Any) -> Any:
    """Return values[positions], values being distinct, as a dictionary column: cheap to make and write."""
    return pa.DictionaryArray.from_arrays(pa.array(positions.astype(np.int32)), values)


def words(positions: Ints, names: Sequence[str]) -> Any:
    """Return names[positions]; null where the position is NONE."""
    # Each word once: of a dictionary with repeats Parquet's writer makes something else each time.
    distinct = list(dict.fromkeys(names))
    code_of = np.array([distinct.index(name) for name in names], dtype=np.int32)
    mask = positions == NONE
    codes = pa.array(code_of[np.where(mask, 0, positions)], mask=mask)
    return pa.DictionaryArray.from_arrays(codes, pa.array(distinct, pa.string()))


def same(rows: int, word: str | None) -> Any:
    """Return one word, or null, for each of so many rows."""
    if word is None:
        return pa.nulls(rows, pa.string())
    return words(np.zeros(rows, dtype=np.int64), (word,))


def numbers(values: Ints) -> Any:
    """Return int64; null where the value is NONE."""
    mask = values == NONE
    return pa.array(values, mask=mask) if mask.any() else pa.array(values)


def dates(days: Ints) -> Any:
    """Return dates from days since 1970-01-01; null from NEVER on."""
    mask = days >= NEVER
    return pa.array(days.astype(np.int32), mask=mask).cast(pa.date32())


def moments(days: Ints, seconds: Ints | int) -> Any:
    """Return UTC moments, microseconds, from a day and the seconds after its midnight; null from NEVER on."""
    mask: Flags = days >= NEVER
    micros = (np.where(mask, 0, days) * _DAY_SECONDS + seconds) * 1_000_000
    return pa.array(micros, mask=mask).cast(pa.timestamp("us", "UTC"))


def only(texts: Any, where: Flags) -> Any:
    """Return the texts where the flag is set, null elsewhere."""
    return pc.if_else(pa.array(where), texts, pa.scalar(None, texts.type))


def joined(*columns: Any) -> Any:
    """Return columns of one type, one after the other."""
    return pa.concat_arrays(columns)
