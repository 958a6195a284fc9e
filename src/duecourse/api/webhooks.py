"""`POST /webhooks/{channel}`: what a provider tells, proved by its signature, taken in before it is answered."""

from typing import Any, Final

from django.http import HttpRequest
from ninja import Path, Router

from duecourse.api.problems import Problem
from duecourse.channels.gateway.webhooks import WebhookError, read
from duecourse.web.edge import edge_of

router: Final = Router()

_REFUSED: Final = (400, 401, 404, 413, 422, 500, 503)
_HEADERS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("webhook-id", {"type": "string", "pattern": r"^[!-~]{1,200}$"}),
    ("webhook-timestamp", {"type": "string", "pattern": "^[0-9]{1,11}$"}),
    ("webhook-signature", {"type": "string", "pattern": "^v1,[A-Za-z0-9+/]{43}=$"}),
)
_BODY: Final = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"type": "string", "minLength": 1, "maxLength": 200},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
}
_TOLD: Final = {
    "parameters": [{"in": "header", "name": name, "required": True, "schema": schema} for name, schema in _HEADERS],
    "requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}},
}


@router.post("/webhooks/{channel}", response={204: None, **dict.fromkeys(_REFUSED, Problem)}, openapi_extra=_TOLD)
def take(request: HttpRequest, channel: Path[str]) -> tuple[int, None]:
    """Take in an event of a provider, once; 204 when it is committed, and again when it comes again."""
    edge = edge_of(request)
    hook = edge.hooks.get(channel)
    if hook is None:
        raise WebhookError(404, "no provider is set for this channel")
    body = _bounded(request, hook.settings.bytes_most)
    edge.take(channel, read(body, request.headers, hook.keys, edge.now(), hook.settings))
    return 204, None


def _bounded(request: HttpRequest, most: int) -> bytes:
    """Return the body; WebhookError of one that is longer, before it is read."""
    told = request.META.get("CONTENT_LENGTH") or "0"
    if not told.isdecimal() or int(told) > most:
        raise WebhookError(413, f"over {most} bytes")
    return request.read(most + 1)
