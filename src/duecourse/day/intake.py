"""What comes in by a channel, once each: replies, reports of delivery, bounces, outcomes of calls and visits.

    Intake(connection, ring, zone).take("sms", received) -> whether it is new

A reply is read for what it means, and what it means takes effect in the transaction that keeps it: a consent is gone,
a hold stands, what was queued is taken back. What cannot be read surely waits for a person; nothing is dropped. A
number or an address that turns out to be nobody's, or somebody else's, is not used again.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.transport import Received, What
from duecourse.day.facts import Facts, Told
from duecourse.day.grievances import Grievance, Grievances
from duecourse.day.known import Reached
from duecourse.day.promised import Promise
from duecourse.day.reaching import POINTS, key_of
from duecourse.day.replies import Meaning, Meant, meaning
from duecourse.store.bound import reply_place
from duecourse.store.keys import Keyring, seal

_OUTGOING: Final = """
SELECT id, borrower_no, contact_point_no FROM outbox WHERE key = %s
UNION ALL
SELECT id, borrower_no, contact_point_no FROM outbox
WHERE provider_ids <> '{}' AND provider_ids @> ARRAY[%s] AND channel = %s
LIMIT 1"""
_HAVING: Final = """
SELECT DISTINCT ON (p.borrower_id) p.borrower_id, t.id FROM contact_point t JOIN person p ON p.id = t.person_id
WHERE t.kind = %s AND t.blind = %s AND t.ended_at IS NULL AND p.erased_at IS NULL AND p.relation = 'borrower'
ORDER BY p.borrower_id, t.id"""
_PERSON: Final = """
SELECT b.borrower_id, p.id, p.person_id, p.name, p.key_id, p.wrapped_key, coalesce(c.language, b.language),
    (SELECT min(currency) FROM case_loan l WHERE l.borrower_no = b.id HAVING count(DISTINCT currency) = 1)
FROM borrower b LEFT JOIN collection_case c ON c.borrower_no = b.id
LEFT JOIN person p ON p.borrower_id = b.id AND p.relation = 'borrower' AND p.erased_at IS NULL
WHERE b.id = %s ORDER BY p.id LIMIT 1"""
_KEEP: Final = """
INSERT INTO inbound (source, event_id, what, happened_at, borrower_no, outbox_no, meanings, needs_person)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id"""
_WORDS: Final = "UPDATE inbound SET body = %s WHERE id = %s"
_FOR_PEOPLE: Final = frozenset({Meaning.UNREAD, Meaning.HELP, Meaning.WRONG_PERSON, Meaning.PAID})
_NOTHING: Final = Meant(frozenset())
_HOLDS: Final = frozenset({Meaning.CEASE, Meaning.ATTORNEY, Meaning.BANKRUPTCY, Meaning.HARDSHIP, Meaning.BEREAVEMENT})
_GRIEVANCES: Final = frozenset({Meaning.COMPLAINT, Meaning.DISPUTE})  # each with a hold of its own
_NO_USE: Final = frozenset({"not_in_service", "wrong_number"})  # outcomes that tell of the number, not of the call


@dataclass(frozen=True)
class _Outgoing:
    """The message that something is about, and the contact point that it went to, unless that was erased."""

    number: int
    borrower: int
    point: int | None


class Intake:
    """Takes in what comes, on a connection of its own; `zone` is the book's."""

    def __init__(self, connection: Connection[TupleRow], ring: Keyring, zone: str) -> None:
        """Take over a connection."""
        self._connection, self._ring, self._zone = connection, ring, ZoneInfo(zone)
        self._facts, self._grievances = Facts(connection, ring, "intake"), Grievances(connection, ring, "intake")

    def take(self, channel: str, received: Received) -> bool:
        """Take in one thing that came by a channel; False where it came before, and nothing changes."""
        outgoing = self._outgoing(channel, received)
        whose = [(outgoing.borrower, outgoing.point)] if outgoing else self._having(channel, received)
        if not whose:
            with self._connection.transaction():
                return self._kept(channel, received, None, None, _NOTHING) is not None
        with self._connection.transaction():  # all or none: what it does to one may change whose number it is
            new = [self._taken(channel, received, one, outgoing, place) for place, one in enumerate(whose)]
        return any(new)

    def _taken(
        self,
        channel: str,
        received: Received,
        whose: tuple[int, int | None],
        outgoing: _Outgoing | None,
        place: int,
    ) -> bool:
        """Take in something for one borrower at a contact point; `place` tells apart those who share a number."""
        borrower, point = whose
        with self._facts.locked(borrower):
            person, language, currency = self._person(borrower)
            on = received.at.astimezone(self._zone).date()
            meant = self._meant(received, language, on, currency)
            number = self._kept(channel, received, borrower, outgoing, meant, place)
            if number is None:
                return False
            if received.text and person.key_id is not None:
                body = seal(key_of(self._ring, person), received.text, reply_place(number))
                self._connection.execute(_WORDS, [body, number])
            told = Told(f"in-{number}", borrower, received.at, on)
            self._effect(channel, told, meant, received.text)
            if point and (why := _no_use(received, meant)):
                self._facts.end_point(told, point, why)
            if outgoing and received.outcome:
                self._facts.outcome(told, outgoing.number, received.outcome)
        return True

    def _meant(self, received: Received, language: str, on: date, currency: str | None) -> Meant:
        if received.heard.said:
            heard = received.heard
            return Meant(frozenset(map(Meaning, heard.said)), Promise(heard.pay_on, heard.amount))
        if received.what is not What.REPLY:
            return _NOTHING
        return meaning(received.text, language, on=on, currency=currency)

    def _effect(self, channel: str, told: Told, meant: Meant, words: str) -> None:
        """Let what a reply means take effect, the strictest first."""
        found = meant.meanings
        if Meaning.STOP in found:
            self._facts.withdraw(told, channel)
        if Meaning.START in found and Meaning.WRONG_PERSON not in found:
            self._facts.consent(told, channel)
        for kind in sorted(found & (_HOLDS | _GRIEVANCES)):
            of_kind = replace(told, fact_id=f"{told.fact_id}-{kind}")
            if kind in _GRIEVANCES:
                self._grievances.note(str(kind), of_kind, Grievance("other", words))
            else:
                self._facts.hold(of_kind, str(kind))
        promised = meant.promise
        if promised and promised.on and promised.amount:
            self._facts.promise(told, promised.amount, promised.on)

    def _outgoing(self, channel: str, received: Received) -> _Outgoing | None:
        if received.key is None and received.provider_id is None:
            return None
        names = [received.key, received.provider_id, channel]
        with self._connection.transaction():
            row = self._connection.execute(_OUTGOING, names).fetchone()
        return _Outgoing(*row) if row else None

    def _having(self, channel: str, received: Received) -> list[tuple[int, int | None]]:
        """Return the borrowers whom a number or an address belongs to, each with the number of that contact point."""
        kind = POINTS.get(channel)
        if kind is None or received.sender is None:
            return []
        with self._connection.transaction():
            found = self._connection.execute(_HAVING, [kind, self._ring.blind(kind, received.sender)])
            return [(borrower, point) for borrower, point in found.fetchall()]

    def _person(self, borrower: int) -> tuple[Reached, str, str | None]:
        row = self._connection.execute(_PERSON, [borrower]).fetchone() or ("",) * 8
        borrower_id, number, person_id, name, key_id, wrapped, language, currency = row
        return Reached(borrower_id, number, person_id or "", name, key_id, wrapped), (language or "")[:2], currency

    def _kept(
        self,
        channel: str,
        received: Received,
        borrower: int | None,
        outgoing: _Outgoing | None,
        meant: Meant,
        place: int = 0,
    ) -> int | None:
        """Keep that something came; None where it came before."""
        event_id = received.event_id if place == 0 else f"{received.event_id}/{place}"
        about = outgoing.number if outgoing else None
        needs = borrower is None or _needs_person(meant)
        values = [channel, event_id, received.what, received.at, borrower, about, sorted(meant.meanings), needs]
        row = self._connection.execute(_KEEP, values).fetchone()
        return int(row[0]) if row else None


def _no_use(received: Received, meant: Meant) -> str | None:
    """Return why a number or an address is of no use any more; None where nothing says so."""
    if Meaning.WRONG_PERSON in meant.meanings:
        return "wrong_person"
    return received.outcome if received.ends_point or received.outcome in _NO_USE else None


def _needs_person(meant: Meant) -> bool:
    """Say whether somebody must look: what cannot be read, or a promise of which day or amount are not sure."""
    promised = meant.promise
    unsure = Meaning.PROMISE in meant.meanings and not (promised and promised.on and promised.amount)
    return unsure or not meant.meanings.isdisjoint(_FOR_PEOPLE)
