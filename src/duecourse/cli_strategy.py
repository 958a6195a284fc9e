"""The commands about a strategy file: `strategy check`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from duecourse.cli_days import day
from duecourse.cli_options import Json

if TYPE_CHECKING:
    from duecourse.night.templates import Finding

strategy_app = typer.Typer(help="The strategy file: does it load, and may its templates be used?", no_args_is_help=True)


def _role(text: str) -> str:
    from duecourse.law.document import nearest
    from duecourse.night.templates import ROLES

    if text not in ROLES:
        raise typer.BadParameter(f"no role {text!r}{nearest(text, ROLES)}")
    return text


Day = Annotated[
    date | None, typer.Option(parser=day, metavar="DATE", help="The day whose law counts, YYYY-MM-DD; else today.")
]


Role = Annotated[
    list[str] | None,
    typer.Option(
        parser=_role, metavar="ROLE", help="What the firm is to its debts: original_creditor, debt_buyer; else both."
    ),
]


@strategy_app.callback()
def _top() -> None:
    """Keep `check` a command of its own: with one command alone its name would be left out."""


@strategy_app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="Strategy file (YAML); by default the packaged one.")] = None,
    on: Day = None,
    house: Annotated[Path | None, typer.Option(help="House rulebook (YAML), judged beside the law.")] = None,
    role: Role = None,
    as_json: Json = False,
) -> None:
    """Check a strategy file, and judge each template once by the rules on words of every rulebook.

    Exit code 1 when a rule refuses a template whoever the borrower is, 2 when the file does not load.
    """
    from duecourse import printing
    from duecourse.law.house import with_house
    from duecourse.law.rulebook import load as load_law
    from duecourse.night.facts import CATALOGUE
    from duecourse.night.templates import ROLES, judged
    from duecourse.strategy.load import load_with_doubts

    strategy, doubts = load_with_doubts(file, CATALOGUE.kinds)
    law = with_house(house) if house else load_law()
    found = judged(strategy, law, on or datetime.now(tz=UTC).date(), role or ROLES)
    refused = [one for one in found if one.always and one.gates]
    if as_json:
        told = {
            "strategy": strategy.name,
            "hash": strategy.hash,
            "templates": None if strategy.templates is None else len(strategy.templates),
            "warnings": doubts,
            "findings": [asdict(one) for one in found],
        }
        typer.echo(json.dumps(told))
    else:
        for line in doubts:
            typer.echo(f"warning: {line}", err=True)
        _show("Refused, whoever the borrower is", refused)
        _show("Refused for some borrowers", [one for one in found if not one.always and one.gates])
        _show("Would be refused by rules from memory, which refuse nothing", [one for one in found if not one.gates])
        printing.say(f"{strategy.name}: {_summary(strategy.templates, refused)}")
    if refused:
        raise typer.Exit(1)


def _summary(templates: Mapping[str, object] | None, refused: Sequence["Finding"]) -> str:
    if templates is None:
        return "declares no templates"
    names = {one.template for one in refused}
    are = "is" if len(names) <= 1 else "are"
    return f"{len(templates)} templates, {len(names) or 'none'} {are} refused whoever the borrower is"


def _show(title: str, found: Sequence["Finding"]) -> None:
    from duecourse import printing

    if not found:
        return
    printing.say(title, "bold")
    table = printing.grid("template", "as", "by", "rulebook", "rule", "says", words=(0, 1, 2, 3, 4, 5))
    for one in found:
        roles = ", ".join(role.replace("_", " ") for role in one.roles)
        table.add_row(one.template, ", ".join(one.channels), roles, one.rulebook, one.rule, one.says)
    printing.show(table)
    printing.say()
