"""A store for the bench of the gate: borrowers of two countries, each with a case, a loan, a number and a past."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import psycopg

from duecourse.ledger.histories import from_loans
from duecourse.ledger.loan import Instalment, Loan, Terms
from duecourse.ledger.packed import packed
from duecourse.store.bound import whose
from duecourse.store.keys import Keyring, new_key, seal
from duecourse.store.place import Place
from duecourse.store.server import ADMIN

ON: Final = date(2026, 11, 20)
CONTACTS: Final = 5  # of each borrower, over the last two months
_AT_A_TIME: Final = 20_000
_PLACES: Final = (("US", "US-CA", "America/Los_Angeles", "USD", "en"), ("CN", "CN-ZJ", "Asia/Shanghai", "CNY", "zh"))


_LOAN: Final = (
    "id, borrower_no, loan_id, product, currency, principal, opened_on, lender_type, is_owner, last_due_on, history"
)


def fill(place: Place, borrowers: int) -> None:
    """Fill an empty store; numbers of borrowers, people and loans are 1 to `borrowers`, loans are named L<number>."""
    ranges = [(first, min(first + _AT_A_TIME, borrowers + 1)) for first in range(1, borrowers + 1, _AT_A_TIME)]
    with psycopg.connect(place.server.url(ADMIN), autocommit=True) as admin:
        admin.execute(
            "INSERT INTO plan (planned_on, plan_hash, strategy_hash, law_hash, zone, published_at)"
            " VALUES (%s, '', '', '', 'UTC', %s)",
            [ON, ON],
        )
        filling = partial(_fill_range, place.server.url(ADMIN), place.keys)
        if len(ranges) == 1:  # that of a test: processes would take longer to start
            filling(ranges[0])
        else:
            with ProcessPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(filling, ranges))
        admin.execute(
            """INSERT INTO contacts (contact_id, borrower_no, channel, direction, happened_at, happened_on, outcome,
                about, from_book)
            SELECT 'b' || b || '-' || i, b, CASE i %% 3 WHEN 0 THEN 'email' WHEN 1 THEN 'sms' ELSE 'call' END, 'out',
                %s::date - i * 11 + time '12:00', %s::date - i * 11, 'delivered', ARRAY['L' || b], true
            FROM generate_series(1, %s) b, generate_series(1, %s) i""",
            [ON, ON, borrowers, CONTACTS],
        )
        for table in ("borrower", "person", "contact_point", "case_loan", "contacts"):
            admin.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        if len(ranges) > 1:
            admin.execute("VACUUM ANALYZE")
            admin.execute("CHECKPOINT")


def _fill_range(url: str, keys: Path, numbers: tuple[int, int]) -> None:
    ring, packed_history = Keyring.read(keys), history()
    people = [(number, new_key()) for number in range(*numbers)]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table, columns, rows in (
            ("borrower", "id, borrower_id, language, zones", _borrowers(people)),
            ("person", "id, borrower_id, person_id, relation, name, key_id, wrapped_key", _people(ring, people)),
            ("contact_point", "id, person_id, kind, value, blind", _points(ring, people)),
            (
                "collection_case",
                "borrower_no, country, region, zones, language, born_on, stage, planned_on",
                _cases(people),
            ),
            (
                "case_loan",
                _LOAN,
                _loans(people, packed_history),
            ),
        ):
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)


def _place(number: int) -> tuple[str, str, str, str, str]:
    return _PLACES[number % 2]


def _borrowers(people: list[tuple[int, bytes]]) -> Iterator[tuple[object, ...]]:
    for number, _ in people:
        yield number, f"B{number}", _place(number)[4], [_place(number)[2]]


def _people(ring: Keyring, people: list[tuple[int, bytes]]) -> Iterator[tuple[object, ...]]:
    for number, key in people:
        wrapped = ring.wrap(key, whose(f"B{number}", f"B{number}"))
        name = seal(key, f"Name {number}", f"person.name.{number}")
        yield number, number, f"B{number}", "borrower", name, wrapped.key_id, wrapped.sealed


def _points(ring: Keyring, people: list[tuple[int, bytes]]) -> Iterator[tuple[object, ...]]:
    for number, key in people:
        phone = f"+1415{number:07}"
        yield (
            number,
            number,
            "phone",
            seal(key, phone, f"contact_point.value.phone.{number}"),
            ring.blind("phone", phone),
        )


def _cases(people: list[tuple[int, bytes]]) -> Iterator[tuple[object, ...]]:
    for number, _ in people:
        country, region, zone, _, language = _place(number)
        yield number, country, region, [zone], language, date(1985, 5, 5), "early", ON


def _loans(people: list[tuple[int, bytes]], packed_history: bytes) -> Iterator[tuple[object, ...]]:
    for number, _ in people:
        yield (
            number, number, f"L{number}", "consumer_loan", _place(number)[3], 1_200_000, date(2026, 1, 5),
            "consumer_finance", number % 2 == 1, date(2026, 12, 5), packed_history,
        )  # fmt: skip


def history() -> bytes:
    """Return a loan of twelve instalments, of which the last two have fallen due and nothing came in."""
    due = [date(2026, month, 5) for month in range(1, 13)]
    loan = Loan(
        "L",
        due[0] - timedelta(days=30),
        (Terms(principal=1_200_000, grace_days=3, late_fee_flat=500, penalty_ppb_day=500_000),),
        tuple(Instalment(number, day, 100_000, 2_000) for number, day in enumerate(due, 1)),
    )
    return packed(from_loans([loan]), 0)
