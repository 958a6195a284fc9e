"""The step `report`: from the night's tables to the pages that people read."""

from pathlib import Path

import duecourse
from duecourse.night.moment import Moment
from duecourse.night.report import About, Outputs, gather, write_report
from duecourse.night.run import Night


def write(night: Night, moment: Moment, folder: Path, plan_hash: str, languages: tuple[str, ...]) -> dict[str, str]:
    """Write one page per language into `folder`; return their file names by output name (`report`, `report_zh`)."""
    tables, book, strategy = night.engine.table, night.book, night.strategy
    data = gather(
        Outputs(tables("positions"), tables("history"), tables("plan")),
        About(
            book=book.name,
            zone=book.zone,
            on=moment.on,
            known_at=moment.known_until,
            engine="DuckDB",
            version=duecourse.__version__,
            strategy=strategy.name,
            strategy_hash=strategy.hash,
            plan_hash=plan_hash,
            payments_complete_through=book.payments_complete_through,
            payments_fresh_days=strategy.payments_fresh_days,
            payments_stale=night.is_stale(moment),
            clean_days=strategy.cure.clean_days,
        ),
        book,
        strategy.buckets.ranges,
        [rung.stage for rung in strategy.ladder],
    )
    named = {}
    for language in languages:
        name = "report" if language == "en" else f"report_{language}"
        write_report(folder / f"{name}.html", data, language)
        named[name] = f"{name}.html"
    return named
