"""The caps on one loan in words: the lender's own and the law's, with rule and citation, and which of them holds."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from duecourse.law.caps import Cap, Piece
from duecourse.law.rulebook import Law
from duecourse.ledger.loan import Loan, Terms
from duecourse.night import caps, one_loan

if TYPE_CHECKING:
    from duecourse.night.run import Night

_OF: Final = {"all_in_ppm_year": "a year on outstanding principal", "charges_ppm": "of the principal in all"}
_OWN: Final = {"all_in_ppm_year": "cap_all_in_ppm_year", "charges_ppm": "cap_charges_ppm"}


def read(night: "Night", loan_no: int, zone_day: Any) -> tuple[Loan, list[str], list[dict[str, Any]]]:
    """Read a loan as the ledger takes it, under the caps that the night found; tell them in lines and in rows."""
    pieces = caps.of_loan(night.engine, night.capped, loan_no)
    own = one_loan.read(night.engine, loan_no, zone_day)
    loan = one_loan.read(night.engine, loan_no, zone_day, pieces)
    return loan, lines(night.law, pieces, own.terms), rows(night.law, pieces)


def rows(law: Law, pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """Return each cap of the law as plain values; `ppm` is None where it is not known, for want of `unknown`."""
    return [
        {
            "from": piece.from_day,
            "cap": _OWN[cap.as_],
            "ppm": cap.ppm,
            "rule": cap.rule.id,
            "cite": law.cite(cap.rule),
            "unknown": list(cap.missing),
        }
        for piece in pieces
        for cap in piece.caps
    ]


def lines(law: Law, pieces: Sequence[Piece], terms: Sequence[Terms]) -> list[str]:
    """Tell each cap of the law by the day from which it holds, beside the lender's own."""
    told: list[str] = []
    for place, piece in enumerate(pieces):
        since = f"from {piece.from_day} " if piece.from_day else ""
        told += [f"{since}{_told(law, cap, _own(terms, cap.as_, piece.from_day))}" for cap in piece.caps]
        if place and not piece.caps:
            told.append(f"{since}the law sets no cap")
    return told


def _told(law: Law, cap: Cap, own: int | None) -> str:
    cite = f"{cap.rule.id}, {law.cite(cap.rule)}"
    if cap.ppm is None:
        lacking = " and ".join(cap.missing) or "what it asks"
        return f"the law's cap is unknown because {lacking} is not known; none is applied ({cite})"
    words = f"the law caps all charges at {per_cent(cap.ppm)} {_OF[cap.as_]} ({cite})"
    if own is None:
        return f"{words}; the lender's own terms name no such cap"
    if own < cap.ppm:
        return f"{words}; the lender's own cap of {per_cent(own)} is stricter and holds"
    return f"{words}; the lender's own cap is {per_cent(own)}"


def _own(terms: Sequence[Terms], as_: str, day: date | None) -> int | None:
    """Return the lender's own cap on a day, None before all days; the first version holds since ever."""
    standing = [one for one in terms if day is not None and one.effective_on <= day] or list(terms[:1])
    found: int | None = getattr(standing[-1], _OWN[as_])
    return found


def per_cent(ppm: int) -> str:
    """Write parts per million as per cent, exactly."""
    whole, rest = divmod(ppm, 10_000)  # exact: both parts are written
    return f"{whole}.{rest:04}".rstrip("0").rstrip(".") + " %"
