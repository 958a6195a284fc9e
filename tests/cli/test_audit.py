"""`duecourse audit`: what an operator types, and what they are told when somebody touched the chain."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from duecourse.store import orm, people
from duecourse.store.audit.chain import Draft, append
from duecourse.store.keys import Keyring
from duecourse.store.models import Borrower
from duecourse.store.people import Known
from duecourse.store.place import Place
from duecourse.store.server import ADMIN, Server
from tests.cli.conftest import SCRIPT, Commands, assert_one_line
from tests.stores import running


@pytest.fixture(scope="module")
def store() -> Iterator[Path]:
    """Give a store of one borrower with two entries."""
    with running() as place:
        folder = place.folder
        people.add(Keyring.read(place.keys), "B1", "B1", "borrower", Known("Ann Example", ()))
        added(folder)
        added(folder)
        yield folder


def added(store: Path) -> None:
    place = Place(store, None, store / "keys.json")
    orm.connect(place)
    at = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    with psycopg.connect(place.url()) as connection:
        said = [Draft(at, "hold.placed", "user 3", {"why": "dispute"})]
        append(connection.cursor(), Keyring.read(place.keys), Borrower.objects.get().pk, said)


def test_a_new_store_refuses_changes_of_the_chain_even_to_a_superuser_who_replicates(store: Path) -> None:
    with psycopg.connect(Server(store).url(ADMIN), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in ("audit_entry", "audit_head"):
            with pytest.raises(psycopg.errors.RestrictViolation):
                connection.execute(f"DELETE FROM {table}".encode())


def test_a_day_of_the_chain(duecourse: Commands, store: Path, tmp_path: Path) -> None:
    found = duecourse("audit", "verify", "--store", store)
    assert (found.code, found.out.splitlines()[1]) == (0, "2 entries of 1 chains are not sealed yet")
    sealed = duecourse("audit", "seal", "--store", store)
    assert sealed.code == 0
    assert sealed.out.splitlines()[0].startswith(f"new key of the seals is in {store / 'seal.key'}: keep it")
    assert sealed.out.splitlines()[1] == f"1 chains sealed in {store / 'seals'}"
    assert duecourse("audit", "seal", "--store", store).out == "", "there is nothing new"
    found = duecourse("audit", "verify", "--store", store)
    assert found.code == 0
    assert found.out.splitlines()[0].startswith("2 entries of 1 chains; 1 seals, the last at 20")
    assert found.out.splitlines()[1:] == ["0 entries of 0 chains are not sealed yet"]
    told = duecourse("audit", "verify", "--json", "--public", store / "seal.pub", "--store", store)
    assert (told.json["entries"], told.json["faults"], told.json["unsealed"]) == (2, [], 0)
    exported = duecourse("audit", "export", "B1", "--out", tmp_path / "bundle", "--store", store)
    assert exported.out.splitlines()[0] == f"2 entries, of which 2 can be read, are in {tmp_path / 'bundle'}"
    assert exported.code == 0
    again = duecourse("audit", "export", "B1", "--out", tmp_path / "bundle", "--store", store)
    assert_one_line(again, "is there already")
    told = duecourse("audit", "export", "B1", "--json", "--out", tmp_path / "other", "--store", store)
    assert (told.json["entries"], told.json["holds"]) == (2, True)


def test_it_seals_again_and_again_until_it_is_told_to_stop(duecourse: Commands, store: Path) -> None:
    duecourse("audit", "seal", "--store", store)
    command = [str(SCRIPT), "audit", "seal", "--every", "1", "--store", str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sealing:  # noqa: S603
        for _ in range(2):
            added(store)
            until = time.monotonic() + 30
            while duecourse("audit", "verify", "--json", "--store", store).json["unsealed"]:
                assert time.monotonic() < until
                time.sleep(0.2)
        sealing.send_signal(signal.SIGINT)
        assert sealing.wait(30) == 130


def test_what_somebody_did_to_the_chain_is_told(duecourse: Commands, store: Path, tmp_path: Path) -> None:
    duecourse("audit", "seal", "--store", store)
    with psycopg.connect(Server(store).url(ADMIN)) as connection:
        connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
        connection.execute("ALTER TABLE audit_head DISABLE TRIGGER ALL")
        connection.execute("DELETE FROM audit_entry WHERE seq > 1")
        connection.execute("UPDATE audit_head SET seq = 1, hash = (SELECT hash FROM audit_entry)")
    found = duecourse("audit", "verify", "--store", store)
    assert found.code == 1
    assert any(": was sealed, and is not there any more" in line for line in found.out.splitlines())
    assert duecourse("audit", "verify", "--json", "--store", store).code == 1
    sealed = duecourse("audit", "seal", "--store", store)
    assert (sealed.code, "was cut or rewritten since" in sealed.out) == (1, True)
    exported = duecourse("audit", "export", "B1", "--out", tmp_path / "bundle", "--store", store)
    assert (exported.code, exported.out.splitlines()[1].startswith("does not hold: seal")) == (1, True)


def test_what_can_be_mended_is_one_line(
    duecourse: Commands, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (["seal"], ["verify"], ["export", "B1", "--out", tmp_path / "x"]):
        found = duecourse("audit", *words, "--store", tmp_path / "none")
        assert found.code == 2
        assert found.err.count("\n") == 1
    assert not (tmp_path / "none").exists(), "no key is made for nothing"
    unknown = duecourse("audit", "export", "B9", "--out", tmp_path / "x", "--store", store)
    assert_one_line(unknown, "the store has no borrower B9")
    duecourse("audit", "seal", "--store", store)  # makes the key, where no test before has
    (store / "seal.key").rename(tmp_path / "seal.key")
    assert_one_line(duecourse("audit", "seal", "--store", store), "seal.key: the key of the seals is not here")
    new = duecourse("audit", "seal", "--new-key", "--store", store)
    assert new.out.startswith("new key of the seals is in")
    monkeypatch.setenv("DUECOURSE_SEAL_KEY", str(tmp_path / "vault" / "own.key"))
    monkeypatch.setenv("DUECOURSE_SEALS", str(tmp_path / "own"))
    monkeypatch.setenv("DUECOURSE_SEAL_COPIES", f"{tmp_path / 'one'}:{tmp_path / 'two'}")
    added(store)
    duecourse("audit", "seal", "--store", store)
    assert (tmp_path / "vault" / "own.pub").exists()
    kept = [path.read_bytes() for name in ("own", "one", "two") for path in (tmp_path / name).glob("*.jsonl")]
    assert len(kept) == 3
    assert len(set(kept)) == 1
    assert json.loads(kept[0])["number"] == 1
    (tmp_path / "three").write_text("", encoding="utf-8")
    monkeypatch.setenv("DUECOURSE_SEAL_COPIES", str(tmp_path / "three"))
    assert_one_line(duecourse("audit", "seal", "--store", store), "three: the seals could not be copied there")
