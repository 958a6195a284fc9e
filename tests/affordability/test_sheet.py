"""The file and the command: the example by hand, each wrong line named, and the law's own cap."""

import json
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from duecourse.affordability.judging import Judgement, judge
from duecourse.affordability.sheet import read
from duecourse.affordability.telling import told, words_in
from duecourse.cli import app
from duecourse.kernel.errors import DueCourseError

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "can-i-repay-this.toml"


def test_the_example_is_as_worked_out_by_hand() -> None:
    sheet = read(EXAMPLE)
    found = judge(sheet.budget, sheet.proposal)
    # 4,200.00, and of 0, 0, 350, 600, 900, 1,200 the lower half: 350 / 3 = 116.66
    assert found.income == 431_666
    # 1,500.00 + 300.00 × 52 / 12 + 180.00
    assert found.spending == 298_000
    assert (found.repaying, found.left, found.due) == (31_000, 102_666, 110_000)
    # nine tenths of 4,316.66 are 3,884.99; 6 × (1,026.66 - 1,100.00) - 4,200.00 + 800.00
    assert (found.after, found.after_a_tenth_less, found.after_a_missed_month) == (-7_334, -50_501, -384_004)
    # four times the rate of 3.0 % that was published before 15 December 2025
    assert found.cap is not None
    assert (found.cap.ppm_year, found.cap.rule) == (120_000, "民间借贷规定 (2020) art 25")
    assert found.reasons == ("too_much", "over_cap")
    # (6 × 1,026.66 - 4,200.00 + 800.00) / 6
    assert found.most == 45_999


def test_the_command_says_it_in_both_languages_and_a_no_by_its_exit() -> None:
    for language, wanted in (("en", "No: do not sign it."), ("zh", "不可以：请不要签。")):
        done = CliRunner().invoke(app, ["afford", str(EXAMPLE), "--language", language])
        assert done.exit_code == 1
        assert done.output.startswith(wanted)
    done = CliRunner().invoke(app, ["afford", str(EXAMPLE), "--json"])
    assert json.loads(done.output)["verdict"] == "no"


def test_every_word_stands_in_both_languages() -> None:
    english, chinese = words_in("en"), words_in("zh-Hans")
    assert english.keys() == chinese.keys()
    assert all(english[name].keys() == chinese[name].keys() for name in ("verdicts", "reasons"))
    sheet = read(EXAMPLE)
    judged = judge(sheet.budget, sheet.proposal)
    assert len(told(judged, "zh", str).rows) == len(told(judged, "en", str).rows) == 15


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('currency = "CNY"', 'currency = "CNX"', "CNX is no currency of ISO 4217"),
        ('amount = "4200.00"', "amount = 4200.05", 'comes_in.0.amount: .*amounts are texts, as in "120.50"'),
        ('amount = "4200.00"', 'amount = "4200.001"', "4200.001 has more decimals than CNY"),
        ('of = "wages"', 'of = "wage"', "comes_in.0.of: Input should be 'wages'"),
        ('of = "wages"', 'of = "wages"\ncurrency = "USD"', "amounts in CNY and in USD"),
        ('received = "6000.00"', 'received = "6000.00"\ncurrency = "USD"', "the loan is in USD and the budget in CNY"),
        ('savings = "800.00"', 'saving = "800.00"', "saving: Extra inputs are not permitted"),
        ("[loan]", "[[loan]", "no TOML"),
        ('["900.00", "0", "350.00", "1200.00", "0", "600.00"]', '["900.00", "0"]', "an irregular income of 2 months"),
        ('country = "CN"', 'country = "XX"', "no rulebook is in force in XX"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, old: str, new: str, line: str) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "sheet.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DueCourseError, match=line):
        _judged(path)


def _judged(path: Path) -> Judgement:
    sheet = read(path)
    return judge(sheet.budget, sheet.proposal)


def test_where_the_law_gives_no_answer_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sheet.toml"
    path.write_text(
        EXAMPLE.read_text(encoding="utf-8").replace("2025-12-15", "2031-01-15").replace("2026-", "2032-"),
        encoding="utf-8",
    )
    assert read(path).proposal.cap is None


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DueCourseError, match=r"none\.toml: cannot be read"):
        read(tmp_path / "none.toml")
