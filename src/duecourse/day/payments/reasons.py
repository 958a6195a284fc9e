"""Why a direct debit came back, what that means, and whether it may be tried again.

The codes are those of ISO 20022's external code sets ExternalReturnReason1Code and ExternalStatusReason1Code, as the
SEPA direct debit schemes use them.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from duecourse.kernel.errors import DueCourseError


class Meaning(StrEnum):
    """What a reason means for another try."""

    AGAIN = "again"  # it may be tried again, within bounds
    MEND = "mend"  # only once a person has put right what the code names
    NEVER = "never"  # never again under this mandate
    DEAD = "dead"  # never again, and the person is told to have died
    UNKNOWN = "unknown"  # a code that nobody here knows: a person looks first


_AGAIN: Final = {
    "AM04": "there was not enough money on the account",
    "ED05": "the banks did not settle",
    "TM01": "it came after the bank's hour",
    "MS03": "the bank gives no reason",
    "AB05": "the creditor's bank took too long",
    "AB06": "the debtor's bank took too long",
}
_MEND: Final = {
    "AC01": "the account number is wrong",
    "AM05": "it was sent twice",
    "BE04": "the creditor's address is lacking",
    "BE05": "the creditor is not known by this identifier",
    "BE06": "the account is not the named debtor's",
    "CNOR": "the creditor's bank is not known in this scheme",
    "DNOR": "the debtor's bank is not known in this scheme",
    "DT01": "the day is not allowed",
    "FF01": "the file is not written as it must be",
    "FF05": "the scheme is not the one of the mandate",
    "AG02": "the kind of debit is not allowed",
    "MD02": "the mandate is not told in full",
    "RC01": "the bank's identifier is wrong",
    "RR01": "the law asks for the debtor's account or name",
    "RR02": "the law asks for the debtor's name or address",
    "RR03": "the law asks for the creditor's name or address",
    "RR04": "the law forbids it, or asks for more",
}
_NEVER: Final = {
    "AC04": "the account is closed",
    "AC06": "the account is blocked",
    "AC13": "the account is not of the kind that the mandate is for",
    "AG01": "the account may not be debited",
    "CUST": "the debtor asked that it be stopped",
    "FOCR": "it was called back",
    "MD01": "there is no mandate, or it is cancelled",
    "MD06": "the debtor wants the money back",
    "MS02": "the debtor refuses it",
    "SL01": "the debtor has barred this creditor",
}
_DEAD: Final = {"MD07": "the debtor has died"}
_MEANINGS: Final = (
    (Meaning.AGAIN, _AGAIN),
    (Meaning.MEND, _MEND),
    (Meaning.NEVER, _NEVER),
    (Meaning.DEAD, _DEAD),
)
_BY_CODE: Final = {code: (meaning, says) for meaning, codes in _MEANINGS for code, says in codes.items()}


def meaning(code: str) -> tuple[Meaning, str]:
    """Return what a reason code means, and in plain words what it says."""
    return _BY_CODE.get(code, (Meaning.UNKNOWN, "the code is not known"))


@dataclass(frozen=True)
class Retries:
    """How often and how soon one debit may be tried again: tries after the first, days between, days from the first."""

    most: int = 2
    days_between: int = 5
    within_days: int = 60

    def __post_init__(self) -> None:
        """Refuse bounds that bound nothing."""
        if self.most < 0 or self.days_between < 1 or self.within_days < 0:
            raise DueCourseError("retries: most and within_days are 0 or more, days_between 1 or more")


@dataclass(frozen=True)
class Try:
    """One time that a debit was ordered: its day of collection, and the code with which it came back."""

    on: date
    code: str


@dataclass(frozen=True)
class Answer:
    """Whether a debit may be tried again on a day, and why; `from_on` is the first day where it is only too soon."""

    may: bool
    why: str
    from_on: date | None = None


def may_debit_again(tries: tuple[Try, ...], on: date, retries: Retries, *, is_mended: bool = False) -> Answer:
    """Say whether a debit that came back may be collected again on a day.

    `tries` are all that were made of this debit, in any order; all of them came back. `is_mended` says that a person
    has put right what codes to be mended name. One code that forbids it forbids it for ever, whatever came after.
    """
    if not tries:
        raise DueCourseError("may_debit_again: names no try: a debit that was never ordered needs no second one")
    meanings = {code: meaning(code) for code in sorted({one.code for one in tries})}
    for code, (found, says) in meanings.items():
        if found in {Meaning.NEVER, Meaning.DEAD}:
            return Answer(may=False, why=f"{code}: {says}")
        if found is Meaning.UNKNOWN:
            return Answer(may=False, why="the code is not known: a person looks first")
        if found is Meaning.MEND and not is_mended:
            return Answer(may=False, why=f"{code}: {says}: to be put right first")
    if len(tries) > retries.most:
        return Answer(may=False, why=f"tried {len(tries)} times, {retries.most + 1} are allowed")
    first, last = min(one.on for one in tries), max(one.on for one in tries)
    try:
        soonest, latest = last + timedelta(retries.days_between), first + timedelta(retries.within_days)
    except OverflowError:
        return Answer(may=False, why="the days are beyond the calendar")
    if max(on, soonest) > latest:
        return Answer(may=False, why=f"the time for another try ended on {latest}")
    if on < soonest:
        return Answer(may=False, why=f"too soon after {last}", from_on=soonest)
    return Answer(may=True, why=f"try {len(tries) + 1} of {retries.most + 1}")
