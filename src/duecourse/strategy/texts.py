"""What must be true of the words of templates: their placeholders, subjects, lengths, and what they say.

A text is judged as a borrower would get it: with the samples of `placeholders` in the place of the braces.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from duecourse.kernel.errors import DueCourseError
from duecourse.law.document import Steps
from duecourse.law.wording import lexicon
from duecourse.strategy.checks import Fault
from duecourse.strategy.models import Template, Treatment
from duecourse.strategy.placeholders import PLACEHOLDERS, Kind, Placeholder, names_in
from duecourse.strategy.rendering import Value, filled, locale_of

SMS_SEGMENTS_MAX: Final = 3  # parts of one SMS; each is paid for, and some networks lose the later ones

_SUIT_SAID: Final = {"threat_of_suit", "states_suit_date", "says_remedy_will_be_used"}  # words that a suit is coming
_TITLED: Final = ("email", "letter")  # channels on which a message has a subject or a title
_PAPERS: Final = ("letter", "email")  # how the words of acts other than contacts reach the borrower
_CARRIERS: Final = {"full_collector_line": "collector_line", "opt_out_line": "stop_word", "gives_own_name": "caller"}
_NUMBERS: Final = {Kind.AMOUNT: 123456, Kind.PART: 12345, Kind.DAYS: 12}
_DAY: Final = date(2026, 9, 30)
# GSM 03.38: the characters of the 7-bit alphabet, and those of its extension, which count twice
_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE: Final = frozenset("^{}\\[~]|€\f")


def faults(templates: Mapping[str, Template], name: str, used: Sequence[Treatment]) -> Iterator[Fault]:
    """Yield what is wrong with the words of one template that the treatments `used` name."""
    template = templates[name]
    at: Steps = ("templates", name)
    unreadable = list(_unreadable(template, at))
    yield from unreadable
    if unreadable:
        return
    yield from _alike(template, at)
    yield from _titled(template, used, at)
    yield from _lines(templates, name, at)
    yield from _carried(template, at)
    yield from _suited(template, used, at)
    by_sms = any(treatment.channel == "sms" for treatment in used)
    for here, language, text in _all(template, at):
        message = sampled(text, language, templates)
        if by_sms and here[-2] == "text":
            yield from _short(message, here)
        if language in lexicon.languages():
            yield from _said(message, language, template, here)


def doubts(template: Template, at: Steps) -> Iterator[Fault]:
    """Yield parts that are declared and that no placeholder of the text carries: its words may say them, or not."""
    for language, text in template.text.items():
        for word, carrier in _CARRIERS.items():
            if word in template.content and carrier not in names_in(text) and not _is_line(at):
                yield Fault(
                    (*at, "text", language),
                    f"'content' declares '{word}', and the text has no {{{carrier}}}; look whether its words say it",
                )


def lines_of(templates: Mapping[str, Template]) -> set[str]:
    """Return the names of the templates that stand as lines in the texts of others."""
    named = {name for template in templates.values() for text in template.text.values() for name in names_in(text)}
    return {name for name in named if PLACEHOLDERS[name].kind is Kind.LINE}


def sampled(text: str, language: str, templates: Mapping[str, Template]) -> str:
    """Return a text with samples in the place of its placeholders, lines written out where there is one."""
    values = {name: _sample(one, language) for name, one in PLACEHOLDERS.items() if one.kind is not Kind.LINE}
    lines = {name: templates.get(name) for name, one in PLACEHOLDERS.items() if one.kind is Kind.LINE}
    lines = {name: line if _stands(line, language) else None for name, line in lines.items()}
    return filled(text, language, values, "CNY" if language == "zh" else "USD", lines)


def _stands(line: Template | None, language: str) -> bool:
    """Say whether a line can stand in a text of a language; `_lines` tells why not."""
    if line is None or line.approved is None or language not in line.text:
        return False
    try:
        return all(PLACEHOLDERS[name].kind is not Kind.LINE for name in names_in(line.text[language]))
    except DueCourseError:
        return False  # told where it stands


def segments(message: str) -> int:
    """Return the parts in which an SMS is sent: 160 characters of GSM 03.38 or 70 of UTF-16 in one, less in several."""
    if _GSM.union(_GSM_TWICE).issuperset(message):
        size, one, several = len(message) + sum(letter in _GSM_TWICE for letter in message), 160, 153
    else:
        size, one, several = len(message.encode("utf-16-be")) // 2, 70, 67  # exact: each unit has two bytes
    return 1 if size <= one else -(-size // several)  # rounded up


def _sample(placeholder: Placeholder, language: str) -> Value:
    if placeholder.kind is Kind.WORDS:
        return placeholder.samples.get(language, placeholder.samples["en"])
    return _DAY if placeholder.kind is Kind.DAY else _NUMBERS[placeholder.kind]


def _is_line(at: Steps) -> bool:
    known = PLACEHOLDERS.get(str(at[-1]))
    return known is not None and known.kind is Kind.LINE


def _all(template: Template, at: Steps) -> Iterator[tuple[Steps, str, str]]:
    """Yield every subject and text with its path and its language."""
    for key, words in (("subject", template.subject), ("text", template.text)):
        yield from (((*at, key, language), language, text) for language, text in words.items())


def _unreadable(template: Template, at: Steps) -> Iterator[Fault]:
    """Yield braces that no message could be filled in from, and languages that nothing is known of."""
    for here, language, text in _all(template, at):
        try:
            names_in(text)
            locale_of(language)
        except DueCourseError as error:
            yield Fault(here, str(error))


def _alike(template: Template, at: Steps) -> Iterator[Fault]:
    """Yield languages whose text says less than another: each must have the same placeholders."""
    for key, words in (("subject", template.subject), ("text", template.text)):
        named = {language: set(names_in(text)) for language, text in words.items()}
        everything = set[str]().union(*named.values())
        for language, names in named.items():
            for name in sorted(everything - names):
                other = next(one for one, had in named.items() if name in had)
                yield Fault(
                    (*at, key, language), f"{{{name}}} stands in '{other}' and not in '{language}'; say it in both"
                )


def _titled(template: Template, used: Sequence[Treatment], at: Steps) -> Iterator[Fault]:
    for language in template.subject:
        if language not in template.text:
            yield Fault((*at, "subject", language), f"a subject in '{language}' without a text; write both")
    needs = next((one for one in used if one.channel in _TITLED), None)
    if needs is None and not template.subject:
        return
    for language in template.text:
        if language not in template.subject:
            why = "" if needs is None else f": treatment '{needs.name}' goes by {needs.channel}"
            yield Fault((*at, "text", language), f"a text in '{language}' without a subject{why}; write both")


def _lines(templates: Mapping[str, Template], name: str, at: Steps) -> Iterator[Fault]:
    """Yield lines that a text asks for and that cannot stand there."""
    template = templates[name]
    for here, language, text in _all(template, at):
        for line in (one for one in names_in(text) if PLACEHOLDERS[one].kind is Kind.LINE):
            said = templates.get(line)
            if _is_line(at):
                yield Fault(here, f"{{{line}}} stands in a line; a line holds no other")
            elif said is None or said.approved is None:
                yield Fault(here, f"{{{line}}} needs an approved template '{line}' with the words of the line")
            elif language not in said.text:
                yield Fault(here, f"{{{line}}} has no text in '{language}' under template '{line}'")
            else:
                for word in sorted(set(said.content) - set(template.content)):
                    yield Fault(here, f"{{{line}}} says '{word}', which 'content' does not declare; declare it")


def _carried(template: Template, at: Steps) -> Iterator[Fault]:
    for language, text in template.text.items():
        for name in names_in(text):
            word = PLACEHOLDERS[name].carries
            if word is not None and word not in template.content:
                yield Fault(
                    (*at, "text", language), f"{{{name}}} says '{word}', which 'content' does not declare; declare it"
                )


def _suited(template: Template, used: Sequence[Treatment], at: Steps) -> Iterator[Fault]:
    for here, _, text in _all(template, at):
        for name in names_in(text):
            suits = PLACEHOLDERS[name].channels
            for treatment in used:
                channels = _PAPERS if treatment.channel is None else (treatment.channel,)
                if set(channels).isdisjoint(suits):
                    yield Fault(
                        here,
                        f"{{{name}}} does not suit the {channels[0]} of treatment '{treatment.name}'; it is for"
                        f" {', '.join(suits)}",
                    )


def _short(message: str, at: Steps) -> Iterator[Fault]:
    count = segments(message)
    if count > SMS_SEGMENTS_MAX:
        yield Fault(
            at, f"too long for an SMS: about {count} parts, and at most {SMS_SEGMENTS_MAX} are sent; shorten it"
        )


def _said(message: str, language: str, template: Template, at: Steps) -> Iterator[Fault]:
    """Compare what a text says with what its template declares. A template speaks to the borrower."""
    declared = set(template.content)
    suit = bool(declared & _SUIT_SAID)
    found = lexicon.read(message, language, suit_decided=suit, to_third_party=False)
    missing = [one for one in found if one.flag not in declared]
    if missing:
        told = ", ".join(dict.fromkeys(f"'{' '.join(one.words.split())}' ({one.flag})" for one in missing))
        yield Fault(
            at, f"the text says what 'content' does not declare: {told}; take it out, or declare it and be judged by it"
        )
