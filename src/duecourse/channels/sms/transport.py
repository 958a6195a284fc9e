"""Short messages as every channel has them: sent, asked after, and what came in handed on before it is answered.

The id of a message in several parts is the ids of its parts, with spaces between; a receipt names one of them.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from time import monotonic
from typing import Final

from duecourse.channels.environment import secret
from duecourse.channels.sms import pdu, receipts, words
from duecourse.channels.sms.link import Link, LinkError
from duecourse.channels.sms.pdu import BrokenError, Command, Frame, Status
from duecourse.channels.sms.replies import Incoming, Joiner, Names, Piece, piece, reply
from duecourse.channels.sms.settings import Binding, Long, Settings
from duecourse.channels.transport import HELD_BACK, Fate, Message, Received, Result, What

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)  # E.164, as messages write it


class SmsTransport:
    """Sends by a message centre; connects when it must, and again after the connection was lost.

    `clock` says when something came in. `id_of` looks up the id that a message got, by its key: SMPP cannot ask
    for a message by the key.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime],
        id_of: Callable[[str], str | None] = lambda _key: None,
    ) -> None:
        """Read the password; nothing is connected yet. DueCourseError when a secret or a certificate is not there."""
        self._settings = settings
        self._password = secret(settings.password_in)
        self._tls = settings.tls_context()
        self._clock = clock
        self._id_of = id_of
        self._links: dict[Command, Link] = {}
        self._names = Names(self._password.encode())
        self._listening: Link | None = None
        self._joiner = Joiner(settings.join_within)
        self._ready: deque[Incoming] = deque()
        is_one = settings.binding is Binding.TRANSCEIVER
        self._out = Command.BIND_TRANSCEIVER if is_one else Command.BIND_TRANSMITTER
        self._in = Command.BIND_TRANSCEIVER if is_one else Command.BIND_RECEIVER

    def send(self, message: Message) -> Result:
        """Hand a message over, part by part, each answered before the next; once one has left, nothing is told less."""
        if not _NUMBER.fullmatch(message.to):
            return Result(Fate.REFUSED, why="this is no number: a number is written +14155550123")
        try:
            parts = self._parts(message)
        except words.UnsendableError as error:
            return Result(Fate.REFUSED, why=str(error))
        if not message.may_leave():
            return HELD_BACK
        ids: list[str | None] = []
        for place, part in enumerate(parts, 1):
            found = self._submit(part, message.to)
            if found.fate is not Fate.LEFT:
                why = f"part {place} of {len(parts)}: {found.why}"
                return Result(Fate.UNKNOWN, _joined(ids), why) if ids else found
            ids.append(found.provider_id)
        return Result(Fate.LEFT, _joined(ids))

    def ask(self, message: Message) -> Result:
        """Ask for each part by its id; UNKNOWN unless all of them are known to be with the centre, or rejected."""
        known = self._id_of(message.key)
        if not known:
            return Result(Fate.UNKNOWN, why="no id is known by which to ask the message centre")
        try:
            if len(known.split()) != len(self._parts(message)):
                return Result(Fate.UNKNOWN, known, "the ids that are known are not those of all its parts")
            fates = {self._state(one) for one in known.split()}
        except (LinkError, words.UnsendableError) as error:
            return Result(Fate.UNKNOWN, known, str(error))
        if len(fates) == 1:
            return Result(fates.pop(), known)
        return Result(Fate.UNKNOWN, known, "the parts of the message have had different fates")

    def received(self) -> Iterator[Received]:
        """Yield what came in; each is answered when the next is asked for, and comes again if it never is."""
        until = monotonic() + self._settings.listen_for.total_seconds()
        try:
            link = self._listen()
            while True:
                yield from self._hand_on(link)
                frame = link.delivery(until)
                self._ready.extend(self._incoming(frame))
                if frame is None and not self._ready:
                    return
        except LinkError:
            self._forget()  # what was not answered the centre delivers again

    def close(self) -> None:
        """End the connections."""
        for link in self._links.values():
            link.close()
        self._links.clear()
        self._forget()

    def _parts(self, message: Message) -> tuple[words.Part, ...]:
        if self._settings.long is Long.PAYLOAD:
            whole = words.encode(message.text, self._settings.default_alphabet)
            if len(whole.octets) > words.OCTETS_MOST * self._settings.parts_most:
                raise words.UnsendableError("sms: the text is longer than `parts_most` allows: shorten it")
            return (whole,)
        number, settings = words.reference(message.key), self._settings
        return words.split(message.text, number, settings.parts_most, settings.default_alphabet)

    def _submit(self, part: words.Part, to: str) -> Result:
        try:
            link = self._link(self._out)
        except LinkError as error:
            return Result(Fate.NOT_LEFT, why=str(error))
        try:
            answer = link.request(lambda sequence: pdu.submit(part, self._settings, to, sequence))
        except LinkError as error:
            return Result(Fate.UNKNOWN, why=str(error))
        if answer.status or answer.command == Command.GENERIC_NACK:
            return receipts.refusal(answer.status)
        return Result(Fate.LEFT, pdu.message_id(answer))

    def _state(self, provider_id: str) -> Fate:
        answer = self._link(self._out).request(lambda sequence: pdu.query(provider_id, self._settings, sequence))
        is_told = not answer.status and answer.command != Command.GENERIC_NACK
        return receipts.fate(pdu.state(answer)) if is_told else Fate.UNKNOWN

    def _link(self, kind: Command) -> Link:
        """Return a link that has just been seen to live; one that died while it was idle is replaced."""
        link = self._links.get(kind)
        if link and link.is_open:
            try:
                link.refresh()
            except LinkError:
                pass
            else:
                return link
        self._links[kind] = Link.open(self._settings, kind, self._password, self._tls)
        return self._links[kind]

    def _listen(self) -> Link:
        """Return the link to read from; what an older one left unanswered is forgotten, for it comes again."""
        link = self._link(self._in)
        if link is not self._listening:
            self._forget()
            self._listening = link
        return link

    def _hand_on(self, link: Link) -> Iterator[Received]:
        """Yield what is ready, and answer it afterwards."""
        while self._ready:
            first = self._ready[0]
            if first.item:
                yield first.item
            for frame in first.frames:
                link.answer(frame, first.said)
            if first.item:
                self._names.answered(first.sender, first.item.event_id)
            if self._ready and self._ready[0] is first:
                self._ready.popleft()

    def _incoming(self, frame: Frame | None) -> Iterator[Incoming]:
        """Yield what a delivery makes ready, and the parts that nobody waits for any more."""
        if frame:
            try:
                found = pdu.delivered(frame)
            except BrokenError as error:
                yield Incoming(None, (frame,), error.status)
                return
            if receipts.is_receipt(found):
                yield self._told(frame, receipts.receipt(found, self._settings.no_number))
            else:
                for pieces in self._joiner.add(piece(frame, found), monotonic()):
                    yield self._replied(pieces)
        for pieces in self._joiner.overdue(monotonic()):
            yield self._replied(pieces)

    def _told(self, frame: Frame, receipt: receipts.Receipt | None) -> Incoming:
        if receipt is None:
            return Incoming(None, (frame,), Status.NEVER)  # of no message: it would be the same each time
        if receipt.outcome is None:
            return Incoming(None, (frame,))  # on its way: the last word comes later
        event_id = self._names.digest(receipt.outcome.encode(), receipt.provider_id.encode()).hex()
        item = Received(
            event_id,
            What.DELIVERY,
            self._clock(),
            provider_id=receipt.provider_id,
            outcome=receipt.outcome,
            ends_point=receipt.is_no_number,
        )
        return Incoming(item, (frame,))

    def _replied(self, pieces: tuple[Piece, ...]) -> Incoming:
        item = reply(pieces, self._names, self._clock(), self._settings)
        return Incoming(item, tuple(frame for one in pieces for frame in one.frames), sender=pieces[0].found.source)

    def _forget(self) -> None:
        self._listening = None
        self._joiner = Joiner(self._settings.join_within)
        self._ready.clear()


def _joined(ids: list[str | None]) -> str | None:
    """Return the ids of parts side by side; None unless each has one."""
    known = [one for one in ids if one]
    return " ".join(known) if known and len(known) == len(ids) else None
