"""Two debtors of Demonstria, one of China, one of California, and readers with keys of their own."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from duecourse.endings import moving
from duecourse.endings.deciding import Said
from duecourse.endings.listing import signed
from duecourse.endings.listing.readers import Answer, Entry, Readers, receipt, request_of, sign
from duecourse.endings.listing.register import Ground, Register
from duecourse.endings.many import Opened
from duecourse.endings.moving import Ending, Who
from duecourse.law.rulebook import Law
from duecourse.store.bound import point_place, whose
from duecourse.store.keys import Keyring, Wrapped, seal
from duecourse.store.place import Place
from duecourse.store.server import ADMIN
from tests.endings.cases import BOSS, OTHER

BOOKS: Final = Path(__file__).parents[3] / "examples" / "register" / "law"
DECIDED: Final = date(2026, 11, 20)
UNTIL: Final = date(2026, 12, 20)  # thirty days after the notice of 20 November: Debtor Register Act s. 5(1)
AFTER: Final = date(2026, 12, 21)
SIGNED: Final = Ground("able_but_refuses", "signed")
DEMONSTRIAN: Final = ("L1", "L2")
HEAD: Final = {
    "en": ["Harbour Lending", "1 Quay Road, 10001 Port"],
    "zh": ["港湾小额贷款有限公司", "上海市世纪大道1号"],
}


def who(by: str, on: date) -> Who:
    return Who(by, datetime.combine(on, time(10), UTC), on)


def moved(place: Place) -> None:
    """Let borrowers 1 and 2 live in Demonstria, and give everybody an address."""
    ring = Keyring.read(place.keys)
    with psycopg.connect(place.url(ADMIN), autocommit=True) as admin:
        admin.execute(
            b"UPDATE collection_case SET country = 'XD', region = 'XD-01', zones = '{UTC}', language = 'en'"
            b" WHERE borrower_no <= 2"
        )
        admin.execute(b"UPDATE case_loan SET currency = 'USD' WHERE borrower_no <= 2")
        for number, key_id, wrapped in admin.execute(b"SELECT id, key_id, wrapped_key FROM person").fetchall():
            key = ring.unwrap(Wrapped(key_id, bytes(wrapped)), whose(f"B{number}", f"B{number}"))
            ((point,),) = admin.execute(
                b"INSERT INTO contact_point (person_id, kind, value, blind)"
                b" VALUES (%s, 'address', '', '') RETURNING id",
                [number],
            ).fetchall()
            address = f"{number} Long Street\n10002 Port"
            admin.execute(
                b"UPDATE contact_point SET value = %s, blind = %s WHERE id = %s",
                [seal(key, address, point_place("address", point)), ring.blind("address", address), point],
            )


def phone(number: int) -> str:
    return f"+1415{number:07}"


@dataclass
class Reader:
    """A lender elsewhere: it signs, checks what it is told, and keeps it."""

    name: str
    register: Ed25519PrivateKey
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    cursor: int = 0
    standing: dict[str, Entry] = field(default_factory=dict)

    @property
    def public(self) -> str:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def ask(self, at: Readers, number: int, on: Who, purpose: str = "credit_application") -> Answer:
        text = request_of(self.name, "phone", phone(number), purpose, on.at)
        return at.look_up(text, sign(self.key, text), on.at, on.on)

    def catch_up(self, at: Readers, on: Who) -> list[str]:
        """Take the feed in, check every signature and that versions follow on each other, and sign for it."""
        new = at.feed(self.name, self.cursor)
        for entry in new:
            assert entry.number == self.cursor + 1, "no number is left out"
            assert signed.is_of(entry.body, entry.signature, self.register.public_key())
            says = json.loads(entry.body)
            before = self.standing.pop(says["ref"], None)
            assert says["replaces"] == (signed.digest(before.body) if before else None)
            if entry.what != "removed":
                self.standing[says["ref"]] = entry
            self.cursor = entry.number
        if new:
            text = receipt(self.name, self.cursor, new[-1].digest)
            assert at.acknowledge(self.name, self.cursor, sign(self.key, text), on.at)
        return [one.what for one in new]


@dataclass(frozen=True)
class House:
    """A lender of Demonstria with its register."""

    place: Place
    opened: Opened
    law: Law
    key: Ed25519PrivateKey
    register: Register
    readers: Readers

    def ending(self, loan: str) -> Ending:
        (found,) = moving.read(self.opened.connection, "e.kind = 'list' AND e.loan_id = %s AND NOT e.is_over", [loan])
        return found

    def decided(self, loan: str = "L1", ground: Ground = SIGNED, on: date = DECIDED) -> list[Said]:
        wanted = self.opened.deciding.wanted([loan])
        return self.register.decide(wanted, ground, who(BOSS, on), "says that he will not pay")

    def noticed(self, loan: str = "L1") -> Ending:
        (said,) = self.decided(loan)
        assert said.is_done, said
        (said,) = self.register.notice([self.ending(loan).number], who(BOSS, DECIDED))
        assert said.is_done, said
        return self.ending(loan)

    def entered(self, loan: str = "L1") -> Ending:
        (said,) = self.register.enter([self.noticed(loan).number], who(OTHER, AFTER))
        assert said.is_done, said
        return self.ending(loan)

    def reader(self, name: str) -> Reader:
        found = Reader(name, self.key)
        self.readers.add(name, found.public, ["credit_application"], who(BOSS, DECIDED))
        return found
