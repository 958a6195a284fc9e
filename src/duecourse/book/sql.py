"""Expressions of a mapping: SQL over the lender's columns, parsed by sqlglot, pure functions only.

A mapping may come from somebody else, so an expression must not read files, look at settings, change anything
or depend on the clock: whatever is not on the list below is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from duecourse.book.mapping import MappingError, nearest

_SHAPES: Final = (
    exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.DataType,
    exp.DataTypeParam,
    exp.Var, exp.Interval, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ,
    exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.In, exp.Between, exp.Like,
    exp.ILike, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.DPipe, exp.AtTimeZone,
    exp.Tuple,
)  # fmt: skip
_FUNCTIONS: Final = (
    exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Upper,
    exp.Lower, exp.Trim, exp.Substring, exp.Left, exp.Right, exp.Length, exp.Concat, exp.ConcatWs,
    exp.Replace,
    exp.RegexpReplace, exp.RegexpExtract, exp.RegexpLike, exp.RegexpFullMatch, exp.Pad, exp.StartsWith,
    exp.EndsWith, exp.Contains, exp.Split, exp.SplitPart, exp.StrPosition, exp.StrToTime, exp.StrToDate,
    exp.TimeToStr, exp.DateAdd, exp.DateSub, exp.DateDiff, exp.DateTrunc, exp.TimestampTrunc, exp.Extract,
    exp.Year,
    exp.Month, exp.Day, exp.DateFromParts, exp.UnixToTime, exp.MD5, exp.Reverse, exp.Translate,
)  # fmt: skip
_NAMED: Final = frozenset({"try_strptime", "strip_accents", "make_timestamp", "epoch_us"})
_ALLOWED: Final = _SHAPES + _FUNCTIONS
LENGTH_MAX: Final = 4_000
PAD_MAX: Final = 1_000


@dataclass(frozen=True)
class Checked:
    """An expression found harmless: its SQL for DuckDB, the columns it reads, whether it is one alone."""

    sql: str
    columns: tuple[str, ...]
    bare: bool


def ident(name: str) -> str:
    """Quote a name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Quote a text for DuckDB."""
    return "'" + value.replace("'", "''") + "'"


def check(expression: str, columns: Sequence[str], place: str, source: str) -> Checked:
    """Parse one expression over the columns of a source; MappingError names place, word and nearest column.

    A text that is exactly a column's name is that column, whatever characters it has. Otherwise names are
    matched as SQL does, without regard to case.
    """
    if expression in columns:
        return Checked(ident(expression), (expression,), bare=True)
    if len(expression) > LENGTH_MAX:
        raise MappingError(f"{place}: the expression has {len(expression):,} characters: write at most {LENGTH_MAX:,}")
    try:
        return _check(expression, columns, place, source)
    except RecursionError:
        raise MappingError(
            f"{place}: the expression {expression[:20]!r}... is nested too deeply: write it with fewer brackets"
        ) from None


def _check(expression: str, columns: Sequence[str], place: str, source: str) -> Checked:
    """Parse one expression, walk it, and write it anew; RecursionError when it is nested too deeply for that."""
    tree = _parse(expression, place)
    by_fold = {column.casefold(): column for column in columns}
    used: dict[str, None] = {}
    for node in tree.walk():
        _refuse_unlisted(node, place)
        if isinstance(node, exp.Column):
            used[_resolve(node, by_fold, place, source)] = None
    return Checked(tree.sql("duckdb", comments=False), tuple(used), isinstance(tree, exp.Column))


def _parse(expression: str, place: str) -> exp.Expr:
    """Parse exactly one expression."""
    try:
        trees = sqlglot.parse(expression, dialect="duckdb")
    except SqlglotError as error:
        found = getattr(error, "errors", None) or [{}]
        word = found[0].get("highlight") or expression
        raise MappingError(
            f"{place}: cannot read the expression {expression!r} near {word!r}: write SQL over the file's columns"
        ) from error
    tree = trees[0] if len(trees) == 1 else None
    if tree is None:
        raise MappingError(f"{place}: {expression!r} is not exactly one expression: write one, without ';'")
    return tree


def _refuse_unlisted(node: exp.Expr, place: str) -> None:
    """Refuse whatever is not on the list: subqueries, aggregates, windows, settings, files, clocks."""
    if isinstance(node, exp.Anonymous):
        if node.name.lower() not in _NAMED:
            raise MappingError(
                f"{place}: the function {node.name!r} is not allowed in a mapping{nearest(node.name, _names())}"
            )
    elif not isinstance(node, _ALLOWED):
        raise MappingError(
            f"{place}: {node.sql('duckdb')!r} is not allowed in a mapping: use columns, values, "
            f"operators and plain functions"
        )
    elif isinstance(node, exp.Pad):
        _refuse_wide(node, place)
    elif isinstance(node, exp.DataType) and node.this == exp.DataType.Type.USERDEFINED:
        raise MappingError(
            f"{place}: no type {node.sql('duckdb')!r}: use for instance date, decimal(18, 2), bigint, varchar"
        )


def _refuse_wide(node: exp.Pad, place: str) -> None:
    """Refuse a padding whose width is not written out, or so wide that a row would fill the memory."""
    width = node.expression
    if not (isinstance(width, exp.Literal) and width.is_int and int(width.name) <= PAD_MAX):
        raise MappingError(f"{place}: {node.sql('duckdb')!r}: pad to a width written as a number, at most {PAD_MAX:,}")


def _names() -> list[str]:
    return sorted(_NAMED | {name.lower() for kind in _FUNCTIONS for name in kind.sql_names()})


def _resolve(node: exp.Column, by_fold: dict[str, str], place: str, source: str) -> str:
    """Point a column of the expression at the source's column, and return that one's name."""
    name = node.name
    if node.table:
        raise MappingError(f"{place}: {node.sql('duckdb')!r}: write the column alone, without a table before it")
    if name.casefold() not in by_fold:
        hint = nearest(name, by_fold.values()) or "; a fixed text stands in single quotes: 'so'"
        raise MappingError(f"{place}: {source} has no column {name!r}{hint}")
    column = by_fold[name.casefold()]
    node.set("this", exp.to_identifier(column, quoted=True))
    return column
