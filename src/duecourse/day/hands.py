"""What people carry out, opened from a lender's settings: shelves of letters and visits, an agent's calls, outcomes.

with opened(place, settings, strategy, law, now) as hands:
    hands.shelf("letter"), hands.calls(agent, caller), hands.outcomes()
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.letter.posting import Posting
from duecourse.channels.visit.visits import Visits
from duecourse.channels.voice.transport import Calling
from duecourse.day.again import Again
from duecourse.day.batch import Shelf
from duecourse.day.calling import Calls
from duecourse.day.composing import Composer
from duecourse.day.gate import Gate
from duecourse.day.in_force import in_force
from duecourse.day.intake import Intake
from duecourse.day.opening import letters_of, visits_of, voice_of
from duecourse.day.outcomes import Outcomes
from duecourse.day.settings import Day
from duecourse.day.worker import refuse_skew
from duecourse.kernel.errors import DueCourseError
from duecourse.law.rulebook import Law
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.strategy.models import Strategy

_FOLDERS = {
    "letter": lambda name, channel: letters_of(name, channel).folder,
    "visit": lambda name, channel: visits_of(name, channel).folder,
    "voice": lambda name, channel: voice_of(name, channel).folder,
}


@dataclass(frozen=True)
class Hands:
    """A connection to a store with a plan in force, and all that people need to carry it out.

    The connection belongs to the gate; `compose` writes the words, `zone` is the book's, `now` the clock.
    """

    connection: Connection[TupleRow]
    ring: Keyring
    settings: Day
    strategy: Strategy
    gate: Gate
    compose: Composer
    zone: str
    now: Callable[[], datetime]

    def name_of(self, kind: str) -> str:
        """Return the channel of a kind; DueCourseError where the settings have none."""
        found = next((name for name, channel in self.settings.channels.items() if channel.kind == kind), None)
        if found is None:
            raise DueCourseError(
                f'the settings have no channel of the kind {kind}: see examples/day.toml, kind = "{kind}"'
            )
        return found

    def folder(self, kind: str) -> Path:
        """Return the folder of the channel of a kind."""
        name = self.name_of(kind)
        return _FOLDERS[kind](name, self.settings.channels[name])

    def shelf(self, kind: str) -> Shelf:
        """Return the batches of letters or of visits."""
        folder = self.folder(kind)
        batches = (Posting(folder) if kind == "letter" else Visits(folder)).batches
        again = Again(self.connection, self.ring, self.gate, self.compose, self.strategy, self.zone)
        return Shelf(self.connection, self.name_of(kind), batches, again)

    def posting(self) -> Posting:
        """Return the register of letters."""
        return Posting(self.folder("letter"))

    def intake(self) -> Intake:
        """Return what takes in what was registered."""
        return Intake(self.connection, self.ring, self.zone)

    def calls(self, agent: str, caller: str) -> Calls:
        """Return the calls of an agent, by the id of their phone, and the name by which they introduce themselves."""
        name = self.name_of("voice")
        voice = voice_of(name, self.settings.channels[name])
        calling = Calling(voice.folder, agent, voice.dials())
        return Calls(self.connection, self.ring, self.gate, self.strategy, name, calling, self.now, caller)

    def outcomes(self) -> Outcomes:
        """Return what takes outcomes, of all the channels that people carry out."""
        folders = {
            name: (channel.kind, _FOLDERS[channel.kind](name, channel))
            for name, channel in self.settings.channels.items()
            if channel.kind in _FOLDERS
        }
        return Outcomes(self.connection, self.intake(), folders, self.now())


@contextmanager
def opened(place: Place, settings: Day, strategy: Strategy, law: Law, now: Callable[[], datetime]) -> Iterator[Hands]:
    """Connect to a store; DueCourseError where no plan or another strategy is in force, or the clocks differ."""
    with place.connected() as connection:
        plan = in_force(connection)
        refuse_skew(connection, now())
        if plan.strategy_hash != strategy.hash:
            raise DueCourseError(
                "the plan in force is of another strategy: name its file with --strategy, or plan again"
            )
        ring = Keyring.read(place.keys)
        compose = Composer(ring, strategy, settings)
        gate = Gate(connection, ring, law, strategy, compose, plan.zone, settings.valid)
        yield Hands(connection, ring, settings, strategy, gate, compose, plan.zone, now)
