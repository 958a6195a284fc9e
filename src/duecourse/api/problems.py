"""How a request is refused: one line of JSON that holds nothing personal, and nothing of it in a log.

A log names the error's kind and its place in the code: its words may quote what somebody sent.
"""

import logging
from typing import Any, Final

import psycopg
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError

from duecourse.channels.gateway.webhooks import WebhookError
from duecourse.kernel.errors import DueCourseError
from duecourse.web.refusals import place_of, problem

LOG: Final = logging.getLogger("duecourse.api")


class Problem(Schema):
    """Why a request was refused."""

    error: str


def told_by(api: NinjaAPI) -> None:
    """Let an API answer every error in this way."""
    api.add_exception_handler(WebhookError, _refused)
    api.add_exception_handler(HttpError, _http)
    api.add_exception_handler(ValidationError, _not_as_agreed)
    api.add_exception_handler(psycopg.OperationalError, _unreachable)
    api.add_exception_handler(DueCourseError, _not_taken)
    api.add_exception_handler(Exception, _unexpected)


def _refused(_request: HttpRequest, error: Any) -> HttpResponse:
    return problem(error.status, str(error))


def _not_as_agreed(_request: HttpRequest, error: Any) -> HttpResponse:
    """Name the first thing that is not as the schema has it; what was sent is not quoted."""
    first = error.errors[0]
    place = ".".join(str(part) for part in first["loc"][-1:])
    return problem(422, f"{place}: {first['msg']}")


def _http(_request: HttpRequest, error: Any) -> HttpResponse:
    found = problem(error.status_code, error.message)
    if error.status_code == 401:
        found.headers["WWW-Authenticate"] = "Bearer"
    return found


def _unreachable(_request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    LOG.error("the database did not do it in time: %s", place_of(error))
    return problem(503, "the database does not answer: try again later")


def _not_taken(_request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    LOG.error("not taken: %s", " ".join(str(error).split()))
    return problem(503, "it could not be taken in: try again later")


def _unexpected(_request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    LOG.error("failed: %s", place_of(error))
    return problem(500, "it failed, and nothing was changed")
