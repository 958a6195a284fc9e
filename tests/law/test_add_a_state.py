"""The guide `add a state`: its files make a rulebook that judges its own cases, and prints what the page says."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from duecourse import terminal_law
from duecourse.kernel.errors import DueCourseError
from duecourse.law.casefile import Case, read_cases
from duecourse.law.rulebook import BOOKS, COMMON, Law, load
from duecourse.law.scoring import Score, Scored, scored

PAGE = (Path(__file__).parents[2] / "docs/how-to/add-a-state.md").read_text(encoding="utf-8")
STATE = "us-xf"
RULE = f"{STATE}.code14.two-a-week"
FILES = dict(re.findall(rf"^`{STATE}/([\w.-]+)`\n\n```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def shown(command: str) -> str:
    """Return what the page prints below a command."""
    found = re.search(rf"^```\nduecourse {re.escape(command)}\n```\n\n```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"the page does not run {command}"
    return found[1]


def printed(capsys: pytest.CaptureFixture[str], root: Path) -> str:
    """Return what was printed, with files named as the page names them."""
    text = capsys.readouterr().out.replace(f"{root}/", "")
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of rulebooks: the federal one, the common facts, and the files of the page."""
    folder = tmp_path_factory.mktemp("books")
    for name in ("us", COMMON):
        if (BOOKS / name).exists():
            shutil.copytree(BOOKS / name, folder / name)
    (folder / STATE).mkdir()
    for name, text in FILES.items():
        (folder / STATE / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def law(root: Path) -> Law:
    """Read the rulebooks."""
    return load(root=root)


def cases(law: Law, root: Path) -> list[Case]:
    """Read the cases of the page."""
    topics = {rule.record.topic for rule in law.rules}
    return list(read_cases(root / STATE / f"{STATE}.cases.yaml", topics=topics))


@pytest.fixture(scope="module")
def found(law: Law, root: Path) -> list[Scored]:
    """Judge the cases of the page."""
    return scored(cases(law, root), law)


def test_the_page_shows_every_file_of_a_rulebook() -> None:
    assert set(FILES) == {"book.yaml", "sources.yaml", "rules.yaml", f"{STATE}.cases.yaml", "COVERAGE.yaml"}


def test_the_cases_of_the_page_are_right(found: list[Scored], capsys: pytest.CaptureFixture[str], root: Path) -> None:
    assert {one.score for one in found} == {Score.RIGHT}
    refused = {one.judged.tried.trial.rule for one in found if one.judged.tried.trial.rule}
    assert refused == {"time-of-day", "state-contact-cap"}
    terminal_law.show_scores(found)
    assert printed(capsys, root) == shown(f"judge src/duecourse/law/books/{STATE}/{STATE}.cases.yaml")


def test_the_rule_is_printed_as_the_page_shows(
    law: Law, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal_law, "BOOKS", root, raising=False)
    terminal_law.show_rule(law, [rule for rule in law.rules if rule.id == RULE])
    assert printed(capsys, root) == shown(f"law show {RULE}")
    terminal_law.show_coverage(law, (STATE,))
    assert printed(capsys, root) == shown(f"law coverage --jurisdiction {STATE}")


def damaged(root: Path, old: str, new: str, folder: Path) -> Law:
    """Read the rulebooks with one word of the rules changed."""
    shutil.copytree(root, folder)
    rules = folder / STATE / "rules.yaml"
    text = rules.read_text(encoding="utf-8")
    assert old in text
    rules.write_text(text.replace(old, new), encoding="utf-8")
    return load(root=folder)


def test_a_wrong_number_is_found_by_the_cases(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    law = damaged(root, "xf_contacts_last_7_days < 2", "xf_contacts_last_7_days < 3", tmp_path / "books")
    alone = [replace(case, rulebooks=(STATE,)) for case in cases(law, tmp_path / "books")]
    terminal_law.show_scores(scored(alone, law))
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("wrong: ")]
    assert len(told) == 2
    assert "\n".join(told) in PAGE


def test_a_misspelt_fact_is_refused_with_its_line(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DueCourseError) as error:
        damaged(root, "permit: xf_contacts_last", "permit: xf_contact_last", tmp_path / "books")
    told = str(error.value).replace(f"{tmp_path / 'books'}/", "")
    assert f"error: {told}\n" in PAGE
