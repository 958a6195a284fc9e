"""`GET /healthz`: what a monitor reads."""

import contextlib

import psycopg
import pytest

from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.store.server import OWNER
from tests.api.conftest import Day, Served, secrets, serving


def test_all_is_well(served: Served, day: Day) -> None:
    found = served.ask("GET", "/healthz")
    assert found.status == 200
    assert found.json == {"status": "ok", "plan": "2026-11-20", "wrong": []}
    day.does("INSERT INTO plan VALUES ('2026-11-21', 'p', 's', 'l', 'UTC')")
    assert served.ask("GET", "/healthz").json["plan"] == "2026-11-21"


def test_no_plan(served: Served) -> None:
    found = served.ask("GET", "/healthz")
    assert found.status == 503
    assert found.json["plan"] is None
    assert "no plan is in force" in found.json["wrong"][0]


@pytest.mark.usefixtures("day")
def test_tables_of_another_version(served: Served, store: Place) -> None:
    with psycopg.connect(store.url(OWNER), autocommit=True) as owner:
        kept = owner.execute("DELETE FROM django_migrations WHERE name = '0004_audit' RETURNING app, name, applied")
        rows = kept.fetchall()
        try:
            found = served.ask("GET", "/healthz")
        finally:
            owner.cursor().executemany("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", rows)
    assert len(rows) == 1
    assert (found.status, found.json["status"]) == (503, "unwell")
    assert "duecourse store migrate" in found.json["wrong"][0]
    assert served.ask("GET", "/healthz").status == 200


def test_the_database_ends_and_comes_back(store: Place, ring: Keyring) -> None:
    with serving(store, secrets()) as own, contextlib.closing(Day(store, ring)):
        assert [own.ask("GET", "/healthz").status for _ in range(16)] == [200] * 16  # each thread has its connection
        store.server.stop()
        try:
            found = own.ask("GET", "/healthz")
            told = own.tell({"type": "message.delivered", "data": {"key": "k"}})
            measured = own.ask("GET", "/metrics", Authorization="Bearer bearer-token-of-the-tests")
        finally:
            store.server.start()
        assert (found.status, found.json["plan"]) == (503, None)
        assert "does not answer" in found.json["wrong"][0]
        assert str(store.folder) not in str(found.json)
        assert (told.status, measured.status) == (503, 503)
        assert [own.ask("GET", "/healthz").status for _ in range(16)] == [200] * 16
        assert own.tell({"type": "message.delivered", "data": {"key": "k"}}).status == 204


def test_another_method_is_refused(served: Served) -> None:
    assert served.ask("POST", "/healthz", b"x").status == 405
