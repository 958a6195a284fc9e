"""Each story of this folder, under the default strategy.

A story is a YAML file: who owes what (and where they live, if not in the United States), what happened on which day,
and for some days the stage, act and amounts that the plan must have (`beside`: what else is done that day, of which
the borrower does not hear). Amounts are in dollars.
`plan: nothing` means that the borrower is not in the plan at all. The plan of a day is made in the night before, so
what happened on a day counts from the next day's plan on. All stories stand in one book and know nothing of each other.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.night import books

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.yaml"))
Story = dict[str, Any]
Planned = Callable[[date], list[dict[str, Any]]]
# Every key that an expected day may have, and where the plan has it.
PLAIN = ("stage", "act", "channel", "team", "slot", "treatment", "template", "purpose", "next_best")
EVENTS = (
    "furnished",
    "listed",
    "sued",
    "settlement_offer",
    "sold",
    "reward",
    "pause",
    "resume",
    "accelerated",
    "put_back",
    "agency_engaged",
    "agency_ended",
)


def read(path: Path) -> Story:
    """Read a story; every value is a text."""
    found: Story = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  it makes text only
    assert found.keys() - {"lives"} == {"story", "borrower", "loans", "schedule", "happened", "expected"}, path
    return found


def cents(amount: str) -> int:
    """Turn dollars into cents, exactly."""
    value = Decimal(amount) * 100
    assert value == int(value), amount
    return int(value)


def rows_of(story: Story) -> list[tuple[str, dict[str, Any]]]:
    """Turn a story into rows of a book: (table, row)."""
    who = story["borrower"]
    lives = {"country": "US", "zones": "America/New_York", **story.get("lives", {})}
    rows: list[tuple[str, dict[str, Any]]] = [("borrowers", {"borrower_id": who, **lives})]
    for one in story["loans"]:
        terms = {name: value for name, value in one.items() if name not in {"loan", "lent", "on"}}
        row = {"loan_id": one["loan"], "borrower_id": who, "currency": "USD", "principal": cents(one["lent"])}
        rows.append(("loans", {**row, "opened_on": one["on"], **terms}))
    for one in story["schedule"]:
        row = {"loan_id": one["loan"], "number": one["number"], "due_on": one["due"]}
        rows.append(("instalments", {**row, "principal": cents(one["amount"])}))
    return rows + [happened(who, f"{who}-{place}", one) for place, one in enumerate(story["happened"])]


def happened(who: str, name: str, one: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Turn one thing that happened into a row."""
    day, loan = one["on"], {"loan_id": one["loan"]} if "loan" in one else {}
    about = {"borrower_id": who, **loan}
    if "contact" in one:
        how = {"channel": one["contact"], "outcome": one.get("outcome"), "direction": one.get("direction", "out")}
        return "contacts", {"contact_id": name, "borrower_id": who, **how, "happened_at": f"{day}T10:00:00Z"}
    if "paid" in one:
        return "payments", {"payment_id": name, **loan, "paid_on": day, "amount": cents(one["paid"])}
    if "promised" in one:
        promise = {"made_on": day, "promised_on": one["by"], "amount": cents(one["promised"])}
        return "promises", {"promise_id": name, **about, **promise}
    if "hold" in one:
        return "holds", {"hold_id": name, **about, "kind": one["hold"], "from_on": day, "until_on": one.get("until")}
    if "notice" in one:
        return "notices", {"notice_id": name, **about, "kind": one["notice"], "served_on": day}
    assert one["event"] in EVENTS, one
    return "events", {"event_id": name, **about, "kind": one["event"], "happened_at": f"{day}T10:00:00Z"}


def by_table(rows: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Gather the rows of many stories by their table."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table, row in rows:
        found.setdefault(table, []).append(row)
    return found


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    folder = tmp_path_factory.mktemp("stories")
    rows = by_table(row for path in FILES for row in rows_of(read(path)))
    # Payments are complete through a day after every story; only a day too old would be stale.
    book = books.loaded(books.tiny(folder / "book", rows, date(2026, 2, 1)), folder / "loaded")
    night = books.opened(book, books.strategy())
    yield books.each_day(night, folder, "plan")
    night.engine.close()


def shown(row: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Show a row of the plan in the words of a story, as far as the story speaks of it."""
    words: dict[str, Any] = {name: row[name] for name in PLAIN}
    words |= {"demands": row["demands"], "required": row["required"], "reasons": row["reasons"]}
    words |= {"loans": row["loans"], "value": row["value"]}
    for name in ("overdue", "due_today", "owed"):
        words[name] = sum(amount[name] for amount in row["amounts"] or [])
    return {name: words[name] for name in names}


def meant(day: Story) -> dict[str, Any]:
    """Turn the texts of an expected day into values."""
    found: dict[str, Any] = {}
    for name, value in day.items():
        if value == "none" and name != "act":
            found[name] = None
        elif name in {"overdue", "due_today", "owed", "value"}:
            found[name] = cents(value)
        elif name in {"demands", "required"}:
            found[name] = {"yes": True, "no": False}[value]
        elif name != "on":
            found[name] = value
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_story(path: Path, planned: Planned) -> None:
    story = read(path)
    for day in story["expected"]:
        rows = [row for row in planned(date.fromisoformat(day["on"])) if row["borrower_id"] == story["borrower"]]
        assert not any(row["held_out"] for row in rows), "choose another name: this one is held out"
        assert {row["arm"] for row in rows} <= {"champion"}, "choose another name: this one is on the other arm"
        if day.get("plan") == "nothing":
            assert rows == [], day["on"]
            continue
        expected = meant(day)
        beside = expected.pop("beside", [])
        main = [row for row in rows if row["act"] not in beside]
        assert sorted(row["act"] for row in rows if row["act"] in beside) == sorted(beside), day["on"]
        assert len(main) == 1, day["on"]
        assert shown(main[0], set(expected)) == expected, day["on"]
