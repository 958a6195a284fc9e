"""What else happens in the synthetic book: holds, notices, plans, write-offs, costs, consents, events."""

from typing import Final

import numpy as np

from duecourse.book.schema import HOLD_KINDS
from duecourse.book.synth_columns import (
    NEVER,
    NONE,
    Frame,
    borrower_ids,
    dates,
    ids,
    joined,
    loan_ids,
    moments,
    numbers,
    only,
    same,
    words,
)
from duecourse.book.synth_contacts import guaranteed
from duecourse.book.synth_dice import Flags, Ints
from duecourse.book.synth_loans import Loans, Schedule, died_on, firsts
from duecourse.book.synth_paying import CURED, PREPAID, STOPS, VERY_LATE, Conduct
from duecourse.book.synth_world import TENTHS
from duecourse.kernel.components import COMPONENTS

_NOON: Final = 12 * 3_600
_EVENING: Final = 18 * 3_600


def trouble_on(loans: Loans, schedule: Schedule, conduct: Conduct) -> Ints:
    """Return the due day from which a loan is in lasting trouble; NEVER where it is not, or not yet."""
    day = schedule.due_now[schedule.first + conduct.turn]
    troubled = np.isin(conduct.behaviour, (STOPS, CURED, VERY_LATE)) & (day < loans.last)
    return np.where(troubled, day, NEVER)


def stopped_on(loans: Loans, schedule: Schedule, conduct: Conduct) -> Ints:
    """Return the due day of the first instalment that a loan will never pay; NEVER for all others."""
    return np.where(conduct.behaviour == STOPS, trouble_on(loans, schedule, conduct), NEVER)


def _hits(loans: Loans, stream: str, ppm: int, day: Ints) -> tuple[Ints, Ints]:
    """Return positions of the loans drawn for which the day has come, and their numbers."""
    drawn: Flags = loans.dice.chance(stream, ppm, loans.number) & (day <= loans.last)
    positions = np.flatnonzero(drawn)
    return positions, loans.number[positions]


def holds_frame(loans: Loans, trouble: Ints) -> Frame:
    """Return the file of holds; one that was lifted early has a second version with its last day."""
    dice = loans.dice
    start = trouble + 10 + dice.below("hold from", 60, loans.number)
    at, number = _hits(loans, "hold", 70_000, start)
    kinds = (300_000, 60_000, 150_000, 100_000, 90_000, 250_000, 0, 50_000)
    kind = dice.pick("hold kind", kinds, number)
    died = np.flatnonzero((died_on(loans) < NEVER) & (loans.number == loans.borrower))
    lifted_on = start[at] + 20 + dice.below("hold lifted", 60, number)
    lifted = np.flatnonzero((lifted_on <= loans.last) & dice.chance("hold ends", 700_000, number))
    # Three lots of rows: as first known, for the dead, and as known once lifted.
    lots = [np.arange(len(at)), lifted]
    rows = np.concatenate(lots)
    new = np.arange(len(rows)) >= len(at)
    of_loan = np.concatenate((at[rows], died))
    bereaved = np.concatenate((np.zeros(len(rows), dtype=np.bool_), np.ones(len(died), dtype=np.bool_)))
    from_on = np.concatenate((start[at][rows], died_on(loans)[died]))
    until = np.concatenate((np.where(new, lifted_on[rows], NEVER), np.full(len(died), NEVER)))
    known = np.concatenate((np.where(new, lifted_on[rows], start[at][rows]), died_on(loans)[died] + 4))
    what = np.concatenate((kind[rows], np.full(len(died), HOLD_KINDS.index("bereavement"))))
    return {
        "hold_id": ids("H", (loans.number[of_loan], 8), (bereaved.astype(np.int64), 1)),
        "borrower_id": borrower_ids(loans.borrower[of_loan]),
        # A dispute or complaint is about one loan; the rest bar everything about the borrower.
        "loan_id": only(loan_ids(loans.number[of_loan]), np.isin(what, (0, 4))),
        "kind": words(what, HOLD_KINDS),
        "from_on": dates(from_on),
        "until_on": dates(until),
        "recorded_at": moments(known, _NOON),
    }


def arrangements_frame(loans: Loans, trouble: Ints) -> Frame:
    """Return the file of payment plans; one that was broken has a second version that says so."""
    dice = loans.dice
    start = trouble + 20 + dice.below("plan from", 50, loans.number)
    at, number = _hits(loans, "plan", 80_000, start)
    broken_on = start[at] + 15 + dice.below("plan broken", 90, number)
    broken = np.flatnonzero(dice.chance("plan breaks", 450_000, number) & (broken_on <= loans.last))
    rows = np.concatenate((np.arange(len(at)), broken))
    new = np.arange(len(rows)) >= len(at)
    return {
        "arrangement_id": ids("A", (number[rows], 8)),
        "borrower_id": borrower_ids(loans.borrower[at][rows]),
        "loan_id": loan_ids(number[rows]),
        "started_on": dates(start[at][rows]),
        "ended_on": dates(np.where(new, broken_on[rows], NEVER)),
        "broken_on": dates(np.where(new, broken_on[rows], NEVER)),
        "recorded_at": moments(np.where(new, broken_on[rows], start[at][rows]), _EVENING),
    }


def notices_frame(loans: Loans, stopped: Ints) -> Frame:
    """Return the file of notices to those who stopped paying; the arrival of one makes a second version."""
    kinds = ("adverse_notice", "default_notice", "suit_notice")
    plan = zip(range(3), (35, 70, 140), (900_000, 800_000, 300_000), strict=True)
    found = [
        (np.full(len(number), kind), number, loans.borrower[at], stopped[at] + after)
        for kind, after, ppm in plan
        for at, number in [_hits(loans, kinds[kind], ppm, stopped + after)]
    ]
    kind, number, borrower, served = (np.concatenate(values) for values in zip(*found, strict=True))
    arrived = served + 3
    seen = np.flatnonzero(loans.dice.chance("notice arrives", 850_000, number, kind) & (arrived <= loans.last))
    rows = np.concatenate((np.arange(len(number)), seen))
    new = np.arange(len(rows)) >= len(number)
    return {
        "notice_id": ids("N", (number[rows], 8), (kind[rows], 1)),
        "borrower_id": borrower_ids(borrower[rows]),
        "loan_id": loan_ids(number[rows]),
        "kind": words(kind[rows], kinds),
        "served_on": dates(served[rows]),
        "delivered_on": dates(np.where(new, arrived[rows], NEVER)),
        "recorded_at": moments(np.where(new, arrived[rows], served[rows]), _EVENING),
    }


_EVENTS: Final = (
    ("furnished", 75, 700_000), ("listed", 110, 150_000), ("accelerated", 120, 400_000),
    ("settlement_offer", 130, 200_000), ("sued", 175, 200_000), ("sold", 300, 100_000),
    ("pause", 25, 50_000), ("resume", 55, 50_000),
)  # fmt: skip
"""Kinds, days after the first instalment that will not be paid, and chance in ppm."""


def events_frame(loans: Loans, stopped: Ints) -> Frame:
    """Return the file of other events. A pause is drawn together with its resume."""
    found = []
    for place, (name, after, ppm) in enumerate(_EVENTS):
        stream = "pause" if name == "resume" else name
        at, number = _hits(loans, stream, ppm, stopped + after)
        found.append((np.full(len(number), place), number, loans.borrower[at], stopped[at] + after))
    kind, number, borrower, day = (np.concatenate(values) for values in zip(*found, strict=True))
    names = [name for name, _, _ in _EVENTS]
    offers = kind == names.index("settlement_offer")
    return {
        "event_id": ids("E", (number, 8), (kind, 2)),
        "kind": words(kind, names),
        "borrower_id": borrower_ids(borrower),
        "loan_id": loan_ids(number),
        "person_id": same(len(kind), None),
        "happened_at": moments(day, _NOON),
        "until_at": moments(np.where(offers, day + 30, NEVER), _NOON),
        "details": words(np.where(offers, 0, NONE), ('{"discount_ppm": 300000}',)),
        "recorded_at": moments(day, _NOON + 600),
    }


def charges_frame(loans: Loans, stopped: Ints) -> Frame:
    """Return the file of charges made by hand: a visit's cost, the court's, some fees for documents."""
    components = ("cost", "cost", "fee")
    tenths = np.array(list(TENTHS.values()), dtype=np.int64)
    found = []
    sizes = ((95, 200_000, 2_500), (176, 200_000, 9_000), (40, 60_000, 800))
    for place, (after, ppm, cents) in enumerate(sizes):
        # The court's costs follow the suit: the same draw.
        at, number = _hits(loans, "sued" if place == 1 else f"charge {place}", ppm, stopped + after)
        amount = cents * tenths[loans.currency[at]] // 10  # made-up amounts, rounded down
        found.append((np.full(len(number), place), number, amount, stopped[at] + after))
    kind, number, amount, day = (np.concatenate(values) for values in zip(*found, strict=True))
    return {
        "charge_id": ids("K", (number, 8), (kind, 1)),
        "loan_id": loan_ids(number),
        "component": words(kind, components),
        "amount": numbers(amount),
        "charged_on": dates(day),
        "recorded_at": moments(day, _EVENING),
    }


def waivers_frame(loans: Loans, schedule: Schedule, conduct: Conduct, trouble: Ints) -> Frame:
    """Return the file of waivers: interest of a loan repaid at once, and penalties out of goodwill."""
    later = np.where(schedule.index > conduct.turn[schedule.loan], schedule.interest, 0)
    spared = np.add.reduceat(later, schedule.first)
    repaid = conduct.paid[schedule.first + conduct.turn]
    at = np.flatnonzero((conduct.behaviour == PREPAID) & (repaid <= loans.last) & (spared > 0))
    kind_on = trouble + 45
    good, _ = _hits(loans, "goodwill", 40_000, kind_on)
    tenths = np.array(list(TENTHS.values()), dtype=np.int64)[loans.currency[good]]
    both = np.concatenate((at, good))
    goodwill = np.arange(len(both)) >= len(at)
    everything = goodwill & loans.dice.chance("waives anything", 200_000, loans.number[both])
    component = np.where(goodwill, COMPONENTS.index("penalty"), COMPONENTS.index("interest"))
    day = np.concatenate((repaid[at], kind_on[good]))
    return {
        "waiver_id": ids("W", (loans.number[both], 8), (goodwill.astype(np.int64), 1)),
        "loan_id": loan_ids(loans.number[both]),
        "component": words(np.where(everything, NONE, component), COMPONENTS),
        "amount": numbers(np.concatenate((spared[at], 500 * tenths // 10))),  # made-up amount, rounded down
        "waived_on": dates(day),
        "recorded_at": moments(day, _EVENING),
    }


def write_offs_frame(loans: Loans, schedule: Schedule, conduct: Conduct, stopped: Ints) -> Frame:
    """Return the file of write-offs: half of those who stopped, half a year later; the debt stays owed."""
    at, number = _hits(loans, "written off", 500_000, stopped + 180)
    unpaid = np.where(schedule.index >= conduct.turn[schedule.loan], schedule.principal, 0)
    left = np.add.reduceat(unpaid, schedule.first)[at]
    return {
        "write_off_id": ids("O", (number, 8)),
        "loan_id": loan_ids(number),
        "kind": words(loans.dice.chance("charge-off", 300_000, number).astype(np.int64), ("write_off", "charge_off")),
        "amount": numbers(left),
        "written_off_on": dates(stopped[at] + 180),
        "recorded_at": moments(stopped[at] + 180, _EVENING),
    }


def people_frame(loans: Loans) -> Frame:
    """Return the file of other people: guarantors of some loans, and attorneys of borrowers who have one."""
    everyone = np.arange(loans.rows, dtype=np.int64)
    guarantors = np.flatnonzero(guaranteed(loans, everyone))
    head = firsts(loans)
    attorneys = head[loans.dice.chance("attorney", 3_000, loans.borrower[head])]
    both = np.concatenate((guarantors, attorneys))
    attorney = np.arange(len(both)) >= len(guarantors)
    named = ids("G", (loans.number[guarantors], 8)), ids("Y", (loans.number[attorneys], 8))
    return {
        "person_id": joined(*named),
        "borrower_id": borrower_ids(loans.borrower[both]),
        "relation": words(attorney.astype(np.int64), ("guarantor", "attorney")),
        "recorded_at": moments(loans.opened[both], _NOON),
    }


def consents_frame(loans: Loans) -> Frame:
    """Return the file of consents, given with a borrower's first loan; one withdrawn has a second version."""
    channels = ("sms", "email", "call")
    found = []
    for place, ppm in enumerate((800_000, 600_000, 300_000)):
        drawn = loans.dice.chance(f"consent {place}", ppm, loans.number) & (loans.number == loans.borrower)
        at = np.flatnonzero(drawn)
        found.append((np.full(len(at), place), loans.number[at], loans.opened[at]))
    kind, number, given = (np.concatenate(values) for values in zip(*found, strict=True))
    ended = given + 60 + loans.dice.below("consent ends", 400, number)
    over = np.flatnonzero(loans.dice.chance("consent withdrawn", 30_000, number, kind) & (ended < loans.last))
    rows = np.concatenate((np.arange(len(number)), over))
    new = np.arange(len(rows)) >= len(number)
    return {
        "consent_id": ids("Q", (number[rows], 8), (kind[rows], 1)),
        "borrower_id": borrower_ids(number[rows]),
        "consented_to": words(kind[rows], channels),
        "given_at": moments(given[rows], _NOON),
        "withdrawn_at": moments(np.where(new, ended[rows], NEVER), _NOON),
        "recorded_at": moments(np.where(new, ended[rows], given[rows]), _NOON + 60),
    }
