"""A report in somebody's language: one document of headings, facts and sentences, for a page, a paper or a terminal.

    told(report, words, ways) -> Document      what the paper template `claim` and `report.html` are given
    text(document), html(document)             the same as lines of text, and as a page of its own

The words stand in `words/`, one file for each language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from duecourse.inquiry.entry import OWN_CAP, Status
from duecourse.inquiry.report import Exposure, Line, Report, Sum
from duecourse.kernel import texts

Words = Mapping[str, Any]
Document = dict[str, Any]


@dataclass(frozen=True)
class Ways:
    """How a language writes an amount, and a day; `zone` is where its moments are."""

    money: Callable[[int, str], str]
    day: Callable[[date], str]
    moment: Callable[[datetime], str]


def words_in(language: str) -> Mapping[str, Any]:
    """Return the words of a language, by its tag; English for one that there are none of."""
    return texts.words_in("duecourse.inquiry", language)


def told(report: Report, words: Words, ways: Ways, on: date, reference: str) -> Document:
    """Return the whole report: sums first, then each loan in the order in which to pay."""
    parts = [_sum_part(each, words, ways) for each in report.sums] or [_part(words["together"], words["nothing"])]
    if report.unread:
        parts.append(_part(words["not_counted"], words["unread"].format(count=report.unread)))
    for place, line in enumerate(report.lines, 1):
        parts.append(_line_part(place, line, words, ways))
    note = words["as_of"].format(at=ways.moment(report.as_of), cycle=report.cycle)
    return _document(words, words["title"], on, reference, note, parts)


def told_to_lender(exposure: Exposure, left_out: int, words: Words, ways: Ways, on: date, reference: str) -> Document:
    """Return what a lender learns with a consent."""
    parts = [_sum_part(each, words, ways) for each in exposure.sums] or [_part(words["together"], words["nothing"])]
    parts += [_part(words["collectors"], str(exposure.other_collectors)), _part(words["left_out"], str(left_out))]
    return _document(words, words["exposure"].format(name=reference), on, reference, "", parts)


def text(document: Document) -> list[str]:
    """Return the document as lines."""
    lines = [document["title"], document["note"]]
    for part in document["parts"]:
        lines += ["", part["heading"]]
        width = max((len(fact["name"]) for fact in part.get("facts", [])), default=0)
        lines += [f"  {fact['name']:<{width}}  {fact['value']}" for fact in part.get("facts", [])]
        lines += [f"  {part['text']}"] if part.get("text") else []
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def html(document: Document) -> str:
    """Return the document as a page of its own, which loads and runs nothing."""
    environment = Environment(
        loader=PackageLoader("duecourse.inquiry", "templates"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("report.html").render(document=document)


def _document(words: Words, title: str, on: date, reference: str, note: str, parts: list[Document]) -> Document:
    return {
        "language": words["language"], "title": title, "court": reference, "on": on, "reference": reference,
        "note": note, "parts": parts, "signed": "",
    }  # fmt: skip


def _sum_part(each: Sum, words: Words, ways: Ways) -> Document:
    facts = [
        _fact(words["owed"], ways.money(each.enforceable, each.currency)),
        _fact(words["contract"], ways.money(each.contractual, each.currency)),
        _fact(words["late"], ways.money(each.late, each.currency)),
        _fact(words["per_day"], ways.money(each.per_day, each.currency)),
        _fact(words["monthly"], ways.money(each.monthly, each.currency)),
    ]
    counted = words["loans_of"].format(loans=each.loans, lenders=each.lenders)
    return {"heading": f"{words['together']}, {each.currency}: {counted}", "facts": facts}


def _line_part(place: int, line: Line, words: Words, ways: Ways) -> Document:
    entry = line.entry
    lender = line.lender or words["unknown_lender"].format(number=entry.lender)
    facts = [_fact(words["status"], _status(line, words))]
    if entry.status is not Status.SOLD:
        facts += [
            _fact(words["owed"], ways.money(entry.enforceable, entry.currency)),
            _fact(words["contract"], ways.money(entry.contractual, entry.currency)),
            _fact(words["per_day"], ways.money(entry.per_day, entry.currency)),
            _fact(words["monthly"], ways.money(entry.monthly, entry.currency)),
            _fact(words["next_step"], words["steps"][entry.next_step.word]),
        ]
    if entry.late_since is not None:
        since = words["days"].format(day=ways.day(entry.late_since), days=entry.days_past_due)
        facts.append(_fact(words["since"], since))
    if entry.cap:
        facts.append(_fact(words["cap"], words["own_cap"] if entry.cap == OWN_CAP else entry.cap))
    if entry.limitation_on is not None:
        facts.append(_fact(words["limitation"], ways.day(entry.limitation_on)))
    facts += [_fact(words["contact"], entry.contact), _fact(words["record"], line.record)]
    said = words["said"].format(at=ways.moment(entry.as_of), until=ways.day(entry.expires_on))
    facts.append(_fact(words["expires"], said))
    if line.failed:
        facts.append(_fact(words["not_counted"], "; ".join(words["checks"][check] for check in line.failed)))
    if line.why is not None:
        facts.append(_fact(words["why"], words["whys"][line.why]))
    return {"heading": f"{place}. {lender}, {words['loan'].format(reference=entry.reference)}", "facts": facts}


def _status(line: Line, words: Words) -> str:
    if line.entry.status is Status.SOLD:
        return str(words["sold_to"].format(buyer=line.bought_by or words["unknown_buyer"]))
    stands = str(words["statuses"][line.entry.status.word])
    return f"{stands}; {words['objected'].format(day=line.disputed_since)}" if line.disputed_since else stands


def _part(heading: str, said: str) -> Document:
    return {"heading": heading, "text": said}


def _fact(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}
