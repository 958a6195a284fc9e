"""What every channel can do: hand a message over, ask what became of it, and tell what came in.

    transport.send(message) -> Result        bytes leave once, or nothing leaves, or nobody knows
    transport.ask(message) -> Result         what became of a message, asked by its key
    transport.received() -> Iterator[Received]
                                             what came in since the last time, each with an id of its own

A message whose fate is unknown is never sent again by a channel: whoever holds the outbox decides.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, Protocol


class Fate(StrEnum):
    """What became of a message, as far as is known."""

    LEFT = "left"  # somebody else has it now and has said so
    NOT_LEFT = "not_left"  # surely nothing left: it may be tried again
    REFUSED = "refused"  # surely nothing left, and trying again would not help: a wrong number, a closed account
    UNKNOWN = "unknown"  # it may have left; it must not be sent again


@dataclass(frozen=True, repr=False)
class Message:
    """What is to leave: the exact words and where to. Never printed or logged: it is personal.

    `key` is the message's own, the same at each try, and tells nothing of whom it is for. `to` is a number in the
    form +14155550123, a mailbox, or the lines of an address. `subject` and `html` are for e-mail, `pages` (a PDF) and
    what it is made with (`details`) for paper; `text` is always there. `may_leave` is asked as late as can be, before
    the bytes with which it is gone: whoever sends it may have lost their hold of the borrower while a slow peer took
    the rest.
    """

    key: str
    to: str
    text: str
    language: str
    subject: str = ""
    html: str = ""
    pages: bytes = b""
    details: Mapping[str, Any] = field(default_factory=dict)
    may_leave: Callable[[], bool] = field(default=lambda: True, compare=False)


@dataclass(frozen=True)
class Result:
    """What became of a message: `provider_id` as its provider names it, `why` in words that hold nothing personal.

    `ends_point` says, beside REFUSED, that the number or address surely is of no use any more.
    """

    fate: Fate
    provider_id: str | None = None
    why: str = ""
    ends_point: bool = False


HELD_BACK: Final = Result(Fate.NOT_LEFT, why="whoever sent it could not be sure any more that it may leave")


class What(StrEnum):
    """What came in."""

    REPLY = "reply"  # words of whoever was written to
    DELIVERY = "delivery"  # a report of what became of a message
    BOUNCE = "bounce"  # a notice that a message could not be delivered
    OUTCOME = "outcome"  # how a call or a visit ended


@dataclass(frozen=True)
class Heard:
    """What somebody said to whoever called or visited, in words of `duecourse.day.replies.Meaning`.

    `pay_on` and `amount` (in minor units) are of a promise.
    """

    said: tuple[str, ...] = ()
    pay_on: date | None = None
    amount: int | None = None


@dataclass(frozen=True, repr=False)
class Received:
    """One thing that came in. Never printed or logged: it may be personal.

    `event_id` is the same when the same thing comes twice. `key` or `provider_id` name the message that it is about,
    where it is about one. `outcome` is a word of `duecourse.book.schema.OUTCOMES`, `sender` whom a reply is from.
    `ends_point` says, beside `bounced` and `undelivered`, that the number or address surely is of no use any more.
    """

    event_id: str
    what: What
    at: datetime
    key: str | None = None
    provider_id: str | None = None
    outcome: str | None = None
    sender: str | None = None
    text: str = ""
    ends_point: bool = False
    heard: Heard = Heard()


class Transport(Protocol):
    """One way to send, opened once and used by one thread; errors of a peer become a `Result`, never an exception."""

    def send(self, message: Message) -> Result:
        """Hand a message over, within the time that was set."""

    def ask(self, message: Message) -> Result:
        """Ask what became of a message that was handed over; UNKNOWN where the provider cannot tell."""

    def received(self) -> Iterator[Received]:
        """Yield what came in, in the order in which it came; what was yielded may come again after a crash."""

    def close(self) -> None:
        """End the connection."""
