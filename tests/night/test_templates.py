"""What a template declares, in the night and judged once: a debt buyer's letters, and the same verdict both ways."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import ibis.expr.types as ir
import pytest

from duecourse.law.casefile import read_cases
from duecourse.law.columns import ACT
from duecourse.law.judge import judge
from duecourse.law.rulebook import Law
from duecourse.law.rulebook import load as load_law
from duecourse.night import lawful
from duecourse.night.moment import Moment
from duecourse.night.run import Night
from duecourse.night.templates import Finding, judged, uses
from duecourse.strategy.models import Strategy
from tests.night import books
from tests.stories.test_stories import FOLDER, by_table, read, rows_of
from tests.strategy.declared import WORDLESS

FORK = date(2025, 5, 31)
LATER = "us.regf.line.later"
TEMPLATE = "content: [debt_details, payment_request, full_collector_line]"  # of the offer to settle, and only of it


@pytest.fixture(scope="module")
def law() -> Law:
    return load_law()


def night_of(folder: Path, strategy: Strategy) -> Night:
    """Open the night of the debt buyer of the story, and plan the day of the offer."""
    rows = by_table(rows_of(read(FOLDER / "buyer-settles.yaml")))
    book = books.loaded(books.tiny(folder / "book", rows, FORK), folder / "loaded")
    night = books.opened(book, strategy)
    night.positions(Moment(FORK), folder / "out")
    night.plan(Moment(FORK))
    return night


@pytest.fixture(scope="module")
def lawful_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    night = night_of(tmp_path_factory.mktemp("declared"), books.strategy())
    yield night
    night.engine.close()


def acts_of(night: Night) -> dict[str, list[str]]:
    return {row["act"]: row["reasons"] for row in night.engine.rows(night.engine.table("plan"))}


def test_a_buyers_offer_with_the_line_is_permitted(lawful_night: Night) -> None:
    assert acts_of(lawful_night)["settle"] == ["best_possible"]
    assert LATER not in lawful_night.lawful.refused


def test_a_buyers_offer_without_the_line_is_refused(tmp_path: Path) -> None:
    assert books.DEFAULT.read_text("utf-8").count(TEMPLATE) == 1
    night = night_of(tmp_path, books.edited(tmp_path, WORDLESS, (TEMPLATE, "content: [debt_details, payment_request]")))
    planned = acts_of(night)
    assert "settle" not in planned
    assert f"law:{LATER}" in planned["contact"]  # a letter takes its place, and says why
    assert night.lawful.refused == {LATER: 1}
    night.engine.close()


def test_where_nothing_is_declared_only_the_offer_is_known(tmp_path: Path) -> None:
    text = books.DEFAULT.read_text("utf-8")
    start, end = text.index("templates:\n"), text.index("# Lowest rung first.")
    night = night_of(tmp_path, books.edited(tmp_path, (text[start:end], "")))
    rows = night.engine.rows(lawful.dressed(night.engine.table("law_rows")))
    assert {(one["treatment_no"], tuple(one["content"])) for one in rows if one["content_stated"]} == {
        (place, ("settlement_offer",))
        for place, treatment in enumerate(night.strategy.treatments)
        if treatment.act == "settle"
    }
    assert {tuple(one["content"]) for one in rows if not one["content_stated"]} == {()}
    assert night.lawful.refused == {LATER: 1}
    night.engine.close()


def all_acts(night: Night) -> ir.Table:
    """Return the acts of the night with every column that the law may ask for."""
    tables = night.engine.table
    return lawful.dressed(lawful.acts(tables, tables("proposed"), lawful.VARIES))


def test_every_act_carries_what_its_template_declares(lawful_night: Night) -> None:
    rows = all_acts(lawful_night).to_pyarrow().to_pylist()
    assert len(rows) >= 4
    for row in rows:
        treatment = lawful_night.strategy.treatments[row["treatment_no"]]
        assert tuple(row["content"]) == lawful_night.strategy.content_of(treatment)
        assert row["content_stated"]


def test_the_columns_that_a_night_tells(lawful_night: Night) -> None:
    """What a template is judged without is what one borrower has otherwise than the next, and nothing more."""
    assert set(all_acts(lawful_night).columns) & set(ACT) == lawful.VARIES


def test_the_default_is_refused_nowhere(law: Law) -> None:
    assert judged(books.strategy(), law, date(2026, 11, 22)) == ()
    used = {use.template for use in uses(books.strategy())}
    assert {"reminder", "suit_notice", "sale_file"} <= used
    assert "reward_clean_record" not in used  # the law judges no reward


EVERY_PART = (
    "full_collector_line, short_collector_line, opt_out_line, says_balance_remains, validation_information, model_form,"
    " time_barred_disclosure, gives_own_name, names_employer"
)
EDITS: list[tuple[str, str, str, set[tuple[str, bool]]]] = [
    ("line", TEMPLATE, "content: [debt_details, payment_request]",
     {("us.regf.line.first", True), (LATER, False)}),
    ("opt-out", "content: [debt_details, full_collector_line, opt_out_line]",
     "content: [debt_details, full_collector_line]", {("us.regf.opt-out.line", True)}),
    ("part", TEMPLATE, "content: [partial_settlement_offer, full_collector_line]",
     {("gb.conc.settlement.balance", True)}),
    ("every part that any law asks for", TEMPLATE, f"content: [{EVERY_PART}]", set()),
    ("rest", TEMPLATE, "content: [partial_settlement_offer, says_balance_remains, full_collector_line]", set()),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), [one[1:] for one in EDITS], ids=[one[0] for one in EDITS])
def test_what_a_template_lacks(tmp_path: Path, law: Law, old: str, new: str, expected: set[tuple[str, bool]]) -> None:
    found = judged(books.edited(tmp_path, WORDLESS, (old, new)), law, date(2026, 11, 22))
    assert {(one.rule, one.always) for one in found} == expected
    assert all(one.gates for one in found)


WORLD = """\
- id: world-{number}
  rulebooks: [{books}]
  topic: templates
  says: A loan a month late, of whose borrower nothing else is known, and a message to him.
  collector: {{role: {role}}}
  borrower: {{country: {country}, region: {region}, zones: [{zone}], age: 40}}
  loans: [{{id: A, product: consumer_loan, opened_on: 2025-06-01, principal: 50000, currency: USD}}]
  tries:
    - {{at: 2026-11-19T13:00, act: contact, channel: {channel}, purpose: {purpose}, with: borrower, about: [A],
       content: [{content}], identified: true}}
"""
PLACES = {
    "us": ("US", "US-OH", "America/New_York", "us"),
    "us-ca": ("US", "US-CA", "America/Los_Angeles", "us, us-ca"),
    "gb": ("GB", "GB-ENG", "Europe/London", "gb"),
    "my": ("MY", "MY-14", "Asia/Kuala_Lumpur", "my"),
    "ph": ("PH", "PH-00", "Asia/Manila", "ph"),
}
WORDS = (
    "hides_caller_name, threat_of_arrest", "debt_details", "abuse, full_collector_line", "collection_fee_demanded",
    "partial_settlement_offer, full_collector_line", "threat_of_garnishment, threat_of_suit, full_collector_line",
)  # fmt: skip


def test_what_is_refused_always_is_refused_to_a_plain_borrower(tmp_path: Path, law: Law) -> None:
    """Each finding by itself, against the compiled rules on a world in which nothing has happened."""
    part = law.of(PLACES)
    found: list[tuple[Finding, str, str, str]] = []
    for words in WORDS:
        (tmp_path / words[:5]).mkdir()
        for finding in judged(
            books.edited(tmp_path / words[:5], WORDLESS, (TEMPLATE, f"content: [{words}]")), part, date(2026, 11, 19)
        ):
            if finding.always:
                found += [(finding, words, role, channel) for role in finding.roles for channel in finding.channels]
    assert len(found) >= 30
    worlds = []
    for number, (finding, words, role, channel) in enumerate(found):
        country, region, zone, names = PLACES[finding.rulebook]
        content = f"{words}, settlement_offer"
        worlds.append(WORLD.format(
            number=number, books=names, role=role, country=country, region=region, zone=zone, channel=channel,
            purpose=finding.purposes[0], content=content,
        ))  # fmt: skip
    path = tmp_path / "worlds.yaml"
    path.write_text("".join(worlds), encoding="utf-8")
    judgements = judge(read_cases(path, expects=False), law.of(PLACES, acts=["contact"]))
    for (finding, *_), judgement in zip(found, judgements, strict=True):
        assert finding.rule in {reason.rule.id for reason in judgement.reasons}, finding
