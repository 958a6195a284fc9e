"""Words that come in: who wrote them, the parts of long ones joined, and an id that stays when they come again."""

import hmac
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from duecourse.channels.sms.pdu import Delivered, Frame, Tag
from duecourse.channels.sms.settings import Settings
from duecourse.channels.sms.words import read
from duecourse.channels.transport import Received, What

_HAS_HEADER: Final = 0x40  # esm_class: user data begins with a header
_SHORT, _LONG = 0x00, 0x08  # its elements for parts: a reference of one octet, or of two (3GPP 23.040, 9.2.3.24)
_SHORT_CODE_MOST: Final = 6  # digits: longer ones are numbers of people
_WAITING_MOST: Final = 100  # long replies whose parts are waited for
_SENDERS_MOST: Final = 10_000
_SAME_WITHIN: Final = timedelta(minutes=10)
_EPOCH: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


@dataclass(frozen=True, repr=False)
class Incoming:
    """Something to hand on, and the frames to answer once it was; `said` is what to answer.

    `item` is None where there is nothing to hand on. `sender` is who wrote, as the centre writes it.
    """

    item: Received | None
    frames: tuple[Frame, ...]
    said: int = 0
    sender: str = ""


@dataclass(frozen=True, repr=False)
class Piece:
    """One deliver_sm that holds words: all of them, or the part of a place among so many."""

    frames: tuple[Frame, ...]  # more than one where it came more than once
    found: Delivered
    words: bytes
    number: int = 0
    place: int = 1
    parts: int = 1

    @property
    def group(self) -> tuple[str, str, int, int, int]:
        """What parts of one message have in common."""
        return self.found.source, self.found.destination, self.found.coding, self.number, self.parts


def piece(frame: Frame, found: Delivered) -> Piece:
    """Read which part of a reply this is, by its header or its parameters; one with neither is whole."""
    header, words = _cut(found)
    place = _place(header)
    if place is None:
        sar = tuple(found.number(tag) for tag in (Tag.SAR_REFERENCE, Tag.SAR_PARTS, Tag.SAR_PLACE))
        place = None if None in sar else tuple(one or 0 for one in sar)
    if place is None or not 1 <= place[2] <= place[1] <= 255:
        return Piece((frame,), found, words)
    return Piece((frame,), found, words, place[0], place[2], place[1])


def _cut(found: Delivered) -> tuple[bytes, bytes]:
    """Return the header of user data, and the words after it; a header longer than all there is is none."""
    length = found.words[0] if found.words and found.esm_class & _HAS_HEADER else None
    if length is None or length >= len(found.words):
        return b"", found.words
    return found.words[1 : 1 + length], found.words[1 + length :]


def _place(header: bytes) -> tuple[int, ...] | None:
    """Return reference, parts and place out of a header; None where it does not say."""
    while len(header) >= 2:
        kind, length, rest = header[0], header[1], header[2:]
        value, header = rest[:length], rest[length:]
        if (kind, len(value)) in {(_SHORT, 3), (_LONG, 4)}:
            return int.from_bytes(value[:-2]), value[-2], value[-1]
    return None


@dataclass(repr=False)
class _Waiting:
    pieces: dict[int, Piece]
    until: float  # of the same clock as `now` below


@dataclass(repr=False)
class Joiner:
    """Puts parts of long replies together; those whose others do not come in time are handed on by themselves.

    No part is answered before it was handed on: a centre that sends one at a time would wait for ever, so the wait is
    bounded. `now` is in seconds of any clock that never goes back.
    """

    within: timedelta
    waiting: OrderedDict[tuple[str, str, int, int, int], _Waiting] = field(default_factory=OrderedDict)

    def add(self, one: Piece, now: float) -> Iterator[tuple[Piece, ...]]:
        """Take a piece; yield what is whole now, or is waited for no longer, each in the order of its places."""
        if one.parts == 1:
            yield (one,)
            return
        held = self.waiting.get(one.group)
        if held and one.place in held.pieces and held.pieces[one.place].words != one.words:
            yield from self._given_up(one.group)  # another message under the same reference
            held = None
        if held is None:
            if len(self.waiting) >= _WAITING_MOST:
                yield from self._given_up(next(iter(self.waiting)))
            held = self.waiting[one.group] = _Waiting({}, now + self.within.total_seconds())
        again = held.pieces.get(one.place)
        held.pieces[one.place] = replace(one, frames=again.frames + one.frames) if again else one
        if len(held.pieces) == one.parts:
            yield tuple(held.pieces[place] for place in sorted(held.pieces))
            del self.waiting[one.group]

    def overdue(self, now: float) -> Iterator[tuple[Piece, ...]]:
        """Yield, one by one, the parts that have waited long enough."""
        for group in [group for group, held in self.waiting.items() if held.until <= now]:
            yield from self._given_up(group)

    def _given_up(self, group: tuple[str, str, int, int, int]) -> Iterator[tuple[Piece, ...]]:
        held = self.waiting.pop(group)
        for place in sorted(held.pieces):
            yield (held.pieces[place],)


@dataclass(frozen=True, repr=False)
class _Last:
    words: bytes  # not themselves: their digest
    since: int  # tens of minutes
    count: int  # of messages of this sender since then
    is_answered: bool = False


class Names:
    """Names replies, so that one that comes again has the name it had. SMPP gives them no id of their own.

    What repeats the last words of its sender before those were answered is the same message come again. After they
    were answered it is a new one: a second STOP is never taken for the first. Nothing is remembered over a restart, so
    a name is made of the words, the ten minutes in which they came, and a count: what comes again later than that, or
    after other words of the same sender, gets a new name. Better twice than never.

    Names are made under a key, for few numbers and few words could be guessed from a plain digest.
    """

    def __init__(self, key: bytes) -> None:
        """Keep the key; it must be the same after a restart."""
        self._key = key
        self._last: OrderedDict[str, _Last] = OrderedDict()

    def digest(self, *parts: bytes) -> bytes:
        """Return a digest of parts that cannot be made without the key."""
        return hmac.digest(self._key, b"".join(b"%d:%b" % (len(part), part) for part in parts), "sha256")

    def name(self, sender: str, words: bytes, at: datetime) -> str:
        """Return the id of a reply that came at a moment."""
        said = self.digest(sender.encode(), words)
        before, since = self._last.get(sender), (at - _EPOCH) // _SAME_WITHIN  # whole spans: down
        if before and before.words == said and not before.is_answered:
            now = before
        else:
            now = _Last(said, since, before.count + 1 if before and before.since == since else 0)
        self._last[sender] = now
        self._last.move_to_end(sender)
        if len(self._last) > _SENDERS_MOST:
            self._last.popitem(last=False)
        return self._name(now)

    def answered(self, sender: str, name: str) -> None:
        """Remember that words of a sender were handed on, and the centre was told so."""
        last = self._last.get(sender)
        if last and self._name(last) == name:
            self._last[sender] = replace(last, is_answered=True)

    def _name(self, one: _Last) -> str:
        return self.digest(one.words, b"%d" % one.since, b"%d" % one.count).hex()


def reply(pieces: tuple[Piece, ...], names: Names, at: datetime, settings: Settings) -> Received:
    """Return the words of pieces, joined; their id is the centre's own, where it gives one."""
    first = pieces[0].found
    own = first.parameters.get(settings.reply_id_tag) if settings.reply_id_tag is not None else None
    if own:
        event_id = names.digest(b"own", own).hex()
    else:
        said = names.digest(first.destination.encode(), bytes((first.coding,)), *(one.words for one in pieces))
        event_id = names.name(first.source, said, at)
    words = b"".join(one.words for one in pieces)  # joined before they are read: a letter may lie across two parts
    text = read(words, first.coding, settings.default_alphabet)
    return Received(event_id, What.REPLY, at, sender=_number(first), text=text)


def _number(found: Delivered) -> str:
    """Return the sender as messages write it: with a plus where it is a number that says its country."""
    source = found.source
    if not (source.isascii() and source.isdigit() and len(source) > _SHORT_CODE_MOST):
        return source
    is_international = found.source_kind == 1 or (found.source_kind == 0 and not source.startswith("0"))
    return f"+{source}" if is_international else source
