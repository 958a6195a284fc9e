"""Each story of the folder `duties`: what is due on some days, and what is not any more once it is done.

The format is that of the stories beside it; `why` says from which words of the law the day follows, and an expected day
lists all that is due about the borrower: `duty`, `by`, `rule`, and where they are told `loan` and `left` (days).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from duecourse.law.duties import open_duties
from duecourse.law.judge import gates
from duecourse.law.narrowing import Given
from duecourse.law.rulebook import Law, Rule
from duecourse.night import duties
from duecourse.night.moment import Moment
from duecourse.night.run import Night
from tests import package
from tests.night import books
from tests.stories import test_stories as stories

FILES = sorted((Path(__file__).parent / "duties").glob("*.yaml"))
Due = Callable[[date], list[dict[str, Any]]]


def read(path: Path) -> stories.Story:
    found: stories.Story = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  it makes text only
    assert found.keys() - {"lives"} == {"story", "why", "borrower", "loans", "schedule", "happened", "expected"}, path
    return found


def rows_of(story: stories.Story) -> Iterator[tuple[str, dict[str, Any]]]:
    """Turn a story into rows of a book: as for other stories, and with every kind of event."""
    yield from stories.rows_of({**story, "happened": []})
    for place, one in enumerate(story["happened"]):
        name = f"{story['borrower']}-{place}"
        if "event" not in one:
            yield stories.happened(story["borrower"], name, one)
            continue
        about = {"borrower_id": story["borrower"], **({"loan_id": one["loan"]} if "loan" in one else {})}
        yield "events", {"event_id": name, **about, "kind": one["event"], "happened_at": f"{one['on']}T10:00:00Z"}


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("duties")
    rows = stories.by_table(row for path in FILES for row in rows_of(read(path)))
    book = books.loaded(books.tiny(folder / "book", rows, date(2027, 1, 1)), folder / "loaded")
    law = package.law()
    of_duties = replace(law, rules=tuple(rule for rule in law.rules if rule.record.kind == "duty"))  # and of no act
    opened = books.opened(book, books.strategy(), of_duties)
    yield opened
    opened.engine.close()


@pytest.fixture(scope="module")
def due(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Due:
    return books.each_day(night, tmp_path_factory.mktemp("worked"), "duties")


def told(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return row["loan_id"], row["duty"], row["due_on"].isoformat(), row["rule"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_story(path: Path, due: Due) -> None:
    story = read(path)
    loan = story["loans"][0]["loan"]
    for day in story["expected"]:
        on = date.fromisoformat(day["on"])
        rows = {told(row): row for row in due(on) if row["borrower_id"] == story["borrower"]}
        wanted = {(one.get("loan", loan), one["duty"], one["by"], one["rule"]): one for one in day["due"]}
        assert set(rows) == set(wanted), day["on"]
        for key, one in wanted.items():
            left = (date.fromisoformat(one["by"]) - on).days
            assert one.get("left") in {None, str(left)}, "the story's own arithmetic"
            assert (rows[key]["days_left"], rows[key]["overdue"]) == (left, left < 0)
            assert rows[key]["on"] == on
            assert rows[key]["rule"].startswith(f"{rows[key]['rulebook']}.")


def test_every_duty_has_a_story_in_which_it_falls_due_and_one_in_which_it_is_done() -> None:
    told_of = {one["duty"] for path in FILES for day in read(path)["expected"] for one in day["due"]}
    duties = [rule for rule in open_duties(package.law()).rules if rule.record.applies != "false"]
    assert told_of == {rule.record.answers for rule in duties}
    rules = {one["rule"] for path in FILES for day in read(path)["expected"] for one in day["due"]}
    of_law = {rule.id for rule in duties if gates(rule)}
    assert of_law - rules == {"cn.dishonest.listing-removal.correction", "cn.dishonest.listing-removal.term"}


def test_duties_that_the_night_need_not_narrow_are_the_same(
    night: Night, due: Due, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = (date(2025, 3, 5), date(2025, 3, 12), date(2026, 9, 20))
    tight = [due(on) for on in days]
    assert all(tight)

    def whole(law: Law, given: Given, rules: Iterable[Rule]) -> Law:
        return replace(law, rules=tuple(rule for rule in rules if rule.in_force(given.on)))

    monkeypatch.setattr(duties, "narrowed", whole)
    for on, rows in zip(days, tight, strict=True):
        moment = Moment.began(on, "UTC")
        night.positions(moment, night.book.folder.parent / "whole")
        night.plan(moment)
        assert night.engine.rows(night.engine.table("duties")) == rows
        assert sum(night.due.open.values()) == len(rows)


def test_a_duty_is_told_with_its_rule_and_where_it_stands(night: Night, due: Due) -> None:
    due.cache_clear()  # type: ignore[attr-defined]  # the engine holds the day worked out last
    due(date(2025, 3, 10))
    told_as = (
        "2025-04-28 (49 days left): Answer to a complaint: A complaint gets its final response by the end of eight"
    )
    told_as += " weeks after it was received. (DISP 1.6.2R, gb.disp.complaint.eight-weeks)"
    assert duties.lines(night.engine, night.law, "duty-complaint-gb-a") == [told_as]
    assert duties.lines(night.engine, night.law, "duty-jp-a") == ["nothing"]
    first = duties.by_rule(night.engine)[0]
    assert first["open"] >= first["overdue"] > 0


def test_a_run_leaves_the_duties_beside_the_plan(night: Night, tmp_path: Path) -> None:
    moment = Moment.began(date(2025, 3, 10), "UTC")
    summary, _ = books.planned(night.book, books.strategy(), moment, tmp_path)
    rows = pq.read_table(summary.outputs["duties"])
    assert rows.column_names == list(duties.COLUMNS)
    assert sum(summary.duties.values()) == rows.num_rows > 0
    assert sum(summary.duties_overdue.values()) == sum(rows.column("overdue").to_pylist())
    keys = [tuple(row[name] for name in duties.KEY) for row in rows.to_pylist()]
    assert keys == sorted(set(keys))
