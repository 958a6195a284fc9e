"""Rewards told to borrowers: a message with the strategy's template of rewards, judged by the gate like every contact.

    announce(connection, gate, strategy, Channel("email"), at) -> [Decision, ...]

What was earned is told in the words of its rule, in the borrower's language. A message that was refused is asked for
again the next time; one that was released is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.asking import Asked
from duecourse.day.composing import Composer
from duecourse.day.decision import Decision
from duecourse.day.gate import Gate
from duecourse.day.known import Known
from duecourse.day.owed import Owed
from duecourse.kernel.errors import DueCourseError
from duecourse.rewards.rules import Rules
from duecourse.store.audit import chain
from duecourse.store.line import Line, moment, numbers
from duecourse.strategy.models import Strategy, Treatment
from duecourse.strategy.rendering import Value

_ACT: Final = "reward"
_PURPOSE: Final = "servicing"
_AT_ONCE: Final = 100
_UNTOLD: Final = """
SELECT borrower_no, array_agg(DISTINCT loan_id), array_agg(id ORDER BY id), array_agg(rule ORDER BY id) FROM reward
WHERE state = 'applied' AND announced_at IS NULL AND borrower_no > %s
GROUP BY borrower_no ORDER BY borrower_no LIMIT %s"""
_TOLD: Final = "UPDATE reward SET announced_at = $1::timestamptz WHERE id = ANY($2::bigint[]) AND announced_at IS NULL"


@dataclass(frozen=True)
class Rewarding(Composer):
    """Writes messages that tell of rewards; `earned` names the rules by borrower_id, and is filled before each part."""

    rules: Rules | None = None
    earned: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def _values(self, known: Known, loans: Sequence[Owed], on: date) -> Mapping[str, Value]:
        names = dict.fromkeys(self.earned.get(known.person.borrower_id, ()))
        rules = [rule for name in names if self.rules and (rule := self.rules.named(name))]
        language = known.language.partition("-")[0]
        words = [rule.words.get(language) for rule in rules]
        if not words or None in words:
            raise DueCourseError(f"no words of a reward in the language '{language}': add them to the rules")
        joined = ("；" if language == "zh" else "; ").join(one for one in words if one)
        return {**super()._values(known, loans, on), "reward": joined}


def announce(
    connection: Connection[TupleRow], gate: Gate, compose: Rewarding, strategy: Strategy, channel: str, at: datetime
) -> list[Decision]:
    """Ask the gate for a message to each borrower with rewards that nobody told yet; return what it decided."""
    treatment = next((one for one in strategy.treatments if one.act == _ACT and one.template), None)
    if treatment is None:
        raise DueCourseError("the strategy has no treatment with the act reward and a template: add one to its ladder")
    found: list[Decision] = []
    after = 0
    while True:
        with connection.transaction():
            rows = connection.execute(_UNTOLD, [after, _AT_ONCE]).fetchall()
            ids = _borrower_ids(connection, [row[0] for row in rows])
        if not rows:
            return found
        after = rows[-1][0]
        compose.earned.clear()
        compose.earned.update({ids[borrower]: tuple(rules) for borrower, _, _, rules in rows})
        asked = [_asked(treatment, strategy, channel, borrower, loans) for borrower, loans, _, _ in rows]
        found += gate.decide(asked, at, _Told({row[0]: row[2] for row in rows}, at))


@dataclass(frozen=True)
class _Told:
    """What is written where a message was released: that its rewards are told. `numbers` are theirs, by borrower."""

    numbers: Mapping[int, Sequence[int]]
    at: datetime

    def drafts(self, _: Decision) -> Sequence[chain.Draft]:
        """Return nothing: the gate's own entry says it."""
        return ()

    def write(self, line: Line, decisions: Sequence[Decision]) -> None:
        """Note the rewards that are told."""
        told = [one for each in decisions if each.is_permitted for one in self.numbers[each.asked.borrower]]
        if told:
            line.ask((_TOLD, [moment(self.at), numbers(told)]))


def _asked(treatment: Treatment, strategy: Strategy, channel: str, borrower: int, loans: Sequence[str]) -> Asked:
    content = strategy.content_of(treatment)
    return Asked(
        borrower, "contact", channel, _PURPOSE, tuple(loans), content, treatment.template, treatment.name,
        presses=False,
    )  # fmt: skip


def _borrower_ids(connection: Connection[TupleRow], numbers: Sequence[int]) -> dict[int, str]:
    rows = connection.execute("SELECT id, borrower_id FROM borrower WHERE id = ANY(%s)", [list(numbers)]).fetchall()
    return dict(rows)
