"""A small world for the tests: an operator, a hub, a key holder, lenders and borrowers, each with keys of their own."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from duecourse.inquiry import charter as charters
from duecourse.inquiry.charter import Charter
from duecourse.inquiry.client import Reader
from duecourse.inquiry.credentials import Certificate, vouch
from duecourse.inquiry.entry import Entry, Person, Status
from duecourse.inquiry.holder import KeyHolder, Lawful, keys_of
from duecourse.inquiry.hub import Hub
from duecourse.inquiry.identity import normalised
from duecourse.inquiry.publisher import Publisher
from duecourse.inquiry.signed import Signer
from duecourse.inquiry.wire import Answer, Caller, Transport, answered, application
from duecourse.law.looking_up import LookUps
from tests import package

NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
WU: Final = normalised("CN", "11010519491231002X", date(1949, 12, 31))  # the standard's own example
LI: Final = normalised("CN", "360426199101010071", date(1991, 1, 1))
LAWFUL: Final[Lawful] = LookUps(package.law()).refusal
Application = Callable[..., Iterable[bytes]]


def seed(name: str) -> bytes:
    """Return 32 bytes for a name: keys that are the same in each run, and nobody else's."""
    return hashlib.sha256(b"tests/inquiry " + name.encode()).digest()


@dataclass
class Direct:
    """A way to a party without a network: its application, called. It keeps what passed."""

    application: Application
    passed: list[tuple[str, str, int, int]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Call the application as a server would."""
        status, got = "", {}

        def start(line: str, pairs: list[tuple[str, str]]) -> None:
            nonlocal status, got
            status, got = line, dict(pairs)

        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
        }
        environ |= {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()}
        data = b"".join(self.application(environ, start))
        self.passed.append((method, path, len(body) + sum(map(len, headers.values())), len(data)))
        self.bodies.append(body)
        return Answer(int(status[:3]), data, got)


@dataclass
class Clock:
    """The moment that the parties take for now."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        """Return it."""
        return self.now


class World:
    """Everybody, over one folder."""

    def __init__(self, folder: Path, lenders: int = 3, **changes: Any) -> None:
        """Write and sign a charter, and open the hub and the key holder."""
        self.folder, self.clock = folder, Clock()
        self.lawful: Lawful = LAWFUL
        address, opening = keys_of(seed("holder"))
        self.charter = Charter.model_validate(
            {
                "from_on": date(2026, 1, 1),
                "until_on": date(2027, 12, 31),
                "people": 2_400,
                "hub_key": Signer.of(seed("hub")).public,
                "address_key": address.public.hex(),
                "opening_key": opening.public.hex(),
                "lenders": [self._lender(number) for number in range(1, lenders + 1)],
                "checkers": [{"name": "Portal", "key": Signer.of(seed("checker")).public}],
                "bases": [
                    {
                        "jurisdiction": "CN",
                        "basis": "An example of a basis, for tests alone and for no country.",
                        "named_by": "Operator",
                        "named_on": date(2026, 1, 1),
                        "purposes": ["own_view", "forbearance"],
                    }
                ],
                **changes,
            }
        )
        self.operator = Signer.of(seed("operator"))
        self.open()

    def open(self) -> None:
        """Begin the hub and the key holder, anew too."""
        self.hub = Hub(self.folder / "hub", self.charter, self.operator.public, Signer.of(seed("hub")), self.witness)
        self.holder = KeyHolder(self.folder / "holder", self.charter, seed("holder"), self.lawful)
        self.to_hub = Direct(application(self.hub.routes(), self.clock))
        self.to_holder = Direct(application(self.holder.routes(), self.clock))

    def change(self, **changes: Any) -> None:
        """Put another charter in force, and begin the parties anew with it."""
        self.charter = Charter.model_validate(self.charter.model_dump() | changes)
        self.open()

    @staticmethod
    def _lender(number: int) -> dict[str, Any]:
        return {
            "number": number,
            "name": f"Lender {number}",
            "key": Signer.of(seed(f"lender {number}")).public,
            "jurisdiction": "CN",
            "licence": f"L-{number}",
            "contact": f"lender{number}@example.com",
        }

    def caller(self, lender: int) -> Caller:
        """Return a lender as one who asks."""
        return Caller(Signer.of(seed(f"lender {lender}")))

    def client(self, name: str = "client", **changes: Any) -> Caller:
        """Return a borrower's client that the portal vouches for."""
        signer = Signer.of(seed(name))
        certificate = Certificate(
            client=signer.public, jurisdiction="CN", until_at=self.clock.now + timedelta(days=1)
        ).model_copy(update=changes)
        return Caller(signer, vouch(Signer.of(seed("checker")), certificate))

    def reader(self, caller: Caller, hub: Transport | None = None, holder: Transport | None = None) -> Reader:
        """Return one who asks these parties."""
        return Reader(self.charter, hub or self.to_hub, holder or self.to_holder, caller)

    def publisher(self, lender: int, hub: Transport | None = None) -> Publisher:
        """Return a lender's publisher."""
        return Publisher(self.charter, lender, seed(f"lender {lender}"), hub or self.to_hub, self.caller(lender))

    def person(self, identity: bytes, lender: int = 1) -> Person:
        """Return somebody's keys, as a lender comes by them."""
        return self.reader(self.caller(lender)).person(identity, self.clock.now)

    def publish(self, lender: int, loan_id: str, identity: bytes, entry: Entry, sequence: int) -> None:
        """Publish one entry."""
        publisher = self.publisher(lender)
        publisher.send([publisher.item(loan_id, entry, self.person(identity, lender))], sequence, self.clock.now)

    def witness(self, head: dict[str, str]) -> None:
        """Show a head to the key holder."""
        answered(self.to_holder.ask("POST", "/head", json.dumps(head).encode(), {}))

    def close(self) -> dict[str, str]:
        """End the hub's cycle."""
        return self.hub.close(self.clock.now)


def write_charter(path: Path, countries: list[str], people: int = 2_400, lenders: int = 3) -> str:
    """Write and sign a charter of the same parties as a file; return the operator's key."""
    address, opening = keys_of(seed("holder"))
    lines = [
        "from_on = 2020-01-01", "until_on = 2036-12-31", f"people = {people}",
        f'hub_key = "{Signer.of(seed("hub")).public}"', f'address_key = "{address.public.hex()}"',
        f'opening_key = "{opening.public.hex()}"', "[[checkers]]", 'name = "Portal"',
        f'key = "{Signer.of(seed("checker")).public}"',
    ]  # fmt: skip
    for number in range(1, lenders + 1):
        lines += ["[[lenders]]", f"number = {number}", f'name = "Lender {number}"', 'jurisdiction = "CN"']
        lines += [f'key = "{Signer.of(seed(f"lender {number}")).public}"', f'licence = "L-{number}"']
        lines += [f'contact = "disputes@lender{number}.example"']
    for country in countries:
        lines += ["[[bases]]", f'jurisdiction = "{country}"', 'basis = "Made up for a test, and of no country."']
        lines += ['named_by = "Nobody"', "named_on = 2020-01-01", 'purposes = ["own_view", "forbearance"]']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    signer = Signer.of(seed("operator"))
    charters.sign(path, signer)
    return signer.public


def entry(lender: int, **changes: Any) -> Entry:
    """Return an entry: 1,000.00 yuan owed, 40 days late."""
    plain = Entry(
        lender=lender,
        reference=f"…{lender}821",
        as_of=NOON,
        currency="CNY",
        contractual=100_000,
        enforceable=95_000,
        per_day=50,
        monthly=20_000,
        late_since=date(2026, 10, 14),
        days_past_due=40,
        status=Status.LATE,
        expires_on=date(2026, 12, 7),
        cap="cn.cap.four_lpr",
        contact=f"disputes@lender{lender}.example",
    )
    return replace(plain, **changes)
