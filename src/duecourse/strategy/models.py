"""The strategy file as strict models: shapes and units of every key. Cross-checks are in `checks`."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal, NamedTuple, Self, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from duecourse.book.schema import CHANNELS, HOLD_KINDS
from duecourse.kernel import minutes
from duecourse.kernel import words as words_like
from duecourse.kernel.languages import LANGUAGES
from duecourse.law.catalogue import FactKind
from duecourse.law.document import Text, nearest
from duecourse.law.expressions import Expression, ExpressionError, Place, parse
from duecourse.law.wording.text import CHARACTERS_MAX
from duecourse.strategy.fork.models import Fork
from duecourse.strategy.strict import NOT_EMPTY, WHOLE_PPM, Currency, NotNegative, Positive, Ppm, Says, Strict, fault
from duecourse.strategy.words import (
    ACTS,
    ADVERSE_ACTS,
    CONTENT,
    DEMANDING_ACTS,
    DEMANDING_PURPOSES,
    FACING_ACTS,
    FLOOR,
    FORK_FACTS,
    LEVEL_FACT,
    OFFER,
    PURPOSES,
    REQUIRED_PURPOSES,
    RESERVED,
    gap_fact,
    times_fact,
)

SUBJECT_MAX: Final = 120  # characters; longer ones are cut by most readers of e-mail
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Vocabulary(NamedTuple):
    """What expressions may name while a file is validated: facts, declared facts and formulas, parameters."""

    file: str
    kinds: Mapping[str, FactKind]
    parameters: Mapping[str, int]


@dataclass(frozen=True)
class Gate:
    """One condition that must be TRUE before a treatment is possible, with the reason code when it is not."""

    code: str
    condition: Expression


@dataclass(frozen=True)
class Bucket:
    """Days past due from `first_day` to `last_day`, both inclusive; the last bucket is open (None)."""

    name: str
    first_day: int
    last_day: int | None


def _one_of(words: tuple[str, ...], kind: str) -> AfterValidator:
    def known(word: str) -> str:
        if word not in words:
            raise fault(f"unknown {kind} '{word}'{nearest(word, words)}")
        return word

    return AfterValidator(known)


def _not_reserved(word: str) -> str:
    if word in RESERVED:
        raise fault(f"'{word}' is the plan's own word; choose another name")
    return word


def _content_word(word: str) -> str:
    if word not in CONTENT:
        like = words_like.nearest(word, sorted(CONTENT))
        known = f"; did you mean '{like}'?" if like else "; docs/reference/cases.md lists them under `content`"
        raise fault(f"unknown content word '{word}'{known}")
    return word


def _one_line(words: str) -> str:
    if not 0 < len(words.strip()) <= SUBJECT_MAX or not words.isprintable():
        raise fault(f"must be one line of 1 to {SUBJECT_MAX} characters")
    return words


def _language(code: str) -> str:
    if code not in LANGUAGES:
        raise fault(f"unknown language '{code}'; write its two letters of ISO 639-1, such as en or zh")
    return code


def _minutes(given: object) -> object:
    """Turn ["09:00", "12:00"] into minutes after midnight."""
    if not isinstance(given, tuple) or len(given) != 2 or not all(isinstance(end, str) for end in given):
        raise fault('a slot is two local times, such as ["09:00", "12:00"]')
    first, last = (minutes.read(end) for end in given)
    if first is None or last is None:
        raise fault(f"'{given[0]}' to '{given[1]}' is not two times between 00:00 and 24:00")
    if first >= last:
        raise fault(f"a slot ends after it starts, on the same day; {given[0]} to {given[1]} does not")
    return (first, last)


def _day(given: object) -> date:
    """Read a day, such as 2026-01-31."""
    if not isinstance(given, str) or _DAY.fullmatch(given) is None:
        raise fault("must be a day such as 2026-01-31")
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise fault(f"'{given}' is no day of the calendar") from None


def _two_people(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a template that one person alone approved, however the name is written."""
    people = {" ".join(name.split()).casefold() for name in names}
    if len(names) != 2 or "" in people:
        raise fault("a template is approved by two people: [one, another]")
    if len(people) != 2:
        raise fault(f"'{names[0]}' stands twice; a template is approved by two people")
    return names


def _vocabulary(info: ValidationInfo) -> Vocabulary:
    return cast("Vocabulary", info.context)  # `load` always gives one


def _expression(expects: FactKind) -> Callable[[object, ValidationInfo], Expression]:
    def read(given: object, info: ValidationInfo) -> Expression:
        if not isinstance(given, Text):
            raise fault("must be an expression; put it in quotes")
        words = _vocabulary(info)
        place = Place(words.file, given.line, given.column, given.key)
        because = info.data.get("coalesce_because") if info.data else None
        try:
            return parse(
                given,
                words.kinds,
                place,
                expects=expects,
                parameters=words.parameters,
                coalesce_because=because,
            )
        except ExpressionError as error:
            raise PydanticCustomError("expression", "{text}", {"text": str(error), "line": given.line}) from None

    return read


_CANONICAL: Final = PlainSerializer(lambda expression: expression.canonical, return_type=str)
Condition = Annotated[Expression, PlainValidator(_expression(FactKind.BOOLEAN)), _CANONICAL]
Number = Annotated[Expression, PlainValidator(_expression(FactKind.INTEGER)), _CANONICAL]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$"), AfterValidator(_not_reserved)]
Label = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f<>&\"']{1,60}$")]
Subject = Annotated[str, AfterValidator(_one_line)]
Act = Annotated[str, _one_of(ACTS, "act")]
Channel = Annotated[str, _one_of(CHANNELS, "channel")]
Purpose = Annotated[str, _one_of(PURPOSES, "purpose")]
HoldKind = Annotated[str, _one_of(HOLD_KINDS, "hold kind")]
ContentWord = Annotated[str, AfterValidator(_content_word)]
Language = Annotated[str, AfterValidator(_language)]
Day = Annotated[date, PlainValidator(_day), PlainSerializer(date.isoformat, return_type=str)]
Minutes = Annotated[tuple[int, int], BeforeValidator(_minutes)]


class Buckets(Strict):
    """How long overdue is called what; `by` names the fact counted, in days."""

    by: Literal["days_past_due", "delinquent_days"]
    bounds: Annotated[dict[Label, tuple[int, int | None]], NOT_EMPTY]

    @property
    def ranges(self) -> tuple[Bucket, ...]:
        """The buckets in order of days."""
        found = [Bucket(name, first, last) for name, (first, last) in self.bounds.items()]
        return tuple(sorted(found, key=lambda bucket: bucket.first_day))


class Cure(Strict):
    """A loan is cured when nothing has been overdue for this many days."""

    clean_days: Positive


class Experiment(Strict):
    """Who is left alone to measure against, and which share of the rest each arm gets; parts per million."""

    salt: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    hold_out_ppm: Ppm
    arms: Annotated[dict[Name, Annotated[int, Field(ge=1, le=WHOLE_PPM)]], NOT_EMPTY]


class Quiet(Strict):
    """While `when` is true nothing is demanded and nothing adverse is done, on any rung."""

    because: Name
    when: Condition


class StepBack(Strict):
    """While `when` is true the stage is this many rungs lower, among the rungs that hold."""

    because: Name
    when: Condition
    rungs: Positive


class Approved(Strict):
    """Who approved a template, two different people, and on which day."""

    by: Annotated[tuple[str, ...], AfterValidator(_two_people)]
    on: Day


class Template(Strict):
    """What a message, letter or script says, declared: `content` are words of the vocabulary's `content`.

    `text` are its words by language (two letters of ISO 639-1), with placeholders in braces; `subject` is the subject
    of its e-mail and the title of its letter, in the same languages. Without `approved` it is a draft.
    """

    says: Says
    content: tuple[ContentWord, ...]
    subject: dict[Language, Subject] = Field(default_factory=dict)
    text: dict[Language, Annotated[str, Field(min_length=1, max_length=CHARACTERS_MAX)]] = Field(default_factory=dict)
    approved: Approved | None = None


class Treatment(Strict):
    """One thing that a rung may do. `priority` orders borrowers, `value` orders treatments of one borrower.

    `gap_days` counts from the last act of the same kind that was really done, `times` the acts of that kind
    since the borrower became overdue (see `words`). `arms` None means every arm; `when` None means always.
    """

    name: Name
    act: Act
    channel: Channel | None = None
    team: Name | None = None
    template: Name | None = None
    slot: Name | None = None
    purpose: Purpose = "collection"
    notice: Name | None = None
    demands: bool = False
    required: bool = False
    coalesce_because: Says | None = None  # stands before the expressions, which read it
    when: Condition | None = None
    gap_days: Positive | None = None
    times: Positive | None = None
    priority: Number
    value: Number | None = None
    arms: Annotated[tuple[Name, ...], NOT_EMPTY] | None = None
    _gates: tuple[Gate, ...] = PrivateAttr(default=())

    @property
    def presses(self) -> bool:
        """Whether it asks for money or harms: not done when quiet, below the floor, or on stale payments."""
        return self.demands or self.act in ADVERSE_ACTS

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Every condition that must be TRUE: codes below_floor, condition, own_gap, own_times, stage_gap."""
        return self._gates

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.act == "contact":
            for key in ("channel", "template", "slot"):
                if getattr(self, key) is None:
                    raise fault(f"treatment '{self.name}' is a contact and needs '{key}'")
        else:
            for key in ("channel", "slot", "notice", "required"):
                if getattr(self, key):
                    raise fault(f"'{key}' is for contacts; '{self.name}' is the act '{self.act}'", key)
        if self.required and self.purpose not in REQUIRED_PURPOSES:
            raise fault(f"a required treatment has purpose {' or '.join(REQUIRED_PURPOSES)}", "required")
        if self.demands and (self.act not in DEMANDING_ACTS or self.purpose not in DEMANDING_PURPOSES):
            raise fault(
                f"only contacts and settlement offers demand money, for {' or '.join(DEMANDING_PURPOSES)}",
                "demands",
            )
        return self

    @model_validator(mode="after")
    def _gated(self, info: ValidationInfo) -> Self:
        words = _vocabulary(info)
        gates = [Gate("condition", self.when)] if self.when is not None else []
        if self.presses and f"{LEVEL_FACT}{FLOOR}" in words.kinds:  # a file without the level is refused in checks
            gates.insert(0, _gate(words, "below_floor", f"{LEVEL_FACT}{FLOOR}", self.name))
        kind = (self.act, self.channel, self.notice)
        if self.gap_days is not None:
            gates.append(_gap_gate(words, ("own_gap", self.name), gap_fact(*kind), self.gap_days))
        if self.times is not None:
            fact = times_fact(*kind)
            gates.append(_counted_gate(words, ("own_times", self.name), fact, f"{fact} < {self.times}"))
        self._gates = tuple(gates)
        return self


def _gate(words: Vocabulary, code: str, text: str, key: str) -> Gate:
    place = Place(words.file, 1, 1, key)
    try:
        return Gate(code, parse(text, words.kinds, place, expects=FactKind.BOOLEAN))
    except ExpressionError as error:
        raise fault(f"'{key}' needs a fact that is not known: {error}") from None


def _gap_gate(words: Vocabulary, named: tuple[str, str], fact: str, days: int) -> Gate:
    return _counted_gate(words, named, fact, f"{fact} is null or {fact} >= {days}")


def _counted_gate(words: Vocabulary, named: tuple[str, str], fact: str, text: str) -> Gate:
    code, key = named
    if fact not in words.kinds:
        raise fault(f"'{key}' counts by '{fact}', which is not a fact; use 'when' instead")
    return _gate(words, code, text, key)


class Rung(Strict):
    """One stage of the ladder: when it holds, and what it may do.

    It holds while `enter` is true and `leave` is not true. `min_gap_days` counts from the last contact
    really made on any channel. `priority` and `coalesce_because` stand for treatments without their own.
    """

    stage: Name
    says: Says
    enter: Condition
    leave: Condition | None = None
    min_gap_days: NotNegative = 0
    choose: Literal["order", "value"] = "order"
    priority: Number | None = None
    coalesce_because: Says | None = None
    treatments: Annotated[tuple[Treatment, ...], NOT_EMPTY]

    @model_validator(mode="before")
    @classmethod
    def _hand_down(cls, given: Any) -> Any:
        """Give treatments without their own `priority` or `coalesce_because` the rung's."""
        treatments = given.get("treatments") if isinstance(given, dict) else None
        if not isinstance(treatments, tuple):
            return given
        handed = {key: given[key] for key in ("priority", "coalesce_because") if key in given}
        filled = tuple({**handed, **one} if isinstance(one, dict) else one for one in treatments)
        return {**given, "treatments": filled}

    @model_validator(mode="after")
    def _rested(self, info: ValidationInfo) -> Self:
        """Add the rung's gap to what the borrower hears of; a required notice does not wait for it."""
        if self.min_gap_days == 0:
            return self
        gate = _gap_gate(_vocabulary(info), ("stage_gap", self.stage), "days_since_contact", self.min_gap_days)
        for treatment in self.treatments:
            if treatment.act in FACING_ACTS and not treatment.required:
                treatment._gates = (*treatment.gates, gate)  # noqa: SLF001 - the same file's model
        return self


class Strategy(Strict):
    """A whole strategy file. Money in `levels` is in minor units; capacities are acts a day.

    `slots` are minutes after midnight of the borrower's local time, the first inclusive, the second not.
    `capacity_per_day` is by channel (for contacts) or by act, then by team; what is absent is unlimited.
    `templates` None: nothing is declared of any template. `fork` None: no expression may name a value of the fork.
    """

    name: Name
    says: Says
    buckets: Buckets
    cure: Cure
    payments_fresh_days: NotNegative
    levels: dict[Name, dict[Currency, NotNegative]]
    parameters: dict[Name, int] = Field(default_factory=dict)
    formulas: dict[Name, Number] = Field(default_factory=dict)
    slots: dict[Name, Minutes]
    teams: tuple[Name, ...] = ()
    capacity_per_day: dict[str, dict[Name, NotNegative]] = Field(default_factory=dict)
    holds: dict[HoldKind, tuple[Act, ...]]
    experiment: Experiment
    quiet: tuple[Quiet, ...] = ()
    step_back: tuple[StepBack, ...] = ()
    templates: dict[Name, Template] | None = None
    fork: Fork | None = None
    ladder: Annotated[tuple[Rung, ...], NOT_EMPTY]

    @property
    def treatments(self) -> tuple[Treatment, ...]:
        """Every treatment, lowest rung first."""
        return tuple(treatment for rung in self.ladder for treatment in rung.treatments)

    def content_of(self, treatment: Treatment) -> tuple[str, ...] | None:
        """Return what a treatment's act says, in words of the vocabulary, sorted; None where nothing is declared."""
        template = (self.templates or {}).get(treatment.template or "")
        offer = {OFFER} if treatment.act == "settle" else set[str]()
        if template is None:
            return tuple(offer) or None
        return tuple(sorted(offer.union(template.content)))

    @property
    def content_words(self) -> frozenset[str]:
        """Every word of content that an act of the strategy may carry."""
        return frozenset(word for treatment in self.treatments for word in self.content_of(treatment) or ())

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Every expression of the file, formulas and gates among them."""
        found = [
            *self.formulas.values(),
            *(one.when for one in self.quiet),
            *(one.when for one in self.step_back),
        ]
        for rung in self.ladder:
            found += [rung.enter] if rung.leave is None else [rung.enter, rung.leave]
        for treatment in self.treatments:
            found += [gate.condition for gate in treatment.gates]
            found += [one for one in (treatment.priority, treatment.value) if one is not None]
        return tuple(found)

    @property
    def facts(self) -> frozenset[str]:
        """Every fact that the night must compute, those of `levels` included; formulas and the fork's values not."""
        named = frozenset[str]().union(*(expression.facts for expression in self.expressions))
        return named - self.formulas.keys() - FORK_FACTS.keys()

    @property
    def level_facts(self) -> dict[str, Mapping[str, int]]:
        """For each fact that `levels` declare, its threshold in minor units by currency."""
        return {f"{LEVEL_FACT}{name}": amounts for name, amounts in self.levels.items()}

    @property
    def canonical(self) -> str:
        """The content in one form: layout, comments and the order of keys make no difference."""
        content = self.model_dump(mode="json")
        return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @property
    def hash(self) -> str:
        """SHA-256 of `canonical` in UTF-8, in hexadecimal."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()
