"""The queue as it is read: pages that meet, in the order of the plan, each act once."""

from datetime import date

import psycopg

from duecourse.desk import queue
from duecourse.store.keys import Keyring
from tests.web.asking import signed_in
from tests.web.conftest import Desk

ON = date(2026, 6, 30)
_MORE = """
INSERT INTO planned_act (planned_on, borrower_no, act, channel, treatment, purpose, team, demands, required, loans,
    opens_at, closes_at, priority)
SELECT planned_on, borrower_no, act, channel, treatment || n, purpose, team, demands, required, loans, opens_at,
    closes_at, priority - n % 5 FROM planned_act CROSS JOIN generate_series(1, 20) n WHERE team IS NOT NULL"""
TEAMS = ["early", "late", "field", "legal"]


def test_pages_meet_and_hold_every_act_of_the_teams_once(desk: Desk) -> None:
    ring = Keyring.read(desk.place.keys)
    with psycopg.connect(desk.place.url(), autocommit=True) as connection:
        connection.execute(_MORE)
        connection.execute("UPDATE planned_act SET priority = NULL WHERE id % 7 = 0 AND team IS NOT NULL")
        wanted = connection.execute(
            "SELECT id FROM planned_act WHERE state = 'waiting' AND team = ANY(%s)"
            " ORDER BY priority DESC NULLS LAST, id", [TEAMS],
        ).fetchall()  # fmt: skip
        seen, after = list[int](), None
        for _ in range(200):
            page = queue.of_teams(connection, ring, TEAMS, ON, after)
            seen += [row.number for row in page.rows]
            after = page.after
            if after is None:
                break
        assert queue.of_teams(connection, ring, ["nobody"], ON).rows == ()
    assert seen == [number for (number,) in wanted]
    assert len(seen) > queue.ROWS


def test_every_name_is_opened_and_every_sum_is_in_one_currency(desk: Desk) -> None:
    ring = Keyring.read(desk.place.keys)
    with psycopg.connect(desk.place.url(), autocommit=True) as connection:
        page = queue.of_teams(connection, ring, TEAMS, ON)
    assert all(row.name for row in page.rows)
    assert all(len(row.amounts) >= 1 and row.amounts[0][0] > 0 for row in page.rows)


def test_no_page_of_the_desk_asks_the_database_more_than_25_times(desk: Desk) -> None:
    (number,) = desk.one("SELECT borrower_no FROM planned_act WHERE channel = 'call' ORDER BY 1 LIMIT 1")
    collector = signed_in(desk.url, "supervisor")
    for path in ("/desk/", f"/desk/cases/{number}", f"/desk/cases/{number}/told"):
        answer = collector.get(path)
        _, statements = answer.headers["x-bench"].split()
        assert answer.status == 200
        assert 2 < int(statements) <= 25, (path, statements)
