"""Whether somebody with a link is the borrower: asked what they know, and neither a message nor a neighbour tells.

    asked_of(known) -> Question
    is_right(question, known, name, given) -> bool

Birth dates are asked for. Of whom none is known, the name as it is in the contract is, with the number of a loan.
"""

import hmac
import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from duecourse.day.known import Known


class Question(StrEnum):
    """What is asked."""

    BORN_ON = "born_on"
    CONTRACT = "contract"


def asked_of(known: Known) -> Question:
    """Return what a borrower is asked."""
    return Question.CONTRACT if known.born_on is None else Question.BORN_ON


def is_right(question: Question, known: Known, name: str | None, given: Mapping[str, object]) -> bool:
    """Say whether an answer is right: a day under `born_on`, or texts under `name` and `loan`."""
    if question is Question.BORN_ON:
        return known.born_on is not None and _same(str(given.get("born_on")), known.born_on.isoformat())
    loans = [_plain(loan) for loan in known.loans]
    has_loan = any(_same(_plain(str(given.get("loan"))), loan) for loan in loans)
    return _same(_plain(str(given.get("name"))), _plain(name or "")) and bool(name) and has_loan


def _plain(text: str) -> str:
    """Return letters and digits alone, alike in all ways of writing them."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogatepass"), right.encode())
