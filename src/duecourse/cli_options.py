"""Options that commands share."""

from pathlib import Path
from typing import Annotated, Final

import typer

OUT: Final = Path("out/store")
"""The folder of a store where none is named."""

Store = Annotated[
    Path,
    typer.Option("--store", envvar="DUECOURSE_STORE", help="Folder of the embedded server and of the keys."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
