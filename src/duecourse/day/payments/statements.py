"""A bank's statement (camt.053) or notice of bookings (camt.054) of ISO 20022, read as entries.

A booking of several payments becomes one entry for each. Their amounts add up to the booking's, with the bank's charges
where it names them, or the file is refused. Where the bank gives no amounts of the parts the booking stays one entry.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from lxml import etree

from duecourse.day.payments import xml
from duecourse.day.payments.amounts import minor_units
from duecourse.day.payments.entries import Entry, NotBooked, Taken, digest, numbered
from duecourse.day.payments.xml import Message, child, children, text
from duecourse.kernel.errors import DueCourseError

VERSIONS: Final = (2, 4, 6, 8, 10)
KINDS: Final = tuple(f"camt.{message}.001.{version:02}" for message in ("053", "054") for version in VERSIONS)
_BOOKED: Final = "BOOK"
_DAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T.*|Z|[+-]\d{2}:\d{2})?")
_NOT_GIVEN: Final = frozenset({"NOTPROVIDED", "NOT PROVIDED", "NONREF"})  # what banks write where there is nothing
_ASK: Final = "ask the bank for a statement that adds up"


def read(content: bytes, name: str, *, size_max: int = xml.SIZE_MAX, must_balance: bool = True) -> Taken:
    """Read a statement or a notice; `name` is the file's, for what is told of it.

    With `must_balance` the bookings of a statement that is whole must lead from its opening balance to its closing one.
    DueCourseError refuses the whole file.
    """
    message = xml.read(content, name, KINDS, size_max=size_max)
    step = "Stmt" if message.kind.startswith("camt.053") else "Ntfctn"
    entries: list[Entry] = []
    waiting: list[NotBooked] = []
    seen: set[tuple[str | None, ...]] = set()
    for found in children(message.root, step):
        statement = _Statement.of(message, found)
        if statement.key in seen:
            raise message.error(found, "is in the file twice: take one of the two out")
        seen.add(statement.key)
        bookings = [_Booking.of(statement, entry) for entry in children(found, "Ntry")]
        booked = [booking for booking in bookings if booking.status == _BOOKED]
        waiting += [booking.not_booked for booking in bookings if booking.status != _BOOKED]
        if must_balance:
            _check_balance(statement, booked)
        numbers = numbered([(booking.base, booking.content) for booking in booked])
        for booking, number in zip(booked, numbers, strict=True):
            entries += booking.entries(digest(booking.base, number))
    return Taken(message.kind, tuple(entries), tuple(waiting))


@dataclass(frozen=True)
class _Statement:
    """One account's statement within a file."""

    message: Message
    element: etree._Element
    account: str
    currency: str | None
    number: str | None
    page: str | None
    is_whole: bool

    @classmethod
    def of(cls, message: Message, element: etree._Element) -> "_Statement":
        account = child(element, "Acct")
        named = text(account, "Id", "IBAN") or text(account, "Id", "Othr", "Id")
        if named is None:
            raise message.error(element, "names no account: ask the bank for one that does")
        pages = child(element, "StmtPgntn")
        if pages is None:
            pages = child(element, "NtfctnPgntn")
        page = text(pages, "PgNb")
        is_whole = pages is None or ((page or "").lstrip("0") == "1" and text(pages, "LastPgInd") in {"true", "1"})
        return cls(message, element, named, text(account, "Ccy"), text(element, "Id"), page, is_whole)

    @property
    def key(self) -> tuple[str | None, ...]:
        """By what it is the same statement."""
        return self.account, self.currency, self.number, self.page

    def money(self, element: etree._Element) -> tuple[int, str]:
        """Return an amount and its currency."""
        currency = element.get("Ccy", "")
        try:
            return minor_units((element.text or "").strip(), currency), currency
        except DueCourseError as error:
            raise self.message.error(element, f"cannot be taken: {error}: ask the bank for the right one") from None


@dataclass(frozen=True)
class _Booking:
    """One entry of a statement, as the bank books it."""

    statement: _Statement
    element: etree._Element
    amount: int
    currency: str
    is_credit: bool
    status: str

    @classmethod
    def of(cls, statement: _Statement, element: etree._Element) -> "_Booking":
        amount, currency = statement.money(_must(element, "Amt"))
        status = text(element, "Sts", "Cd") or text(element, "Sts") or "proprietary"
        return cls(statement, element, amount, currency, _is_credit(element), status)

    @property
    def not_booked(self) -> NotBooked:
        """What is told of it where it is not booked."""
        return NotBooked(int(self.element.sourceline or 0), self.status, self.amount, self.currency, self.is_credit)

    @property
    def signed(self) -> int:
        """The amount, below zero where it went out."""
        return self.amount if self.is_credit else -self.amount

    @property
    def reference(self) -> str | None:
        """The bank's own reference of the booking, where it gives one."""
        return _given(text(self.element, "AcctSvcrRef"))

    @property
    def is_reversal(self) -> bool:
        """Whether it takes back an earlier booking."""
        return text(self.element, "RvslInd") in {"true", "1"}

    @property
    def content(self) -> str:
        """All that is said of it, as a digest."""
        return _content(self.element)

    @property
    def base(self) -> str:
        """By what it is the same booking: see `entries`."""
        statement, reference = self.statement, self.reference
        about = (statement.account, self.currency, self.signed, self.is_reversal)
        if reference is not None:
            return digest("reference", *about, reference, self.booked_on.isoformat())
        return digest("content", *about, statement.number, statement.page, self.content)

    @property
    def booked_on(self) -> date:
        """The day on which it was booked, else that from which it bears interest."""
        day = self._day("BookgDt") or self._day("ValDt")
        if day is None:
            raise self.statement.message.error(self.element, "has no booking date and no value date: ask the bank")
        return day

    @property
    def _batch_id(self) -> str | None:
        """The batch that it is the booking of, where it is of one."""
        found = {text(group, "Btch", "PmtInfId") for group in children(self.element, "NtryDtls")}
        return _given(found.pop()) if len(found) == 1 else None

    def entries(self, booking_id: str) -> Iterator[Entry]:
        """Yield it as entries: itself, or its parts and the bank's charges; they add up to it."""
        whole = Entry(
            entry_id=booking_id,
            booking_id=booking_id,
            account=self.statement.account,
            booked_on=self.booked_on,
            value_on=self._day("ValDt"),
            amount=self.amount,
            currency=self.currency,
            is_credit=self.is_credit,
            is_reversal=self.is_reversal,
            bank_reference=self.reference,
            batch_id=self._batch_id,
        )
        details = [one for group in children(self.element, "NtryDtls") for one in children(group, "TxDtls")]
        signed = [self._signed(part) for part in details]
        if len(details) == 1 and signed[0] in {None, self.signed}:
            yield self._described(whole, details[0])
            return
        amounts = [one for one in signed if one is not None]
        if len(amounts) < len(details) or not details:
            yield whole
            return
        charges = self._charges(details, amounts)
        numbers = numbered([("", _content(part)) for part in details])
        for part, amount, number in zip(details, amounts, numbers, strict=True):
            entry = replace(whole, entry_id=f"{booking_id}.{number}", amount=abs(amount), is_credit=amount >= 0)
            yield self._described(entry if amount else replace(entry, is_credit=self.is_credit), part)
        if charges:
            own = f"{booking_id}.charges"
            yield replace(whole, entry_id=own, amount=abs(charges), is_credit=charges > 0, is_charge=True)

    def _signed(self, part: etree._Element) -> int | None:
        """Return the amount of a part, below zero where it went out; None where the bank gives none in the currency."""
        element = child(part, "Amt")
        if element is None:
            element = child(part, "AmtDtls", "TxAmt", "Amt")
        if element is None or element.get("Ccy") != self.currency:
            return None
        amount, _ = self.statement.money(element)
        is_credit = self.is_credit if child(part, "CdtDbtInd") is None else _is_credit(part)
        return amount if is_credit else -amount

    def _charges(self, details: list[etree._Element], amounts: list[int]) -> int:
        """Return the bank's charges, below zero where it took them, by which the parts become the whole."""
        left = self.signed - sum(amounts)
        if left in {0, sum(map(self._named_charges, details)), self._named_charges(self.element)}:
            return left
        raise self.statement.message.error(
            self.element, f"has {len(details)} parts that do not add up to its amount: {_ASK}"
        )

    def _named_charges(self, element: etree._Element) -> int:
        total = 0
        for group in children(element, "Chrgs"):
            for record in [group] if child(group, "Amt") is not None else list(children(group, "Rcrd")):
                amount, currency = self.statement.money(_must(record, "Amt"))
                is_credit = child(record, "CdtDbtInd") is not None and _is_credit(record)
                total += 0 if currency != self.currency else amount if is_credit else -amount
        return total

    def _described(self, entry: Entry, part: etree._Element) -> Entry:
        """Return an entry with the references, words and names of a part."""
        refs, parties, told = child(part, "Refs"), child(part, "RltdPties"), child(part, "RmtInf")
        instructed = child(part, "AmtDtls", "InstdAmt", "Amt")
        original = self.statement.money(instructed) if instructed is not None else None
        return replace(
            entry,
            bank_reference=_given(text(refs, "AcctSvcrRef")) or entry.bank_reference,
            end_to_end_id=_given(text(refs, "EndToEndId")),
            mandate_id=_given(text(refs, "MndtId")),
            message_id=_given(text(refs, "MsgId")),
            batch_id=_given(text(refs, "PmtInfId")) or entry.batch_id,
            original_amount=original[0] if original and original[1] == self.currency else None,
            return_reason=text(part, "RtrInf", "Rsn", "Cd") or text(part, "RtrInf", "Rsn", "Prtry"),
            structured=_texts([text(one, "CdtrRefInf", "Ref") for one in children(told, "Strd")]),
            unstructured=_texts([text(one) for one in children(told, "Ustrd")]),
            debtor_name=text(parties, "Dbtr", "Nm") or text(parties, "Dbtr", "Pty", "Nm"),
            debtor_account=text(parties, "DbtrAcct", "Id", "IBAN") or text(parties, "DbtrAcct", "Id", "Othr", "Id"),
        )

    def _day(self, step: str) -> date | None:
        """Return a day as it is written, whatever its zone: it is the bank's own."""
        written = text(self.element, step, "Dt") or text(self.element, step, "DtTm")
        if written is None:
            return None
        found = _DAY.fullmatch(written)
        try:
            return date.fromisoformat(found[1] if found else "")
        except ValueError:
            raise self.statement.message.error(self.element, f"has a {step} that is no day: ask the bank") from None


def _must(element: etree._Element, step: str) -> etree._Element:
    """Return a child that the schema demands."""
    found = child(element, step)
    if found is None:
        raise DueCourseError(f"line {element.sourceline}: {xml.local(element)} lacks {step}: ask the bank")
    return found


def _is_credit(element: etree._Element) -> bool:
    return text(element, "CdtDbtInd") == "CRDT"


def _given(reference: str | None) -> str | None:
    return None if reference is None or reference.upper() in _NOT_GIVEN else reference


def _texts(found: list[str | None]) -> tuple[str, ...]:
    return tuple(one for one in found if one is not None)


def _content(element: etree._Element) -> str:
    """Return a digest of all that an element says; layout and namespaces make no difference."""
    parts = []
    for one in element.iter(etree.Element):
        attributes = sorted((str(key), str(value)) for key, value in one.attrib.items())
        parts.append([xml.local(one), (one.text or "").strip(), attributes, len(one)])
    return digest(parts)


def _check_balance(statement: _Statement, booked: list[_Booking]) -> None:
    """Refuse a statement whose bookings do not lead from the opening balance to the closing one, where it has both."""
    balances: dict[str, list[tuple[int, str]]] = {}
    for found in children(statement.element, "Bal"):
        amount, currency = statement.money(_must(found, "Amt"))
        kind = text(found, "Tp", "CdOrPrtry", "Cd") or ""
        balances.setdefault(kind, []).append((amount if _is_credit(found) else -amount, currency))
    opening = balances.get("OPBD") or balances.get("PRCD") or []
    closing = balances.get("CLBD", [])
    if not statement.is_whole or len(opening) != 1 or len(closing) != 1:
        return
    currencies = {opening[0][1], closing[0][1], *(one.currency for one in booked)}
    if len(currencies) == 1 and opening[0][0] + sum(one.signed for one in booked) != closing[0][0]:
        raise statement.message.error(
            statement.element, f"does not lead from its opening to its closing balance: {_ASK}"
        )
