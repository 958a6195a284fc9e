"""The step `fork`: for each borrower past due, what each way on is expected to bring, by the strategy's file.

    known_facts -> fork_debts (what the fork asks of a debt) -> fork (a value per way) -> facts

Of a suit's cost the court's fee is the law's own answer, where a rulebook of the country gives one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.kernel.errors import DueCourseError
from duecourse.law.expressions import Expression
from duecourse.law.rulebook import Law, Rule
from duecourse.night.engines.engine import Engine
from duecourse.night.fact_sources import Tables
from duecourse.strategy.fork.models import Fork
from duecourse.strategy.fork.reading import share, terms
from duecourse.strategy.fork.values import STOP, WAYS, Debts, values
from duecourse.strategy.models import Strategy
from duecourse.strategy.words import FORK_FACTS, LEVEL_FACT

DAYS_OF_MONTH: Final = 30  # a debt ages by a month in thirty days past due
_FEE: Final = "court_fee"
_TRACK: Final = "ordinary"
_WHOLE: Final = ("borrower_no", "owed", "days", "unit", "offers", "placements", "fee")
DEBTS: Final = pa.schema([*((name, pa.int64()) for name in _WHOLE), ("country", pa.string()), ("is_large", pa.bool_())])
SCHEMA: Final = pa.schema([("borrower_no", pa.int64()), *((name, pa.int64()) for name in FORK_FACTS)])


def needed(strategy: Strategy) -> frozenset[str]:
    """Return the facts that the fork of a strategy asks for; none where it has no fork."""
    if strategy.fork is None:
        return frozenset()
    asked = {"owed_amount", "currency", "country", "days_past_due", "settle_in_spell", "place_in_spell"}
    return frozenset(asked | {f"{LEVEL_FACT}{strategy.fork.unit}"})


def value(engine: Engine, strategy: Strategy, fork: Fork, law: Law, on: date) -> None:
    """Work out what each way on is worth to those of the table `known_facts`; leaves them with it as `facts`."""
    tables = engine.table
    fees = {country: fee_rules(law, country, on) for country in sorted(fork.sue or {})}
    about = " ".join(f"{rule.id} {rule.record.from_}" for rules in fees.values() for rule in rules)
    engine.keep("fork_debts", lambda: owed(tables, strategy, fork, law, fees), about)
    engine.work_out("fork", "fork_debts", Valued(fork), SCHEMA)
    engine.name("facts", lambda: with_values(tables))


def owed(tables: Tables, strategy: Strategy, fork: Fork, law: Law, fees: Mapping[str, Sequence[Rule]]) -> ir.Table:
    """Return what the fork asks of each debt, with the columns of DEBTS.

    `fees` are the rules that give the court's fee, by country.
    """
    rows = tables("known_facts")
    rows = rows.filter((rows.owed_amount > 0) & (rows.days_past_due > 0))
    units = strategy.levels[fork.unit]
    unit = ibis.cases(*((rows.currency == code, ibis.literal(amount, "int64")) for code, amount in units.items()))
    in_court = [
        ((rows.country == country) & (rows.currency == (fork.sue or {})[country].currency), _fee(law, rules, rows))
        for country, rules in fees.items()
        if rules
    ]
    return rows.select(
        "borrower_no",
        owed=rows.owed_amount,
        days=rows.days_past_due,
        country=rows.country,
        unit=unit,
        is_large=rows[f"{LEVEL_FACT}{fork.unit}"].fill_null(ibis.literal(value=False)),
        offers=rows.settle_in_spell.fill_null(0),
        placements=rows.place_in_spell.fill_null(0),
        fee=ibis.cases(*in_court) if in_court else ibis.null("int64"),
    )


def with_values(tables: Tables) -> ir.Table:
    """Return the facts with the values of the ways."""
    rows, found = tables("known_facts"), tables("fork")
    return rows.left_join(found, "borrower_no").drop("borrower_no_right")


@dataclass(frozen=True)
class Valued:
    """Works out the table `fork`, some rows of `fork_debts` at a time; sent as it is to the workers of a cluster."""

    fork: Fork

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Take rows of `fork_debts`; give as many of SCHEMA. A way that is not open has no value."""
        for batch in batches:
            yield self._valued(batch)

    def _valued(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        found = np.full((batch.num_rows, len(WAYS)), -np.inf)
        for country in pc.unique(batch["country"]).drop_null().to_pylist():
            here = pc.and_(pc.equal(batch["country"], country), batch["unit"].is_valid()).fill_null(False)
            debts = debts_of(self.fork, country, batch.filter(here))
            found[here.to_numpy(zero_copy_only=False)] = values(terms(self.fork, country), debts)
        arrays = [pa.array(np.rint(column), pa.int64(), mask=~np.isfinite(column)) for column in found[:, :STOP].T]
        return pa.record_batch([batch["borrower_no"].cast(pa.int64()), *arrays], schema=SCHEMA)


def debts_of(fork: Fork, country: str, rows: pa.RecordBatch) -> Debts:
    """Return debts from rows of `fork_debts` of one country."""

    def whole(name: str) -> Any:
        return rows[name].fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)

    age, owed = whole("days") // DAYS_OF_MONTH, whole("owed")  # down: full months
    stated = rows["fee"].is_valid().to_numpy(zero_copy_only=False)
    sue = (fork.sue or {}).get(country)
    return Debts(
        owed=owed.astype(np.float64),
        age=age,
        fee=np.where(stated, whole("fee"), (share(sue.fee_ppm) if sue else 0.0) * owed),
        unit=whole("unit").astype(np.float64),
        is_large=rows["is_large"].to_numpy(zero_copy_only=False),
        sue_months=np.maximum((sue.until_months if sue else 0) - age, 0),
        offers=whole("offers"),
        placements=whole("placements"),
    )


def fee_rules(law: Law, country: str, on: date) -> list[Rule]:
    """Return the rules of a country's own rulebooks that give the court's fee on a day."""
    books = {name for name, book in law.books.items() if book.country == country and book.region is None}
    return [rule for rule in law.rules if rule.record.answers == _FEE and rule.book in books and rule.in_force(on)]


def _fee(law: Law, rules: Sequence[Rule], rows: ir.Table) -> Any:
    """Return the court's fee of an ordinary suit for all that is owed, in minor units."""
    known = {"amount": rows.owed_amount, "track": ibis.literal(_TRACK)}
    return ibis.cases(*((_compiled(law, rule.applies, known), _compiled(law, rule.gives, known)) for rule in rules))


def fee_of(law: Law, rules: Sequence[Rule], amount: int) -> int | None:
    """Return the court's fee of an ordinary suit for an amount, both in minor units; None where no rule gives it."""
    known = {"amount": amount, "track": _TRACK}
    for rule in rules:
        if rule.gives is not None and (rule.applies is None or _on(law, rule.applies, known) is True):
            found = _on(law, rule.gives, known)
            return found if isinstance(found, int) else None
    return None


def _on(law: Law, expression: Expression, known: Mapping[str, object]) -> object:
    """Work out an expression of the law on what is known, and facts that are defined by it alone."""
    values = {name: known[name] if name in known else _on(law, _defined(law, name), known) for name in expression.facts}
    return expression.evaluate(values)


def _defined(law: Law, name: str) -> Expression:
    take = law.facts[name].take
    if take is None:
        raise DueCourseError(f"the court's fee rests on '{name}', which is no matter of the amount alone")
    return take


def _compiled(law: Law, expression: Expression | None, known: Mapping[str, Any]) -> Any:
    """Compile an expression of the law over what is known, and facts that are defined by it alone."""
    if expression is None:
        return ibis.literal(value=True)
    columns = {
        name: known[name] if name in known else _compiled(law, _defined(law, name), known) for name in expression.facts
    }
    return expression.compile(columns)
