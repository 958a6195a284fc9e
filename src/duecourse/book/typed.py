"""From the lender's columns to ours: one SQL projection per part, and the problems of a row by itself.

Nothing here raises on bad data. A value that cannot be read becomes null and its row gets the number of a
problem; the problems of a table are tried in the order in which they are registered: the table's columns in
their order, for each whether it can be read, whether it is missing, whether it is in range.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from duecourse.book.mapping import BookPart
from duecourse.book.schema import Column, Kind, Table
from duecourse.book.sql import Checked, ident, text
from duecourse.kernel.components import COMPONENTS
from duecourse.kernel.currencies import MINOR_DIGITS

AMOUNT_MAX: Final = 10**13
LIMITS: Final = {Kind.PPM_YEAR: 10_000_000, Kind.PPB_DAY: 100_000_000, Kind.PPM: 10**9, Kind.COUNT: 10**9}
LEFT_OUT: Final = -1
FINEST: Final = 4  # decimals of the finest currency in ISO 4217

_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME: Final = r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?"
_OFFSET: Final = r" ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_NUMBER: Final = r"[+-]?[0-9]+(\.[0-9]+)?"
_TYPES: Final = {
    Kind.TEXT: "VARCHAR", Kind.CHOICE: "VARCHAR", Kind.CURRENCY: "VARCHAR", Kind.ORDER: "VARCHAR",
    Kind.TEXTS: "VARCHAR[]",
    Kind.DATE: "DATE", Kind.MOMENT: "TIMESTAMP", Kind.MONEY: "BIGINT", Kind.COUNT: "BIGINT",
    Kind.FLAG: "BOOLEAN",
    Kind.PPM_YEAR: "BIGINT", Kind.PPB_DAY: "BIGINT", Kind.PPM: "BIGINT",
}  # fmt: skip
_WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_NUMERIC: Final = (Kind.MONEY, Kind.COUNT, Kind.PPM_YEAR, Kind.PPB_DAY, Kind.PPM)


def sql_type(column: Column) -> str:
    """Return the DuckDB type in which a column is stored."""
    return _TYPES[column.kind]


@dataclass
class Problems:
    """The problems of one table: number (from 1) to column and reason."""

    entries: list[tuple[str, str]] = field(default_factory=list)

    def number(self, column: str, reason: str) -> int:
        """Return the number of a problem, registering it the first time."""
        if (column, reason) not in self.entries:
            self.entries.append((column, reason))
        return self.entries.index((column, reason)) + 1


@dataclass(frozen=True)
class Reading:
    """What reading a table needs to know beside the table itself.

    `digits` is the number of decimals at which amounts are kept while reading: that of the one currency, or
    of the finest. `by_row` says that each row's own currency then divides it back (loans only). `comma`
    says that text numbers are written 1.234,56. `slack` multiplies the limit of an amount: 1 where `digits`
    are those of every row, else the exact limit is looked at later.
    """

    book: BookPart
    digits: int
    by_row: bool
    comma: bool
    slack: int = 1


Exprs = dict[str, tuple[Checked, str]]  # our column -> expression, DuckDB type of its value


def projection(
    table: Table, exprs: Exprs, keep: Checked | None, relation: str, how: Reading, problems: Problems, *, rid: str = ""
) -> str:
    """Return the SQL that reads a part into typed columns and `_p`: null, LEFT_OUT, or the first problem.

    `rid` is the SQL of a row's place among the table's good rows, and then a column of the result.

    Expressions that are more than a column run inside TRY: an error in one row is that row's problem.
    """
    inner = [f"{_try(check)} AS {ident('e_' + name)}" for name, (check, _) in exprs.items()]
    inner += [f"{rid} AS rid"] if rid else []
    inner += [f"TRY(struct_pack(v := CAST({keep.sql} AS BOOLEAN))) AS e__keep"] if keep else []
    values = [f"{_value(name, check, kind)} AS {ident('m_' + name)}" for name, (check, kind) in exprs.items()]
    tests: list[tuple[str, int]] = []
    if keep:
        tests.append(("e__keep IS NOT NULL AND e__keep.v IS NOT TRUE", LEFT_OUT))
        tests.append(("e__keep IS NULL", problems.number("", "the keep condition cannot be worked out")))
    typed, final = [], []
    for column in table.columns:
        if column.name in exprs:
            check, kind = exprs[column.name]
            typed.append(f"{_typed(column, kind, how)} AS {ident('t_' + column.name)}")
            if not check.bare:
                tests.append(
                    (
                        f"{ident('e_' + column.name)} IS NULL",
                        problems.number(column.name, "cannot be read by the mapping's expression"),
                    )
                )
            tests += _tests(column, kind, how, problems)
        elif column.required and column.default is None and column.kind is not Kind.CURRENCY:
            raise ValueError(f"{table.name}.{column.name} is required and not mapped")
        final.append(f"{_final(table, column, how, mapped=column.name in exprs)} AS {ident(column.name)}")
    if table.name == "loans":
        tests.append(
            (
                "cap_all_in_ppm_year IS NOT NULL AND opened_on IS NULL",
                problems.number("opened_on", "missing, but cap_all_in_ppm_year needs it"),
            )
        )
    whens = " ".join(f"WHEN {test} THEN {number}" for test, number in tests)
    code = f"CAST(CASE {whens} END AS SMALLINT)" if whens else "CAST(NULL AS SMALLINT)"
    names = ", ".join([*(["rid"] if rid else []), *map(ident, table.names)])
    return (
        f"SELECT {names}, {code} AS _p FROM (SELECT *, {', '.join(final)} FROM (SELECT "
        f"*{''.join(', ' + t for t in typed)} "
        f"FROM (SELECT {', '.join(['*', *values])} FROM (SELECT {', '.join(inner) or '1 AS _'} FROM "
        f"{relation}))))"
    )


def _try(check: Checked) -> str:
    return check.sql if check.bare else f"TRY(struct_pack(v := {check.sql}))"


def _value(name: str, check: Checked, kind: str) -> str:
    """Return the mapped value; an empty text is no value."""
    value = ident("e_" + name) if check.bare else f"{ident('e_' + name)}.v"
    return f"nullif({value}, '')" if kind == "VARCHAR" else value


def _typed(column: Column, kind: str, how: Reading) -> str:
    """Return the SQL of a column's typed value, null where it cannot be read."""
    value = ident("m_" + column.name)
    if kind == "VARCHAR" and column.kind not in {Kind.TEXT, Kind.TEXTS}:
        value = f"trim({value})"
    if column.kind in _NUMERIC:
        digits = how.digits if column.kind is Kind.MONEY else 0
        return _number_text(value, digits, comma=how.comma) if kind == "VARCHAR" else _number_typed(value, kind, digits)
    return _READERS.get(column.kind, _read_text)(value, kind, how.book.zone)


def _read_text(value: str, kind: str, _zone: str) -> str:
    return value if kind == "VARCHAR" else f"CAST({value} AS VARCHAR)"


def _read_texts(value: str, kind: str, _zone: str) -> str:
    if kind != "VARCHAR":
        return f"TRY_CAST({value} AS VARCHAR[])"
    several = f"list_filter(list_transform(string_split({value}, ';'), lambda x: trim(x)), lambda x: x <> '')"
    return f"CASE WHEN NOT contains({value}, ';') AND trim({value}) <> '' THEN [trim({value})] ELSE {several} END"


def _read_date(value: str, kind: str, _zone: str) -> str:
    """Days in the book's zone: the session's zone is the book's, so a moment becomes its day there."""
    if kind != "VARCHAR":
        return f"TRY_CAST({value} AS DATE)"
    return (
        f"CASE WHEN regexp_full_match({value}, '{_DAY}') THEN TRY_CAST({value} AS DATE) "
        f"WHEN regexp_full_match({value}, '{_DAY}{_TIME}{_OFFSET}') THEN CAST(TRY_CAST({value} AS "
        f"TIMESTAMPTZ) AS DATE) "
        f"WHEN regexp_full_match({value}, '{_DAY}{_TIME}') THEN CAST(TRY_CAST({value} AS TIMESTAMP) AS "
        f"DATE) END"
    )


def noon(day: str, zone: str) -> str:
    """Return the SQL of noon of a day in a zone, in UTC."""
    middle = f"CAST({day} + INTERVAL 12 HOUR AS TIMESTAMP)"
    return middle if zone == "UTC" else f"(({middle} AT TIME ZONE {text(zone)}) AT TIME ZONE 'UTC')"


def local(moment: str, zone: str) -> str:
    """Return the SQL of the time in a zone at a moment in UTC."""
    return moment if zone == "UTC" else f"(make_timestamptz(epoch_us({moment})) AT TIME ZONE {text(zone)})"


def read_moment(value: str, kind: str, zone: str) -> str:
    """UTC. Without an offset a time is one of the book's zone; a day alone is its noon there."""
    if kind == "VARCHAR":
        return (
            f"CASE WHEN regexp_full_match({value}, '{_DAY}') THEN {noon(f'TRY_CAST({value} AS DATE)', zone)} "
            f"WHEN regexp_full_match({value}, '{_DAY}{_TIME}({_OFFSET})?') THEN TRY_CAST({value} AS "
            f"TIMESTAMPTZ) AT TIME ZONE 'UTC' END"
        )
    if kind == "DATE":
        return noon(value, zone)
    if kind.startswith("TIMESTAMP WITH"):  # the calendar is slow, and needed only for infinity
        return f"CASE WHEN isfinite({value}) THEN make_timestamp(epoch_us({value})) ELSE {value} AT TIME ZONE 'UTC' END"
    naive = f"TRY_CAST({value} AS TIMESTAMP)"
    return naive if zone == "UTC" else f"(({naive} AT TIME ZONE {text(zone)}) AT TIME ZONE 'UTC')"


def _read_flag(value: str, kind: str, _zone: str) -> str:
    if kind != "VARCHAR":
        return f"TRY_CAST({value} AS BOOLEAN)"
    return (
        f"CASE WHEN lower({value}) IN ('true', 't', 'yes', '1') THEN true WHEN lower({value}) IN "
        f"('false', 'f', 'no', '0') THEN false END"
    )


def _read_order(value: str, kind: str, zone: str) -> str:
    words = f"string_split(regexp_replace({_read_text(value, kind, zone)}, '[ ,]+', ' ', 'g'), ' ')"
    every = "[" + ", ".join(text(name) for name in sorted(COMPONENTS)) + "]"
    return f"CASE WHEN list_sort({words}) = {every} THEN array_to_string({words}, ' ') END"


_READERS: Final[dict[Kind, Callable[[str, str, str], str]]] = {
    Kind.TEXTS: _read_texts, Kind.DATE: _read_date, Kind.MOMENT: read_moment, Kind.FLAG: _read_flag,
    Kind.ORDER: _read_order,
}  # fmt: skip


def _plain(value: str, *, comma: bool) -> str:
    """Return a text number with a point for its decimals; points must make groups of three."""
    if not comma:
        return value
    groups = r"[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)?"
    return f"CASE WHEN regexp_full_match({value}, '{groups}') THEN replace(replace({value}, '.', ''), ',', '.') END"


def _number_text(value: str, digits: int, *, comma: bool) -> str:
    """Return a text number times 10^digits as BIGINT, null unless that is exact: no rounding takes place."""
    plain = _plain(value, comma=comma)
    pattern = f"[+-]?0*[0-9]{{1,14}}(\\.[0-9]{{0,{digits}}}0*)?"
    scaled = f"CAST(TRY_CAST({plain} AS DECIMAL(38, {digits})) * {10**digits} AS BIGINT)"
    return f"CASE WHEN regexp_full_match({plain}, '{pattern}') THEN {scaled} END"


def _decimal(value: str, kind: str, digits: int) -> str:
    """Return an exact number. A double means its shortest text, of which four more decimals are read than are kept."""
    return f"TRY_CAST(CAST({value} AS VARCHAR) AS DECIMAL(38, {digits + 4}))" if kind in {"DOUBLE", "FLOAT"} else value


def _number_typed(value: str, kind: str, digits: int) -> str:
    """Return a typed number times 10^digits as BIGINT, null unless that is exact: no rounding takes place."""
    if kind in _WHOLE and not digits:
        return f"CAST({value} AS BIGINT)"  # a decimal of 128 bits on the way costs more than all the rest
    exact = _decimal(value, kind, digits)
    kept = f"TRY_CAST({exact} AS DECIMAL(28, {digits}))"  # leaves room to multiply: nothing overflows
    return f"CASE WHEN {kept} = {exact} THEN TRY_CAST({kept} * {10**digits} AS BIGINT) END"


def _tests(column: Column, kind: str, how: Reading, problems: Problems) -> list[tuple[str, int]]:
    """Return the tests of one mapped column, in order, with their problem numbers."""
    value, typed = ident("m_" + column.name), ident("t_" + column.name)
    tests: list[tuple[str, str]] = []
    unread = f"{value} IS NOT NULL AND {typed} IS NULL"
    if column.kind in _NUMERIC:
        tests += _number_tests(column, kind, unread, how)
    elif column.kind not in {Kind.TEXT, Kind.TEXTS}:
        tests.append((unread, _UNREAD.get(column.kind, "cannot be read")))
    if column.required and column.default is None:
        tests.append((f"{value} IS NULL", "missing"))
    tests += _range_tests(column, typed, how)
    return [(test, problems.number(column.name, reason)) for test, reason in tests]


_UNREAD: Final = {
    Kind.DATE: "not a date (2026-01-31) or time stamp",
    Kind.MOMENT: "not a time stamp (2026-01-31T09:00:00Z)",
    Kind.FLAG: "neither true nor false",
    Kind.ORDER: "not the five components in an order: " + " ".join(COMPONENTS),
}


def _number_tests(column: Column, kind: str, unread: str, how: Reading) -> list[tuple[str, str]]:
    """Say why a number was not read: no number, too large, too many decimals."""
    value = ident("m_" + column.name)
    finer = "more decimals than its currency has" if column.kind is Kind.MONEY else "not a whole number in its unit"
    if kind == "VARCHAR":
        plain = _plain(f"trim({value})", comma=how.comma)
        number = f"regexp_full_match({plain}, '{_NUMBER}')"
        large = f"regexp_full_match({plain}, '[+-]?0*[1-9][0-9]{{14,}}(\\.[0-9]+)?')"
    else:
        number = f"TRY_CAST({value} AS DOUBLE) IS NOT NULL AND NOT isnan(TRY_CAST({value} AS DOUBLE))"
        large = f"abs(TRY_CAST({value} AS DOUBLE)) >= 1e14"
    tests = [
        (f"{unread} AND ({number}) IS NOT TRUE", "not a number"),
        (f"{unread} AND {large}", "too large"),
        (unread, finer),
    ]
    if column.kind is Kind.MONEY and how.by_row:
        tests.append((f"{ident('t_' + column.name)} % {factor_sql('currency')} <> 0", finer))
    return tests


def _range_tests(column: Column, typed: str, how: Reading) -> list[tuple[str, str]]:
    """Say which typed values are out of range."""
    first, last = how.book.date_min.isoformat(), how.book.date_max.isoformat()
    if column.name == "born_on":
        first = min(first, "1900-01-01")
    if column.kind is Kind.DATE:
        return [
            (
                f"{typed} NOT BETWEEN DATE '{first}' AND DATE '{last}'",
                f"out of range: not from {first} to {last}",
            )
        ]
    if column.kind is Kind.MOMENT:
        return [
            (
                f"{typed} < TIMESTAMP '{first}' OR {typed} >= CAST(DATE '{last}' + 1 AS TIMESTAMP)",
                f"out of range: not from {first} to {last}",
            ),
        ]
    if column.kind is Kind.CHOICE:
        return [
            (
                f"{typed} NOT IN ({', '.join(map(text, column.choices))})",
                "none of " + ", ".join(column.choices),
            )
        ]
    if column.kind is Kind.CURRENCY:
        known = f"length({typed}) = 3 AND contains({text(' '.join(['', *MINOR_DIGITS, '']))}, ' ' || {typed} || ' ')"
        return [(f"NOT ({known})", "no currency of ISO 4217")]
    if column.kind is Kind.MONEY:
        limit = f"{typed} > {AMOUNT_MAX} * {factor_sql('currency') if how.by_row else how.slack}"
        return [(f"{typed} < 0", "negative"), (limit, "more than 10,000,000,000,000 minor units")]
    if column.kind in LIMITS:
        return [
            (f"{typed} < 0", "negative"),
            (f"{typed} > {LIMITS[column.kind]}", f"more than {LIMITS[column.kind]:,}"),
        ]
    return []


def factor_sql(currency: str) -> str:
    """Return the SQL of what divides an amount at the finest decimals into a currency's minor unit."""
    return digits_sql(currency, lambda digits: str(10 ** (FINEST - digits)))


def digits_sql(currency: str, show: Callable[[int], str] = str) -> str:
    """Return the SQL of a currency's decimals (two if unknown), or of something shown from them."""
    groups: dict[int, list[str]] = {}
    for code, digits in MINOR_DIGITS.items():
        groups.setdefault(digits, []).append(text(code))
    cases = " ".join(
        f"WHEN {currency} IN ({', '.join(codes)}) THEN {show(digits)}"
        for digits, codes in groups.items()
        if digits != 2
    )
    return f"CAST(CASE {cases} ELSE {show(2)} END AS BIGINT)"


def _final(table: Table, column: Column, how: Reading, *, mapped: bool) -> str:
    """Return the SQL of a stored value: the typed one, in its currency's unit, with defaults filled in."""
    kind = sql_type(column)
    value = ident("t_" + column.name) if mapped else f"CAST(NULL AS {kind})"
    if column.kind is Kind.MONEY and how.by_row and mapped:
        own = f"coalesce(t_currency, {text(how.book.currency)})" if how.book.currency else "t_currency"
        value = f"{value} // {factor_sql(own)}"  # exact: a remainder is a problem of the row
    if column.name == "currency" and table.name == "loans" and how.book.currency:
        return f"coalesce({value}, {text(how.book.currency)})"
    if column.name == "recorded_at":
        return f"coalesce({value}, {_known(table, how)})"
    return value if column.default is None else f"coalesce({value}, CAST({text(column.default)} AS {kind}))"


def _known(table: Table, how: Reading) -> str:
    """Return the SQL of when a row became known, for a lender who does not say."""
    if table.happened is None:
        return "TIMESTAMP '1970-01-01'"
    happened = ident("t_" + table.happened)
    return noon(happened, how.book.zone) if table.column(table.happened).kind is Kind.DATE else happened
