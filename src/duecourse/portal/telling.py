"""What a borrower tells by themselves, noted once with what it must stop; and what they may read and take with them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from duecourse.day import evidence
from duecourse.day.dossier import dossier
from duecourse.day.facts import Facts
from duecourse.day.grievances import Grievance, Grievances
from duecourse.day.money.agreed import arrange
from duecourse.day.money.planning import Plan
from duecourse.day.sums import Sums
from duecourse.documents.pdf import pdf
from duecourse.endings import moving
from duecourse.endings import review as reviews
from duecourse.endings.visit import safety
from duecourse.portal.access import BY, Own
from duecourse.portal.lines import lines
from duecourse.portal.papers import statement
from duecourse.store.people import Known as Personal
from duecourse.store.people import Point, add

_PROMISES: Final = """
SELECT p.loan_id, p.amount, p.promised_on, c.currency FROM promises p LEFT JOIN case_loan c ON c.loan_id = p.loan_id
WHERE p.borrower_no = %s AND p.promised_on >= %s ORDER BY p.promised_on"""
_PLANS: Final = """
SELECT a.loan_id, c.currency, d.due_on, d.amount FROM arrangements a
JOIN arrangement_due d ON d.arrangement_id = a.arrangement_id AND d.borrower_no = a.borrower_no
JOIN case_loan c ON c.loan_id = a.loan_id
WHERE a.borrower_no = %s AND a.replaced_at IS NULL AND a.broken_on IS NULL AND (a.ended_on IS NULL OR a.ended_on >= %s)
ORDER BY a.loan_id, d.number"""
_HOURS: Final = """
INSERT INTO contact_hours (borrower_no, from_minute, to_minute) VALUES (%(borrower)s, %(first)s, %(last)s)
ON CONFLICT (borrower_no) DO UPDATE SET from_minute = excluded.from_minute, to_minute = excluded.to_minute
WHERE (contact_hours.from_minute, contact_hours.to_minute) <> (excluded.from_minute, excluded.to_minute)"""
_PERSON: Final = "SELECT FROM person WHERE borrower_id = %s AND person_id = %s"
_HOUR: Final = 60
_STOPS: Final = {"attorney": "attorney", "debt_adviser": "hardship"}
"""What stops while somebody speaks for a borrower: with a lawyer all contact, with a debt adviser collection."""


@dataclass(frozen=True)
class Promised:
    """A promise that is open, in minor units."""

    loan_id: str | None
    amount: int
    on: date
    currency: str | None


def promises(own: Own) -> list[Promised]:
    """Return the promises whose day is not over."""
    with own.connection.transaction():
        return [Promised(*row) for row in own.connection.execute(_PROMISES, [own.borrower, own.on]).fetchall()]


def plans(own: Own) -> dict[str, list[tuple[str, date, int]]]:
    """Return the instalments of plans that stand, by loan: currency, day and amount in minor units."""
    found: dict[str, list[tuple[str, date, int]]] = {}
    with own.connection.transaction():
        for loan_id, currency, due_on, amount in own.connection.execute(_PLANS, [own.borrower, own.on]).fetchall():
            found.setdefault(loan_id, []).append((currency, due_on, amount))
    return found


def promise(own: Own, loan_id: str, given: Mapping[str, Any]) -> bool:
    """Note a promise."""
    facts = _facts(own)
    with facts.locked(own.borrower):
        return facts.promise(own.told(given["fact_id"]), given["amount"], given["pay_on"], loan_id)


def agree(own: Own, fact_id: str, made: Plan) -> bool:
    """Note an arrangement as it was shown."""
    return arrange(own.connection, own.ring, own.told(fact_id), made.loan_id, made.dues, BY)


def wrong(own: Own, given: Mapping[str, Any]) -> bool:
    """Note a dispute in the borrower's words; it stops collection of the loan, or of all."""
    said = Grievance(given["kind"], given["words"], given["loan"] or None)
    return Grievances(own.connection, own.ring, BY).note("dispute", own.told(given["fact_id"]), said)


def hardship(own: Own, given: Mapping[str, Any]) -> bool:
    """Note that somebody cannot pay now; what they say of it is kept as sealed as a complaint, if they say anything."""
    facts, told = _facts(own), own.told(given["fact_id"])
    with facts.locked(own.borrower):
        is_new = facts.hold(told, "hardship")
        if is_new and given["words"]:
            facts.note(told, "hardship.words", {"words": given["words"]})
        return is_new


def report(own: Own, given: Mapping[str, Any]) -> bool:
    """Note a complaint with its files, all or nothing."""
    grievances = Grievances(own.connection, own.ring, BY)
    with own.connection.transaction():
        is_new = grievances.note("complaint", own.told(given["fact_id"]), Grievance(given["kind"], given["words"]))
        if is_new:
            evidence.keep(own.connection, own.ring, own.borrower, given["fact_id"], given["shown"])
        return is_new


def hours(own: Own, given: Mapping[str, Any]) -> bool:
    """Note between which hours somebody wants to hear of us."""
    first, last = given["from_hour"] * _HOUR, given["to_hour"] * _HOUR
    facts, told = _facts(own), own.told(given["fact_id"])
    values = {"borrower": own.borrower, "first": first, "last": last}
    with facts.locked(own.borrower):
        return facts.write(told, _HOURS, values, "contact.hours", {"from": first, "to": last})


def channel(own: Own, fact_id: str, name: str, *, is_allowed: bool) -> bool:
    """Note that a channel is refused, or agreed to again."""
    facts, told = _facts(own), own.told(fact_id)
    with facts.locked(own.borrower):
        return facts.consent(told, name) if is_allowed else facts.withdraw(told, name)


def silence(own: Own, fact_id: str) -> bool:
    """Note that somebody wants to hear nothing more."""
    facts = _facts(own)
    with facts.locked(own.borrower):
        return facts.hold(own.told(fact_id), "cease")


def speaker(own: Own, given: Mapping[str, Any]) -> bool:
    """Note who speaks for a borrower, sealed, and stop what stops while they do."""
    person_id = f"told-{given['fact_id'][:12]}"
    with own.connection.transaction():
        if own.connection.execute(_PERSON, [own.borrower, person_id]).fetchone() is not None:
            return False
    points = tuple(Point(kind, given[kind]) for kind in ("phone", "email") if given[kind])
    relation = "speaker" if given["kind"] == "other" else given["kind"]
    add(own.ring, own.borrower_id, person_id, relation, Personal(given["name"], points))
    facts, told = _facts(own), own.told(given["fact_id"])
    with facts.locked(own.borrower):
        facts.note(told, "speaker.named", {"person": person_id, "relation": relation})
        if given["kind"] in _STOPS:
            facts.hold(told, _STOPS[given["kind"]])
    return True


def review(own: Own, what: str) -> bool:
    """Ask that a person looks again at a decision, or at whether anybody visits; False where there is none."""
    if what == "visit":
        return safety.review(_facts(own), own.connection, own.borrower_id, own.who)
    with own.connection.transaction():
        found = moving.read(own.connection, "e.id = %s AND e.borrower_no = %s", [int(what), own.borrower])
    return bool(found) and reviews.ask(own.connection, own.ring, found[0], own.who)


def stands(own: Own, number: int) -> bool | None:
    """Say whether a person looks at a decision again; None of one that is over."""
    with own.connection.transaction():
        found = moving.read(own.connection, "e.id = %s AND NOT e.is_over", [number])
    return found[0].waits_for_review if found else None


def statement_pdf(own: Own, one: Sums) -> bytes:
    """Return the statement of a loan as a PDF, in the language of the page."""
    return pdf("claim", statement(own, one, lines(own, one)))


def everything(own: Own) -> bytes:
    """Return all that the store keeps of the borrower, as JSON."""
    return json.dumps(dossier(own.connection, own.ring, own.borrower), ensure_ascii=False, indent=1).encode()


def _facts(own: Own) -> Facts:
    return Facts(own.connection, own.ring, BY)
