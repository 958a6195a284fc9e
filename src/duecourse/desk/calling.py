"""Calls from the page of a case: placed when the gate says yes, and how they ended, by one key.

    calls_of(store, request, user) -> Calls | None         None where the lender's settings have no channel of calls

What was said is noted on the page that follows a conversation: two keys tell a call that came to nothing.
"""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from duecourse.day.calling import Calls
from duecourse.day.composing import Composer
from duecourse.day.hands import Hands
from duecourse.day.outcomes import Told
from duecourse.desk.access import for_staff
from duecourse.desk.opening import Open, admitted, opened
from duecourse.store.models import Staff
from duecourse.store.roles import Role
from duecourse.web.edge import edge_of

KEYS: Final = {
    "c": "conversation", "r": "ring_out", "v": "voicemail", "b": "busy", "h": "silent_hangup", "a": "answered_no_talk",
    "w": "wrong_number", "i": "not_in_service", "f": "mailbox_full",
}  # fmt: skip
"""How a call ended, by the key that says so."""
CALLER: Final = "caller"
"""The session's key for the name by which a user introduces themselves."""
_KIND: Final = "voice"
_WHOSE: Final = "SELECT count(*) FROM outbox WHERE borrower_no = %s AND channel = %s AND key >= %s AND key < %s"
_AFTER: Final = "g"  # behind all hexadecimal digits


def hands_of(store: Open, request: HttpRequest) -> Hands:
    """Return what people need to carry the plan out, on the connection of the page."""
    rules = store.rules
    compose = Composer(store.ring, rules.strategy, rules.settings)
    return Hands(
        store.connection, store.ring, rules.settings, rules.strategy, store.gate, compose, store.plan.zone,
        edge_of(request).now,
    )  # fmt: skip


def calls_of(store: Open, request: HttpRequest, user: Staff) -> Calls | None:
    """Return the calls of a user, placed in their name; None where no channel of the settings is of that kind."""
    if not any(channel.kind == _KIND for channel in store.rules.settings.channels.values()):
        return None
    return hands_of(store, request).calls(user.user_id, request.session.get(CALLER) or user.user_id)


@require_POST
@for_staff(Role.COLLECTOR, Role.SUPERVISOR)
def ended(request: HttpRequest, user: Staff, number: int) -> HttpResponse:
    """Note how a call about a case ended, by its reference; go on with what was said, or with the next case."""
    with opened(request) as store:
        admitted(store, user, number)
        hands = hands_of(store, request)
        reference, outcome = request.POST.get("reference", ""), request.POST.get("outcome", "")
        start = reference.replace("-", "").strip().lower()
        with store.connection.transaction():
            values = [number, hands.name_of(_KIND), start, start + _AFTER]
            row = store.connection.execute(_WHOSE, values).fetchone()
        if not start or row != (1,):
            raise Http404
        hands.outcomes().take(Told(reference, outcome, store.at, user.user_id))
        return redirect("desk:tell" if outcome == "conversation" else "desk:next", number)
