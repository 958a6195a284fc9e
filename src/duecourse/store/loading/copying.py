"""Rows in the binary form of PostgreSQL's COPY."""

import struct
from collections.abc import Sequence
from typing import Final

HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_TEXT_OID: Final = 25
_COUNT: Final = struct.Struct("!h")
_LENGTH: Final = struct.Struct("!i")
_NUMBER: Final = struct.Struct("!q")
_ARRAY: Final = struct.Struct("!iiI")
_DIMENSION: Final = struct.Struct("!ii")


def row(*fields: bytes | None) -> bytes:
    """Return a row of fields that are in binary form."""
    parts = [_COUNT.pack(len(fields))]
    for field in fields:
        if field is None:
            parts.append(_NULL)
        else:
            parts += (_LENGTH.pack(len(field)), field)
    return b"".join(parts)


def number(value: int) -> bytes:
    """Return a bigint."""
    return _NUMBER.pack(value)


def texts(values: Sequence[str]) -> bytes:
    """Return an array of texts."""
    if not values:
        return _ARRAY.pack(0, 0, _TEXT_OID)
    parts = [_ARRAY.pack(1, 0, _TEXT_OID), _DIMENSION.pack(len(values), 1)]
    for value in values:
        encoded = value.encode()
        parts += (_LENGTH.pack(len(encoded)), encoded)
    return b"".join(parts)
