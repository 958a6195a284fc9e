"""Backups: what was there at one moment, in another store, readable with the same keys and no others."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db.models.functions import Now

from duecourse.kernel.errors import DueCourseError
from duecourse.store import backup, orm, people
from duecourse.store.backup import Verified
from duecourse.store.keys import Keyring
from duecourse.store.people import Known, Point
from duecourse.store.place import Place
from duecourse.store.server import APP
from tests.store.folders import reachable

PHONE = Point("phone", "+15550100")


@pytest.fixture
def other() -> Iterator[Place]:
    """Give another store, whose server runs and has no table."""
    with reachable() as folder:
        place = Place(folder, None, folder / "keys.json")
        place.server.start()
        yield place
        place.server.stop()


def filled(ring: Keyring) -> None:
    for number in range(5):
        people.add(
            ring, f"B{number}", f"B{number}", "borrower", Known(f"Name {number}", (Point("phone", "+15550100"),))
        )
    people.erase(people.having(ring, Point("phone", "+15550100"))[0])


def test_a_backup_restored_elsewhere_is_the_same_and_opens_with_the_same_keys(
    store: Place, ring: Keyring, other: Place, tmp_path: Path
) -> None:
    filled(ring)
    counts = backup.backup(store, tmp_path / "monday")
    assert {name: counts[name] for name in ("borrower", "person", "contact_point")} == {
        "borrower": 5, "person": 5, "contact_point": 4,
    }  # fmt: skip
    people.add(ring, "B9", "B9", "borrower", Known("Later", ()))
    assert backup.restore(other, tmp_path / "monday") == counts
    assert backup.verify(other, ring) == Verified(4, 1, 8, ())
    ended = people.add(ring, "B10", "B10", "borrower", Known("New", (PHONE,)))
    assert backup.verify(other, ring).people == 5, "the application may write there too"
    wrong = backup.verify(other, Keyring.new())
    assert wrong.unreadable == ("B1/B1", "B2/B2", "B3/B3", "B4/B4", "B10/B10")
    index = Keyring(ring.active, ring.keys, Keyring.new().index)
    assert len(backup.verify(other, index).unreadable) == 5, "a number that is no longer found counts too"
    ended.contact_points.update(ended_at=Now(), value=b"damaged")
    assert backup.verify(other, ring).unreadable == ("B10/B10",), "what is over is looked at too"
    with psycopg.connect(other.url(APP)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DROP TABLE person")


def test_only_a_whole_backup_is_restored_and_only_into_an_empty_store(
    store: Place, ring: Keyring, other: Place, tmp_path: Path
) -> None:
    filled(ring)
    good = tmp_path / "good"
    backup.backup(store, good)
    with pytest.raises(DueCourseError, match="is there already"):
        backup.backup(store, good)
    with pytest.raises(DueCourseError, match="has tables already"):
        backup.restore(store, good)
    for name, damage in (("changed", b"x"), ("longer", b"xx")):
        assert good.stat().st_mode & 0o077 == 0, "only its owner may read it"
        bad = shutil.copytree(good, tmp_path / name)
        rows = (bad / "rows.dump").read_bytes()
        (bad / "rows.dump").write_bytes(rows[:100] + damage + rows[101:])
        with pytest.raises(DueCourseError, match="was changed since it was written"):
            backup.restore(other, bad)
    (good / "rows.dump").write_bytes(b"")
    told = json.loads((good / "backup.json").read_text(encoding="utf-8"))
    told["sha256"] = backup._digest(good / "rows.dump")
    (good / "backup.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(DueCourseError, match="pg_restore did not succeed"):
        backup.restore(other, good)
    (good / "backup.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DueCourseError, match="is no backup"):
        backup.restore(other, good)
    assert orm.migrate(other) != [], "nothing of a refused backup is left in the way"
