"""`GET /loans/{loan_id}/endings`: what was decided of a loan, for the lender's own systems."""

from datetime import UTC, datetime

from duecourse.store import staff
from duecourse.store.place import Place
from tests.api.conftest import BEARER, SYSTEMS, Answer, Day, Served, secrets, serving


def asked(served: Served, loan: str, bearer: str = SYSTEMS) -> Answer:
    return served.ask("GET", f"/loans/{loan}/endings", Authorization=f"Bearer {bearer}")


def decided(day: Day, loan: str) -> None:
    boss = staff.add("boss", "administrator", by=None, at=datetime.now(UTC))
    ((number,),) = day.does(
        """INSERT INTO ending (kind, borrower_no, loan_id, state, decided_by, decided_at)
        VALUES ('suit', %s, %s, 'packed', %s, now()) RETURNING id""",
        *(day.borrower, loan, boss.pk),
    )
    for state in ("decided", "packed"):
        day.does(
            """INSERT INTO ending_step (ending_no, state, at, on_day, "by", why)
            VALUES (%s, %s, now(), '2026-11-20', 'boss', 'large')""",
            *(number, state),
        )


def test_each_step_of_a_loan_and_nothing_of_another(served: Served, day: Day) -> None:
    decided(day, "L1")
    (suit,) = asked(served, "L1").json
    assert (suit["kind"], suit["state"], suit["run"]) == ("suit", "packed", None)
    step = {"on": "2026-11-20", "by": "boss", "why": "large"}
    assert suit["steps"] == [{**step, "state": state} for state in ("decided", "packed")]
    assert asked(served, "L2").json == []


def test_who_has_not_the_token_is_told_nothing(served: Served) -> None:
    assert [asked(served, "L1", one).status for one in ("", BEARER, f"{SYSTEMS}x")] == [401, 401, 401]
    assert served.ask("GET", "/loans/L1/endings").status == 401


def test_without_a_token_set_there_is_nothing_here(store: Place) -> None:
    own = {name: value for name, value in secrets().items() if name != "DUECOURSE_SYSTEMS_TOKEN"}
    with serving(store, own) as served:
        assert asked(served, "L1").status == 404
