"""A named person decides that a debt ends in some way, or has it carried out: the law is asked in the same transaction.

    deciding = Deciding(gate, connection)
    deciding.decide(Kind.SUIT, [Wanted(borrower, loans), ...], who)     an ending for each loan on which the law permits
    deciding.carry_out([Move(ending, "filed"), ...], who)               judged again; what is refused stays as it is

A yes and a no are kept like those of any act. Up to AT_ONCE borrowers are decided in one transaction: where that is
broken off, all before it stands, and what is left is asked for again.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, TypeVar

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.day.asking import Asked
from duecourse.day.decision import Decision
from duecourse.day.gate import Gate
from duecourse.day.owed import Owed
from duecourse.endings import moving
from duecourse.endings.moving import Ending, Move, Who
from duecourse.kernel.errors import DueCourseError
from duecourse.law.catalogue import FactKind
from duecourse.law.columns import ACT
from duecourse.night.lawful import ALWAYS, VARIES
from duecourse.store.audit import chain
from duecourse.store.endings import ACTS, DECIDED, Kind
from duecourse.store.line import Line
from duecourse.store.roles import MAY, Role, What

AT_ONCE: Final = 200
_PURPOSE: Final = "collection"
_DECIDERS: Final = sorted(str(role) for role in Role if What.END in MAY[role])
_IS_DECIDER: Final = "SELECT FROM staff WHERE user_id = %s AND is_active AND role = ANY(%s)"
_OPEN: Final = "SELECT loan_id FROM ending WHERE kind = %s AND loan_id = ANY(%s) AND NOT is_over"
_PLANNED: Final = """
SELECT id, borrower_no, loans, treatment, template FROM planned_act WHERE state = 'waiting' AND act = %s
ORDER BY priority DESC NULLS LAST, id"""
_WHOSE: Final = "SELECT loan_id, borrower_no FROM case_loan WHERE loan_id = ANY(%s)"
_BEGIN: Final = """
WITH asked AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS asked(
        kind text, borrower bigint, loan text, run text, planned bigint, details jsonb, at timestamptz, day date,
        "by" text, why text)
),
made AS (
    INSERT INTO ending (kind, borrower_no, loan_id, state, run, planned_act_no, details, decided_by, decided_at,
        changed_at)
    SELECT kind, borrower, loan, 'decided', run, planned, details,
        (SELECT id FROM staff WHERE user_id = "by" AND is_active AND role = ANY($2::text[])), at, at
    FROM asked
    RETURNING id, loan_id
),
step AS (
    INSERT INTO ending_step (ending_no, state, at, on_day, "by", why, details)
    SELECT id, 'decided', at, day, "by", why, details FROM made JOIN asked ON loan = loan_id
)
SELECT count(*) FROM made"""

_T = TypeVar("_T")
TOLD: Final = "told"
"""Under this name an ending's details keep what the law was told of the act, beside what it finds by itself."""
Details = Callable[[Ending, Owed], Mapping[str, Any]]
"""Gives what is kept of an ending beside its move, from what its loan owes at this second."""


@dataclass(frozen=True)
class Wanted:
    """Loans of one borrower for which an ending is wanted, with the planned act that proposes it, if one does.

    `told` is what else the law must know of the act, by columns of `duecourse.law.columns.ACT` as JSON has them
    (`buyer`, `filed_on`): it is kept with the ending, and told again when it is carried out.
    """

    borrower: int
    loans: tuple[str, ...]
    planned_act: int | None = None
    treatment: str = ""
    template: str | None = None
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What was said of a loan: done, or not with the reasons why."""

    borrower: int
    loan_id: str
    is_done: bool
    reasons: tuple[str, ...] = ()


class Deciding:
    """Decides on the connection of a gate, one thread at a time."""

    def __init__(self, gate: Gate, connection: Connection[TupleRow]) -> None:
        """Take a gate with its connection."""
        self._gate, self._connection = gate, connection

    def proposed(self, kind: Kind) -> list[Wanted]:
        """Return what the plan in force proposes and nobody has decided, in the plan's order."""
        with self._connection.transaction():
            rows = self._connection.execute(_PLANNED, [ACTS[kind]]).fetchall()
        return [
            Wanted(whose, tuple(loans), number, treatment, template)
            for number, whose, loans, treatment, template in rows
        ]

    def wanted(self, loans: Sequence[str]) -> list[Wanted]:
        """Return loans that a person names, by their borrowers; DueCourseError for one that is in no case."""
        with self._connection.transaction():
            rows = self._connection.execute(_WHOSE, [list(loans)]).fetchall()
        owners: dict[str, int] = {loan: int(whose) for loan, whose in rows}
        for loan in loans:
            if loan not in owners:
                raise DueCourseError(f"loan {loan} is in no case: nothing of it is overdue, or it is not known")
        grouped: dict[int, list[str]] = {}
        for loan in dict.fromkeys(loans):
            grouped.setdefault(owners[loan], []).append(loan)
        return [Wanted(borrower, tuple(theirs)) for borrower, theirs in grouped.items()]

    def decide(
        self, kind: Kind, wanted: Sequence[Wanted], who: Who, *, why: str = "", run: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> list[Said]:  # fmt: skip
        """Decide for each loan that it ends so, where the law permits it now; what was decided before stays as it is.

        DueCourseError where whoever decides may not.
        """
        refuse_unnamed(self._connection, who.by)
        found = []
        for some in _in_turn(wanted, lambda one: one.borrower):
            found += self._decide_some(kind, some, _Begin(kind, who, why, run, details or {}))
        return found

    def carry_out(self, moves: Sequence[Move], who: Who, details: Details | None = None) -> list[Said]:
        """Judge endings again, and move those on which the law permits it; the others stay, with the reasons told.

        DueCourseError where one was moved meanwhile: all of its transaction is undone, and what was done before stands.
        """
        found = [
            Said(one.ending.borrower, one.ending.loan_id, is_done=False, reasons=("waits_for_review",))
            for one in moves
            if one.ending.waits_for_review
        ]
        theirs: dict[tuple[int, Kind, str], list[Move]] = {}
        for move in moves:
            if not move.ending.waits_for_review:
                alike = (move.ending.borrower, move.ending.kind, json.dumps(_told(move), sort_keys=True))
                theirs.setdefault(alike, []).append(move)
        for some in _in_turn(list(theirs.values()), lambda group: group[0].ending.borrower):
            by_loan = {(one.ending.borrower, one.ending.loan_id): one for group in some for one in group}
            found += self._carry_out_some(some, _Carry(by_loan, who, details, self._connection))
        return found

    def _decide_some(self, kind: Kind, some: Sequence[Wanted], begin: "_Begin") -> list[Said]:
        with self._connection.transaction():
            loans = [loan for one in some for loan in one.loans]
            there = {loan for (loan,) in self._connection.execute(_OPEN, [kind, loans]).fetchall()}
        left = [replace(one, loans=tuple(loan for loan in one.loans if loan not in there)) for one in some]
        asked = [_asked(kind, one) for one in left if one.loans]
        try:
            decisions = self._gate.decide(asked, begin.who.at, begin) if asked else []
        except psycopg.errors.UniqueViolation:
            raise DueCourseError(f"the {kind} of one of these loans was decided meanwhile: do it again") from None
        before = [
            Said(one.borrower, loan, is_done=False, reasons=("decided_before",))
            for one in some
            for loan in one.loans
            if loan in there
        ]
        return [*before, *_said(decisions)]

    def _carry_out_some(self, some: Sequence[Sequence[Move]], carry: "_Carry") -> list[Said]:
        asked = [
            _asked(first.ending.kind, Wanted(first.ending.borrower, loans, told=_told(first)))
            for moves in some
            for first, loans in ((moves[0], tuple(one.ending.loan_id for one in moves)),)
        ]
        return _said(self._gate.decide(asked, carry.who.at, carry))


@dataclass(frozen=True)
class _Begin:
    """What is written where endings begin."""

    kind: Kind
    who: Who
    why: str
    run: str | None
    details: Mapping[str, Any]

    def _kept(self, decision: Decision) -> dict[str, Any]:
        told = {name: str(value) if isinstance(value, date) else value for name, value in decision.asked.told.items()}
        return {**self.details, TOLD: told} if told else dict(self.details)

    def drafts(self, decision: Decision) -> list[chain.Draft]:
        said = {"why": self.why, "run": self.run, "details": self._kept(decision)}
        loans = decision.loans if decision.is_permitted else ()
        return [moving.draft(self.kind, loan.loan_id, (None, DECIDED), said, self.who) for loan in loans]

    def write(self, line: Line, decisions: Sequence[Decision]) -> None:
        rows = [
            {
                "kind": self.kind, "borrower": one.asked.borrower, "loan": loan.loan_id, "run": self.run,
                "planned": one.asked.planned_act, "details": self._kept(one), "at": self.who.at.isoformat(),
                "day": self.who.on.isoformat(), "by": self.who.by, "why": self.why,
            }
            for one in decisions
            if one.is_permitted
            for loan in one.loans
        ]  # fmt: skip
        if rows:
            roles = f"{{{','.join(_DECIDERS)}}}".encode()
            (answer,) = line.ask((_BEGIN, [json.dumps(rows).encode(), roles]))
            moving.refuse_fewer(answer.get_value(0, 0), len(rows))


@dataclass(frozen=True)
class _Carry:
    """What is written where endings move on, by (borrower, loan)."""

    moves: Mapping[tuple[int, str], Move]
    who: Who
    details: Details | None
    connection: Connection[TupleRow]

    def drafts(self, decision: Decision) -> list[chain.Draft]:
        return [moving.draft_of(move, self.who) for move in self._of(decision)]

    def write(self, line: Line, decisions: Sequence[Decision]) -> None:
        moves = [move for decision in decisions for move in self._of(decision)]
        moving.write(line, moves, self.who)
        moving.silence(self.connection, moves, self.who)

    def _of(self, decision: Decision) -> Iterator[Move]:
        """Yield the moves that a decision permits, with what is kept of each."""
        for loan in decision.loans if decision.is_permitted else ():
            move = self.moves[decision.asked.borrower, loan.loan_id]
            more = self.details(move.ending, loan) if self.details else {}
            yield replace(move, details={**move.details, **more})


def refuse_unnamed(connection: Connection[TupleRow], by: str) -> None:
    """Refuse whoever is no active user that may decide endings."""
    with connection.transaction():
        if connection.execute(_IS_DECIDER, [by, _DECIDERS]).fetchone() is None:
            raise DueCourseError(
                f"'{by}' is no active user who may decide this: name one with the role {' or '.join(_DECIDERS)} by --by"
            )


def _asked(kind: Kind, one: Wanted) -> Asked:
    return Asked(
        one.borrower, ACTS[kind], None, _PURPOSE, one.loans, None, one.template, one.treatment,
        planned_act=one.planned_act, told={name: _typed(name, value) for name, value in one.told.items()},
    )  # fmt: skip


def _told(move: Move) -> dict[str, Any]:
    """Return what the law is told of an ending: when it was decided, and with this move."""
    return {**move.ending.details.get(TOLD, {}), **move.details.get(TOLD, {})}


def _typed(name: str, value: Any) -> Any:
    """Return a value of a column of acts as the law takes it.

    DueCourseError for a column that there is not, or of which the gate knows by itself: nobody may say otherwise.
    """
    if name not in ACT:
        raise DueCourseError(f"the law asks nothing of '{name}': docs/reference/cases.md lists what an act may tell")
    if name in VARIES or name in ALWAYS:
        raise DueCourseError(f"'{name}' is what the gate finds out by itself: leave it out")
    return date.fromisoformat(value) if ACT[name] is FactKind.DATE and isinstance(value, str) else value


def _said(decisions: Sequence[Decision]) -> list[Said]:
    """Tell of each loan that was asked about: done where it is among those that are left of a permission."""
    return [
        Said(one.asked.borrower, loan, is_done=is_done, reasons=() if is_done else one.reasons)
        for one in decisions
        for loan in one.asked.loans
        for is_done in (one.is_permitted and loan in {owed.loan_id for owed in one.loans},)
    ]


def _in_turn(items: Sequence[_T], whose: Callable[[_T], int]) -> Iterator[list[_T]]:
    """Yield all in parts of AT_ONCE, in no part two of one borrower: the second must see the first."""
    seen: Counter[int] = Counter()
    rounds: dict[int, list[_T]] = {}
    for item in items:
        rounds.setdefault(seen[whose(item)], []).append(item)
        seen[whose(item)] += 1
    for some in rounds.values():
        for first in range(0, len(some), AT_ONCE):
            yield some[first : first + AT_ONCE]
