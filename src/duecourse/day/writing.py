"""What the gate writes of its decisions, in one statement: contact, verdict, message, audit, and the plan's act."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from duecourse.day.decision import Decision, Words
from duecourse.day.known import Found, Reached
from duecourse.day.reaching import POINTS, key_of
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.audit.form import Entry
from duecourse.store.bound import message_place
from duecourse.store.keys import Keyring, seal_bytes
from duecourse.store.line import Line, moment

BY: Final = "gate"
_ROW: Final[Mapping[str, str]] = {
    "key": "text", "borrower_no": "bigint", "day": "date", "planned_act_no": "bigint", "act": "text", "channel": "text",
    "purpose": "text", "loans": "text[]", "amounts": "bigint[]", "is_permitted": "boolean", "is_contact": "boolean",
    "reasons": "text[]", "law": "text", "asked": "bigint[]", "refused": "bigint[]", "unknown": "bigint[]",
    "contact_point_no": "bigint", "language": "text", "body": "text", "body_hash": "text",
}  # fmt: skip
_COLUMNS: Final = ", ".join(f"{name} {kind}" for name, kind in _ROW.items())
WRITE: Final = f"""
WITH decided AS MATERIALIZED (SELECT * FROM jsonb_to_recordset($1::jsonb) AS decided({_COLUMNS})),
released AS MATERIALIZED (SELECT $2::timestamptz AS at, $3::timestamptz AS until),
{chain.ADDED.format("$4")},
contact AS (
    INSERT INTO contacts (contact_id, borrower_no, channel, direction, happened_at, happened_on, about, made_by,
        purpose, from_book)
    SELECT key, borrower_no, channel, 'out', at, day, loans, 'own', purpose, false
    FROM decided, released WHERE is_contact
    RETURNING id, contact_id
),
verdict AS (
    INSERT INTO verdict (borrower_no, planned_act_no, contact_no, judged_at, act, channel, purpose, loans, amounts,
        is_permitted, reasons, law, asked, refused, unknown)
    SELECT borrower_no, planned_act_no, contact.id, at, act, channel, purpose, loans, amounts, is_permitted, reasons,
        law, asked, refused, unknown
    FROM released, decided LEFT JOIN contact ON contact_id = key
),
message AS (
    INSERT INTO outbox (key, contact_no, borrower_no, channel, contact_point_no, language, body, body_hash,
        released_at, valid_until, next_try_at)
    SELECT key, contact.id, borrower_no, channel, contact_point_no, language, decode(body, 'hex'),
        decode(body_hash, 'hex'), at, until, at
    FROM released, decided JOIN contact ON contact_id = key
)
UPDATE planned_act SET state = CASE WHEN is_permitted THEN 'released' ELSE 'refused' END
FROM decided WHERE planned_act.id = planned_act_no AND state = 'waiting'"""


Drafts = Callable[[Decision], Sequence[chain.Draft]]


class Then(Protocol):
    """What follows on decisions, and stands or falls with them."""

    def drafts(self, decision: Decision) -> Sequence[chain.Draft]:
        """Return what the borrower's audit chain keeps of it, behind the gate's own entry."""

    def write(self, line: Line, decisions: Sequence[Decision]) -> None:
        """Write it; what is raised here undoes the decisions too."""


@dataclass(frozen=True, repr=False)
class Prepared:
    """All that is written of some decisions, sealed: the values of one statement."""

    values: tuple[bytes, ...]
    keys: tuple[str | None, ...]


def prepared(ring: Keyring, decisions: Sequence[Decision], found: Found, more: Drafts | None = None) -> Prepared:
    """Seal what is written of decisions at one instant; `keys` are those of the contacts, None where there is none.

    The words of a message are sealed under the borrower's key, at the place that `message_place` names. `more` are
    entries of the audit chain that follow on the gate's own.
    """
    rows, entries = [], list[Entry]()
    for decision in decisions:
        person = found.people.get(decision.asked.borrower)
        if person is None:
            raise DueCourseError(f"there is no borrower number {decision.asked.borrower}")
        key = None if person.wrapped_key is None else key_of(ring, person)
        row = _row(decision, person, key)
        rows.append(row)
        entries += _entries(row, decision, person, key, more(decision) if more else ())
    window = decisions[0].window
    values = (json.dumps(rows).encode(), moment(window.first), moment(window.last), chain.written(entries).encode())
    return Prepared(values, tuple(row["key"] for row in rows))


def write(line: Line, what: Prepared) -> None:
    """Write what was prepared, with the end of the transaction that is open."""
    line.tell(WRITE, what.values)


def message_bytes(words: Words) -> bytes:
    """Return a message as it is sealed, and as its hash is taken."""
    said: dict[str, Any] = {"subject": words.subject, "text": words.text}
    if words.details:
        said["details"] = dict(words.details)
    return json.dumps(said, ensure_ascii=False).encode()


def _entries(
    row: Mapping[str, Any], decision: Decision, person: Reached, key: bytes | None, more: Sequence[chain.Draft]
) -> list[Entry]:
    """Return what the borrower's audit chain keeps of a decision; in the clear, without amounts, where no key is."""
    kind = "act.released" if decision.is_permitted else "act.refused"
    open_, sealed = ("act", "channel", "purpose", "loans", "reasons", "law"), ("amounts", "asked", "body_hash")
    body = {name: row.get(name) for name in (open_ if key is None else (*open_, *sealed))}
    whose = chain.Key(person.number, key) if key is not None and person.number is not None else None
    head = chain.Head(decision.asked.borrower, person.borrower_id, person.seq, person.hash, whose)
    about = row["key"] or str(decision.asked.planned_act or "")
    own = chain.Draft(decision.window.first, kind, BY, body, about, plain=whose is None)
    return chain.entries_for(head, [own, *(replace(draft, plain=whose is None) for draft in more)])


def _row(decision: Decision, person: Reached, own: bytes | None) -> dict[str, Any]:
    asked = decision.asked
    row: dict[str, Any] = {
        "borrower_no": asked.borrower,
        "day": decision.window.on.isoformat(),
        "planned_act_no": asked.planned_act,
        "act": asked.act,
        "channel": asked.channel,
        "purpose": asked.purpose,
        "loans": [loan.loan_id for loan in decision.loans],
        "amounts": [loan.overdue for loan in decision.loans],
        "is_permitted": decision.is_permitted,
        "is_contact": decision.words is not None,
        "reasons": list(decision.reasons),
        "key": None,
        **_bits(decision),
    }
    words, key = decision.words, decision.key
    if words is None or key is None or own is None:
        return row
    text = message_bytes(words)
    sealed = seal_bytes(own, text, message_place(key))
    point = next(point for point in person.points if point.kind == POINTS[asked.channel or ""])
    return {
        **row,
        "key": key,
        "contact_point_no": point.number,
        "language": words.language,
        "body": sealed.hex(),
        "body_hash": hashlib.sha256(text).hexdigest(),
    }


def _bits(decision: Decision) -> dict[str, Any]:
    """Lay the bits of the loans' verdicts behind each other: all are of one law."""
    verdicts = decision.verdicts
    return {
        "law": verdicts[0].law if verdicts else "",
        "asked": [word for verdict in verdicts for word in verdict.asked],
        "refused": [word for verdict in verdicts for word in verdict.refused],
        "unknown": [word for verdict in verdicts for word in verdict.unknown],
    }
