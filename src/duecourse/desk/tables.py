"""Tables as the desk's plain pages show them: rows of cells, of which one may lead somewhere or be a button.

A page is a list of tables; `desk/tables.html` draws it. What is pressed is a form, sent to an address with some values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@dataclass(frozen=True)
class Press:
    """A button: where its form is sent, what it says, what it sends, and, where it asks for a reason, how."""

    at: str
    says: str
    values: Mapping[str, str] = field(default_factory=dict)
    asks: str = ""


@dataclass(frozen=True)
class Cell:
    """What a cell says, where it leads, whether it is a number, whether it is alarming, and its buttons."""

    says: object = ""
    at: str = ""
    is_amount: bool = False
    is_bad: bool = False
    presses: tuple[Press, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table with its title; `says` stands above it, `empty` where there are no rows."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    says: str = ""
    empty: str = ""
    picture: str = ""  # the address of a chart of the same numbers

    @property
    def heads(self) -> list[tuple[str, bool]]:
        """The head, and whether numbers stand below."""
        first = self.rows[0] if self.rows else ()
        return [(one, place < len(first) and first[place].is_amount) for place, one in enumerate(self.head)]


def number(value: object, *, is_bad: bool = False) -> Cell:
    """Return a cell of a number."""
    return Cell("" if value is None else value, is_amount=True, is_bad=is_bad)


def drawn(request: HttpRequest, title: str, tables: Sequence[Table], says: str = "", **more: Any) -> HttpResponse:
    """Draw a page of tables."""
    return render(request, "desk/tables.html", {"title": title, "tables": tables, "says": says, **more})
