"""What a book of loans has done and does, as counts: ageing, roll rates, cures, portfolio at risk, volumes.

Every function takes Ibis tables (the night's outputs) and returns an Ibis table of whole numbers; nothing
here knows the engine. A rate is always a numerator and a denominator (`Rate`), never a percentage alone. What
each of them counts, with a worked example, stands in docs/rates.md; tests/night/test_measures.py runs those
examples.

The tables, by the names used below:

- `positions`: one row per loan on one day (the night's positions). Amounts are enforceable minor units.
- `history`: (loan_no, from_on, until_on exclusive or null, oldest_due_on), only days on which the loan was
  overdue.
- `spells`: (loan_no, began_on, ended_on or null), contiguous days overdue, made by `spells(history)`.
- `plan`: the night's plan, one row per borrower and act.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import ibis
import ibis.expr.types as ir

from duecourse.kernel.components import COMPONENTS
from duecourse.strategy.models import Bucket

NOT_OVERDUE: Final = "(not overdue)"
CLOSED: Final = "(closed)"
ABSENT: Final = "(absent)"
GRACE: Final = "(within grace)"
STATES: Final = (NOT_OVERDUE, GRACE, CLOSED, ABSENT)
"""States of a loan that has no bucket; the brackets keep them apart from every bucket's name."""

ROLL_DAYS: Final = 30
"""Between which days roll rates are counted."""
_WHEN: Final = ("overdue", "due_today", "not_due")
_EPOCH: Final = date(1970, 1, 1)
_OPEN_END: Final = date(9999, 12, 31)  # stands for "still open", so that comparisons need no null


@dataclass(frozen=True)
class Rate:
    """A share as two whole numbers, both counts or both minor units of one currency."""

    numerator: int
    denominator: int

    @property
    def ppm(self) -> int | None:
        """Parts per million, rounded half up; None when the denominator is 0. Needs numbers of 0 or more."""
        if self.denominator == 0:
            return None
        # half up: (2·n·10^6 + d) / 2d rounded down, exact on whole numbers
        return (2 * self.numerator * 1_000_000 + self.denominator) // (2 * self.denominator)


@dataclass(frozen=True)
class CurvePoint:
    """One step of a cure curve: what is known of the spells that lasted at least `days` days.

    `at_risk` were overdue for `days` days and seen on the day after them; `ended` of these were clear on that
    day; `censored` spells are still open and were last seen after `days` days. `still_ppm` is the estimated
    share of all spells that are overdue for longer than `days` days, in parts per million.
    """

    days: int
    at_risk: int
    ended: int
    censored: int
    still_ppm: int

    @property
    def ended_ppm(self) -> int:
        """Estimated share of all spells that lasted at most `days` days, in parts per million."""
        return 1_000_000 - self.still_ppm


def bucket_name(days_past_due: ir.IntegerValue, buckets: Sequence[Bucket]) -> ir.StringValue:
    """Return the bucket's name for a number of days past due; null when no bucket holds it."""
    branches = [(days_past_due.between(one.first_day, _last(one.last_day)), ibis.literal(one.name)) for one in buckets]
    return ibis.cases(*branches, else_=ibis.null("string"))


def bucket_on(history: ir.Table, day: date, buckets: Sequence[Bucket]) -> ir.Table:
    """Which loans were overdue on a day, and in which bucket.

    Returns (loan_no, oldest_due_on, days_past_due, bucket), one row per loan overdue at the end of `day`.
    Days past due are calendar days from the oldest unmet due date to `day`. Everything known in `history`
    counts, also what became known after `day`.
    """
    on = ibis.literal(day)
    open_or_later = history.until_on.isnull() | (history.until_on > on)
    standing = history.filter((history.from_on <= on) & open_or_later)
    days = on.delta(standing.oldest_due_on, unit="day")
    return standing.select("loan_no", "oldest_due_on", days_past_due=days, bucket=bucket_name(days, buckets))


def there(positions: ir.Table, day: date) -> ir.Table:
    """Leave out of `positions` the loans that opened after `day`; a loan without an opening day stays."""
    return positions.filter(positions.opened_on.isnull() | (positions.opened_on <= ibis.literal(day)))


def standing(positions: ir.Table) -> ir.Table:
    """One row per loan: (loan_no, borrower_no, currency, state, overdue, owed, outstanding, days_past_due).

    `state` is the bucket, or NOT_OVERDUE (something is owed, no instalment is overdue), or CLOSED (nothing is
    owed), or GRACE (an instalment is overdue, but buckets count delinquent days and there is none yet).
    `overdue` and `owed` (overdue, due today and not yet due) are of all components, before credit;
    `outstanding` is the principal alone. A loan that owes only charges is NOT_OVERDUE: its `overdue` is then
    more than 0.
    """
    overdue = _sum_of(positions, (f"{component}_overdue" for component in COMPONENTS))
    owed = _sum_of(positions, (f"{component}_{when}" for component in COMPONENTS for when in _WHEN))
    principal = _sum_of(positions, (f"principal_{when}" for when in _WHEN))
    unbucketed = ibis.cases((positions.days_past_due > 0, GRACE), (owed == 0, CLOSED), else_=NOT_OVERDUE)
    return positions.select(
        "loan_no",
        "borrower_no",
        "currency",
        state=ibis.coalesce(positions.bucket, unbucketed),
        overdue=overdue,
        owed=owed,
        outstanding=principal,
        days_past_due=positions.days_past_due,
    )


def ageing(positions: ir.Table) -> ir.Table:
    """Count loans by state and currency: (state, currency, loans, borrowers, overdue, owed).

    Amounts in minor units. A borrower with loans in two states counts in both.
    """
    return (
        standing(positions)
        .group_by("state", "currency")
        .agg(
            loans=ibis._.count(),
            borrowers=ibis._.borrower_no.nunique(),
            overdue=ibis._.overdue.sum(),
            owed=ibis._.owed.sum(),
        )
        .order_by("state", "currency")
    )


def standing_then(positions: ir.Table, history: ir.Table, day: date, buckets: Sequence[Bucket]) -> ir.Table:
    """Give the states of an earlier day from the history alone: the columns of `standing`, amounts null.

    For when no positions were kept for that day. `positions` are of the later day and need `last_paid_on`,
    `owed`'s amounts and the currency. A loan that was in no bucket then is NOT_OVERDUE; it is CLOSED when it
    owes nothing on the later day and nothing was paid on it after `day` (so one closed by a waiver since then
    counts as closed already, and one paid beyond what was owed since then does not yet). Loans that opened
    after `day` are left out. Buckets count days past due here.
    """
    unknown = ibis.null("int64")
    before = bucket_on(history, day, buckets).select("loan_no", "bucket", "days_past_due")
    positions = there(positions, day)
    now = standing(positions).join(positions.select("loan_no", "last_paid_on"), "loan_no")
    quiet = now.last_paid_on.isnull() | (now.last_paid_on <= ibis.literal(day))
    unbucketed = ibis.ifelse((now.state == CLOSED) & quiet, CLOSED, NOT_OVERDUE)
    now = now.select("loan_no", "borrower_no", "currency", unbucketed=unbucketed)
    rows = now.left_join(before, "loan_no")
    return rows.select(
        "loan_no",
        "borrower_no",
        "currency",
        state=ibis.coalesce(rows.bucket, rows.unbucketed),
        overdue=unknown,
        owed=unknown,
        outstanding=unknown,
        days_past_due=ibis.coalesce(rows.days_past_due, 0),
    )


def roll_rates(then: ir.Table, now: ir.Table) -> ir.Table:
    """Count where the loans of each state went between two days.

    `then` and `now` are the `standing` of two days (see `there` for loans that had not opened). Returns
    (currency, then, now, loans, owed_then, overdue_then, of_loans, of_owed_then): one row per pair of states
    that occurs. `of_loans` and `of_owed_then` are the totals of the state then: the denominators. A loan
    without a row on one of the days is ABSENT there; its amounts then are 0. Amounts are null where `then`
    has none.
    """
    before = then.select("loan_no", "currency", "overdue", "owed", then="state")
    after = now.select(now_no="loan_no", now_currency="currency", now="state")
    both = before.outer_join(after, before.loan_no == after.now_no)
    new = both.loan_no.isnull()
    moved = both.select(
        currency=ibis.coalesce(both.currency, both.now_currency),
        then=ibis.coalesce(both.then, ibis.literal(ABSENT)),
        now=ibis.coalesce(both.now, ibis.literal(ABSENT)),
        owed=ibis.ifelse(new, 0, both.owed),
        overdue=ibis.ifelse(new, 0, both.overdue),
    )
    cells = moved.group_by("currency", "then", "now").agg(
        loans=ibis._.count(), owed_then=ibis._.owed.sum(), overdue_then=ibis._.overdue.sum()
    )
    whole = ibis.window(group_by=("currency", "then"))
    return cells.mutate(
        of_loans=cells.loans.sum().over(whole), of_owed_then=cells.owed_then.sum().over(whole)
    ).order_by("currency", "then", "now")


def stays(history: ir.Table, buckets: Sequence[Bucket]) -> ir.Table:
    """Unbroken stays of loans in buckets: (loan_no, bucket, entered_on, left_on or null).

    `entered_on` is the first day in the bucket, `left_on` the first day no longer in it. Days pass inside a
    segment of the history, so one segment gives a stay in each bucket that it crosses; a part payment that
    leaves the loan in the same bucket does not break the stay.
    """
    until = ibis.coalesce(history.until_on, ibis.literal(_OPEN_END))
    pieces = [_in_bucket(history.mutate(end=until), bucket) for bucket in buckets]
    return _joined(ibis.union(*pieces), ("loan_no", "bucket"))


def flows(history: ir.Table, then: date, now: date, buckets: Sequence[Bucket]) -> ir.Table:
    """How each bucket filled and emptied after the day `then` until the end of the day `now`.

    Returns (bucket, at_start, entries, exits, at_end): loans in the bucket on `then`, stays that began and
    stays that ended on one of the days after it up to `now`, and loans in the bucket on `now`. at_start +
    entries - exits = at_end. A loan that enters a bucket twice counts twice. Buckets that no loan touched
    have no row.
    """
    first, last = ibis.literal(then), ibis.literal(now)
    # Days before `then` change nothing that is counted: leaving them out keeps a long history cheap.
    unended = history.until_on.isnull() | (history.until_on > first)
    touched = history.filter(unended & (history.from_on <= last))
    rows = stays(touched, buckets).filter(ibis._.entered_on <= last)
    left = ibis.coalesce(rows.left_on, ibis.literal(_OPEN_END))
    rows = rows.filter(left > first).mutate(left=left)
    return (
        rows.group_by("bucket")
        .agg(
            at_start=rows.count(where=rows.entered_on <= first),
            entries=rows.count(where=rows.entered_on > first),
            exits=rows.count(where=rows.left <= last),
            at_end=rows.count(where=rows.left > last),
        )
        .order_by("bucket")
    )


def spells(history: ir.Table) -> ir.Table:
    """Unbroken runs of days on which a loan was overdue: (loan_no, began_on, ended_on or null).

    `ended_on` is the first day on which nothing was overdue; null while the spell goes on.
    """
    until = ibis.coalesce(history.until_on, ibis.literal(_OPEN_END))
    joined = _joined(history.select("loan_no", entered_on=history.from_on, end=until), ("loan_no",))
    return joined.rename(began_on="entered_on", ended_on="left_on")


def cures(spells: ir.Table, on: date, clean_days: int) -> ir.Table:
    """Say what became of each spell that began on or before `on`, as seen at the end of `on`.

    Returns (loan_no, began_on, ended_on, known_on, outcome, days). A spell that ended on E is *clean* when
    the loan was not overdue on any of the `clean_days` days from E on (E counts). `known_on` is the last of
    these days. outcome:

    - `open`: still overdue at the end of `on`;
    - `cured`: clean, and `known_on` is not after `on`;
    - `relapsed`: overdue again on one of those days, and `known_on` is not after `on`;
    - `pending`: ended, but those days have not all passed, whether or not it is overdue again already.

    So the rate cured / (cured + relapsed) is over all spells that ended long enough ago, and none is left out
    of it for having gone well or badly early. `clean_days` of 0 calls every spell that ended a cure.

    `days` are those from `began_on` to `ended_on`: how long the spell lasted. Of an open spell they run to
    `on`: it was overdue on the day after so many days, and what follows is not known.
    """
    day = ibis.literal(on)
    by_loan = ibis.window(group_by="loan_no", order_by="began_on")
    rows = spells.mutate(next_on=spells.began_on.lead().over(by_loan)).filter(spells.began_on <= day)
    # What ends after `on` is still open at the end of `on`: a past day is judged as it looked then.
    rows = rows.mutate(ended_on=ibis.ifelse(rows.ended_on <= day, rows.ended_on, ibis.null("date")))
    clean_until = _plus_days(rows.ended_on, clean_days)
    known_on = _plus_days(rows.ended_on, max(clean_days - 1, 0))
    outcome = ibis.cases(
        (rows.ended_on.isnull(), "open"),
        (known_on > day, "pending"),
        (rows.next_on < clean_until, "relapsed"),
        else_="cured",
    )
    days = ibis.coalesce(rows.ended_on, day).delta(rows.began_on, unit="day")
    return rows.select("loan_no", "began_on", "ended_on", known_on=known_on, outcome=outcome, days=days)


def durations(cures: ir.Table) -> ir.Table:
    """Count spells, as `cures` gives them, by outcome and by days lasted: (outcome, days, spells)."""
    return cures.group_by("outcome", "days").agg(spells=ibis._.count()).order_by("outcome", "days")


_SCALE: Final = 10**24


def cure_curve(durations: Iterable[tuple[str, int, int]]) -> list[CurvePoint]:
    """Estimate how long spells last, from rows (outcome, days, spells) of `durations`.

    Kaplan-Meier: the share still overdue after t days is the product over the days d ≤ t of 1 - ended(d) /
    at_risk(d), where at_risk(d) counts the spells that ended or were censored at d or later (E. L. Kaplan, P.
    Meier, "Nonparametric estimation from incomplete observations", J. Amer. Stat. Assoc. 53, 1958). Open
    spells are censored: they count for as long as they were seen and no longer. Points are in order of days;
    only days on which something happened. The product is worked on whole numbers with 24 decimals, each step
    rounded half up, and shown in ppm, half up.
    """
    counts: dict[int, list[int]] = {}
    for outcome, days, spells in durations:
        counts.setdefault(days, [0, 0])[outcome == "open"] += spells
    rows = [(days, ended, censored) for days, (ended, censored) in sorted(counts.items())]
    at_risk = sum(ended + censored for _, ended, censored in rows)
    still = _SCALE
    points = []
    for days, ended, censored in rows:
        still = (2 * still * (at_risk - ended) + at_risk) // (2 * at_risk) if at_risk else still  # half up
        ppm = (2 * still * 1_000_000 + _SCALE) // (2 * _SCALE)  # half up
        points.append(CurvePoint(days, at_risk, ended, censored, ppm))
        at_risk -= ended + censored
    return points


def portfolio_at_risk(positions: ir.Table, days: int) -> ir.Table:
    """Outstanding principal of loans more than `days` days past due, and of all: PAR30 is `days` = 30.

    Returns (currency, loans_at_risk, loans, at_risk, outstanding), amounts in minor units. Outstanding
    principal is all of it, due or not; loans that owe no principal are in neither. Loans written off stay in
    both: the debt stays owed.
    """
    rows = standing(positions).filter(ibis._.outstanding > 0)
    late = rows.days_past_due > days
    return (
        rows.group_by("currency")
        .agg(
            loans_at_risk=rows.count(where=late),
            loans=rows.count(),
            at_risk=ibis.coalesce(rows.outstanding.sum(where=late), 0),
            outstanding=rows.outstanding.sum(),
        )
        .order_by("currency")
    )


def volumes(plan: ir.Table, by: Sequence[str]) -> ir.Table:
    """Count the plan by some of its columns (act and channel, stage, arm): (*by, acts, borrowers)."""
    return plan.group_by(*by).agg(acts=ibis._.count(), borrowers=ibis._.borrower_id.nunique()).order_by(*by)


def demanded(plan: ir.Table) -> ir.Table:
    """Amounts that the plan's contacts are about: (channel, currency, loans, overdue, owed), in minor units.

    A loan that two contacts of one channel are about counts twice.
    """
    rows = plan.filter(plan.act == "contact").select("channel", about=ibis._.amounts.unnest())
    rows = rows.select("channel", *(rows.about[name].name(name) for name in ("currency", "overdue", "owed")))
    return (
        rows.group_by("channel", "currency")
        .agg(loans=ibis._.count(), overdue=ibis._.overdue.sum(), owed=ibis._.owed.sum())
        .order_by("channel", "currency")
    )


def reasons(plan: ir.Table, act: str = "none") -> ir.Table:
    """Count why an act stands in the plan: (reason, borrowers), most first. A borrower may have several."""
    rows = plan.filter(plan.act == act).select("borrower_id", reason=ibis._.reasons.unnest())
    counted = rows.group_by("reason").agg(borrowers=ibis._.borrower_id.nunique())
    return counted.order_by(ibis.desc("borrowers"), "reason")


def _last(day: int | None) -> int:
    return 2**31 - 1 if day is None else day


def _sum_of(table: ir.Table, names: Iterable[str]) -> ir.IntegerValue:
    total: ir.IntegerValue = ibis.literal(0).cast("int64")
    for name in names:
        total += table[name]
    return total


def _plus_days(day: ir.DateValue, days: int) -> ir.DateValue:
    return (day + ibis.interval(days=days)).cast("date")


def _in_bucket(history: ir.Table, bucket: Bucket) -> ir.Table:
    """Cut every segment of the history to its days in one bucket; `end` stands for `until_on`, never null."""
    entered = ibis.greatest(history.from_on, _plus_days(history.oldest_due_on, bucket.first_day))
    end = history.end
    if bucket.last_day is not None:
        end = ibis.least(end, _plus_days(history.oldest_due_on, bucket.last_day + 1))
    rows = history.select("loan_no", bucket=ibis.literal(bucket.name), entered_on=entered, end=end)
    return rows.filter(rows.entered_on < rows.end)


def _joined(pieces: ir.Table, key: tuple[str, ...]) -> ir.Table:
    """Join pieces (key, entered_on, end) that follow without a gap: (key, entered_on, left_on)."""
    # Pieces of a key do not overlap. So a piece's start, less the length of all pieces before it, grows with
    # the days of every gap and with nothing else: the same number for all pieces that hang together.
    so_far = ibis.cumulative_window(group_by=key, order_by="entered_on")
    length = pieces.end.delta(pieces.entered_on, unit="day")
    start = pieces.entered_on.delta(ibis.literal(_EPOCH), unit="day")
    rows = pieces.mutate(length=length, start=start)
    rows = rows.mutate(run=rows.start + rows.length - rows.length.sum().over(so_far))
    whole = rows.group_by(*key, "run").agg(entered_on=rows.entered_on.min(), end=rows.end.max())
    left = ibis.ifelse(whole.end == ibis.literal(_OPEN_END), ibis.null("date"), whole.end)
    return whole.select(*key, "entered_on", left_on=left)
