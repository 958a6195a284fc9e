"""A message centre that somebody else wrote: its own framing, its own order of commands, its own idea of a bind."""

import asyncio
import socket
import threading

import pytest
import smpp34

from duecourse.channels.sms.transport import SmsTransport
from duecourse.channels.transport import Fate, Message
from tests.channels.sms.conftest import NOW, PASSWORD, read_all, settings_of
from tests.channels.sms.smsc import LIMIT, Smsc, receipt

GONE = "+4930999"


async def tell(esme: smpp34.Esme, number: str, message_id: str) -> None:
    """Send a receipt, then a reply: both must be answered well."""
    assert (await esme.deliver_sm("12345", receipt(message_id, "DELIVRD"), esm_class=4)).is_success
    assert (await esme.deliver_sm("12345", b"thanks", source_addr=number, source_addr_ton=1)).is_success


async def centre(port: int, is_up: threading.Event) -> list[smpp34.SubmitSmEvent]:
    """Take what comes, refuse one number, tell of the others; end with the session."""
    server = smpp34.Server("127.0.0.1", port, system_id="other")
    await server.start()
    is_up.set()
    esme, taken, telling = None, [], []
    while not isinstance(event := await asyncio.wait_for(server.next(), LIMIT), smpp34.Unbound):
        if isinstance(event, smpp34.Esme):
            esme = event
            continue
        taken.append(event)
        if f"+{event.destination_addr}" == GONE:
            event.reject(0x0B)  # ESME_RINVDSTADR
            continue
        event.accept(f"id{len(taken)}")
        assert esme
        telling.append(asyncio.create_task(tell(esme, event.destination_addr, f"id{len(taken)}")))
    await asyncio.gather(*telling)
    await server.stop()
    return taken


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found: int = listener.getsockname()[1]
    return found


def test_a_whole_conversation(port: int, smsc: Smsc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUECOURSE_SMS_PASSWORD", PASSWORD)
    is_up, taken = threading.Event(), []
    thread = threading.Thread(target=lambda: taken.extend(asyncio.run(centre(port, is_up))), daemon=True)
    thread.start()
    assert is_up.wait(LIMIT)
    transport = SmsTransport(settings_of(smsc, port=port), lambda: NOW)
    assert transport.send(Message("k0", GONE, "Hello", "en")).fate is Fate.REFUSED
    found = transport.send(Message("k1", "+4915112345678", "Grüße", "de"))
    assert (found.fate, found.provider_id) == (Fate.LEFT, "id2")
    told, reply = read_all(transport, 2)
    assert (told.provider_id, told.outcome) == ("id2", "delivered")
    assert (reply.sender, reply.text) == ("+4915112345678", "thanks")
    long = transport.send(Message("k2", "+4915112345678", "ж" * 100, "ru"))
    assert long.fate is Fate.LEFT
    assert len(read_all(transport, 4)) == 4
    transport.close()
    thread.join(LIMIT)
    assert not thread.is_alive()
    words = [event.short_message for event in taken]
    assert words[1] == b"Gr\x7e\x1ee"
    assert b"".join(one[7:] for one in words[2:]).decode("utf-16-be") == "ж" * 100
    assert [event.esm_class for event in taken] == [0, 0, 0x40, 0x40]
