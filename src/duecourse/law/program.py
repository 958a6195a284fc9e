"""Law compiled to SQL: a short list of statements, each making one table from the acts, the events and those before.

    compiled(law, engine) -> Program
    events -> facts of events, layer by layer -> facts of acts, layer by layer -> verdicts

One layer is one pass over the history, however many facts it holds. The statements are compiled through Ibis
and know nothing of who runs them: the same ones judge a table of candidates and a single act.
"""

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from duecourse.law.catalogue import FactKind
from duecourse.law.columns import ACT, EVENT
from duecourse.law.expression_ibis import Narrow
from duecourse.law.rulebook import Fact, Law, Rule

ACTS: Final = "law_acts"
EVENTS: Final = "law_events"
BUSINESS_DAYS: Final = "law_business_days"
SAME: Final = "law_same"
JUDGED: Final = "law_judged"
VERDICTS: Final = "law_verdicts"
WORD: Final = 62  # rules whose bits share an int64

TYPES: Final[Mapping[FactKind, str]] = {
    FactKind.BOOLEAN: "boolean",
    FactKind.INTEGER: "int64",
    FactKind.DATE: "date",
    FactKind.TEXT: "string",
    FactKind.TEXTS: "array<string>",
}
# `seen` is the moment up to which an act sees the history: its own in a case, the same for all acts of a night.
ALWAYS_ACT: Final = {
    "act_no": "int64",
    "world": "int64",
    "moment": "int64",
    "seen": "int64",
    "day": "date",
    "rulebooks": "array<string>",
}
ALWAYS_EVENT: Final = {"event_no": "int64", "world": "int64", "moment": "int64", "seq": "int64", "event": "string"}
# What a borrower's possible acts of one day have in common; a fact that asks for no more is worked out once for them.
_COMMON: Final = frozenset(
    {"loan", "debt", "with", "by", "day", "calendar", "holiday", "workday", "several_loans", "direction", "rulebooks"}
)
_COMMON_OF: Final = ("loan.", "borrower.", "person.", "collector.", "actor.")
_GIVEN_WITH: Final = ("loan.", "borrower.", "collector.", "actor.")  # follow from the loan, the world and the firm
_FOUND_BY: Final = "found_by"
_DAYS_SCHEMA: Final = {"calendar": "string", "day": "date", "number": "int64", "works": "boolean"}


@dataclass(frozen=True)
class Step:
    """One statement: the table that it makes, and its SELECT."""

    table: str
    sql: str


@dataclass(frozen=True)
class Reads:
    """What some law reads: the columns of acts and of events with their Ibis types, and whether it counts workdays."""

    acts: Mapping[str, str]
    events: Mapping[str, str]
    counts_workdays: bool


@dataclass(frozen=True)
class Program:
    """The statements of some law, the columns that they read, and the table in which each fact is found.

    `suffix` stands behind the names of all its tables. Tables `in_common` have one row for all acts that are alike,
    by the number of the first of them: `same_no` in the table of SAME.
    """

    law: Law
    suffix: str
    reads: Reads
    steps: tuple[Step, ...]
    found_in: Mapping[str, str]
    in_common: frozenset[str] = frozenset()


def is_set(verdict: Mapping[str, Any], which: str, place: int) -> bool:
    """Say whether the bit of the rule at a place is set in one row of verdicts."""
    return bool(verdict[f"{which}_{place // WORD}"] >> (place % WORD) & 1)  # a place among bits, not money


def reads(law: Law) -> Reads:
    """Return what some law reads."""
    workdays = any(fact.days is not None for fact in law.needed)
    spoken = frozenset[str]().union(*(rule.names for rule in law.rules), *(fact.names for fact in law.needed))
    plain = {f"event.{name.removeprefix('earlier.')}" if name.startswith("earlier.") else name for name in spoken}
    names = sorted(plain - {fact.name for fact in law.needed})
    of_acts = [name for name in names if not name.startswith("event.")]
    of_events = [name for name in names if name.startswith("event.")]
    # By the loan and the firm an act's other common columns are given.
    demands = ["demands"] if any(rule.is_of_demands for rule in law.rules) else []
    acts = _schema([*of_acts, *demands, "act", "ask", "loan", "by"], ACT, ALWAYS_ACT)
    return Reads(acts, _schema(of_events, EVENT, ALWAYS_EVENT, strip="event."), workdays)


def compiled(law: Law, engine: str = "duckdb", suffix: str = "") -> Program:
    """Compile rules and the facts that they need; `suffix` goes behind the names of all tables."""
    return _Compiler(law, engine, suffix).program()


class _Compiler:
    def __init__(self, law: Law, engine: str, suffix: str) -> None:
        self.law, self.engine, self.suffix = law, engine, suffix
        self.facts = {fact.name: fact for fact in law.needed}
        self.reads = reads(law)
        self.act_schema, self.event_schema = self.reads.acts, self.reads.events
        self.acts = ibis.table(self.act_schema, name=f"{ACTS}{suffix}")
        self.events = ibis.table(self.event_schema, name=f"{EVENTS}{suffix}")
        self.steps: list[Step] = []
        self.layers: dict[str, ir.Table] = {}  # by name of a fact: the table that it is a column of
        self.in_common: set[str] = set()
        self.shares = any(_way(fact) == "history" and self._is_common(fact.name) for fact in self.facts.values())

    def program(self) -> Program:
        """Compile all."""
        makers = {"define": self._define_layer, "history": self._history_layer, "business": self._business_layer}
        if self.shares:
            self.acts = self._step(SAME, self._same(), [])
        for way, layer in self._order():
            if way == "event":
                for part in _by_kinds(layer):
                    self._step(f"law_event_facts_{len(self.steps)}", self._event_layer(part), part)
                continue
            for part in self._split(layer, by_kind=way == "history"):
                common = self._is_shared(part[0].name)
                made = makers[way](part, self._rows_of(common=common))
                table = self._step(f"law_facts_{len(self.steps)}", made, part)
                if common:
                    self.in_common.add(table.get_name())
        self._verdict_step()
        found = {name: table.get_name() for name, table in self.layers.items()}
        return Program(self.law, self.suffix, self.reads, tuple(self.steps), found, frozenset(self.in_common))

    def _step(self, name: str, table: ir.Table, layer: Iterable[Fact]) -> ir.Table:
        """Add a statement; return the table that it makes."""
        name = f"{name}{self.suffix}"
        self.steps.append(Step(name, ibis.to_sql(table, dialect=self.engine)))
        made = ibis.table(table.schema(), name=name)
        self.layers.update({fact.name: made for fact in layer})
        return made

    def _verdict_step(self) -> None:
        """Judge in one statement: what each rule says is some columns a rule, which are only read to set its bits."""
        judged = self._judged()
        verdicts = self._verdicts(ibis.table(judged.schema(), name=JUDGED))
        texts = [ibis.to_sql(table, dialect=self.engine) for table in (judged, verdicts)]
        self.steps.append(Step(f"{VERDICTS}{self.suffix}", f"WITH {JUDGED} AS ({texts[0]}) {texts[1]}"))

    def _order(self) -> Iterator[tuple[str, list[Fact]]]:
        """Sort the facts into layers: a fact's layer comes after those of all facts that it looks at."""
        done: set[str] = set()
        waiting = [fact for fact in self.facts.values() if not (fact.record.of_event and fact.way == "define")]
        while waiting:
            ready = [fact for fact in waiting if self._looked_at(fact) <= done]
            way = next(
                each for each in ("event", "define", "business", "history") if any(_way(f) == each for f in ready)
            )
            layer = [fact for fact in ready if _way(fact) == way]
            yield way, layer
            done.update(fact.name for fact in layer)
            waiting = [fact for fact in waiting if fact not in layer]

    def _looked_at(self, fact: Fact) -> set[str]:
        """Return the facts with a column of their own that a fact looks at, through those that are written out."""
        found: set[str] = set()
        for name in fact.names:
            plain = f"event.{name.removeprefix('earlier.')}" if name.startswith("earlier.") else name
            other = self.facts.get(plain)
            if other is None:
                continue
            if other.record.of_event and other.way == "define":
                found |= self._looked_at(other)
            else:
                found.add(plain)
        return found

    def _used(self, facts: Iterable[Fact]) -> set[str]:
        """Return every column name that the facts need, those of facts written out in them included."""
        used: set[str] = set()
        for fact in facts:
            for name in fact.names:
                plain = f"event.{name.removeprefix('earlier.')}" if name.startswith("earlier.") else name
                other = self.facts.get(plain)
                used.add(plain)
                if other is not None and other.record.of_event and other.way == "define":
                    used |= self._used([other])
        return used

    def _rows_of(self, *, common: bool) -> ir.Table:
        """Return the acts that a layer is worked out for: of acts that have in common all it looks at, the first."""
        return self.acts.filter(self.acts.act_no == self.acts.same_no) if common else self.acts

    def _act_rows(self, rows: ir.Table, used: Iterable[str]) -> ir.Table:
        """Return acts with the columns used, from wherever they stand."""
        names = sorted(set(used))
        always = [*ALWAYS_ACT, *(["same_no"] if self.shares else [])]
        plain = [name for name in names if name in self.act_schema and name not in ALWAYS_ACT]
        rows = rows.select(*always, *plain)
        for table, each in self._layers_of(name for name in names if not name.startswith("event.")):
            key = "same_no" if table.get_name() in self.in_common else "act_no"
            rows = _joined(rows, table, each, key, "act_no")
        return rows

    def _event_rows(self, used: Iterable[str], prefix: str) -> ir.Table:
        """Return the events with the columns used, each named with the prefix."""
        names = sorted({name for name in used if name.startswith("event.")})
        plain = [name.removeprefix("event.") for name in names]
        rows = self.events.select(
            *ALWAYS_EVENT, *(name for name in plain if name in self.event_schema and name not in ALWAYS_EVENT)
        )
        for table, each in self._layers_of(names):
            found = [name.removeprefix("event.") for name in each]
            rows = _completed(_joined(rows, table, found, "event_no", "event_no"), [self.facts[name] for name in each])
        return rows.select(**{f"{prefix}{name}": rows[name] for name in rows.columns})

    def _layers_of(self, names: Iterable[str]) -> Iterator[tuple[ir.Table, list[str]]]:
        """Go through the layers that hold some facts, each once, with those of the facts that it holds."""
        wanted: dict[str, tuple[ir.Table, list[str]]] = {}
        for name in names:
            if name in self.layers:
                table = self.layers[name]
                wanted.setdefault(table.get_name(), (table, []))[1].append(name)
        yield from wanted.values()

    def _split(self, layer: list[Fact], *, by_kind: bool) -> list[list[Fact]]:
        """Split a layer: facts common to a borrower's acts apart from others, those about contacts from rarer ones."""
        parts: dict[tuple[bool, bool], list[Fact]] = {}
        for fact in layer:
            parts.setdefault((self._is_shared(fact.name), by_kind and "contact" in fact.of), []).append(fact)
        return list(parts.values())

    def _is_shared(self, name: str) -> bool:
        return self.shares and self._is_common(name)

    def _is_common(self, name: str) -> bool:
        """Whether something is the same for all acts of one day about one loan with one person."""
        if name in EVENT or name in _COMMON or name.startswith(("earlier.", *_COMMON_OF)):
            return True
        fact = self.facts.get(name)
        return fact is not None and all(self._is_common(other) for other in fact.names)

    def _same(self) -> ir.Table:
        """Name for each act the first of those that it has all in common with."""
        names = [name for name in self.act_schema if name in _COMMON or name.startswith(_COMMON_OF)]
        names = [name for name in names if not name.startswith(_GIVEN_WITH) and name != "rulebooks"]
        alike = ibis.window(group_by=[self.acts[name] for name in ("world", "seen", *names)])
        return self.acts.mutate(same_no=self.acts.act_no.min().over(alike))

    def _history_layer(self, layer: list[Fact], rows: ir.Table) -> ir.Table:
        used = self._used(layer)
        acts, events = self._act_rows(rows, used), self._event_rows(used, "event.")
        kinds = sorted({kind for fact in layer for kind in fact.of})
        events = events.filter(events["event.event"].isin(kinds))
        seen = acts.inner_join(events, [acts.world == events["event.world"], events["event.moment"] < acts.seen])
        columns = _Columns(seen, self.facts)
        grouped = seen.group_by("act_no").aggregate(
            **{fact.name: _aggregate(fact, seen, columns, "event.", kinds) for fact in layer}
        )
        names = [fact.name for fact in layer]
        return _completed(_joined(rows.select("act_no"), grouped, names, "act_no", "act_no"), layer)

    def _event_layer(self, layer: list[Fact]) -> ir.Table:
        """Work out facts about the events of some kinds; events that have none of those counted are left out."""
        used, (for_, of) = self._used(layer), (layer[0].for_, layer[0].of)
        later, earlier = self._event_rows(used, "event."), self._event_rows(used, "earlier.")
        later = later.filter(later["event.event"].isin(for_))
        earlier = earlier.filter(earlier["earlier.event"].isin(of))
        meets = [later["event.world"] == earlier["earlier.world"], earlier["earlier.seq"] < later["event.seq"]]
        seen = later.inner_join(earlier, meets)
        seen = _wanted_by(layer, seen, _Columns(seen, self.facts))
        columns = _Columns(seen, self.facts)
        wanted = {_plain(fact): _aggregate(fact, seen, columns, "earlier.", of) for fact in layer}
        return seen.group_by(event_no=seen["event.event_no"]).aggregate(**wanted)

    def _define_layer(self, layer: list[Fact], rows: ir.Table) -> ir.Table:
        acts = self._act_rows(rows, self._used(layer))
        columns = _Columns(acts, self.facts)
        return acts.select("act_no", **{fact.name: _defined(fact, columns) for fact in layer})

    def _business_layer(self, layer: list[Fact], rows: ir.Table) -> ir.Table:
        """Find each day a number of business days later: by its number in the calendar's running count."""
        acts = self._act_rows(rows, self._used(layer))
        columns = _Columns(acts, self.facts)
        made = acts.select("act_no")
        for fact in layer:
            made = made.inner_join(_later(fact, acts, columns), "act_no")
        return made

    def _judged(self) -> ir.Table:
        """Work out for each rule whether it is asked and what it says; and for answers, what they give."""
        spoken = {name for rule in self.law.rules for name in rule.names}
        acts = self._act_rows(self.acts, spoken | {"act", "ask", "demands"})
        columns = _Columns(acts, self.facts)
        made: dict[str, ir.Value] = {}
        for index, rule in enumerate(self.law.rules):
            asked, unsure = _asked(rule, acts, columns)
            made[f"asked_{index}"] = asked
            made[f"unsure_{index}"] = unsure
            if rule.permit is not None:
                made[f"permit_{index}"] = rule.permit.compile(columns)
            if rule.gives is not None:
                value = rule.gives.compile(columns)
                made[f"gives_{index}"] = ibis.cases((asked, value), else_=ibis.null(value.type()))
        return acts.select("act_no", **made)

    def _verdicts(self, rows: ir.Table) -> ir.Table:
        """Set a bit for each rule: asked, refused, refused for want of knowledge; and give what answers give."""
        judged = [_verdict(rule, index, rows) for index, rule in enumerate(self.law.rules)]
        made: dict[str, ir.Value] = {}
        for word in range(0, len(judged), WORD):
            part, number = judged[word : word + WORD], word // WORD  # a count, not money
            for index, name in enumerate(("asked", "refused", "unknown")):
                made[f"{name}_{number}"] = _bits([conditions[index] for conditions in part])
        return rows.select("act_no", *(name for name in rows.columns if name.startswith("gives_")), **made)


def _schema(
    names: Iterable[str], kinds: Mapping[str, FactKind], always: Mapping[str, str], strip: str = ""
) -> dict[str, str]:
    found = {name.removeprefix(strip): TYPES[kinds[name]] for name in names}
    return {**always, **{name: kind for name, kind in found.items() if name not in always}}


def _way(fact: Fact) -> str:
    if fact.record.of_event:
        return "event"
    ways = {"define": "define", "look_up": "define", "after_business_days": "business"}
    return ways.get(fact.way, "history")


class _Columns(Mapping[str, ir.Value]):
    """The columns of a table by the names of facts; facts of events that are defined are written out."""

    def __init__(self, table: ir.Table, facts: Mapping[str, Fact], earlier: bool = False) -> None:
        self._table, self._facts, self._earlier = table, facts, earlier
        self._known = frozenset(table.columns)
        self._made: dict[str, ir.Value] = {}

    def __getitem__(self, name: str) -> ir.Value:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> ir.Value:
        earlier = name.startswith("earlier.")
        if self._earlier and name.startswith("event."):
            name, earlier = f"earlier.{name.removeprefix('event.')}", True
        if name in self._known:
            return self._table[name]
        fact = self._facts[f"event.{name.removeprefix('earlier.')}" if earlier else name]
        return _take(fact).compile(_Columns(self._table, self._facts, earlier=earlier))

    def __contains__(self, name: object) -> bool:
        try:
            self[str(name)]
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def _take(fact: Fact) -> Any:
    assert fact.take is not None  # noqa: S101  records see to it
    return fact.take


def _defined(fact: Fact, columns: "_Columns") -> ir.Value:
    """Write a fact that follows from others; a table becomes a chain of cases, its newest row first."""
    value = _take(fact).compile(columns)
    if fact.table is None:
        return value
    unknown = ibis.null("int64")
    rows = [
        (value >= ibis.literal(row.from_), ibis.literal(row.is_).cast("int64")) for row in reversed(fact.table.rows)
    ]
    return ibis.cases((value > ibis.literal(fact.table.until), unknown), *rows, else_=unknown)


def _wanted_by(facts: Sequence[Fact], seen: ir.Table, columns: _Columns) -> ir.Table:
    """Leave out pairs of events that no fact counts: what one side alone decides is then decided before they meet."""
    wheres = [fact.where for fact in facts if fact.where is not None]
    if len(wheres) < len(facts):
        return seen
    return seen.filter(reduce(operator.or_, (where.compile(columns) for where in wheres)))


def _aggregate(fact: Fact, seen: ir.Table, columns: _Columns, prefix: str, kinds: Sequence[str]) -> ir.Value:
    """Write one aggregate over events of some kinds: only those of its own, and where its condition holds."""
    where = ibis.literal(value=True) if set(kinds) == set(fact.of) else seen[f"{prefix}event"].isin(fact.of)
    if fact.where is not None:
        where &= fact.where.compile(columns)
    if fact.way == "count":
        return where.ifelse(1, 0).sum().cast("int64")
    if fact.way == "any":
        return where.ifelse(1, 0).max() == 1
    value = _take(fact).compile(columns)
    if fact.way in {"last", "first"}:
        order = seen[f"{prefix}seq"]
        known = where & value.notnull()
        return value.argmax(order, where=known) if fact.way == "last" else value.argmin(order, where=known)
    if fact.way == "sum":
        return Narrow(value.sum(where=where)).to_expr()
    return value.max(where=where) if fact.way == "latest" else value.min(where=where)


def _plain(fact: Fact) -> str:
    return fact.name.removeprefix("event.")


def _by_kinds(layer: Iterable[Fact]) -> list[list[Fact]]:
    """Split a layer of facts of events by the kinds of event that they are about and that they count."""
    parts: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Fact]] = {}
    for fact in layer:
        parts.setdefault((fact.for_, fact.of), []).append(fact)
    return list(parts.values())


def _completed(rows: ir.Table, facts: Iterable[Fact]) -> ir.Table:
    """Fill in what no event at all means: none counted, none there, nothing in sum."""
    absent: dict[str, Any] = {
        "count": ibis.literal(0).cast("int64"),
        "sum": ibis.literal(0).cast("int64"),
        "any": ibis.literal(value=False),
    }
    counted = [fact for fact in facts if fact.way in absent]
    return rows.mutate(**{_plain(fact): rows[_plain(fact)].coalesce(absent[fact.way]) for fact in counted})


def _joined(rows: ir.Table, table: ir.Table, names: Iterable[str], key: str, by: str) -> ir.Table:
    """Join columns of another table, found by its column `by`, to every row.

    The order of left joins is left alone by engines, which take dozens of inner joins for a riddle and order them
    badly.
    """
    found = table.select(*names, **{_FOUND_BY: table[by]})
    return rows.left_join(found, rows[key] == found[_FOUND_BY]).drop(_FOUND_BY)


@cache
def _business_days() -> ir.Table:
    return ibis.table(_DAYS_SCHEMA, name=BUSINESS_DAYS)


def _later(fact: Fact, acts: ir.Table, columns: _Columns) -> ir.Table:
    days = fact.days
    assert days is not None  # noqa: S101  the layer holds no others
    whose = acts.calendar if days.calendar == "country" else ibis.literal(days.calendar)
    asked = acts.select("act_no", from_day=_take(fact).compile(columns), whose=whose).view()
    start, end = _business_days(), _business_days().filter(_business_days().works).view()
    numbered = asked.left_join(start, [asked.whose == start.calendar, asked.from_day == start.day])
    numbered = numbered.select("act_no", "whose", wanted=numbered.number + days.days).view()
    found = numbered.left_join(end, [numbered.whose == end.calendar, numbered.wanted == end.number])
    return found.select("act_no", **{fact.name: found.day})


def _asked(rule: Rule, acts: ir.Table, columns: _Columns) -> tuple[ir.Value, ir.Value]:
    """Return whether a rule is asked of an act, and whether that itself is not known (then it is)."""
    record = rule.record
    asked = acts.rulebooks.contains(rule.book) & _in_force(rule, acts.day)
    kind = acts.ask == record.answers if rule.permit is None else _is_judged(rule, acts)
    asked &= kind.coalesce(ibis.literal(value=False))
    if rule.applies is None:
        return asked, ibis.literal(value=False)
    applies = rule.applies.compile(columns)
    return asked & applies.coalesce(ibis.literal(value=True)), applies.isnull()


def _is_judged(rule: Rule, acts: ir.Table) -> ir.Value:
    """Say whether an act is one that a rule judges; a contact that asks for money is a demand too."""
    judged = acts.act.isin(rule.record.acts)
    if not rule.is_of_demands:
        return judged
    demands = (acts.act == "contact") & acts.demands.coalesce(ibis.literal(value=False))
    return judged | demands


def _verdict(rule: Rule, index: int, rows: ir.Table) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Return whether the rule is asked, whether it refuses, and whether it does so for want of knowledge.

    Of a rule that answers a question the last says that it is asked for want of knowledge.
    """
    asked, nothing = rows[f"asked_{index}"], ibis.literal(value=False)
    if rule.permit is None:
        return asked, nothing, asked & rows[f"unsure_{index}"]
    permit = rows[f"permit_{index}"]
    refused = asked & ~permit.coalesce(nothing)
    return asked, refused, refused & (permit.isnull() | rows[f"unsure_{index}"])


def _in_force(rule: Rule, day: ir.Value) -> ir.Value:
    """Say whether this version holds on the day of the act; without a day the version that holds now does."""
    if rule.record.to is None:
        return (day >= ibis.literal(rule.record.from_)).coalesce(ibis.literal(value=True))
    holds = (day >= ibis.literal(rule.record.from_)) & (day < ibis.literal(rule.record.to))
    return holds.coalesce(ibis.literal(value=False))


def _bits(conditions: list[ir.Value]) -> ir.Value:
    """Write conditions as the bits of an int64, the first the least."""
    total = ibis.literal(0).cast("int64")
    for place, condition in enumerate(conditions):
        total += ibis.cases((condition, ibis.literal(1 << place).cast("int64")), else_=ibis.literal(0).cast("int64"))
    return total
