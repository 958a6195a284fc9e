"""Values as the store keeps them. Expected forms are those of E.164, RFC 5321, IDNA and BCP 47."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from duecourse.store.loading import clean
from duecourse.store.loading.clean import UnfitError
from duecourse.store.loading.known import Seen


@pytest.mark.parametrize(
    ("written", "country", "kept"),
    [
        ("030 23125-101", "DE", "+493023125101"),
        ("+49 (0)30 23125101", None, "+493023125101"),
        ("0049 30 23125101", "DE", "+493023125101"),
        ("011 49 30 23125101", "US", "+493023125101"),
        ("0171/3920001", "DE", "+491713920001"),
        ("(212) 736-5000", "US", "+12127365000"),
        ("tel:+1-212-736-5000", None, "+12127365000"),
        ("02079460018", "GB", "+442079460018"),
    ],
)
def test_a_number_has_one_form(written: str, country: str | None, kept: str) -> None:
    assert clean.phone(written, country) == kept


@pytest.mark.parametrize(
    ("written", "country", "reason"),
    [
        ("030 23125101", None, "no_country"),
        ("12", "DE", "no_phone"),
        ("+999 123456789", None, "no_phone"),
        ("+1 555 0100", None, "no_phone"),
        ("no number", "DE", "no_phone"),
        ("030 23125101 ext. 5", "DE", "extension"),
        ("0" * 301, "DE", "too_long"),
    ],
)
def test_what_is_no_number_is_told(written: str, country: str | None, reason: str) -> None:
    with pytest.raises(UnfitError) as error:
        clean.phone(written, country)
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" Ann.Example@EXAMPLE.Org ", "Ann.Example@example.org"),
        ("irem@bücher.example.org", "irem@xn--bcher-kva.example.org"),  # RFC 3492's coding of bücher
        ("a+b@example.org", "a+b@example.org"),
    ],
)
def test_a_mailbox_has_one_form(written: str, kept: str) -> None:
    assert clean.email(written) == kept


@pytest.mark.parametrize(
    "written",
    ["ann", "ann@", "@example.org", "a@b@example.org", "ann@localhost", "a..b@example.org", "a b@example.org"],
)
def test_what_is_no_mailbox_is_told(written: str) -> None:
    with pytest.raises(UnfitError, match="no_email"):
        clean.email(written)


_LOCAL = st.text(alphabet="abZ09.+_'é \"@", max_size=70)
_DOMAIN = st.sampled_from(
    ["example.org", "EXAMPLE.org", "bücher.example.org", "b.test", "-x.org", "x" * 250 + ".org", ""]
)


@given(_LOCAL, _DOMAIN)
@example("a" * 64, "example.org")
@example("a" * 65, "example.org")
@example("a" * 60, "x." * 92 + "example.org")
@example("a" * 60, "x." * 93 + "example.org")
def test_the_quick_way_judges_mailboxes_as_the_library_does(local: str, domain: str) -> None:
    written = f"{local}@{domain}"
    try:
        found = validate_email(written.strip(), check_deliverability=False)
        expected = f"{found.local_part}@{found.ascii_domain}"
    except EmailNotValidError:
        expected = "no_email"
    try:
        assert clean.email(written) == expected
    except UnfitError as error:
        assert expected == "no_email" or error.reason == "too_long", written  # noqa: PT017


def test_names_addresses_languages_and_zones() -> None:
    assert clean.plain("  Ann \t Example ") == "Ann Example"
    assert clean.plain("Ame\u0301lie") == "Am\u00e9lie", "composed: the same name is the same text"
    assert clean.address(" Musterweg 1 \r\n\n 20095  Hamburg\n") == "Musterweg 1\n20095 Hamburg"
    assert [clean.language(tag) for tag in ("de", "PT-br", "zh_hant_tw")] == ["de", "pt-BR", "zh-Hant-TW"]
    assert clean.zone(" Europe/Berlin ") == "Europe/Berlin"
    for act, value, reason in (
        (clean.plain, "A\0B", "control_character"),
        (clean.plain, "x" * 301, "too_long"),
        (clean.plain, " ", "missing"),
        (clean.address, "a\x07", "control_character"),
        (clean.language, "german", "no_language"),
        (clean.language, "xx-YY", "no_language"),
        (clean.zone, "Europe", "no_zone"),
        (clean.zone, "../etc/passwd", "no_zone"),
        (clean.country, "XX", "no_such_country"),
        (clean.id_of, "x" * 501, "too_long"),
    ):
        with pytest.raises(UnfitError, match=reason):
            act(value)


@given(st.lists(st.integers(0, 1 << 40) | st.integers(0, 300)))
def test_a_number_is_met_for_the_first_time_once(numbers: list[int]) -> None:
    seen, before = Seen(), set[int]()
    for number in numbers:
        assert seen.add(number) == (number not in before)
        before.add(number)
