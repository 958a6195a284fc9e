"""Sealing: what opens with one key at one place opens nowhere else, whatever is changed of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring, UnreadableError, Wrapped, new_key, open_bytes, seal, unseal

PLACE = "contact_point.value.7"


@given(st.text())
def test_what_is_sealed_opens_at_its_place_only(text: str) -> None:
    key = new_key()
    sealed = seal(key, text, PLACE)
    assert unseal(key, sealed, PLACE) == text
    for other_key, other_place in ((new_key(), PLACE), (key, "contact_point.value.8")):
        with pytest.raises(UnreadableError):
            unseal(other_key, sealed, other_place)


@given(st.text(min_size=1), st.data())
def test_no_byte_of_it_can_be_changed_or_left_out(text: str, data: st.DataObject) -> None:
    key = new_key()
    sealed = seal(key, text, PLACE)
    at = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytearray(sealed)
    changed[at] ^= data.draw(st.integers(1, 255))
    for broken in (bytes(changed), sealed[:at], sealed + b"\0"):
        with pytest.raises(UnreadableError):
            open_bytes(key, broken, PLACE)


def test_the_same_text_is_never_sealed_the_same() -> None:
    key = new_key()
    assert len({seal(key, "+15550100", PLACE) for _ in range(100)}) == 100


def test_a_wrapped_key_is_of_one_person_and_survives_rotation() -> None:
    ring, key = Keyring.new(), new_key()
    old = ring.wrap(key, "B1")
    newer = ring.with_new_key()
    assert newer.active != ring.active
    assert newer.unwrap(old, "B1") == key
    new = newer.wrap(newer.unwrap(old, "B1"), "B1")
    last = Keyring(newer.active, {newer.active: newer.keys[newer.active]}, newer.index)
    assert last.unwrap(new, "B1") == key
    for ring_then, wrapped, about in (
        (last, old, "B1"),
        (newer, new, "B2"),
        (newer, Wrapped(old.key_id, new.sealed), "B1"),
    ):
        with pytest.raises(UnreadableError):
            ring_then.unwrap(wrapped, about)


def test_the_blind_index_finds_the_same_value_of_the_same_kind_under_the_same_ring() -> None:
    ring = Keyring.new()
    found = ring.blind("phone", "+15550100")
    assert found == ring.with_new_key().blind("phone", "+15550100")
    others = {
        ring.blind("phone", "+15550101"),
        ring.blind("email", "+15550100"),
        Keyring.new().blind("phone", "+15550100"),
    }
    assert found not in others
    assert len(others) == 3


def test_a_ring_is_read_as_it_was_written_and_only_by_its_owner(tmp_path: Path) -> None:
    path, ring = tmp_path / "keys.json", Keyring.new().with_new_key()
    ring.write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Keyring.read(path) == ring
    assert "Keyring object" in repr(ring), "keys are not shown"
    path.chmod(0o640)
    with pytest.raises(DueCourseError, match="chmod 600"):
        Keyring.read(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"active": "a", "keys": {"a": "AAAA"}, "index": "AAAA"}',
        '{"active": 1, "keys": 2, "index": 3}',
    ],
)
def test_what_is_no_ring_is_one_clear_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(DueCourseError, match=r"keys\.json: is not a file of keys"):
        Keyring.read(path)


def test_a_ring_whose_active_key_is_missing_is_refused(tmp_path: Path) -> None:
    path, ring = tmp_path / "keys.json", Keyring.new()
    Keyring(active="gone", keys=ring.keys, index=ring.index).write(path)
    with pytest.raises(DueCourseError, match="'gone' is not among the keys"):
        Keyring.read(path)
    with pytest.raises(DueCourseError, match="no keys here"):
        Keyring.read(tmp_path / "none.json")
