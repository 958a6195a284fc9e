"""Templates and data to PDF: `pdf("letter", {...})`.

What is given reaches the template as JSON and is set as text: it is never part of Typst's source. The files are
PDF/A-2a and PDF/UA-1, to be kept and to be read aloud; under these a character without a glyph is an error, and not an
empty box on somebody's letter.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst
from pydantic import ValidationError

from duecourse.documents.shapes import SHAPES, Amounts, Claim, Export, Letter, Part, Receipt, Shape, Visit
from duecourse.kernel.currencies import minor_digits
from duecourse.kernel.errors import DueCourseError

BYTES_MAX: Final = 6_000_000
"""The most that a document may be given, as JSON: it bounds the time too, as no template loops but over its data."""
_HERE: Final = Path(__file__).parent
_TEMPLATES: Final = _HERE / "templates"
_NOWHERE: Final = _TEMPLATES / "no-packages"  # there are none: a template that asks for one fails, without a network
_TEXTS: Final[dict[type[Letter | Visit], tuple[str, ...]]] = {
    Letter: ("body", "how_to_pay", "how_to_dispute", "how_to_get_help", "signed"),
    Visit: ("script", "left_there"),
}
_UNSEEN: Final = "could not be displayed"  # what Typst says of a character that no font has
_TALL: Final = "does not fit the window"  # what our template says of an address


def pdf(template: str, data: Mapping[str, object]) -> bytes:
    """Return a document of one of SHAPES: the same bytes for the same data.

    DueCourseError when the data are not of the template's shape, too many, or cannot be set; it quotes none.
    """
    if template not in SHAPES:
        raise DueCourseError(f"there is no template {template!r}: take one of {', '.join(SHAPES)}")
    given = _checked(template, data)
    labels = labels_for(given.language)
    text = json.dumps(given.model_dump(mode="json") | _shown(given, labels), ensure_ascii=False)
    if len(text.encode()) > BYTES_MAX:
        raise DueCourseError(f"{template}: what is given is over {BYTES_MAX:,} bytes: split it")
    return _compiled(template, {"data": text, "labels": json.dumps(labels)}, given.on)


def labels_for(language: str) -> dict[str, Any]:
    """Return a language's labels, by its BCP 47 tag; DueCourseError where there are none: nobody gets another's."""
    found = _labels().get(language.partition("-")[0].lower())
    if found is None:
        raise DueCourseError(f"no labels in {language}: add them to labels.json, or write in {', '.join(_labels())}")
    return found


def shown_money(amount: int, currency: str) -> str:
    """Write minor units with the currency's code before them: CNY 1,234.50. Exact."""
    digits = minor_digits(currency)
    whole, rest = divmod(abs(amount), 10**digits)
    sign = "-" if amount < 0 else ""
    return f"{currency}\u00a0{sign}{whole:,}" + (f".{rest:0{digits}d}" if digits else "")


def shown_day(day: date, labels: Mapping[str, Any]) -> str:
    """Write a day as a language does: 22 November 2026."""
    return str(labels["day"]).format(day=day.day, month=labels["months"][day.month - 1], year=day.year)


@cache
def _labels() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((_TEMPLATES / "labels.json").read_text(encoding="utf-8"))
    return found


@cache
def _fonts() -> typst.Fonts:
    """Return our fonts and Typst's: never the machine's, which are others elsewhere."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[_HERE / "fonts"])


def _checked(template: str, data: Mapping[str, object]) -> Shape:
    try:
        return SHAPES[template].model_validate(dict(data))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the data"
        raise DueCourseError(f"{template}: {place}: {first['msg']}") from None


def _shown(given: Shape, labels: Mapping[str, Any]) -> dict[str, object]:
    """Return what a template shows in another form than it was given: days, times, paragraphs and amounts."""
    shown: dict[str, object] = {"shown_on": shown_day(given.on, labels), "language": given.language.partition("-")[0]}
    if isinstance(given, Export):
        return shown
    if isinstance(given, Claim):
        texts = {"note": _paragraphs(given.note), "signed": _paragraphs(given.signed)}
        return shown | texts | {"parts": [_shown_part(part) for part in given.parts]}
    if isinstance(given, Receipt):
        return shown | {"shown_amount": shown_money(given.amount, given.currency)}
    if isinstance(given, Visit):
        times = {"opens": f"{given.opens:%H:%M}", "closes": f"{given.closes:%H:%M}"}
        shown |= {"between": str(labels["between"]).format(**times), "pay_by": shown_day(given.pay_by, labels)}
    title = labels["overdue_as_of" if isinstance(given, Visit) else "as_of"]
    shown |= {name: _paragraphs(getattr(given, name)) for name in _TEXTS[type(given)]}
    return shown | {"amounts": _shown_amounts(given.amounts, labels, title) if given.amounts else None}


def _shown_amounts(given: Amounts, labels: Mapping[str, Any], title: str) -> dict[str, object]:
    rows = [[labels[row.component], shown_money(row.amount, given.currency)] for row in given.rows]
    day = shown_day(given.as_of, labels)
    return {"title": title.format(day=day), "rows": rows, "total": shown_money(given.total, given.currency)}


def _shown_part(part: Part) -> dict[str, object]:
    """Return a part of a claim with its amounts written out; they stand to the right."""
    shown: dict[str, object] = {"heading": part.heading, "text": _paragraphs(part.text), "table": None}
    shown["facts"] = [[one.name, one.value] for one in part.facts]
    if (table := part.table) is not None:
        rows = [*table.rows, *([table.total] if table.total else [])]
        right = [any(isinstance(row[place], int) for row in rows) for place in range(len(table.widths))]
        written = [
            [shown_money(cell, table.currency) if isinstance(cell, int) else cell for cell in row] for row in rows
        ]
        rest = {"rows": written[: len(table.rows)], "total": written[len(table.rows) :], "right": right}
        shown["table"] = {"head": table.head, "widths": table.widths, **rest}
    return shown


def _paragraphs(text: str) -> list[list[str]]:
    """Part a plain text into paragraphs, each a list of lines."""
    parts: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.strip():
            parts[-1].append(line)
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]


def _compiled(template: str, inputs: dict[str, str], on: date) -> bytes:
    try:
        return typst.compile(
            _TEMPLATES / f"{template}.typ",
            root=_TEMPLATES,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs=inputs,
            pdf_standards=["a-2a", "ua-1"],
            package_path=_NOWHERE,
            package_cache_path=_NOWHERE,
            timestamp=datetime.combine(on, time(), UTC),
        )
    except typst.TypstError as error:  # its words may quote what was given
        why = "it cannot be set: check its template"
        if _UNSEEN in error.message:
            why = "it has a character that no font has: write it otherwise"
        elif _TALL in error.message:
            why = "the address does not fit the window of the envelope: write it in fewer or shorter lines"
        raise DueCourseError(f"{template}: {why}") from None
