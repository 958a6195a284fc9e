"""Books of borrowers who pay on time, or not: odd ones live in China, even ones in California, as in the store."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from duecourse.book.beside import book_with
from duecourse.book.loaded import LoadedBook
from duecourse.day.recorded import recorded
from duecourse.ledger.loan import Instalment
from duecourse.night.moment import Moment
from duecourse.rewards import rules as reading
from duecourse.rewards.gathering import Look, looked_at
from duecourse.rewards.rules import HoldOut, Rules
from duecourse.store.place import Place
from tests.night import books

ON: Final = date(2026, 11, 20)
AT: Final = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "rewards.yaml"
OLD: Final = datetime(2026, 5, 5, 12, 0, tzinfo=UTC)
DUE: Final = [date(2026 + month // 12, month % 12 + 1, 5) for month in range(5, 17)]  # June 2026 to May 2027
_PLACES: Final = {
    1: ("CN", "CN-ZJ", "Asia/Shanghai", "CNY", "zh"), 0: ("US", "US-CA", "America/Los_Angeles", "USD", "en"),
}  # fmt: skip


def equal_principal(fee: int = 1_000) -> list[Instalment]:
    """12,000.00 at 20 % in twelve instalments of 1,000.00, with a fee of 10.00 each; interest rounded down."""
    return [
        Instalment(number, due, 100_000, (13 - number) * 100_000 * 20 // 1_200, fee)  # down
        for number, due in enumerate(DUE, 1)
    ]


def rules(held_out_ppm: int = 0, names: Sequence[str] = (), **changed: Any) -> Rules:
    """Return the example's rules, those named, with other keys for the first."""
    found = reading.load(EXAMPLE)
    kept = [rule for rule in found.rules if not names or rule.name in names]
    first = type(kept[0]).model_validate({**kept[0].model_dump(), **changed})
    return found.model_copy(update={"hold_out": HoldOut(salt="tests", ppm=held_out_ppm), "rules": (first, *kept[1:])})


def rows(
    schedules: Mapping[int, Sequence[Instalment]], missed: Mapping[int, Sequence[int]] | None = None, on: date = ON
) -> books.Rows:
    """Return the tables of a book: loan L<n> of B<n> with its schedule, each instalment paid on its day or missed."""
    found: books.Rows = {name: [] for name in ("borrowers", "loans", "instalments", "payments", "events")}
    for number, schedule in schedules.items():
        country, region, zone, currency, language = _PLACES[number % 2]
        found["borrowers"].append({
            "borrower_id": f"B{number}", "country": country, "region": region, "zones": zone, "language": language,
        })  # fmt: skip
        found["loans"].append({
            "loan_id": f"L{number}", "borrower_id": f"B{number}", "currency": currency, "product": "consumer_loan",
            "principal": sum(row.principal for row in schedule), "opened_on": date(2026, 5, 5),
            "lender_type": "consumer_finance", "interest_ppm_year": 200_000, "recorded_at": OLD,
        })  # fmt: skip
        for row in schedule:
            terms = {name: getattr(row, name) for name in ("number", "due_on", "principal", "interest", "fee")}
            found["instalments"].append({"loan_id": f"L{number}", "recorded_at": OLD, **terms})
            if row.due_on <= on and row.number not in (missed or {}).get(number, ()):
                found["payments"].append({
                    "payment_id": f"P{number}-{row.number}", "loan_id": f"L{number}", "paid_on": row.due_on,
                    "amount": row.principal + row.interest + row.fee,
                })  # fmt: skip
    return found


@contextmanager
def looking(book: LoadedBook, folder: Path, place: Place | None = None, on: date = ON) -> Iterator[Look]:
    """Look at a book on a day, with what a store has recorded beside it."""
    with ExitStack() as stack:
        if place is not None:
            book = stack.enter_context(book_with(book, recorded(place.url()), threads=2, memory="1GB"))
        book = replace(book, payments_complete_through=on)
        yield stack.enter_context(looked_at(book, books.strategy(), Moment(on), books.OPTIONS, folder / f"look-{on}"))
