"""Law compiled to SQL: a short list of statements, each making one table from the acts, the events and those before.

    compiled(law, engine) -> Program
    events -> facts of events, layer by layer -> facts of acts, layer by layer -> verdicts

One layer is one pass over the history, however many facts it holds. The statements are compiled through Ibis
and know nothing of who runs them: the same ones judge a table of candidates and a single act.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from duecourse.law.catalogue import FactKind
from duecourse.law.columns import ACT, EVENT
from duecourse.law.rulebook import Fact, Law, Rule

ACTS: Final = "law_acts"
EVENTS: Final = "law_events"
BUSINESS_DAYS: Final = "law_business_days"
VERDICTS: Final = "law_verdicts"
WORD: Final = 62  # rules whose bits share an int64

TYPES: Final[Mapping[FactKind, str]] = {
    FactKind.BOOLEAN: "boolean",
    FactKind.INTEGER: "int64",
    FactKind.DATE: "date",
    FactKind.TEXT: "string",
    FactKind.TEXTS: "array<string>",
}
ALWAYS_ACT: Final = {
    "act_no": "int64",
    "world": "int64",
    "moment": "int64",
    "day": "date",
    "rulebooks": "array<string>",
}
ALWAYS_EVENT: Final = {"event_no": "int64", "world": "int64", "moment": "int64", "seq": "int64", "event": "string"}
_DAYS_SCHEMA: Final = {"calendar": "string", "day": "date", "number": "int64", "works": "boolean"}


@dataclass(frozen=True)
class Step:
    """One statement: the table that it makes, and its SELECT."""

    table: str
    sql: str


@dataclass(frozen=True)
class Program:
    """The statements of some law, the columns that they read, and the table in which each fact is found."""

    law: Law
    acts: Mapping[str, str]
    events: Mapping[str, str]
    steps: tuple[Step, ...]
    found_in: Mapping[str, str]

    @property
    def counts_workdays(self) -> bool:
        """Whether some fact counts business days, so that calendars are needed."""
        return any(fact.days is not None for fact in self.law.needed)


def compiled(law: Law, engine: str = "duckdb") -> Program:
    """Compile rules and the facts that they need."""
    return _Compiler(law, engine).program()


class _Compiler:
    def __init__(self, law: Law, engine: str) -> None:
        self.law, self.engine = law, engine
        self.facts = {fact.name: fact for fact in law.needed}
        self.act_schema = _schema(self._names("act"), ACT, ALWAYS_ACT)
        self.event_schema = _schema(self._names("event"), EVENT, ALWAYS_EVENT, strip="event.")
        self.acts = ibis.table(self.act_schema, name=ACTS)
        self.events = ibis.table(self.event_schema, name=EVENTS)
        self.steps: list[Step] = []
        self.layers: dict[str, ir.Table] = {}  # by name of a fact: the table that it is a column of

    def _names(self, side: str) -> Iterator[str]:
        """Go through every column of the acts, or of the events, that some expression speaks of."""
        spoken = [rule.names for rule in self.law.rules] + [fact.names for fact in self.facts.values()]
        for name in sorted(frozenset[str]().union(*spoken)):
            plain = f"event.{name.removeprefix('earlier.')}" if name.startswith("earlier.") else name
            if plain not in self.facts and plain.startswith("event.") == (side == "event"):
                yield plain
        if side == "act":
            yield from ("act", "ask")

    def program(self) -> Program:
        """Compile all."""
        for way, layer in self._order():
            if way == "event":
                self._step(f"law_event_facts_{len(self.steps)}", self._event_layer(layer), layer)
            elif way == "define":
                self._step(f"law_facts_{len(self.steps)}", self._define_layer(layer), layer)
            elif way == "history":
                self._step(f"law_facts_{len(self.steps)}", self._history_layer(layer), layer)
            else:
                self._step(f"law_facts_{len(self.steps)}", self._business_layer(layer), layer)
        self._step(VERDICTS, self._verdicts(), [])
        found = {name: table.get_name() for name, table in self.layers.items()}
        return Program(self.law, self.act_schema, self.event_schema, tuple(self.steps), found)

    def _step(self, name: str, table: ir.Table, layer: Iterable[Fact]) -> None:
        self.steps.append(Step(name, ibis.to_sql(table, dialect=self.engine)))
        made = ibis.table(table.schema(), name=name)
        self.layers.update({fact.name: made for fact in layer})

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

    def _act_rows(self, used: Iterable[str]) -> ir.Table:
        """Return the acts with the columns used, from wherever they stand."""
        names = sorted(set(used))
        rows = self.acts.select(
            "act_no", "world", "moment", "day", "rulebooks",
            *(name for name in names if name in self.act_schema and name not in ALWAYS_ACT),
        )  # fmt: skip
        return _joined(rows, self.layers, [name for name in names if not name.startswith("event.")], "act_no")

    def _event_rows(self, used: Iterable[str], prefix: str) -> ir.Table:
        """Return the events with the columns used, each named with the prefix."""
        names = sorted({name.removeprefix("event.") for name in used if name.startswith("event.")})
        plain = [name for name in names if name in self.event_schema and name not in ALWAYS_EVENT]
        rows = self.events.select(*ALWAYS_EVENT, *plain)
        layers = {
            name.removeprefix("event."): table for name, table in self.layers.items() if name.startswith("event.")
        }
        rows = _joined(rows, layers, names, "event_no")
        return rows.select(**{f"{prefix}{name}": rows[name] for name in rows.columns})

    def _history_layer(self, layer: list[Fact]) -> ir.Table:
        used = self._used(layer)
        acts, events = self._act_rows(used), self._event_rows(used, "event.")
        kinds = sorted({kind for fact in layer for kind in fact.of})
        events = events.filter(events["event.event"].isin(kinds))
        seen = acts.inner_join(events, [acts.world == events["event.world"], events["event.moment"] < acts.moment])
        columns = _Columns(seen, self.facts)
        grouped = seen.group_by("act_no").aggregate(**{f.name: _aggregate(f, seen, columns, "event.") for f in layer})
        return _completed(self.acts.select("act_no"), grouped, "act_no", {fact.name: fact for fact in layer})

    def _event_layer(self, layer: list[Fact]) -> ir.Table:
        used = self._used(layer)
        made = self.events.select("event_no")
        groups = dict.fromkeys((fact.for_, fact.of) for fact in layer)
        for for_, of in groups:
            facts = [fact for fact in layer if (fact.for_, fact.of) == (for_, of)]
            later, earlier = self._event_rows(used, "event."), self._event_rows(used, "earlier.")
            later = later.filter(later["event.event"].isin(for_))
            earlier = earlier.filter(earlier["earlier.event"].isin(of))
            meets = [later["event.world"] == earlier["earlier.world"], earlier["earlier.seq"] < later["event.seq"]]
            seen = later.inner_join(earlier, meets)
            columns = _Columns(seen, self.facts)
            wanted = {f.name.removeprefix("event."): _aggregate(f, seen, columns, "earlier.") for f in facts}
            grouped = seen.group_by(event_no=seen["event.event_no"]).aggregate(**wanted)
            made = _completed(made, grouped, "event_no", {fact.name.removeprefix("event."): fact for fact in facts})
        return made

    def _define_layer(self, layer: list[Fact]) -> ir.Table:
        acts = self._act_rows(self._used(layer))
        columns = _Columns(acts, self.facts)
        return acts.select("act_no", **{fact.name: _take(fact).compile(columns) for fact in layer})

    def _business_layer(self, layer: list[Fact]) -> ir.Table:
        """Find each day a number of business days later: by its number in the calendar's running count."""
        acts = self._act_rows(self._used(layer))
        columns = _Columns(acts, self.facts)
        made = acts.select("act_no")
        for fact in layer:
            made = made.inner_join(_later(fact, acts, columns), "act_no")
        return made

    def _verdicts(self) -> ir.Table:
        """Set a bit for each rule: asked, refused, refused for want of knowledge; and give what answers give."""
        acts = self._act_rows({name for rule in self.law.rules for name in rule.names} | {"act", "ask"})
        columns = _Columns(acts, self.facts)
        judged = [_judged(rule, acts, columns) for rule in self.law.rules]
        made: dict[str, ir.Value] = {}
        for word in range(0, len(judged), WORD):
            part, number = judged[word : word + WORD], word // WORD  # a count, not money
            for index, name in enumerate(("asked", "refused", "unknown")):
                made[f"{name}_{number}"] = _bits([conditions[index] for conditions in part])
        for index, rule in enumerate(self.law.rules):
            if rule.gives is not None:
                asked = judged[index][0]
                value = rule.gives.compile(columns)
                made[f"gives_{index}"] = ibis.cases((asked, value), else_=ibis.null(value.type()))
        return acts.select("act_no", **made)


def _schema(
    names: Iterable[str], kinds: Mapping[str, FactKind], always: Mapping[str, str], strip: str = ""
) -> dict[str, str]:
    found = {name.removeprefix(strip): TYPES[kinds[name]] for name in names}
    return {**always, **{name: kind for name, kind in found.items() if name not in always}}


def _way(fact: Fact) -> str:
    if fact.record.of_event:
        return "event"
    return {"define": "define", "after_business_days": "business"}.get(fact.way, "history")


class _Columns(Mapping[str, ir.Value]):
    """The columns of a table by the names of facts; facts of events that are defined are written out."""

    def __init__(self, table: ir.Table, facts: Mapping[str, Fact], earlier: bool = False) -> None:
        self._table, self._facts, self._earlier = table, facts, earlier
        self._known = frozenset(table.columns)

    def __getitem__(self, name: str) -> ir.Value:
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


def _aggregate(fact: Fact, seen: ir.Table, columns: _Columns, prefix: str) -> ir.Value:
    """Write one aggregate over the events seen; only its kinds of event, and only where its condition is true."""
    where = seen[f"{prefix}event"].isin(fact.of)
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
        return value.sum(where=where).cast("int64")
    return value.max(where=where) if fact.way == "latest" else value.min(where=where)


def _completed(rows: ir.Table, grouped: ir.Table, key: str, facts: Mapping[str, Fact]) -> ir.Table:
    """Join what was found to every row: no event at all means none counted, none there, nothing in sum."""
    joined = rows.left_join(grouped, key).drop(f"{key}_right")
    absent: dict[str, Any] = {
        "count": ibis.literal(0).cast("int64"),
        "sum": ibis.literal(0).cast("int64"),
        "any": ibis.literal(value=False),
    }
    return joined.mutate(
        **{name: joined[name].coalesce(absent[fact.way]) for name, fact in facts.items() if fact.way in absent}
    )


def _joined(rows: ir.Table, layers: Mapping[str, ir.Table], names: Iterable[str], key: str) -> ir.Table:
    """Join the layers that hold the names, each once."""
    wanted: dict[str, tuple[ir.Table, list[str]]] = {}
    for name in names:
        if name in layers:
            table = layers[name]
            wanted.setdefault(table.get_name(), (table, []))[1].append(name)
    for table, each in wanted.values():
        rows = rows.inner_join(table.select(key, *each), key)
    return rows


@cache
def _business_days() -> ir.Table:
    return ibis.table(_DAYS_SCHEMA, name=BUSINESS_DAYS)


def _later(fact: Fact, acts: ir.Table, columns: _Columns) -> ir.Table:
    days = fact.days
    assert days is not None  # noqa: S101  the layer holds no others
    whose = acts.calendar if days.calendar == "country" else ibis.literal(days.calendar)
    asked = acts.select("act_no", from_day=_take(fact).compile(columns), whose=whose)
    start, end = _business_days(), _business_days().filter(_business_days().works).view()
    numbered = asked.left_join(start, [asked.whose == start.calendar, asked.from_day == start.day])
    numbered = numbered.select("act_no", "whose", wanted=numbered.number + days.days)
    found = numbered.left_join(end, [numbered.whose == end.calendar, numbered.wanted == end.number])
    return found.select("act_no", **{fact.name: found.day})


def _judged(rule: Rule, acts: ir.Table, columns: _Columns) -> tuple[ir.Value, ir.Value, ir.Value]:
    """Return whether the rule is asked, whether it refuses, and whether it does so for want of knowledge."""
    record = rule.record
    asked = acts.rulebooks.contains(rule.book) & _in_force(rule, acts.day)
    if rule.permit is not None:
        asked &= acts.act.isin(record.acts).coalesce(ibis.literal(value=False))
    else:
        asked &= (acts.ask == record.answers).coalesce(ibis.literal(value=False))
    unsure = ibis.literal(value=False)
    if rule.applies is not None:
        applies = rule.applies.compile(columns)
        unsure = applies.isnull()
        asked &= applies.coalesce(ibis.literal(value=True))
    if rule.permit is None:
        return asked, ibis.literal(value=False), ibis.literal(value=False)
    permit = rule.permit.compile(columns)
    refused = asked & ~permit.coalesce(ibis.literal(value=False))
    return asked, refused, refused & (permit.isnull() | unsure)


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
