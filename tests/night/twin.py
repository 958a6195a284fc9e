"""The slow twin of the night: one borrower after another, as docs/concepts/night.md says it.

It shares no code with the night's steps: rows are read by `twin_book`, facts worked out by `twin_facts`, and what a
strategy makes of them is said here anew from its file. Expressions are judged row by row (their own tests compare
that with the compiled form).
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from duecourse.book.loaded import LoadedBook
from duecourse.law.expressions import Expression
from duecourse.strategy.models import Rung, Strategy, Treatment
from tests.night.twin_book import Known, Row, known, read
from tests.night.twin_facts import Account, accounts, borrower_facts
from tests.night.twin_fork import fork_facts

FACING = ("contact", "settle")
ADVERSE = ("furnish", "list", "place", "sue", "sell")
SINCE = {
    "furnish": "days_since_furnished",
    "list": "days_since_listed",
    "place": "days_since_agency_engaged",
    "sue": "days_since_sued",
    "settle": "days_since_settlement_offer",
    "sell": "days_since_sold",
    "reward": "days_since_reward",
}
# The columns that plan_hash is taken over one by one; reasons and amounts follow in a text of their own.
HASHED = (
    *("on", "borrower_id", "stage", "arm", "held_out", "assignment_ppm", "act", "channel", "team", "slot"),
    *("template", "treatment", "purpose", "demands", "required", "priority", "value", "next_best"),
)


@dataclass
class Candidate:
    """One treatment of a borrower's rung; `blocked` is the first reason that stops it."""

    treatment: Treatment
    blocked: str | None
    priority: int | None
    value: int | None


@dataclass
class Borrower:
    """What the twin finds out about one borrower, step by step."""

    borrower_id: str
    number: int
    counted: list[Account]
    barred: dict[str, set[tuple[str, str]]]
    facts: Row
    refused: set[str]
    rung: Rung | None = None
    stepped_back: str | None = None
    held_out: bool = False
    arm: str = ""
    assignment_ppm: int = 0
    candidates: list[Candidate] = field(default_factory=list)
    ranked: list[Candidate] = field(default_factory=list)
    notices: list[Candidate] = field(default_factory=list)
    got: int | None = None


@dataclass
class Twin:
    """A whole night: borrowers, positions and plan."""

    book: Known
    accounts: dict[str, Account]
    borrowers: list[Borrower]
    rows: list[Row]
    rounds: int

    @property
    def plan_hash(self) -> str:
        """SHA-256 over the plan in its canonical text."""
        lines = [_canonical(row) for row in self.rows]
        return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def night(
    book: LoadedBook, strategy: Strategy, on: date, until: datetime | None, tables: dict[str, list[Row]] | None = None
) -> Twin:
    """Work out the night of a business date, with what had been recorded `until` then (None: everything)."""
    rows = tables if tables is not None else read(book)
    seen = known(rows, book.zone, until)
    through = book.payments_complete_through
    stale = through is None or (on - through).days > strategy.payments_fresh_days
    numbers = {name: place for place, name in enumerate(sorted({row["borrower_id"] for row in rows["loans"]}))}
    worked = accounts(seen, on)
    people: dict[str, list[Account]] = {}
    for account in worked.values():
        people.setdefault(account.row["borrower_id"], []).append(account)
    borrowers = [_borrower(seen, strategy, on, name, numbers[name], people[name]) for name in sorted(people)]
    everybody = borrowers
    borrowers = [borrower for borrower in everybody if _stand(borrower, strategy)]
    for borrower in borrowers:
        _judge(borrower, strategy, stale=stale)
    rounds = _choose([one for one in borrowers if not one.held_out], strategy)
    lines = [line for borrower in borrowers for line in _lines(borrower, on)]
    late = {name for name, loans in people.items() if any(one.position.days_past_due for one in loans)}
    lines += [_unplaced(one, on) for one in everybody if one.rung is None and one.borrower_id in late]
    lines.sort(key=lambda row: (row["borrower_id"], row["act"], row["channel"] is None, row["channel"] or "",
                                row["treatment"] or ""))  # fmt: skip
    return Twin(seen, worked, borrowers, lines, rounds)


# Holds, and the loans that count


def _borrower(
    book: Known, strategy: Strategy, on: date, borrower_id: str, number: int, loans: list[Account]
) -> Borrower:
    barred: dict[str, set[tuple[str, str]]] = {account.loan.loan_id: set() for account in loans}
    for hold in book.of("holds", borrower_id):
        if hold["from_on"] > on or (hold["until_on"] is not None and hold["until_on"] < on):
            continue
        for loan_id, acts in barred.items():
            if hold["loan_id"] in {None, loan_id}:
                acts |= {(act, hold["kind"]) for act in strategy.holds[hold["kind"]]}
    free = [account for account in loans if "contact" not in {act for act, _ in barred[account.loan.loan_id]}]
    counted = free or loans
    levels = {f"overdue_at_least_{name}": amounts for name, amounts in strategy.levels.items()}
    facts = borrower_facts(book, on, borrower_id, counted, levels)
    facts |= fork_facts(strategy, facts)
    return Borrower(borrower_id, number, counted, barred, facts, _refused(book, on, borrower_id))


def _refused(book: Known, on: date, borrower_id: str) -> set[str]:
    """Name the channels for which the last thing said by the day is that consent is taken back."""
    said: dict[str, list[tuple[datetime, bool]]] = {}
    for consent in book.of("consents", borrower_id):
        if consent["given_at"].date() > on:
            continue
        moments = said.setdefault(consent["consented_to"], [])
        moments.append((consent["given_at"], False))
        if consent["withdrawn_at"] is not None and consent["withdrawn_at"].date() <= on:
            moments.append((consent["withdrawn_at"], True))
    return {channel for channel, moments in said.items() if max(moments)[1]}


def _bar(borrower: Borrower, act: str) -> str | None:
    """Return the kind of hold that bars an act, when every loan that counts is barred from it."""
    each = [{kind for name, kind in borrower.barred[one.loan.loan_id] if name == act} for one in borrower.counted]
    return min(set().union(*each)) if all(each) else None


def _is_idle(borrower: Borrower, act: str) -> bool:
    """Say whether something is overdue, and a hold bars the act on each loan of which something is."""
    late = [one for one in borrower.counted if one.overdue > 0]
    return bool(late) and all(act in {name for name, _ in borrower.barred[one.loan.loan_id]} for one in late)


# The stage


def _stand(borrower: Borrower, strategy: Strategy) -> bool:
    facts = borrower.facts
    for name, formula in strategy.formulas.items():
        facts[name] = formula.evaluate(facts)
    held = [rung for rung in strategy.ladder if _true(rung.enter, facts) and not _true(rung.leave, facts)]
    if not held:
        return False
    steps = 0
    for one in strategy.step_back:
        if _true(one.when, facts) and one.rungs > steps:
            steps, borrower.stepped_back = one.rungs, one.because
    borrower.rung = held[max(0, len(held) - 1 - steps)]
    plan = strategy.experiment
    borrower.held_out = _share(plan.salt, "hold_out", borrower.borrower_id) < _limit(plan.hold_out_ppm)
    drawn, reached = _share(plan.salt, "arm", borrower.borrower_id), 0
    for arm, share in plan.arms.items():
        reached += share
        if drawn < _limit(reached):
            borrower.arm = arm
            chance = share * (1_000_000 - plan.hold_out_ppm) // 1_000_000  # rounded down to a part per million
            borrower.assignment_ppm = plan.hold_out_ppm if borrower.held_out else chance
            break
    return True


def _true(condition: Expression | None, facts: Row) -> bool:
    return condition is not None and condition.evaluate(facts) is True


def _share(salt: str, use: str, borrower_id: str) -> int:
    """Draw a number of 32 bits: the first of an MD5."""
    return int(hashlib.md5(f"{salt}|{use}|{borrower_id}".encode(), usedforsecurity=False).hexdigest()[:8], 16)


def _limit(ppm: int) -> int:
    return ppm * 2**32 // 1_000_000  # rounded down


# Candidates


def _judge(borrower: Borrower, strategy: Strategy, *, stale: bool) -> None:
    assert borrower.rung is not None
    facts, rung = borrower.facts, borrower.rung
    quiet = next((one.because for one in strategy.quiet if _true(one.when, facts)), None)
    for treatment in rung.treatments:
        if treatment.arms is not None and borrower.arm not in treatment.arms:
            continue
        value = treatment.value.evaluate(facts) if treatment.value is not None else None
        priority = treatment.priority.evaluate(facts)
        assert value is None or isinstance(value, int)
        assert priority is None or isinstance(priority, int)
        blocked = _blocked(borrower, rung, treatment, quiet, stale=stale)
        borrower.candidates.append(Candidate(treatment, blocked, priority, value))
    possible = [one for one in borrower.candidates if one.blocked is None]
    borrower.notices = [one for one in possible if one.treatment.required]
    borrower.ranked = [
        one for one in possible if not one.treatment.required and not (borrower.notices and one.treatment.act in FACING)
    ]
    if rung.choose == "value":
        borrower.ranked.sort(key=lambda one: (one.value is None, -(one.value or 0)))


def _blocked(borrower: Borrower, rung: Rung, treatment: Treatment, quiet: str | None, *, stale: bool) -> str | None:
    facts = borrower.facts
    kind = treatment.notice or treatment.channel
    since = facts[f"days_since_{kind}" if treatment.act == "contact" else SINCE[treatment.act]]
    times = facts[f"{kind if treatment.act == 'contact' else treatment.act}_in_spell"]
    touched = facts["days_since_contact"]
    presses = treatment.demands or treatment.act in ADVERSE
    if bar := _bar(borrower, treatment.act):
        return f"hold_{bar}"
    if presses and _is_idle(borrower, treatment.act):
        return "nothing_overdue"
    if treatment.channel in borrower.refused:
        return "channel_refused"
    if presses and stale:
        return "payments_stale"
    if presses and quiet:
        return f"quiet_{quiet}"
    if presses and facts["overdue_at_least_floor"] is not True:
        return "below_floor"
    if treatment.when is not None and not _true(treatment.when, facts):
        return "condition"
    if treatment.gap_days is not None and since is not None and since < treatment.gap_days:
        return "own_gap"
    if treatment.times is not None and times >= treatment.times:
        return "own_times"
    rests = treatment.act in FACING and not treatment.required
    if rests and rung.min_gap_days and touched is not None and touched < rung.min_gap_days:
        return "stage_gap"
    return None


# The choice


def _choose(borrowers: list[Borrower], strategy: Strategy) -> int:
    """Give each borrower the best treatment that there is capacity for; return the rounds that it took."""
    left: Counter[tuple[str, str]] = Counter()
    for used, teams in strategy.capacity_per_day.items():
        left.update({(used, team): number for team, number in teams.items()})
    limited = {(used, team) for used, teams in strategy.capacity_per_day.items() for team in teams}
    asking = [(borrower, 0) for borrower in borrowers if borrower.ranked]
    rounds = 0
    while asking:
        rounds += 1
        refused = []
        # Higher priority first, an unknown one last, then the order of borrowers.
        asking.sort(key=lambda one: _urgency(*one))
        for borrower, rank in asking:
            treatment = borrower.ranked[rank].treatment
            unit = (treatment.channel or treatment.act, treatment.team or "")
            if unit not in limited or left[unit] > 0:
                left[unit] -= 1
                borrower.got = rank
            elif rank + 1 < len(borrower.ranked):
                refused.append((borrower, rank + 1))
        asking = refused
    return rounds


def _urgency(borrower: Borrower, rank: int) -> tuple[bool, int, int]:
    priority = borrower.ranked[rank].priority
    return priority is None, -(priority or 0), borrower.number


# The plan


def _lines(borrower: Borrower, on: date) -> list[Row]:
    lines = []
    if borrower.got is not None:
        reasons = ["best_possible" if borrower.got == 0 else "next_best_possible"]
        reasons += [f"stepped_back_{borrower.stepped_back}"] if borrower.stepped_back else []
        lines.append(_line(borrower, on, borrower.ranked[borrower.got], reasons, borrower.got + 1))
    lines += [_line(borrower, on, notice, ["required"], None) for notice in borrower.notices]
    if lines:
        return lines
    if borrower.held_out:
        return [_line(borrower, on, None, ["held_out"], 0)]
    # Each reason once, in the order of the first treatment that it stops.
    reasons = list(dict.fromkeys(one.blocked or "capacity" for one in borrower.candidates))
    return [_line(borrower, on, None, reasons or ["no_treatment"], None)]


def _unplaced(borrower: Borrower, on: date) -> Row:
    """Say of an overdue borrower on no rung that a hold keeps them off it, else that no rung holds."""
    kinds = {kind for barred in borrower.barred.values() for act, kind in barred if act == "contact"}
    reason = f"hold_{min(kinds)}" if kinds else "no_stage"
    return _line(borrower, on, None, [reason], None) | {"arm": None, "assignment_ppm": None}


def _line(borrower: Borrower, on: date, chosen: Candidate | None, reasons: list[str], after: int | None) -> Row:
    treatment = chosen.treatment if chosen else None
    act = treatment.act if treatment else "none"
    about = [one for one in borrower.counted if act not in {name for name, _ in borrower.barred[one.loan.loan_id]}]
    about = [one for one in about if one.overdue > 0] or [one for one in about if one.owed > 0]
    following = borrower.ranked[after] if after is not None and after < len(borrower.ranked) else None
    named = ("channel", "team", "slot", "template", "purpose")
    return {
        "on": on,
        "borrower_no": borrower.number,
        "borrower_id": borrower.borrower_id,
        "stage": borrower.rung.stage if borrower.rung else None,
        "arm": borrower.arm,
        "held_out": borrower.held_out,
        "assignment_ppm": borrower.assignment_ppm,
        "act": act,
        **{name: getattr(treatment, name) if treatment else None for name in named},
        "treatment": treatment.name if treatment else None,
        "demands": bool(treatment and treatment.demands),
        "required": bool(treatment and treatment.required),
        "priority": chosen.priority if chosen else None,
        "value": chosen.value if chosen and borrower.rung and borrower.rung.choose == "value" else None,
        "loans": [one.loan.loan_id for one in about] or None,
        "amounts": [_amount(one) for one in about] or None,
        "reasons": reasons,
        "next_best": following.treatment.name if following else None,
    }


def _amount(account: Account) -> Row:
    return {
        "loan_id": account.loan.loan_id,
        "currency": account.row["currency"],
        "overdue": account.overdue,
        "due_today": account.due_today,
        "owed": account.owed,
    }


def _canonical(row: Row) -> str:
    """Write a row as the hash takes it: texts as they are, true and false, whole numbers, nothing for none."""
    about = [" ".join(_text(value) for value in amount.values()) for amount in row["amounts"] or []]
    texts = [_text(row[name]) for name in HASHED]
    return "\x1f".join([*texts, " ".join(row["reasons"]), ",".join(about)])


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
