"""The words of messages, read by people: what they say, what the law's word lists find in them, and who approved them.

    read(connection, strategy, law, on) -> [Shown, ...]
    approve(strategy, user, name, words, at)

What binds the gate is what the strategy's file says, which two different people must have approved. Here people approve
the very words, by their hash: whoever keeps the file takes the two names, and the day, from here.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection as orm_connection
from django.db import transaction
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.kernel.errors import DueCourseError
from duecourse.law.rulebook import Law
from duecourse.law.wording.lexicon import Found, languages
from duecourse.law.wording.lexicon import read as words_of
from duecourse.store.audit import chain
from duecourse.store.models import Staff, TemplateApproval
from duecourse.strategy.models import Strategy, Template
from duecourse.strategy.texts import sampled

EYES: int = 2
_APPROVED = """
SELECT t.template, t.words, s.user_id, t.approved_at FROM template_approval t JOIN staff s ON s.id = t.approved_by
ORDER BY t.id"""


@dataclass(frozen=True)
class Text:
    """A template in a language, with sample values, and the words in it that carry a flag of the law."""

    language: str
    subject: str
    text: str
    found: tuple[Found, ...]


@dataclass(frozen=True)
class Shown:
    """A template: what it declares, its texts, by whom the file says it was approved, and who has approved it here."""

    name: str
    says: str
    content: tuple[str, ...]
    words: str
    texts: tuple[Text, ...]
    by_file: tuple[str, ...]
    on_file: date | None
    here: tuple[tuple[str, datetime], ...]

    @property
    def is_approved(self) -> bool:
        """Whether two people have approved these very words here."""
        return len(self.here) >= EYES

    @property
    def line(self) -> str:
        """What to write into the strategy's file once two have approved."""
        if not self.is_approved:
            return ""
        (first, _), (second, at), *_rest = self.here
        return f"approved: {{by: [{first}, {second}], on: {at.date()}}}"


def hash_of(template: Template) -> str:
    """Return by what the words of a template are known, in all languages: the hash of their canonical form."""
    said = {"subject": template.subject, "text": template.text, "content": sorted(template.content)}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read(connection: Connection[TupleRow], strategy: Strategy, law: Law, on: date) -> list[Shown]:
    """Return every template of a strategy as it stands."""
    del law, on
    with connection.transaction():
        rows = connection.execute(_APPROVED).fetchall()
    templates = strategy.templates or {}
    return [_shown(strategy, name, template, rows) for name, template in sorted(templates.items())]


def approve(strategy: Strategy, user: Staff, name: str, words: str, at: datetime) -> None:
    """Note that a user approves the words of a template, as they were shown; twice changes nothing.

    DueCourseError where there is no such template, or its words are others by now.
    """
    template = (strategy.templates or {}).get(name)
    if template is None or hash_of(template) != words:
        raise DueCourseError("these words are not those of the strategy in force: load the page again")
    with transaction.atomic(), orm_connection.cursor() as cursor:
        _row, is_new = TemplateApproval.objects.get_or_create(
            template=name, words=words, approved_by=user, defaults={"approved_at": at}
        )
        if is_new:
            said = {"template": name, "words": words}
            chain.append_own(cursor, [chain.Draft(at, "template.approved", user.user_id, said, name, plain=True)])


def _shown(strategy: Strategy, name: str, template: Template, rows: Sequence[TupleRow]) -> Shown:
    words = hash_of(template)
    here = tuple((str(user), at) for of, these, user, at in rows if (of, these) == (name, words))
    approved = template.approved
    return Shown(
        name, template.says, tuple(template.content), words,
        tuple(_text(strategy, template, language) for language in sorted(template.text)),
        approved.by if approved else (), approved.on if approved else None, here,
    )  # fmt: skip


def _text(strategy: Strategy, template: Template, language: str) -> Text:
    templates = strategy.templates or {}
    subject = template.subject.get(language, "")
    text = sampled(template.text[language], language, templates)
    found = words_of(text, language) if language in languages() else ()
    return Text(language, sampled(subject, language, templates) if subject else "", text, found)
