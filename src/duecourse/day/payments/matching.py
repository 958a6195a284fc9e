"""Which loan a payment is for: by its references first, then by whose account it came from; never by a guess.

    match(entries, loans, debits, payers) -> Matching

Every entry is either matched, by a rule that is named, or unmatched, with a reason. Each is judged by itself, so the
order of entries, loans and debits makes no difference. The first rule that finds anything decides: one loan is a
match, several are none. The amounts of an entry's matches, and what is left to the bank's charges, add up to its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from duecourse.day.payments.entries import Entry
from duecourse.day.payments.references import candidates, is_creditor_reference, plain


class Rule(StrEnum):
    """By what an entry was matched, in the order in which they are tried."""

    LOAN_ID = "loan_id"  # the file names the loan
    DEBIT = "debit"  # the end-to-end id of a direct debit of ours
    DEBIT_BATCH = "debit_batch"  # one booking for a whole batch of ours, whose sum it is
    CREDITOR_REFERENCE = "creditor_reference"  # RF..., its check digits right
    STRUCTURED = "structured"  # another reference in its own field
    END_TO_END = "end_to_end"  # the payer's end-to-end id is a reference of a loan
    WORDS = "words"  # a reference of a loan stands in the payer's words
    PAYER_EXACT = "payer_exact"  # a known account pays exactly what is due on one loan
    PAYER_ONLY = "payer_only"  # a known account, whose borrowers have one open loan


class Reason(StrEnum):
    """Why an entry was not matched."""

    CHARGE = "charge"  # the bank's own charge
    NOTHING = "nothing"  # its amount is zero
    MONEY_OUT = "money_out"  # it went out, and takes back no payment
    RETURN_UNKNOWN = "return_unknown"  # it takes back a payment that its references do not name
    RETURN_OF_OURS = "return_of_ours"  # money of ours came back: it is nobody's payment
    UNKNOWN_LOAN = "unknown_loan"  # it names a loan that is not open
    SEVERAL_LOANS = "several_loans"  # its references, or its payer, could mean several
    BATCH_DIFFERS = "batch_differs"  # a batch of ours, but not its sum
    CURRENCY = "currency"  # the loan is in another one
    UNKNOWN = "unknown"  # no reference of ours, and an account that nobody has


@dataclass(frozen=True)
class OpenLoan:
    """A loan that may be paid. `due` is what is due on it now, in minor units.

    `references` are those that payers were given; `payers` are keyed hashes of the accounts known to pay it.
    """

    loan_id: str
    currency: str
    due: int
    references: tuple[str, ...] = ()
    payers: frozenset[bytes] = field(default=frozenset(), repr=False)


@dataclass(frozen=True)
class OwnDebit:
    """A direct debit of ours that was ordered: `end_to_end_id` is its own for ever, `batch_id` its batch's."""

    end_to_end_id: str
    batch_id: str
    loan_id: str
    amount: int
    currency: str


@dataclass(frozen=True)
class Match:
    """An amount of an entry that is for a loan; `is_return` where it is to be taken back from the loan."""

    entry_id: str
    loan_id: str
    amount: int
    currency: str
    rule: Rule
    is_return: bool = False
    end_to_end_id: str | None = None
    charges: int = 0


@dataclass(frozen=True)
class Unmatched:
    """An entry that a person must look at, and why."""

    entry_id: str
    reason: Reason


@dataclass(frozen=True)
class Matching:
    """What became of each entry, in their order."""

    matches: tuple[Match, ...]
    unmatched: tuple[Unmatched, ...]


def match(
    entries: Iterable[Entry],
    loans: Iterable[OpenLoan],
    debits: Iterable[OwnDebit] = (),
    payers: Mapping[str, bytes] | None = None,
) -> Matching:
    """Match entries; `payers` are keyed hashes of the payers' accounts by entry id, where there are any."""
    book = _Book.of(loans, debits, payers or {})
    matches: list[Match] = []
    unmatched: list[Unmatched] = []
    for entry in entries:
        found = _matched(book, entry)
        if isinstance(found, Reason):
            unmatched.append(Unmatched(entry.entry_id, found))
        else:
            matches += found
    return Matching(tuple(matches), tuple(unmatched))


@dataclass(frozen=True)
class _Book:
    """Loans and debits by what they are found by."""

    loans: Mapping[str, OpenLoan]
    by_reference: Mapping[str, frozenset[str]]
    by_payer: Mapping[bytes, frozenset[str]]
    debits: Mapping[str, Sequence[OwnDebit]]
    batches: Mapping[str, Sequence[OwnDebit]]
    payers: Mapping[str, bytes]

    @classmethod
    def of(cls, loans: Iterable[OpenLoan], debits: Iterable[OwnDebit], payers: Mapping[str, bytes]) -> "_Book":
        by_id = {loan.loan_id: loan for loan in loans}
        by_reference: dict[str, set[str]] = defaultdict(set)
        by_payer: dict[bytes, set[str]] = defaultdict(set)
        for loan in by_id.values():
            for reference in (loan.loan_id, *loan.references):
                by_reference[plain(reference)].add(loan.loan_id)
            for payer in loan.payers:
                by_payer[payer].add(loan.loan_id)
        by_reference.pop("", None)
        by_end: dict[str, list[OwnDebit]] = defaultdict(list)
        by_batch: dict[str, list[OwnDebit]] = defaultdict(list)
        for debit in sorted(set(debits), key=lambda one: (one.end_to_end_id, one.loan_id, one.batch_id, one.amount)):
            by_end[debit.end_to_end_id].append(debit)
            by_batch[debit.batch_id].append(debit)
        return cls(by_id, _frozen(by_reference), _frozen(by_payer), by_end, by_batch, payers)


_NO_LOANS: Final = frozenset[str]()


_Key = TypeVar("_Key")


def _frozen(found: Mapping[_Key, set[str]]) -> dict[_Key, frozenset[str]]:
    return {key: frozenset(values) for key, values in found.items()}


def _matched(book: _Book, entry: Entry) -> list[Match] | Reason:
    """Return the matches of an entry, or why it has none."""
    if entry.is_charge:
        return Reason.CHARGE
    if entry.amount == 0:
        return Reason.NOTHING
    if entry.is_credit and entry.is_return:
        return Reason.RETURN_OF_OURS
    if not entry.is_credit and not entry.is_return:
        return Reason.MONEY_OUT
    found = _by_debit(book, entry)
    if found is not None:
        return found
    named = _by_reference(book, entry)
    if named is None and entry.is_return:
        return Reason.RETURN_UNKNOWN
    if named is None:
        named = _by_payer(book, entry)
    if isinstance(named, Reason):
        return named
    rule, loans = named
    return _of_loan(book, entry, rule, loans)


def _of_loan(book: _Book, entry: Entry, rule: Rule, loans: frozenset[str]) -> list[Match] | Reason:
    if len(loans) != 1:
        return Reason.SEVERAL_LOANS
    (loan_id,) = loans
    if book.loans[loan_id].currency != entry.currency:
        return Reason.CURRENCY
    amount = _taken_back(entry, entry.original_amount) if entry.is_return else entry.amount
    charges = entry.amount - amount
    return [Match(entry.entry_id, loan_id, amount, entry.currency, rule, entry.is_return, charges=charges)]


def _taken_back(entry: Entry, original: int | None) -> int:
    """Return how much of a return is the payment's: the rest is what the bank charges for it."""
    return entry.amount if original is None else min(original, entry.amount)


def _by_debit(book: _Book, entry: Entry) -> list[Match] | Reason | None:
    """Match by a direct debit of ours, or by a batch of them; None when it is about none."""
    debits = book.debits.get(entry.end_to_end_id or "", ())
    if len(debits) > 1:
        return Reason.SEVERAL_LOANS
    if debits:
        (debit,) = debits
        if debit.currency != entry.currency:
            return Reason.CURRENCY
        original = debit.amount if entry.original_amount is None else entry.original_amount
        amount = _taken_back(entry, original) if entry.is_return else entry.amount
        return [_of_debit(entry, debit, amount, Rule.DEBIT, entry.amount - amount)]
    batch = book.batches.get(entry.batch_id or "", ())
    if not batch or entry.end_to_end_id is not None:
        return None
    if {debit.currency for debit in batch} != {entry.currency}:
        return Reason.CURRENCY
    if sum(debit.amount for debit in batch) != entry.amount:
        return Reason.BATCH_DIFFERS
    return [_of_debit(entry, debit, debit.amount, Rule.DEBIT_BATCH, 0) for debit in batch]


def _of_debit(entry: Entry, debit: OwnDebit, amount: int, rule: Rule, charges: int) -> Match:
    end = debit.end_to_end_id
    return Match(entry.entry_id, debit.loan_id, amount, entry.currency, rule, entry.is_return, end, charges)


def _by_reference(book: _Book, entry: Entry) -> tuple[Rule, frozenset[str]] | Reason | None:
    """Find loans by the first kind of reference that names any; None when none does."""
    if entry.loan_id is not None:
        is_open = entry.loan_id in book.loans
        return (Rule.LOAN_ID, frozenset({entry.loan_id})) if is_open else Reason.UNKNOWN_LOAN
    structured = [plain(text) for text in entry.structured]
    own = [text for text in structured if is_creditor_reference(text)]
    ends = [plain(entry.end_to_end_id)] if entry.end_to_end_id else []
    words = [text for told in entry.unstructured for text in candidates(told)]
    kinds = (
        (Rule.CREDITOR_REFERENCE, own + [text for text in words if is_creditor_reference(text)]),
        (Rule.STRUCTURED, structured),
        (Rule.END_TO_END, ends),
        (Rule.WORDS, words),
    )
    for rule, texts in kinds:
        loans = _NO_LOANS.union(*(book.by_reference.get(text, _NO_LOANS) for text in texts))
        if loans:
            return rule, loans
    return None


def _by_payer(book: _Book, entry: Entry) -> tuple[Rule, frozenset[str]] | Reason:
    """Find loans by the account that paid."""
    known = book.by_payer.get(book.payers.get(entry.entry_id, b""), _NO_LOANS)
    if not known:
        return Reason.UNKNOWN
    loans = frozenset(one for one in known if book.loans[one].currency == entry.currency)
    if not loans:
        return Reason.CURRENCY
    exact = frozenset(one for one in loans if book.loans[one].due == entry.amount)
    if len(exact) == 1:
        return Rule.PAYER_EXACT, exact
    return (Rule.PAYER_ONLY, loans) if len(loans) == 1 else Reason.SEVERAL_LOANS
