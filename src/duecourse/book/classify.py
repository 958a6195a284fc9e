"""Which rows belong in the book: the problems that only show between rows and between tables.

A row that does not belong has its rid in `c_<name>`, with a code `_c`: LEFT_OUT, or the number of its problem.
These are few, and so are the rows that share a key or undo a payment: only such rows are ever held.
"""

from typing import Final

from duecourse.book.read import Work, money_columns
from duecourse.book.schema import BY_NAME, Table
from duecourse.book.sql import ident
from duecourse.book.typed import LEFT_OUT, digits_sql
from duecourse.kernel.currencies import minor_digits

_KEPT: Final = 0
_GOOD, _BAD, _LEFT = 0, 1, 2  # status of a loan or a borrower as a whole
_HASHES_AT_A_TIME: Final = 32_000_000  # about a gigabyte


def index_loans(work: Work) -> None:
    """Settle which loans and borrowers are in the book, and number them densely.

    Makes `loan_index` and `borrower_index`. A loan is in the book when one of its versions is; it is left
    out when `keep` left out all of them, or its borrower. Numbers follow the code points of (borrower_id,
    loan_id).
    """
    con = work.con
    for name, more in {"borrowers": (), "loans": ("borrower_id", "currency")}.items():
        if name in work.mapping.tables:
            columns = ", ".join(map(ident, ("rid", *BY_NAME[name].key, *more, "_p")))
            con.execute(f"CREATE TABLE {ident('k_' + name)} AS SELECT {columns} FROM {ident('t_' + name)}")
    _mark_loan_rows(work)
    con.execute(f"""
        CREATE TABLE loan_status AS SELECT loan_id,
          CASE WHEN bool_or(_p IS NULL) THEN {_GOOD} WHEN bool_or(_p > 0) THEN {_BAD} ELSE {_LEFT} END AS
            status,
          coalesce(min(borrower_id) FILTER (_p IS NULL), min(borrower_id)) AS borrower_id,
          coalesce(min(currency) FILTER (_p IS NULL), min(currency)) AS currency
        FROM k_loans WHERE loan_id IS NOT NULL GROUP BY loan_id""")
    own = f"""SELECT borrower_id, CASE WHEN bool_or(_p IS NULL) THEN {_GOOD} WHEN bool_or(_p > 0) THEN
      {_BAD} ELSE {_LEFT} END AS own
        FROM k_borrowers WHERE borrower_id IS NOT NULL GROUP BY borrower_id"""
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
    con.execute("DROP TABLE loan_status")
    con.execute("DROP TABLE borrower_status")
    known = work.mapping.book.currency
    found = work.count("SELECT coalesce(max(digits), 0) FROM loan_index WHERE currency IS NOT NULL")
    work.digits = max(found, minor_digits(known) if known else 0)


def _mark_loan_rows(work: Work) -> None:
    """Mark loan rows whose borrower is left out, that repeat a version, or contradict another version."""
    con = work.con
    if "borrowers" in work.mapping.tables:
        con.execute(f"""UPDATE k_loans SET _p = {LEFT_OUT} WHERE borrower_id IN (
            SELECT borrower_id FROM k_borrowers WHERE borrower_id IS NOT NULL GROUP BY borrower_id HAVING
              bool_and(coalesce(_p, 0) = {LEFT_OUT}))""")
    twice = work.number("loans", "loan_id", _twice(BY_NAME["loans"]))
    key = BY_NAME["loans"].key
    if _suspect(work, "k_loans", key):
        good = f"SELECT * FROM k_loans WHERE _p IS NULL AND {_suspected(key)}"
        con.execute(f"CREATE OR REPLACE TABLE later AS {_later_rows(f'({good})', key)}")
        con.execute(f"UPDATE k_loans SET _p = {twice} WHERE rid IN (FROM later)")
    for column in ("borrower_id", "currency"):
        problem = work.number("loans", column, f"the loan's versions differ in {column}")
        con.execute(f"""UPDATE k_loans SET _p = {problem} WHERE _p IS NULL AND loan_id IN
            (SELECT loan_id FROM k_loans WHERE _p IS NULL GROUP BY loan_id HAVING min({column}) <>
              max({column}))""")


def _twice(table: Table) -> str:
    return f"a row with the same {', '.join(table.key)} stands before it"


def _hash(key: tuple[str, ...]) -> str:
    return f"hash({', '.join(map(ident, key))})"


def _suspect(work: Work, relation: str, key: tuple[str, ...]) -> int:
    """Put the hashes of keys that several rows have into `suspect`; return how many. Two keys may share a hash."""
    con = work.con
    con.execute("CREATE OR REPLACE TABLE suspect (h UBIGINT)")
    slices = 1 + work.count(f"SELECT count(*) FROM {relation}") // _HASHES_AT_A_TIME  # down, and one more
    for number in range(slices):
        con.execute(f"""INSERT INTO suspect SELECT h FROM (SELECT {_hash(key)} AS h FROM {relation})
            WHERE h % {slices} = {number} GROUP BY h HAVING count(*) > 1""")
    return work.count("SELECT count(*) FROM suspect")


def _suspected(key: tuple[str, ...]) -> str:
    return f"{_hash(key)} IN (FROM suspect)"


def _later_rows(relation: str, key: tuple[str, ...]) -> str:
    """Return the SQL of the rows that repeat the key of an earlier row."""
    keys = ", ".join(map(ident, key))
    return f"SELECT rid FROM {relation} QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY rid) > 1"


def numbered_key(table: Table) -> tuple[str, ...]:
    """Return a table's key with the dense numbers in place of loan_id and borrower_id."""
    numbers = {"loan_id": "loan_no", "borrower_id": "borrower_no"}
    return tuple(numbers.get(name, name) for name in table.key)


def classify(work: Work, table: Table) -> None:
    """Make `c_<name>` of the rows that do not belong, and set aside what `write` asks about several rows at once.

    `same_<name>` has the good rows that share a key, but for `recorded_at`; `reversals` the payments' good reversals.
    """
    name = table.name
    if name in {"loans", "borrowers"}:
        codes = _owner_codes(name)
    else:
        codes = _owned_codes(work, table) if table.of == "loan" else _loose_codes(work, table)
    work.con.execute(f"""CREATE TABLE {ident("c_" + name)} AS SELECT rid, CAST(_c AS SMALLINT) AS _c
        FROM ({codes}) WHERE _c <> {_KEPT}""")
    if name in {"loans", "borrowers"}:
        work.con.execute(f"DROP TABLE {ident('k_' + name)}")
    _set_same_aside(work, table)
    if name == "payments":
        _mark_reversals(work)


def rows_of(work: Work, table: Table, where: str = "true", numbers: str = "true") -> str:
    """Return the SQL of a table's rows in the book: rid, borrower_no, loan_no, our columns in the minor unit.

    `where` chooses by the columns of the typed rows, `numbers` by those of the index that `table.of` names.
    """
    name = table.name
    out = ident("c_" + name)
    but = f"ANTI JOIN {out} USING (rid)" if work.count(f"SELECT count(*) FROM {out}") else ""
    rows = f"(SELECT * FROM {ident('t_' + name)} {but} WHERE {where}) t"
    index = f"(SELECT * FROM {table.of}_index WHERE {table.of}_no IS NOT NULL AND {numbers})"
    if table.of == "loan":
        columns, _ = _columns(work, table, "l.digits")
        return f"SELECT t.rid, l.borrower_no, l.loan_no, {columns} FROM {rows} JOIN {index} l USING (loan_id)"
    has_loan = "loan_id" in table.names
    columns, _ = _columns(work, table, _known_digits(work, table))
    owner = _owner(table)
    columns = columns.replace('t."borrower_id"', f"{owner} AS borrower_id", 1)
    loan = "l.loan_no" if has_loan else "CAST(NULL AS BIGINT) AS loan_no"
    join = "LEFT JOIN loan_index l ON t.loan_id = l.loan_id" if has_loan else ""
    return f"""SELECT t.rid, b.borrower_no, {loan}, {columns} FROM {rows} {join}
        JOIN {index} b ON b.borrower_id = {owner}"""


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


def _owner_codes(name: str) -> str:
    """Return the SQL of the codes of loans or borrowers, which belong to nobody: what was said of their rows."""
    whole = name.removesuffix("s")
    return f"""SELECT t.rid, CASE WHEN t._p = {LEFT_OUT} OR l.status = {_LEFT} THEN {LEFT_OUT}
        WHEN t._p > 0 THEN t._p ELSE {_KEPT} END AS _c
        FROM {ident("k_" + name)} t LEFT JOIN {whole}_index l USING ({whole}_id)"""


def _owned_codes(work: Work, table: Table) -> str:
    """Return the SQL of the codes of rows that must belong to a loan."""
    name = table.name
    _, inexact = _columns(work, table, "l.digits")
    orphan = work.number(name, "loan_id", "no such loan in the book")
    bad = work.number(name, "loan_id", "its loan is in quarantine")
    tests = f"WHEN t._p = {LEFT_OUT} OR l.status = {_LEFT} THEN {LEFT_OUT} WHEN t._p > 0 THEN t._p"
    tests += f" WHEN l.loan_id IS NULL THEN {orphan} WHEN l.status = {_BAD} THEN {bad}{inexact}"
    if name == "payments":
        other = work.number(name, "currency", "not the currency of its loan")
        zero = work.number(name, "amount", "zero")
        tests += f" WHEN t.currency <> l.currency THEN {other} WHEN t.amount = 0 THEN {zero}"
    return f"""SELECT t.rid, CASE {tests} ELSE {_KEPT} END AS _c
        FROM {ident("t_" + name)} t LEFT JOIN loan_index l USING (loan_id)"""


def _owner(table: Table) -> str:
    """Return the SQL of the borrower of a row `t` that may be about a loan `l`."""
    return "coalesce(t.borrower_id, l.borrower_id)" if "loan_id" in table.names else "t.borrower_id"


def _known_digits(work: Work, table: Table) -> str:
    """Return the SQL of the decimals of the amounts of a row `t` that may be about a loan `l`."""
    default = _default_digits(work)
    return f"coalesce(l.digits, {default})" if "loan_id" in table.names else default


def _loose_codes(work: Work, table: Table) -> str:
    """Return the SQL of the codes of rows that belong to a borrower and may be about one loan."""
    name = table.name
    has_loan = "loan_id" in table.names
    _, inexact = _columns(work, table, _known_digits(work, table))
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
    if money_columns(table) and _default_digits(work) == "NULL":
        unknown = work.number(
            name, "loan_id", "missing, and without a loan or a currency in [book] the amount has no currency"
        )
        tests += f" WHEN l.digits IS NULL THEN {unknown}"
    join = "LEFT JOIN loan_index l ON t.loan_id = l.loan_id" if has_loan else ""
    return f"""SELECT t.rid, CASE {tests}{inexact} ELSE {_KEPT} END AS _c
        FROM {ident("t_" + name)} t {join} LEFT JOIN borrower_index b ON b.borrower_id = {_owner(table)}"""


def _default_digits(work: Work) -> str:
    """Return the SQL of the decimals of an amount that names no loan: the book's, else the only ones."""
    if work.mapping.book.currency:
        return str(minor_digits(work.mapping.book.currency))
    currencies, digits = work.row(
        "SELECT count(DISTINCT currency), min(digits) FROM loan_index WHERE currency IS NOT NULL"
    )
    return str(digits) if currencies == 1 else "NULL"


def _set_same_aside(work: Work, table: Table) -> None:
    """Set rows that share a key aside, and mark repeated ones: the first in the order of the files stays."""
    name, con = table.name, work.con
    same = ident("same_" + name)
    key = tuple(column for column in table.key if column != "recorded_at")
    found = _suspect(work, ident("t_" + name), key)
    columns = ", ".join(map(ident, numbered_key(table)))
    rows = rows_of(work, table, _suspected(key) if found else "false")
    con.execute(f"CREATE TABLE {same} AS SELECT rid, {columns} FROM ({rows})")
    if not found or name == "loans":
        return
    own = next((key for key in table.key if key not in {"loan_id", "recorded_at", "effective_on"}), table.key[0])
    problem = work.number(name, own, _twice(table))
    con.execute(f"CREATE OR REPLACE TABLE later AS {_later_rows(same, numbered_key(table))}")
    con.execute(f"INSERT INTO {ident('c_' + name)} SELECT rid, {problem} FROM later")
    con.execute(f"DELETE FROM {same} WHERE rid IN (FROM later)")


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
    con, payments = work.con, BY_NAME["payments"]
    con.execute(f"CREATE TABLE reversals AS SELECT * FROM ({rows_of(work, payments, 'reverses IS NOT NULL')})")
    if not work.count("SELECT count(*) FROM reversals"):
        return
    named = rows_of(work, payments, "payment_id IN (SELECT reverses FROM reversals)")
    con.execute(f"""
        CREATE TABLE reversal AS SELECT r.rid, r.reverses, r.paid_on, r.payment_id, CASE WHEN p.payment_id IS NULL THEN
          {code["unknown"]}
          WHEN p.reverses IS NOT NULL THEN {code["reversal"]} WHEN p.loan_no <> r.loan_no THEN {code["loan"]}
          WHEN p.amount <> r.amount THEN {code["amount"]} ELSE {_KEPT} END AS _c
        FROM reversals r LEFT JOIN ({named}) p ON p.payment_id = r.reverses""")
    again = (
        f"(SELECT rid FROM reversal WHERE _c = {_KEPT} QUALIFY row_number() OVER (PARTITION BY "
        f"reverses ORDER BY paid_on, payment_id) > 1)"
    )
    con.execute(f"UPDATE reversal SET _c = {code['again']} WHERE rid IN {again}")
    con.execute(f"INSERT INTO c_payments SELECT rid, _c FROM reversal WHERE _c <> {_KEPT}")
    con.execute("DELETE FROM reversals WHERE rid IN (SELECT rid FROM c_payments)")
