"""Headers that every answer has: nothing is kept, nobody is told where one was, and of a page only our own is run.

What machines ask for gets no right at all; pages may load our own scripts, styles and images, and nothing inline.
"""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse

_BARE: Final = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_OWN: Final = "script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _BARE,
    "Permissions-Policy": "interest-cohort=()",
}
BYTES_MOST: Final = 65_536
"""What may be sent, but where files are."""
_UPLOADS: Final = "/portal/mine/report"
PAGES: Final = ("/desk/", "/portal/", "/language")
"""Under what addresses there are pages for people."""


def guard(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware of Django."""

    def guarded(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        is_long = not request.path.startswith(_UPLOADS) and length.isdecimal() and int(length) > BYTES_MOST
        response = JsonResponse({"error": f"over {BYTES_MOST} bytes"}, status=413) if is_long else answer(request)
        for name, value in _HEADERS.items():
            response.headers[name] = value
        if request.path.startswith(PAGES):
            response.headers["Content-Security-Policy"] = f"{_BARE}; {_OWN}"
        else:
            response.headers["Referrer-Policy"] = "no-referrer"  # an address may hold a token
        return response

    return guarded
