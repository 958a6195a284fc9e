"""The commands `lender-check` and `lender-import`: who is licensed, by the registers of the authorities."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

Registers = Annotated[
    list[Path],
    typer.Option("--register", help="A register, as lender-import wrote it. Repeatable.", envvar="DUECOURSE_REGISTERS"),
]


def lender_check(
    text: Annotated[str, typer.Argument(metavar="NAME|LICENCE|PHONE|URL", help="Who is looked up.")],
    register: Registers,
    belongs: Annotated[
        list[str] | None, typer.Option(help="A number, an account or an address that is said to be theirs. Repeatable.")
    ] = None,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="On which day; today without.")] = None,
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
) -> None:
    """Say whether a lender or collector is licensed, and whether a number, account or address is theirs.

    Exit code 1 unless it is licensed and all that was asked for belongs to it.
    """
    from duecourse import printing
    from duecourse.licences.checking import Standing, check
    from duecourse.licences.checking import belongs as belongs_to
    from duecourse.licences.register import read
    from duecourse.licences.telling import told, told_belonging

    entries = read(register)
    finding = check(text, entries, on.date() if on else datetime.now(UTC).date())
    said = told(finding, entries, language)
    printing.say(said.answer)
    for line in said.lines:
        printing.say(f"  {line}")
    printing.say(said.advice)
    is_well = finding.standing is Standing.LICENSED
    if finding.standing in {Standing.LICENSED, Standing.EXPIRED, Standing.NOT_YET}:
        for one in belongs or []:
            found = belongs_to(one, finding.matches[0].entry, entries)
            is_well = is_well and found.is_its
            printing.say(f"{one}: {told_belonging(found, finding.matches[0].entry, language)}")
    if not is_well:
        raise typer.Exit(1)


def lender_import(
    file: Annotated[Path, typer.Argument(help="What the authority publishes (CSV).")],
    mapping: Annotated[Path, typer.Option(help="How it is read, and from where and when it is (TOML).")],
    out: Annotated[Path, typer.Option(help="The register to write.")],
) -> None:
    """Bring an authority's list of licensed lenders into a register. Rows that cannot be read are named."""
    from duecourse import printing
    from duecourse.licences.register import imported, mapping_of, written

    found = imported(file, mapping_of(mapping))
    written(found.entries, out)
    for left in found.left_out:
        printing.say(f"{file}:{left.line}: left out: {left.why}")
    printing.say(f"{out}: {len(found.entries):,} licences; {len(found.left_out):,} rows left out")
