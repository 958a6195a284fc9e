"""`GET /metrics`: what Prometheus reads, by its own parser."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from duecourse.store.place import Place
from tests.api.conftest import BEARER, MAIL, NAME, PHONE, Answer, Day, Served, secrets, serving

Series = dict[tuple[str, ...], float]


def asked(served: Served, bearer: str = BEARER) -> Answer:
    return served.ask("GET", "/metrics", Authorization=f"Bearer {bearer}")


def read(found: Answer) -> Series:
    assert found.status == 200
    assert found.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name.removeprefix("duecourse_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(found.body.decode())
        for sample in family.samples
    }


def judged(day: Day, at: datetime, *reasons: str) -> None:
    day.does(
        """INSERT INTO verdict (borrower_no, judged_at, act, purpose, loans, amounts, is_permitted, reasons, law,
            asked, refused, unknown)
        VALUES (%s, %s, 'contact', 'collection', '{}', '{}', %s, %s, '', '{}', '{}', '{}')""",
        *(day.borrower, at, not reasons, list(reasons)),
    )


def test_an_empty_store(served: Served) -> None:
    found = read(asked(served))
    assert found == {
        ("unknown_fates",): 0, ("expired_releases",): 0, ("inbound_waiting",): 0, ("inbound_oldest_seconds",): 0,
        ("reviews_waiting",): 0,
        ("verdicts_today", "yes"): 0, ("verdicts_today", "no"): 0,
    }  # fmt: skip


def test_messages_by_channel_and_state(served: Served, day: Day) -> None:
    now = datetime.now(UTC)
    day.message("a", state="queued", at=now - timedelta(seconds=500))
    day.message("b", state="queued", at=now)
    day.message("c", "email", state="queued", at=now - timedelta(days=40))
    day.message("d", state="unknown", at=now - timedelta(days=40))
    day.message("e", "email", state="unknown")
    day.message("f", state="expired")
    for key, state, days in (("g", "left", 0), ("h", "left", 0), ("i", "left", 3), ("j", "failed", 3)):
        day.message(key, state=state, at=now - timedelta(days=days))
    found = read(asked(served))
    assert {key[1:]: value for key, value in found.items() if key[0] == "messages"} == {
        ("sms", "queued"): 2, ("email", "queued"): 1, ("sms", "unknown"): 1, ("email", "unknown"): 1,
        ("sms", "expired"): 1, ("sms", "left"): 2,
    }  # fmt: skip
    assert 500 <= found["oldest_queued_seconds", "sms"] < 530
    assert found["oldest_queued_seconds", "email"] // 86_400 == 40
    assert (found["unknown_fates",], found["expired_releases",]) == (2, 2)


def test_verdicts_since_midnight_where_the_book_is(served: Served, day: Day) -> None:
    """The plan's zone is America/Los_Angeles: midnight there is by the zone, not by UTC."""
    ((midnight,),) = day.does(
        "SELECT date_trunc('day', %s AT TIME ZONE 'America/Los_Angeles') AT TIME ZONE 'America/Los_Angeles'",
        datetime.now(UTC),
    )
    judged(day, midnight)
    judged(day, midnight + timedelta(seconds=1), "law:us.a", "law:us.b", "hold_dispute")
    judged(day, midnight + timedelta(seconds=2), "law:us.a")
    judged(day, midnight - timedelta(seconds=1))
    judged(day, midnight - timedelta(seconds=1), "no_case")
    found = read(asked(served))
    assert (found["verdicts_today", "yes"], found["verdicts_today", "no"]) == (1, 2)
    refusals = {key[1]: value for key, value in found.items() if key[0] == "refusals_today"}
    assert refusals == {"law": 2, "hold_dispute": 1}


def test_what_waits_for_a_person(served: Served, day: Day) -> None:
    for number, (needs, minutes) in enumerate([(True, 10), (True, 3), (False, 90)]):
        day.does(
            "INSERT INTO inbound (source, event_id, what, happened_at, received_at, needs_person)"
            " VALUES ('sms', %s, 'reply', %s, %s, %s)",
            *(str(number), datetime.now(UTC), datetime.now(UTC) - timedelta(minutes=minutes), needs),
        )
    found = read(asked(served))
    assert found["inbound_waiting",] == 2
    assert 600 <= found["inbound_oldest_seconds",] < 630


def test_the_plan_and_the_switches(served: Served, day: Day) -> None:
    day.does("INSERT INTO switch VALUES ('sms', now(), 'x'), ('email', NULL, 'x'), ('all', now(), 'x')")
    day.does("INSERT INTO switch VALUES (%s, now(), '')", NAME)  # of no effect, and in no label
    found = read(asked(served))
    assert found["plan_date_seconds",] == 1_763_596_800 + 365 * 86_400  # 2025-11-20, and a year
    assert {key[1:] for key in found if key[0] == "switch_off"} == {("sms",), ("all",)}


def test_how_long_ago_it_was_sealed(store: Place, tmp_path: Path) -> None:
    with serving(store, {**secrets(), "DUECOURSE_SEALS": str(tmp_path)}) as own:
        assert ("seal_age_seconds",) not in read(asked(own))
        for name, ago in (("2026-11-20", 5_000), ("2026-11-21", 90)):
            path = tmp_path / f"{name}.jsonl"
            path.write_text("{}\n")
            os.utime(path, (time.time() - ago,) * 2)
        assert 90 <= read(asked(own))["seal_age_seconds",] < 120


def test_who_has_no_token_learns_nothing(served: Served) -> None:
    for bearer in ("", "x", BEARER[:-1], BEARER.upper(), BEARER + "x", "\xff\xfe"):
        found = asked(served, bearer)
        assert (found.status, found.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert b"duecourse_" not in found.body
    assert served.ask("GET", "/metrics").status == 401
    assert served.ask("GET", "/metrics", Authorization=f"Basic {BEARER}").status == 401
    assert served.ask("GET", f"/metrics?token={BEARER}").status == 401


def test_where_no_token_is_set_there_are_no_metrics(store: Place) -> None:
    with serving(store, {}) as own:
        assert own.first.endswith("webhooks of no channel\n")
        assert [asked(own, bearer).status for bearer in ("", BEARER)] == [404, 404]
        assert own.ask("GET", "/unsubscribe/kk1-abc").status == 404
        assert own.tell({}).status == 404


def test_nothing_personal_is_in_it(served: Served, day: Day) -> None:
    day.message("k1")
    assert served.tell({"type": "reply.received", "data": {"sender": PHONE, "text": f"{NAME}?"}}).status == 204
    body = asked(served).body.decode()
    assert not any(word in body for word in (NAME, PHONE, MAIL, "B1", "L1", "k1"))
