"""Sealing: what the heads of the chains are now, signed outside the database.

Heads are compared with those sealed last, and are seen once their transaction has committed: one that commits late,
with a lower number or an earlier moment than what was sealed meanwhile, is found by the next seal.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit.form import Leaf, micros
from duecourse.store.audit.seals import Seals, made
from duecourse.store.place import Place, unreachable

_AT_A_TIME: Final = 100_000  # leaves in one seal: a line of ten megabytes
_CHANGED: Final = """
SELECT h.chain, h.seq, h.hash, coalesce(s.seq, 0) >= h.seq
FROM audit_head h LEFT JOIN audit_sealed s ON s.chain = h.chain
WHERE s.chain IS NULL OR s.seq <> h.seq OR s.hash <> h.hash
ORDER BY h.chain LIMIT %s
"""
_SEALED: Final = """
INSERT INTO audit_sealed (chain, seq, hash) SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[])
ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, hash = excluded.hash
"""


@dataclass(frozen=True)
class Sealed:
    """How many seals were made, over how many chains, and the chains that end before what was sealed of them."""

    seals: int
    chains: int
    rewound: tuple[int, ...]


def seal(place: Place, seals: Seals, at: datetime) -> Sealed:
    """Seal every chain that has grown since it was sealed last; where none has, no seal is made.

    A seal is on the disk before the database is told of it: after a crash between the two, it is made again. `rewound`
    chains were tampered with, or the database is older than its seals; they are sealed all the same, as evidence.
    DueCourseError when the database, the key or a folder cannot be used.
    """
    key = seals.private()
    if key.public_key() not in seals.publics().values():
        raise DueCourseError(f"{seals.public}: lacks the public half of {seals.key}: put it back from a copy")
    count, chains, rewound = 0, 0, list[int]()
    with seals.alone():
        last = seals.last()
        try:
            with place.connected() as connection:
                found = _changed(connection)
                while found:
                    leaves = tuple(Leaf(chain, seq, bytes(hash_)) for chain, seq, hash_, _ in found)
                    last = made(key, last, micros(at), leaves)
                    seals.add(last)
                    connection.execute(_SEALED, [list(column) for column in zip(*leaves, strict=True)])
                    connection.commit()
                    count, chains = count + 1, chains + len(leaves)
                    rewound += [chain for chain, _, _, is_rewound in found if is_rewound]
                    # Where fewer were found there were no more: what is added meanwhile is the next seal's.
                    found = _changed(connection) if len(found) == _AT_A_TIME else []
        except psycopg.OperationalError as error:
            raise unreachable(error) from None
        seals.copy()
    return Sealed(count, chains, tuple(rewound))


def _changed(connection: psycopg.Connection[Any]) -> list[tuple[int, int, bytes, bool]]:
    return connection.cursor(binary=True).execute(_CHANGED, [_AT_A_TIME]).fetchall()
