"""The commands about the law: judge, and `law list | show | coverage | check | diff`."""

import json
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from duecourse.cli_days import day
from duecourse.cli_options import Json
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from duecourse.law.rulebook import Law

law_app = typer.Typer(help="The law as data: rules, citations, cases, coverage.", no_args_is_help=True)

Jurisdiction = Annotated[str | None, typer.Option(help="A rulebook, such as us, us-ma or cn.")]
Books = Annotated[Path | None, typer.Option("--books", help="Folder of more rulebooks, read beside the package's own.")]
HOUSE_FILE: Final = "House rulebook (YAML with facts and rules)."


Day = Annotated[date | None, typer.Option(parser=day, metavar="DATE", help="A day, YYYY-MM-DD.")]


def _law(books: Path | None) -> "Law":
    from duecourse.law.kept import law_of, users_folder
    from duecourse.law.rulebook import load

    return load(beside=books) if books else law_of((), users_folder())


def _known(law: "Law", jurisdiction: str | None) -> tuple[str, ...]:
    from duecourse.law.document import nearest

    if jurisdiction is None:
        return tuple(law.books)
    if jurisdiction not in law.books:
        raise DueCourseError(f"no rulebook '{jurisdiction}'{nearest(jurisdiction, law.books)}")
    return (jurisdiction,)


def judge(
    files: Annotated[list[Path] | None, typer.Argument(help="Files of worked cases.")] = None,
    what_if: Annotated[Path | None, typer.Option(help="One world in the same format, `expect` left out.")] = None,
    books: Books = None,
    house: Annotated[Path | None, typer.Option(help="House rulebook (YAML), for a what-if.")] = None,
    json_: Json = False,
) -> None:
    """Judge worked cases, or one what-if: the verdict, its reasons and their citations."""
    from duecourse import terminal_law

    if (what_if is None) == (not files):
        raise typer.BadParameter("name files of cases, or one world with --what-if")
    if what_if is not None:
        _what_if(what_if, books, house, json_=json_)
        return
    if house is not None:
        raise typer.BadParameter("a case names its rulebooks itself: --house goes with --what-if")
    from duecourse.law.casefile import read_cases
    from duecourse.law.kept import users_folder
    from duecourse.law.scoring import scored

    law = _law(books)
    cases = [case for path in files or () for case in read_cases(path, topics=None)]
    found = scored(cases, law, users_folder())
    if json_:
        typer.echo(json.dumps(terminal_law.score_sheet(found)))
    else:
        terminal_law.show_scores(found)
    if any(one.counts and one.score == "wrong" for one in found):
        raise typer.Exit(1)


def _what_if(path: Path, books: Path | None, house: Path | None, *, json_: bool) -> None:
    from duecourse import terminal_law
    from duecourse.law.casefile import read_cases
    from duecourse.law.house import with_house
    from duecourse.law.kept import users_folder
    from duecourse.law.what_if import answers

    cases = read_cases(path, expects=False)
    if house is None:
        told = answers(cases, _law(books) if books else None, users_folder())
    else:
        of_house = tuple(replace(case, rulebooks=(*case.rulebooks, "house")) for case in cases)
        told = answers(of_house, with_house(house, beside=books))
    if json_:
        typer.echo(json.dumps([asdict(one) for one in told], default=str))
    else:
        terminal_law.show_answers(told)


@law_app.command("list")
def list_rules(jurisdiction: Jurisdiction = None, on: Day = None, books: Books = None) -> None:
    """List the rules of the rulebooks, or of one, in force on a day (today unless said)."""
    from duecourse import terminal_law

    law = _law(books)
    terminal_law.show_rules(law, _known(law, jurisdiction), on or datetime.now(tz=UTC).date())


@law_app.command()
def show(rule: Annotated[str, typer.Argument(help="The rule's id.")], books: Books = None) -> None:
    """Show one rule: its words, versions, citation with link, cases, and what it needs to know."""
    from duecourse import terminal_law
    from duecourse.law.document import nearest

    law = _law(books)
    versions = [one for one in law.rules if one.id == rule]
    if not versions:
        raise DueCourseError(f"no rule '{rule}'{nearest(rule, {one.id for one in law.rules})}")
    terminal_law.show_rule(law, versions)


@law_app.command()
def coverage(jurisdiction: Jurisdiction = None, books: Books = None) -> None:
    """Say what is encoded, what is not and why, from which day, and how it was checked."""
    from duecourse import terminal_law

    law = _law(books)
    terminal_law.show_coverage(law, _known(law, jurisdiction))


@law_app.command()
def check(file: Annotated[Path, typer.Argument(help=HOUSE_FILE)]) -> None:
    """Check a house rulebook: errors by line, and which rules of law it would loosen (refused)."""
    from duecourse import printing
    from duecourse.law.house import loosened
    from duecourse.law.rulebook import load

    law = load([file])
    found = loosened(law)
    for line in found:
        typer.echo(f"error: {line}", err=True)
    if found:
        raise typer.Exit(2)
    own = [rule for rule in law.rules if rule.book == "house"]
    printing.say(f"{file}: {len(own)} rules, none loosens the law")


@law_app.command()
def diff(
    jurisdiction: Annotated[str, typer.Option(help="The rulebook.")],
    from_: Annotated[date, typer.Option("--from", parser=day, metavar="DATE", help="The earlier day.")],
    to: Annotated[date, typer.Option(parser=day, metavar="DATE", help="The later day.")],
    books: Books = None,
) -> None:
    """Say what changed in a rulebook between two days: rules that came, went or changed."""
    from duecourse import terminal_law

    law = _law(books)
    terminal_law.show_changes(law, _known(law, jurisdiction)[0], from_, to)
