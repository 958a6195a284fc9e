"""The quarantine: every bad row, with its file and row number, what is wrong with it, and the row itself."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from duecourse.book.read import Work, shown_value
from duecourse.book.schema import Table
from duecourse.book.sources import Part, total_rejects
from duecourse.book.sql import ident, text
from duecourse.book.typed import Exprs

MALFORMED: Final = "malformed line: "


def write_quarantine(work: Work, table: Table, folder: Path) -> int:
    """Write `<folder>/<table>.csv` when the table has bad rows, in file order; return how many there are.

    Columns: file, row (1-based data row in its file), column (ours), value, reason, record (JSON of the
    lender's row).
    """
    name = table.name
    con = work.con
    con.execute(
        'CREATE OR REPLACE TABLE quarantine (part INTEGER, file VARCHAR, row BIGINT, "column" VARCHAR, '
        "value VARCHAR, reason VARCHAR, record VARCHAR)"
    )
    if not total_rejects(work.parts[name]) and not work.count(
        f"SELECT count(*) FROM {ident('c_' + name)} WHERE _c > 0"
    ):
        return 0
    con.execute(f"CREATE OR REPLACE TABLE bad AS SELECT rid, _c AS code FROM {ident('c_' + name)} WHERE _c > 0")
    entries = work.problems[name].entries
    _fill(
        work,
        "reasons",
        code=range(1, len(entries) + 1),
        column=[c for c, _ in entries],
        reason=[r for _, r in entries],
    )
    for position, part in enumerate(work.parts[name]):
        _add_malformed(work, position, part)
        last = part.first_row + part.rows
        if work.count(f"SELECT count(*) FROM bad WHERE rid >= {part.first_row} AND rid < {last}"):
            _add_bad(work, position, part, work.exprs[name][position])
    found = work.count("SELECT count(*) FROM quarantine")
    if found:
        folder.mkdir(exist_ok=True)
        path = text(str(folder / f"{name}.csv"))
        con.execute(f"COPY (SELECT * EXCLUDE (part) FROM quarantine ORDER BY part, row) TO {path} (FORMAT csv, HEADER)")
    return found


def _add_malformed(work: Work, position: int, part: Part) -> None:
    """Put a part's malformed lines into the quarantine; their record holds the line as text."""
    if not part.rejects:
        return
    _fill(
        work,
        "malformed",
        row=[reject.row for reject in part.rejects],
        reason=[MALFORMED + reject.reason for reject in part.rejects],
        record=[json.dumps({"line": reject.record}, ensure_ascii=False) for reject in part.rejects],
    )
    work.con.execute(
        f"INSERT INTO quarantine SELECT {position}, {text(part.shown)}, row, '', '', reason, record FROM malformed"
    )


def _fill(work: Work, name: str, **columns: Sequence[object]) -> None:
    """Make a small table from lists of one length (handing over Arrow would import pandas, which is slow)."""
    picked = ", ".join(f"unnest(${column}) AS {ident(column)}" for column in columns)
    work.con.execute(
        f"CREATE OR REPLACE TABLE {ident(name)} AS SELECT {picked}",
        {key: list(values) for key, values in columns.items()},
    )


def _add_bad(work: Work, position: int, part: Part, exprs: Exprs) -> None:
    """Read the bad rows of a part once more, for what the lender wrote.

    The lender's columns may have any name, `rowid` and `reason` too: ours get names beside which theirs are clear.
    """
    number, code, row, problem, column_, reason = (
        ident(part.own(stem)) for stem in (part.row_column, "_code", "_row", "_problem", "_column", "_reason")
    )
    values = " ".join(f"WHEN {text(column)} THEN {shown_value(exprs, column)}" for column in exprs)
    raw = ", ".join(f"{text(name)}: {ident(name)}" for name in part.names)
    names = [ident(name) for name in part.names]
    inner = (
        f"SELECT b.code AS {code}, r.{number} AS {row}, {', '.join('r.' + name for name in names)} FROM "
        f"{part.numbered} r JOIN bad b ON b.rid = r.{number} + {part.first_row}"
    )
    work.con.execute(f"""
        CREATE OR REPLACE TABLE found AS SELECT r.{row} AS _row, p.{column_} AS "column", CASE p.{column_} {values}
          END AS value, p.{reason} AS reason, CAST(to_json({{{raw}}}) AS VARCHAR) AS record
        FROM ({inner}) r JOIN
          (SELECT code AS {problem}, "column" AS {column_}, reason AS {reason} FROM reasons) p
          ON p.{problem} = r.{code}""")
    work.con.execute(
        f"INSERT INTO quarantine SELECT {position}, {text(part.shown)}, {_row_number(work, part)}, "
        f'"column", value, reason, record FROM {_found(part)}'
    )


def _found(part: Part) -> str:
    return "found f ASOF LEFT JOIN before_row b ON f._row >= b.kept_before" if part.rejects else "found f"


def _row_number(work: Work, part: Part) -> str:
    """Return the SQL of a good row's number in its file: malformed lines before it count too."""
    if not part.rejects:
        return "f._row + 1"
    before = {reject.kept_before: number for number, reject in enumerate(part.rejects, start=1)}
    _fill(work, "before_row", kept_before=list(before), rejected=list(before.values()))
    return "f._row + 1 + coalesce(b.rejected, 0)"


def publish(source: Path, target: Path) -> None:
    """Make `target` hold exactly the files of `source`: a quarantine of an earlier load would mislead."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.csv"):
        if not (source / old.name).exists():
            old.unlink()
    for new in sorted(source.glob("*.csv")) if source.exists() else []:
        shutil.copyfile(new, target / new.name)
