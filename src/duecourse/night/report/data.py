"""What the report shows, as plain records: whole numbers, names and days, nothing formatted.

Money is in minor units of the currency beside it. Every share is kept as its numerator and denominator.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from duecourse.night.measures import CurvePoint


@dataclass(frozen=True)
class About:
    """Which night this is: what was read, by what, for which day.

    `known_at` None means that everything in the book counts. `payments_stale` is the night's own finding:
    payments are complete only to a day more than `payments_fresh_days` before `on`, so the plan demands no
    money.
    """

    book: str
    zone: str
    on: date
    known_at: datetime | None
    engine: str
    version: str
    strategy: str
    strategy_hash: str
    plan_hash: str
    payments_complete_through: date | None
    payments_fresh_days: int
    payments_stale: bool
    clean_days: int


@dataclass(frozen=True)
class Ageing:
    """Loans of one state and currency; `state` is a bucket's name or one of `measures.STATES`."""

    state: str
    currency: str
    loans: int
    borrowers: int
    overdue: int
    owed: int


@dataclass(frozen=True)
class AtRisk:
    """Portfolio at risk: principal of loans more than `days` days past due, of all outstanding principal."""

    days: int
    currency: str
    loans_at_risk: int
    loans: int
    at_risk: int
    outstanding: int


@dataclass(frozen=True)
class Roll:
    """Loans that went from one state to another; amounts None where not known for the earlier day."""

    currency: str
    then: str
    now: str
    loans: int
    owed_then: int | None
    overdue_then: int | None
    of_loans: int
    of_owed_then: int | None


@dataclass(frozen=True)
class Flow:
    """How a bucket filled and emptied: at_start + entries - exits = at_end."""

    bucket: str
    at_start: int
    entries: int
    exits: int
    at_end: int


@dataclass(frozen=True)
class Outcomes:
    """Spells by what became of them; see `measures.cures`."""

    open: int = 0
    cured: int = 0
    relapsed: int = 0
    pending: int = 0


@dataclass(frozen=True)
class Stage:
    """Borrowers on a rung of the ladder; `held_out` of them are left alone to measure what contact does."""

    stage: str
    borrowers: int
    held_out: int


@dataclass(frozen=True)
class Volume:
    """Rows of the plan for one act, channel and team."""

    act: str
    channel: str | None
    team: str | None
    required: bool
    acts: int
    borrowers: int


@dataclass(frozen=True)
class Demand:
    """What the contacts of one channel are about."""

    channel: str
    currency: str
    loans: int
    overdue: int
    owed: int


@dataclass(frozen=True)
class Reason:
    """Borrowers for whom nothing is done for this reason."""

    reason: str
    borrowers: int


@dataclass(frozen=True)
class Refusal:
    """Acts proposed that a rule of law refused; with `gates` false, that it would have refused."""

    rule: str
    says: str
    citation: str
    link: str
    acts: int
    gates: bool


@dataclass(frozen=True)
class Duty:
    """What is due under one rule: how many duties are open, overdue, due within `SOON` days; the first day to come.

    `next_due_on` is None where all are overdue.
    """

    duty: str
    rule: str
    says: str
    citation: str
    link: str
    open: int
    overdue: int
    soon: int
    next_due_on: date | None


@dataclass(frozen=True)
class Arm:
    """Borrowers of one arm of the experiment (None: those held out), and the share it is given."""

    arm: str | None
    assignment_ppm: int | None
    borrowers: int


@dataclass(frozen=True)
class TableRows:
    """Rows of one table: read = kept + quarantined + left_out; `path` of its quarantine file, if any."""

    table: str
    read: int
    kept: int
    quarantined: int
    left_out: int
    path: str | None = None


@dataclass(frozen=True)
class WarningRow:
    """Odd but possible rows that stayed in the book."""

    table: str
    kind: str
    rows: int
    example: str


@dataclass(frozen=True)
class SourceFile:
    """A file that was read."""

    path: str
    size: int
    rows: int


@dataclass(frozen=True)
class ReportData:
    """Everything the report shows. Empty lists are shown as such.

    `buckets` and `stages` are in the order of the strategy. `then` is the earlier day of `rolls` and `flows`.
    `untouched` are the borrowers whose plan is to do nothing.
    """

    about: About
    loans: int
    borrowers: int
    buckets: list[str]
    ageing: list[Ageing]
    at_risk: list[AtRisk]
    stages: list[Stage]
    then: date
    rolls: list[Roll]
    flows: list[Flow]
    outcomes: Outcomes
    curve: list[CurvePoint]
    volumes: list[Volume]
    demands: list[Demand]
    untouched: int
    reasons: list[Reason]
    arms: list[Arm]
    tables: list[TableRows]
    refusals: list[Refusal] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    warnings: list[WarningRow] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
