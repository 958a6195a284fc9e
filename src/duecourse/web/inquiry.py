"""The inquiry as portal and desk have it: whether it is on, whose pseudonym is known, and how its answers are told.

offered(rules, on) -> Offered | None        a charter that is in force, and the lender's settings
person_of(offered, borrower_id)             the pseudonym under which the lender publishes somebody, or None
reading(offered, caller) -> (Reader, hub)   for as long as it is needed
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.utils import timezone
from django.utils.translation import gettext as _

from duecourse.day.settings import Inquiry
from duecourse.documents.pdf import labels_for, shown_day, shown_money
from duecourse.inquiry import telling
from duecourse.inquiry.charter import Charter, Lender, Purpose, signed
from duecourse.inquiry.checks import Check, Refused
from duecourse.inquiry.client import Reader
from duecourse.inquiry.entry import Person
from duecourse.inquiry.seeds import SEED, seed
from duecourse.inquiry.signed import Signer
from duecourse.inquiry.wire import Caller, Http
from duecourse.kernel.errors import DueCourseError
from duecourse.publishing.nightly import Kept
from duecourse.web.edge import Rules


@dataclass(frozen=True, repr=False)
class Offered:
    """The inquiry as the lender has set it up, with the charter, whose signature holds, and the law."""

    settings: Inquiry
    charter: Charter
    rules: Rules
    on: date

    def allows(self, purpose: Purpose, country: str) -> bool:
        """Say whether charter and law let borrowers be looked up for a purpose in a country."""
        try:
            self.charter.allowed(country, purpose, self.on)
        except Refused:
            return False
        return self.rules.look_ups.refusal(country, purpose, self.on) is None

    @property
    def lender(self) -> Lender:
        """Who the charter says that the lender is. Refused (`party`) where it has none of its key."""
        return self.charter.active_lender(self.caller.signer.public)

    @property
    def caller(self) -> Caller:
        """The lender, as who asks."""
        return Caller(Signer.of(seed_of(SEED)))


def offered(rules: Rules, on: date) -> Offered | None:
    """Return the inquiry where the lender takes part in it; None without settings, or under a charter nobody signed."""
    settings = rules.settings.inquiry
    if settings is None:
        return None
    try:
        return Offered(settings, signed(Path(settings.charter), settings.operator), rules, on)
    except Refused:
        return None


def person_of(offered: Offered, borrower_id: str) -> Person | None:
    """Return the keys of a borrower; None where the lender has no pseudonym of theirs."""
    kept = Kept(Path(offered.settings.kept), seed_of(SEED))
    try:
        return kept.person(borrower_id) if borrower_id in kept.people() else None
    finally:
        kept.close()


@contextmanager
def reading(offered: Offered, caller: Caller) -> Iterator[tuple[Reader, Http]]:
    """Give one who asks hub and key holder, and the way to the hub."""
    with Http(offered.settings.hub) as hub, Http(offered.settings.holder) as holder:
        yield Reader(offered.charter, hub, holder, caller), hub


def seed_of(name: str) -> bytes:
    """Return the seed in a variable of the environment; DueCourseError in words for people."""
    try:
        return seed(name)
    except DueCourseError:
        raise DueCourseError(_("The lender has not set this up yet.")) from None


def refusal(refused: DueCourseError) -> str:
    """Return what people are told of a look-up that failed: of a check, its name where nobody can do anything."""
    if not isinstance(refused, Refused):
        return _("It does not answer now. Please try again later.")
    told = {
        Check.RATE: _("You have looked often today. Please come back tomorrow."),
        Check.CONSENT: _("This consent was given to another lender."),
        Check.CONSENT_EXPIRED: _("This consent has run out."),
        Check.CONSENT_USED: _("This consent has been used."),
        Check.CONSENT_WITHDRAWN: _("The borrower has taken this consent back."),
        Check.LAW: _("No law here allows a look-up for this purpose."),
    }
    return told.get(refused.check) or _(
        "What came back is not as it must be (%(check)s), so nothing of it is shown. Please try again later."
    ) % {"check": refused.check}


def ways(words: telling.Words) -> telling.Ways:
    """Return how the language of some words writes amounts, days and moments."""
    labels = labels_for(words["language"])

    def day(when: date) -> str:
        return shown_day(when, labels)

    def moment(at: datetime) -> str:
        return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"

    return telling.Ways(shown_money, day, moment)
