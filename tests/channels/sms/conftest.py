"""A message centre, and a transport to it with short times."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from duecourse.channels.sms.settings import Settings
from duecourse.channels.sms.transport import SmsTransport
from duecourse.channels.transport import Received
from tests.channels.sms.smsc import Smsc, running

NOW: Final = datetime(2026, 11, 22, 10, 3, tzinfo=UTC)
SOON: Final = timedelta(milliseconds=500)  # for those who are not answered
PASSWORD: Final = "s3cret08"  # noqa: S105
Make = Callable[..., SmsTransport]


@pytest.fixture
def smsc() -> Iterator[Smsc]:
    with running(Smsc()) as made:
        yield made


def settings_of(smsc: Smsc, **changes: Any) -> Settings:
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": smsc.port,
        "system_id": "lender",
        "sender": "+4930123456",
        "connect_within": timedelta(seconds=2),
        "answer_within": timedelta(seconds=5),
        "listen_for": timedelta(milliseconds=30),
        "join_within": timedelta(milliseconds=400),
    }
    return Settings(**usual | changes)


@pytest.fixture
def make(smsc: Smsc, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make transports to the centre, and close them afterwards."""
    monkeypatch.setenv("DUECOURSE_SMS_PASSWORD", PASSWORD)
    made: list[SmsTransport] = []

    def of(
        id_of: Callable[[str], str | None] = lambda _key: None,
        clock: Callable[[], datetime] = lambda: NOW,
        **changes: Any,
    ) -> SmsTransport:
        made.append(SmsTransport(settings_of(smsc, **changes), clock, id_of))
        return made[-1]

    yield of
    for transport in made:
        transport.close()


def read_all(transport: SmsTransport, count: int) -> list[Received]:
    """Read until so much has come, a few looks long."""
    found: list[Received] = []
    for _ in range(20):
        found += transport.received()
        if len(found) >= count:
            break
    return found
