"""`/unsubscribe/{token}`: who got a mail of ours ends all mail, with one click (RFC 8058) or a button.

A GET changes nothing: scanners of mails follow every link. A POST is what STOP would be as a reply to the mail. Its
body is not asked about: whoever holds the token may leave.
"""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation.trans_real import parse_accept_lang_header
from ninja import Path, Router

from duecourse.api.problems import Problem
from duecourse.channels.email.inbound import COMPLAINT as STOP
from duecourse.channels.email.tokens import Purpose
from duecourse.channels.transport import Received, What
from duecourse.web.edge import Edge, edge_of

router: Final = Router()

_CHANNEL: Final = "email"
_LANGUAGES: Final = ("en", "zh")  # the first is for everybody else
_TEXTS: Final = {
    "en": {
        "title": "E-mail",
        "ask": "Press the button, and we note that you want no more e-mail from us.",
        "button": "No more e-mail",
        "done": "We have noted that you want no more e-mail from us.",
        "gone": "This link is not one of ours. Please use the one in the mail.",
    },
    "zh": {
        "title": "电子邮件",
        "ask": "点击按钮后，我们会记录您不愿再收到我们的电子邮件。",
        "button": "不再接收邮件",
        "done": "我们已记录您不愿再收到我们的电子邮件。",
        "gone": "此链接无效，请使用邮件中的链接。",
    },
}
_PAGE: Final = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<p>{says}</p>{form}
</html>
"""
_FORM: Final = """
<form method="post"><button name="List-Unsubscribe" value="One-Click">{button}</button></form>"""
_HTML: Final = {"content": {"text/html": {"schema": {"type": "string"}}}}
_TOLD: Final = {"responses": {200: _HTML, 404: _HTML}}
_TAKEN: Final = {
    **_TOLD,
    "requestBody": {
        "required": False,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "properties": {"List-Unsubscribe": {"type": "string"}}}
            }
        },
    },
}
# What was agreed since changes the name of the event: leaving counts again after coming back, and else once.
_GIVEN: Final = """
SELECT count(*) FROM consents c JOIN outbox o ON o.borrower_no = c.borrower_no
WHERE o.key = %s AND c.consented_to = %s AND c.withdrawn_at IS NULL"""


@router.get("/unsubscribe/{token}", response={200: None, 404: None, 500: Problem}, openapi_extra=_TOLD)
def ask(request: HttpRequest, token: Path[str]) -> HttpResponse:
    """Show a button; nothing changes."""
    known = _key(edge_of(request), token) is not None
    return _page(request, "ask", has_button=True) if known else _page(request, "gone", status=404)


@router.post(
    "/unsubscribe/{token}", response={200: None, 404: None, 413: None, 500: Problem, 503: Problem}, openapi_extra=_TAKEN
)
def leave(request: HttpRequest, token: Path[str]) -> HttpResponse:
    """Take the token as a STOP in reply to its mail; committed when it is answered."""
    edge = edge_of(request)
    key = _key(edge, token)
    if key is None:
        return _page(request, "gone", status=404)
    edge.take(_CHANNEL, [Received(f"leave {_given(edge, key)} {key}", What.REPLY, edge.now(), key, text=STOP)])
    return _page(request, "done")


def _key(edge: Edge, token: str) -> str | None:
    return edge.tokens.key_of(token, Purpose.LEAVE)


def _given(edge: Edge, key: str) -> int:
    with edge.connections.one() as connection:
        row = connection.execute(_GIVEN, [key, _CHANNEL]).fetchone()
    return int(row[0]) if row else 0


def _page(request: HttpRequest, says: str, *, has_button: bool = False, status: int = 200) -> HttpResponse:
    language = _language(request.headers.get("Accept-Language", ""))
    texts = _TEXTS[language]
    form = _FORM.format(button=texts["button"]) if has_button else ""
    page = _PAGE.format(language=language, title=texts["title"], says=texts[says], form=form)
    return HttpResponse(page, status=status)


def _language(asked: str) -> str:
    """Return the first of our languages that a browser asks for."""
    wanted = [name.partition("-")[0] for name, _ in parse_accept_lang_header(asked[:200])]
    return next((name for name in wanted if name in _LANGUAGES), _LANGUAGES[0])
