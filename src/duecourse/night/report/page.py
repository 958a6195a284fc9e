"""Writing the report: the template filled with the records, as one HTML file that needs nothing else.

The page has no script and asks the network for nothing; a content security policy inside it says so to the
browser. Everything that comes from the book is escaped by the template engine.
"""

from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import jinja2

from duecourse.kernel.errors import DueCourseError
from duecourse.night.measures import ABSENT, Rate
from duecourse.night.report import charts, show, view
from duecourse.night.report.data import ReportData
from duecourse.night.report.words import LANGUAGES, Words, load_words

CURVE_SIZES: Final = (("wide", 720, 260), ("narrow", 340, 220))

__all__ = ["LANGUAGES", "render", "write_report"]


def write_report(path: Path, data: ReportData, language: str = "en") -> None:
    """Write the report as one HTML file; `language` is en or zh. The file appears whole or not at all."""
    page = render(data, language)
    beside = path.with_name(f".{path.name}.part")
    try:
        # A file name that is not text keeps its bytes visible (\\udcff) instead of stopping the report.
        beside.write_bytes(page.encode("utf-8", "backslashreplace"))
        beside.replace(path)
    except OSError as error:
        raise DueCourseError(
            f"the report could not be written to {path}: {error.strerror}; choose another folder"
        ) from error


def render(data: ReportData, language: str = "en") -> str:
    """Return the report as HTML text; ValueError for a language that has no words."""
    words = load_words(language)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("duecourse.night.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_tools(words))
    return environment.get_template("report.html.j2").render(_view(data))


def _tools(words: Words) -> dict[str, Any]:
    return {
        "t": words,
        "name": words.name,
        "count": show.count,
        "money": show.money,
        "amount": show.amount,
        "rate": show.rate,
        "ppm": show.ppm,
        "width": show.width,
        "share": Rate,
        "day": partial(show.day, words=words),
        "moment": show.moment,
    }


def _view(data: ReportData) -> dict[str, Any]:
    columns, rows = view.matrix(data)
    reasons = [(row.reason, row.borrowers) for row in data.reasons]
    return {
        "data": data,
        "about": data.about,
        "style": _style(),
        "overdue_loans": view.overdue_loans(data),
        "amounts": view.amounts(data),
        "ageing": view.ageing_rows(data),
        "bucket_bars": view.bucket_bars(data),
        "stage_bars": view.bars(((row.stage, row.borrowers) for row in data.stages), data.borrowers),
        "columns": columns,
        "rows": rows,
        "absent": ABSENT,
        "amounts_then": all(roll.owed_then is not None for roll in data.rolls),
        "cure_rate": view.cure_rate(data.outcomes),
        "milestones": view.milestones(data.curve),
        "curves": _curves(data),
        "reason_bars": view.bars(reasons, data.untouched),
        "in_arms": sum(row.borrowers for row in data.arms),
    }


def _style() -> str:
    return files(__package__).joinpath("templates/style.css").read_text(encoding="utf-8")


def _curves(data: ReportData) -> list[tuple[str, str]]:
    if not data.curve:
        return []
    return [(name, charts.cure_curve_svg(data.curve, w, h)) for name, w, h in CURVE_SIZES]
