"""Which rows belong in the book: the problems that only show between rows and between tables.

Every row of a table gets one code in `c_<name>._c`: 0 in the book, LEFT_OUT, or the number of its problem.
"""

from typing import Final

from duecourse.book.read import Work, money_columns
from duecourse.book.schema import BY_NAME, Table
from duecourse.book.sql import ident
from duecourse.book.typed import LEFT_OUT, digits_sql
from duecourse.kernel.currencies import minor_digits

KEPT: Final = 0
_GOOD, _BAD, _LEFT = 0, 1, 2  # status of a loan or a borrower as a whole


def index_loans(work: Work) -> None:
    """Settle which loans and borrowers are in the book, and number them densely.

    Makes `loan_index` and `borrower_index`. A loan is in the book when one of its versions is; it is left
    out when `keep` left out all of them, or its borrower. Numbers follow the code points of (borrower_id,
    loan_id).
    """
    con = work.con
    _mark_loan_rows(work)
    con.execute(f"""
        CREATE TABLE loan_status AS SELECT loan_id,
          CASE WHEN bool_or(_p IS NULL) THEN {_GOOD} WHEN bool_or(_p > 0) THEN {_BAD} ELSE {_LEFT} END AS
            status,
          coalesce(min(borrower_id) FILTER (_p IS NULL), min(borrower_id)) AS borrower_id,
          coalesce(min(currency) FILTER (_p IS NULL), min(currency)) AS currency
        FROM t_loans WHERE loan_id IS NOT NULL GROUP BY loan_id""")
    own = f"""SELECT borrower_id, CASE WHEN bool_or(_p IS NULL) THEN {_GOOD} WHEN bool_or(_p > 0) THEN
      {_BAD} ELSE {_LEFT} END AS own
        FROM t_borrowers WHERE borrower_id IS NOT NULL GROUP BY borrower_id"""
    if "borrowers" not in work.mapping.tables:
        own = "SELECT CAST(NULL AS VARCHAR) AS borrower_id, 0 AS own WHERE false"
    con.execute(f"""
        CREATE TABLE borrower_status AS SELECT borrower_id, CASE
            WHEN own = {_LEFT} THEN {_LEFT} WHEN by_loans = {_GOOD} THEN {_GOOD} WHEN by_loans = {_LEFT}
              THEN {_LEFT}
            WHEN own = {_GOOD} THEN {_GOOD} ELSE {_BAD} END AS status
        FROM ({own}) FULL JOIN
          (SELECT borrower_id, min(status) AS by_loans FROM loan_status WHERE borrower_id IS NOT NULL GROUP
            BY borrower_id)
          USING (borrower_id)""")
    con.execute(f"""
        CREATE TABLE borrower_index AS SELECT borrower_id, status, CASE WHEN status = {_GOOD} THEN
          row_number() OVER
          (PARTITION BY status = {_GOOD} ORDER BY borrower_id) - 1 END AS borrower_no FROM borrower_status""")
    con.execute(f"""
        CREATE TABLE loan_index AS SELECT l.loan_id, l.borrower_id, l.status, l.currency,
          {digits_sql("l.currency")} AS digits,
          b.borrower_no, CASE WHEN l.status = {_GOOD} THEN row_number() OVER
            (PARTITION BY l.status = {_GOOD} ORDER BY l.borrower_id, l.loan_id) - 1 END AS loan_no
        FROM loan_status l LEFT JOIN borrower_index b USING (borrower_id)""")
    known = work.mapping.book.currency
    found = work.count("SELECT coalesce(max(digits), 0) FROM loan_index WHERE currency IS NOT NULL")
    work.digits = max(found, minor_digits(known) if known else 0)


def _mark_loan_rows(work: Work) -> None:
    """Mark loan rows whose borrower is left out, that repeat a version, or contradict another version."""
    con = work.con
    if "borrowers" in work.mapping.tables:
        con.execute(f"""UPDATE t_loans SET _p = {LEFT_OUT} WHERE borrower_id IN (
            SELECT borrower_id FROM t_borrowers WHERE borrower_id IS NOT NULL GROUP BY borrower_id HAVING
              bool_and(coalesce(_p, 0) = {LEFT_OUT}))""")
    twice = work.number("loans", "loan_id", _twice(BY_NAME["loans"]))
    con.execute(f"""UPDATE t_loans SET _p = {twice} FROM
      ({_later_rows("t_loans", "rowid", BY_NAME["loans"].key, "_p IS NULL")}) d
        WHERE t_loans.rowid = d.rid""")
    for column in ("borrower_id", "currency"):
        problem = work.number("loans", column, f"the loan's versions differ in {column}")
        con.execute(f"""UPDATE t_loans SET _p = {problem} WHERE _p IS NULL AND loan_id IN
            (SELECT loan_id FROM t_loans WHERE _p IS NULL GROUP BY loan_id HAVING min({column}) <>
              max({column}))""")


def _twice(table: Table) -> str:
    return f"a row with the same {', '.join(table.key)} stands before it"


def _later_rows(relation: str, row: str, key: tuple[str, ...], good: str) -> str:
    """Return the SQL of the rows that repeat the key of an earlier good row."""
    keys = ", ".join(map(ident, key))
    same = " AND ".join(f"a.{ident(name)} = d.{ident(name)}" for name in key)
    return f"""SELECT a.rid FROM (SELECT {row} AS rid, {keys} FROM {relation} WHERE {good}) a
        JOIN (SELECT {keys}, min({row}) AS first FROM {relation} WHERE {good} GROUP BY {keys} HAVING
          count(*) > 1) d
        ON {same} WHERE a.rid > d.first"""


def numbered_key(table: Table) -> tuple[str, ...]:
    """Return a table's key with the dense numbers in place of loan_id and borrower_id."""
    numbers = {"loan_id": "loan_no", "borrower_id": "borrower_no"}
    return tuple(numbers.get(name, name) for name in table.key)


def classify(work: Work, table: Table) -> None:
    """Give every row of `t_<name>` its code, in `c_<name>` with rid, borrower_no, loan_no and our columns."""
    name = table.name
    if table.of == "loan" or name == "borrowers":
        _classify_owned(work, table)
    else:
        _classify_loose(work, table)
    work.con.execute(f"DROP TABLE {ident('t_' + name)}")
    if name != "loans":
        _mark_repeated(work, table)
    if name == "payments":
        _mark_reversals(work)


def _columns(work: Work, table: Table, currency_known: str) -> tuple[str, str]:
    """Return the SQL of the columns, amounts brought to the minor unit, and the tests that this is exact."""
    finest = work.digits
    own = table.name == "loans" or work.mapping.book.money == "minor"
    amounts = {} if own else {column.name: f"t.{ident(column.name)}" for column in money_columns(table)}
    shown, tests = [], ""
    for column in table.columns:
        if column.name not in amounts:
            shown.append(f"t.{ident(column.name)}")
            continue
        power = " ".join(f"WHEN {step} THEN {10**step}" for step in range(1, finest + 1))
        factor = f"CASE {finest} - {currency_known} {power} ELSE 1 END" if finest else "1"
        problem = work.number(table.name, column.name, "more decimals than its currency has")
        large = work.number(table.name, column.name, "more than 10,000,000,000,000 minor units")
        tests += (
            f" WHEN {amounts[column.name]} % ({factor}) <> 0 THEN {problem} WHEN "
            f"{amounts[column.name]} // ({factor}) > 10000000000000 THEN {large}"
        )
        shown.append(f"{amounts[column.name]} // ({factor}) AS {ident(column.name)}")  # exact: a remainder is a problem
    return ", ".join(shown), tests


def _classify_owned(work: Work, table: Table) -> None:
    """Classify rows that must belong to a loan, and borrowers, which must belong to nobody."""
    name = table.name
    whole = "borrower" if name == "borrowers" else "loan"
    columns, inexact = _columns(work, table, "l.digits")
    tests = f"WHEN t._p = {LEFT_OUT} OR l.status = {_LEFT} THEN {LEFT_OUT} WHEN t._p > 0 THEN t._p"
    if name not in {"loans", "borrowers"}:
        orphan = work.number(name, "loan_id", "no such loan in the book")
        bad = work.number(name, "loan_id", "its loan is in quarantine")
        tests += f" WHEN l.loan_id IS NULL THEN {orphan} WHEN l.status = {_BAD} THEN {bad}{inexact}"
    if name == "payments":
        other = work.number(name, "currency", "not the currency of its loan")
        zero = work.number(name, "amount", "zero")
        tests += f" WHEN t.currency <> l.currency THEN {other} WHEN t.amount = 0 THEN {zero}"
    numbers = "l.borrower_no, CAST(NULL AS BIGINT) AS loan_no" if whole == "borrower" else "l.borrower_no, l.loan_no"
    work.con.execute(f"""CREATE TABLE {ident("c_" + name)} AS SELECT t.rowid AS rid, {numbers}, {columns},
        CAST(CASE {tests} ELSE {KEPT} END AS SMALLINT) AS _c
        FROM {ident("t_" + name)} t LEFT JOIN {whole}_index l USING ({whole}_id)""")


def _classify_loose(work: Work, table: Table) -> None:
    """Classify rows that belong to a borrower and may be about one loan."""
    name = table.name
    has_loan = "loan_id" in table.names
    default = _default_digits(work)
    known = f"coalesce(l.digits, {default})" if has_loan else default
    columns, inexact = _columns(work, table, known)
    tests = f"WHEN t._p = {LEFT_OUT} OR b.status = {_LEFT}"
    tests += f" OR l.status = {_LEFT}" if has_loan else ""
    tests += f" THEN {LEFT_OUT} WHEN t._p > 0 THEN t._p"
    if has_loan:
        none = work.number(name, "borrower_id", "missing, and no loan is named either")
        orphan = work.number(name, "loan_id", "no such loan in the book")
        bad = work.number(name, "loan_id", "its loan is in quarantine")
        other = work.number(name, "borrower_id", "the loan named is another borrower's")
        tests += f""" WHEN t.borrower_id IS NULL AND t.loan_id IS NULL THEN {none} WHEN t.loan_id IS NOT
          NULL AND l.loan_id IS NULL THEN {orphan}
            WHEN l.status = {_BAD} THEN {bad} WHEN t.borrower_id <> l.borrower_id THEN {other}"""
    stranger = work.number(name, "borrower_id", "no such borrower in the book")
    bad_borrower = work.number(name, "borrower_id", "its borrower is in quarantine")
    tests += f" WHEN b.borrower_id IS NULL THEN {stranger} WHEN b.status = {_BAD} THEN {bad_borrower}"
    if money_columns(table) and default == "NULL":
        unknown = work.number(
            name, "loan_id", "missing, and without a loan or a currency in [book] the amount has no currency"
        )
        tests += f" WHEN l.digits IS NULL THEN {unknown}"
    owner = "coalesce(t.borrower_id, l.borrower_id)" if has_loan else "t.borrower_id"
    columns = columns.replace('t."borrower_id"', f"{owner} AS borrower_id", 1)
    loan = "l.loan_no" if has_loan else "CAST(NULL AS BIGINT) AS loan_no"
    join = "LEFT JOIN loan_index l ON t.loan_id = l.loan_id" if has_loan else ""
    work.con.execute(f"""CREATE TABLE {ident("c_" + name)} AS SELECT t.rowid AS rid, b.borrower_no, {loan},
      {columns},
        CAST(CASE {tests}{inexact} ELSE {KEPT} END AS SMALLINT) AS _c
        FROM {ident("t_" + name)} t {join} LEFT JOIN borrower_index b ON b.borrower_id = {owner}""")


def _default_digits(work: Work) -> str:
    """Return the SQL of the decimals of an amount that names no loan: the book's, else the only ones."""
    if work.mapping.book.currency:
        return str(minor_digits(work.mapping.book.currency))
    currencies, digits = work.row(
        "SELECT count(DISTINCT currency), min(digits) FROM loan_index WHERE currency IS NOT NULL"
    )
    return str(digits) if currencies == 1 else "NULL"


def _mark_repeated(work: Work, table: Table) -> None:
    """Mark the rows whose key an earlier row of the book has; the first in the order of the files stays."""
    name = table.name
    relation = ident("c_" + name)
    own = next((key for key in table.key if key not in {"loan_id", "recorded_at", "effective_on"}), table.key[0])
    problem = work.number(name, own, _twice(table))
    later = _later_rows(relation, "rid", numbered_key(table), f"_c = {KEPT}")
    work.con.execute(f"UPDATE {relation} SET _c = {problem} FROM ({later}) d WHERE {relation}.rid = d.rid")


def _mark_reversals(work: Work) -> None:
    """Mark reversals that do not undo exactly one payment of the same loan and amount.

    Of several reversals of one payment the earliest by (paid_on, payment_id) stays, wherever it stands in the files.
    """
    reasons = {
        "unknown": "no such payment in the book",
        "reversal": "the payment it names is itself a reversal",
        "loan": "the payment it names is another loan's",
        "amount": "the payment it names has another amount",
        "again": "the payment it names is already reversed",
    }
    code = {short: work.number("payments", "reverses", reason) for short, reason in reasons.items()}
    work.con.execute(f"""
        CREATE TABLE reversal AS SELECT r.rid, r.reverses, r.paid_on, r.payment_id, CASE WHEN p.payment_id IS NULL THEN
          {code["unknown"]}
          WHEN p.reverses IS NOT NULL THEN {code["reversal"]} WHEN p.loan_no <> r.loan_no THEN {code["loan"]}
          WHEN p.amount <> r.amount THEN {code["amount"]} ELSE {KEPT} END AS _c
        FROM (SELECT * FROM c_payments WHERE reverses IS NOT NULL AND _c = {KEPT}) r
        LEFT JOIN (SELECT * FROM c_payments WHERE _c = {KEPT}) p ON p.payment_id = r.reverses""")
    again = (
        f"(SELECT rid FROM reversal WHERE _c = {KEPT} QUALIFY row_number() OVER (PARTITION BY "
        f"reverses ORDER BY paid_on, payment_id) > 1)"
    )
    work.con.execute(f"UPDATE reversal SET _c = {code['again']} WHERE rid IN {again}")
    work.con.execute(f"UPDATE c_payments SET _c = r._c FROM reversal r WHERE c_payments.rid = r.rid AND r._c <> {KEPT}")
