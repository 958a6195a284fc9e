"""What stands in a rulebook's files: sources, facts and rules, as strict models of their YAML.

A rulebook is a folder: `book.yaml` (name and place), `sources.yaml`, any number of files with `facts` and
`rules`, the worked cases beside them (`*.cases.yaml`) and `COVERAGE.yaml`. Expressions are kept here as text
with their place; `duecourse.law.rulebook` reads them.
"""

from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from duecourse.law.document import Text

ID: Final = r"^[a-z][a-z0-9]*([._-][a-z0-9]+)*$"
NAME: Final = r"^(event\.)?[a-z][a-z0-9_]{0,62}$"
SLUG: Final = r"^[a-z0-9]+([-_][a-z0-9]+)*$"

STEPS: Final = (  # the order of questions: reasons are told in it, the strongest bar first
    "scope", "bar", "person", "time", "place", "channel", "frequency", "content", "amount", "form",
)  # fmt: skip
FORCES: Final = ("statute", "regulation", "standard", "self-regulatory", "case-practice", "house")
WAYS: Final = ("define", "after_business_days", "look_up")
AGGREGATES: Final = ("count", "any", "latest", "earliest", "last", "first", "sum")
CAPS: Final = {  # what the ledger knows of caps, and the question that a rule which feeds each answers
    "all_in_ppm_year": "rate_cap",
    "charges_ppm": "highest_lawful_charge",
}


def fault(text: str) -> PydanticCustomError:
    """Return a validation error whose words are ours."""
    return PydanticCustomError("rulebook", "{text}", {"text": text})


def _day(given: object) -> date:
    if not isinstance(given, str):
        raise fault("must be a day such as 2026-01-31")
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise fault(f"'{given}' is no day; write it as 2026-01-31") from None


def _placed(given: object) -> Text:
    if not isinstance(given, Text):
        raise fault("must be an expression; put it in quotes")
    return given


def _prose(text: str) -> str:
    if not text.strip():
        raise fault("must not be empty")
    return " ".join(text.split())


Day = Annotated[date, PlainValidator(_day)]
Formula = Annotated[Text, PlainValidator(_placed)]
Prose = Annotated[str, AfterValidator(_prose)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class Source(_Record):
    """An official text: what it is called, who publishes it, where it stands, and since when."""

    id: Annotated[str, Field(pattern=ID)]
    title: Prose
    publisher: Prose
    link: Annotated[str, Field(pattern=r"^https://\S+$")]
    citation: Prose  # how it is cited, before the pin: "12 CFR 1006."
    issued: Day | None = None
    from_: Annotated[Day | None, Field(alias="from")] = None
    note: Prose | None = None


class Cite(_Record):
    """A place in a source."""

    source: str
    pin: str = ""


class Checked(_Record):
    """How the rule was checked against its text, and when. `memory` never gates unless switched on by name."""

    how: Literal["text", "secondary", "memory"]
    on: Day


class BusinessDays(_Record):
    """A day a number of business days after another."""

    day: Formula
    days: Annotated[int, Field(ge=0, le=60)]
    calendar: Annotated[str, Field(pattern=SLUG)]  # us-statutory, or country: the borrower's


class LookUp(_Record):
    """The value of a table on a day: unknown before its first row, and after the last day that was verified."""

    table: Annotated[str, Field(pattern=NAME)]
    day: Formula


class TableRow(_Record):
    """What holds from a day until the next row's."""

    from_: Annotated[Day, Field(alias="from")]
    is_: Annotated[int, Field(alias="is")]


class TableRecord(_Record):
    """A published series, such as a reference rate: whole numbers (ppm, minor units) by day."""

    table: Annotated[str, Field(pattern=NAME)]
    says: Prose
    cite: Cite
    checked: Checked
    rows: tuple[TableRow, ...]
    until: Day  # the last day for which the last row was verified

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        days = [row.from_ for row in self.rows]
        if not days or days != sorted(set(days)) or self.until < days[-1]:
            raise fault("'rows' must stand in the order of their days, each once, and 'until' after the last")
        return self


class FactRecord(_Record):
    """A fact: what it says, and exactly one way in which it is found.

    `define` works it out from other facts. The aggregates look at earlier events: `count` and `any` name the
    kinds of event, the others name what is taken and, under `of`, the kinds. A fact named `event.x` is a
    fact of each event: with `define` it may speak of the event and the act, with an aggregate it looks at
    events earlier still (`earlier.channel`), for the kinds of event under `for`.
    """

    fact: Annotated[str, Field(pattern=NAME)]
    says: Prose
    define: Formula | None = None
    count: str | None = None
    any: str | None = None
    latest: Formula | None = None
    earliest: Formula | None = None
    last: Formula | None = None
    first: Formula | None = None
    sum: Formula | None = None
    after_business_days: BusinessDays | None = None
    look_up: LookUp | None = None
    of: str | None = None
    for_: Annotated[str | None, Field(alias="for")] = None
    where: Formula | None = None
    coalesce_because: Prose | None = None

    @property
    def way(self) -> str:
        """Which of the ways it is found in."""
        return next(way for way in (*WAYS, *AGGREGATES) if getattr(self, way) is not None)

    @property
    def of_event(self) -> bool:
        """Whether it is a fact of each event."""
        return self.fact.startswith("event.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [way for way in (*WAYS, *AGGREGATES) if getattr(self, way) is not None]
        if len(ways) != 1:
            raise fault(f"a fact has one of {', '.join((*WAYS, *AGGREGATES))}; this has {len(ways)}")
        aggregate = ways[0] in AGGREGATES
        if (self.of is None) != (not aggregate or ways[0] in {"count", "any"}):
            raise fault("'of' names the kinds of event for latest, earliest, last, first and sum, and only for them")
        if self.where is not None and not aggregate:
            raise fault("'where' goes with count, any, latest, earliest, last, first and sum")
        if (self.for_ is not None) != (self.of_event and aggregate):
            raise fault("'for' names the kinds of event that a fact of events is found for, and only there")
        return self


class Caps(_Record):
    """How a rule of kind amount feeds the ledger: as which cap, and what must be known for that.

    `needs` are columns and facts: where one is not known, silence of the book counts as not known. `changes` are days
    from which the answer differs for a loan made before. `events` are kinds of event that bring the cap: it is asked
    only for borrowers who have one, and may change on its day and on the day after.
    """

    as_: Annotated[Literal["all_in_ppm_year", "charges_ppm"], Field(alias="as")]
    needs: tuple[str, ...]
    changes: tuple[Day, ...] = ()
    events: tuple[str, ...] = ()


class RuleRecord(_Record):
    """One version of a rule; versions of one rule share its id and follow each other without a gap."""

    id: Annotated[str, Field(pattern=ID)]
    kind: Literal["act", "wording", "duty", "amount", "finding"]
    topic: Annotated[str, Field(pattern=SLUG)]
    effect: Literal["prohibits", "presumes", "advises"] = "prohibits"
    step: Literal["scope", "bar", "person", "time", "place", "channel", "frequency", "content", "amount", "form"] = (
        "form"
    )
    cite: Cite
    says: Prose
    force: Literal["statute", "regulation", "standard", "self-regulatory", "case-practice", "house"]
    checked: Checked
    from_: Annotated[Day, Field(alias="from")]
    to: Day | None = None
    acts: tuple[str, ...] = ()
    applies: Formula | None = None
    permit: Formula | None = None
    because: Prose | None = None  # with facts in braces: "{calls_counted} calls already counted"
    rows: tuple[str, ...] = ()  # rows of the book's notes that the rule encodes
    note: Prose | None = None
    answers: str | None = None
    gives: Formula | None = None
    calculate: str | None = None
    order: tuple[str, ...] = ()
    caps: Caps | None = None
    starts: str | None = None  # of a duty: kinds of event (in events, notices, holds) that start it; else being overdue
    open: Formula | None = None  # of a duty: true until it is done
    coalesce_because: Prose | None = None

    @property
    def judges(self) -> bool:
        """Whether it permits or refuses; the others answer a question."""
        return self.kind in {"act", "wording"}

    @model_validator(mode="after")
    def _shape(self) -> Self:
        if self.judges and (self.permit is None or not self.acts):
            raise fault(f"a rule of kind {self.kind} needs 'acts' and 'permit'")
        if self.judges and (self.gives is not None or self.calculate is not None or self.answers is not None):
            raise fault("'answers', 'gives' and 'calculate' belong to rules of kind duty, amount or finding")
        if not self.judges and (self.answers is None or (self.gives is None) == (self.calculate is None)):
            raise fault(f"a rule of kind {self.kind} needs 'answers', and either 'gives' or 'calculate'")
        if not self.judges and self.permit is not None:
            raise fault("'permit' belongs to rules of kind act or wording")
        if self.kind != "duty" and (self.starts is not None or self.open is not None):
            raise fault("'starts' and 'open' belong to rules of kind duty")
        if self.caps is not None:
            self._may_cap(self.caps)
        if self.to is not None and self.to <= self.from_:
            raise fault(f"'to' ({self.to}) is the first day on which the version holds no more: after 'from'")
        return self

    def _may_cap(self, caps: Caps) -> None:
        """Refuse a cap that the ledger could not take, or that would not be what a case is answered."""
        wanted = CAPS[caps.as_]
        if self.kind != "amount" or self.gives is None or self.answers != wanted:
            raise fault(f"'caps' as {caps.as_} belongs to a rule of kind amount that answers {wanted} by 'gives'")
        if caps.as_ == "all_in_ppm_year" and "loan.opened_on" not in caps.needs:
            raise fault("'caps' as all_in_ppm_year needs loan.opened_on: headroom grows from that day on")


class Book(_Record):
    """A rulebook's name, and for which borrowers it is in force."""

    id: Annotated[str, Field(pattern=SLUG)]
    title: Prose
    country: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$")] = None
    region: Annotated[str | None, Field(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$")] = None
    locality: str | None = None
    countries: tuple[str, ...] = ()  # where a book binds several, as the European Union's does
    beside: tuple[str, ...] = ()  # rulebooks that are in force with it

    def binds(self, country: str | None) -> bool:
        """Say whether it binds borrowers in some part of a country."""
        return country is not None and (country == self.country or country in self.countries)


class RuleFile(_Record):
    """The content of a file of rules. A house rulebook is one file, with the sources that its rules cite.

    `switch_on` names rules of law from memory that shall gate: a house may be stricter than what was read.
    """

    sources: tuple[Source, ...] = ()
    switch_on: tuple[str, ...] = ()
    tables: tuple[TableRecord, ...] = ()
    facts: tuple[FactRecord, ...] = ()
    rules: tuple[RuleRecord, ...] = ()


class SourceFile(_Record):
    """The content of sources.yaml."""

    sources: tuple[Source, ...]


class NotEncoded(_Record):
    """Rows of the book's notes, or questions of the vocabulary, that no rule encodes, and why."""

    rows: tuple[str, ...] = ()
    what: Prose
    why: Prose


class Coverage(_Record):
    """What a rulebook leaves out, and how it was checked; what it holds is read off its rules."""

    checked: Prose
    not_encoded: tuple[NotEncoded, ...] = ()
