"""`GET /loans/{loan_id}/endings`: what was decided of a loan and each step since, for a lender's own systems."""

import hmac
from datetime import date
from typing import Final

from django.http import HttpRequest
from ninja import Path, Router, Schema
from ninja.errors import HttpError
from ninja.security import HttpBearer

from duecourse.api.problems import Problem
from duecourse.endings.history import told
from duecourse.web.edge import edge_of

router: Final = Router()


class _System(HttpBearer):
    """Whoever has the token; where none is set, there is nothing here."""

    def authenticate(self, request: HttpRequest, token: str) -> bool:
        """Compare in constant time."""
        right = edge_of(request).systems_token or ""
        return bool(right) and hmac.compare_digest(token.encode(errors="surrogatepass"), right.encode())

    def __call__(self, request: HttpRequest) -> bool:
        """Say that there is nothing, where no token is set; else read the header."""
        if edge_of(request).systems_token is None:
            raise HttpError(404, "no token is set for systems")
        return bool(super().__call__(request))


class Step(Schema):
    """A step of an ending: into which state it came, when, by whom (a user's id), and why."""

    on: date
    state: str
    by: str
    why: str


class Ending(Schema):
    """An ending of a loan, with its steps from the first; `run` is what it was carried out with."""

    number: int
    kind: str
    state: str
    run: str | None
    steps: list[Step]


@router.get(
    "/loans/{loan_id}/endings",
    auth=_System(),
    response={200: list[Ending], **dict.fromkeys((400, 401, 404, 422, 500, 503), Problem)},
)
def endings(request: HttpRequest, loan_id: Path[str]) -> list[Ending]:
    """Give the endings of a loan, the oldest first; an empty list where nothing was ever decided of it."""
    with edge_of(request).connections.one() as connection:
        return [Ending.model_validate(one) for one in told(connection, loan_id)]
