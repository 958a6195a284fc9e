"""A store for the bench of the pages: borrowers with a long past, a plan with acts for teams, and users.

fill(place, borrowers, events, strategy)

Most borrowers have some twenty events, one in twenty thousand has three thousand.
"""

from datetime import UTC, datetime
from typing import Final

import psycopg

from bench import gate_store
from bench.gate_store import CONTACTS, ON
from duecourse.store import orm, staff
from duecourse.store.models import Staff
from duecourse.store.place import Place
from duecourse.store.server import ADMIN
from duecourse.strategy.models import Strategy

STAGE: Final = "persistent"
TEAMS: Final = ("early", "late")
_MUCH: Final = 3_000  # events of a borrower who has very many
_SELDOM: Final = 20_000  # one borrower in so many
# Of each borrower's events, in parts of a hundred; the rest are contacts.
_SHARES: Final = {"payments": 20, "verdict": 20, "promises": 7, "events": 7}
_EVENTS: Final = {
    "contacts": """
INSERT INTO contacts (contact_id, borrower_no, channel, direction, happened_at, happened_on, outcome, about, from_book)
SELECT 'w' || b || '-' || i, b, CASE i %% 3 WHEN 0 THEN 'email' WHEN 1 THEN 'sms' ELSE 'call' END, 'out',
    %(on)s::date - (i %% 900) - 60 + time '12:00', %(on)s::date - (i %% 900) - 60, 'delivered', ARRAY['L' || b],
    true""",
    "payments": """
INSERT INTO payments (payment_id, borrower_no, loan_id, paid_on, amount, currency, recorded_at, from_book)
SELECT 'p' || b || '-' || i, b, 'L' || b, %(on)s::date - (i %% 300), 100, CASE b %% 2 WHEN 0 THEN 'USD' ELSE 'CNY' END,
    %(on)s::date - (i %% 300), true""",
    "verdict": """
INSERT INTO verdict (borrower_no, judged_at, act, channel, purpose, loans, amounts, is_permitted, reasons, law, asked,
    refused, unknown)
SELECT b, %(on)s::date - (i %% 90), 'contact', 'call', 'collection', ARRAY['L' || b], ARRAY[1], i %% 3 = 0,
    ARRAY['law:us.regf.frequency.after-conversation'], '', ARRAY[1], ARRAY[1], ARRAY[0]""",
    "promises": """
INSERT INTO promises (promise_id, borrower_no, loan_id, made_on, promised_on, amount, recorded_at, from_book)
SELECT 'r' || b || '-' || i, b, 'L' || b, %(on)s::date - (i %% 200) - 9, %(on)s::date - (i %% 200) - 2, 500,
    %(on)s::date - (i %% 200) - 9, true""",
    "events": """
INSERT INTO events (event_id, borrower_no, kind, loan_id, happened_at, happened_on, recorded_at, from_book)
SELECT 'e' || b || '-' || i, b, 'number_checked', 'L' || b, %(on)s::date - (i %% 400), %(on)s::date - (i %% 400),
    %(on)s::date - (i %% 400), true""",
}
_MOST: Final = " FROM generate_series(1, %(borrowers)s) b, generate_series(1, %(each)s) i"
_FEW: Final = " FROM generate_series(1, %(borrowers)s, %(seldom)s) b, generate_series(10001, 10000 + %(much)s) i"
_ACTS: Final = """
INSERT INTO planned_act (planned_on, borrower_no, act, channel, treatment, purpose, team, slot, opens_at, closes_at,
    priority, demands, required, loans, reasons)
SELECT %(on)s, b, 'contact', 'call', 'persistent_call', 'collection', CASE b %% 3 WHEN 0 THEN 'late' ELSE 'early' END,
    'evening', %(on)s::date + time '00:00', %(on)s::date + time '23:59', b::bigint * 7919 %% 100003, true, false,
    ARRAY['L' || b], ARRAY['best_possible'] FROM generate_series(1, %(borrowers)s, 3) b"""


def fill(place: Place, borrowers: int, events: int, strategy: Strategy) -> None:
    """Fill an empty store with so many borrowers and events in all, and put a plan of a strategy in force."""
    gate_store.fill(place, borrowers)
    left = max(0, events - CONTACTS * borrowers)
    with psycopg.connect(place.server.url(ADMIN), autocommit=True) as admin:
        admin.execute("UPDATE plan SET strategy_hash = %s", [strategy.hash])
        admin.execute("UPDATE collection_case SET stage = %s, arm = 'champion'", [STAGE])
        whole = left // borrowers  # down: of each borrower, as below
        each_of = {table: whole * share // 100 for table, share in _SHARES.items()}
        each_of["contacts"] = whole - sum(each_of.values())
        for table, statement in _EVENTS.items():
            each = each_of[table]
            values = {"on": ON, "borrowers": borrowers, "each": each, "seldom": _SELDOM, "much": _MUCH // len(_EVENTS)}
            admin.execute((statement + _MOST).encode(), values)
            admin.execute((statement + _FEW).encode(), values)
        admin.execute(_ACTS, {"on": ON, "borrowers": borrowers})
        admin.execute("VACUUM ANALYZE")
        admin.execute("CHECKPOINT")
    orm.connect(place)
    at = datetime(ON.year, ON.month, ON.day, tzinfo=UTC)
    staff.add("administrator", "administrator", by=None, at=at)
    for role in ("collector", "supervisor"):
        staff.add(role, role, by="administrator", at=at)
    Staff.objects.filter(user_id="collector").update(teams=list(TEAMS))


def heavy(borrowers: int) -> range:
    """Return the borrowers who have very many events."""
    return range(1, borrowers + 1, _SELDOM)
