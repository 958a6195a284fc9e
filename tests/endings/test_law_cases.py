"""The worked cases of the law, through a decision in the store: what the law refuses nobody can decide.

Visits, demands and charges are asked of the gate; a demand that is refused is tried as a letter that asks for the money
too. Each try of an act that is an ending becomes a borrower with a loan, its history, and a person who decides. Where a
case tells what the store cannot (words of a contact, who else was there) it is left out; what the gate finds out by
itself (who we are, what is overdue) is given as its tables have it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg

import duecourse.law
from duecourse.day.asking import Asked, Window
from duecourse.day.gate import Gate
from duecourse.endings.deciding import Said, Wanted
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.law.casefile import Case, Try
from duecourse.law.columns import ACT
from duecourse.law.judge import gates
from duecourse.law.rulebook import Law
from duecourse.law.world import worlds
from duecourse.ledger.histories import from_loans
from duecourse.ledger.loan import Instalment, Loan, Terms
from duecourse.ledger.packed import packed
from duecourse.night.lawful import ALWAYS, VARIES
from duecourse.night.past import DETAILS
from duecourse.store.bound import whose
from duecourse.store.endings import ACTS
from duecourse.store.keys import Keyring, new_key
from duecourse.store.server import ADMIN
from tests import package
from tests.day.cases import gate
from tests.endings.cases import BOSS

BOOKS: Final = Path(duecourse.law.__file__).parent / "books"
KINDS: Final = {act: kind for kind, act in ACTS.items()}
AMOUNTS: Final = ("demand", "charge")
_LOAN: Final = frozenset({"id", "product", "currency", "principal", "opened_on", "in_default_since", "due_on", "owner"})
_BORROWER: Final = frozenset({"country", "region", "zones", "language", "age", "deceased_on"})
_COLLECTOR: Final = frozenset({"id", "role", "lender_type"})
_EVENT: Final = frozenset({"at", "at_zone", "event", "loan", "about", "until", *DETAILS})
_CONTACT: Final = frozenset({"at", "at_zone", "event", "channel", "direction", "outcome", "about", "with", "purpose"})
_WORDS: Final = frozenset({"content", "text", "purpose"})
_LENT: Final = 1_000_000
_FIRST: Final = 10_000  # number of the first borrower


@dataclass(frozen=True)
class Told:
    """A try, with its case, the loan that it is about, and what the law is told of it that no table has."""

    case: Case
    tried: Try
    loan: Mapping[str, Any]
    more: Mapping[str, Any]
    demands: bool = False  # tried as a letter that asks for money

    @property
    def at(self) -> datetime:
        found = self.tried.values["at"]
        assert isinstance(found, datetime)
        return found

    @property
    def borrower(self) -> Mapping[str, Any]:
        return self.case.borrower

    @property
    def act(self) -> str:
        return "contact" if self.demands else str(self.tried.values["act"])

    @property
    def channel(self) -> str | None:
        return "letter" if self.demands else self.tried.values.get("channel")  # type: ignore[return-value]

    @property
    def says(self) -> str:
        return f"{self.case.file}:{self.tried.line} {self.act}: {self.case.says}"


def told_by_the_store() -> list[Told]:
    """Return the tries of endings, demands and charges of which the store can tell all that the case tells."""
    found = []
    for file in sorted(BOOKS.glob("*/*.cases.yaml")):
        for case in package.cases(file):
            found += [one for tried in case.tries if (one := _told(case, tried)) is not None]
    return found


def _told(case: Case, tried: Try) -> Told | None:
    values = tried.values
    is_visit = (values.get("act"), values.get("channel")) == ("contact", "visit")
    is_asked = values.get("act") in {*KINDS, *AMOUNTS} or is_visit
    if not is_asked or values.get("with", "borrower") != "borrower" or _WORDS & set(values):
        return None
    if case.people or case.calendar or not set(case.borrower) <= _BORROWER or not set(case.collector) <= _COLLECTOR:
        return None
    rows = worlds([replace(case, tries=(tried,))]).acts
    loans = [loan for loan in case.loans if loan["id"] == rows[0]["loan"]]
    if len(rows) != 1 or len(loans) != 1:
        return None
    known = VARIES - {"amount"} | {"world", "by", "seen", "act_no", *(f"collector.{name}" for name in _COLLECTOR)}
    known |= {"actor.id", "actor.role", "actor.lender_type", *(f"loan.{name}" for name in _LOAN)}
    more = {name: value for name, value in rows[0].items() if value not in {None, (), ALWAYS.get(name)}}
    more = {name: value for name, value in more.items() if name not in known and not name.startswith("borrower.")}
    told_amounts = {"amount"} if values.get("act") in AMOUNTS else set[str]()
    if any(name not in ACT or (name == "amount" and not told_amounts) for name in more):
        return None
    for event in case.history:
        if not set(event) <= (_CONTACT if event["event"] == "contact" else _EVENT):
            return None
        if event["event"] in {"consent", "consent_withdrawn"} or event.get("with", "borrower") != "borrower":
            return None
    return Told(case, tried, loans[0], more)


def as_letters(tries: list[Told]) -> list[Told]:
    """Return the refused demands once more, as letters that ask for that money."""
    return [replace(one, demands=True) for one in tries if one.act == "demand" and one.tried.expect != "permitted"]


class Store:
    """Writes borrowers as cases tell of them, one after another."""

    def __init__(self, opened: Opened, gate: Gate, admin: psycopg.Connection[Any]) -> None:
        """Begin behind the borrowers that are there."""
        self.opened, self.gate, self.admin, self.number = opened, gate, admin, _FIRST

    def decide(self, told: Told) -> Said:
        self.number += 1
        self._borrower(told)
        self._loan(told)
        history: list[Mapping[str, Any]] = [dict(event) for event in told.case.history]
        for place, event in enumerate(event for event in history if event["at"] <= told.at):
            self._happened(told, place, event)
        zones = told.borrower.get("zones")
        on = told.at.astimezone(ZoneInfo(zones[0]) if zones else UTC).date()
        if told.act not in KINDS:
            return self._judged(told, on)
        wanted = Wanted(self.number, (self.loan_id,), told={name: _plain(value) for name, value in self._more(told)})
        (said,) = self.opened.deciding.decide(KINDS[told.act], [wanted], Who(BOSS, told.at, on))
        return said

    def _judged(self, told: Told, on: date) -> Said:
        """Ask the gate of a visit, a demand or a charge, of which only the law is looked at here."""
        window = Window(told.at, told.at + timedelta(minutes=1), on, on)
        asked = Asked(
            self.number, told.act, told.channel, "collection", (self.loan_id,), None,
            told=dict(self._more(told)),
        )  # fmt: skip
        (decision,) = self.gate.judged([asked], [window])
        reasons = tuple(reason for reason in decision.reasons if reason.startswith("law:"))
        return Said(self.number, self.loan_id, is_done=not reasons, reasons=reasons)

    @property
    def loan_id(self) -> str:
        return f"case-{self.number}"

    def _more(self, told: Told) -> Iterator[tuple[str, Any]]:
        return ((name, self._ours(told, value)) for name, value in told.more.items())

    def _ours(self, told: Told, value: Any) -> Any:
        """Say `own` of the firm of the case, as the gate does."""
        return "own" if value == told.case.collector.get("id", "C1") else value

    def _borrower(self, told: Told) -> None:
        ring: Keyring = self.opened.ring
        borrower, number, key = told.borrower, self.number, new_key()
        born = None if borrower.get("age") is None else date(told.at.year - borrower["age"] - 1, 12, 31)
        self._write("borrower", id=number, borrower_id=f"B{number}", language=borrower.get("language") or "", zones=[])
        wrapped = ring.wrap(key, whose(f"B{number}", f"B{number}"))
        person = {"id": number, "borrower_id": number, "person_id": f"B{number}", "relation": "borrower"}
        self._write("person", **person, key_id=wrapped.key_id, wrapped_key=wrapped.sealed)
        self._write(
            "collection_case", borrower_no=number, country=borrower["country"], region=borrower.get("region") or "",
            zones=list(borrower.get("zones") or ()), language=borrower.get("language") or "", born_on=born,
            deceased_on=borrower.get("deceased_on"), planned_on=date(2000, 1, 1),
        )  # fmt: skip

    def _loan(self, told: Told) -> None:
        loan, collector = told.loan, told.case.collector
        due_on = loan.get("in_default_since") or loan.get("due_on") or (told.at - timedelta(days=60)).date()
        due_on = min(due_on, (told.at - timedelta(days=2)).date())
        opened_on = loan.get("opened_on") or due_on - timedelta(days=365)
        amount = loan.get("principal") or _LENT
        due = (Instalment(1, due_on, amount),)
        history = packed(from_loans([Loan("L", min(opened_on, due_on), (Terms(principal=amount),), due)]), 0)
        self._write(
            "case_loan", borrower_no=self.number, loan_id=self.loan_id, product=loan.get("product"),
            currency=loan.get("currency") or "USD", principal=amount, opened_on=loan.get("opened_on"),
            lender_type=collector.get("lender_type"), owner_id=loan.get("owner"),
            is_owner=collector.get("role") == "original_creditor", last_due_on=loan.get("due_on") or due_on,
            history=history,
        )  # fmt: skip

    def _happened(self, told: Told, place: int, event: Mapping[str, Any]) -> None:
        at, day = event["at"], event["at"].date()
        about = event.get("about") or ([event["loan"]] if event.get("loan") else [])
        if about and told.loan["id"] not in about:
            return
        known = {"borrower_no": self.number, "happened_at": at, "happened_on": day, "from_book": False}
        if event["event"] == "contact":
            self._write(
                "contacts", contact_id=f"{self.number}-{place}", channel=event["channel"],
                direction=event.get("direction") or "out", outcome=event.get("outcome"), about=[self.loan_id],
                made_by="own", purpose=event.get("purpose") or "collection", **known,
            )  # fmt: skip
            return
        details = {name: self._ours(told, _plain(event[name])) for name in DETAILS if event.get(name) is not None}
        self._write(
            "events", event_id=f"{self.number}-{place}", kind=event["event"], loan_id=self.loan_id if about else None,
            until_at=event.get("until"), details=json.dumps(details) if details else None, **known,
        )  # fmt: skip

    def _write(self, table: str, **row: Any) -> None:
        marks = ", ".join(["%s"] * len(row))
        self.admin.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})".encode(), list(row.values()))


def _from_memory(law: Law, told: Told) -> bool:
    """Say whether what a case refuses rests on rules from memory alone: those refuse nothing until switched on."""
    act = told.tried.values["act"]
    rules = [rule for rule in law.rules if rule.record.topic == told.tried.rule and act in rule.record.acts]
    rules = [rule for rule in rules if rule.book in told.case.rulebooks]
    return bool(rules) and not any(gates(rule) for rule in rules)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def test_what_the_law_refuses_in_a_case_nobody_can_decide(office: Office, opened: Opened) -> None:
    tries = [one for one in told_by_the_store() if not _from_memory(office.law, one)]
    tries += as_letters(tries)
    assert {one.act for one in tries} >= {"furnish", "list", "sue", "sell", "contact", *AMOUNTS}
    wrong, by_law, agreed, permitted = [], 0, 0, 0
    with psycopg.connect(office.place.url(ADMIN), autocommit=True) as admin, office.place.connected() as own:
        store = Store(opened, gate(office.place, own), admin)
        for one in tries:
            said = store.decide(one)
            if one.tried.expect == "permitted":
                permitted += 1
                agreed += said.is_done
            elif said.is_done:
                wrong.append(one.says)
            else:
                by_law += any(reason.startswith("law:") for reason in said.reasons)
    refused = len(tries) - permitted
    assert wrong == [], "\n".join(wrong)
    assert refused > 200
    assert by_law == refused  # not by a hold, nor for want of a rulebook
    assert agreed * 10 >= permitted * 9, (agreed, permitted)  # what a case permits, a person may decide
