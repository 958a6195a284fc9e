"""What each template is given: checked before any of it is set, and refused whole when a part of it is not right.

Texts are plain: an empty line parts two paragraphs, a line's end is kept, and nothing in them is a command.
"""

import unicodedata
from datetime import date, time
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, model_validator

from duecourse.kernel.currencies import MINOR_DIGITS

_INT64: Final = 2**63 - 1
_UNSEEN: Final = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")  # controls, what turns the direction of a text, ...
_JOINERS: Final = "\u200c\u200d"  # which some scripts need within words
WINDOWS: Final = {"din-5008-b": 6, "us-10": 4}
"""Envelopes with a window, and the lines of an address that show in each."""


def _plain(text: str) -> str:
    """Refuse what is not seen when it is printed, or hides what is."""
    for character in text:
        if character != "\n" and character not in _JOINERS and unicodedata.category(character) in _UNSEEN:
            raise ValueError(f"has the character U+{ord(character):04X}, which cannot be printed: leave it out")
    return text


def _line(text: str) -> str:
    if "\n" in text or not text.strip():
        raise ValueError("must be one line, and not empty")
    return _plain(text)


def _known(currency: str) -> str:
    if currency not in MINOR_DIGITS:
        raise ValueError("is no currency of ISO 4217")
    return currency


_Line = Annotated[str, Field(max_length=200), AfterValidator(_line)]
_Text = Annotated[str, Field(max_length=20_000), AfterValidator(_plain)]
_Cell = Annotated[str, Field(max_length=500), AfterValidator(_plain)]
_Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$", max_length=35)]
_Money = Annotated[StrictInt, Field(ge=-_INT64, le=_INT64)]


class _Shape(BaseModel):
    """What all have in common: an unknown key refuses, and errors do not quote what was given."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Sender(_Shape):
    """The lender's head: its name, and lines of address, numbers and registration."""

    name: _Line
    lines: list[_Line] = Field(default_factory=list, max_length=8)


class Amount(_Shape):
    """One component of what is owed, in minor units."""

    component: Literal["cost", "fee", "penalty", "interest", "principal"]
    amount: _Money


class Amounts(_Shape):
    """What is owed on a day, by component; the total is what they add up to. Minor units."""

    currency: Annotated[str, AfterValidator(_known)]
    as_of: date
    rows: list[Amount] = Field(min_length=1, max_length=50)
    total: _Money

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if sum(row.amount for row in self.rows) != self.total:
            raise ValueError("do not add up to their total")
        return self


class Letter(_Shape):
    """A letter behind a window: the head, the address, the text, the amounts, and what can be done about them.

    `is_dated_within` says that the text has the day, so that the head need not.
    """

    language: _Language
    window: Literal["din-5008-b", "us-10"]
    sender: Sender
    to: list[_Line] = Field(min_length=1, max_length=6)
    on: date
    reference: _Line
    subject: _Line
    body: _Text = Field(min_length=1)
    is_dated_within: bool = False
    amounts: Amounts | None = None
    how_to_pay: _Text = ""
    how_to_dispute: _Text = ""
    how_to_get_help: _Text = ""
    signed: _Text = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.to) > WINDOWS[self.window]:
            raise ValueError(f"the window {self.window} shows {WINDOWS[self.window]} lines of an address at most")
        return self


class Collector(_Shape):
    """One of the two who visit, as the badge says."""

    name: _Line
    badge: _Line


class Visit(_Shape):
    """The sheet for one visit: who goes where and when, what may be said, and how it ended, to be filled in.

    `script` are the words at the door; `left_there` is a paper to leave with the borrower, on a page of its own, which
    shows nothing of the sheet but its reference and `check_code`, by which they can ask whether the visit is genuine.
    """

    language: _Language
    paper: Literal["a4", "us-letter"] = "a4"
    sender: Sender
    on: date
    opens: time
    closes: time
    reference: _Line
    borrower: list[_Line] = Field(min_length=1, max_length=8)
    collectors: list[Collector] = Field(min_length=2, max_length=2)
    recording: _Line
    check_code: _Line | None = None
    may_say: list[_Line] = Field(max_length=30)
    may_not_say: list[_Line] = Field(max_length=30)
    script: _Text = ""
    left_there: _Text = ""
    amounts: Amounts
    pay_by: date

    @model_validator(mode="after")
    def _two_in_time(self) -> Self:
        if self.collectors[0].badge.strip().casefold() == self.collectors[1].badge.strip().casefold():
            raise ValueError("two collectors go together: name two badges")
        if self.opens >= self.closes:
            raise ValueError("the window of time ends before it begins")
        return self


class Receipt(_Shape):
    """A receipt for money taken at the door: its number, for what, how much, how, and who took it."""

    language: _Language
    paper: Literal["a4", "us-letter"] = "a4"
    sender: Sender
    on: date
    number: _Line
    reference: _Line
    loan: _Line
    payer: _Line
    amount: Annotated[_Money, Field(gt=0)]
    currency: Annotated[str, AfterValidator(_known)]
    method: Literal["cash", "cheque", "card", "transfer"]
    badges: list[_Line] = Field(min_length=2, max_length=2)
    check_code: _Line


class Fact(_Shape):
    """A name and what it is, in the head of a report."""

    name: _Line
    value: Annotated[str, Field(max_length=1_000), AfterValidator(_plain)]  # a tall cell takes long to be set


class Entry(_Shape):
    """One entry of a report: when, of what kind, and the hash that stands for it."""

    at: Annotated[str, Field(max_length=40), AfterValidator(_line)]
    kind: Annotated[str, Field(max_length=80), AfterValidator(_line)]
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")]


class Export(_Shape):
    """A plain report: a title, facts, and entries in the order in which they are given."""

    language: _Language
    paper: Literal["a4", "us-letter"] = "a4"
    title: _Line
    on: date
    facts: list[Fact] = Field(max_length=100)
    entries: list[Entry] = Field(max_length=20_000)


class Table(_Shape):
    """A table: a cell is a text, or an amount in minor units; `total` is what each column of amounts adds up to.

    `widths` are the shares of the columns in the line.
    """

    currency: Annotated[str, AfterValidator(_known)]
    widths: list[Annotated[StrictInt, Field(ge=1, le=20)]] = Field(min_length=1, max_length=8)
    head: list[_Line]
    rows: list[list[_Money | _Cell]] = Field(max_length=2_000)
    total: list[_Money | _Cell] | None = None

    @model_validator(mode="after")
    def _square_and_adds_up(self) -> Self:
        count = len(self.widths)
        rows: list[list[str] | list[int | str]] = [self.head, *self.rows, *([self.total] if self.total else [])]
        if any(len(row) != count for row in rows):
            raise ValueError("every row has as many cells as there are widths")
        for place, cell in enumerate(self.total or []):
            column = [row[place] for row in self.rows]
            if isinstance(cell, int) and sum(one for one in column if isinstance(one, int)) != cell:
                raise ValueError("a column does not add up to its total")
        return self


class Part(_Shape):
    """A part of a claim: a heading, facts by name, a text, and a table, of which any may be missing."""

    heading: _Line
    facts: list[Fact] = Field(default_factory=list, max_length=100)
    text: _Text = ""
    table: Table | None = None


class Claim(_Shape):
    """A paper for a court: a title, to which court, the parts in their order, and who signs it."""

    language: _Language
    paper: Literal["a4", "us-letter"] = "a4"
    title: _Line
    court: _Line
    on: date
    reference: _Line
    note: _Text = ""
    parts: list[Part] = Field(min_length=1, max_length=300)
    signed: _Text = ""


Shape = Letter | Visit | Export | Claim | Receipt
SHAPES: Final[dict[str, type[Shape]]] = {
    "letter": Letter, "visit": Visit, "export": Export, "claim": Claim, "receipt": Receipt,
}  # fmt: skip
"""The templates, and what each is given."""
