"""Templates filled in: the exact words, and every reason not to send any."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duecourse.kernel.currencies import MINOR_DIGITS
from duecourse.kernel.errors import DueCourseError
from duecourse.strategy.models import Approved, Strategy, Template
from duecourse.strategy.rendering import Rendered, Value, money, rendered

APPROVED = Approved.model_validate({"by": ("Ana Ruiz", "Li Wei"), "on": "2026-03-02"})
VALUES: Mapping[str, Value] = {
    "name": "Ana Ruiz", "lender": "Acme Loans", "caller": "Luis", "amount_overdue": 12050, "amount_owed": 90000,
    "amount_next_due": 5000, "amount_residual": 700, "amount_settlement": 60000, "amount_forgiven": 30000,
    "principal_overdue": 10000,
    "interest_overdue": 1500, "penalty_overdue": 550, "fees_overdue": 0, "costs_overdue": 0, "loan_reference": "L-2207",
    "days_past_due": 12, "overdue_since": date(2026, 6, 1), "due_on": date(2026, 7, 1), "pay_by": date(2026, 6, 30),
    "report_on": date(2026, 8, 1), "answer_by": date(2026, 7, 15), "written_on": date(2026, 6, 13),
    "how_to_pay": "https://pay.example.com/k7", "check_code": "7Q2M-XK4D-0ABC", "phone_of_firm": "+1 800 555 0100",
    "write_to": "1 Main Street",
    "dispute_how": "https://pay.example.com/no", "help_how": "https://www.211.org", "report_to": "Example Bureau",
    "stop_word": "STOP", "new_owner": "Fund Seven LLC", "sold_on": date(2026, 5, 1),
    "reward": "half a point off your rate",
}  # fmt: skip


def template(**texts: str) -> Template:
    return Template(says="x", content=(), text=texts, approved=APPROVED)


def filled(text: str, language: str = "en", currency: str = "USD", **values: Any) -> str:
    return rendered(template(**{language: text}), language, {**VALUES, **values}, currency=currency).text


def test_a_reminder_word_for_word(default: Strategy) -> None:
    reminder = (default.templates or {})["reminder"]
    found = rendered(reminder, "en", VALUES, currency="USD", lines={"collector_line": None})
    assert (found.language, found.subject) == ("en", "Acme Loans: your loan L-2207")
    assert found.text == (
        "Acme Loans: Ana Ruiz, we have not yet received $120.50, due on June 1, 2026, for loan L-2207. Please pay: "
        "https://pay.example.com/k7 Paid already? Thank you. Questions: +1 800 555 0100. "
        "Reply STOP to stop these messages."
    )
    found = rendered(reminder, "zh", {**VALUES, "name": "王芳"}, currency="CNY", lines={"collector_line": None})
    assert found.text == (
        "Acme Loans：王芳您好，您贷款L-2207于2026年6月1日到期的¥120.50我们尚未收到，请通过以下方式支付："
        "https://pay.example.com/k7 "
        "如已付款，谢谢您。咨询：+1 800 555 0100。不想再收到此类信息，请回复STOP。"
    )


def test_the_line_of_a_debt_collector_stands_where_it_belongs(default: Strategy) -> None:
    templates = default.templates or {}
    line = templates["collector_line"]
    for name, one in templates.items():
        if not one.text or name == "collector_line" or "full_collector_line" not in one.content:
            continue
        for language in ("en", "zh"):
            whole = rendered(one, language, VALUES, currency="USD", lines={"collector_line": line}).text
            bare = rendered(one, language, VALUES, currency="USD", lines={"collector_line": None}).text
            assert line.text[language] in whole
            assert line.text[language] not in bare
            assert "{" not in whole + bare
            assert "  " not in whole + bare
            assert "\n\n\n" not in whole + bare


# Written from the tables of CLDR and ISO 4217, not by this program.
AMOUNTS = [
    (123450, "USD", "en", "$1,234.50"), (123450, "USD", "zh", "US$1,234.50"), (123450, "CNY", "zh", "¥1,234.50"),
    (123450, "CNY", "en", "CN¥1,234.50"), (123450, "EUR", "de", "1.234,50\xa0€"),
    (123450, "EUR", "fr", "1\u202f234,50\xa0€"),
    (5000, "JPY", "en", "¥5,000"), (123456, "KWD", "en", "KWD123.456"),
    (123456, "RSD", "sr", "1.234,56\xa0RSD"), (7, "USD", "en", "$0.07"), (12345678900, "INR", "hi", "₹12,34,56,789.00"),
    (9223372036854775807, "USD", "en", "$92,233,720,368,547,758.07"), (123456, "ISK", "en", "ISK123,456"),
    (123456, "IQD", "en", "IQD123.456"), (123456, "PKR", "en", "PKR1,234.56"),
]  # fmt: skip


@pytest.mark.parametrize(("minor", "currency", "language", "expected"), AMOUNTS)
def test_amounts_as_the_language_writes_them(minor: int, currency: str, language: str, expected: str) -> None:
    found = filled("{amount_overdue}", language, currency, amount_overdue=minor)
    assert found.replace("\xa0", "") == expected.replace("\xa0", "")


@given(st.integers(0, 2**63 - 1), st.sampled_from(sorted(MINOR_DIGITS)))
def test_an_amount_is_written_whole(minor: int, currency: str) -> None:
    """Every digit is there: read back by hand, the figure is the minor units again, whatever the currency."""
    digits = MINOR_DIGITS[currency]
    shown = money(minor, currency, "en").removesuffix(".")
    figure = shown[next(place for place, letter in enumerate(shown) if letter.isdigit()) :]
    assert len(figure.partition(".")[2]) == digits
    assert int(figure.replace(",", "").replace(".", "")) == minor


def test_days_as_the_language_writes_them() -> None:
    assert filled("{pay_by}") == "June 30, 2026"
    assert filled("{pay_by}", "zh") == "2026年6月30日"
    assert filled("{pay_by}", "de") == "30. Juni 2026"
    assert [filled("{days_past_due}", days_past_due=days) for days in (1, 12)] == ["1 day", "12 days"]
    assert filled("{days_past_due}", "zh").replace(" ", "") == "12天"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount_overdue", 0), ("amount_overdue", -5), ("amount_overdue", True), ("amount_overdue", "120"),
        ("amount_overdue", 2**63), ("amount_overdue", 120.5), ("amount_overdue", None), ("fees_overdue", -1),
        ("pay_by", "2026-06-30"), ("pay_by", datetime(2026, 6, 30, tzinfo=UTC)), ("pay_by", 20260630),
        ("days_past_due", 0), ("name", ""), ("name", "  "), ("name", 7), ("name", "x" * 301), ("name", "Ana\nBcc: a@b"),
        ("name", "Ana\x00"), ("name", "Ana\u202eziuR"), ("name", "Ana\u2028Ruiz"), ("name", "\ud800"),
    ],
)  # fmt: skip
def test_a_wrong_value_refuses_and_is_not_told(name: str, value: object) -> None:
    with pytest.raises(DueCourseError, match=rf"^the value for '\{{{name}\}}' must be [^\n]+$") as raised:
        rendered(template(en=f"{{{name}}}"), "en", cast("dict[str, Value]", {name: value}), currency="USD")
    assert "Ana" not in str(raised.value)


def test_a_missing_value_refuses() -> None:
    values = {name: value for name, value in VALUES.items() if name != "pay_by"}
    with pytest.raises(DueCourseError, match=r"no value for '\{pay_by\}' .* a message with a hole is not sent"):
        rendered(template(en="{name}, {pay_by}"), "en", values, currency="USD")


def test_braces_in_a_value_are_words() -> None:
    for words in ("{lender}", "{name.__class__}", "{0}", "}{", "%s", "${HOME}", "{{7*7}}"):
        assert filled("Dear {name}!", name=words) == f"Dear {words}!"


def test_a_text_that_no_load_has_checked_is_not_evaluated() -> None:
    for text in ("{name.__class__}", "{name!r}", "{0}", "{name:>99999999}", "{__import__('os')}"):
        with pytest.raises(DueCourseError, match="unknown placeholder"):
            filled(text)


def test_only_what_is_approved_is_sent() -> None:
    draft = Template(says="x", content=(), text={"en": "Hello"})
    with pytest.raises(DueCourseError, match="the template is a draft"):
        rendered(draft, "en", {}, currency="USD")
    with pytest.raises(DueCourseError, match=r"the template of '\{collector_line\}' is a draft"):
        rendered(template(en="{collector_line}"), "en", {}, currency="USD", lines={"collector_line": draft})


def test_lines_are_said_to_belong_or_not() -> None:
    text = template(en="A {collector_line} b", zh="甲{collector_line}乙")
    with pytest.raises(DueCourseError, match=r"it is not said whether '\{collector_line\}' belongs here"):
        rendered(text, "en", VALUES, currency="USD")
    line = template(en="for {lender}")
    assert rendered(text, "en", VALUES, currency="USD", lines={"collector_line": line}).text == "A for Acme Loans b"
    with pytest.raises(DueCourseError, match=r"'\{collector_line\}' has no text in 'zh'"):
        rendered(text, "zh", VALUES, currency="USD", lines={"collector_line": line})
    with pytest.raises(DueCourseError, match="holds another line"):
        rendered(text, "en", VALUES, currency="USD", lines={"collector_line": text})


def test_the_language_and_those_to_fall_back_to() -> None:
    both = template(en="Hello", zh="您好")
    assert rendered(both, "zh", {}, currency="USD") == Rendered("zh", "", "您好")
    assert rendered(both, "es", {}, ("fr", "en"), currency="USD") == Rendered("en", "", "Hello")
    for fallback in ((), ("fr",)):
        with pytest.raises(DueCourseError, match="no text in 'es' nor in a language to fall back to, only in en, zh"):
            rendered(both, "es", {}, fallback, currency="USD")


def test_an_unknown_currency_refuses() -> None:
    with pytest.raises(DueCourseError, match="unknown currency 'USS'"):
        filled("{amount_overdue}", currency="USS")


def test_nothing_personal_is_printed() -> None:
    found = rendered(template(en="Dear {name}"), "en", VALUES, currency="USD")
    assert "Ana" in found.text
    assert "Ana" not in repr(found)


def test_whoever_renders_the_packaged_texts_needs_no_more_than_the_list(default: Strategy) -> None:
    """Every packaged text can be filled in from VALUES, twice alike."""
    templates = default.templates or {}
    lines = {"collector_line": templates["collector_line"]}
    for one in templates.values():
        for language in one.text:
            first, second = (rendered(one, language, VALUES, currency="CNY", lines=lines) for _ in range(2))
            assert first == second
