"""The names that may stand in braces in the texts of templates, such as {name}: a closed list with what each means.

A text is filled in once, by these names alone: nothing in it or in a value is ever evaluated.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from duecourse.kernel.errors import DueCourseError
from duecourse.law.document import nearest

_WRITTEN: Final = ("sms", "im", "email", "letter", "fax", "social_private")
_LONG: Final = ("email", "letter", "fax", "visit")
_SPOKEN: Final = ("call", "voicemail", "visit")
_REPLIED: Final = ("sms", "im", "email", "social_private")  # whoever gets one can answer with a word
_ALL: Final = (*_WRITTEN, *_SPOKEN)


class Kind(StrEnum):
    """What the value of a placeholder is."""

    AMOUNT = "amount"  # int, minor units of the loan's currency, more than 0
    PART = "part"  # int, minor units, 0 or more: a part of an amount
    DAY = "day"  # datetime.date
    DAYS = "days"  # int, a number of days, 1 or more
    WORDS = "words"  # str, one line
    LINE = "line"  # the text of the template of the same name, or nothing where it does not belong


@dataclass(frozen=True)
class Placeholder:
    """A name for braces. `channels` are those that it suits.

    `carries` is the word of content that a text with it says, and so its template must declare. `samples` are values
    of kind WORDS, of the usual length, for each language in which texts are read for banned words.
    """

    name: str
    kind: Kind
    means: str
    channels: tuple[str, ...] = _ALL
    carries: str | None = None
    samples: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def _words(
    name: str, means: str, samples: tuple[str, str], channels: tuple[str, ...] = _ALL, carries: str | None = None
) -> Placeholder:
    en, zh = samples
    return Placeholder(name, Kind.WORDS, means, channels, carries, MappingProxyType({"en": en, "zh": zh}))


def _amount(name: str, means: str) -> Placeholder:
    return Placeholder(name, Kind.AMOUNT, means, carries="debt_details")


def _part(name: str, means: str) -> Placeholder:
    return Placeholder(name, Kind.PART, means, _LONG, carries="debt_details")


def _day(name: str, means: str, carries: str | None = None) -> Placeholder:
    return Placeholder(name, Kind.DAY, means, carries=carries)


_LISTED: Final = (
    # who
    _words("name", "the borrower's name, as letters to the borrower begin", ("Ana Ruiz", "王芳")),
    _words("lender", "the lender, or the firm that writes for it, by the name that the borrower knows",
           ("Acme Loans", "安心贷")),
    _words("caller", "the name of the person who calls or visits", ("Luis", "李明"), _SPOKEN, "gives_own_name"),
    # what is owed
    _amount("amount_overdue", "what is overdue and unpaid, on the day of the message"),
    _amount("amount_owed", "everything that is owed, due or not yet due"),
    _amount("amount_next_due", "the instalment that falls due next"),
    _amount("amount_residual", "what is left of charges once all instalments are met"),
    _amount("amount_settlement", "the sum that ends the whole debt, or has ended it"),
    _amount("amount_forgiven", "what was forgiven of a debt once the offer was paid"),
    _part("principal_overdue", "the principal in amount_overdue"),
    _part("interest_overdue", "the interest in amount_overdue"),
    _part("penalty_overdue", "the penalty for lateness in amount_overdue"),
    _part("fees_overdue", "the fees in amount_overdue"),
    _part("costs_overdue", "the costs in amount_overdue"),
    _words("loan_reference", "how the lender and the borrower name the loan, never a whole account number",
           ("L-2207", "L-2207"), carries="debt_details"),
    Placeholder("days_past_due", Kind.DAYS, "days since the oldest instalment that is not met fell due",
                carries="debt_details"),
    # when
    _day("overdue_since", "the day on which the oldest instalment that is not met fell due", "debt_details"),
    _day("due_on", "the day on which the next instalment falls due", "debt_details"),
    _day("pay_by", "the day by which is asked to pay, or until which an offer stands"),
    _day("report_on", "the first day on which a record may be made"),
    _day("answer_by", "the last day for an answer to a notice"),
    _day("written_on", "the day of the message"),
    # how and where
    _words("own_page", "the address of the borrower's own page, which opens once and asks who it is",
           ("my.example.com/portal/in/k7", "my.example.com/portal/in/k7"), _WRITTEN),
    _words("check_code", "the code by which whoever gets it can ask whether it is genuine",
           ("7Q2M-XK4D-0ABC", "7Q2M-XK4D-0ABC"), (*_WRITTEN, "visit")),
    _words("how_to_pay", "how money can be paid: an address of the lender's own page, or an account",
           ("pay.example.com/k7", "pay.example.com/k7")),
    _words("phone_of_firm", "the number at which a person answers", ("800 555 0100", "400-555-0100")),
    _words("write_to", "the address for letters and e-mails to the firm",
           ("Acme Loans, 1 Main Street, Springfield", "南京路1号安心贷"), _LONG),
    _words("dispute_how", "how the debt, or a part of it, can be disputed",
           ("pay.example.com/ask", "pay.example.com/ask"), _LONG),
    _words("help_how", "where the borrower finds independent advice that costs nothing",
           ("211.org", "当地消费者协会"), _LONG),
    _words("report_to", "to whom the debt would be reported", ("CreditFile Ltd", "某征信公司"), _LONG),
    _words("stop_word", "the word with which a borrower answers to get no more such messages", ("STOP", "TD"),
           _REPLIED, "opt_out_line"),
    _words("new_owner", "who owns the debt now, with their address",
           ("Fund Seven LLC, 7 High Street", "第七资产管理公司"), _LONG),
    _day("sold_on", "the day from which somebody else owns the debt"),
    _words("reward", "what has been earned, in words", ("a rate lower by half a point", "利率下调半个百分点"),
           (*_WRITTEN, "call")),
    Placeholder("collector_line", Kind.LINE, "the line of a debt collector, where one collects the debt of another"),
)  # fmt: skip
PLACEHOLDERS: Final[Mapping[str, Placeholder]] = MappingProxyType({one.name: one for one in _LISTED})

_BRACED: Final = re.compile(r"\{([^{}]*)\}")


def names_in(text: str) -> tuple[str, ...]:
    """Return the names in braces, in order, each once. DueCourseError for a brace without a pair or an unknown name."""
    if "{" in (rest := _BRACED.sub("", text)) or "}" in rest:
        raise DueCourseError("a brace has no pair; braces hold the name of a placeholder, and stand for nothing else")
    names = tuple(dict.fromkeys(_BRACED.findall(text)))
    for name in names:
        if name not in PLACEHOLDERS:
            raise DueCourseError(f"unknown placeholder '{name}'{nearest(name, PLACEHOLDERS)}")
    return names


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield a text in pieces, in order: (words, False) as they stand, and (name, True) for a placeholder."""
    for place, piece in enumerate(_BRACED.split(text)):
        if piece or place % 2:
            yield piece, bool(place % 2)
