"""What hub and key holder see is the same whoever is asked for: two worlds that differ in one person's identity."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.inquiry.charter import Purpose
from duecourse.inquiry.entry import RECORD_BYTES, Status
from tests.inquiry.world import NOON, Direct, World, entry

identities = st.binary(min_size=1, max_size=60)
loans = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(Status), st.integers(0, 2**62), st.text("abc", max_size=16)),
    min_size=1,
    max_size=5,
)


def _live(folder: Path, identity: bytes, published: list[tuple[int, Status, int, str]]) -> World:
    """Live through publishing, looking up, a correction, a consent that is used and withdrawn, and a withdrawal."""
    world = World(folder)
    for number, (lender, status, amount, reference) in enumerate(published):
        said = entry(lender, status=status, contractual=amount, reference=reference)
        world.publish(lender, f"loan {number}", identity, said, number + 1)
    world.close()
    reader = world.reader(world.client())
    seen = reader.look_up(identity, NOON).seen
    bundle = reader.consent(seen, 1, Purpose.FORBEARANCE, NOON, timedelta(days=1))
    world.reader(world.caller(1)).use(bundle, identity, NOON)
    reader.withdraw(bundle, NOON)
    publisher = world.publisher(published[0][0])
    publisher.send([publisher.withdrawal("loan 0", world.person(identity, published[0][0]))], 99, NOON)
    world.close()
    reader.look_up(identity, NOON)
    return world


def _shape(party: Direct) -> list[tuple[str, str, int]]:
    """Return what passed: method, path without the bucket, and the bytes that were sent."""
    return [(method, path.rstrip("0123456789"), sent) for method, path, sent, _ in party.passed]


def _answers(world: World) -> Iterator[int]:
    """Yield the bytes that came back, but for a page's, which is as long as its bucket."""
    for party in (world.to_hub, world.to_holder):
        yield from (got for _, path, _, got in party.passed if not path.startswith("/page/"))


def _disk(world: World) -> int:
    return sum(path.stat().st_size for path in (world.folder / "hub" / "pages").iterdir()) // RECORD_BYTES


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(one=identities, other=identities, published=loans)
def test_transcripts_have_one_shape_whoever_it_is(
    one: bytes, other: bytes, published: list[tuple[int, Status, int, str]]
) -> None:
    with TemporaryDirectory() as name:
        first, second = _live(Path(name) / "one", one, published), _live(Path(name) / "other", other, published)
        assert _shape(first.to_hub) == _shape(second.to_hub)
        assert _shape(first.to_holder) == _shape(second.to_holder)
        assert list(_answers(first)) == list(_answers(second))
        assert _disk(first) == _disk(second)


def test_neither_party_sees_anything_twice(tmp_path: Path) -> None:
    """Of one person, published three times and looked up twice, no sixteen bytes come again: nothing to link by."""
    world = World(tmp_path)
    for lender in (1, 2, 3):
        world.publish(lender, "loan", b"somebody", entry(lender), 1)
    world.close()
    reader = world.reader(world.client())
    assert len(reader.look_up(b"somebody", NOON).seen) == len(reader.look_up(b"somebody", NOON).seen) == 3
    asked = [body for body in world.to_holder.bodies if not body.startswith(b"{")]  # without the head
    elements = [body[at : at + 32] for body in asked for at in range(0, len(body), 32)]
    assert len(elements) == len(set(elements)) == 3 + 2 * (1 + 4)
    chunks = [
        body[8 + at * 324 + part : 8 + at * 324 + part + 16]
        for body in world.to_hub.bodies
        for at in range((len(body) - 8) // 324)
        for part in range(4, 324, 16)
    ]
    assert len(chunks) == len(set(chunks)) == 3 * 20
    assert not any(b"somebody" in body for body in world.to_hub.bodies + world.to_holder.bodies)
    at_rest = [path for path in world.folder.rglob("*") if path.is_file()]
    assert not any(b"somebody" in path.read_bytes() for path in at_rest)


def test_locks_are_opened_in_fours(tmp_path: Path) -> None:
    for count, opened in ((0, 4), (1, 4), (4, 4), (5, 8)):
        world = World(tmp_path / str(count))
        for number in range(count):
            world.publish(1, f"loan {number}", b"somebody", entry(1), number + 1)
        world.close()
        world.reader(world.client()).look_up(b"somebody", NOON)
        assert len(world.to_holder.bodies[-1]) == opened * 32


def test_people_spread_so_that_no_bucket_has_few() -> None:
    """With as many people as a charter expects, each bucket has more than a thousand."""
    import secrets
    from collections import Counter

    from duecourse.inquiry.charter import PEOPLE_A_BUCKET
    from duecourse.inquiry.entry import Person

    people = 240_000
    buckets = people // PEOPLE_A_BUCKET
    found = Counter(Person.of(secrets.token_bytes(64)).bucket(buckets) for _ in range(people))
    assert len(found) == buckets
    assert min(found.values()) >= 1_000
