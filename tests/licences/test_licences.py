"""Who is licensed, by a made-up authority: standings by day, look-alikes by letter and by nearness, and whose it is."""

from datetime import date
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from duecourse.cli import app
from duecourse.kernel.errors import DueCourseError
from duecourse.licences.checking import Kind, Standing, belongs, check, skeleton
from duecourse.licences.register import COLUMNS, SYNTHETIC, Entry, imported, mapping_of, read, written
from duecourse.licences.telling import told, words_in

HERE: Final = Path(__file__).parents[2] / "examples" / "licences"
ON: Final = date(2026, 11, 23)
ENTRIES: Final = read([SYNTHETIC])


def test_the_example_is_imported_and_what_is_wrong_is_left_out_by_line(tmp_path: Path) -> None:
    found = imported(HERE / "authority.csv", mapping_of(HERE / "authority.toml"))
    assert [entry.licence for entry in found.entries] == ["SFA-0001", "SFA-0002", "SFA-0003"]
    assert [(left.line, left.why) for left in found.left_out] == [
        (5, "'Granted' is no day of the form %d/%m/%Y: soon"),
        (6, "licence SFA-0001 stands twice: the first row counts"),
        (7, "'Licence No' is empty"),
    ]
    written(found.entries, tmp_path / "register.csv")
    assert read([tmp_path / "register.csv"]) == found.entries == ENTRIES  # the one that the demonstration has


@pytest.mark.parametrize(
    ("text", "kind", "standing"),
    [
        ("Acme Loans", Kind.NAME, Standing.LICENSED),
        ("ACME LOANS, LTD.", Kind.NAME, Standing.LICENSED),
        ("Ａｃｍｅ Ｌｏａｎｓ", Kind.NAME, Standing.LICENSED),  # full-width letters are the same letters
        ("sfa 0001", Kind.LICENCE, Standing.LICENSED),
        ("+1 (800) 555-0100", Kind.PHONE, Standing.LICENSED),
        ("8005550100", Kind.PHONE, Standing.LICENSED),
        ("https://www.acme.example/loans?x=1", Kind.SITE, Standing.LICENSED),
        ("my.acme.example", Kind.SITE, Standing.LICENSED),
        ("Bluebird Credit", Kind.NAME, Standing.EXPIRED),
        ("Harbour Microfinance", Kind.NAME, Standing.NOT_YET),
        # look-alikes: Cyrillic е and о, a digit for a letter, rn for m, a letter off, the name in another's site
        ("Acmе Loans", Kind.NAME, Standing.LOOK_ALIKE),
        ("Acme L0ans", Kind.NAME, Standing.LOOK_ALIKE),
        ("Acrne Loans", Kind.NAME, Standing.LOOK_ALIKE),
        ("Acne Loans", Kind.NAME, Standing.LOOK_ALIKE),
        ("acmе.example", Kind.SITE, Standing.LOOK_ALIKE),
        ("xn--acm-8cd.example", Kind.SITE, Standing.LOOK_ALIKE),  # the same in the letters of the network
        ("acrne.example", Kind.SITE, Standing.LOOK_ALIKE),
        ("https://acme-loans.example.net/", Kind.SITE, Standing.LOOK_ALIKE),
        ("blue-bird.example", Kind.SITE, Standing.LOOK_ALIKE),
        ("Zenith Money", Kind.NAME, Standing.UNKNOWN),
        ("+1 800 555 0123", Kind.PHONE, Standing.UNKNOWN),
        ("zenith.example", Kind.SITE, Standing.UNKNOWN),
        ("", Kind.NAME, Standing.UNKNOWN),
    ],
)
def test_what_the_registers_say(text: str, kind: Kind, standing: Standing) -> None:
    found = check(text, ENTRIES, ON)
    assert (found.kind, found.standing) == (kind, standing)


@pytest.mark.parametrize(
    ("day", "standing"),
    [
        (date(2019, 6, 14), Standing.NOT_YET),
        (date(2019, 6, 15), Standing.LICENSED),
        (date(2025, 6, 14), Standing.LICENSED),
        (date(2025, 6, 15), Standing.EXPIRED),
    ],
)
def test_a_licence_holds_from_its_first_day_to_its_last(day: date, standing: Standing) -> None:
    assert check("Bluebird", ENTRIES, day).standing is standing


@pytest.mark.parametrize(
    ("text", "kind", "is_its", "of"),
    [
        ("800 555 0101", Kind.PHONE, True, "Acme Loans Ltd"),
        ("000-123-456", Kind.ACCOUNT, True, "Acme Loans Ltd"),
        ("1 main street springfield", Kind.ADDRESS, True, "Acme Loans Ltd"),
        ("pay.acme.example", Kind.SITE, True, "Acme Loans Ltd"),
        ("+1 800 555 0199", Kind.PHONE, False, "Bluebird Credit Inc"),
        ("000 987 654", Kind.ACCOUNT, False, "Bluebird Credit Inc"),
        ("+1 800 555 0123", Kind.PHONE, False, None),
        ("DE89 3704 0044 0532 0130 00", Kind.ACCOUNT, False, None),
        ("9 Nowhere Lane", Kind.ADDRESS, False, None),
        ("acme-pay.example.net", Kind.SITE, False, None),
    ],
)
def test_whose_it_is(text: str, kind: Kind, is_its: bool, of: str | None) -> None:
    found = belongs(text, ENTRIES[0], ENTRIES)
    assert (found.kind, found.is_its, found.of and found.of.name) == (kind, is_its, of)


@given(st.text(max_size=60))
def test_any_text_gets_an_answer_and_only_exact_ones_are_licensed(text: str) -> None:
    found = check(text, ENTRIES, ON)
    assert told(found, ENTRIES, "zh").answer
    belongs(text, ENTRIES[0], ENTRIES)
    if found.standing is Standing.LICENSED:
        assert skeleton(text) != ""


def test_the_commands_say_it_and_exit_by_it(tmp_path: Path) -> None:
    run = CliRunner().invoke
    register = str(tmp_path / "register.csv")
    made = run(
        app,
        ["lender-import", str(HERE / "authority.csv"), "--mapping", str(HERE / "authority.toml"), "--out", register],
    )
    assert made.exit_code == 0
    assert "3 licences; 3 rows left out" in made.output
    asked = ["lender-check", "--register", register, "--on", "2026-11-23"]
    good = run(app, [*asked, "Acme Loans", "--belongs", "800 555 0100"])
    assert good.exit_code == 0
    assert "Licensed." in good.output
    assert "Synthetic Financial Authority, examples/licences/authority.csv, as of 2026-11-01" in good.output
    assert run(app, [*asked, "Acme Loans", "--belongs", "800 555 0199"]).exit_code == 1
    assert run(app, [*asked, "Acne Loans"]).exit_code == 1
    assert "有牌照。" in run(app, [*asked, "Acme Loans", "--language", "zh"]).output


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('country = "US"', 'country = "us"', "mapping.toml: country: String should match"),
        ('name = "Firm"', 'nam = "Firm"', "columns.nam: name licence, name, from_on"),
        ('name = "Firm"', "", "name the authority's column for 'name'"),
        ('name = "Firm"', 'name = "Company"', "authority.csv:1: there is no column 'Company'"),
        ("[columns]", "[columns", "no TOML"),
        ('split = ";"', 'split = ";"\nencoding = "utf-99"', "no CSV in utf-99"),
    ],
)
def test_a_mapping_that_is_wrong_is_refused(tmp_path: Path, old: str, new: str, line: str) -> None:
    text = (HERE / "authority.toml").read_text(encoding="utf-8")
    (tmp_path / "mapping.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DueCourseError, match=line):
        _import(tmp_path / "mapping.toml")


def _import(mapping: Path) -> tuple[Entry, ...]:
    return imported(HERE / "authority.csv", mapping_of(mapping)).entries


def test_a_register_that_was_spoilt_is_refused_by_line(tmp_path: Path) -> None:
    lines = SYNTHETIC.read_text(encoding="utf-8").splitlines()
    (tmp_path / "spoilt.csv").write_text(
        "\n".join([lines[0], lines[1].replace("2021-03-01", "soon")]), encoding="utf-8"
    )
    with pytest.raises(DueCourseError, match=r"spoilt\.csv:2: .*import it anew"):
        read([tmp_path / "spoilt.csv"])
    assert lines[0].split(",") == list(COLUMNS)


def test_every_word_stands_in_both_languages() -> None:
    english, chinese = words_in("en"), words_in("zh")
    assert english.keys() == chinese.keys()
    assert all(english[name].keys() == chinese[name].keys() for name in ("standings", "advice", "belongs", "kinds"))
