"""The embedded server: found by connecting, ended by being told to, whatever was killed before. All of it is real."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from duecourse.kernel.errors import DueCourseError
from duecourse.store.account import seat
from duecourse.store.server import ADMIN, APP, OWNER, Server
from tests.store.folders import reachable


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable() as found:
        yield found


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Give a server that all tests here share: each leaves it running."""
    with reachable() as found:
        started = Server(found)
        started.start()
        yield started
        started.stop()


@pytest.fixture
def kept(server: Server) -> Server:
    """Give the server with an empty table."""
    told(server.url(OWNER), "DROP TABLE IF EXISTS kept")
    told(server.url(OWNER), "CREATE TABLE kept (n int)")
    return server


def postmaster(server: Server) -> int:
    return int((server.seat.base / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])


def asked(url: str, text: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(text.encode()).fetchone()
        return row[0] if row else None


def told(url: str, text: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(text.encode())


def ends(process: int) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_stopped_server_keeps_what_it_held(kept: Server) -> None:
    told(kept.url(OWNER), "INSERT INTO kept VALUES (42)")
    process = postmaster(kept)
    kept.stop()
    assert ends(process)
    assert not kept.is_ready()
    kept.stop()
    kept.start()
    assert asked(kept.url(OWNER), "SELECT n FROM kept") == 42


def test_it_never_runs_as_root_and_only_its_account_may_enter_its_folders(server: Server) -> None:
    place, folder = server.seat, server.store
    assert Path(f"/proc/{postmaster(server)}").stat().st_uid != 0
    for own in (place.base, place.base / "data", place.sockets):
        assert own.stat().st_mode & 0o077 == 0, own
    assert folder.parent.stat().st_mode & 0o777 == 0o755, "a folder that was there keeps its permissions"
    assert (folder / "server.json").stat().st_mode & 0o077 == 0


def test_nobody_connects_without_the_right_password(server: Server) -> None:
    for password in ("", "wrong"):
        with pytest.raises(psycopg.OperationalError, match=r"password"):
            psycopg.connect(make_conninfo(server.url(APP), password=password))
    with pytest.raises(psycopg.OperationalError, match=r"refused"):
        psycopg.connect(make_conninfo(server.url(APP), host="127.0.0.1"), connect_timeout=5)


@pytest.mark.parametrize(
    "forbidden",
    [
        f"SET ROLE {OWNER}",
        f"SET ROLE {ADMIN}",
        "SET session_replication_role = replica",
        "ALTER TABLE kept DISABLE TRIGGER ALL",
        "CREATE TABLE another (n int)",
        "CREATE SCHEMA another",
        "SELECT pg_read_file('postgresql.conf')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        f"ALTER ROLE {APP} SUPERUSER",
        "CREATE TEMPORARY TABLE another (n int)",
    ],
)
def test_the_application_may_not_rise_above_its_role(kept: Server, forbidden: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        told(kept.url(APP), forbidden)


def test_after_a_kill_the_same_process_starts_it_again_with_all_that_was_committed(kept: Server) -> None:
    for number in range(3):
        told(kept.url(OWNER), f"INSERT INTO kept VALUES ({number})")
        os.kill(postmaster(kept), signal.SIGKILL)
        kept.start()
        assert asked(kept.url(OWNER), "SELECT count(*) FROM kept") == number + 1


def test_a_killed_client_does_not_keep_it_from_ending(server: Server) -> None:
    text = "import psycopg, sys, time; c = psycopg.connect(sys.argv[1]); print(1, flush=True); time.sleep(600)"
    command = [sys.executable, "-c", text, server.url(APP)]
    client = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603
    assert client.stdout is not None
    client.stdout.readline()
    client.kill()
    client.wait()
    client.stdout.close()
    process = postmaster(server)
    server.stop()
    assert ends(process)
    server.start()


STARTS = """
import sys
from pathlib import Path
from duecourse.store.server import Server
Server(Path(sys.argv[1])).start()
"""


def starting(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", STARTS, str(folder)])  # noqa: S603


def test_processes_that_start_it_at_once_find_one_server(folder: Path) -> None:
    processes = [starting(folder) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    server = Server(folder)
    assert server.is_ready()
    server.stop()


def test_a_first_start_that_is_killed_at_any_moment_leaves_nothing_in_the_way(folder: Path) -> None:
    for moment in (0.4, 0.6, 0.8, 1.1):
        process = starting(folder)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.kill()
        process.wait()
    server = Server(folder)
    server.start()
    assert asked(server.url(APP), "SELECT current_user") == APP
    assert {path.name for path in server.seat.base.iterdir()} == {"data", "log", "run"}
    assert not server.seat.sockets.parent.joinpath("password").exists()
    server.stop()


def test_a_folder_that_the_account_cannot_reach_has_its_server_elsewhere(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    server = Server(folder / "store")
    server.start()
    try:
        assert asked(server.url(APP), "SELECT current_user") == APP
        assert (server.seat.base == folder / "store" / "postgres") == (os.geteuid() != 0)
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()
        shutil.rmtree(server.seat.base)


def test_a_deep_folder_gets_its_socket_where_names_are_short(folder: Path) -> None:
    deep = folder / ("d" * 90)
    deep.mkdir(parents=True)
    server = Server(deep)
    server.start()
    assert server.seat.sockets.stat().st_mode & 0o077 == 0
    assert asked(server.url(APP), "SELECT 1") == 1
    server.stop()
    assert not server.seat.sockets.exists()


def test_a_folder_of_somebody_elses_is_not_taken(folder: Path) -> None:
    place = seat(folder)
    place.base.mkdir(parents=True)
    place.base.chmod(0o755)
    (place.base / "theirs").touch()
    with pytest.raises(DueCourseError, match=r"is not a folder that only .* may enter"):
        Server(folder).start()
    assert place.base.stat().st_mode & 0o777 == 0o755


def test_statements_and_what_they_were_given_are_not_logged(server: Server) -> None:
    for text in ("SELECT %s::text || 'secret-name', 1 / 0", "SELECT %s::text::int"):
        with psycopg.connect(server.url(APP), autocommit=True) as connection, pytest.raises(psycopg.Error):
            connection.execute(text.encode(), ["secret-phone"])
    assert "secret" not in (server.seat.base / "log").read_text(encoding="utf-8")


def test_what_the_environment_says_of_other_databases_does_not_matter(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "5433")
    monkeypatch.setenv("PGDATABASE", "other")
    assert server.is_ready()
    assert asked(server.url(APP), "SELECT current_database()") == "duecourse"


def test_a_first_start_that_ended_before_its_roles_were_there_is_completed(folder: Path) -> None:
    server = Server(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Server, "_settle", interrupted)
        with pytest.raises(KeyboardInterrupt):
            server.start()
    server.start()
    assert asked(server.url(APP), "SELECT current_user") == APP
    server.stop()


def interrupted(_: Server) -> None:
    raise KeyboardInterrupt


def test_a_database_that_is_gone_is_not_made_anew_in_silence(folder: Path) -> None:
    server = Server(folder)
    server.start()
    server.stop()
    data, aside = server.seat.data, server.seat.base / "elsewhere"
    data.rename(aside)
    with pytest.raises(DueCourseError, match="is not there any more"):
        server.start()
    aside.rename(data)
    secrets = folder / "server.json"
    kept = secrets.read_bytes()
    secrets.unlink()
    if data.parent.parent == folder:
        with pytest.raises(DueCourseError, match="is missing, and a database is there"):
            server.start()
    secrets.write_bytes(kept)
    server.start()
    server.stop()
    secrets.write_text("{", encoding="utf-8")
    with pytest.raises(DueCourseError, match="is damaged"):
        server.start()


def test_a_server_that_does_not_end_is_not_said_to_have_ended(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    process = postmaster(server)
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    checkpointer = next(
        int(child) for child in children if b"checkpointer" in Path(f"/proc/{child}/cmdline").read_bytes()
    )
    monkeypatch.setattr("duecourse.store.server._PATIENCE", 1)
    os.kill(checkpointer, signal.SIGSTOP)
    try:
        with pytest.raises(DueCourseError, match="does not end"):
            server.stop()
    finally:
        os.kill(checkpointer, signal.SIGCONT)
    assert ends(process)
    monkeypatch.undo()
    server.start()


def test_a_name_that_postgresql_does_not_take_is_refused_at_once(folder: Path) -> None:
    for name in ("o'brien", "a,b", "$(touch x)"):
        with pytest.raises(DueCourseError, match="name another folder"):
            Server(folder / name).start()


def test_no_store_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DueCourseError, match="duecourse store init"):
        Server(tmp_path / "none").url(APP)
    assert not Server(tmp_path / "none").is_ready()
    Server(tmp_path / "none").stop()
