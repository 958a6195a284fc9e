"""Templates of a strategy: what they must declare, who approves them, and what their words may say."""
# ruff: noqa: E501 - a table of errors reads better with one error a line

from pathlib import Path

import pytest

from duecourse.kernel.errors import DueCourseError
from duecourse.law.document import parse_document
from duecourse.law.vocabulary import VOCABULARY
from duecourse.strategy.load import from_document, load_with_doubts
from duecourse.strategy.models import Strategy
from tests.strategy.conftest import KINDS
from tests.strategy.test_load import SMALL

# The lines of the errors below count from the first of these, which stand before the small strategy.
DECLARED = """\
templates:
  t:
    says: A reminder.
    content: [debt_details, payment_request, opt_out_line]
    text: {en: "You owe {amount_overdue}. Please pay by Friday. Reply STOP to opt out."}
    approved: {by: [Ana Ruiz, Li Wei], on: 2026-03-02}
  offer:
    says: An offer.
    content: [debt_details]
    approved: {by: [Ana Ruiz, Li Wei], on: 2026-03-02}
"""
OFFERED = SMALL.replace("act: sell, ", "act: settle, template: offer, ")


def loaded(text: str) -> Strategy:
    return from_document(parse_document(text, "s.yaml", days=True), KINDS)


def test_declared_content_is_that_of_the_acts() -> None:
    strategy = loaded(DECLARED + OFFERED)
    sms, call, offer = strategy.treatments
    assert strategy.content_of(sms) == strategy.content_of(call) == ("debt_details", "opt_out_line", "payment_request")
    assert strategy.content_of(offer) == ("debt_details", "settlement_offer")  # an offer says that it is one
    assert strategy.content_words == {"debt_details", "opt_out_line", "payment_request", "settlement_offer"}


def test_without_the_key_nothing_is_declared() -> None:
    strategy = loaded(OFFERED)
    sms, _, offer = strategy.treatments
    assert (strategy.content_of(sms), strategy.content_of(offer)) == (None, ("settlement_offer",))
    assert strategy.content_words == {"settlement_offer"}


def test_an_act_without_a_template_declares_nothing() -> None:
    declared = DECLARED.partition("  offer:")[0]
    assert loaded(declared + SMALL).content_of(loaded(declared + SMALL).treatments[2]) is None


ERRORS: list[tuple[str, str, str]] = [
    # the declaration
    ("    content: [debt_details]\n", "", "7: 'content' is missing"),
    ("    says: An offer.\n", "", "7: 'says' is missing"),
    ("content: [debt_details]", "content: debt_details", "9: 'content' must be a list: [...]"),
    ("content: [debt_details]", "content: [debt_detail]", "9: unknown content word 'debt_detail'; did you mean 'debt_details'?"),
    ("content: [debt_details]", "content: [xyzzy]", "9: unknown content word 'xyzzy'; docs/reference/cases.md lists them under `content`"),
    ("content: [debt_details]", "content: [debt_details, debt_details]", "9: content 'debt_details' stands twice"),
    ("content: [debt_details]", "contents: [debt_details]", "9: unknown key 'contents'; did you mean 'content'?"),
    # the approval
    ("says: An offer.", "says: An offer.\n    approve: x", "9: unknown key 'approve'; did you mean 'approved'?"),
    ("{by: [Ana Ruiz, Li Wei], on: 2026-03-02}\n  offer", "{by: [Ana Ruiz], on: 2026-03-02}\n  offer",
     "6: a template is approved by two people: [one, another]"),
    ("{by: [Ana Ruiz, Li Wei], on: 2026-03-02}\n  offer", "{by: [Ana Ruiz, ' '], on: 2026-03-02}\n  offer",
     "6: a template is approved by two people: [one, another]"),
    ("{by: [Ana Ruiz, Li Wei], on: 2026-03-02}\n  offer", "{by: [Ana Ruiz, Li Wei, Bo], on: 2026-03-02}\n  offer",
     "6: a template is approved by two people: [one, another]"),
    ("{by: [Ana Ruiz, Li Wei], on: 2026-03-02}\n  offer", "{by: [Ana Ruiz, ana  ruiz], on: 2026-03-02}\n  offer",
     "6: 'Ana Ruiz' stands twice; a template is approved by two people"),
    ("{by: [Ana Ruiz, Li Wei], on: 2026-03-02}\n  offer", "{by: [Ana Ruiz, Li Wei]}\n  offer", "6: 'on' is missing"),
    ("{by: [Ana Ruiz, Li Wei], on: 2026-03-02}\n  offer", "{by: [Ana Ruiz, Li Wei], on: 2 March}\n  offer",
     "6: 'on' must be a day such as 2026-01-31"),
    ("{by: [Ana Ruiz, Li Wei], on: 2026-03-02}\n  offer", "{by: [Ana Ruiz, Li Wei], on: 2026-02-30}\n  offer",
     "6: '2026-02-30' is no day of the calendar"),
    ("    approved: {by: [Ana Ruiz, Li Wei], on: 2026-03-02}\n  offer", "  offer",
     "39: template 't' is a draft: two people must approve it before treatment 'sms' may use it (approved: {by: [one, another], on: 2026-01-31})"),
    # what treatments name
    ("  offer:", "  offers:", "47: template 'offer' is not declared under 'templates'; did you mean 'offers'?"),
    # the words
    ("text: {en:", "text: {english:", "5: unknown language 'english'; write its two letters of ISO 639-1, such as en or zh"),
    ("text: {en:", "text: {xx:", "5: unknown language 'xx'; write its two letters of ISO 639-1, such as en or zh"),
    ("Please pay by Friday.", "Pay or you will be arrested, you deadbeat.",
     "5: the text says what 'content' does not declare: 'arrested' (threat_of_arrest), 'deadbeat' (abuse); take it out, or declare it and be judged by it"),
    ("text: {en:", 'text: {zh: "{amount_overdue}不还钱就让你坐牢", en:', "5: the text says what 'content' does not declare: '"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "error"), ERRORS, ids=[error[:60] for *_, error in ERRORS])
def test_errors_are_one_line_with_the_place(old: str, new: str, error: str) -> None:
    text = DECLARED + OFFERED
    assert text.count(old) == 1, old
    with pytest.raises(DueCourseError) as raised:
        loaded(text.replace(old, new))
    assert str(raised.value).startswith(f"s.yaml:{error}")
    assert "\n" not in str(raised.value)


def test_no_template_declared_refuses_those_that_treatments_name() -> None:
    with pytest.raises(DueCourseError, match=r"^s\.yaml:31: template 't' is not declared under 'templates'$"):
        loaded("templates: {}\n" + SMALL)


def test_words_that_are_declared_load() -> None:
    threatens = DECLARED.replace("payment_request,", "payment_request, threat_of_suit,")
    threatens = threatens.replace("Please pay by Friday.", "If you do not pay we will sue you.")
    assert "threat_of_suit" in loaded(threatens + OFFERED).content_words
    with pytest.raises(DueCourseError, match=r"'sue' \(threat_of_suit_not_intended\)"):
        loaded(threatens.replace("payment_request, threat_of_suit,", "payment_request,") + OFFERED)


def test_what_is_doubtful_is_told_and_loads(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    unused = "  spare:\n    says: Nothing yet.\n    content: []\n"  # a draft that nothing uses is no fault
    path.write_text(
        DECLARED.replace("text: {en:", 'text: {es: "Usted debe {amount_overdue}. Responda STOP.", en:')
        + unused
        + OFFERED,
        "utf-8",
    )
    strategy, doubts = load_with_doubts(path, KINDS)
    assert len(strategy.templates or {}) == 3
    unread = "its text in 'es' is not read for banned words, which can be done in en and zh; have a person read it"
    assert doubts == (
        f"{path}:5: 'content' declares 'opt_out_line', and the text has no {{stop_word}}; look whether its words say it",
        f"{path}:5: 'content' declares 'opt_out_line', and the text has no {{stop_word}}; look whether its words say it",
        f"{path}:5: template 't': {unread}",
        f"{path}:11: no treatment uses template 'spare'; use it or take it out",
    )


def test_the_default_declares_every_template_and_nothing_is_doubtful() -> None:
    strategy, doubts = load_with_doubts(None, KINDS)
    assert doubts == ()
    lines = {"collector_line", "settlement_confirmed", "assignment_notice"}  # within others; sent by the day itself
    assert set(strategy.templates or {}) == {one.template for one in strategy.treatments} | lines
    assert strategy.content_words <= set(VOCABULARY.enumerations["content"])


@pytest.mark.parametrize(
    ("old", "new"),
    [("[debt_details]", "[]"), ("An offer.", "Another."), ("Friday", "Monday"), ("Li Wei", "Bo"), ("03-02}", "03-03}")],
)
def test_the_hash_covers_templates(old: str, new: str) -> None:
    assert loaded(DECLARED.replace(old, new) + OFFERED).hash != loaded(DECLARED + OFFERED).hash


def test_the_order_of_templates_is_not_content() -> None:
    first, second = DECLARED.partition("  offer:")[::2]
    head, body = first.split("\n", 1)
    swapped = f"{head}\n  offer:{second}{body}"
    assert loaded(swapped + OFFERED).hash == loaded(DECLARED + OFFERED).hash
