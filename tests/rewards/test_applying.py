"""Rewards in a real store: worked out over a book, applied by a named person, seen by the next look, and told."""

import csv
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from duecourse.day.facts import Facts, Told
from duecourse.day.gate import Gate
from duecourse.day.settings import read as read_settings
from duecourse.endings.many import Office, Opened
from duecourse.kernel.errors import DueCourseError
from duecourse.rewards import announcing, applying, granting
from duecourse.rewards.applying import Order
from duecourse.rewards.rules import Rules, is_held_out
from duecourse.rewards.working import Income
from tests import package
from tests.day.cases import read
from tests.endings.cases import BOSS, CLERK
from tests.night import books
from tests.rewards.payers import AT, ON, equal_principal, looking, rows, rules

ORDER = Order("r-1", BOSS, AT, ON)


def worked(
    office: Office, opened: Opened, home: Path, given: Rules, tables: books.Rows, on: date = ON, **incomes: Income
) -> granting.Found:
    """Work out rewards over a book."""
    book = books.loaded(books.tiny(home / "book", tables, on), home)
    with looking(book, home, office.place, on) as look:
        return granting.work_out(opened.connection, look, given, incomes, granting.When(AT, on))


def kept(opened: Opened) -> list[tuple[object, ...]]:
    return read(
        opened.connection, "SELECT loan_id, rule, at_number, state FROM reward ORDER BY loan_id, rule, at_number"
    )


@pytest.fixture
def scaled() -> Rules:
    return rules(names=["lower_rate"], schedule="scaled")


def test_two_points_after_six_on_time_by_hand(office: Office, opened: Opened, home: Path, scaled: Rules) -> None:
    """20 % becomes 18 %, a tenth off each interest to come, rounded down to the minor unit.

    100.00, 83.33, 66.66, 50.00, 33.33, 16.66 become 90.00, 74.99, 59.99, 45.00, 29.99, 14.99.
    """
    found = worked(office, opened, home, scaled, rows({1: equal_principal(), 2: equal_principal()}, {2: [6]}))
    assert found.given == {("lower_rate", "worked_out"): 1}
    assert kept(opened) == [("L1", "lower_rate", 6, "worked_out")]
    ((details,),) = read(opened.connection, "SELECT details FROM reward")
    assert [row["interest"] for row in details["instalments"]] == [9_000, 7_499, 5_999, 4_500, 2_999, 1_499]
    assert [row["number"] for row in details["instalments"]] == [7, 8, 9, 10, 11, 12]
    assert (details["before"], details["after"]) == (200_000, 180_000)
    assert details["cost"] == 1_000 + 834 + 667 + 500 + 334 + 167
    assert details["terms"]["interest_ppm_year"] == 180_000


def test_what_is_applied_is_seen_by_the_next_look_and_history_is_untouched(
    office: Office, opened: Opened, home: Path, scaled: Rules, tmp_path: Path
) -> None:
    tables = rows({1: equal_principal()})
    worked(office, opened, home, scaled, tables)
    assert applying.apply(opened.connection, opened.ring, ORDER) == applying.Applied(1, 0)
    book = books.loaded(books.tiny(home / "again", tables, ON), home)
    with looking(book, tmp_path) as plain, looking(book, tmp_path, office.place, ON + timedelta(days=1)) as seen:
        (before,), (after,) = (list(look.records()) for look in (plain, seen))
        old, new = plain.contracts([before.loan_no])[before.loan_no], seen.contracts([after.loan_no])[after.loan_no]
    assert after.met == before.met
    assert new.instalments[:6] == old.instalments[:6]
    assert [row.interest for row in new.instalments[6:]] == [9_000, 7_499, 5_999, 4_500, 2_999, 1_499]
    assert (old.terms["interest_ppm_year"], new.terms["interest_ppm_year"]) == (200_000, 180_000)
    assert new.terms["effective_on"] == ON + timedelta(days=1)


def test_applied_means_event_entry_and_files_and_again_changes_nothing(
    office: Office, opened: Opened, home: Path, scaled: Rules, tmp_path: Path
) -> None:
    worked(office, opened, home, scaled, rows({1: equal_principal()}))
    applying.apply(opened.connection, opened.ring, ORDER)
    assert read(opened.connection, "SELECT kind, loan_id, happened_on FROM events") == [("reward", "L1", ON)]
    entries = read(opened.connection, 'SELECT kind, "by" FROM audit_entry WHERE chain = 1')
    assert entries == [("reward.applied", BOSS)]
    files = applying.write(opened.connection, "r-1", tmp_path)
    assert files == {"instalments": 6, "loans": 1, "lines": 0}
    first = {path.name: path.read_bytes() for path in (tmp_path / "r-1").iterdir()}
    with (tmp_path / "r-1" / "instalments.csv").open(encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    assert (told[0]["number"], told[0]["due_on"], told[0]["interest"]) == ("7", "2026-12-05", "9000")
    with (tmp_path / "r-1" / "loans.csv").open(encoding="utf-8") as file:
        (loan,) = csv.DictReader(file)
    assert (loan["effective_on"], loan["interest_ppm_year"], loan["borrower_id"]) == ("2026-11-21", "180000", "B1")
    assert applying.apply(opened.connection, opened.ring, ORDER) == applying.Applied(0, 0)
    applying.write(opened.connection, "r-1", tmp_path)
    assert {path.name: path.read_bytes() for path in (tmp_path / "r-1").iterdir()} == first
    found = worked(office, opened, home, scaled, rows({1: equal_principal()}))
    assert found.given == {}


def test_a_run_that_was_killed_between_two_parts_is_completed(
    office: Office, opened: Opened, home: Path, scaled: Rules, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    worked(office, opened, home, scaled, rows({1: equal_principal(), 2: equal_principal(), 3: equal_principal()}))
    monkeypatch.setattr(applying, "_AT_ONCE", 1)
    parts = 0

    def killed(*_: object) -> None:
        nonlocal parts
        parts += 1
        if parts == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(applying, "take_back_of", killed)
    with pytest.raises(KeyboardInterrupt):
        applying.apply(opened.connection, opened.ring, ORDER)
    assert [state for *_, state in kept(opened)] == ["applied", "worked_out", "worked_out"]
    assert applying.apply(opened.connection, opened.ring, ORDER).rewards == 2
    assert applying.write(opened.connection, "r-1", tmp_path)["loans"] == 3
    ((events,),) = read(opened.connection, "SELECT count(*) FROM events")
    assert events == 3


def test_who_may_not_apply_and_what_is_not_fresh(office: Office, opened: Opened, home: Path, scaled: Rules) -> None:
    worked(office, opened, home, scaled, rows({1: equal_principal()}))
    with pytest.raises(DueCourseError, match="no active user who may apply rewards"):
        applying.apply(opened.connection, opened.ring, replace(ORDER, by=CLERK))
    late = replace(ORDER, on=ON + timedelta(days=15))  # the first instalment that would change falls due
    assert applying.apply(opened.connection, opened.ring, late) == applying.Applied(0, 1)


def test_who_is_overdue_held_or_dead_gets_nothing_now_and_what_was_earned_stays(
    office: Office, opened: Opened, home: Path, scaled: Rules
) -> None:
    schedule = equal_principal()
    later = date(2026, 12, 10)
    tables = rows({1: schedule, 2: schedule, 3: schedule, 4: schedule}, {2: [7]}, later)
    tables["holds"] = [{"hold_id": "H", "borrower_id": "B3", "kind": "bankruptcy", "from_on": ON}]
    tables["borrowers"][3]["deceased_on"] = ON
    found = worked(office, opened, home, scaled, tables, later)
    assert found.given == {("lower_rate", "worked_out"): 1}
    reasons = ("deceased", "hold_bankruptcy", "overdue")
    assert found.refused == {("lower_rate", why): 1 for why in reasons}
    tables["payments"].append({
        "payment_id": "late", "loan_id": "L2", "paid_on": later, "amount": schedule[6].principal + 11_000,
    })  # fmt: skip
    worked(office, opened, home, scaled, tables, later)
    assert ("L2", "lower_rate", 6, "worked_out") in kept(opened)


def test_fees_come_back_up_to_the_most_and_a_line_rises(office: Office, opened: Opened, home: Path) -> None:
    """Six fees of 10.00 are 60.00: in dollars 50.00 at most. The line: 12,000.00 and a tenth."""
    given = rules(names=["fees_back", "higher_line"])
    given = given.model_copy(update={"rules": (given.rules[0], given.rules[1].model_copy(update={"after_on_time": 6}))})
    worked(office, opened, home, given, rows({1: equal_principal(), 2: equal_principal()}))
    found = read(
        opened.connection,
        "SELECT loan_id, rule, (details->>'cost')::int, details->>'after' FROM reward ORDER BY loan_id, rule",
    )
    assert found == [
        ("L1", "fees_back", 6_000, None),
        ("L1", "higher_line", 0, "1320000"),
        ("L2", "fees_back", 5_000, None),  # the line: the most in dollars is below what was lent
    ]


def test_who_is_held_out_earns_and_never_gets_it(office: Office, opened: Opened, home: Path) -> None:
    """The split is that of an experiment: the first 32 bits of MD5 over salt, use and borrower."""
    given = rules(500_000, ["lower_rate"], schedule="scaled")
    expected = {f"B{number}": is_held_out(given, f"B{number}") for number in range(1, 5)}
    assert set(expected.values()) == {True, False}
    worked(office, opened, home, given, rows({number: equal_principal() for number in range(1, 5)}))
    states = {loan: state for loan, _, _, state in kept(opened)}
    assert states == {f"L{b[1:]}": "held_out" if is_out else "worked_out" for b, is_out in expected.items()}
    applying.apply(opened.connection, opened.ring, ORDER)
    assert {loan for loan, _, _, state in kept(opened) if state == "held_out"} == {
        f"L{b[1:]}" for b, is_out in expected.items() if is_out
    }


def test_borrowers_are_told_once_in_the_words_of_the_rule(
    office: Office, opened: Opened, home: Path, scaled: Rules
) -> None:
    worked(office, opened, home, scaled, rows({1: equal_principal()}))
    applying.apply(opened.connection, opened.ring, ORDER)
    settings = read_settings(Path(__file__).parents[2] / "examples" / "day.toml")
    compose = announcing.Rewarding(opened.ring, office.strategy, settings, scaled)
    law = package.law()
    with office.place.connected() as connection:
        gate = Gate(connection, opened.ring, law, office.strategy, compose, "UTC")
        (told,) = announcing.announce(connection, gate, compose, office.strategy, "sms", AT)
        assert told.is_permitted, told.reasons
        assert told.words is not None
        assert "后续各期年利率下调2个百分点" in told.words.text
        assert announcing.announce(connection, gate, compose, office.strategy, "sms", AT) == []


def test_a_reward_is_not_told_to_whom_said_stop(office: Office, opened: Opened, home: Path, scaled: Rules) -> None:
    worked(office, opened, home, scaled, rows({1: equal_principal()}))
    applying.apply(opened.connection, opened.ring, ORDER)
    settings = read_settings(Path(__file__).parents[2] / "examples" / "day.toml")
    compose = announcing.Rewarding(opened.ring, office.strategy, settings, scaled)
    with office.place.connected() as connection:
        facts = Facts(connection, opened.ring, "s-1")
        with facts.locked(1):
            facts.withdraw(Told("stop", 1, AT, ON), "sms")
        gate = Gate(connection, opened.ring, package.law(), office.strategy, compose, "UTC")
        (told,) = announcing.announce(connection, gate, compose, office.strategy, "sms", AT)
    assert told.reasons == ("channel_refused",)
    assert read(opened.connection, "SELECT announced_at FROM reward") == [(None,)]


@pytest.mark.parametrize(
    ("channel", "reasons"),
    [
        ("sms", {"law:us.regf.line.later", "law:us.regf.opt-out.line"}),
        ("call", {"law:us.regf.line.later"}),
    ],
)
def test_what_the_law_refuses_to_tell_is_told_later(
    office: Office, opened: Opened, home: Path, scaled: Rules, channel: str, reasons: set[str]
) -> None:
    """A collector of another's debt says so in every message, and how to end them (12 CFR 1006.18(e)(2), 1006.6(e)).

    The strategy's own template for rewards has no such lines: the borrower of a debt that was bought is not told.
    """
    worked(office, opened, home, scaled, rows({2: equal_principal()}))
    applying.apply(opened.connection, opened.ring, ORDER)
    settings = read_settings(Path(__file__).parents[2] / "examples" / "day.toml")
    compose = announcing.Rewarding(opened.ring, office.strategy, settings, scaled)
    with office.place.connected() as connection:
        gate = Gate(connection, opened.ring, package.law(), office.strategy, compose, "UTC")
        (told,) = announcing.announce(connection, gate, compose, office.strategy, channel, AT)
    assert set(told.reasons) == reasons
    assert read(opened.connection, "SELECT announced_at FROM reward") == [(None,)]
