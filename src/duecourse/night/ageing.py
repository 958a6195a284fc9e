"""The step `ageing`: the loans that count for each borrower, after holds.

A hold on one of several loans takes that loan off the borrower's ladder; when every loan is held, all count, and the
holds bar the acts.
"""

from typing import Any

import ibis
import ibis.expr.types as ir

from duecourse.kernel.components import COMPONENTS
from duecourse.night.fact_sources import Tables, total


def holds_now(tables: Tables) -> ir.Table:
    """Return (loan_no, borrower_no, kind, act): what the holds in force on the business date bar, loan by loan."""
    holds = tables("holds").cross_join(tables("moment"))
    holds = holds.filter((holds.from_on <= holds.on_day) & (holds.until_on.isnull() | (holds.until_on >= holds.on_day)))
    loans = tables("positions").select("borrower_no", held_loan_no="loan_no")
    rows = holds.select("borrower_no", "loan_no", "kind").join(loans, "borrower_no")
    rows = rows.filter(rows.loan_no.isnull() | (rows.loan_no == rows.held_loan_no))
    rows = rows.select("borrower_no", "kind", loan_no=rows.held_loan_no)
    return rows.join(tables("hold_acts"), "kind").select("loan_no", "borrower_no", "kind", "act").distinct()


def set_aside(tables: Tables) -> ir.Table:
    """Return the loans that no contact may be about, of borrowers who have others: (loan_no)."""
    held = tables("holds_now").filter(ibis._.act == "contact").select("loan_no", "borrower_no").distinct()
    loans = tables("positions").select("loan_no", "borrower_no").semi_join(held, "borrower_no")
    free = loans.anti_join(held, "loan_no")
    return held.semi_join(free, "borrower_no").select("loan_no")


def counted(tables: Tables) -> ir.Table:
    """Return the positions that count for the ladder, with `overdue` and `owed` summed over components."""
    rows = tables("positions").anti_join(tables("set_aside"), "loan_no")
    owed: Any = total(rows, "overdue") + total(rows, "due_today") + total(rows, "not_due") - rows.credit
    amounts = [f"{component}_{when}" for component in COMPONENTS for when in ("overdue", "due_today", "not_due")]
    rows = rows.mutate(overdue=total(rows, "overdue"), due_today=total(rows, "due_today"), owed=owed, on_day=rows.on)
    contract = [name for name in rows.columns if name.startswith("contract_")]
    return rows.drop(*amounts, *contract, "credit", "cut", "on")


def barred(tables: Tables) -> ir.Table:
    """Return (borrower_no, act, kind) where every counted loan is barred from an act; `kind` the first hold by name."""
    rows = tables("holds_now").anti_join(tables("set_aside"), "loan_no")
    held = rows.group_by("borrower_no", "act").aggregate(held=rows.loan_no.nunique(), kind=rows.kind.min())
    loans = tables("counted").select("borrower_no").semi_join(held, "borrower_no")
    counts = loans.group_by("borrower_no").aggregate(loans=loans.count())
    joined = held.join(counts, "borrower_no")
    return joined.filter(joined.held >= joined.loans).select("borrower_no", "act", "kind")


def idle(tables: Tables) -> ir.Table:
    """Return (borrower_no, act) where holds bar an act about every counted loan that is overdue: none is left to press.

    The gate looks at the loans that are left in the same way (`day.gate`).
    """
    overdue = tables("counted").filter(ibis._.overdue > 0).select("borrower_no", "loan_no")
    rows = tables("holds_now").select("loan_no", "act").distinct().join(overdue, "loan_no")
    held = rows.group_by("borrower_no", "act").aggregate(held=rows.count())
    late = overdue.semi_join(held, "borrower_no")
    counts = late.group_by("borrower_no").aggregate(loans=late.count())
    joined = held.join(counts, "borrower_no")
    return joined.filter(joined.held >= joined.loans).select("borrower_no", "act")
