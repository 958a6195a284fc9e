"""What the bank says of an order of direct debits: its status report (pain.002), read and applied to what was ordered.

    read(content, name) -> Report
    came_back(report, debits) -> tuple[CameBack, ...]     each debit that was rejected, with the reason

Returns after the day of collection come with the bank's statement: see `statements` and `matching`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lxml import etree

from duecourse.day.payments import xml
from duecourse.day.payments.matching import OwnDebit
from duecourse.day.payments.xml import child, children, text

KINDS: Final = ("pain.002.001.03", "pain.002.001.10", "pain.002.001.12")
_REJECTED: Final = "RJCT"


@dataclass(frozen=True)
class Told:
    """What is said of an order, of a batch or of one debit: the bank's status (ACCP, RJCT, PART, ...) and its reason.

    `batch_id` and `end_to_end_id` are None where it is said of all.
    """

    status: str | None
    reason: str | None
    batch_id: str | None = None
    end_to_end_id: str | None = None


@dataclass(frozen=True)
class Report:
    """A status report: the message it is about, and what is told, in the order of the file."""

    kind: str
    message_id: str
    told: tuple[Told, ...]


@dataclass(frozen=True)
class CameBack:
    """A debit that was rejected; `reason` is None where the bank gives none."""

    end_to_end_id: str
    loan_id: str
    amount: int
    reason: str | None


def read(content: bytes, name: str, *, size_max: int = xml.SIZE_MAX) -> Report:
    """Read a status report; DueCourseError refuses the whole file."""
    message = xml.read(content, name, KINDS, size_max=size_max)
    group = child(message.root, "OrgnlGrpInfAndSts")
    told = [] if group is None else [Told(text(group, "GrpSts"), _reason(group))]
    for batch in children(message.root, "OrgnlPmtInfAndSts"):
        batch_id = text(batch, "OrgnlPmtInfId")
        told.append(Told(text(batch, "PmtInfSts"), _reason(batch), batch_id))
        for item in children(batch, "TxInfAndSts"):
            end = text(item, "OrgnlEndToEndId")
            if end is None:
                raise message.error(item, "names no debit (OrgnlEndToEndId): ask the bank which one it is about")
            told.append(Told(text(item, "TxSts"), _reason(item), batch_id, end))
    return Report(message.kind, text(group, "OrgnlMsgId") or "", tuple(told))


def came_back(report: Report, debits: Iterable[OwnDebit]) -> tuple[CameBack, ...]:
    """Return which debits of the order that the report is about were rejected, by their ids.

    What is said of a debit stands over what is said of its batch, and that over what is said of the whole order.
    """
    by_end = {one.end_to_end_id: one for one in report.told if one.end_to_end_id is not None}
    by_batch = {one.batch_id: one for one in report.told if one.batch_id is not None and one.end_to_end_id is None}
    of_all = next((one for one in report.told if one.batch_id is None), None)
    found = []
    for debit in sorted(debits, key=lambda one: one.end_to_end_id):
        ranks = (by_end.get(debit.end_to_end_id), by_batch.get(debit.batch_id), of_all)
        said = [one for one in ranks if one is not None and one.status is not None]
        if said and said[0].status == _REJECTED:
            reason = next((one.reason for one in said if one.reason is not None), None)
            found.append(CameBack(debit.end_to_end_id, debit.loan_id, debit.amount, reason))
    return tuple(found)


def _reason(element: etree._Element) -> str | None:
    about = child(element, "StsRsnInf", "Rsn")
    return text(about, "Cd") or text(about, "Prtry")
