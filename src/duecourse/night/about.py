"""Which loans an act is about: those overdue, else all that owe, without those that a hold or the law bars.

What presses is about those overdue alone: where holds bar all of them it is not possible (`ageing.idle`).
"""

import ibis
import ibis.expr.types as ir

from duecourse.night.fact_sources import Tables


def about(tables: Tables, wanted: ir.Table) -> ir.Table:
    """Return a row for each loan of each (borrower_no, act) wanted: loan_no, loan_id, currency and amounts."""
    loans = tables("counted").select("borrower_no", "loan_no", "loan_id", "currency", "overdue", "due_today", "owed")
    rows = wanted.join(loans, "borrower_no")
    rows = rows.anti_join(tables("holds_now"), ["loan_no", "act"])
    behind = rows.filter(rows.overdue > 0).select("borrower_no", "act").distinct().mutate(is_behind=True)
    rows = rows.left_join(behind, ["borrower_no", "act"]).drop("borrower_no_right", "act_right")
    rows = rows.filter(ibis.ifelse(rows.is_behind.notnull(), rows.overdue > 0, rows.owed > 0))
    return rows.drop("is_behind")
