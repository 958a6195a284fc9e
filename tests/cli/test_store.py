"""`duecourse store`: what an operator types on the first day, and when something is wrong."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from duecourse.store import orm, people
from duecourse.store.keys import Keyring
from duecourse.store.models import Person
from duecourse.store.people import Known
from duecourse.store.place import Place
from duecourse.store.server import APP, Server
from tests.cli.conftest import SCRIPT, Commands, assert_one_line
from tests.store.folders import reachable


@pytest.fixture
def store() -> Iterator[Path]:
    with reachable() as folder:
        yield folder
        Server(folder).stop()


def test_from_nothing_to_a_database_and_back(duecourse: Commands, store: Path) -> None:
    found = duecourse("store", "init", "--store", store)
    assert (found.code, found.err) == (0, "")
    assert found.out.splitlines() == [
        f"PostgreSQL runs in {store / 'postgres'}",
        f"new keys are in {store / 'keys.json'}: copy them to a safe place, apart from every backup",
    ]
    told = duecourse("store", "status", "--json", "--store", store).json
    version = told.pop("version")
    assert version.split(".")[0].isdigit()
    assert told == {
        "is_ready": True,
        "is_embedded": True,
        "server": str(store / "postgres"),
        "keys": str(store / "keys.json"),
    }
    keys = (store / "keys.json").read_bytes()
    again = duecourse("store", "init", "--store", store)
    assert (again.code, again.out) == (0, f"PostgreSQL runs in {store / 'postgres'}\n")
    assert (store / "keys.json").read_bytes() == keys, "keys that are there are never replaced"
    assert duecourse("store", "stop", "--store", store).out == "PostgreSQL has ended\n"
    ended = duecourse("store", "status", "--store", store)
    assert ended.code == 1
    assert "is_ready     False" in ended.out
    assert duecourse("store", "start", "--store", store).code == 0
    assert Server(store).is_ready()


def test_tables_and_keys_of_a_store_in_use(duecourse: Commands, store: Path) -> None:
    duecourse("store", "init", "--store", store)
    assert duecourse("store", "migrate", "--store", store).out == "the tables are of this version\n"
    place = Place.of(store)
    orm.connect(place)
    old = Keyring.read(place.keys)
    people.add(old, "B1", "B1", "borrower", Known("Ann Example", ()))
    found = duecourse("store", "rotate-keys", "--store", store)
    new = Keyring.read(place.keys)
    assert (found.code, found.out.splitlines()[0].split(":")[0]) == (0, f"1 keys sealed anew under {new.active}")
    assert set(new.keys) == {old.active, new.active}
    assert people.read(new, Person.objects.get()).name == "Ann Example"
    place.keys.rename(store / "away")
    assert_one_line(duecourse("store", "init", "--store", store), "are missing: put them back")
    assert not place.keys.exists(), "no new keys for what is sealed under others"
    Keyring.new().write(place.keys)
    wrong = duecourse("store", "rotate-keys", "--store", store)
    assert (wrong.code, wrong.out.splitlines()[1]) == (1, "does not open, and stays as it is: B1/B1")


def test_rotations_at_once_lose_no_key(store: Path) -> None:
    place = Place.of(store)
    place.server.start()
    place.make_keys()
    orm.migrate(place)
    people.add(Keyring.read(place.keys), "B1", "B1", "borrower", Known("Ann Example", ()))
    command = [str(SCRIPT), "store", "rotate-keys", "--store", str(store)]
    rotating = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(4)]  # noqa: S603
    assert [process.wait(60) for process in rotating] == [0, 0, 0, 0]
    ring = Keyring.read(place.keys)
    assert len(ring.keys) == 5
    assert people.read(ring, Person.objects.get()).name == "Ann Example"


def test_keys_behind_a_link_stay_behind_it(
    duecourse: Commands, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "vault.json")
    monkeypatch.setenv("DUECOURSE_KEYS", str(tmp_path / "link"))
    duecourse("store", "init", "--store", store)
    duecourse("store", "rotate-keys", "--store", store)
    assert (tmp_path / "link").is_symlink()
    assert len(Keyring.read(tmp_path / "vault.json").keys) == 2


def test_a_backup_and_back(duecourse: Commands, store: Path, tmp_path: Path) -> None:
    duecourse("store", "init", "--store", store)
    orm.connect(Place.of(store))
    people.add(Keyring.read(store / "keys.json"), "B1", "B1", "borrower", Known("Ann Example", ()))
    found = duecourse("store", "backup", tmp_path / "monday", "--store", store)
    assert found.out.splitlines()[-1].endswith(f"tables are in {tmp_path / 'monday'}")
    assert_one_line(duecourse("store", "restore", tmp_path / "monday", "--store", store), "has tables already")
    assert duecourse("store", "verify", "--store", store).out == "1 people can be read, 0 were erased\n"
    with reachable() as other:
        restored = duecourse("store", "restore", tmp_path / "monday", "--store", other)
        assert restored.out.splitlines()[-1].startswith("now put the keys that belong to it into")
        assert_one_line(duecourse("store", "verify", "--store", other), "no keys here")
        shutil.copy(store / "keys.json", other / "keys.json")
        told = duecourse("store", "verify", "--json", "--store", other)
        assert (told.code, told.json) == (0, {"people": 1, "erased": 0, "values": 1, "unreadable": []})
        (other / "keys.json").unlink()
        Keyring.new().write(other / "keys.json")
        wrong = duecourse("store", "verify", "--store", other)
        assert (wrong.code, wrong.out.splitlines()[-1]) == (1, "does not open: B1/B1")
        Server(other).stop()


def test_a_server_that_does_not_answer_is_one_line(duecourse: Commands, store: Path) -> None:
    duecourse("store", "init", "--store", store)
    duecourse("store", "stop", "--store", store)
    commands: list[list[object]] = [["migrate"], ["rotate-keys"], ["verify"], ["backup", store / "b"]]
    for words in commands:
        assert_one_line(duecourse("store", *words, "--store", store), "the database cannot be reached")
    assert len(Keyring.read(store / "keys.json").keys) == 1, "no key is made for nothing"


def test_a_password_is_never_shown(duecourse: Commands, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duecourse("store", "init", "--store", store)
    secrets = json.loads((store / "server.json").read_text(encoding="ascii"))["passwords"]
    monkeypatch.setenv("DATABASE_URL", Server(store).url(APP))
    told = duecourse("store", "status", "--store", store)
    assert told.code == 0
    assert "user=duecourse_app" in told.out
    assert not any(secret in told.out + told.err for secret in secrets.values())


def test_what_can_be_mended_is_one_line(duecourse: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("start", "stop"):
        found = duecourse("store", command, "--store", tmp_path)
        assert_one_line(found, f"{tmp_path}: is no store yet: make one with `duecourse store init`")
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@db.example/credit")
    assert_one_line(duecourse("store", "init", "--store", tmp_path), "DATABASE_URL names a server that is not ours")
    commands: list[list[object]] = [["status"], ["migrate"], ["verify"], ["backup", tmp_path / "b"]]
    for address in ("mysql://u:s3cret@h/db", "postgresql://u:s3cret@h"):
        monkeypatch.setenv("DATABASE_URL", address)
        for words in commands:
            found = duecourse("store", *words, "--store", tmp_path)
            assert_one_line(found, "DATABASE_URL is no address of a database")
            assert "s3cret" not in found.err
    assert list(tmp_path.iterdir()) == []


def test_keys_may_lie_elsewhere(
    duecourse: Commands, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUECOURSE_KEYS", str(tmp_path / "vault" / "keys.json"))
    assert str(tmp_path / "vault" / "keys.json") in duecourse("store", "init", "--store", store).out
    assert not (store / "keys.json").exists()
    (tmp_path / "vault" / "keys.json").chmod(0o644)
    assert_one_line(duecourse("store", "init", "--store", store), "others may read the keys")
