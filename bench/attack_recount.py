"""What an attack has left, counted anew: plain SQL over the tables, and the receivers' logs; no law is asked.

The caps are those of attack_house.yaml. What came before what is read off the borrowers' audit chains, not off clocks.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.attack_work import SUBJECT, text_of
from duecourse.store.audit.seals import Seals
from duecourse.store.audit.verify import verify
from duecourse.store.place import Place
from duecourse.store.server import ADMIN

_COUNTED: Final = """
WITH counted AS (
    SELECT borrower_no, channel, happened_on, floor(extract(epoch FROM happened_at))::bigint AS second
    FROM contacts WHERE direction = 'out' AND channel IN ('sms', 'email') AND {which}
),
beside AS (
    SELECT
        count(*) OVER (whose ORDER BY second RANGE BETWEEN 3599 PRECEDING AND CURRENT ROW) AS in_hour,
        count(*) OVER (whose ORDER BY happened_on RANGE CURRENT ROW) AS on_day,
        count(*) OVER (whose ORDER BY happened_on RANGE BETWEEN '6 days' PRECEDING AND CURRENT ROW) AS in_week
    FROM counted WINDOW whose AS (PARTITION BY borrower_no, channel)
)
SELECT count(*) FILTER (WHERE in_hour > 2), count(*) FILTER (WHERE on_day > 5), count(*) FILTER (WHERE in_week > 20)
FROM beside"""
_STATED: Final = "cancelled_at IS NULL"
_REACHED: Final = """(from_book AND cancelled_at IS NULL
    OR EXISTS (SELECT FROM outbox JOIN reached USING (body_hash) WHERE contact_no = contacts.id))"""
_ONE: Final[Mapping[str, str]] = {
    # Each counts what must not be there.
    "contacts_without_message": """SELECT count(*) FROM contacts WHERE NOT from_book
        AND NOT EXISTS (SELECT FROM outbox WHERE contact_no = contacts.id)""",
    "contacts_without_verdict": """SELECT count(*) FROM (
        SELECT FROM contacts LEFT JOIN verdict ON contact_no = contacts.id AND is_permitted
        WHERE NOT from_book GROUP BY contacts.id HAVING count(contact_no) <> 1) AS others""",
    "permitted_without_contact": "SELECT count(*) FROM verdict WHERE is_permitted AND contact_no IS NULL",
    "cancelled_and_left": """SELECT count(*) FROM outbox JOIN contacts ON contacts.id = contact_no
        WHERE (cancelled_at IS NULL) <> (state IN ('left', 'unknown'))""",
    "received_but_not_known": "SELECT count(*) FROM reached WHERE body_hash NOT IN (SELECT body_hash FROM outbox)",
    "received_but_taken_back": """SELECT count(*) FROM reached JOIN outbox USING (body_hash)
        WHERE state NOT IN ('left', 'unknown')""",
    "left_but_not_received": """SELECT count(*) FROM outbox
        WHERE state = 'left' AND body_hash NOT IN (SELECT body_hash FROM reached)""",
    "received_twice": "SELECT count(*) FROM (SELECT FROM reached GROUP BY body_hash HAVING count(*) > 1) AS twice",
    "stuck": "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')",
    "acts_released_twice": """SELECT count(*) FROM (SELECT FROM verdict JOIN contacts ON contacts.id = contact_no
        WHERE planned_act_no IS NOT NULL AND cancelled_at IS NULL
        GROUP BY planned_act_no HAVING count(*) > 1) AS acts""",
    "verdicts_without_entry": """SELECT count(*) FROM (
        SELECT coalesce(v.borrower_no, e.chain) FROM
        (SELECT borrower_no, count(*) FROM verdict GROUP BY 1) AS v
        FULL JOIN (
            SELECT chain, count(*) FROM audit_entry WHERE kind IN ('act.released', 'act.refused') GROUP BY 1) AS e
        ON v.borrower_no = e.chain WHERE v.count IS DISTINCT FROM e.count) AS differing""",
}  # fmt: skip
_ENTRIES: Final = """
SELECT chain, kind, about, o.channel, o.body_hash FROM audit_entry e LEFT JOIN outbox o ON o.key = e.about
WHERE kind <> 'act.refused' ORDER BY chain, seq"""


@dataclass(frozen=True)
class Arrival:
    """A message at a receiver: when its last byte was read, and when it was accepted."""

    digest: bytes
    read_at: int
    accepted_at: int


def recounted(place: Place, logs: Iterable[Path], facts: Iterable[Path], seals: Seals) -> dict[str, Any]:
    """Count what there must be none of, and how much there was of everything."""
    arrivals = [_arrival(line) for log in logs for line in _lines(log)]
    told_at = {name: int(at) for path in facts for name, _, at in (line.split() for line in _lines(path))}
    with psycopg.connect(place.server.url(ADMIN)) as connection:  # who may make a temporary table
        connection.execute("CREATE TEMPORARY TABLE reached (body_hash bytea)")
        with connection.cursor() as cursor, cursor.copy("COPY reached FROM STDIN") as copy:
            for arrival in arrivals:
                copy.write_row((arrival.digest,))
        connection.execute("CREATE INDEX ON reached (body_hash)")
        connection.execute("ANALYZE reached")
        wrong = {name: _number(connection, text) for name, text in _ONE.items()}
        for name, which in (("over_granted", _STATED), ("over_received", _REACHED)):
            found = connection.execute(_COUNTED.format(which=which).encode()).fetchone() or ()
            wrong[name] = sum(found)
        entries = connection.execute(_ENTRIES).fetchall()
        much = _much(connection)
    verified = verify(place, seals)
    wrong["audit_faults"] = verified.faults_count
    wrong |= _order(entries, {one.digest: one for one in arrivals}, told_at)
    accepted_late = wrong.pop("accepted_after_fact")
    much |= {"received": len(arrivals), "facts_timed": len(told_at), "audit_entries": verified.entries}
    return {"wrong": wrong, "found": much, "read_before_but_accepted_after_a_fact": accepted_late}


def _order(
    entries: Iterable[tuple[Any, ...]], arrivals: Mapping[bytes, Arrival], told_at: Mapping[str, int]
) -> dict[str, int]:
    """Go along each chain: what was released before a fact must not arrive after it, nor be released against it."""
    wrong = Counter({"received_after_fact": 0, "accepted_after_fact": 0, "released_against_fact": 0})
    chain, holds, refused, waiting = None, set[str](), set[str](), list[Arrival]()
    for number, kind, about, channel, digest in entries:
        if number != chain:
            chain, holds, refused, waiting = number, set(), set(), []
        if kind == "act.released":
            wrong["released_against_fact"] += bool(holds) or channel in refused
            if digest is not None and bytes(digest) in arrivals:
                waiting.append(arrivals[bytes(digest)])
            continue
        _stand(kind, about, holds)
        at = told_at.get(about)
        if at is not None:
            wrong["received_after_fact"] += sum(one.read_at > at for one in waiting)
            wrong["accepted_after_fact"] += sum(one.read_at <= at < one.accepted_at for one in waiting)
            waiting = [one for one in waiting if one.read_at <= at < one.accepted_at]
    return dict(wrong)


def _stand(kind: str, about: str, holds: set[str]) -> None:
    """Keep which holds stand."""
    if kind == "hold.lifted":
        holds.discard(about)
    elif kind.startswith("hold."):
        holds.add(about)


def _much(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    states = dict(connection.execute("SELECT state, count(*) FROM outbox GROUP BY 1 ORDER BY 1").fetchall())
    kinds = dict(connection.execute("SELECT kind, count(*) FROM audit_entry GROUP BY 1 ORDER BY 1").fetchall())
    return {"outbox": states, "entries": kinds, "verdicts": _number(connection, "SELECT count(*) FROM verdict")}


def _number(connection: psycopg.Connection[Any], text: str) -> int:
    row = connection.execute(text.encode()).fetchone()
    return int(row[0]) if row else 0


def _arrival(line: str) -> Arrival:
    reference, read_at, accepted_at = line.split()
    words = json.dumps({"subject": SUBJECT, "text": text_of(reference)}, ensure_ascii=False)
    return Arrival(hashlib.sha256(words.encode()).digest(), int(read_at), int(accepted_at))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
