"""The step `report`: from the night's tables to the pages that people read."""

from pathlib import Path

import duecourse
from duecourse.night import duties
from duecourse.night.engines.by_name import TITLES
from duecourse.night.moment import Moment
from duecourse.night.report import About, Duty, Outputs, Refusal, gather, write_report
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
            engine=TITLES[night.options.engine],
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
        refusals(night),
        what_is_due(night),
    )
    named = {}
    for language in languages:
        name = "report" if language == "en" else f"report_{language}"
        write_report(folder / f"{name}.html", data, language)
        named[name] = f"{name}.html"
    return named


def refusals(night: Night) -> list[Refusal]:
    """Say what the law refused, most refused first; then what rules from memory would have refused."""
    rules = {rule.id: rule for rule in night.law.rules}
    found = []
    for counts, gates in ((night.lawful.refused, True), (night.lawful.from_memory, False)):
        for name, acts in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            rule = rules[name]
            source = night.law.sources[rule.record.cite.source]
            found.append(Refusal(name, rule.record.says, night.law.cite(rule), source.link, acts, gates))
    return found


def what_is_due(night: Night) -> list[Duty]:
    """Say what is due by rule, the most overdue first."""
    rules = {rule.id: rule for rule in night.law.rules}
    found = []
    for row in duties.by_rule(night.engine):
        rule = rules[row["rule"]]
        source = night.law.sources[rule.record.cite.source]
        counts = (row["open"], row["overdue"], row["soon"], row["next_due_on"])
        found.append(Duty(row["duty"], rule.id, rule.record.says, night.law.cite(rule), source.link, *counts))
    return found
