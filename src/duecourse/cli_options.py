"""Options that commands share."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final

import typer

OUT: Final = Path("out/store")
"""The folder of a store where none is named."""

Store = Annotated[
    Path,
    typer.Option("--store", envvar="DUECOURSE_STORE", help="Folder of the embedded server and of the keys."),
]
Settings = Annotated[Path, typer.Option("--settings", help="The lender's words and channels (TOML).")]
Strategy = Annotated[Path | None, typer.Option("--strategy", help="Strategy file (YAML); that of the plan in force.")]
House = Annotated[Path | None, typer.Option(help="House rulebook (YAML); that of the plan in force.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def address_of(text: str) -> tuple[str, int]:
    """Read an address and a port, as in 127.0.0.1:8008 or [::1]:8008."""
    host, _, port = text.rpartition(":")
    try:
        found = str(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        found = ""
    if not found or not port.isdecimal() or int(port) > 65_535:
        raise typer.BadParameter(f"{text!r} is no address, write it like 127.0.0.1:8008")
    return found, int(port)
