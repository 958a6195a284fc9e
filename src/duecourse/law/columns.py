"""The two tables that the law sees, column by column: acts (what is proposed or asked) and events (what happened).

An act is one row for each loan that it is about, with what is known of the loan, the borrower, the person
reached and the firms beside it (`loan.principal`, `person.relation`). Both tables follow from the vocabulary of
worlds, so that a word of a case, a column and a name in a rule are one.
"""

from collections.abc import Mapping
from typing import Final

from duecourse.law.catalogue import FactKind
from duecourse.law.vocabulary import VOCABULARY, Column

_BOOLEAN, _INTEGER, _DATE = FactKind.BOOLEAN, FactKind.INTEGER, FactKind.DATE
_TEXT, _TEXTS = FactKind.TEXT, FactKind.TEXTS

_PLAIN: Final[Mapping[str, FactKind]] = {
    "text": _TEXT,
    "word": _TEXT,
    "words": _TEXTS,
    "texts": _TEXTS,
    "boolean": _BOOLEAN,
    "integer": _INTEGER,
    "money": _INTEGER,
    "day": _DATE,
}

DEBT_PARTS: Final = (
    "principal", "interest", "costs", "recovery_costs", "contract_interest", "post_loan_service_fee",
    "judgment_debt", "late_performance_interest",
)  # fmt: skip
NESTED: Final[Mapping[str, Mapping[str, FactKind]]] = {
    # Nested values that rules may look into; each becomes columns of its own.
    "guarantee": {"kind": _TEXT, "signed_on": _DATE, "until": _DATE},
    "allocated": {"principal": _INTEGER, "interest": _INTEGER, "fee": _INTEGER},
    "components": dict.fromkeys(DEBT_PARTS, _INTEGER),
    "claimed_parts": dict.fromkeys(DEBT_PARTS, _INTEGER),
}
NO_LIMIT: Final = 2**62
FEES: Final = ("fees_in_contract", "fees_by_statute")
DAYS: Final = ("instalments_due", "parts_due")  # lists of days: their first and last are columns
BESIDE: Final = ("loan", "borrower", "person", "number", "email", "collector")  # tables that stand beside an act


def spread(name: str, column: Column) -> dict[str, FactKind]:
    """Return the columns of one key: most have one of their own name.

    A percentage is `<key>_ppm` (and `<key>_word` where a word may stand instead), hours are `<key>_from` and
    `<key>_to` in minutes after midnight, a moment `x_at` is `x_moment` (seconds since 1970, UTC) and `x_day`.
    """
    if column.kind in _PLAIN:
        clocks = {f"{name}_from": _INTEGER, f"{name}_to": _INTEGER} if column.also == "clocks" else {}
        return {name: _PLAIN[column.kind], **clocks}
    if column.kind == "percent":
        words = {f"{name}_word": _TEXT} if column.words else {}
        return {f"{name}_ppm": _INTEGER, **words}
    if column.kind == "clocks":
        return {f"{name}_from": _INTEGER, f"{name}_to": _INTEGER}
    if column.kind == "moment":
        stem = name.removesuffix("_at")
        return {f"{stem}_moment": _INTEGER, f"{stem}_day": _DATE}
    if name in NESTED:
        return {name: _TEXTS, **{f"{name}_{part}": kind for part, kind in NESTED[name].items()}}
    if name in DAYS:
        return {f"{name}_first": _DATE, f"{name}_last": _DATE}
    return {}


def _of(table: str, prefix: str = "") -> dict[str, FactKind]:
    found: dict[str, FactKind] = {}
    for name, column in VOCABULARY.tables[table].items():
        if name not in {"at", "at_zone"}:
            found.update({f"{prefix}{each}": kind for each, kind in spread(name, column).items()})
    return found


_WHEN: Final[Mapping[str, FactKind]] = {
    "moment": _INTEGER,
    "day": _DATE,
    "minute": _INTEGER,
    "content_stated": _BOOLEAN,
}

ACT: Final[Mapping[str, FactKind]] = {
    **_of("act"),
    **_WHEN,
    "minute_earliest_zone": _INTEGER,  # the local minute of the day where it is least, over the borrower's zones
    "minute_latest_zone": _INTEGER,
    "holiday": _BOOLEAN,  # a public holiday where the borrower is, of the country or the case's calendar
    "workday": _BOOLEAN,
    "calendar": _TEXT,  # whose working days count for the borrower
    "debt": _TEXT,  # the loan, or the account that several student loans were obtained under
    "rulebooks": _TEXTS,
    "several_loans": _BOOLEAN,
    "fee_in_contract": _INTEGER,  # what the contract allows for the act's item; NO_LIMIT where it names no sum
    "fee_by_statute": _INTEGER,
    "number.shared_relations": _TEXTS,  # what those who share the telephone are to the borrower
    "loan.fees_in_contract": _TEXTS,  # their items
    "loan.fees_by_statute": _TEXTS,
    **{name: kind for table in BESIDE for name, kind in _of(table, f"{table}.").items()},
    **_of("firm", "actor."),  # the firm by which the act is done
}
EVENT: Final[Mapping[str, FactKind]] = {
    f"event.{name}": kind
    for name, kind in {
        **_of("event"),
        **_WHEN,
        "seq": _INTEGER,  # the place in the history
        "debts": _TEXTS,
        "relation": _TEXT,  # of the person that the contact was with
        "speaker": _TEXT,  # borrower, or the person who spoke
        "number_line": _TEXT,  # mobile or landline; the borrower's own mobile where no number is named
        "number_place": _TEXT,
    }.items()
}
