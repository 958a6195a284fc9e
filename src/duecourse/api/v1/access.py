"""Who asks, what they may, that what is sent twice is done once, and how lists are read page by page.

auth=May("loans:read")                       401 without a token that counts, 403 for one without the scope
once(request, body, do) -> answer            409 where the key was used for something else
Pages(ring, "verdicts").after(cursor)        400 for a cursor that we did not give
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from django.http import HttpRequest
from ninja import Field, Query, Schema
from ninja.errors import HttpError
from ninja.security import HttpBearer
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.kernel.errors import DueCourseError
from duecourse.store import tokens
from duecourse.store.keys import Keyring
from duecourse.store.tokens import Token
from duecourse.web.edge import edge_of
from duecourse.web.limits import Limit

ROWS: Final = 100
ROWS_MOST: Final = 200
_WRONG: Final = Limit("api tokens", 60, timedelta(minutes=15))
_KEY_MOST: Final = 200  # letters
_MAC: Final = 10  # hexadecimal digits
_BEGIN: Final = """
INSERT INTO api_request (token_no, key, digest, at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_BEFORE: Final = "SELECT digest, answer FROM api_request WHERE token_no = %s AND key = %s"
_DONE: Final = "UPDATE api_request SET answer = %s WHERE token_no = %s AND key = %s"


class May(HttpBearer):
    """Whoever has a token that counts, with a scope."""

    def __init__(self, scope: str) -> None:
        """Take the scope."""
        super().__init__()
        self._scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Token | None:
        """Return the token; a wrong one is counted by where it comes from."""
        edge = edge_of(request)
        with edge.connections.one() as connection:
            found = tokens.whose(connection, token)
            if found is None:
                place = request.META.get("REMOTE_ADDR", "")
                if not _WRONG.take(connection, edge.ring, place, edge.now()):
                    raise HttpError(429, "too many wrong tokens: wait a quarter of an hour")
                return None
        if self._scope not in found.scopes:
            raise HttpError(403, f"the token lacks the scope {self._scope}")
        return found


def token_of(request: HttpRequest) -> Token:
    """Return the token of a request that was let in."""
    found = getattr(request, "auth", None)
    assert isinstance(found, Token)  # noqa: S101  `May` put it there
    return found


class Page(Schema):
    """Which page of a list: how many rows, and what the page before gave as `next`."""

    limit: Annotated[int, Field(ge=1, le=ROWS_MOST)] = ROWS
    after: Annotated[str, Field(max_length=200)] = ""


Paged = Query[Page]


@dataclass(frozen=True, repr=False)
class Pages:
    """Cursors of one list: a row's number, and a keyed hash so that none can be made up."""

    ring: Keyring
    what: str

    def next(self, number: int) -> str:
        """Return the cursor of the page behind a row."""
        return f"{number}.{self._mac(str(number))}"

    def after(self, cursor: str) -> int:
        """Return the number of the row behind which a page begins; 0 for the first page."""
        if not cursor:
            return 0
        number, _, mac = cursor.partition(".")
        if not number.isdecimal() or not hmac.compare_digest(mac.encode(), self._mac(number).encode()):
            raise HttpError(400, "after: is no cursor of this list: begin with the first page")
        return int(number)

    def _mac(self, number: str) -> str:
        secret = self.ring.secret(f"api cursors {self.what}")
        return hmac.new(secret, number.encode(), hashlib.sha256).hexdigest()[:_MAC]


def once(
    request: HttpRequest, connection: Connection[TupleRow], body: Schema, do: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Do something once for a token and its Idempotency-Key, and answer alike when it comes again.

    All of it is one transaction: two at once wait for each other. What is refused leaves nothing behind, so that it can
    be mended and sent again under the same key.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not 0 < len(key) <= _KEY_MOST or not key.isprintable():
        raise HttpError(400, f"Idempotency-Key: name each request by a key of its own, of at most {_KEY_MOST} letters")
    told = json.dumps([request.path, body.model_dump(mode="json")], sort_keys=True)
    digest, token = hashlib.sha256(told.encode()).hexdigest(), token_of(request).number
    try:
        with connection.transaction():
            if connection.execute(_BEGIN, [token, key, digest, edge_of(request).now()]).rowcount == 0:
                ((before, answer),) = connection.execute(_BEFORE, [token, key]).fetchall()
                if before != digest:
                    raise HttpError(409, "this Idempotency-Key was used for another request: choose another")
                return dict(answer)
            answer = do()
            connection.execute(_DONE, [json.dumps(answer), token, key])
    except DueCourseError as error:
        raise HttpError(422, str(error)) from None
    return answer
