"""What stands in a lexicon file, as strict models of its YAML. How to write one is told in docs/concepts/wording.md."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainValidator
from pydantic_core import PydanticCustomError

from duecourse.law.document import Text


class Cover(StrEnum):
    """How much of a message a frame makes innocent: what follows in its clause, its sentence, or all."""

    REST = "rest"
    SENTENCE = "sentence"
    MESSAGE = "message"


def _placed(given: object) -> Text:
    if not isinstance(given, Text):
        raise PydanticCustomError("lexicon", "must be text; put it in quotes")
    return given


Said = Annotated[Text, PlainValidator(_placed)]
Patterns = tuple[Said, ...]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class FrameRecord(_Record):
    """Words that make other words innocent: a quotation, a warning, an apology. `flags` empty means all flags."""

    name: str
    covers: Cover
    flags: tuple[str, ...] = ()
    says: Patterns
    unless: Patterns = ()


class RuleRecord(_Record):
    """Words that carry flags.

    `unless`: patterns that make it innocent where they share a word with it; `unless_in_sentence`, `unless_in_message`:
    where they stand in the same sentence, in the same message. `yields_to`: names of rules above, whose words it leaves
    to them; `beside`: names of rules above of which one must have been found in the message.
    `denied`: false when words such as "not" change nothing. `quoted`: true when it counts within a quotation too.
    `third`: true when it speaks to somebody other than the borrower, and so is nothing where the borrower is known to
    be spoken to.
    """

    name: str
    flags: tuple[str, ...]
    says: Patterns
    yields_to: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    unless: Patterns = ()
    unless_in_sentence: Patterns = ()
    unless_in_message: Patterns = ()
    denied: bool = True
    quoted: bool = False
    third: bool = False


class LexiconRecord(_Record):
    """A lexicon file. What each key means stands at the head of `lexicon.en.yaml`.

    `ordinary`, `letters` and `sounds` name plain files of words beside it.
    """

    language: str
    units: str
    near: int
    far: int
    reach: int
    statement: int
    skipped: tuple[Said, ...] = ()
    instead: Mapping[str, str] = {}
    irregular: tuple[Said, ...] = ()
    ordinary: str = ""
    letters: str = ""
    sounds: str = ""
    swapped: tuple[Said, ...] = ()
    words: Mapping[str, Patterns]
    turns: Patterns = ()
    denials: Patterns
    denials_after: Patterns = ()
    affirmed: Patterns = ()
    ransoms: Patterns = ()
    ransomed: tuple[str, ...] = ()
    frames: tuple[FrameRecord, ...] = ()
    rules: tuple[RuleRecord, ...]
