"""The words of templates: placeholders, subjects, lengths, and what the packaged texts say."""
# ruff: noqa: E501 - a table of errors reads better with one error a line

import re

import pytest

from duecourse.kernel.errors import DueCourseError
from duecourse.law.document import parse_document
from duecourse.law.wording import lexicon
from duecourse.strategy.load import from_document
from duecourse.strategy.models import Strategy, Template
from duecourse.strategy.placeholders import PLACEHOLDERS, Kind, names_in
from duecourse.strategy.texts import sampled, segments
from tests.strategy.conftest import KINDS
from tests.strategy.test_load import SMALL

WORDS = """\
templates:
  collector_line:
    says: The line.
    content: [full_collector_line]
    text: {en: We collect for another., zh: 本机构受托催收。}
    approved: {by: [Ana Ruiz, Li Wei], on: 2026-03-02}
  t:
    says: A reminder.
    content: [debt_details, payment_request, full_collector_line]
    subject: {en: "Your loan", zh: 您的贷款}
    text:
      en: "{name}, please pay {amount_overdue}. {collector_line}"
      zh: "{name}，请支付{amount_overdue}。{collector_line}"
    approved: {by: [Ana Ruiz, Li Wei], on: 2026-03-02}
"""
LETTER = SMALL.replace("channel: sms", "channel: letter")


def loaded(text: str) -> Strategy:
    return from_document(parse_document(text, "s.yaml", days=True), KINDS)


def test_texts_with_placeholders_load() -> None:
    assert loaded(WORDS + SMALL).templates
    assert loaded(WORDS + LETTER).templates


ERRORS: list[tuple[str, str, str]] = [
    # braces
    ("{name}, please", "{nam}, please", "12: unknown placeholder 'nam'; did you mean 'name'?"),
    ("{name}, please", "{name.__class__}, please", "12: unknown placeholder 'name.__class__'"),
    ("{name}, please", "{0}, please", "12: unknown placeholder '0'"),
    ("{name}, please", "{}, please", "12: unknown placeholder ''"),
    ("{name}, please", "{name!r}, please", "12: unknown placeholder 'name!r'"),
    ("{name}, please", "{name:>9}, please", "12: unknown placeholder 'name:>9'"),
    ("{name}, please", "{ name }, please", "12: unknown placeholder ' name '; did you mean 'name'?"),
    ("{name}, please", "{{name}}, please", "12: a brace has no pair"),
    ("{name}, please", "{name, please", "12: a brace has no pair"),
    ("{name}, please", "name}, please", "12: a brace has no pair"),
    ('en: "Your loan"', 'en: "Your loan {x"', "10: a brace has no pair"),
    # languages that say different things
    ("{name}，请", "请", "13: {name} stands in 'en' and not in 'zh'; say it in both"),
    ("{name}, please", "Please", "12: {name} stands in 'zh' and not in 'en'; say it in both"),
    ("text: {en: We collect for another., zh: 本机构受托催收。}", "text: {en: We collect for another.}", "13: {collector_line} has no text in 'zh' under template 'collector_line'"),
    # subjects
    (", zh: 您的贷款", "", "13: a text in 'zh' without a subject; write both"),
    (", zh: 您的贷款", ", zh: 您的贷款, es: Hola", "10: a subject in 'es' without a text; write both"),
    ('en: "Your loan"', 'en: "Your\\nloan"', "10: 'en' must be one line of 1 to 120 characters"),
    ('en: "Your loan"', f'en: "{"x" * 121}"', "10: 'en' must be one line of 1 to 120 characters"),
    ('en: "Your loan"', 'en: " "', "10: 'en' must be one line of 1 to 120 characters"),
    ('en: "Your loan"', 'en: "Pay or be arrested"', "10: the text says what 'content' does not declare: 'arrested' (threat_of_arrest)"),
    ('en: "Your loan"', 'en: "For {name}"', "10: {name} stands in 'en' and not in 'zh'; say it in both"),
    # what a placeholder says must be declared
    ("[debt_details, payment_request, full", "[payment_request, full", "12: {amount_overdue} says 'debt_details', which 'content' does not declare; declare it"),
    ("payment_request, full_collector_line]", "payment_request]", "12: {collector_line} says 'full_collector_line', which 'content' does not declare; declare it"),
    # lines
    ("content: [full_collector_line]", "content: [full_collector_line, poses_as_lender]", "12: {collector_line} says 'poses_as_lender', which 'content' does not declare; declare it"),
    ("We collect for another.", '"We collect. {collector_line}"', "5: {collector_line} stands in 'en' and not in 'zh'; say it in both"),
    ("We collect for another., zh: 本机构受托催收。", '"We. {collector_line}", zh: "我。{collector_line}"', "5: {collector_line} stands in a line; a line holds no other"),
    # the channel, the length
    ('. {collector_line}"', '. {collector_line} {caller}"', "12: {caller} "),
    ("please pay", f"please {'pay ' * 130}", "12: too long for an SMS: about 4 parts, and at most 3 are sent; shorten it"),
    ("请支付", f"请支付{'款' * 200}", "13: too long for an SMS: about 4 parts, and at most 3 are sent; shorten it"),
    # the words, with what will stand in the braces
    ("please pay", "pay {amount_overdue} or you will be arrested, you deadbeat:", "12: the text says what 'content' does not declare: 'arrested' (threat_of_arrest), 'deadbeat' (abuse)"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "error"), ERRORS, ids=[error[:60] + new[:12] for _, new, error in ERRORS])
def test_errors_are_one_line_with_the_place(old: str, new: str, error: str) -> None:
    assert WORDS.count(old) == 1, old
    with pytest.raises(DueCourseError) as raised:
        loaded(WORDS.replace(old, new) + SMALL)
    assert str(raised.value).startswith(f"s.yaml:{error}")
    assert "\n" not in str(raised.value)


def test_a_draft_of_a_line_is_no_line() -> None:
    draft = WORDS.replace("    approved: {by: [Ana Ruiz, Li Wei], on: 2026-03-02}\n", "", 1)
    with pytest.raises(DueCourseError, match=r"^s\.yaml:11: \{collector_line\} needs an approved template"):
        loaded(draft + SMALL)


def test_letters_and_emails_have_a_subject() -> None:
    bare = WORDS.replace('    subject: {en: "Your loan", zh: 您的贷款}\n', "")
    loaded(bare + SMALL)  # an SMS and a call need none
    with pytest.raises(DueCourseError, match="a text in 'en' without a subject: treatment 'sms' goes by letter"):
        loaded(bare + LETTER)


def test_a_placeholder_must_suit_the_channel() -> None:
    text = WORDS.replace("{collector_line}", "{stop_word}").replace("full_collector_line]", "opt_out_line]")
    text = text.replace("content: [opt_out_line]", "content: [full_collector_line]")
    with pytest.raises(DueCourseError, match=r"\{stop_word\} does not suit the letter of treatment 'sms'"):
        loaded(text + LETTER.replace("channel: call", "channel: email"))


def test_a_language_that_nothing_is_known_of() -> None:
    text = WORDS.replace('    subject: {en: "Your loan", zh: 您的贷款}\n', "").replace("      zh:", "      ho:")
    with pytest.raises(DueCourseError, match="how 'ho' writes amounts and days is not known"):
        loaded(text + SMALL)


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3),  # GSM 03.38: 160, then 153 a part
        ("é" * 160, 1), ("€" * 80, 1), ("€" * 81, 2), ("", 1),  # é is one of its characters, € two
        ("字" * 70, 1), ("字" * 71, 2), ("字" * 134, 2), ("字" * 135, 3), ("a" * 69 + "字", 1), ("😀" * 35, 1), ("😀" * 36, 2),
    ],
)  # fmt: skip
def test_parts_of_an_sms(message: str, parts: int) -> None:
    assert segments(message) == parts


def test_every_placeholder_says_what_it_is() -> None:
    for name, one in PLACEHOLDERS.items():
        assert name == one.name
        assert re.fullmatch(r"[a-z][a-z_]+", name)
        assert one.means
        assert one.channels
        if one.kind is Kind.WORDS:
            assert set(one.samples) == set(lexicon.languages())
        for language, sample in one.samples.items():
            assert lexicon.flags_of(sample, language) == frozenset(), name


# --- the packaged texts -------------------------------------------------------------------------------------

SPOKEN_OF = ("collector_line", "residual", "due_soon", "reminder", "reminder_call", "overdue", "overdue_call",
    "demand_letter", "adverse_notice", "visit_pay_by", "settlement_offer", "settlement_confirmed", "assignment_notice",
    "suit_notice", "reward_clean_record")  # fmt: skip
# What each part of `content` looks like when it is there, written down apart from the texts.
SIGNS = {
    "debt_details": {"en": r"\{(amount|loan)_", "zh": r"\{(amount|loan)_"},
    "payment_request": {
        "en": r"please pay|you to pay|pay what you can",
        "zh": r"请您?(于\{\w+\}前|通过以下方式)?支付|付款：\{how_to_pay",
    },
    "offers_affordable_plan": {"en": r"plan (that )?you can\s+afford", "zh": r"负担得起的计划"},
    "full_collector_line": {
        "en": r"\{collector_line\}|attempt by a debt collector.*used for that purpose",
        "zh": r"\{collector_line\}|受债权人委托催收.*用于此目的",
    },
    "opt_out_line": {"en": r"Reply \{stop_word\} to stop", "zh": r"请回复\{stop_word\}"},
    "gives_own_name": {"en": r"my name is \{caller\}", "zh": r"我叫\{caller\}"},
    "says_remedy_may_be_used": {"en": r"may ask a judge", "zh": r"可能会请法院"},
}


def texts(default: Strategy) -> list[tuple[str, Template, str, str]]:
    templates = default.templates or {}
    return [
        (name, templates[name], language, text) for name in SPOKEN_OF for language, text in templates[name].text.items()
    ]


def test_every_outward_template_speaks_both_languages(default: Strategy) -> None:
    assert {(name, language) for name, _, language, _ in texts(default)} == {
        (n, one) for n in SPOKEN_OF for one in ("en", "zh")
    }
    silent = set(default.templates or {}) - set(SPOKEN_OF)
    assert silent == {
        "credit_report",
        "listing",
        "court_pack",
        "placement_file",
        "sale_file",
    }  # those go to no borrower


@pytest.mark.parametrize("part", SIGNS)
def test_the_texts_say_what_they_declare_and_nothing_else(default: Strategy, part: str) -> None:
    for name, template, language, text in texts(default):
        said = re.search(
            SIGNS[part][language], " ".join(text.split()) if language == "en" else text, re.IGNORECASE | re.DOTALL
        )
        assert bool(said) == (part in template.content), (name, language)


def test_every_declared_part_has_a_sign(default: Strategy) -> None:
    assert {word for _, template, *_ in texts(default) for word in template.content} == set(SIGNS)


def test_no_text_carries_a_banned_word(default: Strategy) -> None:
    """Read as a borrower gets it, as if no suit were decided, with and without the line of a debt collector."""
    for name, template, language, text in texts(default):
        for templates in (default.templates or {}, {}):
            for words in (text, template.subject.get(language, "")):
                message = sampled(words, language, templates)
                assert lexicon.read(message, language, to_third_party=False) == (), (name, language)


def test_an_sms_of_a_lender_has_two_parts_at_most(default: Strategy) -> None:
    by_sms = {one.template for one in default.treatments if one.channel == "sms"}
    assert by_sms == {"residual", "due_soon", "reminder", "overdue"}
    for name, _, language, text in texts(default):
        if name in by_sms:
            assert segments(sampled(text, language, {})) <= 2, (name, language)


def test_what_is_not_due_is_not_asked_for(default: Strategy) -> None:
    due_soon = (default.templates or {})["due_soon"]
    assert not re.search(r"please|must|should", due_soon.text["en"], re.IGNORECASE)
    assert not re.search(r"请(您|通过|支付)|必须|应当", due_soon.text["zh"])


def test_no_subject_tells_an_amount(default: Strategy) -> None:
    """A subject stands on locked screens and envelopes: it tells no amount."""
    subjects = [text for template in (default.templates or {}).values() for text in template.subject.values()]
    named = {name for text in subjects for name in names_in(text)}
    assert named <= {"lender", "loan_reference", "answer_by"}
