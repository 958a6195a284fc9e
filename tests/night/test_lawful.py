"""The law narrowed to what a night can know judges every act of the night as the whole law does.

DUECOURSE_SOAK=1 lets borrowers live in every country that has a rulebook.
"""

import os
import random
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pytest

from duecourse.book.loaded import LoadedBook
from duecourse.book.schema import CHANNELS, OUTCOMES
from duecourse.law.kept import program_of
from duecourse.law.program import VERDICTS, Program
from duecourse.night import lawful, verdicts
from duecourse.night.kept import Kept
from duecourse.night.moment import Moment
from duecourse.night.past import Past, past_of
from duecourse.night.run import Night
from tests import package
from tests.night import books

Row = dict[str, Any]
ON = books.MADE_FOR
FIRST_COUNTRIES = frozenset({"US", "CN", "GB", "IN", "DE"})
FIVE_CHANNELS = Path(__file__).parents[2] / "bench" / "five_channels.yaml"


KINDS = (
    *("dispute", "dispute_answered", "cease_request", "attorney_named", "bankruptcy_petition", "complaint"),
    *("hardship_request", "death_known", "plan_agreed", "plan_broken", "consent", "consent_withdrawn"),
)
NOTICES = ("validation_notice", "default_notice", "adverse_notice", "arrears_notice", "assignment_notice")


_BOOKS = [book for book in package.law().books.values() if book.id != "us"]
PLACES = [
    {"country": book.country or (book.region or "")[:2], "region": book.region, "locality": book.locality}
    for book in _BOOKS
    if book.country or book.region
]


def pressed(contacts: list[Row]) -> list[Row]:
    """Add many contacts of the last days: enough for every limit on how often."""
    dice, found = random.Random(3), list(contacts)
    for place, whose in enumerate(sorted({row["borrower_id"] for row in contacts})):
        channel = dice.choice((None, "call", "sms", "email", "im", "visit"))
        for number in range(dice.choice((0, 1, 3, 8, 25))):
            at = datetime(2026, 6, 30, tzinfo=UTC) - timedelta(hours=dice.randrange(9 * 24))
            how = {"channel": channel or dice.choice(CHANNELS), "outcome": dice.choice((None, *OUTCOMES))}
            row = {"contact_id": f"P{place}-{number}", "borrower_id": whose, "happened_at": at, "recorded_at": at}
            found.append({**row, **how, "direction": dice.choice(("out", "out", "out", "in"))})
    return found


def told(table: str, kinds: tuple[str, ...], contacts: list[Row], rows: list[Row]) -> list[Row]:
    """Add events, or notices, of all kinds that the law knows."""
    dice, found = random.Random(5), list(rows)
    for place, whose in enumerate(sorted({row["borrower_id"] for row in contacts})):
        at = datetime(2026, 6, 28, 12, tzinfo=UTC) - timedelta(days=dice.randrange(60))
        row = {f"{table}_id": f"L{place}", "kind": dice.choice(kinds), "borrower_id": whose, "recorded_at": at}
        if dice.random() < 0.4:
            found.append({**row, "happened_at": at} if table == "event" else {**row, "served_on": at.date()})
    return found


def spread(borrowers: list[Row]) -> list[Row]:
    """Let borrowers live where there is a rulebook."""
    dice = random.Random(7)
    some = PLACES if os.environ.get("DUECOURSE_SOAK") else [one for one in PLACES if one["country"] in FIRST_COUNTRIES]
    places = {row["borrower_id"]: dice.choice(some) for row in borrowers}
    return [{**row, **places[row["borrower_id"]]} for row in borrowers]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory, home: Path) -> LoadedBook:
    folder = tmp_path_factory.mktemp("lawful")
    mapping = books.enriched(folder, 1500, 4)
    read: list[Row] = []

    def noted(rows: list[Row]) -> list[Row]:
        read.extend(rows)
        return pressed(rows)

    books.change(folder, "contacts", noted)
    books.change(folder, "borrowers", spread)
    books.change(folder, "events", lambda rows: told("event", KINDS, read, rows))
    books.change(folder, "notices", lambda rows: told("notice", NOTICES, read, rows))
    return books.loaded(mapping, home)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("programs")


Act = tuple[int, int, int]  # borrower, treatment, loan


def refused(night: Night, program: Program, acts: str) -> dict[Act, dict[str, bool]]:
    """Return the rules that refuse each act, each with whether for want of knowledge; only those that may count."""
    tables = night.engine.table
    named = tables(acts).select("act_no", "world", "treatment_no", "loan_no")
    found: dict[Act, dict[str, bool]] = {}
    for row in night.engine.rows(tables(f"{VERDICTS}{program.suffix}").join(named, "act_no")):
        found[row["world"], row["treatment_no"], row["loan_no"]] = {
            rule.id: bit(row, "unknown", place)
            for place, rule in enumerate(program.law.rules)
            if rule.record.effect != "advises" and bit(row, "refused", place)
        }
    return found


def bit(row: dict[str, Any], which: str, place: int) -> bool:
    return bool(row[f"{which}_{place // 62}"] >> (place % 62) & 1)


@pytest.mark.parametrize(("file", "least"), [(books.DEFAULT, 6), (FIVE_CHANNELS, 13)], ids=["default", "five_channels"])
def test_the_narrowed_law_refuses_what_the_whole_law_refuses(
    book: LoadedBook, programs: Path, file: Path, least: int, tmp_path: Path
) -> None:
    night = books.opened(book, books.strategy(file))
    tables, engine = night.engine.table, night.engine
    for name in ("positions", "history"):
        (tmp_path / name).mkdir()
    night.positions(Moment(ON), tmp_path)
    night.plan(Moment(ON))
    past = past_of(tables, engine.rows, night.empty)
    proposed = Kept("law_rows_whole", lambda: lawful.acts(tables, tables("proposed"), lawful.VARIES), number="act_no")
    engine.keep_all([[proposed]])
    rows = tables("law_rows_whole")
    found = engine.rows(rows.filter(rows.books != "").select("country", "books").distinct())
    countries = {row["country"] for row in found}
    assert countries >= FIRST_COUNTRIES
    against: set[str] = set()
    for country in sorted(countries):
        names = {name for row in found if row["country"] == country for name in row["books"].split(" ")}
        part = night.law.of(names, acts=lawful.JUDGED)
        whole = program_of(part, programs, suffix=f"_whole_{country.lower()}")
        verdicts.give_history(engine, f"law_history{whole.suffix}", lambda: verdicts.people(tables), [whole], past)
        acts, events = partial(_acts, night, country), partial(_events, night, whole, country, past)
        verdicts.run(engine, [verdicts.Asked(whole, acts, events)])
        wanted = refused(night, whole, "law_rows_whole")
        assert wanted
        if country in night.lawful.programs:
            assert refused(night, night.lawful.programs[country], "law_rows") == wanted
        else:
            assert not any(wanted.values())
        against |= {rule for each in wanted.values() for rule in each}
    assert len(against) >= least
    night.engine.close()


def _acts(night: Night, country: str) -> ir.Table:
    rows = night.engine.table("law_rows_whole")
    return lawful.dressed(rows.filter((rows.country == country) & (rows.books != "")))


def _events(night: Night, program: Program, country: str, past: Past) -> ir.Table:
    rows = verdicts.history_of(night.engine.table, f"law_history{program.suffix}", program, past)
    return rows.filter(rows.country == country)
