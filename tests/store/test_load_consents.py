"""Consents out of files: given once, taken back once, and whatever is unclear counts as not given."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.book.pick import Unfit
from duecourse.store.loading import consents
from duecourse.store.models import Consent
from duecourse.store.place import Place
from tests.store.loads import CONSENTS, MAPPING, loaded, told

BOB: Final = "B1,,,Bob,,,,,,"
GIVEN: Final = "B1,sms,2026-01-10T12:00:00+01:00"
NOON: Final = datetime(2026, 1, 10, 11, 0, tzinfo=UTC)
WITH_ID: Final = MAPPING + CONSENTS + 'consent_id = "id"\n'


def in_force() -> list[tuple[str, datetime, datetime | None]]:
    found = Consent.objects.filter(replaced_at=None).order_by("id")
    return [(one.consented_to, one.given_at, one.withdrawn_at) for one in found]


def test_moments_are_of_the_mappings_zone_unless_they_say_so(store: Place, tmp_path: Path) -> None:
    loaded(store, tmp_path, BOB, consents=(f"{GIVEN},", "B1,email,2026-07-10T12:00:00,", "B1,call,2026-07-10,"))
    summer = datetime(2026, 7, 10, 10, 0, tzinfo=UTC)
    assert in_force() == [("sms", NOON, None), ("email", summer, None), ("call", summer, None)], "a day is its noon"


def test_a_withdrawal_makes_a_version_and_stays(store: Place, tmp_path: Path) -> None:
    loaded(store, tmp_path, BOB, consents=(f"{GIVEN},",))
    later, earlier = "2026-03-01T00:00:00Z", "2026-02-01T00:00:00Z"
    found = loaded(store, tmp_path, BOB, consents=(f"{GIVEN},{later}",))
    assert found.counts["consents"] == {"added": 0, "changed": 1, "unchanged": 0}
    old, new = Consent.objects.order_by("id")
    assert (old.withdrawn_at, new.withdrawn_at) == (None, datetime.fromisoformat(later))
    assert old.replaced_at is not None
    assert (old.consent_id, new.replaced_at) == (new.consent_id, None)
    for text, counts, withdrawn in (
        ("", "unchanged", later),
        (earlier, "changed", earlier),
        (later, "unchanged", earlier),
    ):
        found = loaded(store, tmp_path, BOB, consents=(f"{GIVEN},{text}",))
        assert found.counts["consents"][counts] == 1
        assert in_force() == [("sms", NOON, datetime.fromisoformat(withdrawn))]


def test_a_withdrawal_at_no_readable_moment_ends_a_consent_and_never_begins_one(store: Place, tmp_path: Path) -> None:
    broken = (f"{GIVEN},when she called", "B1,email,2026-01-10T12:00:00Z,2026-01-09T12:00:00Z")
    found = loaded(store, tmp_path, BOB, consents=broken)
    assert (in_force(), found.set_aside) == ([], 2)
    loaded(store, tmp_path, BOB, consents=(f"{GIVEN},", "B1,email,2026-01-10T12:00:00Z,"))
    found = loaded(store, tmp_path, BOB, consents=broken)
    assert all(withdrawn for _, _, withdrawn in in_force())
    assert found.counts["consents"]["changed"] == 2
    assert told(tmp_path) == [
        ("consents.csv", 1, "withdrawn_at", "no_moment"),
        ("consents.csv", 2, "withdrawn_at", "withdrawn_before_given"),
    ]
    assert loaded(store, tmp_path, BOB, consents=broken).counts["consents"]["unchanged"] == 2


def test_what_is_no_consent_is_told(store: Place, tmp_path: Path) -> None:
    rows = (
        "B7,sms,2026-01-10T12:00:00Z,", ",sms,2026-01-10T12:00:00Z,", "B1,,2026-01-10T12:00:00Z,", "B1,sms,,",
        "B1,sms,31.01.2026,", "B1,sms,2026-02-30,", f"{GIVEN},",
    )  # fmt: skip
    found = loaded(store, tmp_path, BOB, consents=rows)
    assert [entry[1:] for entry in told(tmp_path)] == [
        (2, "borrower_id", "missing"), (3, "consented_to", "missing"), (4, "given_at", "missing"),
        (5, "given_at", "no_moment"), (6, "given_at", "no_moment"), (1, "", "unknown_borrower"),
    ]  # fmt: skip
    assert (found.set_aside, found.counts["consents"]["added"]) == (6, 1)


def test_the_lenders_id_of_a_consent_is_of_one_thing(store: Place, tmp_path: Path) -> None:
    (tmp_path / "people.csv").unlink(missing_ok=True)
    rows = (f"{GIVEN},,C1", f"{GIVEN},,C1", "B2,sms,2026-01-10T11:00:00Z,,C1", "B1,email,2026-01-10T11:00:00Z,,C1")
    mapping = WITH_ID.replace("consents.csv", "with_id.csv")
    (tmp_path / "with_id.csv").write_text("\n".join(("borrower,what,given,withdrawn,id", *rows)), encoding="utf-8")
    found = loaded(store, tmp_path, BOB, BOB.replace("B1", "B2"), mapping=mapping)
    assert found.counts["consents"] == {"added": 1, "changed": 0, "unchanged": 1}
    assert [entry[1:] for entry in told(tmp_path)] == [(3, "", "conflict"), (4, "", "conflict")]
    assert Consent.objects.get().consent_id == "C1"


MOMENTS: Final = st.sampled_from(["2026-01-01 00:00:00", "2026-01-02 00:00:00", Unfit.MOMENT, None, "infinity"])


@given(MOMENTS, MOMENTS)
def test_a_row_is_a_consent_a_withdrawal_or_wrong(given_at: str | None, withdrawn_at: str | None) -> None:
    columns = ("borrower_id", "consented_to", "given_at", "withdrawn_at")
    found, wrong = consents.read(columns, ("B1", "sms", given_at, withdrawn_at))
    is_moment = given_at is not None and given_at.startswith("2026")
    assert (found is not None) == is_moment
    if found:
        assert found.is_withdrawn == (withdrawn_at is not None)
        assert (found.withdrawn_at is None and found.is_withdrawn) == bool(wrong)
    else:
        assert wrong[0][0] == "given_at"


@pytest.mark.parametrize("other", [("B2", "sms"), ("B1", "email"), ("B1s", "ms")])
def test_no_two_consents_have_one_id(other: tuple[str, str]) -> None:
    def id_of(borrower: str, what: str) -> str:
        columns = ("borrower_id", "consented_to", "given_at")
        found, _ = consents.read(columns, (borrower, what, "2026-01-01 00:00:00"))
        assert found
        return found.consent_id

    assert id_of("B1", "sms") == id_of("B1", "sms")
    assert id_of("B1", "sms") != id_of(*other)
