"""Writing a classified table: sorted by dense numbers, every column in its stored type, as Parquet."""

from pathlib import Path

from duecourse.book.classify import KEPT, numbered_key
from duecourse.book.read import Work
from duecourse.book.schema import Column, Kind, Table
from duecourse.book.sql import ident, text
from duecourse.book.typed import sql_type


def write_table(work: Work, table: Table, folder: Path) -> int:
    """Write `<folder>/<table>.parquet`, empty for a table not mapped; return the rows made from loans.

    Only borrowers are ever made: one for each borrower of a loan who has no row of their own.
    """
    order = (
        ""
        if table.name not in work.mapping.tables and table.name != "borrowers"
        else f" ORDER BY {', '.join(_order(table))}"
    )
    query = f"SELECT {', '.join(_shown(work, table))} FROM ({_rows(work, table)})"
    path = text(str(folder / f"{table.name}.parquet"))
    work.con.execute(f"COPY ({query}{order}) TO {path} (FORMAT parquet, ROW_GROUP_SIZE 122880)")
    return _made(work) if table.name == "borrowers" else 0


def _order(table: Table) -> list[str]:
    """Return the columns that put rows in their one order: whose, when, which."""
    when = {"instalments": "due_on"}.get(table.name, table.happened)
    whose = "loan_no" if table.of == "loan" else "borrower_no"
    names = [whose, when, *numbered_key(table)]
    return [ident(name) for name in dict.fromkeys(name for name in names if name)]


def _has_loan(table: Table) -> bool:
    return "loan_id" in table.names


def _shown(work: Work, table: Table) -> list[str]:
    """Return the SQL of the columns of a written table, in the order of the contract."""
    shown = ["borrower_no"] + (["loan_no"] if _has_loan(table) else [])
    shown += [ident(column.name) for column in table.columns]
    if _happens_at(table):
        moment = ident(table.happened or "")
        zone = work.mapping.book.zone
        local = moment if zone == "UTC" else f"(({moment} AT TIME ZONE 'UTC') AT TIME ZONE {text(zone)})"
        shown.append(f"CAST({local} AS DATE) AS happened_on")
    if table.name == "payments":
        shown += ["reversed_on", "reversal_recorded_at"]
    return shown + (["superseded_at"] if table.versioned else [])


def _happens_at(table: Table) -> bool:
    return table.happened is not None and table.column(table.happened).kind is Kind.MOMENT


def _rows(work: Work, table: Table) -> str:
    """Return the SQL of a table's rows, with numbers and `superseded_at`."""
    name = table.name
    if name not in work.mapping.tables:
        empty = _nothing(table)
        return empty if name != "borrowers" else f"{empty} UNION ALL BY NAME {_made_rows(work)}"
    if name == "payments":
        return _reversed(work)
    base = _superseding(work, table) if table.versioned else f"SELECT * FROM {ident('c_' + name)} WHERE _c = {KEPT}"
    return base if name != "borrowers" else f"{base} UNION ALL BY NAME {_made_rows(work)}"


def _nothing(table: Table) -> str:
    """Return the SQL of no rows with all columns."""
    columns = [Column("borrower_no", Kind.COUNT, ""), Column("loan_no", Kind.COUNT, ""), *table.columns]
    columns += [Column("superseded_at", Kind.MOMENT, ""), Column("reversed_on", Kind.DATE, "")]
    columns += [Column("reversal_recorded_at", Kind.MOMENT, "")]
    nulls = ", ".join(f"CAST(NULL AS {sql_type(column)}) AS {ident(column.name)}" for column in columns)
    return f"SELECT {nulls} WHERE false"


def _superseding(work: Work, table: Table) -> str:
    """Return the SQL that adds when each version was replaced.

    Versions are few: the window runs over the rows that have more than one, not over the table.
    """
    relation = ident("c_" + table.name)
    key = [name for name in numbered_key(table) if name != "recorded_at"]
    keys = ", ".join(map(ident, key))
    many = f"SELECT {keys} FROM {relation} WHERE _c = {KEPT} GROUP BY {keys} HAVING count(*) > 1"
    work.con.execute(f"""
        CREATE OR REPLACE TABLE superseded AS SELECT rid, lead(recorded_at) OVER (PARTITION BY {keys} ORDER
          BY recorded_at) AS superseded_at
        FROM {relation} SEMI JOIN ({many}) USING ({keys}) WHERE _c = {KEPT}""")
    if not work.count("SELECT count(*) FROM superseded"):
        return f"SELECT *, CAST(NULL AS TIMESTAMP) AS superseded_at FROM {relation} WHERE _c = {KEPT}"
    return f"SELECT c.*, s.superseded_at FROM {relation} c LEFT JOIN superseded s USING (rid) WHERE c._c = {KEPT}"


def _reversed(work: Work) -> str:
    """Return the SQL that tells of each payment when it was reversed, and when that became known."""
    reversals = (
        f"SELECT reverses, paid_on AS reversed_on, recorded_at AS reversal_recorded_at FROM "
        f"c_payments WHERE _c = {KEPT} AND reverses IS NOT NULL"
    )
    if not work.count(f"SELECT count(*) FROM ({reversals})"):
        nothing = "CAST(NULL AS DATE) AS reversed_on, CAST(NULL AS TIMESTAMP) AS reversal_recorded_at"
        return f"SELECT *, {nothing} FROM c_payments WHERE _c = {KEPT}"
    return (
        f"SELECT p.*, r.* EXCLUDE (reverses) FROM c_payments p LEFT JOIN ({reversals}) r ON "
        f"r.reverses = p.payment_id WHERE p._c = {KEPT}"
    )


def _lacking(work: Work) -> str:
    """Return the SQL of the borrowers in the book without a row of their own."""
    own = (
        f"SELECT borrower_no FROM c_borrowers WHERE _c = {KEPT}"
        if "borrowers" in work.mapping.tables
        else "SELECT CAST(NULL AS BIGINT) WHERE false"
    )
    return (
        f"SELECT borrower_no, borrower_id FROM borrower_index WHERE borrower_no IS NOT NULL AND "
        f"borrower_no NOT IN ({own})"
    )


def _made(work: Work) -> int:
    return work.count(f"SELECT count(*) FROM ({_lacking(work)})")


def _made_rows(work: Work) -> str:
    """Return the SQL of a row for each borrower who has none: nothing is known of them but that they owe."""
    known = {"effective_on": "DATE '1970-01-01'", "recorded_at": "TIMESTAMP '1970-01-01'"}
    columns = ", ".join(f"{sql} AS {name}" for name, sql in known.items())
    return f"SELECT borrower_no, borrower_id, {columns} FROM ({_lacking(work)})"
