"""Channels made from a lender's settings: what stands in the file is what the channel has."""

from datetime import UTC, datetime

import pytest

from duecourse.channels.gateway.transport import GatewayTransport
from duecourse.channels.sms.settings import Alphabet
from duecourse.channels.sms.transport import SmsTransport
from duecourse.channels.transport import Fate, Transport
from duecourse.day.opening import opened
from duecourse.day.settings import Channel
from duecourse.kernel.errors import DueCourseError
from duecourse.store.keys import Keyring

URL = "https://provider.example/messages"
CENTRE = {"host": "127.0.0.1", "system_id": "lender", "sender": "ACME"}


def made(monkeypatch: pytest.MonkeyPatch, kind: str, settings: dict[str, object]) -> Transport:
    for name in ("DUECOURSE_GATEWAY_TOKEN", "DUECOURSE_SMS_PASSWORD"):
        monkeypatch.setenv(name, "secret08")
    channel = Channel(kind=kind, settings=settings)
    return opened("im", channel, Keyring.new(), lambda: datetime(2026, 11, 22, tzinfo=UTC), lambda _: None)


def test_the_words_of_a_provider_become_fates(monkeypatch: pytest.MonkeyPatch) -> None:
    found = made(monkeypatch, "gateway", {"url": URL, "states": {"queued": "unknown", "sent": "left"}})
    assert isinstance(found, GatewayTransport)
    assert [fate is Fate(fate) for fate in found._settings.states.values()] == [True, True]
    assert found._settings.states["sent"] is Fate.LEFT


def test_the_alphabet_and_the_codes_of_a_centre(monkeypatch: pytest.MonkeyPatch) -> None:
    found = made(monkeypatch, "sms", {**CENTRE, "default_alphabet": "latin-1", "no_number": ["001"]})
    assert isinstance(found, SmsTransport)
    assert found._settings.default_alphabet is Alphabet.LATIN_1
    assert "001" in found._settings.no_number


@pytest.mark.parametrize(
    ("kind", "settings", "says"),
    [
        ("gateway", {"url": URL, "states": {"sent": "gone"}}, "channels.im.settings: 'gone' is not a valid Fate"),
        ("gateway", {"url": URL, "states": "left"}, "channels.im.settings: 'left' is no table"),
        ("gateway", {"url": URL, "fields": {"to": 1}}, "channels.im.settings: 1 is not of the kind str"),
        ("gateway", {"uri": URL}, "channels.im.settings: there is no 'uri'"),
        ("sms", {**CENTRE, "default_alphabet": "ebcdic"}, "channels.im.settings: 'ebcdic' is not a valid Alphabet"),
        ("sms", {**CENTRE, "no_number": "001"}, "no_number: write a list"),
        ("sms", {**CENTRE, "port": "2775"}, "channels.im.settings: '2775' is not of the kind int"),
    ],
)
def test_what_is_wrong_is_named(
    monkeypatch: pytest.MonkeyPatch, kind: str, settings: dict[str, object], says: str
) -> None:
    with pytest.raises(DueCourseError, match=says):
        made(monkeypatch, kind, settings)
