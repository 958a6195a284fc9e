"""What people carry out on paper, in three steps: released into a batch, closed into a stack, done with an outcome.

    batch.close(...)       judged again; what is refused is left out; one file to print
    batch.check(...)       a closed batch judged again: what must be pulled from the stack
    batch.post(...)        a stack of letters that has nothing to pull is posted

A batch of letters is of a print run, one of visits is of a team's day; both are the same here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.batches import Batches, Piece
from duecourse.channels.kept import safe
from duecourse.channels.letter.posting import Posting
from duecourse.day.again import Again
from duecourse.day.dispatch import STOPPED
from duecourse.day.intake import Intake
from duecourse.day.paper import reference_of
from duecourse.kernel.errors import DueCourseError

_STATES: Final = "SELECT key, state, why FROM outbox WHERE key = ANY(%s)"


@dataclass(frozen=True)
class Standing:
    """How a batch stands: `is_posted` is of letters alone."""

    batch: str
    is_closed: bool
    is_posted: bool
    pieces: int
    pulled: int


@dataclass(frozen=True)
class Place:
    """A document of a stack that must not leave: which one from the top, its pages in the printed file, and why."""

    number: int
    first_page: int
    last_page: int
    reference: str
    why: str


@dataclass(frozen=True)
class Closed:
    """A batch that was closed: its documents and pages, and what was left out, with the reasons."""

    batch: str
    pieces: int
    pages: int
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Shelf:
    """The batches of one channel, with what is needed to judge them again."""

    connection: Connection[TupleRow]
    channel: str
    batches: Batches
    again: Again

    def standings(self, posting: Posting | None = None) -> list[Standing]:
        """Return how all batches stand, in the order of their names."""
        return [self._standing(name, posting) for name in self.batches.names()]

    def close(self, batch: str, at: datetime) -> Closed:
        """Judge a batch again, take out what is refused, and merge the rest into one file to print.

        What was taken out by an earlier run that was broken off stays out. DueCourseError where the channel is
        stopped, there is no such batch, or a document is just being added.
        """
        self._refuse(batch)
        if done := self.batches.closed(batch):
            return Closed(batch, done.pieces, done.pages, ())
        keys = self.batches.waiting(batch)
        self.again.judge(keys, at)
        states = self._states(keys)
        if busy := sum(state in {"sending", "unknown"} for state, _ in states.values()):
            raise DueCourseError(
                f"{batch}: {busy} documents are being added, or were when that was broken off: close it again once"
                " `duecourse day run` has settled them"
            )
        out = [(key, why) for key, (state, why) in states.items() if state != "left"]
        for key, _ in out:
            self.batches.withdraw(key)
        done = self.batches.close(batch)
        return Closed(batch, done.pieces, done.pages, tuple((reference_of(key), why) for key, why in out))

    def check(self, batch: str, at: datetime) -> list[Place]:
        """Judge a closed batch again; returns all that must not leave, in the order of the stack."""
        self._refuse(batch)
        if not self.batches.closed(batch):
            raise DueCourseError(f"{batch}: is open: close it first, which prints it")
        pieces = self.batches.pieces(batch)
        self.again.judge([piece.key for piece in pieces], at)
        return self._places(pieces)

    def standing_keys(self, batch: str) -> list[str]:
        """Return the keys of a batch that may leave, or have left."""
        keys = [piece.key for piece in self.batches.pieces(batch)]
        return [key for key, (state, _) in self._states(keys).items() if state == "left"]

    def _places(self, pieces: Sequence[Piece]) -> list[Place]:
        states = self._states([piece.key for piece in pieces])
        places, page = [], 1
        for number, piece in enumerate(pieces, 1):
            state, why = states[piece.key]
            if state != "left":
                reference, last = reference_of(piece.key), page + piece.pages - 1
                places.append(Place(number, page, last, reference, why or state))
            page += piece.pages
        return places

    def _standing(self, batch: str, posting: Posting | None) -> Standing:
        keys = [piece.key for piece in self.batches.pieces(batch)]
        pulled = sum(state != "left" for state, _ in self._states(keys).values())
        is_posted = posting is not None and posting.was_posted(batch)
        return Standing(batch, self.batches.closed(batch) is not None, is_posted, len(keys), pulled)

    def _states(self, keys: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return the state of each key and why, in their order; what the store does not know is `unheard_of`."""
        with self.connection.transaction():
            rows = self.connection.execute(_STATES, [list(keys)]).fetchall()
        known = {key: (state, why) for key, state, why in rows}
        return {key: known.get(key, ("unheard_of", "the store has no such message")) for key in keys}

    def _refuse(self, batch: str) -> None:
        with self.connection.transaction():
            stopped = self.connection.execute(STOPPED, [self.channel]).fetchone() == (True,)
        if stopped:
            raise DueCourseError(f"{self.channel}: is stopped: `duecourse day start {self.channel}` lets it go on")
        if safe("batch", batch) not in self.batches.names():
            raise DueCourseError(f"{batch}: there is no such batch: name one of those that are listed")


@dataclass(frozen=True)
class Post:
    """What is said of a stack that goes to the post: when, by whom, and how many letters were pulled from it.

    `numbers` are those of registered letters, by reference.
    """

    batch: str
    at: datetime
    by: str
    pulled: int = 0
    numbers: Mapping[str, str] = field(default_factory=dict)


def post(shelf: Shelf, posting: Posting, intake: Intake, said: Post) -> tuple[bool, list[Place]]:
    """Judge a stack again, and note that it goes to the post; whether it was noted, and what must be pulled.

    Nothing is noted while as many as must be pulled were not. What was posted before stays as it was. Once posted, the
    documents are removed: they are personal, and the store has their words.
    """
    batch = said.batch
    if posting.was_posted(batch):
        take_in(shelf.channel, posting, intake)
        shelf.batches.clear(batch)
        return True, []
    places = shelf.check(batch, said.at)
    if len(places) != said.pulled:
        return False, places
    goes = shelf.standing_keys(batch)
    pulled = {piece.key for piece in shelf.batches.pieces(batch)} - set(goes)
    keys = {reference_of(key): key for key in goes}
    if unknown := sorted(set(said.numbers) - keys.keys()):
        raise DueCourseError(f"{batch}: no letter of this batch has the reference {unknown[0]}: read it again")
    numbers = {keys[reference]: number for reference, number in said.numbers.items()}
    posting.posted(batch, said.at, said.by, numbers, pulled)
    take_in(shelf.channel, posting, intake)
    shelf.batches.clear(batch)
    return True, places


def take_in(channel: str, register: Posting, intake: Intake) -> int:
    """Take in what was registered; returns how much was new."""
    return sum(intake.take(channel, received) for received in register.received())
