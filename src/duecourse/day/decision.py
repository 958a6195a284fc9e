"""What the gate says of an act."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from duecourse.day.asking import Asked, Window
from duecourse.day.judging import Verdict
from duecourse.day.owed import Owed


@dataclass(frozen=True, repr=False)
class Words:
    """A message, before it is sealed into the outbox. Never printed.

    `details` are what paper is made with beside the text, as JSON has it: the name, the day, the amounts.
    """

    language: str
    subject: str
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """A yes or a no, with the loans that the act is about now and what they owe.

    `reasons` of a no are why, the strongest first; of a yes, the rules on account of which loans were left out.
    `verdicts` are the law's, one for each loan that it was asked about; `agreed` are loans, by their ids, of which less
    may be demanded, while an arrangement is kept. `key` is the message's, where there are `words`.
    """

    asked: Asked
    window: Window
    is_permitted: bool
    loans: tuple[Owed, ...]
    reasons: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = ()
    agreed: Mapping[str, Owed] = field(default_factory=dict)
    words: Words | None = None
    key: str | None = None
