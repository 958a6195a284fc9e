"""The report: whole, self-contained, in two languages, safe against hostile data."""

import re
import string
from dataclasses import replace
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from duecourse.book.schema import CHANNELS, HOLD_KINDS, OUTCOMES
from duecourse.day.grievances import KINDS as GRIEVANCES
from duecourse.day.grievances import OUTCOMES as FINDINGS
from duecourse.day.requests import KINDS as REQUESTS
from duecourse.desk.figures import BY
from duecourse.kernel.components import COMPONENTS, LINES
from duecourse.kernel.errors import DueCourseError
from duecourse.law.duties import open_duties
from duecourse.law.judge import gates
from duecourse.law.rulebook import load
from duecourse.ledger import statement
from duecourse.night.measures import ABSENT, CLOSED, NOT_OVERDUE, STATES, CurvePoint, Rate
from duecourse.night.report import About, ReportData, show, view, write_report
from duecourse.night.report import data as records
from duecourse.night.report.page import render
from duecourse.night.report.words import LANGUAGES, load_words
from duecourse.portal.ahead import ACTS as AHEAD
from duecourse.store.models import Outgoing
from duecourse.store.roles import Role, What
from duecourse.strategy.models import Bucket

ON = date(2026, 6, 30)
BUCKETS = (Bucket("1-29", 1, 29), Bucket("30-59", 30, 59), Bucket("60-89", 60, 89), Bucket("90+", 90, None))
LADDER = ("reminder", "persistent", "visit")
AMOUNTS = [f"{component}_{when}" for component in COMPONENTS for when in ("overdue", "due_today", "not_due")]
RTL = "\N{RIGHT-TO-LEFT OVERRIDE}"
SPITE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}{0}" + RTL

ABOUT = About(
    book="Small lender",
    zone="Europe/Berlin",
    on=ON,
    known_at=datetime(2026, 6, 30, 22, 0, 0),  # noqa: DTZ001 - naive UTC, as everywhere
    engine="DuckDB 2.0.0",
    version="0.1.0",
    strategy="default",
    strategy_hash="a" * 64,
    plan_hash="b" * 64,
    payments_complete_through=ON - timedelta(days=1),
    payments_fresh_days=3,
    payments_stale=False,
    clean_days=30,
)
DATA = ReportData(
    about=ABOUT,
    loans=1_234,
    borrowers=1_100,
    buckets=[bucket.name for bucket in BUCKETS],
    ageing=[
        records.Ageing(NOT_OVERDUE, "USD", 1_000, 900, 0, 90_000_000),
        records.Ageing("1-29", "USD", 100, 95, 1_234_567, 8_000_000),
        records.Ageing("1-29", "JPY", 30, 29, 765_432, 5_000_000),
        records.Ageing("90+", "USD", 4, 4, 400_000, 400_000),
        records.Ageing(CLOSED, "USD", 100, 90, 0, 0),
    ],
    at_risk=[
        records.AtRisk(30, "USD", 4, 1_104, 390_000, 88_000_000),
        records.AtRisk(90, "USD", 4, 1_104, 390_000, 88_000_000),
    ],
    stages=[
        records.Stage("reminder", 90, 2),
        records.Stage("persistent", 33, 0),
        records.Stage("visit", 0, 0),
    ],
    then=ON - timedelta(days=30),
    rolls=[
        records.Roll("USD", NOT_OVERDUE, NOT_OVERDUE, 950, 88_000_000, 0, 1_000, 90_000_000),
        records.Roll("USD", NOT_OVERDUE, "1-29", 50, 2_000_000, 0, 1_000, 90_000_000),
        records.Roll("USD", "1-29", "30-59", 12, 90_000, 40_000, 148, 700_000),
        records.Roll("USD", "1-29", CLOSED, 136, 610_000, 99_000, 148, 700_000),
        records.Roll("USD", CLOSED, CLOSED, 100, 0, 0, 100, 0),
        records.Roll("USD", ABSENT, NOT_OVERDUE, 20, 0, 0, 20, 0),
    ],
    flows=[records.Flow(bucket.name, 10, 7, 5, 12) for bucket in BUCKETS],
    outcomes=records.Outcomes(open=134, cured=70, relapsed=30, pending=11),
    curve=[CurvePoint(2, 5, 2, 0, 600_000), CurvePoint(40, 3, 1, 2, 400_000)],
    volumes=[
        records.Volume("contact", "sms", "early", False, 88, 80),
        records.Volume("contact", "letter", None, True, 6, 6),
    ],
    demands=[
        records.Demand("sms", "USD", 88, 1_000_000, 7_000_000),
        records.Demand("sms", "JPY", 3, 765_432, 900_000),
    ],
    untouched=17,
    reasons=[records.Reason("hold:dispute", 9), records.Reason("gap", 8)],
    arms=[records.Arm("champion", 900_000, 99), records.Arm(None, 100_000, 11)],
    tables=[
        records.TableRows("loans", 1_240, 1_234, 1, 5, "out/quarantine/loans.csv"),
        records.TableRows("payments", 9_000, 9_000, 0, 0),
    ],
    warnings=[records.WarningRow("payments", "paid_before_opened", 3, "payment P7 of loan L9")],
    files=[records.SourceFile("in/loans.csv", 123_456, 1_240)],
)


class Page(HTMLParser):
    """Reads a page: its tags, its text and where that stands, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        """Read the page."""
        super().__init__()
        self.placed: list[tuple[str, tuple[str, ...]]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        self.placed.append((data, tuple(self.open)))

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.fixture(scope="module", params=LANGUAGES)
def page(request: pytest.FixtureRequest) -> Page:
    return Page(render(DATA, request.param))


def test_every_tag_is_closed_and_every_id_is_there_once(page: Page) -> None:
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links
    assert {link[1:] for link in links if link} <= set(ids)


def test_the_page_asks_the_network_for_nothing_and_runs_nothing(page: Page) -> None:
    tags = {tag for tag, _ in page.tags}
    assert not tags & {
        "script",
        "link",
        "iframe",
        "img",
        "object",
        "embed",
        "base",
        "form",
        "image",
        "use",
        "foreignobject",
    }
    for tag, attrs in page.tags:
        assert not [key for key in attrs if key.startswith("on")], tag
        for key in ("src", "href", "xlink:href", "data", "action"):
            assert (attrs.get(key) or "#").startswith("#")
    policy = [attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert "url(" not in files("duecourse.night.report").joinpath("templates/style.css").read_text("utf-8")


def test_tables_have_headers_and_the_language_is_named(page: Page) -> None:
    assert next(attrs["lang"] for tag, attrs in page.tags if tag == "html") in {"en-GB", "zh-Hans"}
    assert all(attrs.get("scope") for tag, attrs in page.tags if tag == "th")
    assert all(attrs.get("aria-label") for _, attrs in page.tags if attrs.get("role") in {"img", "region"})


def test_the_figures_given_are_the_figures_shown(page: Page) -> None:
    for shown in (
        "1,234",
        "12,345.67 USD",  # minor units of a currency with two digits
        "765,432 JPY",  # and of one with none
        "10.9%",  # 134 of 1,234 loans overdue: 10.859 %
        "0.4%",  # PAR30: 3,900.00 of 880,000.00: 0.443 %
        "70.0%",  # cured: 70 of 100
        "8.1%",  # rolled from 1-29 to 30-59: 12 of 148
        "hold:dispute",  # a code without a word is shown as it is
        "out/quarantine/loans.csv",
        "in/loans.csv",
        "payment P7 of loan L9",
        "paid_before_opened",  # likewise
        "aaaaaaaaaaaa",
        "2026-06-30 22:00:00 UTC",
    ):
        assert shown in page.text.replace(show.NO_BREAK, " "), shown
    title = next(attrs["title"] for tag, attrs in page.tags if tag == "td" and "12" in (attrs.get("title") or "")) or ""
    assert "148" in title
    assert "900.00" in title
    assert "7,000.00" in title


def test_stale_payments_put_up_a_banner_and_fresh_ones_do_not() -> None:
    stale = replace(ABOUT, payments_stale=True, payments_complete_through=ON - timedelta(days=9))
    text = Page(render(replace(DATA, about=stale))).text
    assert "No money is demanded tonight." in text
    assert "complete only through 21 June 2026. That is 9 days before the business date; the strategy allows 3." in text
    unknown = replace(stale, payments_complete_through=None)
    assert "does not say through when" in Page(render(replace(DATA, about=unknown))).text
    assert "No money is demanded" not in Page(render(DATA)).text
    assert "今晚不催收任何款项" in Page(render(replace(DATA, about=stale), "zh")).text


def hostile() -> ReportData:
    """Every text of the data replaced by one that tries to leave its place."""

    def spoil(value: Any) -> Any:
        if isinstance(value, str):
            return value if value in {*STATES, "USD", "JPY"} else SPITE
        if isinstance(value, list):
            return [spoil(item) for item in value]
        if hasattr(value, "__dataclass_fields__"):
            return replace(value, **{key: spoil(getattr(value, key)) for key in value.__dataclass_fields__})
        return value

    spoilt: ReportData = spoil(DATA)
    return spoilt


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_stay_text(language: str) -> None:
    text = render(hostile(), language)
    spoilt, clean = Page(text), Page(render(DATA, language))
    assert {tag for tag, _ in spoilt.tags} <= {tag for tag, _ in clean.tags}
    assert {key for _, attrs in spoilt.tags for key in attrs} <= {key for _, attrs in clean.tags for key in attrs}
    assert "<script" not in text
    assert "<img" not in text
    assert SPITE in "".join(spoilt.words)
    assert "{{7*7}}" in spoilt.text  # the template language inside a name is not run


def test_only_our_style_and_a_picture_of_numbers_go_in_unescaped() -> None:
    folder = files("duecourse.night.report").joinpath("templates")
    templates = [path.read_text("utf-8") for path in folder.iterdir() if path.name.endswith(".j2")]
    passed = [found for text in templates for found in re.findall(r"\{\{ ([^}]*?) \| safe \}\}", text)]
    assert sorted(passed) == ["style", "svg"]
    assert sum(text.count("| safe") for text in templates) == 2
    modules = [path for path in files("duecourse.night.report").iterdir() if path.name.endswith(".py")]
    assert not [path.name for path in modules if "Markup" in path.read_text("utf-8")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_stand_apart_from_the_text_direction_around_them(language: str) -> None:
    page = Page(render(hostile(), language))
    turned = [inside for text, inside in page.placed if RTL in text]
    assert len(turned) > 20
    assert all({"bdi", "title"} & set(inside) for inside in turned)


def test_a_night_with_nothing_in_it_still_gives_a_page() -> None:
    empty = ReportData(
        about=replace(ABOUT, known_at=None, payments_complete_through=None),
        loans=0,
        borrowers=0,
        buckets=[],
        ageing=[],
        at_risk=[],
        stages=[],
        then=DATA.then,
        rolls=[],
        flows=[],
        outcomes=records.Outcomes(),
        curve=[],
        volumes=[],
        demands=[],
        untouched=0,
        reasons=[],
        arms=[],
        tables=[],
    )
    for language in LANGUAGES:
        assert Page(render(empty, language)).open == []


def test_the_same_data_gives_the_same_bytes(tmp_path: Path) -> None:
    write_report(tmp_path / "a.html", DATA, "en")
    write_report(tmp_path / "b.html", DATA, "en")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_a_file_name_that_is_not_text_does_not_stop_the_report(tmp_path: Path) -> None:
    odd = b"loans-\xff.csv".decode("utf-8", "surrogateescape")
    write_report(tmp_path / "r.html", replace(DATA, files=[records.SourceFile(odd, 1, 2)]), "en")
    assert "loans-\\udcff.csv" in (tmp_path / "r.html").read_text("utf-8")


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DueCourseError, match=r"could not be written to .*missing.*; choose another folder"):
        write_report(tmp_path / "missing" / "r.html", DATA, "en")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="no words for the language 'de': choose one of en, zh"):
        load_words("de")


# The words.


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_places() -> None:
    english, chinese = (load_words(language).texts for language in LANGUAGES)
    assert set(english) == set(chinese)
    assert {key: places(text) for key, text in english.items() if key != "day"} == {
        key: places(text) for key, text in chinese.items() if key != "day"
    }
    assert all(text.strip() for text in (*english.values(), *chinese.values()))


DESK = (
    "component.",
    "hold.",
    "happened.",
    "relation.",
    "way.",
    "role.",
    "direction.",
    "outcome.",
    "grievance.",
    "gate.",
    "ahead.",
    "plain_component.",
    "line.",
    "ledger_line.",
    "data_request.",
    "finding.",
    "board.",
    "message.",
    "approval.",
)  # which the report does not use
FAMILIES = ("month.", "state.", "act.", "channel.", "stage.", "reason.", "warning.", "duty.", *DESK)


def test_every_word_is_used_and_every_word_used_is_there() -> None:
    folder = files("duecourse.night.report")
    source = "\n".join(
        path.read_text("utf-8")
        for path in [*folder.joinpath("templates").iterdir(), *folder.iterdir()]
        if path.name.endswith((".j2", ".py"))
    )
    used = (
        set(re.findall(r"""\bt\(["']([a-z_.]+)["']""", source))
        | set(re.findall(r'"(cures\.[a-z]+)"', source))
        | {"day"}
    )
    used |= {
        f"{section}.title" for section in ("ageing", "ladder", "rolls", "flows", "cures", "plan", "reasons", "law")
    }
    used |= {"duties.title", "arms.title", "input.title"}
    keys = {key for key in load_words("en").texts if not key.startswith(FAMILIES)}
    assert keys == used


def test_the_words_for_codes_are_those_of_the_schema() -> None:
    keys = load_words("en").texts

    def family(name: str) -> set[str]:
        return {key.partition(".")[2] for key in keys if key.startswith(f"{name}.")}

    assert family("channel") == set(CHANNELS)
    assert family("state") == set(STATES)
    assert family("act") == {"contact", "furnish", "list", "place", "sue", "settle", "sell", "reward", "none"}
    strategy = yaml.safe_load(files("duecourse.strategy").joinpath("default.yaml").read_text("utf-8"))
    assert family("stage") == {rung["stage"] for rung in strategy["ladder"]}
    assert {code for code in family("reason") if code.startswith("hold_")} == {f"hold_{kind}" for kind in HOLD_KINDS}
    quiet = {f"quiet_{one['because']}" for one in strategy["quiet"]}
    back = {f"stepped_back_{one['because']}" for one in strategy["step_back"]}
    assert {code for code in family("reason") if code.startswith(("quiet_", "stepped_back_"))} == quiet | back
    due = {rule.record.answers for rule in open_duties(load()).rules if gates(rule) and rule.record.applies != "false"}
    assert family("duty") == due
    assert family("month") == {str(number) for number in range(1, 13)}
    assert family("component") == set(COMPONENTS)
    assert family("hold") == set(HOLD_KINDS)
    assert family("outcome") == {*OUTCOMES, "cancelled"}
    assert family("grievance") == {kind for kinds in GRIEVANCES.values() for kind in kinds}
    assert family("role") == {str(role) for role in Role}
    assert family("plain_component") == set(COMPONENTS)
    assert family("ledger_line") == set(LINES)
    assert family("line") == set(statement.WHAT.values())
    assert family("ahead") == {*AHEAD, "list", "agency", "suit", "sale"}
    assert family("data_request") == set(REQUESTS)
    assert family("board") == set(BY)
    assert family("message") == {str(state) for state in Outgoing.State}
    assert family("approval") == {str(What.WAIVE), str(What.SETTLE)}
    assert family("finding") == {outcome for outcomes in FINDINGS.values() for outcome in outcomes}
    day = source_of("duecourse.day")
    assert all(f'"{code}"' in day for code in family("gate") - {"no_rulebook"})


def source_of(package: str) -> str:
    return "".join(path.read_text("utf-8") for path in files(package).iterdir() if path.name.endswith(".py"))


def test_there_are_no_words_for_codes_that_nothing_gives() -> None:
    night, book = source_of("duecourse.night") + source_of("duecourse.strategy"), source_of("duecourse.book")
    keys = {key for key in load_words("en").texts if key.startswith(("reason.", "warning."))}
    composed = ("reason.hold_", "reason.quiet_", "reason.stepped_back_", "reason.law_")
    for key in sorted(key for key in keys if not key.startswith(composed)):
        code = key.partition(".")[2]
        assert f'"{code}"' in (night if key.startswith("reason.") else book), key


# Numbers as text.


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [
        (0, "USD", "0.00 USD"),
        (5, "USD", "0.05 USD"),
        (-5, "USD", "\N{MINUS SIGN}0.05 USD"),
        (123_456_789, "CNY", "1,234,567.89 CNY"),
        (1_234, "JPY", "1,234 JPY"),
        (1_234, "BHD", "1.234 BHD"),
    ],
)
def test_money_has_the_digits_of_its_currency(minor: int, currency: str, expected: str) -> None:
    assert show.money(minor, currency).replace(show.NO_BREAK, " ") == expected


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (0, 0, "\N{EN DASH}"),
        (0, 9, "0.0%"),
        (1, 9_999, "<0.1%"),
        (1, 2_000, "0.1%"),  # 0.05 rounds half up
        (1, 8, "12.5%"),
        (9_994, 10_000, "99.9%"),
        (9_995, 10_000, ">99.9%"),
        (9, 9, "100.0%"),
    ],
)
def test_a_share_is_never_shown_as_nothing_or_all_when_it_is_not(
    numerator: int, denominator: int, expected: str
) -> None:
    assert show.rate(Rate(numerator, denominator)) == expected


def test_days_in_words() -> None:
    assert show.day(date(2007, 3, 1), load_words("en")) == "1 March 2007"
    assert show.day(date(2007, 3, 1), load_words("zh")) == "2007年3月1日"


# The view.


def test_the_matrix_has_the_rows_that_say_something() -> None:
    columns, rows = view.matrix(DATA)
    assert columns == [NOT_OVERDUE, "1-29", "30-59", "60-89", "90+", CLOSED]
    assert [row.then for row in rows] == [NOT_OVERDUE, "1-29", ABSENT]  # every closed loan stayed closed
    assert [(cell.share, cell.tone) for cell in rows[1].cells] == [
        (Rate(0, 148), "better"),
        (Rate(0, 148), "same"),
        (Rate(12, 148), "worse"),
        (Rate(0, 148), "worse"),
        (Rate(0, 148), "worse"),
        (Rate(136, 148), "better"),
    ]
    assert {cell.tone for cell in rows[2].cells} == {""}


def test_milestones_stop_when_no_spell_is_left() -> None:
    # Two of five ended after 2 days, one after 40; the last two were still open, seen for 40 days.
    assert [(m.days, m.at_risk, m.ended, m.ended_ppm) for m in view.milestones(DATA.curve)] == [
        (1, 5, 0, 0),
        (3, 3, 2, 400_000),
        (7, 3, 2, 400_000),
        (14, 3, 2, 400_000),
        (30, 3, 2, 400_000),
        (60, 0, 3, 600_000),
    ]
