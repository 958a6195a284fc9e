"""The bytes that are hashed: no two entries share them, and the tree of a seal is that of RFC 6962."""

import hashlib
import struct
from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.store.audit import alone, form
from duecourse.store.audit.form import Entry, Leaf

TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NUMBERS: Final = st.integers(0, 2**63 - 1)
ENTRIES: Final = st.builds(
    Entry,
    *(NUMBERS, NUMBERS, st.integers(-(2**63), 2**63 - 1), TEXTS, TEXTS, TEXTS, NUMBERS),
    *(st.binary(max_size=50), st.binary(min_size=32, max_size=32), st.just(b"")),
)


def read_back(said: bytes) -> tuple[object, ...]:
    """Read the bytes of an entry as docs/operating/audit.md tells a third party to."""
    assert said.startswith(b"duecourse audit entry 1\n")
    numbers, rest = struct.unpack(">qqqq", said[24:56]), said[56:]
    texts = []
    for _ in range(3):
        size = int.from_bytes(rest[:4], "big")
        texts.append(rest[4 : 4 + size].decode())
        rest = rest[4 + size :]
    assert len(rest) == 64
    return (*numbers, *texts, rest[:32], rest[32:])


@given(ENTRIES)
def test_an_entry_can_be_read_back_from_its_bytes_so_no_two_share_them(entry: Entry) -> None:
    told = (entry.chain, entry.seq, entry.at, entry.person, entry.kind, entry.by, entry.about)
    assert read_back(form.said(entry)) == (*told, hashlib.sha256(entry.body).digest(), entry.prev)


def test_the_hash_of_an_entry_is_that_of_bytes_put_together_by_hand() -> None:
    entry = Entry(7, 2, 1_000_001, "hold.placed", "user 3", "", 5, b"\0{}", b"\xaa" * 32, b"")
    said = (
        b"duecourse audit entry 1\n"
        b"\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\x02\0\0\0\0\0\x0f\x42\x41\0\0\0\0\0\0\0\x05"
        b"\0\0\0\x0bhold.placed\0\0\0\x06user 3\0\0\0\0"
    ) + hashlib.sha256(b"\0{}").digest() + b"\xaa" * 32  # fmt: skip
    assert form.hash_of(entry) == hashlib.sha256(said).digest()


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_is_kept_to_the_microsecond(at: datetime) -> None:
    assert form.moment(form.micros(at)) == at


def test_moments_count_from_1970() -> None:
    assert form.micros(datetime(2000, 1, 1, 0, 0, 0, 7, tzinfo=UTC)) == 946_684_800_000_007


# The leaves and the roots are those that Certificate Transparency's own tests publish for RFC 6962.
RFC_LEAVES: Final = tuple(
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
)
RFC_ROOTS: Final = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("count", RFC_ROOTS)
def test_the_tree_is_that_of_rfc_6962(count: int) -> None:
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in RFC_LEAVES[:count]]
    assert form.root_of(level).hex() == RFC_ROOTS[count]


def recursive_root(level: list[bytes]) -> bytes:
    """Return the root as RFC 6962, section 2.1, defines it."""
    if len(level) == 1:
        return level[0]
    split = 1 << (len(level) - 1).bit_length() - 1
    left, right = recursive_root(level[:split]), recursive_root(level[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@given(st.integers(1, 70), st.data())
def test_every_leaf_and_no_other_leads_to_the_root(count: int, data: st.DataObject) -> None:
    leaves = [Leaf(number, 1, bytes([number]) * 32) for number in range(count)]
    level = [form.leaf_hash(leaf) for leaf in leaves]
    index = data.draw(st.integers(0, count - 1))
    path = form.proof_of(level, index)
    root = recursive_root(level)
    assert form.root_of(level) == root
    told = struct.pack(">qq", index, 1) + bytes([index]) * 32
    assert alone.root_of(told, index, count, path) == root
    wrong = [struct.pack(">qq", index, 2) + bytes([index]) * 32, struct.pack(">qq", count, 1) + bytes([index]) * 32]
    assert all(alone.root_of(each, index, count, path) != root for each in wrong)
    for path_then, index_then in (([*path, root], index), (path[:-1], index), (path, count), (path, -1)):
        if (path_then, index_then) != (path, index):
            with pytest.raises(alone.WrongError):
                alone.root_of(told, index_then, count, path_then)
