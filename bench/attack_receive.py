"""Those who receive under attack: a mail server and a message centre, each a process of its own.

Each accepts, refuses, stalls or hangs up by chance. Before it says that it has a message, it has written so to its log
on the disk: the message's reference, when its last byte was read, and when it was accepted (CLOCK_MONOTONIC, which all
processes of a machine share).
"""

import asyncio
import multiprocessing
import os
import re
import socket
import time
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from random import Random
from typing import Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.channels.sms import smsc

REFERENCE: Final = re.compile(rb"Ref ([0-9a-f]{32})")
PATIENCE: Final = 2  # seconds that a sender waits for an answer; some stalls are longer
_STALLS: Final = (1, 2, 3)  # seconds
_OFTEN: Final = 25  # one message of so many meets each of the deeds below
_AFTER: Final = ("accept and hang up", "hang up", "stall and accept", "later", "never")
_BEFORE: Final = ("stall", "later", "hang up")


class Log:
    """Lines that stay, whatever happens to whoever wrote them."""

    def __init__(self, path: Path) -> None:
        """Open it to add to."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def accept(self, content: bytes, read_at: int) -> None:
        """Write that a message is accepted now."""
        found = REFERENCE.search(content)
        name = found[1].decode() if found else "no-reference"
        os.write(self._file, f"{name} {read_at} {time.monotonic_ns()}\n".encode())
        os.fsync(self._file)


class Mails:
    """A mail server's part that decides."""

    def __init__(self, log: Log, chance: Random) -> None:
        """Take a log to write to."""
        self._log, self._chance = log, chance

    async def handle_RCPT(  # noqa: N802  the library's
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, mostly; a stall here is before anything could have left."""
        deed = _deed(self._chance, _BEFORE)
        if deed == "stall":
            await asyncio.sleep(self._chance.choice(_STALLS))
        if deed == "later":
            return "451 4.7.1 come again"
        if deed == "hang up":
            _cut(server)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message, mostly."""
        read_at, deed = time.monotonic_ns(), _deed(self._chance, _AFTER)
        if deed == "stall and accept":
            await asyncio.sleep(self._chance.choice(_STALLS))
        if deed in {"", "stall and accept", "accept and hang up"}:
            self._log.accept(envelope.original_content or b"", read_at)
        if deed in {"hang up", "accept and hang up"}:
            _cut(server)
        return {"later": "451 4.7.1 come again", "never": "550 5.1.1 unknown"}.get(deed, "250 2.0.0 ok")


class Centre(smsc.Smsc):
    """A message centre that serves each connection alone: one that stalls holds up nobody else."""

    def __init__(self, log: Log, chance: Random) -> None:
        """Take a log to write to."""
        self._log, self._chance, self._accepted = log, chance, 0
        super().__init__()

    def _frames(self, stream: socket.socket) -> None:
        stream.settimeout(None)
        while True:
            length, command, status, sequence = (int.from_bytes(smsc._exactly(stream, 4)) for _ in range(4))  # noqa: SLF001
            body = smsc._exactly(stream, length - 16)  # noqa: SLF001
            if command == smsc.SUBMIT:
                goes_on = self._submitted(stream, sequence, body)
            else:
                with self.changed:
                    goes_on = self._handle(stream, command, status, sequence, body)
            if not goes_on:
                return

    def _submitted(self, stream: socket.socket, sequence: int, body: bytes) -> bool:
        read_at, deed = time.monotonic_ns(), _deed(self._chance, _AFTER)
        if deed == "stall and accept":
            time.sleep(self._chance.choice(_STALLS))
        if deed == "hang up":
            return False
        if deed in {"later", "never"}:
            return self._answer(stream, smsc.SUBMIT, sequence, b"", smsc.Act(0x58 if deed == "later" else 0x0B))
        with self.changed:
            self._accepted += 1
            number = self._accepted
            self.states[f"m{number}"] = 2
            self._log.accept(smsc.read_submit(body).short_message, read_at)
        if deed == "accept and hang up":
            return False
        return self._answer(stream, smsc.SUBMIT, sequence, b"m%d\0" % number, smsc.ACCEPT)


def _cut(server: SMTP) -> None:
    """Cut a connection off, whatever still waits in it."""
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


def _deed(chance: Random, deeds: tuple[str, ...]) -> str:
    """Return what to do with a message; mostly nothing out of the ordinary."""
    place = chance.randrange(_OFTEN * len(deeds))
    return deeds[place] if place < len(deeds) else ""


def _mails(log: Path, seed: str, pipe: Pipe) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    host = Controller(Mails(Log(log), Random(seed)), hostname="127.0.0.1", port=port)  # noqa: S311  no secret
    host.start()
    pipe.send(port)
    _until_end(pipe)


def _messages(log: Path, seed: str, pipe: Pipe) -> None:
    centre = Centre(Log(log), Random(seed))  # noqa: S311  no secret
    pipe.send(centre.port)
    _until_end(pipe)


def _until_end(pipe: Pipe) -> None:
    """Wait until the process that started this one says so, or is gone."""
    with suppress(EOFError):
        pipe.recv()
    os._exit(0)


class Receivers:
    """Both, running."""

    def __init__(self, folder: Path, seed: str) -> None:
        """Start both; `ports` tells where, by channel."""
        context = multiprocessing.get_context("fork")
        self._pipes: list[Pipe] = []
        self._processes = []
        self.logs = {channel: folder / f"{channel}.log" for channel in ("email", "sms")}
        self.ports: dict[str, int] = {}
        for channel, serve in (("email", _mails), ("sms", _messages)):
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(self.logs[channel], f"{seed}-{channel}", theirs))
            process.start()
            theirs.close()
            self.ports[channel] = ours.recv()
            self._pipes.append(ours)
            self._processes.append(process)

    def end(self) -> None:
        """End both."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.send(None)
            process.join(10)
            process.kill()
