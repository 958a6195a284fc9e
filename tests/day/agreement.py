"""A night over a book in which the law has much to refuse, put in force in a store, and what both say of its acts."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from duecourse.book.loaded import LoadedBook
from duecourse.day.asking import Asked, Window
from duecourse.day.decision import Decision, Words
from duecourse.day.gate import Gate
from duecourse.day.known import Known
from duecourse.day.owed import Owed
from duecourse.day.publish import Night as Left
from duecourse.day.publish import _window, publish
from duecourse.law.judge import gates
from duecourse.law.program import VERDICTS, is_set
from duecourse.law.rulebook import Law
from duecourse.night import plan, publishing
from duecourse.night.moment import Moment
from duecourse.night.run import Night, Options
from duecourse.store.keys import Keyring
from duecourse.store.place import Place
from duecourse.strategy.models import Strategy
from tests.night import books
from tests.night.test_lawful import KINDS, NOTICES, PLACES, Row, pressed, told

ON: Final = books.MADE_FOR
STRATEGY: Final = Path(__file__).with_name("agreement.yaml")
BATCH: Final = 100
NO_LAW: Final = {"country": "JP", "region": None, "locality": None}
_DAY: Final = (540, 1020)  # of an act without a slot: nine to five
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Act:
    """A treatment proposed to a borrower, and why the night's law bars it, by loan: ids of rules, none if it may be.

    `overdue` is in minor units; `blocked` is the reason for which the law was not asked.
    """

    borrower: int
    treatment: str
    country: str
    zone: str
    loans: Mapping[str, frozenset[str]]
    strongest: Mapping[str, str]
    overdue: Mapping[str, int]
    blocked: str | None = None


@dataclass(frozen=True)
class Worked:
    """A night that was worked out: what it left, and the acts of it, by the store's numbers of borrowers."""

    left: Left
    strategy: Strategy
    acts: list[Act]


def book(folder: Path, home: Path, loans: int, countries: frozenset[str], seed: int = 4) -> LoadedBook:
    """Load a synthetic book with a full past of every kind, whose borrowers live where some rulebook is."""
    mapping = books.enriched(folder, loans, seed)
    contacts: list[Row] = []

    def noted(rows: list[Row]) -> list[Row]:
        contacts.extend(rows)
        return pressed(rows)

    books.change(folder, "contacts", noted)
    books.change(folder, "borrowers", partial(settled, countries))
    books.change(folder, "consents", withdrawn)
    books.change(folder, "events", lambda rows: told("event", KINDS, contacts, rows))
    books.change(folder, "notices", lambda rows: told("notice", NOTICES, contacts, rows))
    return books.loaded(mapping, home)


def settled(countries: frozenset[str], borrowers: list[Row]) -> list[Row]:
    """Let borrowers live in some countries, one in thirty where there is no rulebook; a few in no zone at all."""
    dice = random.Random(7)
    found = [place for place in PLACES if place["country"] in countries]
    homes = {row["borrower_id"]: NO_LAW if dice.random() < 0.033 else dice.choice(found) for row in borrowers}
    lost = {whose for whose in homes if dice.random() < 0.01}
    return [
        {**row, **homes[row["borrower_id"]], **({"zones": None} if row["borrower_id"] in lost else {})}
        for row in borrowers
    ]


def withdrawn(consents: list[Row]) -> list[Row]:
    """Let one consent in six be taken back."""
    dice = random.Random(11)
    more = []
    for row in consents:
        if row["withdrawn_at"] is None and dice.random() < 0.17:
            at = row["given_at"] + timedelta(days=40)
            more.append({**row, "withdrawn_at": at, "recorded_at": row["recorded_at"] + timedelta(days=40, hours=1)})
    return [*consents, *more]


def worked(loaded: LoadedBook, strategy: Strategy, place: Place, out: Path, moment: Moment, **how: bool) -> Worked:
    """Work a night out, publish it into a store unless `is_published` is false, and return what it says of every act.

    Borrowers whom the store does not know are left out.
    """
    night = Night(loaded, strategy, Options(threads=2, memory="2GB", parts=1))
    try:
        out.mkdir(parents=True, exist_ok=True)
        night.positions(moment, out)
        night.plan(moment, with_duties=False)
        night.engine.write(night.engine.table("plan").drop("about").order_by(*plan.KEY), out / "plan.parquet")
        files = publishing.write(night, moment, out / "published")
        left = Left(
            moment.on, loaded.zone, out / "plan.parquet", files, strategy.slots, night.plan_hash(), strategy.hash,
            night.law.hash,
        )  # fmt: skip
        if how.get("is_published", True):
            publish(place.url(), left)
        return Worked(left, strategy, list(_acts(night, files, _numbers(place))))
    finally:
        night.close()


def _numbers(place: Place) -> dict[str, int]:
    with place.connected() as connection:
        rows: list[Any] = connection.execute("SELECT borrower_id, id FROM borrower").fetchall()
    return {str(name): int(number) for name, number in rows}


def _acts(night: Night, files: Mapping[str, Path], numbers: Mapping[str, int]) -> Iterator[Act]:
    tables, engine = night.engine.table, night.engine
    cases = {row["borrower_id"]: row for row in pq.read_table(files["collection_case"]).to_pylist()}
    people = {row["borrower_no"]: row["borrower_id"] for row in engine.rows(tables("published_people"))}
    names = {row["treatment_no"]: row["treatment"] for row in engine.rows(tables("treatments"))}
    refused = _refused(night)
    rows = engine.rows(
        tables("law_rows").select("treatment_no", "loan_no", "loan", "country", "books", borrower_no="world")
    )
    rows.sort(key=lambda row: (row["treatment_no"], row["country"], row["borrower_no"], row["loan"]))
    strongest = {_key(row): row["rule"] for row in engine.rows(tables("law_refused"))}
    overdue = {row["loan_id"]: row["overdue"] for row in engine.rows(tables("counted").select("loan_id", "overdue"))}
    known = {number for number, name in people.items() if name in numbers}
    rows = [row for row in rows if row["borrower_no"] in known]
    for (borrower, number), some in groupby(rows, key=lambda row: (row["borrower_no"], row["treatment_no"])):
        case = cases[people[borrower]]
        each = list(some)
        yield Act(
            numbers[people[borrower]],
            names[number],
            case["country"],
            case["zones"].partition(" ")[0],
            {
                row["loan"]: refused.get(_key(row), frozenset()) if row["books"] else frozenset({"no_rulebook"})
                for row in each
            },
            {row["loan"]: strongest.get(_key(row), "") for row in each},
            {row["loan"]: overdue[row["loan"]] for row in each},
        )
    yield from _blocked(night, cases, people, names, numbers)


def _blocked(
    night: Night, cases: Mapping[str, Row], people: Mapping[int, str], names: Mapping[int, str],
    numbers: Mapping[str, int],
) -> Iterator[Act]:  # fmt: skip
    """Return the candidates that never came before the law, with all loans that count."""
    engine, tables = night.engine, night.engine.table
    loans: dict[int, dict[str, int]] = {}
    for row in engine.rows(tables("counted").select("borrower_no", "loan_id", "overdue").order_by("loan_id")):
        loans.setdefault(row["borrower_no"], {})[row["loan_id"]] = row["overdue"]
    for row in engine.rows(tables("open_candidates").select("borrower_no", "treatment_no", "blocked")):
        if row["blocked"] is not None and people[row["borrower_no"]] in numbers:
            whose = people[row["borrower_no"]]
            case, about = cases[whose], loans[row["borrower_no"]]
            yield Act(
                numbers[whose], names[row["treatment_no"]], case["country"], case["zones"].partition(" ")[0],
                dict.fromkeys(about, frozenset[str]()), dict.fromkeys(about, ""), about, row["blocked"],
            )  # fmt: skip


def _key(row: Row) -> tuple[int, int, int]:
    return row["borrower_no"], row["treatment_no"], row["loan_no"]


def _refused(night: Night) -> dict[tuple[int, int, int], frozenset[str]]:
    """Return all rules that count and refuse, by borrower, treatment and loan."""
    tables, engine = night.engine.table, night.engine
    acts = tables("law_rows").select("act_no", "treatment_no", "loan_no", borrower_no="world")
    found = {}
    for program in night.lawful.programs.values():
        counting = [(place, rule.id) for place, rule in enumerate(program.law.rules) if gates(rule)]
        for row in engine.rows(tables(f"{VERDICTS}{program.suffix}").join(acts, "act_no")):
            found[_key(row)] = frozenset(name for place, name in counting if is_set(row, "refused", place))
    return found


def _nothing(_asked: Asked, _known: Known, _owed: Sequence[Owed], _on: date, _key: str) -> Words:
    """Write no words: nothing is released here."""
    return Words("en", "", "")


class Asking:
    """A gate on a store, asked about the acts of a night."""

    def __init__(self, place: Place, night: Worked, law: Law) -> None:
        """Open a gate; `law` is the night's."""
        self.connection = place.connected()
        self._night = night
        ring = Keyring.read(place.keys)
        self.gate = Gate(self.connection, ring, law, night.strategy, _nothing, night.left.zone)
        self._treatments = {one.name: one for one in night.strategy.treatments}

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def asked(self, act: Act) -> Asked:
        """Return an act as the day would ask for it."""
        one = self._treatments[act.treatment]
        return Asked(
            act.borrower, one.act, one.channel, one.purpose, tuple(act.loans), self._night.strategy.content_of(one),
            one.template, one.name, presses=one.presses,
        )  # fmt: skip

    def window(self, act: Act) -> Window:
        """Return the window of an act's slot: its first and its last minute."""
        first, end = self._night.strategy.slots.get(self._treatments[act.treatment].slot or "", _DAY)
        opens, closes = _window(self._night.left.on, act.zone or self._night.left.zone, first, end)
        return Window(opens, closes - _MINUTE, self._night.left.on, self._night.left.on)

    def judged(self, acts: Iterable[Act]) -> Iterator[tuple[Act, Decision]]:
        """Ask about acts, some at a time; those of one treatment and country together, which is one statement."""
        ordered = sorted(acts, key=lambda act: (act.treatment, act.country, act.borrower))
        for _, alike in groupby(ordered, key=lambda act: (act.treatment, act.country)):
            each = list(alike)
            for at in range(0, len(each), BATCH):
                part = each[at : at + BATCH]
                decisions = self.gate.judged([self.asked(act) for act in part], [self.window(act) for act in part])
                yield from zip(part, decisions, strict=True)


def told_by(act: Act, decision: Decision) -> dict[str, frozenset[str]]:
    """Return what the gate's law says: by loan, the rules that refuse."""
    if "no_rulebook" in decision.reasons:
        return dict.fromkeys(act.loans, frozenset({"no_rulebook"}))
    return {
        loan: frozenset(rule.id for rule in verdict.against)
        for loan, verdict in zip(act.loans, decision.verdicts, strict=True)
    }


def strongest_of(act: Act, decision: Decision) -> dict[str, str]:
    """Return by loan the rule that the gate names first."""
    if "no_rulebook" in decision.reasons:
        return dict.fromkeys(act.loans, "no_rulebook")
    return {
        loan: verdict.against[0].id if verdict.against else ""
        for loan, verdict in zip(act.loans, decision.verdicts, strict=True)
    }


def holding(decision: Decision) -> str | None:
    """Return why an act falls before the law is asked: a hold, nothing overdue that is left, or a refused channel."""
    early = {"nothing_overdue", "channel_refused"}
    named = (reason for reason in decision.reasons if reason.startswith("hold_") or reason in early)
    return next(named, None)
