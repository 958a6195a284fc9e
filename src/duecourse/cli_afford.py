"""The command `afford`: whether a loan or a plan can be repaid, out of a file."""

from pathlib import Path
from typing import Annotated

import typer

from duecourse.cli_options import Json


def afford(
    file: Annotated[Path, typer.Argument(help="What comes in and goes out, and the loan (TOML).")],
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    as_json: Json = False,
) -> None:
    """Say whether a loan can be repaid: what is left each month, on bad months too, and what it really costs.

    Exit code 1 for a plain no. The file is told in docs/how-to/can-i-repay-this.md.
    """
    import dataclasses
    import json

    from duecourse import printing
    from duecourse.affordability.judging import Verdict, judge
    from duecourse.affordability.sheet import read
    from duecourse.affordability.telling import told
    from duecourse.documents.pdf import shown_money

    sheet = read(file)
    found = judge(sheet.budget, sheet.proposal)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found)))
    else:
        said = told(found, language, lambda amount: shown_money(amount, sheet.budget.currency))
        printing.say(said.verdict)
        for reason in said.reasons:
            printing.say(f"  {reason}")
        width = max(len(row.name) for row in said.rows)
        for row in said.rows:
            printing.say(f"{row.name:<{width}}  {row.value}")
    if found.verdict is Verdict.NO:
        raise typer.Exit(1)
