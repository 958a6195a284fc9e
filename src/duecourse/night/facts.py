"""The step `facts`: one row per borrower with the facts that the loaded strategy needs, and no others."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import ibis
import ibis.expr.types as ir

from duecourse.law.catalogue import Catalogue, Fact
from duecourse.night.fact_list import BOOLEAN, CATALOGUE, INTEGER, TEXT, BorrowerFact
from duecourse.night.fact_sources import SOURCES, Tables

__all__ = ["CATALOGUE", "borrower_facts", "level_facts", "loan_facts"]


def level_facts(levels: Mapping[str, Mapping[str, int]]) -> list[Fact]:
    """Declare the facts of a strategy's levels: `levels` gives each fact's threshold in minor units by currency.

    True when the overdue amount in some currency reaches its threshold; unknown when it might, in a currency without
    one.
    """
    return [
        BorrowerFact(
            name,
            BOOLEAN,
            "Whether the overdue amount reaches this level of the strategy.",
            "debts",
            partial(_reached, amounts),
            absent=False,
        )
        for name, amounts in levels.items()
    ]


def _reached(amounts: Mapping[str, int], table: Any) -> Any:
    if not amounts:
        return ibis.null("boolean")
    limits = ((table.currency == code, ibis.literal(amount, "int64")) for code, amount in amounts.items())
    reaches = table.overdue >= ibis.cases(*limits)
    return ibis.cases((reaches.any(), ibis.literal(True)), (reaches.isnull().any(), ibis.null("boolean")), else_=False)


def loan_facts(tables: Tables, catalogue: Catalogue, needed: Iterable[str]) -> ir.Table:
    """Return one row per borrower: borrower_no, borrower_id, on_day, spell_from, and the facts about their loans."""
    rows = tables("counted")
    wanted = {fact.name: fact.define(rows) for fact in _wanted(catalogue, needed) if fact.source == "loans"}
    wanted.setdefault("loans", rows.count())
    return rows.group_by("borrower_no").aggregate(
        borrower_id=rows.borrower_id.max(), on_day=rows.on_day.max(), spell_from=rows.spell_from.min(), **wanted
    )


def borrower_facts(
    tables: Tables, catalogue: Catalogue, needed: Iterable[str], empty: frozenset[str], of: str = "loan_facts"
) -> ir.Table:
    """Join the facts of the other sources to `loan_facts`, or to some of its rows, which have the name `of`.

    Those of tables without a row need no join.
    """
    found = tables(of)
    people = found.select("borrower_no", "on_day", "spell_from")
    for source, prepare in SOURCES.items():
        of_source = [fact for fact in _wanted(catalogue, needed) if fact.source == source]
        if of_source and source in empty:
            found = found.mutate(**{fact.name: _absent(fact) for fact in of_source})
        elif of_source:
            found = _joined(found, prepare(tables, people), of_source)
    return found


def _wanted(catalogue: Catalogue, needed: Iterable[str]) -> list[Fact]:
    return [catalogue[name] for name in sorted(needed)]


def _absent(fact: Fact) -> ir.Value:
    value = fact.absent if isinstance(fact, BorrowerFact) else None
    return ibis.literal(value, {INTEGER: "int64", BOOLEAN: "boolean", TEXT: "string"}[fact.kind])


def _joined(found: ir.Table, rows: ir.Table, facts: list[Fact]) -> ir.Table:
    defined = {fact.name: fact.define(rows) for fact in facts}
    grouped = rows.group_by("borrower_no").aggregate(**defined, source_rows=rows.count())
    joined = found.left_join(grouped, "borrower_no").drop("borrower_no_right")
    absent = {fact.name: fact.absent for fact in facts if isinstance(fact, BorrowerFact) and fact.absent is not None}
    # Only for want of rows: a fact that is unknown in spite of rows stays so.
    none = joined.source_rows.isnull()
    return joined.mutate(**{name: none.ifelse(value, joined[name]) for name, value in absent.items()}).drop(
        "source_rows"
    )
