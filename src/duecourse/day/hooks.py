"""Other systems told of what happens, by webhooks that are signed (Standard Webhooks), each at least once.

    add(ring, url, kinds, by=..., at=...) -> (id, secret)      an administrator names where, and of what
    step(connection, ring, now) -> how many arrived            the next ones that are due

What is told is that an entry of the audit chain was written: its kind, whose it is, and when. What it says is personal,
and is asked for. One that does not arrive is tried again, ever later, for a day and a half; then it is given up.
"""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection as orm_connection
from django.db import transaction
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.gateway.http import NoAnswerError, NotSentError, call
from duecourse.channels.gateway.settings import Settings
from duecourse.channels.gateway.webhooks import signature
from duecourse.kernel.errors import DueCourseError
from duecourse.store.audit import chain
from duecourse.store.bound import whose_hook
from duecourse.store.keys import Keyring, Wrapped, new_key
from duecourse.store.models import Hook, Staff
from duecourse.store.roles import MAY, Role, What

KINDS: Final = (
    "act.released", "act.refused", "payment.received", "promise.made", "arrangement.made", "arrangement.broken",
    "hold.dispute", "hold.hardship", "hold.complaint", "hold.cease", "hold.attorney", "hold.bereavement",
    "hold.bankruptcy", "hold.moratorium", "hold.lifted", "complaint.noted", "complaint.closed", "dispute.noted",
    "dispute.closed", "consent.given", "consent.withdrawn", "contact.outcome", "data_request.asked",
)  # fmt: skip
"""Of what a hook may be told: kinds of entries of the audit chain."""
TRIES: Final = 12
_AT_ONCE: Final = 50
_BEHIND: Final = timedelta(minutes=10)  # a transaction that began longer ago than this was never committed
_FIRST: Final = timedelta(seconds=30)
_WITHIN: Final = timedelta(seconds=5)
# Entries have no order of their own: what was written lately, and of which this hook was not told, is due.
_FIND: Final = """
INSERT INTO hook_told (hook_no, chain, seq, next_try_at)
SELECT h.id, e.chain, e.seq, %(now)s FROM hook h JOIN audit_entry e ON e.kind = ANY(h.kinds)
WHERE h.ended_at IS NULL AND e.chain > 0 AND e.at >= greatest(h.made_at, %(since)s) AND e.at <= %(now)s
ON CONFLICT DO NOTHING"""
_DUE: Final = """
SELECT t.id, h.hook_id, h.url, h.key_id, h.wrapped_key, e.chain, e.seq, e.kind, e.at, e.about, b.borrower_id, t.tries
FROM hook_told t JOIN hook h ON h.id = t.hook_no JOIN audit_entry e ON e.chain = t.chain AND e.seq = t.seq
JOIN borrower b ON b.id = e.chain
WHERE t.done_at IS NULL AND NOT t.is_given_up AND t.next_try_at <= %s AND h.ended_at IS NULL
ORDER BY t.next_try_at, t.id LIMIT %s FOR UPDATE OF t SKIP LOCKED"""
_ARRIVED: Final = "UPDATE hook_told SET done_at = %s, tries = tries + 1 WHERE id = %s"
_LATER: Final = "UPDATE hook_told SET tries = tries + 1, next_try_at = %s, is_given_up = %s WHERE id = %s"


@dataclass(frozen=True, repr=False)
class _Due:
    number: int
    hook_id: str
    url: str
    key_id: str
    wrapped: bytes
    chain: int
    seq: int
    kind: str
    at: datetime
    about: str
    borrower_id: str
    tries: int


def add(ring: Keyring, url: str, kinds: Sequence[str], *, by: str, at: datetime) -> tuple[str, str]:
    """Make a hook; returns its id, and the secret of its signatures, which is shown once.

    DueCourseError for an address that is neither https nor on this machine, a kind that there is not, or when `by` is
    no administrator. `duecourse.store.orm.connect` comes first.
    """
    Settings(url=url)  # refuses an address that would show what is told to others
    if not kinds or (wrong := sorted(set(kinds) - set(KINDS))):
        raise DueCourseError(f"kind: {wrong[0] if kinds else 'none'}: name some of {', '.join(KINDS)}")
    maker = Staff.objects.filter(user_id=by, is_active=True).first()
    if maker is None or What.APPOINT not in MAY[Role(maker.role)]:
        raise DueCourseError(f"'{by}' is no active administrator: name one with --by")
    hook_id, key = secrets.token_hex(8), new_key()
    wrapped = ring.wrap(key, whose_hook(hook_id))
    with transaction.atomic(), orm_connection.cursor() as cursor:
        Hook.objects.create(
            hook_id=hook_id, url=url, kinds=sorted(set(kinds)), key_id=wrapped.key_id, wrapped_key=wrapped.sealed,
            made_by=maker, made_at=at,
        )  # fmt: skip
        said = {"hook": hook_id, "kinds": " ".join(sorted(set(kinds)))}
        chain.append_own(cursor, [chain.Draft(at, "hook.made", by, said, hook_id, plain=True)])
    return hook_id, f"whsec_{base64.b64encode(key).decode()}"


def end(hook_id: str, *, at: datetime) -> None:
    """End a hook; DueCourseError where there is none of that id."""
    if not Hook.objects.filter(hook_id=hook_id, ended_at=None).update(ended_at=at):
        raise DueCourseError(f"no hook {hook_id} stands: see `duecourse hook list`")


def step(connection: Connection[TupleRow], ring: Keyring, now: datetime) -> int:
    """Find what is new, and tell what is due; returns how many arrived."""
    with connection.transaction():
        connection.execute(_FIND, {"now": now, "since": now - _BEHIND})
    arrived = 0
    for _ in range(_AT_ONCE):
        with connection.transaction():
            row = connection.execute(_DUE, [now, 1]).fetchone()
            if row is None:
                break
            due = _Due(*row)
            if _told(ring, due, now):
                arrived += 1
                connection.execute(_ARRIVED, [now, due.number])
            else:
                wait = _FIRST * 2 ** min(due.tries, TRIES)
                connection.execute(_LATER, [now + wait, due.tries + 1 >= TRIES, due.number])
    return arrived


def _told(ring: Keyring, due: _Due, now: datetime) -> bool:
    """Send one; whether it was taken with a status of 200 to 299. No redirect is followed."""
    webhook_id = f"{due.hook_id}-{due.chain}-{due.seq}"
    data: dict[str, Any] = {"borrower_id": due.borrower_id, "about": due.about}
    body = json.dumps({"type": due.kind, "timestamp": due.at.isoformat(), "data": data}).encode()
    seconds = str(int(now.timestamp()))
    key = ring.unwrap(Wrapped(due.key_id, bytes(due.wrapped)), whose_hook(due.hook_id))
    headers = {
        "Content-Type": "application/json", "webhook-id": webhook_id, "webhook-timestamp": seconds,
        "webhook-signature": signature(key, webhook_id, seconds, body),
    }  # fmt: skip
    settings = Settings(url=due.url, connect_within=_WITHIN, answer_within=_WITHIN)
    try:
        answer = call(settings, settings.tls_context(), "POST", due.url, headers, body)
    except (NotSentError, NoAnswerError):
        return False
    return 200 <= answer.status < 300
