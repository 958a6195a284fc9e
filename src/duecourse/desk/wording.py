"""A wording looked at while it is typed: the words in it that the law forbids or asks about, before they are said."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from duecourse.desk.access import CASES, for_staff
from duecourse.law.vocabulary import VOCABULARY
from duecourse.law.wording.lexicon import languages, read
from duecourse.store.models import Staff

_LETTERS_MOST: Final = 4_000


@require_http_methods(["GET", "POST"])
@for_staff(*CASES)
def wording(request: HttpRequest, user: Staff) -> HttpResponse:
    """Show the page, or, of a text, what is found in it; nothing of it is kept."""
    del user
    known = languages()
    if request.method == "GET":
        return render(request, "desk/wording.html", {"known": known})
    text, language = request.POST.get("text", "")[:_LETTERS_MOST], request.POST.get("of", "")
    found = read(text, language) if language in known and text.strip() else ()
    meanings = VOCABULARY.enumerations["content"]
    shown = [(one.words, one.flag, meanings.get(one.flag, "")) for one in found]
    return render(request, "desk/worded.html", {"found": shown, "has_text": bool(text.strip())})
