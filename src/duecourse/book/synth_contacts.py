"""Contacts with overdue borrowers of the synthetic book, and the promises that come of some."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from duecourse.book.schema import CHANNELS, OUTCOMES
from duecourse.book.synth_columns import (
    NEVER,
    NONE,
    Frame,
    borrower_ids,
    dates,
    ids,
    loan_ids,
    moments,
    numbers,
    of,
    only,
    words,
)
from duecourse.book.synth_dice import MILLION, Ints
from duecourse.book.synth_loans import Loans, Schedule
from duecourse.book.synth_paying import STOPS, Conduct
from duecourse.book.synth_world import PLACES

EVERY_DAYS: Final = 7
"""One contact in so many days overdue, less those that would fall on a Sunday: four a month."""
_GIVE_UP_DAYS: Final = 150  # after this nobody writes to one who has stopped paying
_WINDOW_DAYS: Final = 75  # ... nor about the last instalment of anyone
_DAY: Final = 86_400

_CHANNEL_SHARES: Final = {
    "call": 370_000, "sms": 330_000, "email": 150_000, "letter": 75_000, "im": 40_000, "voicemail": 20_000,
    "visit": 15_000,
}  # fmt: skip
_OUTCOME_SHARES: Final[dict[str, dict[str, int]]] = {
    "call": {
        "conversation": 80_000, "answered_no_talk": 60_000, "silent_hangup": 30_000, "voicemail": 230_000,
        "ring_out": 370_000, "busy": 90_000, "not_in_service": 60_000, "mailbox_full": 40_000,
        "wrong_number": 40_000,
    },
    "voicemail": {"voicemail": 900_000, "mailbox_full": 100_000},
    "sms": {"delivered": 930_000, "undelivered": 70_000},
    "im": {"delivered": 970_000, "undelivered": 30_000},
    "email": {"delivered": 920_000, "bounced": 80_000},
    "letter": {"delivered": 960_000, "undelivered": 40_000},
    "visit": {"met": 250_000, "no_one_home": 750_000},
}  # fmt: skip
_CALL: Final = CHANNELS.index("call")
_CONVERSATION: Final = OUTCOMES.index("conversation")


@dataclass(frozen=True)
class Contacts:
    """The contacts of a block, by day: the loan's position, the instalment missed, which contact, its end."""

    loan: Ints
    index: Ints
    slot: Ints
    day: Ints
    channel: Ints
    outcome: Ints
    inbound: Ints


def _outcomes(loans: Loans, channel: Ints, *keys: Ints) -> Ints:
    """Return the outcome of each contact, drawn by the shares of its channel."""
    shares = np.zeros((len(CHANNELS), len(OUTCOMES)), dtype=np.int64)
    for name, row in _OUTCOME_SHARES.items():
        for outcome, share in row.items():
            shares[CHANNELS.index(name), OUTCOMES.index(outcome)] = share
    bounds = np.cumsum(shares, axis=1) + np.arange(len(CHANNELS))[:, None] * MILLION
    # Channels without a row of shares are never drawn; their bounds only fill the line.
    bounds = np.maximum.accumulate(bounds.ravel())
    drawn = channel * MILLION + loans.dice.below("outcome", MILLION, *keys)
    return np.searchsorted(bounds, drawn, side="right").astype(np.int64) - channel * len(OUTCOMES)


def make_contacts(loans: Loans, schedule: Schedule, conduct: Conduct) -> Contacts:
    """Return the contacts of a block: about one a week while something is overdue, none on a Sunday."""
    begin = schedule.due_now
    following = np.full(len(begin), NEVER, dtype=np.int64)
    following[:-1] = np.where(schedule.loan[1:] == schedule.loan[:-1], begin[1:], NEVER)
    stopped_on = begin[schedule.first + conduct.turn]
    give_up = np.where(conduct.behaviour == STOPS, stopped_on + _GIVE_UP_DAYS, NEVER)[schedule.loan]
    end = np.minimum(np.minimum(conduct.settled, following), np.minimum(give_up, begin + _WINDOW_DAYS))
    # The evening in the west is the next day in the book's zone: stop a day before the last known one.
    end = np.minimum(end, loans.last)
    slots = np.maximum(end - begin - 1 + EVERY_DAYS - 1, 0) // EVERY_DAYS
    item = np.repeat(np.arange(len(begin), dtype=np.int64), slots)
    slot = np.arange(len(item), dtype=np.int64) - np.repeat(np.cumsum(slots) - slots, slots)
    number, index = loans.number[schedule.loan[item]], schedule.index[item]
    day = begin[item] + 1 + EVERY_DAYS * slot + loans.dice.below("contact day", 6, number, index, slot)
    sunday = (day + 4) % 7 == 0  # 1970-01-01 was a Thursday
    keep = np.flatnonzero((day < end[item]) & ~sunday)
    keep = keep[np.argsort(day[keep], kind="stable")]
    item, slot, day, number, index = (values[keep] for values in (item, slot, day, number, index))
    drawn = loans.dice.pick("channel", list(_CHANNEL_SHARES.values()), number, index, slot)
    inbound = loans.dice.chance("inbound", 20_000, number, index, slot)
    outbound = np.array([CHANNELS.index(name) for name in _CHANNEL_SHARES], dtype=np.int64)[drawn]
    channel = np.where(inbound, _CALL, outbound)
    outcome = np.where(inbound, _CONVERSATION, _outcomes(loans, channel, number, index, slot))
    return Contacts(schedule.loan[item], index, slot, day, channel, outcome, inbound.astype(np.int64))


def guaranteed(loans: Loans, positions: Ints) -> Ints:
    """Return 1 where somebody guarantees the loan, else 0."""
    return loans.dice.chance("guarantor", 30_000, loans.number[positions]).astype(np.int64)


def contacts_frame(loans: Loans, contacts: Contacts) -> Frame:
    """Return the file of contacts, in order of the day, between 8:30 and 19:30 where the borrower lives."""
    dice, loan = loans.dice, contacts.loan
    number = loans.number[loan]
    keys = (number, contacts.index, contacts.slot)
    hours = np.array([place.hours for place in PLACES], dtype=np.int64)[loans.place[loan]]
    local = 8 * 3_600 + 1_800 + dice.below("contact time", 11 * 3_600, *keys)
    seconds = local - hours * 3_600
    by_agency = dice.chance("agency", 100_000, number) & (contacts.inbound == 0)
    after = np.where(by_agency, _DAY // 2, 60 + dice.below("noted after", 600, *keys))
    with_guarantor = (guaranteed(loans, loan) == 1) & dice.chance("with guarantor", 60_000, *keys)
    with_guarantor &= (contacts.channel == _CALL) & (contacts.inbound == 0)
    names_loan = dice.chance("names loan", 700_000, *keys)
    return {
        "contact_id": ids("C", (number, 8), (contacts.index + 1, 2), (contacts.slot, 2)),
        "borrower_id": of(loans.borrower[loan] - loans.number[0], borrower_ids(loans.number)),
        "with_person": only(ids("G", (number, 8)), with_guarantor),
        "channel": words(contacts.channel, CHANNELS),
        "direction": words(contacts.inbound, ("out", "in")),
        "happened_at": moments(contacts.day, seconds),
        "outcome": words(contacts.outcome, OUTCOMES),
        "about": only(of(loan, loan_ids(loans.number)).dictionary_decode(), names_loan),
        "made_by": words(np.where(by_agency, 0, NONE), ("agency-1",)),
        "purpose": words(np.where(contacts.inbound == 1, 1, 0), ("collection", "servicing")),
        "recorded_at": moments(contacts.day, seconds + after),
    }


def promises_frame(loans: Loans, schedule: Schedule, contacts: Contacts) -> Frame:
    """Return the file of promises: a third of the conversations end with one, of the instalment or a part."""
    talked = np.flatnonzero(np.isin(contacts.outcome, (_CONVERSATION, OUTCOMES.index("met"))))
    dice, loan = loans.dice, contacts.loan[talked]
    keys = (loans.number[loan], contacts.index[talked], contacts.slot[talked])
    made = dice.chance("promises", 330_000, *keys)
    talked, loan = talked[made], loan[made]
    number, index, slot = (key[made] for key in keys)
    due = schedule.total[schedule.first[loan] + index]
    parts = 1 + dice.below("promise parts", 2, number, index, slot)
    day = contacts.day[talked]
    return {
        "promise_id": ids("R", (number, 8), (index + 1, 2), (slot, 2)),
        "borrower_id": borrower_ids(loans.borrower[loan]),
        "loan_id": loan_ids(number),
        "made_on": dates(day),
        "promised_on": dates(day + 2 + dice.below("promised for", 12, number, index, slot)),
        "amount": numbers(np.maximum(due // parts, 1)),  # rounded down: half an instalment or so
        "recorded_at": moments(day, 20 * 3_600),
    }
