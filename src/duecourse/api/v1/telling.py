"""What the lender's systems may tell, each once: payments and facts; and what they may ask without doing it."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema
from ninja.errors import HttpError

from duecourse.api.problems import Problem
from duecourse.api.v1.access import May, once, token_of
from duecourse.api.v1.reading import Reason, known_of, number_of
from duecourse.day.asking import Asked, Window
from duecourse.day.facts import Facts, Money, Told
from duecourse.day.grievances import Grievance, Grievances
from duecourse.day.in_force import zone_of
from duecourse.day.reasons import why
from duecourse.kernel.errors import DueCourseError
from duecourse.web.edge import edge_of

router: Final = Router()
_REFUSED: Final = dict.fromkeys((400, 401, 403, 404, 409, 422, 429, 500, 503), Problem)
_KEY: Final = {
    "parameters": [
        {
            "in": "header", "name": "Idempotency-Key", "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]{1,200}$"},
        }
    ]
}  # fmt: skip
_MINUTE: Final = timedelta(minutes=1)
Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Minor = Annotated[int, Field(gt=0, lt=2**63)]


class Payment(Schema):
    """Money for a loan, in minor units, by the lender's own id of it; or the reversal of one, named in `reverses`."""

    payment_id: Id
    borrower_id: Id
    loan_id: Id
    paid_on: date
    amount: Minor
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    reverses: Id | None = None


class Fact(Schema):
    """Something that a borrower told, or that happened: once for each `fact_id`, from the moment at which it is told.

    `hold` is one of the kinds of holds; `lift` ends the hold of that id; a `promise` has an amount in minor units and a
    day; a `complaint` or a `dispute` has words, which are sealed; `consent` and `withdrawal` name a channel.
    """

    fact_id: Id
    borrower_id: Id
    kind: Literal["hold", "lift", "promise", "complaint", "dispute", "consent", "withdrawal"]
    hold: Annotated[str, Field(max_length=40)] | None = None
    loan_id: Id | None = None
    amount: Minor | None = None
    on: date | None = None
    about: Annotated[str, Field(max_length=40)] = "other"
    words: Annotated[str, Field(max_length=20_000)] = ""
    channel: Annotated[str, Field(max_length=40)] | None = None


class Taken(Schema):
    """Whether it was new: what the store had already changes nothing."""

    is_new: bool


class Question(Schema):
    """An act that somebody thinks of: a contact by a channel about some loans of a borrower, now or at a moment."""

    borrower_id: Id
    channel: Annotated[str, Field(max_length=40)]
    purpose: Annotated[str, Field(max_length=40)] = "collection"
    loans: list[Id] = Field(default_factory=list, max_length=100)
    demands: bool = True
    at: datetime | None = None


class Answer(Schema):
    """Whether it would be permitted, about which loans, and else why not. Nothing was done, and nothing written."""

    is_permitted: bool
    at: datetime
    loans: list[str]
    reasons: list[Reason]


@router.post("/payments", auth=May("payments:write"), response={200: Taken, **_REFUSED}, openapi_extra=_KEY)
def payments(request: HttpRequest, body: Payment) -> dict[str, Any]:
    """Take in a payment, or take one back."""
    edge = edge_of(request)
    with edge.connections.one() as connection:
        number = number_of(connection, body.borrower_id)
        facts = Facts(connection, edge.ring, _by(request))

        def do() -> dict[str, Any]:
            money = Money(body.loan_id, body.paid_on, body.amount, body.currency, body.reverses)
            with facts.locked(number):
                return {"is_new": facts.payment(_told(request, body.payment_id, number), money)}

        return once(request, connection, body, do)


@router.post("/facts", auth=May("events:write"), response={200: Taken, **_REFUSED}, openapi_extra=_KEY)
def take_fact(request: HttpRequest, body: Fact) -> dict[str, Any]:
    """Take in a fact; it stops at once what it must stop."""
    edge = edge_of(request)
    with edge.connections.one() as connection:
        number = number_of(connection, body.borrower_id)
        facts = Facts(connection, edge.ring, _by(request))
        told = _told(request, body.fact_id, number)

        def do() -> dict[str, Any]:
            if body.kind in {"complaint", "dispute"}:
                said = Grievance(body.about, _need(body.words, "words"), body.loan_id)
                return {"is_new": Grievances(connection, edge.ring, _by(request)).note(body.kind, told, said)}
            with facts.locked(number):
                return {"is_new": _note(facts, told, body)}

        return once(request, connection, body, do)


@router.post("/judge", auth=May("judge"), response={200: Answer, **_REFUSED})
def judge(request: HttpRequest, body: Question) -> Answer:
    """Say what the gate would say of a contact, with its rules; nothing is done, and nothing written."""
    edge = edge_of(request)
    with edge.connections.one() as connection:
        number = number_of(connection, body.borrower_id)
        known, _ = known_of(edge, connection, number)
        at, zone = body.at or edge.now(), zone_of(connection)
        if at.tzinfo is None:
            raise HttpError(422, "at: has no zone: write 2026-11-20T17:05+01:00")
        loans = tuple(body.loans) or tuple(known.loans)
        asked = Asked(number, "contact", body.channel, body.purpose, loans, None, presses=body.demands)
        window = Window.of(at, _MINUTE, known.zones[0] if known.zones else zone, zone)
        try:
            (said,) = edge.gates.of(connection).judged([asked], [window], locked=False)
        except DueCourseError as error:
            raise HttpError(422, str(error)) from None
    reasons = [Reason(code=one.code, says=one.says, cite=one.cite) for one in why(edge.gates.rules.law, said.reasons)]
    return Answer(is_permitted=said.is_permitted, at=at, loans=[one.loan_id for one in said.loans], reasons=reasons)


def _note(facts: Facts, told: Told, body: Fact) -> bool:
    if body.kind == "hold":
        return facts.hold(told, _need(body.hold, "hold"), body.loan_id)
    if body.kind == "lift":
        return facts.lift(told)
    if body.kind == "promise":
        if body.amount is None or body.on is None:
            raise DueCourseError("a promise has an amount and a day")
        return facts.promise(told, body.amount, body.on, body.loan_id)
    channel = _need(body.channel, "channel")
    return facts.consent(told, channel) if body.kind == "consent" else facts.withdraw(told, channel)


def _need(value: str | None, name: str) -> str:
    if not value:
        raise DueCourseError(f"{name}: is missing, and this kind of fact needs it")
    return value


def _told(request: HttpRequest, fact_id: str, number: int) -> Told:
    edge = edge_of(request)
    with edge.connections.one() as connection:
        zone, at = zone_of(connection), edge.now()
    return Told(fact_id, number, at, Window.of(at, _MINUTE, zone, zone).booked_on)


def _by(request: HttpRequest) -> str:
    return f"token {token_of(request).name}"
