"""Books for the tests of the night: synthetic ones with rarer things added, and tiny ones from plain rows."""

import csv
import json
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from duecourse.book.load import load
from duecourse.book.loaded import LoadedBook
from duecourse.book.schema import BY_NAME, CHANNELS, HOLD_KINDS, OUTCOMES
from duecourse.book.synth import synth
from duecourse.book.synth_files import FILE_NAMES
from duecourse.book.synth_world import PLACES
from duecourse.law.records import Book
from duecourse.law.rulebook import Law
from duecourse.night.facts import CATALOGUE
from duecourse.night.moment import Moment
from duecourse.night.run import Night, Options, Summary, run
from duecourse.strategy.load import load as load_strategy
from duecourse.strategy.models import Strategy

Row = dict[str, Any]
Rows = dict[str, list[Row]]
MADE_FOR: Final = date(2026, 6, 30)  # the business date of the synthetic books
DEFAULT: Final = Path(__file__).parents[2] / "src" / "duecourse" / "strategy" / "default.yaml"
OPTIONS: Final = Options(threads=2, memory="2GB")
_EVENTS: Final = (
    *("furnished", "listed", "sued", "settlement_offer", "sold", "reward", "other_collectors"),
    *("put_back", "agency_engaged", "agency_ended"),
    *("pause", "pause", "resume", "accelerated", "moved_house"),
)


def enriched(folder: Path, loans: int, seed: int) -> Path:
    """Make a synthetic book and add what it has little or nothing of; return its mapping."""
    mapping = synth(loans, seed, folder, on=MADE_FOR)
    found: Rows = {}
    for table in ("loans", "payments"):
        change(folder, table, partial(_noted, found, table))
    for table, more in _Extra(random.Random(seed), found["loans"]).rows(found["payments"]).items():
        change(folder, table, partial(_with, more))
    # The currency of promises that name no loan.
    text = mapping.read_text(encoding="utf-8").replace("[book]", '[book]\ncurrency = "USD"')
    mapping.write_text(text, encoding="utf-8")
    return mapping


def _noted(found: Rows, table: str, rows: list[Row]) -> list[Row]:
    found[table] = rows
    return rows


def _with(more: list[Row], rows: list[Row]) -> list[Row]:
    return [*rows, *more]


def change(folder: Path, table: str, edit: Callable[[list[Row]], list[Row]]) -> None:
    """Rewrite the rows of a table of a synthetic book, in our names; columns that a row lacks are empty."""
    path = folder / f"{table}.parquet"
    ours = {FILE_NAMES.get((table, name), name): name for name in BY_NAME[table].names}
    read = pq.read_table(path)
    plain = pa.schema([(one.name, _plain(one.type)) for one in read.schema])
    rows = edit(read.cast(plain).rename_columns([ours[name] for name in plain.names]).to_pylist())
    shown = [{name: row.get(our) for name, our in ours.items()} for row in rows]
    pq.write_table(pa.Table.from_pylist(shown, schema=plain), path)


def _plain(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


class _Extra:
    """Rows drawn at random over the loans of a book, within some two years before it was made."""

    def __init__(self, dice: random.Random, loans: list[Row]) -> None:
        self.dice = dice
        self.loans = loans

    def whose(self) -> Row:
        """Name a borrower, and in half of the rows a loan; sometimes the loan only."""
        loan = self.dice.choice(self.loans)
        named = {"borrower_id": loan["borrower_id"], "loan_id": loan["loan_id"]}
        if self.dice.random() < 0.5:
            named["loan_id"] = None
        elif self.dice.random() < 0.3:
            named["borrower_id"] = None
        return named

    def day(self, most: int = 300) -> date:
        return MADE_FOR + timedelta(days=20 - self.dice.randrange(most))

    def moment(self, day: date) -> datetime:
        """Return some time of the day, often near midnight."""
        minute = self.dice.choice((0, 1, 600, 1_000, 1_260, 1_320, 1_439))
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)

    def known(self, day: date) -> datetime:
        return self.moment(day + timedelta(days=self.dice.choice((0, 0, 0, 1, 5, 40))))

    def later(self, day: date, share: float = 0.5) -> date | None:
        return day + timedelta(days=self.dice.randrange(80)) if self.dice.random() < share else None

    def rows(self, payments: list[Row]) -> Rows:
        """Return rows to add, by table, for about every third loan of each kind."""
        number = len(self.loans) // 6
        return {
            "holds": self._holds(number),
            "arrangements": self._arrangements(number // 3),
            "notices": self._notices(number),
            "events": self._events(number),
            "promises": self._promises(number // 2),
            "contacts": self._contacts(number * 2),
            "borrowers": self._borrowers(number // 3),
            "payments": self._reversals(payments, number // 4),
            "charges": self._charges(number),
        }

    def _holds(self, number: int) -> list[Row]:
        found = []
        for place in range(number):
            first = self.day(200)
            row = {"hold_id": f"XH{place}", **self.whose(), "kind": self.dice.choice(HOLD_KINDS), "from_on": first}
            known = self.known(first)
            found.append({**row, "until_on": self.later(first), "recorded_at": known})
            if self.dice.random() < 0.3:
                found.append({**row, "until_on": self.later(first, 1), "recorded_at": known + timedelta(days=25)})
        return found

    def _arrangements(self, number: int) -> list[Row]:
        found = []
        for place in range(number):
            first = self.day()
            row = {"arrangement_id": f"XA{place}", **self.whose(), "started_on": first}
            ends = {"ended_on": self.later(first), "broken_on": self.later(first)}
            found.append({**row, **ends, "recorded_at": self.known(first)})
        return found

    def _notices(self, number: int) -> list[Row]:
        found = []
        kinds = ("adverse_notice", "default_notice", "suit_notice", "birthday_card")
        for place in range(number):
            day = self.day()
            row = {"notice_id": f"XN{place}", **self.whose(), "kind": self.dice.choice(kinds)}
            found.append({**row, "served_on": day, "recorded_at": self.known(day)})
        return found

    def _events(self, number: int) -> list[Row]:
        found = []
        for place in range(number):
            day = self.day()
            row = {"event_id": f"XE{place}", "kind": self.dice.choice(_EVENTS), **self.whose()}
            until = self.later(day)
            ends = self.moment(until) if until else None
            is_told = row["kind"] == "other_collectors"
            row["details"] = json.dumps({"count": place % 5}) if is_told else None
            found.append({**row, "happened_at": self.moment(day), "until_at": ends, "recorded_at": self.known(day)})
        return found

    def _promises(self, number: int) -> list[Row]:
        found = []
        for place in range(number):
            day = self.day(120)
            row = {"promise_id": f"XR{place}", **self.whose(), "amount": self.dice.choice((1, 500, 20_000, 10**7))}
            promised = day + timedelta(days=self.dice.randrange(30))
            found.append({**row, "made_on": day, "promised_on": promised, "recorded_at": self.known(day)})
        return found

    def _contacts(self, number: int) -> list[Row]:
        found = []
        for place in range(number):
            day = self.day()
            at = self.moment(day)
            row = {"contact_id": f"XC{place}", "borrower_id": self.dice.choice(self.loans)["borrower_id"]}
            how = {"channel": self.dice.choice(CHANNELS), "outcome": self.dice.choice((None, *OUTCOMES))}
            way = {"direction": self.dice.choice(("out", "out", "out", "in"))}
            found.append({**row, **how, **way, "happened_at": at, "recorded_at": at + timedelta(hours=1)})
        return found

    def _borrowers(self, number: int) -> list[Row]:
        found = {}
        for _ in range(number):
            whose = self.dice.choice(self.loans)["borrower_id"]
            day = self.day()
            dead = {"deceased_on": self.day(100) if self.dice.random() < 0.3 else None}
            born = {"born_on": date(1990, self.dice.choice((1, 6, 12)), self.dice.choice((1, 29, 30)))}
            row = {"borrower_id": whose, "effective_on": day, "country": self.dice.choice(("US", "KE", "DE")), **born}
            found[whose, day] = {**row, **dead, "recorded_at": self.known(day)}
        return list(found.values())

    def _charges(self, number: int) -> list[Row]:
        """Charge many loans, so that some owe nothing else."""
        found = []
        for place in range(number):
            row = {"charge_id": f"XK{place}", "loan_id": self.dice.choice(self.loans)["loan_id"]}
            day = self.day(60)
            what = {"component": self.dice.choice(("cost", "fee", "penalty")), "amount": self.dice.choice((90, 7_000))}
            found.append({**row, **what, "charged_on": day, "recorded_at": self.known(day)})
        return found

    def _reversals(self, payments: list[Row], number: int) -> list[Row]:
        """Undo some payments weeks after they were made, so that some are undone after the day planned."""
        undone = {row["reverses"] for row in payments}
        plain = [row for row in payments if row["reverses"] is None and row["payment_id"] not in undone]
        recent = [row for row in plain if row["paid_on"] > MADE_FOR - timedelta(days=150)]
        found = []
        for row in self.dice.sample(recent, number):
            day = row["paid_on"] + timedelta(days=self.dice.randrange(60))
            undo = {"payment_id": f"X{row['payment_id']}", "reverses": row["payment_id"], "paid_on": day}
            found.append({**row, **undo, "recorded_at": row["recorded_at"] + timedelta(days=self.dice.randrange(70))})
        return found


def tiny(
    folder: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]], through: date | None, zone: str = "UTC"
) -> Path:
    """Write a small book of CSV files in our own columns, money in minor units; return its mapping.

    `through` is the day through which payments are complete; None leaves it out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    head = ["[book]", 'name = "tiny"', f'zone = "{zone}"', 'money = "minor"', "quarantine_share_max = 0"]
    head += [f"payments_complete_through = {through}"] if through else []
    for table, given in rows.items():
        names = [name for name in BY_NAME[table].names if any(name in row for row in given)]
        if not given:
            continue
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(given)
        head += ["", f"[tables.{table}]", f'from = "{table}.csv"', f"[tables.{table}.columns]"]
        head += [f'{name} = "{name}"' for name in names]
    mapping = folder / "book.toml"
    mapping.write_text("\n".join(head) + "\n", encoding="utf-8")
    return mapping


def loaded(mapping: Path, out: Path) -> LoadedBook:
    """Load a book on few threads: tests run side by side."""
    return load(mapping, None, out, threads=2, memory="2GB")


def strategy(path: Path | None = None) -> Strategy:
    """Load a strategy over the night's own facts; None is the default."""
    return load_strategy(path, CATALOGUE.kinds)


def edited(folder: Path, *edits: tuple[str, str]) -> Strategy:
    """Load the default strategy with parts of its text replaced; each must be there."""
    text = DEFAULT.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "strategy.yaml"
    path.write_text(text, encoding="utf-8")
    return strategy(path)


def planned(book: LoadedBook, rules: Strategy, moment: Moment, out: Path, **options: Any) -> tuple[Summary, list[Any]]:
    """Run a night; return its summary and the rows of plan.parquet."""
    summary = run(book, rules, moment, out, options.pop("options", OPTIONS), **options)
    return summary, pq.read_table(summary.outputs["plan"]).to_pylist()


def each_day(night: Night, folder: Path, table: str) -> Callable[[date], list[dict[str, Any]]]:
    """Return how to ask for a table of the night that begins on a day; each day is worked out once."""

    @cache
    def found(on: date) -> list[dict[str, Any]]:
        moment = Moment.began(on, "UTC")
        night.positions(moment, folder / on.isoformat())
        night.plan(moment)
        return night.engine.rows(night.engine.table(table))

    return found


def open_law() -> Law:
    """Return rulebooks without a rule for every country of the books here: the law permits all."""
    countries = sorted({place.country for place in PLACES} | {"KE"})
    books = {code.lower(): Book(id=code.lower(), title=f"No rules for {code}", country=code) for code in countries}
    return Law(books, (), {}, {}, "open")


def opened(book: LoadedBook, rules: Strategy, law: Law | None = None) -> Night:
    """Open a night to look into; close its engine afterwards."""
    return Night(book, rules, OPTIONS, law)
