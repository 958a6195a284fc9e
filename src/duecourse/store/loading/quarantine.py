"""The quarantine of a load: which value of which row was not taken, and why. Never the value itself."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from duecourse.kernel.files import written_beside

REASONS: Final[Mapping[str, str]] = {
    # malformed lines
    "fields": "The line has not as many fields as the header.",
    "quote": "A quote is never closed, or stands where none may.",
    "encoding": "The text is not in the encoding that was named.",
    "length": "The line is longer than two million characters.",
    "json": "The line is not a JSON object of texts, numbers and lists of them.",
    # rows
    "erased": "This person was erased and stays erased.",
    "repeated": "Another row of this load is about the same person: the first one counts.",
    "unreadable_key": "This person's key does not open with the master keys: put back the keys of this store.",
    "no_relation": "The row is about somebody else than the borrower and does not say who they are.",
    "unknown_borrower": "The store has no such borrower.",
    "conflict": "A consent of this id is of another borrower, of something else or of another moment.",
    "withdrawn_before_given": "The consent is withdrawn before it is given.",
    # values
    "missing": "A value is missing.",
    "several": "There are several values where one is meant.",
    "expression": "The mapping's expression cannot be worked out for this row.",
    "too_long": "The value is too long.",
    "control_character": "The value has a character that cannot be shown.",
    "no_phone": "The value is no number of any country's plan.",
    "no_country": "The number has no country code and the row no country: add one, or name a country in the mapping.",
    "extension": "The number has an extension, which cannot be dialled from outside: give the direct number.",
    "no_email": "The value is no mailbox that mail can be sent to.",
    "no_language": "The value is no BCP 47 tag such as de or pt-BR.",
    "no_zone": "The value is no IANA name of a zone such as Europe/Berlin.",
    "no_such_country": "The value is no ISO 3166-1 code of a country such as DE.",
    "no_moment": "The value is no moment such as 2026-01-31T09:00:00Z.",
}
"""What each reason's code says."""


@dataclass
class Quarantine:
    """What one load has set aside: written as it is found, and counted by reason and column."""

    file: TextIO
    found: Counter[tuple[str, str]] = field(default_factory=Counter)

    def tell(self, shown: str, row: int, column: str, reason: str) -> None:
        """Write one entry: the file, the 1-based number of the data row in it, our column or none for the whole row."""
        self.found[reason, column] += 1
        entry = {"file": shown, "row": row, "column": column, "reason": reason, "says": REASONS[reason]}
        self.file.write(json.dumps(entry, ensure_ascii=False) + "\n")


@contextmanager
def quarantine(path: Path) -> Iterator[Quarantine]:
    """Give a quarantine whose file takes its place when all has gone well; only its owner may read it."""
    with written_beside(path) as beside:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # with its permissions from the first
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield Quarantine(file)
