"""All that a claim pack shows of a loan, from the store: amounts, schedule, payments, contacts, what the law answers.

    gather(opened, answers, sources, endings, who) -> {ending number: Material}

A `Material.pack` is kept in the ending's details with the move, and the files are made of it alone, with the name and
the address that are unsealed then. It holds amounts, days, ids and hashes: nothing personal in clear.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from duecourse.day.by_law import facts_of, standing
from duecourse.day.known import Known, Loan, read
from duecourse.day.owed import Owed, owed
from duecourse.endings.deciding import TOLD
from duecourse.endings.many import Opened
from duecourse.endings.moving import Ending, Who
from duecourse.endings.suit.evidence import Documents, wanting
from duecourse.endings.suit.settings import Court, Suits
from duecourse.kernel.components import COMPONENTS
from duecourse.law.answers import Answer, Answers, Facts, Question
from duecourse.ledger import state
from duecourse.ledger.histories import Histories, as_date, day_number
from duecourse.ledger.loan import Amounts, Position
from duecourse.ledger.packed import unpacked
from duecourse.ledger.positions import positions
from duecourse.store.line import Line

PAYMENT_ORDER: Final = "payment_order"
_ADDRESS: Final = "address"
_PHONE: Final = "phone"
_LAST_DAY: Final = "loan.limitation_ends_on"
_CONTACTS: Final = """
SELECT c.borrower_no, c.contact_id, c.happened_at, c.channel, c.direction, c.outcome, c.about,
    encode(o.body_hash, 'hex')
FROM contacts c LEFT JOIN outbox o ON o.contact_no = c.id
WHERE c.borrower_no = ANY(%s) AND c.cancelled_at IS NULL ORDER BY c.happened_at, c.contact_id"""
_NOTICES: Final = """
SELECT borrower_no, notice_id, loan_id, kind, served_on, delivered_on FROM notices
WHERE borrower_no = ANY(%s) AND replaced_at IS NULL ORDER BY served_on, notice_id"""
_PASSED: Final = """
SELECT borrower_no, event_id, loan_id, kind, happened_on FROM events
WHERE borrower_no = ANY(%s) AND kind = ANY(%s) ORDER BY happened_on, event_id"""
_CHAIN: Final = ["assigned", "transfer_notice", "account_acquired", "sold", "put_back"]


@dataclass(frozen=True)
class Sources:
    """What the lender gives beside the store: who sues where, and the documents."""

    suits: Suits
    documents: Documents


@dataclass(frozen=True)
class Material:
    """What was gathered of one loan: what it owes, the pack, and why it cannot be packed."""

    owed: Owed
    pack: Mapping[str, Any]
    problems: tuple[str, ...]
    told: Mapping[str, Any]
    """What the law is told of the suit: where it is to be brought, and how long it may be."""


@dataclass(frozen=True)
class _Beside:
    """Rows of some borrowers that stand beside their loans, by borrower."""

    contacts: Mapping[int, Sequence[Sequence[Any]]]
    notices: Mapping[int, Sequence[Sequence[Any]]]
    passed: Mapping[int, Sequence[Sequence[Any]]]


def gather(
    opened: Opened, answers: Answers, sources: Sources, endings: Sequence[Ending], who: Who
) -> dict[int, Material]:
    """Gather all of some endings as they stand now; a borrower without a case, or a loan that left it, has no entry."""
    whose = sorted({one.borrower for one in endings})
    line = Line(opened.connection, keeps=False)
    with opened.connection.transaction():
        cases = read(line, whose).cases
        beside = _beside(opened, whose)
    found = {}
    for ending in endings:
        case = cases.get(ending.borrower)
        if case is not None and ending.loan_id in case.loans:
            found[ending.number] = _material(ending, case, beside, answers, sources, who)
    return found


def _beside(opened: Opened, whose: Sequence[int]) -> _Beside:
    def by_borrower(text: str, *values: Any) -> dict[int, list[Sequence[Any]]]:
        found: dict[int, list[Sequence[Any]]] = {}
        for number, *row in opened.connection.execute(text.encode(), values).fetchall():
            found.setdefault(number, []).append(row)
        return found

    return _Beside(
        by_borrower(_CONTACTS, list(whose)),
        by_borrower(_NOTICES, list(whose)),
        by_borrower(_PASSED, list(whose), _CHAIN),
    )


def _material(
    ending: Ending, case: Known, beside: _Beside, answers: Answers, sources: Sources, who: Who
) -> Material:  # fmt: skip
    loan = case.loans[ending.loan_id]
    (stands,) = owed([loan], who.on)
    book = unpacked([loan.history], [loan.payments], [loan.waivers])
    position = positions(book, who.on).of(0)
    documents = sources.documents.of_loan(loan.loan_id)
    court = sources.suits.court(case.country, case.region)
    points = {point.kind: point.number for point in case.person.points}
    told = _told(ending, court, stands)
    problems = wanting(case.country, documents, is_bought=not loan.is_owner)
    problems += [] if court else ["no_court"]
    problems += [] if _ADDRESS in points else ["no_address"]
    claimed = _due(position.enforceable)
    pack = {
        "on": who.on.isoformat(), "at": who.at.isoformat(), "loan": loan.loan_id, "country": case.country,
        "region": case.region, "currency": loan.currency, "court": _court(court), "track": sources.suits.track,
        "borrower": case.person.borrower_id, "born_on": _text(case.born_on),
        "points": {name: points.get(name) for name in (_ADDRESS, _PHONE)},
        "contract": {
            "product": loan.product, "principal": loan.principal, "opened_on": _text(loan.opened_on),
            "last_due_on": _text(loan.last_due_on), "lender_type": loan.lender_type, "owner": loan.owner_id,
            "is_owner": loan.is_owner, **_terms(book),
        },
        "amounts": _amounts(position, stands),
        "claimed": claimed,
        "since": _itemised(book, loan, position, who.on),
        "overdue_since": _text(stands.overdue_since), "days_past_due": stands.days_past_due,
        "instalments": _instalments(book), "charges": _charges(book, who.on),
        "payments": [[one.payment_id, one.paid_on.isoformat(), one.amount] for one in standing(loan.payments)],
        "waivers": [[one.waiver_id, one.waived_on.isoformat(), one.component, one.amount] for one in loan.waivers],
        **_record(beside, ending),
        "law": _answers(answers, facts_of(case, loan, told), claimed, sources.suits.track, who.on),
        "documents": [
            {"kind": one.kind, "name": one.path.name, "sha256": one.sha256} for one in documents
        ],
    }  # fmt: skip
    return Material(stands, pack, tuple(problems), told)


def _told(ending: Ending, court: Court | None, stands: Owed) -> dict[str, Any]:
    """Return what was told of the suit, with its court and that court's years, where nobody has told the last day."""
    told = dict(ending.details.get(TOLD, {}))
    if court is not None:
        told["court_in"] = court.region
        if court.limitation_years is not None and _LAST_DAY not in told and stands.overdue_since is not None:
            told["loan.limitation_years"] = court.limitation_years
            told["loan.limitation_runs_from"] = stands.overdue_since.isoformat()
    return told


def _due(amounts: Amounts) -> int:
    """Return what may be asked for today: what is due, less what was paid ahead."""
    return sum(amounts.overdue.values()) + sum(amounts.due_today.values()) - amounts.credit


def _amounts(position: Position, stands: Owed) -> dict[str, Any]:
    """Return what is owed by component: due, not due yet, and due by the contract alone, without what the law caps."""
    lawful, agreed = position.enforceable, position.contractual
    rows = [
        [name, lawful.overdue[name] + lawful.due_today[name], lawful.not_due[name],
         agreed.overdue[name] + agreed.due_today[name]]
        for name in COMPONENTS
    ]  # fmt: skip
    return {"rows": rows, "credit": lawful.credit, "owed": stands.owed}


def _itemised(book: Histories, loan: Loan, now: Position, on: date) -> dict[str, Any]:
    """Return what was owed on the itemization date (12 CFR 1006.34(b)(3)), and what changed since, by component.

    It is the day of the last payment (iv), else that of the loan (v): both are dates that the rule offers.
    """
    paid = [one.paid_on for one in standing(loan.payments) if one.paid_on <= on]
    day = max(paid, default=loan.opened_on) or on
    then = positions(book, day).of(0).enforceable
    rows = [
        [name, _whole(then, name), _whole(now.enforceable, name) - _whole(then, name), _whole(now.enforceable, name)]
        for name in COMPONENTS
    ]
    return {"on": day.isoformat(), "what": "last_payment" if paid else "transaction", "rows": rows}


def _whole(amounts: Amounts, name: str) -> int:
    return amounts.overdue[name] + amounts.due_today[name] + amounts.not_due[name]


def _terms(book: Histories) -> dict[str, int]:
    """Return the rates of the newest terms: ppm a year, ppb a day, and the ceiling in ppm a year, -1 for none."""
    row = book.terms.rows[-1]
    return {
        "interest_ppm": int(row[state.T_INTEREST_PPM]), "penalty_ppb": int(row[state.T_PENALTY_PPB]),
        "late_fee": int(row[state.T_FEE_FLAT]), "cap_ppm": int(row[state.T_CAP_YEAR]),
    }  # fmt: skip


def _instalments(book: Histories) -> list[list[Any]]:
    columns = book.instalments
    each = zip(columns.number, columns.due, columns.principal, columns.interest, columns.fee, strict=True)
    return [[int(n), as_date(due).isoformat(), int(p), int(i), int(f)] for n, due, p, i, f in each]


def _charges(book: Histories, on: date) -> list[list[Any]]:
    columns = book.charges
    each = zip(columns.day, columns.component, columns.amount, strict=True)
    return [
        [as_date(day).isoformat(), COMPONENTS[component], int(amount)]
        for day, component, amount in each
        if day <= day_number(on)
    ]


def _record(beside: _Beside, ending: Ending) -> dict[str, Any]:
    """Return what was said and served about a loan, with the hashes of the messages, and by whose hands it went."""
    contacts = [
        [name, at.isoformat(), channel, direction, outcome, digest]
        for name, at, channel, direction, outcome, about, digest in beside.contacts.get(ending.borrower, ())
        if not about or ending.loan_id in about
    ]
    notices = [
        [name, kind, served.isoformat(), _text(delivered)]
        for name, loan, kind, served, delivered in beside.notices.get(ending.borrower, ())
        if loan in {None, ending.loan_id}
    ]
    passed = [
        [name, kind, on.isoformat()]
        for name, loan, kind, on in beside.passed.get(ending.borrower, ())
        if loan in {None, ending.loan_id}
    ]
    said = json.dumps([contacts, notices, passed], ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(said.encode()).hexdigest()
    return {"contacts": contacts, "notices": notices, "passed": passed, "record_sha256": digest}


def _answers(answers: Answers, facts: Facts, claimed: int, track: str, on: date) -> dict[str, Any]:
    """Return what the law says of the claim: the fees of each procedure, the ceiling, and the last day to sue."""
    asked = {
        "fee": Question("court_fee", {"track": track, "amount": claimed}),
        "fee_ordinary": Question("court_fee", {"track": "ordinary", "amount": claimed}),
        "fee_payment_order": Question("court_fee", {"track": PAYMENT_ORDER, "amount": claimed}),
        "cap": Question("rate_cap", {"on": on}),
        "limitation": Question("limitation_ends", {"on": on}),
    }
    found = dict(zip(asked, answers.of(facts, list(asked.values())), strict=True))
    return {name: _kept(answer) for name, answer in found.items()}


def _kept(answer: Answer) -> dict[str, Any]:
    value = answer.value.isoformat() if isinstance(answer.value, date) else answer.value
    return {"value": value, "rule": answer.rule, "cite": answer.cite}


def _court(court: Court | None) -> dict[str, str] | None:
    return court.model_dump(include={"name", "region", "why"}) if court else None


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
