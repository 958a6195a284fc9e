"""`duecourse strategy check`: what a compliance officer types before a template is used."""

from pathlib import Path

from tests.cli.conftest import ROOT, Commands, assert_one_line
from tests.strategy.declared import without_words

OFFER = "content: [debt_details, payment_request, full_collector_line]"
DAY = ("--on", "2026-11-22")


def edited(folder: Path, old: str, new: str) -> Path:
    text = without_words()
    assert old in text
    path = folder / "mine.yaml"
    path.write_text(text.replace(old, new), "utf-8")
    return path


def test_the_default_is_refused_nowhere(duecourse: Commands) -> None:
    found = duecourse("strategy", "check", *DAY)
    assert (found.code, found.err, found.out) == (
        0,
        "",
        "default: 20 templates, none is refused whoever the borrower is\n",
    )


def test_a_template_that_a_rule_refuses(duecourse: Commands, tmp_path: Path) -> None:
    path = edited(tmp_path, OFFER, "content: [debt_details, payment_request]")
    found = duecourse("strategy", "check", path, *DAY)
    assert (found.code, found.err) == (1, "")
    lines = found.out.splitlines()
    assert lines[0] == "Refused, whoever the borrower is"
    assert lines[1].split()[:4] == ["template", "as", "by", "rulebook"]
    assert lines[2].split()[:6] == ["settlement_offer", "letter", "debt", "buyer", "us", "us.regf.line.first"]
    assert "Refused for some borrowers" in lines
    assert lines[-1] == "default: 19 templates, 1 is refused whoever the borrower is"


def test_as_json(duecourse: Commands, tmp_path: Path) -> None:
    spare = "templates:\n  spare:\n    says: Not used.\n    content: []\n"
    path = edited(tmp_path, OFFER, "content: [debt_details, payment_request]")
    path.write_text(path.read_text("utf-8").replace("templates:\n", spare, 1), "utf-8")
    found = duecourse("strategy", "check", path, "--json", *DAY)
    assert (found.code, found.err) == (1, "")
    told = found.json
    assert (told["strategy"], told["templates"]) == ("default", 20)
    assert len(told["warnings"]) == 1
    assert told["warnings"][0].endswith("no treatment uses template 'spare'; use it or take it out")
    first = told["findings"][0]
    assert (first["template"], first["rulebook"], first["rule"]) == ("settlement_offer", "us", "us.regf.line.first")
    assert (first["channels"], first["roles"], first["always"]) == (["letter"], ["debt_buyer"], True)
    assert first["citation"] == "12 CFR 1006.18(e)(1)"


def test_a_warning_is_a_line_on_stderr(duecourse: Commands, tmp_path: Path) -> None:
    path = edited(tmp_path, "templates:\n", "templates:\n  spare:\n    says: Not used.\n    content: []\n")
    found = duecourse("strategy", "check", path, *DAY)
    assert found.code == 0
    assert found.err.startswith(f"warning: {path}:")
    assert found.err.count("\n") == 1


def test_without_templates_nothing_is_judged(duecourse: Commands, tmp_path: Path) -> None:
    text = without_words()
    start, end = text.index("templates:\n"), text.index("# Lowest rung first.")
    found = duecourse("strategy", "check", edited(tmp_path, text[start:end], ""), *DAY)
    assert (found.code, found.err, found.out) == (0, "", "default: declares no templates\n")


def test_the_example_is_for_a_lenders_own_debts(duecourse: Commands) -> None:
    example = ROOT / "examples" / "strategy.yaml"
    found = duecourse("strategy", "check", example, "--role", "original_creditor", *DAY)
    assert (found.code, found.err) == (0, "")
    assert found.out == "small_lender: 9 templates, none is refused whoever the borrower is\n"
    found = duecourse("strategy", "check", example, "--role", "debt_buyer", *DAY)
    assert (found.code, found.err) == (1, "")
    assert found.out.endswith("small_lender: 9 templates, 8 are refused whoever the borrower is\n")


def test_a_house_rule_is_asked_too(duecourse: Commands, tmp_path: Path) -> None:
    house = tmp_path / "house.yaml"
    house.write_text(
        """\
sources:
- {id: our-rules, title: Our rules, publisher: Us, link: "https://example.org/rules", citation: Our rules}
rules:
- id: house.plan.in-every-letter
  kind: wording
  topic: content
  step: content
  cite: {source: our-rules, pin: "3"}
  says: Every letter offers a plan.
  force: house
  checked: {how: text, on: 2026-11-21}
  from: 2026-01-01
  acts: [contact]
  applies: channel = 'letter'
  permit: has(content, 'offers_affordable_plan')
""",
        encoding="utf-8",
    )
    found = duecourse("strategy", "check", "--house", house, "--json", *DAY)
    assert found.code == 1
    assert [(one["template"], one["rule"]) for one in found.json["findings"]] == [
        ("settlement_offer", "house.plan.in-every-letter")
    ]


def test_a_file_that_does_not_load(duecourse: Commands, tmp_path: Path) -> None:
    path = edited(tmp_path, OFFER, "content: [dept_details]")
    assert_one_line(duecourse("strategy", "check", path), "mine.yaml:", "did you mean 'debt_details'?")
    assert_one_line(
        duecourse("strategy", "check", "--role", "bank"), "no role 'bank'; known: debt_buyer, original_creditor"
    )
    assert_one_line(duecourse("strategy", "check", "--on", "tomorrow"), "is not a date, write it as YYYY-MM-DD")
