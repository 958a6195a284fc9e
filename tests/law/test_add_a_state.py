"""The guide `add a state`: its files make a rulebook, and its commands print what the page shows."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Commands, Result

PAGE = (Path(__file__).parents[2] / "docs/how-to/add-a-state.md").read_text(encoding="utf-8")
STATE = "us-xf"
FILES = dict(re.findall(rf"^`{STATE}/([\w.-]+)`\n\n```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"^```\nduecourse ([^\n]+)\n```\n\n```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
JUDGE = f"judge --books my-books my-books/{STATE}/{STATE}.cases.yaml"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for compiled programs."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def rules(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the files of the page into a folder of rulebooks, and go there; return the file of rules."""
    folder = tmp_path / "my-books" / STATE
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUECOURSE_CACHE", str(kept))
    return folder / "rules.yaml"


@pytest.fixture
def duecourse(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Commands:
    """Return what runs a command in this process."""
    return Commands(capsys, tmp_path)


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def with_fault(duecourse: Commands, rules: Path, old: str, new: str) -> Result:
    """Judge the cases with one word of the rules changed, without the federal rules: these are compiled once only."""
    cases = rules.with_name(f"{STATE}.cases.yaml")
    cases.write_text(cases.read_text(encoding="utf-8").replace(f"[us, {STATE}]", f"[{STATE}]"), encoding="utf-8")
    text = rules.read_text(encoding="utf-8")
    assert old in text
    rules.write_text(text.replace(old, new), encoding="utf-8")
    return duecourse(*JUDGE.split())


def test_the_page_shows_every_file_of_a_rulebook() -> None:
    assert set(FILES) == {"book.yaml", "sources.yaml", "rules.yaml", f"{STATE}.cases.yaml", "COVERAGE.yaml"}
    assert JUDGE in [command for command, _ in COMMANDS]


@pytest.mark.usefixtures("rules")
@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=[command[:12] for command, _ in COMMANDS])
def test_what_the_page_shows_is_what_is_printed(duecourse: Commands, command: str, shown: str) -> None:
    found = duecourse(*command.split())
    assert (found.code, found.err) == (0, "")
    assert lines(found.out) == lines(shown)


def test_a_wrong_number_is_found_by_the_cases(duecourse: Commands, rules: Path) -> None:
    found = with_fault(duecourse, rules, "xf_contacts_last_7_days < 2", "xf_contacts_last_7_days < 3")
    told = [line for line in lines(found.out) if line.startswith("wrong: ")]
    assert (found.code, len(told)) == (1, 2)
    assert "\n".join(told) in PAGE


def test_a_misspelt_fact_is_refused_with_its_line(duecourse: Commands, rules: Path) -> None:
    found = with_fault(duecourse, rules, "permit: xf_contacts_last", "permit: xf_contact_last")
    assert found.code == 2
    assert found.err in PAGE
