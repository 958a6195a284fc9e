"""A real SMTP server on loopback that accepts, refuses, hangs up or stalls wherever it is told to, and counts."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from duecourse.channels.email.settings import Settings, Tls
from duecourse.channels.email.tokens import Tokens
from duecourse.channels.transport import Message

AT: Final = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TOKENS: Final = Tokens(b"a secret of the tests, 32 bytes.")
STALL_SECONDS: Final = 6


class Handler:
    """`how` says what happens to the next message: "ok", or a deed and a step, as in "drop rcpt" or "5xx end"."""

    def __init__(self) -> None:
        """Accept everything, and have counted nothing yet."""
        self.how = "ok"
        self.arrived: list[bytes] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.connections = 0

    async def at(self, step: str, server: SMTP) -> str | None:
        """Do what is to be done at a step; a reply other than the usual one, if that is it."""
        deed, _, where = self.how.partition(" ")
        if where != step:
            return None
        if deed == "drop":
            server.transport.abort()  # type: ignore[union-attr]
        if deed == "stall":
            await asyncio.sleep(STALL_SECONDS)
        if deed == "drip":
            for _ in range(STALL_SECONDS * 5):
                server._writer.write(b"250-x\r\n")
                await asyncio.sleep(0.2)
        return {
            "4xx": "451 4.7.1 <jo@example.org> come again",
            "5xx": "550 5.1.1 <jo@example.org> unknown",
            "login": "530 5.7.0 log in first",
            "odd": "200-\xe4\r\nwhat",
            "early": "350 more",
        }.get(deed, "250 ok" if deed == "drop" else None)

    async def handle_EHLO(  # noqa: N802 - the library's
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        reply = await self.at("ehlo", server)
        return [reply] if reply else responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, _s: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options += options
        return await self.at("mail", server) or "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _s: Session, envelope: Envelope, address: str, _o: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self.at("rcpt", server) or "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append((str(envelope.mail_from), envelope.rcpt_tos))
        if not self.how.startswith(("4xx", "5xx")):
            assert isinstance(envelope.content, bytes)
            self.arrived.append(envelope.content)
        return await self.at("end", server) or "250 2.0.0 Ok: queued as 4Xyz12AbC"


class Odd(SMTP):
    """A server that can also go wrong at DATA itself, and in the middle of a message."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        handler: Handler = self.event_handler
        if reply := await handler.at("data", self):
            await self.push(reply)
            return
        if handler.how == "drop middle":
            await self.push("354 go on")
            await self._reader.readuntil(b"\r\n")
            self.transport.abort()  # type: ignore[union-attr]
            return
        await super().smtp_DATA(arg)


class Host(Controller):
    """The thread and port of a server."""

    def factory(self) -> SMTP:
        return Odd(self.handler, **self.SMTP_kwargs)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    tls: ssl.SSLContext | None = None, *, implicit: ssl.SSLContext | None = None, password: str = "", utf8: bool = True
) -> Iterator[tuple[Handler, int]]:
    """Serve on a free port; with a password, only those who log in as `lender` under TLS."""
    handler, port = Handler(), free_port()

    def login(_server: SMTP, _s: Session, _e: Envelope, _mechanism: str, data: object) -> AuthResult:
        good = isinstance(data, LoginPassword) and data == LoginPassword(b"lender", password.encode())
        return AuthResult(success=good, handled=good)  # the library says 535

    host = Host(
        handler,
        hostname="127.0.0.1",
        port=port,
        ssl_context=implicit,
        tls_context=tls,
        require_starttls=tls is not None,
        auth_required=bool(password),
        authenticator=login if password else None,
        enable_SMTPUTF8=utf8,
    )
    host.start()
    handler.connections = 0
    try:
        yield handler, port
    finally:
        host.stop()


def settings(port: int = 25, /, **more: object) -> Settings:
    """Return settings for a server on loopback, with others where given."""
    usual: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port,
        "tls": Tls.NONE,
        "sender": "care@lender.example.com",
        "return_path": "bounce@lender.example.com",
        "reply_to": "answer@lender.example.com",
        "sender_name": "Example Bank",
        "tokens": TOKENS,
        "timeout_seconds": 5,
    }
    return Settings(**{**usual, **more})  # type: ignore[arg-type]


def message(key: str = "m-1", **more: object) -> Message:
    usual: dict[str, object] = {
        "key": key,
        "to": "jo@example.org",
        "text": "You owe 10 EUR.\n.\n..two dots\n",
        "language": "en",
        "subject": "Your loan",
    }
    return Message(**{**usual, **more})  # type: ignore[arg-type]


def certificates(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """Make an authority and a server's certificate for a host; the authority's file and the server's side of TLS."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the tests")])
    began, ends = datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)

    def builder(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(authority).public_key(public)
        made = made.serial_number(x509.random_serial_number()).not_valid_before(began).not_valid_after(ends)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
        return made.add_extension(issuer, critical=False).add_extension(
            x509.SubjectKeyIdentifier.from_public_key(public), critical=False
        )

    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    root = builder(authority, authority_key.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    root = root.add_extension(usage, critical=True)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
    server = builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]), key.public_key())
    server = server.add_extension(names, critical=False)
    (folder / "ca.pem").write_bytes(root.sign(authority_key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (folder / "server.pem").write_bytes(
        server.sign(authority_key, hashes.SHA256()).public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return folder / "ca.pem", context
