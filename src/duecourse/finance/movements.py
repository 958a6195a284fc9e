"""What moved on a day: the sums at its end less those at its beginning, loan by loan, and proof that they explain it.

    for part in moved(book, strategy, Days(opening, closing), options, folder): ...

The day's movements are what was known at its end and says, less what was known at the end of the day before and said
then. So a payment that comes in late and is dated back, or one that is taken back, moves today what it changes, and
each movement names the payment or waiver that it came of. Of every loan and balance the movements are the closing
balance less the opening one, to the minor unit: that is proved each time.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from duecourse.book.loaded import LoadedBook
from duecourse.finance.playing import BALANCES, COMPONENT_OF, CREDIT, LENT, RANGE, SUMS, Played, grouped
from duecourse.kernel.files import scratch
from duecourse.night.moment import Moment
from duecourse.night.run import Night, Options
from duecourse.strategy.models import Strategy

if TYPE_CHECKING:
    import ibis.expr.types as ir

_ADDS: Final = frozenset({LENT, "fell_due", "accrued", "charged", "to_credit"})
_SOURCES: Final = {"payments": ("payment_id", "paid_on"), "waivers": ("waiver_id", "waived_on")}
_OF: Final = {"paid": "payments", "to_credit": "payments", "waived": "waivers"}
_KEYS: Final = ("loan_no", "what", "line", "source")


@dataclass(frozen=True)
class Movement:
    """What changed of one thing: an amount in minor units, below zero where what was booked before is undone.

    `what` is lent, fell_due, accrued, charged, paid, to_credit, from_credit or waived; `line` is one of the ledger's,
    "" of what is kept as credit; `source` is the payment or waiver, "" where there is none.
    """

    what: str
    line: str
    source: str
    amount: int


@dataclass(frozen=True)
class Moved:
    """One loan: what moved, and its balances (of the components, and credit) before and after.

    `charge_offs` are (id, amount), below zero where one is known no more; `allowance` is all that is charged off by
    then. A charge-off without an amount is not among them: its lender has booked none.
    """

    loan_id: str
    currency: str
    movements: tuple[Movement, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    charge_offs: tuple[tuple[str, int], ...] = ()
    allowance: int = 0


def moved(book: LoadedBook, strategy: Strategy, on: date, options: Options, folder: Path) -> Iterator[list[Moved]]:
    """Yield the loans of a book in ranges, by loan_id, each with what moved on a day.

    Moments are ends of days in the book's zone: only what was recorded by then counts, so that a day comes out the
    same whenever it is asked for.
    """
    with scratch(folder.resolve() / "played") as aside:
        days = (on - timedelta(days=1), on)
        plays = [_play(book, strategy, Moment.ended(day, book.zone), options, aside / str(day)) for day in days]
        for place in range(len(plays[1].ranges)):
            yield _compared(plays[0], plays[1], place)


def _play(book: LoadedBook, strategy: Strategy, moment: Moment, options: Options, out: Path) -> Played:
    """Play the book up to a moment, and write down what each place of a payment or waiver stands for."""
    with closing(Night(book, strategy, options)) as night:
        engine = night.engine
        engine.look_at(moment)
        night.find_caps(moment)
        work = Played(tuple(engine.bounds("loan_no", book.loans, RANGE)), moment.on, out)
        for name in ("sums", "stands", "write_offs", *_SOURCES):
            (out / name).mkdir(parents=True, exist_ok=True)
        engine.positions(work, moment, book.zone, capped=bool(night.capped.asked), tell=None)
        for place, (low, high) in enumerate(work.ranges):
            for name, (key, day) in _SOURCES.items():
                rows = _places(engine.table(name), key, day, low, high)
                engine.write(rows, work.out / name / f"part-{place:05}.parquet")
            engine.write(
                _written_off(engine.table("write_offs"), moment.on, low, high),
                work.out / "write_offs" / f"part-{place:05}.parquet",
            )
    return work


def _written_off(rows: "ir.Table", on: date, low: int, high: int) -> "ir.Table":
    rows = rows.filter((rows.loan_no >= low) & (rows.loan_no < high) & (rows.written_off_on <= on))
    return rows.filter(rows.amount.notnull()).select("loan_no", "write_off_id", "amount").order_by("write_off_id")


def _places(rows: "ir.Table", key: str, day: str, low: int, high: int) -> "ir.Table":
    """Return (loan_no, row, source): the place of each payment or waiver among its loan's, as the ledger has it."""
    rows = rows.filter((rows.loan_no >= low) & (rows.loan_no < high))
    if "reverses" in rows.columns:
        rows = rows.filter(rows.reverses.isnull())
    place = ibis.row_number().over(group_by="loan_no", order_by=[rows[day], rows[key]])
    return rows.select("loan_no", row=place.cast("int64"), source=rows[key])


def _compared(opening: Played, ending: Played, place: int) -> list[Moved]:
    """Return the loans of a range that are known at the end of the day."""
    both = pa.concat_tables([_named(ending, place), _negative(_named(opening, place))])
    rows = grouped(both, _KEYS)
    rows = rows.filter(pc.not_equal(rows["amount"], 0)).sort_by([(name, "ascending") for name in _KEYS])
    found: dict[int, list[Movement]] = {}
    for number, what, line, source, amount in _tuples(rows):
        found.setdefault(number, []).append(Movement(what, line, source, amount))
    before = {row[0]: row[3:] for row in _tuples(opening.read("stands", place))}
    off, was_off = _charged_off(ending, place), _charged_off(opening, place)
    loans = []
    for number, loan_id, currency, *stands in _tuples(ending.read("stands", place)):
        now, then = off.get(number, {}), was_off.get(number, {})
        changed = [(one, now.get(one, 0) - then.get(one, 0)) for one in sorted({*now, *then})]
        loans.append(
            Moved(
                loan_id,
                currency,
                tuple(found.get(number, ())),
                before.get(number, (0,) * len(BALANCES)),
                tuple(stands),
                tuple((one, amount) for one, amount in changed if amount),
                sum(now.values()),
            )
        )
    for loan in loans:
        prove(loan)
    return sorted(loans, key=lambda one: one.loan_id)


def _charged_off(played: Played, place: int) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for number, write_off, amount in _tuples(played.read("write_offs", place)):
        found.setdefault(number, {})[write_off] = amount
    return found


def _tuples(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _named(played: Played, place: int) -> pa.Table:
    """Return the sums of a range, with the ids of payments and waivers in place of their places."""
    sums = played.read("sums", place)
    parts = []
    for name in _SOURCES:
        mine = sums.filter(pc.is_in(sums["what"], pa.array([what for what, of in _OF.items() if of == name])))
        ids = pq.read_table(played.out / name / f"part-{place:05}.parquet")
        parts.append(mine.join(ids, ["loan_no", "row"], join_type="left outer"))
    rest = sums.filter(pc.invert(pc.is_in(sums["what"], pa.array(list(_OF)))))
    parts.append(rest.append_column("source", pa.array([""] * rest.num_rows, pa.string())))
    return pa.concat_tables([part.select([*_KEYS, "amount"]) for part in parts])


def _negative(table: pa.Table) -> pa.Table:
    place = table.schema.get_field_index("amount")
    return table.set_column(place, SUMS.field("amount"), pc.negate(table["amount"]))


def effect(movements: Sequence[Movement]) -> dict[str, int]:
    """Return by how much movements change each balance."""
    found = dict.fromkeys(BALANCES, 0)
    for one in movements:
        name = COMPONENT_OF.get(one.line, CREDIT)
        found[name] += one.amount if one.what in _ADDS else -one.amount
        if one.what == "from_credit":
            found[CREDIT] -= one.amount
    return found


def prove(loan: Moved) -> None:
    """Raise AssertionError where movements do not explain the balances, which would be a fault of ours."""
    changed = effect(loan.movements)
    for name, before, after in zip(BALANCES, loan.before, loan.after, strict=True):
        if after - before != changed[name]:
            raise AssertionError(f"{loan.loan_id}: the day's movements do not explain its {name}")
