"""The rulebooks in force as pages show them: what each says, and what changes from a day to come."""

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from duecourse.desk.tables import Cell, Table, number
from duecourse.law.judge import gates
from duecourse.law.rulebook import Law, Rule
from duecourse.web.showing import day


def rule_of(law: Law, rule_id: str) -> Rule | None:
    """Return a rule by its id, the newest version of it."""
    return next((rule for rule in reversed(law.rules) if rule.id == rule_id), None)


def about(law: Law, topic: str, on: date) -> list[Rule]:
    """Return the rules in force on a day whose topic has a word in it."""
    return [rule for rule in law.rules if topic in rule.record.topic and _holds(rule, on)]


def tables(law: Law, on: date) -> list[Table]:
    """Return what the page of the rulebooks shows on a day."""
    coming = [rule for rule in law.rules if rule.record.from_ > on]
    ending = [rule for rule in law.rules if rule.record.to is not None and rule.record.to > on]
    changes = sorted(
        [
            *((rule.record.from_, _("begins"), rule) for rule in coming),
            *((rule.record.to, _("ends"), rule) for rule in ending if rule.record.to is not None),
        ],
        key=lambda change: (change[0], change[2].id),
    )
    head = [_("Day"), "", _("Rule"), _("Citation")]
    rows = [[Cell(day(at)), Cell(what), Cell(_said(rule)), Cell(law.cite(rule))] for at, what, rule in changes]
    books = [
        [
            Cell(f"{book.title} ({book.id})"),
            *(number(count) for count in _counts([rule for rule in law.rules if rule.book == book.id], on)),
        ]
        for book in law.books.values()
    ]
    return [
        Table(_("Changes to come"), head, rows, empty=_("None that we know of.")),
        Table(_("In force"), [_("Rulebook"), _("Rules"), _("that bind"), _("from memory: they bind nothing")], books),
        *(_book(law, book.id, book.title, on) for book in law.books.values()),
    ]


def _book(law: Law, book: str, title: str, on: date) -> Table:
    rules = [rule for rule in law.rules if rule.book == book and _holds(rule, on)]
    rows = [[Cell(_said(rule)), Cell(law.cite(rule)), Cell(day(rule.record.from_))] for rule in rules]
    return Table(f"{title} ({book})", [_("Rule"), _("Citation"), _("From")], rows)


def _counts(rules: Sequence[Rule], on: date) -> tuple[int, int, int]:
    holding = [rule for rule in rules if _holds(rule, on)]
    binding = sum(gates(rule) for rule in holding)
    return len(holding), binding, len(holding) - binding


def _holds(rule: Rule, on: date) -> bool:
    return rule.record.from_ <= on and (rule.record.to is None or on < rule.record.to)


def _said(rule: Rule) -> str:
    return f"{rule.record.says}\n{rule.id}"
