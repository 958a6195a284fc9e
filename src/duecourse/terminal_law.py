"""What the commands about the law print: scores of cases, verdicts, rules, coverage, changes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from duecourse.law.casefile import Case, read_cases
from duecourse.law.document import read
from duecourse.law.records import Coverage
from duecourse.law.rulebook import Law, Rule
from duecourse.law.scoring import Score, Scored
from duecourse.law.what_if import Answer, Told
from duecourse.printing import grid, say, show

_SCORES: Final = (Score.RIGHT, Score.WRONG, Score.NOT_COVERED)


def _total(found: Iterable[Scored]) -> Counter[Score]:
    return Counter(one.score for one in found)


def _line(counts: Counter[Score]) -> str:
    return ", ".join(f"{counts[score]} {score}" for score in _SCORES)


def show_scores(found: Sequence[Scored]) -> None:
    """Print a line for each wrong try, the two totals, and a table by rulebook and topic."""
    for one in found:
        if one.score is not Score.RIGHT:
            say(_wrong(one), "red" if one.score is Score.WRONG and one.counts else "yellow")
    first = [one for one in found if one.counts]
    say(_line(_total(first)))
    say(f"{_line(_total(one for one in found if not one.counts))} (from memory, or our own reading)")
    table = grid("rulebooks", "topic", *_SCORES, words=(0, 1))
    for (books, topic), counts in _by_topic(found).items():
        table.add_row(books, topic, *(str(counts[score]) if counts[score] else "-" for score in _SCORES))
    say()
    show(table)


def _by_topic(found: Sequence[Scored]) -> dict[tuple[str, str], Counter[Score]]:
    table: dict[tuple[str, str], Counter[Score]] = {}
    for one in sorted(found, key=lambda each: (each.case.rulebooks, each.case.topic)):
        table.setdefault((" ".join(one.case.rulebooks), one.case.topic), Counter())[one.score] += 1
    return table


def _wrong(one: Scored) -> str:
    trial = one.judged.tried.trial
    expected = f"{trial.expect} by {trial.rule}" if trial.rule else str(trial.expect)
    at = trial.values.get("at")
    what = trial.values.get("act") or trial.values.get("ask")
    channel = f" {trial.values['channel']}" if "channel" in trial.values else ""
    when = f" at {at:%Y-%m-%dT%H:%MZ}" if hasattr(at, "strftime") else ""
    return (
        f"{one.score}: {Path(one.case.file).name}:{trial.line}: {one.case.id}: {what}{channel}{when}:"
        f" expected {expected}, got {one.got}"
    )


def score_sheet(found: Sequence[Scored]) -> dict[str, Any]:
    """Return the scores as plain values."""

    def counted(those: Iterable[Scored]) -> dict[str, int]:
        counts = _total(those)
        return {score.replace(" ", "_"): counts[score] for score in _SCORES}

    return {
        "scored": counted(one for one in found if one.counts),
        "apart": counted(one for one in found if not one.counts),
        "by_topic": [
            {"rulebooks": books, "topic": topic, **{score.replace(" ", "_"): counts[score] for score in _SCORES}}
            for (books, topic), counts in _by_topic(found).items()
        ],
        "not_right": [_wrong(one) for one in found if one.score is not Score.RIGHT],
    }


def show_answers(told: Sequence[Answer]) -> None:
    """Print each try with its verdict, the reasons in the order of their strength, and every rule that was asked."""
    for answer in told:
        say(answer.what, "bold")
        colour = {"permitted": "green", "refused": "red"}.get(answer.verdict, "")
        say(f"  {answer.verdict}", colour)
        for reason in answer.reasons:
            _say_rule(reason, "because" if answer.verdict == "refused" else "by")
        for reason in answer.beside:
            _say_rule(reason, f"beside it, not gating ({reason.checked})")
        if answer.asked:
            number = len(answer.asked)
            say("  1 more rule was asked" if number == 1 else f"  {number} more rules were asked", "dim")
            for rule in answer.asked:
                say(f"    {rule.rule}: {_facts(rule)}", "dim")
        say()


def _say_rule(told: Told, how: str) -> None:
    say(f"  {how}: {told.because}")
    say(f"      {told.rule} · {told.topic} · {told.citation} · {told.link}")
    say(f"      {_facts(told)}", "dim")
    if told.missing:
        say(f"      not known: {', '.join(told.missing)}", "yellow")


def _facts(told: Told) -> str:
    return ", ".join(f"{name} = {value}" for name, value in told.facts) or "no facts"


def show_rules(law: Law, books: Sequence[str], on: date) -> None:
    """Print the rules of some rulebooks that are in force on a day."""
    table = grid("rule", "kind", "topic", "force", "checked", "from", "says", words=(0, 1, 2, 3, 4, 5, 6))
    rules = [rule for rule in law.rules if rule.book in books and rule.in_force(on)]
    for rule in sorted(rules, key=lambda each: (each.book, each.record.topic, each.id)):
        record = rule.record
        table.add_row(
            rule.id, record.kind, record.topic, record.force, record.checked.how, str(record.from_), record.says
        )
    show(table)
    say(f"{len(rules)} rules in force on {on}")


def show_rule(law: Law, versions: Sequence[Rule]) -> None:
    """Print one rule with all its versions."""
    for rule in versions:
        record = rule.record
        until = f" to {record.to} (first day on which it holds no more)" if record.to else ", in force"
        say(f"{rule.id}: from {record.from_}{until}", "bold")
        say(f"  {record.says}")
        source = law.sources[record.cite.source]
        say(f"  {law.cite(rule)} · {source.title} · {source.publisher} · {source.link}")
        say(f"  {record.kind} · {record.topic} · {record.effect} · {record.force} · {_checked(rule)}")
        for key, expression in (("applies", rule.applies), ("permit", rule.permit), ("gives", rule.gives)):
            if expression is not None:
                say(f"  {key}: {' '.join(expression.text.split())}")
        if record.calculate:
            say(f"  calculate: {record.calculate} {' '.join(record.order)}".rstrip())
        if record.note:
            say(f"  note: {record.note}")
        say(f"  {rule.place.file}:{rule.place.line}", "dim")
    _show_needs(law, versions)
    _show_cases(law, versions[-1])


def _checked(rule: Rule) -> str:
    how, on = rule.record.checked.how, rule.record.checked.on
    words = {"text": "text read", "secondary": "read second-hand", "memory": "from memory: gates only when switched on"}
    return f"{words[how]} on {on}"


def _show_needs(law: Law, versions: Sequence[Rule]) -> None:
    names = sorted(frozenset[str]().union(*(rule.names for rule in versions)))
    say("needs to know:", "bold")
    for name in names:
        fact = law.facts.get(name)
        say(f"  {name}: {fact.record.says if fact else 'told by the act, the loan or the borrower'}")


def _show_cases(law: Law, rule: Rule) -> None:
    found = [
        (case, trial)
        for case in cases_of(law, rule.book)
        for trial in case.tries
        if rule.record.topic in {case.topic, trial.rule}
    ]
    say("worked cases of its topic:", "bold")
    for case_id, says in dict.fromkeys((case.id, case.says) for case, _ in found):
        say(f"  {case_id}: {says}")


def cases_of(law: Law, book: str) -> tuple[Case, ...]:
    """Read the worked cases that stand beside a rulebook's rules."""
    topics = {rule.record.topic for rule in law.rules}
    files = sorted(law.folders[book].glob("*.cases.yaml")) if book in law.folders else []
    return tuple(case for path in files for case in read_cases(path, topics=topics))


def show_coverage(law: Law, books: Sequence[str]) -> None:
    """Print what each rulebook holds and leaves out."""
    for name in books:
        book = law.books[name]
        rules = {rule.id: rule for rule in law.rules if rule.book == name}
        kinds = Counter[str](rule.record.kind for rule in rules.values())
        checked = Counter[str](rule.record.checked.how for rule in rules.values())
        say(f"{name}: {book.title}", "bold")
        say(f"  encoded: {len(rules)} rules: {_counted(kinds)}; checked: {_counted(checked)}")
        starts = [rule.record.from_ for rule in rules.values()]
        if starts:
            say(f"  rules from {min(starts)} on, the newest from {max(starts)}")
        path = law.folders[name] / "COVERAGE.yaml" if name in law.folders else None
        if path is None or not path.exists():
            continue
        told = Coverage.model_validate(read(path, days_and_fractions=True).values)
        say(f"  {told.checked}")
        for part in told.not_encoded:
            rows = f" ({', '.join(part.rows)})" if part.rows else ""
            say(f"  not encoded: {part.what}{rows}: {part.why}")


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))


def show_changes(law: Law, book: str, earlier: date, later: date) -> None:
    """Print the rules of a book that came, went or changed between two days."""

    def holding(day: date) -> dict[str, Rule]:
        return {rule.id: rule for rule in law.rules if rule.book == book and rule.in_force(day)}

    before, after = holding(earlier), holding(later)
    for rule_id in sorted(after.keys() - before.keys()):
        rule = after[rule_id]
        say(f"+ {rule_id} from {rule.record.from_}: {rule.record.says} ({law.cite(rule)})", "green")
    for rule_id in sorted(before.keys() - after.keys()):
        rule = before[rule_id]
        say(f"- {rule_id} to {rule.record.to}: {rule.record.says} ({law.cite(rule)})", "red")
    for rule_id in sorted(rule_id for rule_id in before.keys() & after.keys() if before[rule_id] is not after[rule_id]):
        old, new = before[rule_id], after[rule_id]
        say(f"~ {rule_id} from {new.record.from_}: {new.record.says} ({law.cite(new)})", "yellow")
        for key in ("applies", "permit", "gives"):
            was, now = getattr(old, key), getattr(new, key)
            if (was and was.canonical) != (now and now.canonical):
                say(f"    {key}: {was.canonical if was else 'none'}  ->  {now.canonical if now else 'none'}")
    same = len(before.keys() & after.keys()) - sum(
        before[each] is not after[each] for each in before.keys() & after.keys()
    )
    say(f"{same} rules are the same on {earlier} and {later}")
