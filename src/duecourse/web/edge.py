"""What the requests share: the store, the secrets, the clock, and a connection for each thread.

    Edge.of(place, seals, now, rules)    by the environment and files; DueCourseError where one of them is wrong

It is handed to the views in the environment of each request, so that nothing global holds it.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from threading import local
from typing import Final, Self

import psycopg
from django.http import HttpRequest
from psycopg import Connection
from psycopg.rows import TupleRow

from duecourse.channels.email.tokens import Tokens
from duecourse.channels.environment import secret
from duecourse.channels.gateway.webhooks import Settings, key_of
from duecourse.channels.transport import Received
from duecourse.day.composing import Composer
from duecourse.day.gate import Gate
from duecourse.day.in_force import InForce, in_force, zone_of
from duecourse.day.intake import Intake
from duecourse.day.opening import tokens_of, webhooks
from duecourse.day.past import reading
from duecourse.day.reaching import POINTS
from duecourse.day.settings import Day
from duecourse.kernel.errors import DueCourseError
from duecourse.law.answers import Answers
from duecourse.law.looking_up import LookUps
from duecourse.law.rulebook import Law
from duecourse.ledger.positions import compile_ledger
from duecourse.store.audit.seals import Seals
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.strategy.models import Strategy

NAME: Final = "duecourse.edge"
"""Where the environment of a request has it; no header can be named so."""

WEBHOOK_SECRETS: Final = "DUECOURSE_WEBHOOK_"  # and the channel in capitals
SYSTEMS_SECRET: Final = "DUECOURSE_SYSTEMS_TOKEN"  # noqa: S105  a name, not a secret
METRICS_SECRET: Final = "DUECOURSE_METRICS_TOKEN"  # noqa: S105  a name, not a secret
_GUESSABLE: Final = 16  # letters; fewer can be tried
# A lock that dispatch holds while it sends is not waited for longer than a provider waits for us.
_LIMITS: Final = "SELECT set_config('statement_timeout', '8s', false), set_config('lock_timeout', '2s', false)"


@dataclass(frozen=True, repr=False)
class Hook:
    """A channel whose provider tells us things: the keys by which it is proved, any of them. It is never printed."""

    keys: Sequence[bytes]
    settings: Settings


class Connections:
    """A connection for each thread, made anew where it was lost; statements and locks on it have a time limit."""

    def __init__(self, place: Place) -> None:
        """Connect nothing yet."""
        self._place, self._local = place, local()

    @contextmanager
    def one(self) -> Iterator[Connection[TupleRow]]:
        """Give this thread's connection, on which every transaction is one of its own.

        psycopg.OperationalError where the database does not answer.
        """
        yield self._living() or self._made()

    def _living(self) -> Connection[TupleRow] | None:
        found: Connection[TupleRow] | None = getattr(self._local, "connection", None)
        if found is None:
            return None
        try:
            found.execute("SELECT")
        except psycopg.OperationalError:
            found.close()
            return None
        return found

    def _made(self) -> Connection[TupleRow]:
        self._local.connection = psycopg.connect(self._place.url(), autocommit=True, connect_timeout=5)
        self._local.connection.execute(_LIMITS)
        found: Connection[TupleRow] = self._local.connection
        return found


@dataclass(frozen=True, repr=False)
class Rules:
    """What people's acts are judged and worded by: the lender's settings, the strategy, and the law."""

    settings: Day
    strategy: Strategy
    law: Law

    @cached_property
    def answers(self) -> Answers:
        """What the law answers about one loan."""
        return Answers(self.law)

    @cached_property
    def look_ups(self) -> LookUps:
        """Whether the law lets somebody be looked up across lenders."""
        return LookUps(self.law)


class Gates:
    """A gate for each thread and zone of a plan, on that thread's connection."""

    def __init__(self, place: Place, rules: Rules) -> None:
        """Open none yet."""
        self._place, self.rules, self._local = place, rules, local()
        self._strategy_hash = rules.strategy.hash  # once: it takes milliseconds

    def make_ready(self) -> None:
        """Compile what the first request would wait some seconds for, and the others that come with it."""
        compile_ledger()
        for seldom in (False, True):
            reading(self.rules.law.kinds, seldom=seldom)

    def of(self, connection: Connection[TupleRow], plan: InForce | None = None) -> Gate:
        """Return this thread's gate, on a connection of its own which it uses from here on.

        `plan` is the one in force, where it was read already. DueCourseError where there is none, or one of another
        strategy.
        """
        plan = plan or in_force(connection)
        rules = self.rules
        if plan.strategy_hash != self._strategy_hash:
            raise DueCourseError(
                "the plan in force is of another strategy: start the server with its file, or plan again"
            )
        ring = Keyring.read(self._place.keys)
        about = (plan.zone, ring.active, id(connection))
        if getattr(self._local, "about", None) != about:
            compose = Composer(ring, rules.strategy, rules.settings)
            self._local.gate = Gate(
                connection, ring, rules.law, rules.strategy, compose, plan.zone, rules.settings.valid
            )
            self._local.about = about
        found: Gate = self._local.gate
        return found


@dataclass(frozen=True, repr=False)
class Edge:
    """All that a request needs. It is never printed.

    `hooks` are by channel; `tokens` are those of the links in our mails; without `metrics_token` nothing is measured,
    and without `systems_token` nothing is told to other systems of the lender.
    A demonstration lets anybody in, as anybody: its people are made up.
    """

    place: Place
    seals: Seals
    now: Callable[[], datetime]
    connections: Connections
    hooks: Mapping[str, Hook]
    tokens: Tokens
    gates: Gates
    metrics_token: str | None = None
    systems_token: str | None = None
    is_demo: bool = False

    @classmethod
    def of(
        cls, place: Place, seals: Seals, now: Callable[[], datetime], rules: Rules, *, is_demo: bool = False
    ) -> Self:
        """Read the secrets out of the environment; what providers call things is in the lender's settings.

        DueCourseError for a secret that is none, settings that are wrong, or a store without keys.
        """
        named_so = webhooks(rules.settings)
        tokens = tokens_of(Keyring.read(place.keys))
        place.url()
        named = {channel: f"{WEBHOOK_SECRETS}{channel.upper()}" for channel in POINTS}
        hooks = {
            channel: Hook(_keys(name), named_so.get(channel, Settings()))
            for channel, name in named.items()
            if os.environ.get(name)
        }
        metrics, systems = (_unguessable(name) for name in (METRICS_SECRET, SYSTEMS_SECRET))
        gates = Gates(place, rules)
        return cls(place, seals, now, Connections(place), hooks, tokens, gates, metrics, systems, is_demo)

    @property
    def ring(self) -> Keyring:
        """The keys of the store, read each time: they may have been rotated."""
        return Keyring.read(self.place.keys)

    def take(self, channel: str, received: Sequence[Received]) -> None:
        """Take in what came by a channel; it is committed when this returns.

        DueCourseError where it cannot be taken.
        """
        with self.connections.one() as connection:
            intake = Intake(connection, self.ring, zone_of(connection))
            for one in received:
                intake.take(channel, one)


def edge_of(request: HttpRequest) -> Edge:
    """Return the edge that a request came by."""
    found = request.META[NAME]
    assert isinstance(found, Edge)  # noqa: S101  ours alone: no client can name it
    return found


def _keys(name: str) -> list[bytes]:
    try:
        return [key_of(one) for one in secret(name).split(" ")]
    except DueCourseError as error:
        raise DueCourseError(f"{name}: {error}") from None


def _unguessable(name: str) -> str | None:
    if not os.environ.get(name):
        return None
    found = secret(name)
    if len(found) < _GUESSABLE:
        raise DueCourseError(f"{name} is shorter than {_GUESSABLE} letters: make a longer one")
    return found
