"""What a night hands to the day: its cases with their loans, and the past of each as the law looks at it.

    write(night, moment, folder) -> the files, by the name of a table of the store

Files are in the columns of the store's tables, but for numbers, which are the store's own: `borrower_id` stands in
their place. The day reads them, whichever engine the night ran on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duecourse.book.schema import BY_NAME
from duecourse.kernel.files import written_beside
from duecourse.ledger.histories import day_number
from duecourse.ledger.packed import packed
from duecourse.night import lawful, measures, position
from duecourse.night.arrays import Reader, read
from duecourse.night.fact_sources import Tables
from duecourse.night.moment import Moment
from duecourse.night.run import Night
from duecourse.night.stage import assigned

PAST: Final = (
    "contacts", "consents", "holds", "notices", "promises", "arrangements", "payments", "waivers", "events",
)  # fmt: skip
HELD_OUT: Final = "held_out"
"""What the borrowers who are left alone are called beside the arms."""
_HISTORIES: Final = pa.schema([("loan_no", pa.int64()), ("history", pa.binary())])
_WANTED: Final = "published_loans"


@dataclass(frozen=True)
class Packing:
    """Packs the histories of some loans, in order of their numbers, range by range, into files under `out`."""

    bounds: tuple[int, ...]
    on: date
    wanted: Sequence[int]
    out: Path

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The first loan number of each range, and that behind its last."""
        return list(zip(self.bounds, self.bounds[1:], strict=False))

    def do(self, reader: Reader, place: int) -> None:
        """Pack those wanted of the range at a place."""
        low, high = self.ranges[place]
        first, last = np.searchsorted(np.asarray(self.wanted), [low, high])
        numbers = self.wanted[first:last]
        if not len(numbers):
            return
        book = read(reader, low, high, day_number(self.on))
        places = np.searchsorted(book.loans.column("loan_no").to_numpy(), numbers)
        histories = [packed(book.histories, int(one)) for one in places]
        table = pa.table([pa.array(numbers, pa.int64()), pa.array(histories, pa.binary())], schema=_HISTORIES)
        with written_beside(self.out / f"part-{place:05}.parquet") as beside:
            pq.write_table(table, beside, compression="zstd")


def write(night: Night, moment: Moment, folder: Path) -> dict[str, Path]:
    """Write what the plan last worked out is about, after its positions; returns the files by table."""
    engine, tables = night.engine, night.engine.table
    engine.keep("published_people", lambda: tables("plan").select("borrower_no", "borrower_id").distinct())
    engine.keep(_WANTED, lambda: _loans(tables))
    numbers = [row["loan_no"] for row in engine.rows(tables(_WANTED).select("loan_no").order_by("loan_no"))]
    histories = folder / "histories"
    histories.mkdir(parents=True)
    bounds = engine.bounds("loan_no", night.book.loans, position.RANGE)
    work = Packing(tuple(bounds), moment.on, numbers, histories.resolve())
    engine.positions(work, moment, night.book.zone, capped=bool(night.capped.asked), tell=None)
    engine.read("published_histories", histories, _HISTORIES)
    made = {
        "collection_case": _cases(tables),
        "case_loan": _case_loans(tables),
        "moved": _moved(night, moment),
        **{name: _past(tables, name) for name in PAST if name not in night.empty},
    }
    paths = {name: folder / f"{name}.parquet" for name in made}
    for name, rows in made.items():
        engine.write(rows, paths[name])
    return paths


def _moved(night: Night, moment: Moment) -> ir.Table:
    """Count by arm where the loans that were overdue ROLL_DAYS ago are now; see `measures.standing_then`."""
    tables, buckets = night.engine.table, night.strategy.buckets.ranges
    now = measures.there(tables("positions"), moment.on)
    then = measures.standing_then(now, tables("history"), moment.on - timedelta(days=measures.ROLL_DAYS), buckets)
    before = then.filter(then.state.isin([bucket.name for bucket in buckets])).select("loan_no", state_then="state")
    after = measures.standing(now).select("loan_no", state_now="state")
    split = assigned(now, night.strategy)
    arms = now.select("loan_no", arm=split["held_out"].ifelse(HELD_OUT, split["arm"]))
    rows = before.join(after, "loan_no").join(arms, "loan_no")
    counted = rows.group_by("arm", "state_then", "state_now").aggregate(loans=ibis._.count())
    return counted.mutate(planned_on=ibis.literal(moment.on)).order_by("arm", "state_then", "state_now")


def _loans(tables: Tables) -> ir.Table:
    """Return the loans of those planned for, with what the ledger's positions carry of them."""
    rows = tables("positions").semi_join(tables("published_people"), "borrower_no")
    return rows.select("loan_no", "borrower_no", "borrower_id", "loan_id", "product", "currency")


def _cases(tables: Tables) -> ir.Table:
    people = tables("published_people")
    rungs = tables("plan").group_by("borrower_no").aggregate(stage=ibis._.stage.min(), arm=ibis._.arm.min())
    homes = lawful.homes(tables, people)
    rows = people.join(homes, "borrower_no").join(rungs, "borrower_no")
    blanks = {name: rows[name].fill_null("") for name in ("country", "region", "locality", "language")}
    return rows.select(
        "borrower_id", "zones", "born_on", "deceased_on", "stage", "arm", planned_on=rows.day, **blanks
    ).order_by("borrower_id")  # fmt: skip


def _case_loans(tables: Tables) -> ir.Table:
    loans = tables(_WANTED)
    numbers = loans.select("loan_no")
    rows = loans.join(lawful.terms(tables, numbers), "loan_no").join(tables("published_histories"), "loan_no")
    rows = rows.left_join(lawful.last_due(tables, numbers), "loan_no")
    return rows.select(
        "borrower_id", "loan_id", "product", "currency", "principal", "opened_on", "lender_type", "owner_id",
        "is_owner", "last_due_on", "history",
    ).order_by("borrower_id", "loan_id")  # fmt: skip


def _past(tables: Tables, name: str) -> ir.Table:
    """Return a table of the book for those planned for, each row with its borrower's id; the versions in force."""
    rows = tables(name).join(tables("published_people").rename(whose="borrower_id"), "borrower_no")
    columns = [column for column in BY_NAME[name].names if column not in {"borrower_id", "about"}]
    nothing = ibis.literal([], type="array<string>")
    lists = {"about": rows.about.fill_null(nothing)} if name == "contacts" else {}
    more = ["happened_on"] if name in {"contacts", "events"} else []
    return rows.select(*columns, *more, borrower_id=rows.whose, **lists).order_by("borrower_id", *BY_NAME[name].key)
