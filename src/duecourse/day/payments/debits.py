"""Direct debits ordered of the bank: mandates, batches, and the file (pain.008.001.08).

    write(order) -> bytes      the file; the same order always gives the same bytes

Version 08 of the message is the one that the guidelines of the SEPA direct debit schemes name since November 2023, in
place of 02. What is written is held to the schema before it is given out, and to rules that the schema does not know:
check digits, the letters that banks take, one currency.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from lxml import etree

from duecourse.day.payments import xml
from duecourse.day.payments.amounts import decimal_text
from duecourse.day.payments.matching import OwnDebit
from duecourse.day.payments.references import is_creditor_id, is_creditor_reference, is_iban, plain
from duecourse.kernel.errors import DueCourseError

KIND: Final = "pain.008.001.08"
_SPACE: Final = f"urn:iso:std:iso:20022:tech:xsd:{KIND}"
_CURRENCY: Final = "EUR"  # the only one of the SEPA schemes
AMOUNT_MAX: Final = 99_999_999_999  # 999,999,999.99: the schemes allow no more in one debit
_ID: Final = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9/?:().,'+ -]{1,35}(?<!/)")
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
_TAKEN: Final = re.compile(r"[^A-Za-z0-9/?:().,'+ -]")
_LETTERS: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
)
_NAME_MAX: Final = 70
_WORDS_MAX: Final = 140


class Sequence(StrEnum):
    """Which debit of a mandate it is."""

    FIRST = "FRST"
    RECURRING = "RCUR"
    FINAL = "FNAL"
    ONE_OFF = "OOFF"


class Scheme(StrEnum):
    """Of consumers, who may have the money back for eight weeks, or between businesses, who may not."""

    CORE = "CORE"
    BUSINESS = "B2B"


@dataclass(frozen=True)
class Creditor:
    """Whose account the money comes to: its name, account, bank, and identifier as a creditor of direct debits."""

    name: str
    iban: str
    creditor_id: str
    bic: str | None = None


@dataclass(frozen=True)
class Mandate:
    """A debtor's leave to debit an account, signed on a day. Who and which account is personal."""

    mandate_id: str
    signed_on: date
    debtor_name: str = field(repr=False)
    iban: str = field(repr=False)
    bic: str | None = field(default=None, repr=False)
    scheme: Scheme = Scheme.CORE


@dataclass(frozen=True)
class Debit:
    """One debit: an amount in minor units of EUR under a mandate, for a loan, on a day or the next that banks work.

    `end_to_end_id` is its own for ever: another try has another. `reference` is a creditor reference (RF...), `words`
    what the debtor reads beside it; a file has one of the two.
    """

    end_to_end_id: str
    loan_id: str
    mandate: Mandate
    amount: int
    collect_on: date
    sequence: Sequence
    reference: str | None = None
    words: str = field(default="", repr=False)


@dataclass(frozen=True)
class Order:
    """A file of debits: `message_id` is its own for ever, `made_at` when it was made."""

    message_id: str
    made_at: datetime
    creditor: Creditor
    debits: tuple[Debit, ...]


@dataclass(frozen=True)
class Batch:
    """The debits of one day, scheme and sequence, booked together."""

    batch_id: str
    collect_on: date
    scheme: Scheme
    sequence: Sequence
    debits: tuple[Debit, ...]

    @property
    def total(self) -> int:
        """The sum of its amounts, in minor units."""
        return sum(debit.amount for debit in self.debits)


def sequence_of(collected: int, *, is_last: bool, is_one_off: bool) -> Sequence:
    """Return which debit comes after as many that were collected and did not come back."""
    if is_one_off:
        if collected:
            raise DueCourseError("the mandate is for one debit, which was collected: ask for a new mandate")
        return Sequence.ONE_OFF
    if is_last:
        return Sequence.FINAL
    return Sequence.RECURRING if collected else Sequence.FIRST


def batches(order: Order) -> tuple[Batch, ...]:
    """Return an order's debits by day, scheme and sequence; their order in it makes no difference."""
    groups: dict[tuple[date, Scheme, Sequence], list[Debit]] = defaultdict(list)
    for debit in sorted(order.debits, key=lambda one: one.end_to_end_id):
        groups[debit.collect_on, debit.mandate.scheme, debit.sequence].append(debit)
    return tuple(
        Batch(f"{order.message_id}-{number}", *key, tuple(groups[key])) for number, key in enumerate(sorted(groups), 1)
    )


def own_debits(order: Order) -> tuple[OwnDebit, ...]:
    """Return the debits of an order as they are matched by."""
    return tuple(
        OwnDebit(debit.end_to_end_id, batch.batch_id, debit.loan_id, debit.amount, _CURRENCY)
        for batch in batches(order)
        for debit in batch.debits
    )


def write(order: Order) -> bytes:
    """Write the file of an order; DueCourseError, which shows nothing personal, when it may not be sent so."""
    _check(order)
    root = etree.Element(f"{{{_SPACE}}}Document", nsmap={None: _SPACE})
    message = _add(root, "CstmrDrctDbtInitn")
    head = _add(message, "GrpHdr")
    _add(head, "MsgId", text=order.message_id)
    _add(head, "CreDtTm", text=order.made_at.replace(microsecond=0).isoformat())
    _totals(head, order.debits)
    _add(head, "InitgPty", "Nm", text=latin(order.creditor.name, _NAME_MAX))
    for batch in batches(order):
        _write_batch(message, order.creditor, batch)
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    xml.valid(content, f"order {order.message_id}", KIND)
    return content


def latin(text: str, most: int) -> str:
    """Return a text in the letters that banks take: accents go, and what has no such letter becomes a full stop."""
    plainer = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    bare = "".join(letter for letter in plainer if not unicodedata.combining(letter))
    return " ".join(_TAKEN.sub(".", bare).split())[:most].strip() or "."


def _check(order: Order) -> None:
    """Refuse what the schema would let through."""
    where = f"order {order.message_id}"
    _check_id(where, order.message_id, 31)  # the batches' ids are this and a number
    creditor = order.creditor
    if not is_iban(creditor.iban) or not is_creditor_id(creditor.creditor_id) or not _is_bic(creditor.bic):
        raise DueCourseError(f"{where}: the creditor's IBAN, BIC or identifier is wrong: mend the settings")
    if not order.debits:
        raise DueCourseError(f"{where}: has no debits: there is nothing to send")
    ends = [debit.end_to_end_id for debit in order.debits]
    if len(set(ends)) != len(ends):
        raise DueCourseError(f"{where}: two debits have one end-to-end id: give each its own")
    for debit in order.debits:
        _check_debit(f"{where}: debit {debit.end_to_end_id}", debit, order.made_at.date())


def _check_debit(where: str, debit: Debit, made_on: date) -> None:
    mandate = debit.mandate
    _check_id(where, debit.end_to_end_id, 35)
    check_mandate(where, mandate)
    if not 0 < debit.amount <= AMOUNT_MAX:
        raise DueCourseError(f"{where}: the amount is not from 0.01 to 999999999.99: leave it out, or split it")
    if debit.collect_on < made_on:
        raise DueCourseError(f"{where}: is to be collected before the order is made: name a later day")
    if mandate.signed_on > made_on:
        raise DueCourseError(f"{where}: its mandate is signed after the order: mend the mandate")
    if debit.reference is not None and not is_creditor_reference(debit.reference):
        raise DueCourseError(f"{where}: its creditor reference has wrong check digits: make it anew")
    if debit.reference is not None and debit.words:
        raise DueCourseError(f"{where}: has a reference and words: banks take one of the two")


def check_mandate(where: str, mandate: Mandate) -> None:
    """Refuse a mandate that no file could name, with a DueCourseError that shows nothing personal."""
    _check_id(where, mandate.mandate_id, 35)
    if not is_iban(mandate.iban) or not _is_bic(mandate.bic):
        raise DueCourseError(f"{where}: the IBAN or BIC of its mandate is wrong: mend the mandate")


def _check_id(where: str, text: str, most: int) -> None:
    if not _ID.fullmatch(text) or len(text) > most or text != text.strip():
        raise DueCourseError(f"{where}: an id has 1 to {most} of the letters that banks take: choose another")


def _is_bic(text: str | None) -> bool:
    return text is None or bool(_BIC.fullmatch(text))


def _write_batch(message: etree._Element, creditor: Creditor, batch: Batch) -> None:
    group = _add(message, "PmtInf")
    _add(group, "PmtInfId", text=batch.batch_id)
    _add(group, "PmtMtd", text="DD")
    _add(group, "BtchBookg", text="true")
    _totals(group, batch.debits)
    kind = _add(group, "PmtTpInf")
    _add(kind, "SvcLvl", "Cd", text="SEPA")
    _add(kind, "LclInstrm", "Cd", text=batch.scheme)
    _add(kind, "SeqTp", text=batch.sequence)
    _add(group, "ReqdColltnDt", text=batch.collect_on.isoformat())
    _add(group, "Cdtr", "Nm", text=latin(creditor.name, _NAME_MAX))
    _add(group, "CdtrAcct", "Id", "IBAN", text=plain(creditor.iban))
    _agent(group, "CdtrAgt", creditor.bic)
    _add(group, "ChrgBr", text="SLEV")
    scheme = _add(group, "CdtrSchmeId", "Id", "PrvtId", "Othr")
    _add(scheme, "Id", text=plain(creditor.creditor_id))
    _add(scheme, "SchmeNm", "Prtry", text="SEPA")
    for debit in batch.debits:
        _write_debit(group, debit)


def _write_debit(group: etree._Element, debit: Debit) -> None:
    mandate = debit.mandate
    item = _add(group, "DrctDbtTxInf")
    _add(item, "PmtId", "EndToEndId", text=debit.end_to_end_id)
    _add(item, "InstdAmt", text=decimal_text(debit.amount, _CURRENCY)).set("Ccy", _CURRENCY)
    related = _add(item, "DrctDbtTx", "MndtRltdInf")
    _add(related, "MndtId", text=mandate.mandate_id)
    _add(related, "DtOfSgntr", text=mandate.signed_on.isoformat())
    _agent(item, "DbtrAgt", mandate.bic)
    _add(item, "Dbtr", "Nm", text=latin(mandate.debtor_name, _NAME_MAX))
    _add(item, "DbtrAcct", "Id", "IBAN", text=plain(mandate.iban))
    if debit.reference is not None:
        about = _add(item, "RmtInf", "Strd", "CdtrRefInf")
        kind = _add(about, "Tp")
        _add(kind, "CdOrPrtry", "Cd", text="SCOR")
        _add(kind, "Issr", text="ISO")
        _add(about, "Ref", text=plain(debit.reference))
    elif debit.words:
        _add(item, "RmtInf", "Ustrd", text=latin(debit.words, _WORDS_MAX))


def _agent(parent: etree._Element, name: str, bic: str | None) -> None:
    bank = _add(parent, name, "FinInstnId")
    if bic is not None:
        _add(bank, "BICFI", text=bic)
    else:
        _add(bank, "Othr", "Id", text="NOTPROVIDED")


def _totals(parent: etree._Element, debits: Iterable[Debit]) -> None:
    amounts = [debit.amount for debit in debits]
    _add(parent, "NbOfTxs", text=str(len(amounts)))
    _add(parent, "CtrlSum", text=decimal_text(sum(amounts), _CURRENCY))


def _add(parent: etree._Element, *path: str, text: str | None = None) -> etree._Element:
    """Add elements one in the other; return the innermost."""
    for step in path:
        parent = etree.SubElement(parent, f"{{{_SPACE}}}{step}")
    parent.text = text
    return parent
