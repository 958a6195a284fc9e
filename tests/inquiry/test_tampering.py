"""Every way to cheat that we know of is refused, by the name of its check."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest

from duecourse.inquiry import group
from duecourse.inquiry.charter import Purpose, sign, signature_of, signed
from duecourse.inquiry.checks import SAYS, Check, Refused
from duecourse.inquiry.client import Bundle
from duecourse.inquiry.credentials import Certificate, vouch
from duecourse.inquiry.entry import Status, handle_of, sealed
from duecourse.inquiry.hub import SENT, SEQUENCE_BYTES
from duecourse.inquiry.pages import Page
from duecourse.inquiry.publisher import Item
from duecourse.inquiry.signed import Signer
from duecourse.inquiry.wire import SIGNED, WINDOW, Answer, Caller, Transport
from duecourse.kernel.errors import DueCourseError
from tests.inquiry.world import LI, NOON, WU, World, entry, seed


@dataclass
class Lying:
    """A party in the middle, or a party itself, that answers other than it should."""

    honest: Transport
    lie: Callable[[str, Answer], Answer]

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        return self.lie(path, self.honest.ask(method, path, body, headers))


def _refusal(answer: Answer) -> str | None:
    return None if answer.status == 200 else json.loads(answer.body)["check"]


@pytest.fixture
def owed(world: World) -> World:
    """Give a world in which two lenders have published something of the same person."""
    for lender in (1, 2):
        world.publish(lender, "A", WU, entry(lender), 1)
    world.close()
    return world


def _ask(world: World, caller: Caller, path: str, body: bytes, **changes: Any) -> str | None:
    """Send one signed request to the key holder, and return the check that refused it."""
    headers = caller.headers(changes.get("signed_path", path), changes.get("signed_body", body), world.clock.now)
    return _refusal(world.to_holder.ask("POST", path, body, headers))


# --- messages ----------------------------------------------------------------------------------------------------


def test_a_request_is_of_one_path_one_body_and_one_moment(world: World) -> None:
    element, lender = group.times_base(group.random_scalar()), world.caller(1)
    assert _ask(world, lender, "/evaluate", element) is None
    assert _ask(world, lender, "/evaluate", element, signed_path="/open") == Check.SIGNATURE
    assert _ask(world, lender, "/evaluate", element, signed_body=b"") == Check.SIGNATURE
    assert _ask(world, lender, "/evaluate", element + b"1") == Check.TRUNCATED
    assert _ask(world, lender, "/evaluate", b"") == Check.TRUNCATED
    assert _ask(world, lender, "/evaluate", bytes(32)) == Check.POINT
    assert _ask(world, lender, "/evaluate", element * 1_025) == Check.TOO_LARGE
    headers = lender.headers("/evaluate", element, world.clock.now)
    assert _refusal(world.to_holder.ask("POST", "/evaluate", element, headers)) is None
    assert _refusal(world.to_holder.ask("POST", "/evaluate", element, headers)) == Check.REPLAYED
    world.open()  # and after a restart too
    assert _refusal(world.to_holder.ask("POST", "/evaluate", element, headers)) == Check.REPLAYED
    late = lender.headers("/evaluate", element, world.clock.now - WINDOW - timedelta(seconds=1))
    assert _refusal(world.to_holder.ask("POST", "/evaluate", element, late)) == Check.CLOCK
    early = lender.headers("/evaluate", element, world.clock.now + WINDOW + timedelta(seconds=1))
    assert _refusal(world.to_holder.ask("POST", "/evaluate", element, early)) == Check.CLOCK


@pytest.mark.parametrize("header", ["", "?", "e30=", "bnVsbA==", "W10=", "x" * 9_000, "eyJib2R5IjoieyJ9"])
def test_a_header_that_is_none_is_malformed(world: World, header: str) -> None:
    answer = world.to_holder.ask("POST", "/evaluate", bytes(32), {SIGNED: header})
    assert _refusal(answer) == Check.MALFORMED


def test_a_signature_by_another_key_is_found(world: World) -> None:
    good = world.caller(1).signer.put(b"request", {"path": "/evaluate"})
    for forged in ({"signature": "00" * 64}, {"key": world.caller(2).signer.public}, {"body": "{}"}):
        from base64 import b64encode

        header = b64encode(json.dumps(good | forged).encode()).decode()
        assert _refusal(world.to_holder.ask("POST", "/evaluate", bytes(32), {SIGNED: header})) == Check.SIGNATURE


# --- who asks ----------------------------------------------------------------------------------------------------


def test_only_those_of_the_charter_ask(world: World) -> None:
    element = group.times_base(group.random_scalar())
    assert _ask(world, Caller(Signer.of(seed("nobody"))), "/evaluate", element) == Check.PARTY
    other = Caller(Signer.of(seed("x")), world.client().certificate)
    assert _ask(world, other, "/evaluate", element) == Check.CERTIFICATE  # somebody else's certificate
    false = Certificate(client=Signer.of(seed("x")).public, jurisdiction="CN", until_at=NOON + timedelta(days=1))
    forged = Caller(Signer.of(seed("x")), vouch(Signer.of(seed("no checker")), false))
    assert _ask(world, forged, "/evaluate", element) == Check.CERTIFICATE
    assert _ask(world, world.client(until_at=NOON - timedelta(seconds=1)), "/evaluate", element) == Check.CERTIFICATE
    assert _ask(world, world.client(jurisdiction="US"), "/evaluate", element) == Check.LEGAL_BASIS


def test_a_suspended_lender_neither_asks_nor_publishes(owed: World) -> None:
    item = owed.publisher(1).item("A", entry(1), owed.person(WU))
    owed.change(lenders=[each.model_dump() | {"state": "suspended"} for each in owed.charter.lenders])
    assert _ask(owed, owed.caller(1), "/evaluate", group.times_base(group.random_scalar())) == Check.PARTY
    with pytest.raises(Refused) as refused:
        owed.publisher(1).send([item], 9, NOON)
    assert refused.value.check is Check.PARTY
    found = owed.reader(owed.client()).look_up(WU, NOON)
    assert [each.failed for each in found.seen] == [(Check.PARTY,), (Check.PARTY,)]
    assert not any(each.counts for each in found.seen)


def test_without_a_legal_basis_nothing_is_done(tmp_path_factory: pytest.TempPathFactory) -> None:
    world = World(tmp_path_factory.mktemp("off"), bases=[])
    element = group.times_base(group.random_scalar())
    assert _ask(world, world.caller(1), "/evaluate", element) == Check.LEGAL_BASIS
    assert _ask(world, world.client(), "/evaluate", element) == Check.LEGAL_BASIS
    assert _ask(world, world.client(), "/open", element) == Check.LEGAL_BASIS
    with pytest.raises(Refused) as refused:
        world.publisher(1).send([Item(0, bytes(16), b"")], 1, NOON)
    assert refused.value.check is Check.LEGAL_BASIS


def test_what_no_rulebook_allows_is_not_answered(tmp_path_factory: pytest.TempPathFactory) -> None:
    basis = {"basis": "An example of a basis, for tests alone.", "named_by": "Operator", "named_on": date(2026, 1, 1)}
    bases = [{"jurisdiction": country, "purposes": ["own_view"], **basis} for country in ("CN", "KE", "ZZ")]
    world = World(tmp_path_factory.mktemp("law"), bases=bases)
    element = group.times_base(group.random_scalar())
    for path in ("/evaluate", "/open"):
        assert _ask(world, world.client(), path, element) is None
        assert _ask(world, world.client(jurisdiction="KE"), path, element) == Check.LAW  # its rulebook is silent
        assert _ask(world, world.client(jurisdiction="ZZ"), path, element) == Check.LAW  # there is none


def test_a_consent_for_what_the_rulebook_refuses_opens_nothing(consented: tuple[World, Bundle]) -> None:
    world, bundle = consented

    def refusing(_country: str, purpose: str, _on: date) -> str | None:
        return "the rulebook of tests refuses it" if purpose == Purpose.FORBEARANCE else None

    allowing, world.lawful = world.lawful, refusing
    world.open()
    assert _used(world, bundle) == Check.LAW
    world.lawful = allowing
    world.open()
    assert _used(world, bundle) is None


def test_guesses_are_counted_by_client_and_by_who_vouches(tmp_path_factory: pytest.TempPathFactory) -> None:
    limits = {"client_a_day": 3, "checker_a_day": 5, "lender_a_day": 2}
    world = World(tmp_path_factory.mktemp("rate"), limits=limits)
    element = group.times_base(group.random_scalar())
    assert _ask(world, world.client("a"), "/evaluate", element * 4) == Check.RATE
    assert [_ask(world, world.client("a"), "/evaluate", element) for _ in range(4)] == [None, None, None, Check.RATE]
    world.open()  # a restart forgets nothing
    assert _ask(world, world.client("a"), "/evaluate", element) == Check.RATE
    assert [_ask(world, world.client("b"), "/evaluate", element) for _ in range(3)] == [None, None, Check.RATE]
    assert [_ask(world, world.caller(1), "/evaluate", element) for _ in range(3)] == [None, None, Check.RATE]
    world.clock.now += timedelta(days=1)
    assert _ask(world, world.client("a"), "/evaluate", element) is None


def test_a_charter_is_the_operators_word(world: World) -> None:
    path = world.folder / "charter.toml"
    names = ("hub_key", "address_key", "opening_key")
    lines = [f"{name} = {json.dumps(getattr(world.charter, name))}" for name in names]
    lines += ["people = 1", "from_on = 2026-01-01", "until_on = 2026-12-31"]
    path.write_text("\n".join(lines), encoding="utf-8")
    sign(path, world.operator)
    assert signed(path, world.operator.public).buckets == 1
    for spoil in (
        lambda: path.write_text(path.read_text() + "\n# changed", encoding="utf-8"),
        lambda: signature_of(path).write_text("00", encoding="ascii"),
        lambda: signature_of(path).unlink(),
    ):
        spoil()
        with pytest.raises(Refused, match="is not signed by operator") as refused:
            signed(path, world.operator.public)
        assert refused.value.check is Check.CHARTER
    path.write_text("people = 0\n", encoding="utf-8")
    with pytest.raises(DueCourseError, match=r"charter\.toml: from_on: Field required"):
        signed(path, world.operator.public)


# --- a lying key holder ------------------------------------------------------------------------------------------


def test_a_key_holder_with_another_key_is_found(owed: World) -> None:
    def other_key(path: str, answer: Answer) -> Answer:
        if path != "/evaluate":
            return answer
        return replace(answer, body=group.times_base(group.random_scalar()) + answer.body[32:])

    with pytest.raises(Refused) as refused:
        owed.reader(owed.client(), holder=Lying(owed.to_holder, other_key)).look_up(WU, NOON)
    assert refused.value.check is Check.PROOF

    def opens_wrongly(path: str, answer: Answer) -> Answer:
        if path != "/open":
            return answer
        return replace(answer, body=group.times_base(group.random_scalar()) + answer.body[32:])

    with pytest.raises(Refused) as refused:  # not the lender's seal: the key holder's work
        owed.reader(owed.client(), holder=Lying(owed.to_holder, opens_wrongly)).look_up(WU, NOON)
    assert refused.value.check is Check.PROOF
    short = Lying(owed.to_holder, lambda _, answer: replace(answer, body=answer.body[:-1]))
    with pytest.raises(Refused) as refused:
        owed.reader(owed.client(), holder=short).look_up(WU, NOON)
    assert refused.value.check is Check.TRUNCATED


# --- a lying hub -------------------------------------------------------------------------------------------------


def _page(change: Callable[[Page], Page]) -> Callable[[str, Answer], Answer]:
    def lie(path: str, answer: Answer) -> Answer:
        if not path.startswith("/page/"):
            return answer
        return replace(answer, body=change(Page.unpacked(answer.body)).packed())

    return lie


def _without_a_record(page: Page) -> Page:
    frames = bytes(page.frames)
    count = int.from_bytes(frames[:4])
    return replace(page, frames=(count - 1).to_bytes(4) + frames[4 + 320 :])


def _changed(page: Page) -> Page:
    frames = bytearray(page.frames)
    frames[-1] ^= 1
    return replace(page, frames=bytes(frames))


@pytest.mark.parametrize(
    "change",
    [_without_a_record, _changed, lambda page: replace(page, frames=b""), lambda page: replace(page, path=())],
    ids=["a record left out", "a byte changed", "an empty page", "no path"],
)
def test_a_page_that_is_not_under_the_head_is_found(owed: World, change: Callable[[Page], Page]) -> None:
    with pytest.raises(Refused) as refused:
        owed.reader(owed.client(), hub=Lying(owed.to_hub, _page(change))).look_up(WU, NOON)
    assert refused.value.check is Check.PAGE


@pytest.mark.parametrize("cut", [0, 5, -1, -321])
def test_a_page_that_is_cut_is_found(owed: World, cut: int) -> None:
    def lie(path: str, answer: Answer) -> Answer:
        return replace(answer, body=answer.body[:cut]) if path.startswith("/page/") else answer

    with pytest.raises(Refused) as refused:
        owed.reader(owed.client(), hub=Lying(owed.to_hub, lie)).look_up(WU, NOON)
    assert refused.value.check is Check.TRUNCATED


def test_an_old_page_is_found(owed: World) -> None:
    bucket = owed.person(WU).bucket(owed.charter.buckets)
    old = owed.to_hub.ask("GET", f"/page/{bucket}", b"", {})
    owed.publish(1, "A", WU, entry(1, contractual=1), 2)
    owed.close()
    with pytest.raises(Refused) as refused:
        owed.reader(
            owed.client(), hub=Lying(owed.to_hub, lambda path, answer: old if "page" in path else answer)
        ).look_up(WU, NOON)
    assert refused.value.check is Check.PAGE


def test_a_head_that_is_old_or_not_the_hubs_is_found(owed: World) -> None:
    reader = owed.reader(owed.client())
    owed.clock.now = NOON + timedelta(hours=25)
    client = owed.client()
    owed.reader(client).look_up(WU, owed.clock.now)
    owed.clock.now = NOON + timedelta(hours=27)
    with pytest.raises(Refused) as refused:
        owed.reader(owed.client()).look_up(WU, owed.clock.now)
    assert refused.value.check is Check.HEAD_OLD
    said = {"cycle": 9, "at": NOON.isoformat(), "buckets": 2, "root": ""}
    envelope = Signer.of(seed("not the hub")).put(b"head", said)
    answer = owed.to_holder.ask("POST", "/head", json.dumps(envelope).encode(), {})
    assert _refusal(answer) == Check.SIGNATURE
    lie = Lying(owed.to_holder, lambda path, got: Answer(200, json.dumps(envelope).encode()) if "head" in path else got)
    with pytest.raises(Refused) as refused:
        owed.reader(reader._caller, holder=lie).page(0, NOON)
    assert refused.value.check is Check.SIGNATURE


def test_two_heads_of_one_cycle_are_found_by_the_witness(owed: World) -> None:
    hub = Signer.of(seed("hub"))
    head = json.loads((owed.hub.pages.head or {})["body"])
    other = hub.put(b"head", head | {"root": "00" * 32})
    answer = owed.to_holder.ask("POST", "/head", json.dumps(other).encode(), {})
    assert _refusal(answer) == Check.TWO_HEADS
    assert _refusal(owed.to_holder.ask("POST", "/head", json.dumps(owed.hub.pages.head).encode(), {})) is None
    earlier = hub.put(b"head", head | {"cycle": 0})
    assert _refusal(owed.to_holder.ask("POST", "/head", json.dumps(earlier).encode(), {})) == Check.TWO_HEADS


def test_an_entry_that_was_never_put_in_is_found_by_its_lender(owed: World) -> None:
    publisher, person = owed.publisher(1), owed.person(WU)
    kept = publisher.item("kept", entry(1), person)
    left_out = publisher.item("left out", entry(1), person)
    withdrawn = publisher.withdrawal("A", person)
    publisher.send([kept], 5, NOON)  # the hub takes one and keeps silent about the others
    owed.close()
    rows = owed.reader(owed.caller(1)).page(kept.bucket, NOON)
    publisher.audit(rows, {"kept": kept})
    for loan_id, item in (("left out", left_out), ("A", withdrawn)):
        with pytest.raises(Refused, match=loan_id) as refused:
            publisher.audit(rows, {"kept": kept, loan_id: item})
        assert refused.value.check is Check.ENTRY_OMITTED


# --- a lying lender ----------------------------------------------------------------------------------------------


def test_a_batch_is_taken_once_and_in_order(owed: World) -> None:
    publisher = owed.publisher(1)
    item = publisher.item("B", entry(1), owed.person(WU))
    publisher.send([item], 7, NOON)
    for again in (7, 6):
        with pytest.raises(Refused) as refused:
            publisher.send([item], again, NOON)
        assert refused.value.check is Check.SEQUENCE
    body = (99).to_bytes(SEQUENCE_BYTES) + item.packed()[:-1]
    answer = owed.to_hub.ask("POST", "/publish", body, owed.caller(1).headers("/publish", body, NOON))
    assert _refusal(answer) == Check.TRUNCATED
    body = (99).to_bytes(SEQUENCE_BYTES) + Item(2, bytes(16), b"").packed()
    answer = owed.to_hub.ask("POST", "/publish", body, owed.caller(1).headers("/publish", body, NOON))
    assert _refusal(answer) == Check.BUCKET
    body = bytes(SEQUENCE_BYTES + 10_001 * SENT.itemsize)
    assert _refusal(owed.to_hub.ask("POST", "/publish", body, {})) == Check.TOO_LARGE


def test_no_lender_touches_anothers_entry(owed: World) -> None:
    mine, person = owed.publisher(1), owed.person(WU)
    theirs = Item(person.bucket(2), mine.local("A"), b"")
    owed.publisher(2).send([theirs], 5, NOON)  # lender 2 withdraws what lender 1 calls so
    owed.close()
    assert len(owed.reader(owed.client()).look_up(WU, NOON).seen) == 2


def test_an_entry_is_of_its_lender_and_of_its_person(owed: World) -> None:
    person, publisher = owed.person(WU), owed.publisher(1)
    in_anothers_name = publisher.item("B", entry(2), person)  # lender 1 writes what lender 2 is to have said
    publisher.send([in_anothers_name], 5, NOON)
    # ... and puts what lender 2 did say of one person on another: it cannot, for the signature has the person in it
    original = owed.reader(owed.client()).look_up(WU, NOON).seen
    real = next(each for each in original if each.entry and each.entry.lender == 2)
    assert real.entry is not None
    handle = handle_of(1, publisher.local("C"))
    moved = sealed(real.entry, owed.person(LI), handle, owed.caller(1).signer, bytes.fromhex(owed.charter.opening_key))
    publisher.send([Item(owed.person(LI).bucket(2), publisher.local("C"), moved.packed()[16:])], 6, NOON)
    owed.close()
    found = owed.reader(owed.client()).look_up(WU, NOON)
    assert sorted(each.failed for each in found.seen) == [(), (), (Check.ENTRY_SIGNATURE,)]
    assert [each.failed for each in owed.reader(owed.client()).look_up(LI, NOON).seen] == [(Check.ENTRY_SIGNATURE,)]


def test_an_entry_that_does_not_open_is_shown_as_such(owed: World) -> None:
    publisher, person = owed.publisher(1), owed.person(WU)
    item = publisher.item("B", entry(1), person)
    publisher.send([replace(item, rest=item.rest[:-1] + bytes([item.rest[-1] ^ 1]))], 5, NOON)
    owed.close()
    found = owed.reader(owed.client()).look_up(WU, NOON)
    assert sorted(each.failed for each in found.seen) == [(), (), (Check.ENTRY_SEAL,)]


def test_an_entry_that_ran_out_is_not_summed(owed: World) -> None:
    owed.publish(1, "A", WU, entry(1, expires_on=date(2026, 11, 22)), 5)
    owed.publish(2, "A", WU, entry(2, status=Status.SOLD, sold_to=3), 5)
    owed.close()
    found = owed.reader(owed.client()).look_up(WU, NOON)
    assert [(each.failed, each.counts) for each in found.seen] == [((Check.ENTRY_STALE,), False), ((), False)]


def test_what_the_operator_removed_stays_out(owed: World) -> None:
    person, publisher = owed.person(WU), owed.publisher(1)
    body = person.bucket(2).to_bytes(4) + publisher.handle("A") + b"case 12"
    for caller, check in ((owed.caller(1), Check.PARTY), (Caller(owed.operator), None)):
        answer = owed.to_hub.ask("POST", "/remove", body, caller.headers("/remove", body, NOON))
        assert _refusal(answer) == check
    _, removed = publisher.send([publisher.item("A", entry(1), person)], 5, NOON)  # the lender tries again
    owed.close()
    assert removed == [publisher.handle("A").hex()]
    seen = owed.reader(owed.client()).look_up(WU, NOON).seen
    assert [each.entry.lender for each in seen if each.entry] == [2]


# --- consents ----------------------------------------------------------------------------------------------------


@pytest.fixture
def consented(owed: World) -> tuple[World, Bundle]:
    reader = owed.reader(owed.client())
    seen = reader.look_up(WU, NOON).seen
    return owed, reader.consent(seen, 1, Purpose.FORBEARANCE, NOON, timedelta(days=3))


def _used(world: World, bundle: Bundle, lender: int = 1) -> Check | None:
    try:
        world.reader(world.caller(lender)).use(bundle, WU, world.clock.now)
    except Refused as refused:
        return refused.check
    return None


def test_a_consent_is_for_one_lender_once_until_then(consented: tuple[World, Bundle]) -> None:
    world, bundle = consented
    assert _used(world, bundle, lender=2) == Check.CONSENT
    assert _used(world, bundle) is None
    assert _used(world, bundle) == Check.CONSENT_USED
    world.clock.now += timedelta(days=4)
    world.close()
    assert _used(world, bundle) == Check.CONSENT_EXPIRED


def test_a_consent_that_was_withdrawn_opens_nothing(consented: tuple[World, Bundle]) -> None:
    world, bundle = consented
    world.reader(world.client()).withdraw(bundle, world.clock.now)
    assert _used(world, bundle) == Check.CONSENT_WITHDRAWN


def test_a_consent_opens_what_it_was_given_for(consented: tuple[World, Bundle]) -> None:
    world, bundle = consented
    other = world.reader(world.client()).look_up(WU, NOON).seen[0].record.packed()
    swapped = replace(bundle, records=(other, *bundle.records[1:]), blinds=(group.random_scalar(), *bundle.blinds[1:]))
    assert _used(world, swapped) == Check.CONSENT_SCOPE
    said = json.loads(bundle.consent["body"]) | {"requester": 2}
    forged = replace(bundle, consent=bundle.consent | {"body": json.dumps(said)})
    assert _used(world, forged, lender=2) == Check.CONSENT
    assert _used(world, bundle) is None  # none of the refused ones has used it


def test_a_purpose_that_is_not_allowed_opens_nothing(owed: World) -> None:
    reader = owed.reader(owed.client())
    bundle = reader.consent(reader.look_up(WU, NOON).seen, 1, Purpose.AFFORDABILITY, NOON, timedelta(days=3))
    assert _used(owed, bundle) == Check.PURPOSE


def test_a_lender_without_a_consent_opens_nothing(owed: World) -> None:
    assert _ask(owed, owed.caller(1), "/open", group.times_base(group.random_scalar())) == Check.CONSENT


def test_what_was_left_out_of_a_consent_is_counted(owed: World) -> None:
    reader = owed.reader(owed.client())
    seen = reader.look_up(WU, NOON).seen
    bundle = reader.consent(seen[:1], 1, Purpose.FORBEARANCE, NOON, timedelta(days=3))
    handed = Bundle.of_json(json.loads(json.dumps(bundle.as_json())))
    found, left_out = owed.reader(owed.caller(1)).use(handed, WU, NOON)
    assert (len(found.seen), left_out) == (1, 1)


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"consent": 1}', '{"consent": {}, "records": ["x"], "blinds": [], "padding": []}']
)
def test_what_is_no_consent_is_malformed(text: str) -> None:
    with pytest.raises(Refused) as refused:
        Bundle.of_json(json.loads(text))
    assert refused.value.check is Check.MALFORMED


def test_each_check_says_what_it_finds() -> None:
    assert set(SAYS) == set(Check)
