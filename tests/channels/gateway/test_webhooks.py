"""Webhooks, by the vector of the Standard Webhooks specification, and by everything that may be wrong with one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.book.schema import OUTCOMES
from duecourse.channels.gateway.webhooks import Kind, Settings, WebhookError, key_of, read
from duecourse.channels.transport import Received, What
from duecourse.kernel.errors import DueCourseError

# The vector of the specification's own libraries.
VECTOR_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105
VECTOR_BODY: Final = b'{"test": 2432232314}'
VECTOR: Final = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
VECTOR_NOW: Final = datetime.fromtimestamp(1_614_265_330, UTC)

NOW: Final = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
SECRET: Final = bytes(range(32))
OTHER: Final = bytes(range(32, 64))
TELLS: Final = {"type": "message.delivered", "data": {"key": "k1"}}


def signed(body: bytes, *, at: datetime = NOW, secret: bytes = SECRET, webhook_id: str = "msg_1") -> dict[str, str]:
    """Sign as the specification says, with the standard library alone."""
    seconds = str(int(at.timestamp()))
    made = hmac.new(secret, f"{webhook_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "Webhook-Id": webhook_id,
        "Webhook-Timestamp": seconds,
        "Webhook-Signature": "v1," + base64.b64encode(made).decode(),
    }


def take(event: object, settings: Settings | None = None, **more: Any) -> tuple[Received, ...]:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return read(body, signed(body, **more), [SECRET], NOW, settings or Settings())


def refused(body: bytes, headers: Mapping[str, str], *secrets: bytes, now: datetime = NOW) -> int:
    with pytest.raises(WebhookError) as caught:
        read(body, headers, secrets or [SECRET], now, Settings())
    assert "\n" not in str(caught.value)
    return caught.value.status


def test_the_vector_of_the_specification() -> None:
    secrets = [key_of(VECTOR_SECRET)]
    assert refused(VECTOR_BODY, VECTOR, *secrets, now=VECTOR_NOW) == 422  # proved, and then it has no type
    assert refused(VECTOR_BODY + b" ", VECTOR, *secrets, now=VECTOR_NOW) == 401
    assert key_of(VECTOR_SECRET) == key_of(VECTOR_SECRET.removeprefix("whsec_"))
    several = {**VECTOR, "webhook-signature": "v1,bm9ldHU= v1a,xyz nonsense " + VECTOR["webhook-signature"]}
    assert refused(VECTOR_BODY, several, OTHER, *secrets, now=VECTOR_NOW) == 422
    for version in ("v2", "V1", "", "v1a", "v1 "):
        other = {**VECTOR, "webhook-signature": VECTOR["webhook-signature"].replace("v1", version)}
        assert refused(VECTOR_BODY, other, *secrets, now=VECTOR_NOW) == 401


@pytest.mark.parametrize("data", [{"key": "k1"}, {"provider_id": "p1"}, {"key": "k1", "provider_id": "p1"}])
@pytest.mark.parametrize(
    ("kind", "what", "outcome"),
    [
        ("message.delivered", What.DELIVERY, "delivered"),
        ("message.undelivered", What.DELIVERY, "undelivered"),
        ("message.bounced", What.BOUNCE, "bounced"),
    ],
)
def test_what_became_of_a_message(kind: str, what: What, outcome: str, data: dict[str, str]) -> None:
    (found,) = take({"type": kind, "timestamp": "2026-11-22T10:59:58+01:00", "data": data})
    assert (found.what, found.outcome, found.key, found.provider_id) == (
        what,
        outcome,
        data.get("key"),
        data.get("provider_id"),
    )
    assert found.ends_point is (kind == "message.bounced")
    assert found.at == NOW - timedelta(seconds=2)
    assert found.event_id == "gateway msg_1"


def test_replies_opt_outs_and_calls() -> None:
    (reply,) = take({"type": "reply.received", "data": {"sender": "+4915112345678", "text": "Ich zahle 🙏"}})
    assert (reply.what, reply.sender, reply.text, reply.at) == (What.REPLY, "+4915112345678", "Ich zahle 🙏", NOW)
    (silent,) = take({"type": "opt_out.received", "data": {"sender": "+4915112345678"}})
    assert (silent.what, silent.text) == (What.REPLY, "STOP")
    (said,) = take({"type": "opt_out.received", "data": {"sender": "+4915112345678", "text": "Lasst mich"}})
    assert said.text == "Lasst mich"
    for outcome in set(OUTCOMES) - {"delivered", "undelivered", "bounced", "met", "no_one_home"}:
        (call,) = take({"type": "call.ended", "data": {"key": "k1", "outcome": outcome}})
        assert (call.what, call.outcome) == (What.OUTCOME, outcome)


def test_a_providers_own_names() -> None:
    settings = Settings(
        kinds={"dlr": Kind.DELIVERED}, fields={"provider_id": "sid", "key": "reference"}, source="north"
    )
    (found,) = take({"type": "dlr", "data": {"sid": "p9", "reference": "k9"}}, settings)
    assert (found.provider_id, found.key, found.event_id) == ("p9", "k9", "north msg_1")
    with pytest.raises(DueCourseError, match="no colour"):
        Settings(fields={"colour": "color"})


def test_more_than_we_know_is_passed_over() -> None:
    assert take({"type": "invoice.paid", "data": {"anything": [1, {}]}}) == ()
    (found,) = take({**TELLS, "version": 3, "data": {"key": "k1", "cost": {"eur": "0.07"}}})
    assert found.key == "k1"


def test_the_same_delivery_again_has_the_same_id_whatever_its_order() -> None:
    first, second = (take(TELLS, webhook_id=name)[0] for name in ("msg_1", "msg_2"))
    again = take(TELLS, webhook_id="msg_1", at=NOW + timedelta(minutes=4))[0]
    assert first.event_id == again.event_id != second.event_id


def test_either_secret_holds_while_they_are_changed() -> None:
    body = json.dumps(TELLS).encode()
    for secret in (SECRET, OTHER):
        assert read(body, signed(body, secret=secret), [SECRET, OTHER], NOW, Settings())
    assert refused(body, signed(body, secret=OTHER), SECRET) == 401
    with pytest.raises(WebhookError) as caught:
        read(body, signed(body), [], NOW, Settings())
    assert caught.value.status == 503


@pytest.mark.parametrize(("seconds", "holds"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_stale_and_early_ones(seconds: int, holds: bool) -> None:
    body = json.dumps(TELLS).encode()
    headers = signed(body, at=NOW + timedelta(seconds=seconds))
    if holds:
        assert read(body, headers, [SECRET], NOW, Settings())
    else:
        assert refused(body, headers) == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Webhook-Id": None}, 400),
        ({"Webhook-Timestamp": None}, 400),
        ({"Webhook-Signature": None}, 400),
        ({"webhook-id": "msg_1"}, 400),  # twice, in two spellings
        ({"Webhook-Id": ""}, 400),
        ({"Webhook-Id": "x" * 201}, 400),
        ({"Webhook-Id": "msg 1"}, 400),
        ({"Webhook-Id": "msg_2"}, 401),
        ({"Webhook-Timestamp": "hello"}, 400),
        ({"Webhook-Timestamp": "1e9"}, 400),
        ({"Webhook-Timestamp": "-1"}, 400),
        ({"Webhook-Timestamp": "9" * 12}, 400),
        ({"Webhook-Timestamp": "٠١٢"}, 400),
        ({"Webhook-Timestamp": "1"}, 401),
        ({"Webhook-Signature": "v1,"}, 401),
        ({"Webhook-Signature": "v1"}, 401),
        ({"Webhook-Signature": "v1,ü"}, 400),
        ({"Webhook-Signature": "v1," + "A" * 5000}, 400),
    ],
)
def test_headers_that_prove_nothing(changes: dict[str, str | None], status: int) -> None:
    body = json.dumps(TELLS).encode()
    headers = {name: value for name, value in (signed(body) | changes).items() if value is not None}
    assert refused(body, headers) == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 60_000, 400),
        (b'{"type": "a", "type": "b", "data": {}}', 400),
        (b'{"type": "message.delivered", "data": {"key": "a", "key": "b"}}', 400),
        (b'{"type": "message.delivered", "data": {"key": NaN}}', 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"type": 7, "data": {}}', 422),
        (b'{"data": {"key": "k1"}}', 422),
        (b'{"type": "message.delivered", "data": []}', 422),
        (b'{"type": "message.delivered", "data": {}}', 422),
        (b'{"type": "message.delivered", "data": {"key": 7}}', 422),
        (b'{"type": "message.delivered", "data": {"key": ""}}', 422),
        (b'{"type": "message.delivered", "timestamp": "2026-11-22T10:00:00", "data": {"key": "k"}}', 422),
        (b'{"type": "message.delivered", "timestamp": "tomorrow", "data": {"key": "k"}}', 422),
        (b'{"type": "message.delivered", "timestamp": "2027-11-22T10:00:00Z", "data": {"key": "k"}}', 422),
        (b'{"type": "reply.received", "data": {"text": "hello"}}', 422),
        (b'{"type": "reply.received", "data": {"sender": "+49", "text": "\\ud800"}}', 422),
        (b'{"type": "call.ended", "data": {"key": "k"}}', 422),
        (b'{"type": "call.ended", "data": {"key": "k", "outcome": "delivered"}}', 422),
        (b" " * 65_537, 413),
    ],
)
def test_signed_bodies_that_are_not_what_was_agreed(body: bytes, status: int) -> None:
    assert refused(body, signed(body)) == status


def test_nothing_of_the_body_is_ever_told() -> None:
    body = b'{"type": "reply.received", "data": {"sender": "+4915112345678", "text": ["+4915112345678"]}}'
    with pytest.raises(WebhookError) as caught:
        read(body, signed(body), [SECRET], NOW, Settings())
    assert "49151" not in str(caught.value)
    assert "49151" not in str(caught.value.__context__)  # where a log would look
    assert "49151" not in repr(take({"type": "reply.received", "data": {"sender": "+4915112345678"}}))


def status_of(body: bytes) -> int:
    """Return the status of a signed body, 200 where it is taken."""
    try:
        read(body, signed(body), [SECRET], NOW, Settings())
    except WebhookError as error:
        return error.status
    return 200


@given(st.binary(max_size=300))
def test_any_signed_octets_are_read_or_refused(body: bytes) -> None:
    assert status_of(body) in {400, 422}


@given(
    st.sampled_from(sorted(Settings().kinds)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: st.dictionaries(st.sampled_from(["key", "sender", "text", "outcome", "x"]), inner),
        max_leaves=5,
    ),
)
def test_any_signed_data_is_read_or_refused(kind: str, data: object) -> None:
    assert status_of(json.dumps({"type": kind, "data": data}).encode()) in {200, 422}


@given(st.binary(max_size=100), st.dictionaries(st.sampled_from(list(VECTOR)), st.text(max_size=60)))
def test_nothing_unsigned_is_ever_taken(body: bytes, headers: dict[str, str]) -> None:
    assert refused(body, headers) in {400, 401}


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_octet_breaks_it(place: int, change: int) -> None:
    body = bytearray(json.dumps(TELLS).encode())
    headers = signed(bytes(body))
    body[place % len(body)] ^= change
    assert refused(bytes(body), headers) == 401


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_ä", "whsec_AAAA", "not base64!", base64.b64encode(bytes(65)).decode()]
)
def test_secrets_that_are_none(secret: str) -> None:
    with pytest.raises(DueCourseError, match="webhook secret"):
        key_of(secret)
