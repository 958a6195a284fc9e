"""The statement of a loan as a paper: who, what is owed by component, and every line that led to it."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from duecourse.day.sums import Sums
from duecourse.portal.access import Own, language
from duecourse.portal.lines import Lines
from duecourse.web.showing import called, day, money

_WIDTHS = [4, 6, 4, 4]
_ROWS_MOST = 1_500


def statement(own: Own, one: Sums, lines: Sequence[Lines]) -> dict[str, Any]:
    """Return what the paper is given; a loan with more lines than a paper holds shows the newest."""
    currency = one.loan.currency
    owed = [[called(part.component, "component"), part.overdue, part.later] for part in one.parts]
    together = [_("Together"), sum(part.overdue for part in one.parts), sum(part.later for part in one.parts)]
    parts: list[dict[str, Any]] = [
        {
            "heading": _("What you owe"),
            "table": {
                "currency": currency, "widths": [6, 4, 4], "head": ["–", _("Overdue"), _("Not yet due")],
                "rows": owed, "total": together,
            },
        }
    ]  # fmt: skip
    if one.cut:
        said = _("The contract says more than this. The law does not allow the difference, and nobody may ask for it.")
        parts.append({"heading": _("What was cut"), "text": said, "table": _single(currency, _("Cut"), one.cut)})
    rows = [[day(line.day), _what(line, currency), line.amount, line.cut] for line in lines[-_ROWS_MOST:]]
    head = [_("Day"), _("What"), _("Amount"), _("Cut by law")]
    parts.append(
        {"heading": _("Line by line"), "table": {"currency": currency, "widths": _WIDTHS, "head": head, "rows": rows}}
    )
    return {
        "language": language(),
        "title": _("Statement of loan %(loan)s") % {"loan": one.loan.loan_id},
        "court": own.name or own.borrower_id,
        "on": own.on,
        "reference": one.loan.loan_id,
        "parts": parts,
        "signed": own.words.get("lender", ""),
    }


def _single(currency: str, name: str, amount: int) -> dict[str, Any]:
    return {"currency": currency, "widths": [6, 4], "head": ["–", name], "rows": [[name, amount]]}


def _what(line: Lines, currency: str) -> str:
    """Write what happened, with how much of each part it was where there are several."""
    several = len(line.parts) > 1
    parts = [
        f"{called(part, 'ledger_line')} {money(amount, currency)}" if several else called(part, "ledger_line")
        for part, amount in line.parts.items()
    ]
    return f"{called(line.what, 'line')} {', '.join(parts)}".strip()
