"""A store for `duecourse serve --demo`: a made-up lender's book, its night of today, and a user of each role.

make(folder, on) -> Place
settings(folder) -> the lender's settings of the day

Everybody in it is made up: names out of two short lists, numbers and addresses that reach nobody (RFC 2606, and numbers
that are kept for fiction). It is made anew each time, so that nothing of yesterday is left.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from duecourse.book.load import load
from duecourse.book.loaded import LoadedBook
from duecourse.book.synth import synth
from duecourse.day.nightly import Look, night_of_store
from duecourse.day.settings import Day, read
from duecourse.licences.register import SYNTHETIC
from duecourse.night.facts import CATALOGUE
from duecourse.night.moment import Moment
from duecourse.night.run import Options, Summary, run
from duecourse.store import orm, staff
from duecourse.store.loading.load import load_people
from duecourse.store.models import Staff
from duecourse.store.place import Place
from duecourse.strategy.load import load as load_strategy
from duecourse.strategy.models import Strategy

_SETTINGS: Final = Path(__file__).with_name("demonstration_day.toml")
LOANS: Final = 8_000
SEED: Final = 7
MEMORY: Final = "2GB"
_MAPPING: Final = """
[load]
zone = "UTC"
[people.all]
from = "people.csv"
[people.all.columns]
borrower_id = "id"
name = "name"
phones = ["phone"]
emails = ["email"]
addresses = ["address"]
"""
_GIVEN: Final = ("Ada", "Bo", "Cleo", "Dara", "Eli", "Fay", "Gus", "Hana", "Ivo", "June", "Kai", "Lena", "Milo")
_FAMILY: Final = ("Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Larch", "Maple", "Oak", "Pine", "Rowan", "Willow")
_CHINESE: Final = (("王", "李", "张", "刘", "陈", "杨", "赵"), ("小明", "丽华", "建国", "晓燕", "志强", "秀英", "海波"))


def make(folder: Path, on: date, tell: Callable[[str], None], loans: int = LOANS) -> Place:
    """Make the store in a folder, which is removed first; `tell` is told what goes on, a line at a time."""
    if (folder / "postgres").exists():
        Place.of(folder).made().stop()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    place = Place.of(folder)
    tell("starting PostgreSQL and making its tables")
    place.server.start()
    orm.migrate(place)
    place.make_keys()
    orm.connect(place)
    _users(on)
    tell(f"making up a lender's book of {loans:,} loans")
    book = load(synth(loans, SEED, folder / "book", on=on), None, folder)
    _people(place, book, folder)
    tell(f"planning the night of {on}")
    _night(place, book, folder, on)
    return place


def settings(folder: Path) -> Day:
    """Return the made-up lender's settings, for a store in a folder."""
    found = read(_SETTINGS)
    call = found.channels["call"]
    here = {**call.settings, "folder": str(folder / call.settings["folder"])}
    portal = found.portal and found.portal.model_copy(update={"registers": (str(SYNTHETIC),)})
    return found.model_copy(update={"channels": {"call": call.model_copy(update={"settings": here})}, "portal": portal})


def _users(on: date) -> None:
    at = datetime(on.year, on.month, on.day, tzinfo=UTC)
    staff.add("administrator", "administrator", by=None, at=at)
    for role in ("collector", "supervisor", "compliance"):
        staff.add(role, role, by="administrator", at=at)
    Staff.objects.filter(user_id="collector").update(teams=["early", "late", "field"])


def _people(place: Place, book: LoadedBook, folder: Path) -> None:
    import pyarrow.parquet as pq

    rows = pq.read_table(book.path("borrowers"), columns=["borrower_id", "country"]).to_pylist()
    countries = {row["borrower_id"]: row["country"] for row in rows}
    lines = [_person(number, one, countries[one]) for number, one in enumerate(sorted(countries))]
    (folder / "people.csv").write_text("\n".join(["id,name,phone,email,address", *lines]), encoding="utf-8")
    (folder / "people.toml").write_text(_MAPPING, encoding="utf-8")
    load_people(place, folder / "people.toml", None, folder / "people-quarantine.jsonl", workers=1)


def _person(number: int, borrower_id: str, country: str | None) -> str:
    if country == "CN":
        family, given = _CHINESE
        name = family[number % len(family)] + given[number // len(family) % len(given)]  # down: which given name
    else:
        name = f"{_GIVEN[number % len(_GIVEN)]} {_FAMILY[number // len(_GIVEN) % len(_FAMILY)]}"  # down: which name
    street = f'"{number} Example Street, Springfield"'
    return f"{borrower_id},{name},+1415555{number % 10_000:04d},b{number}@example.com,{street}"


def _night(place: Place, book: LoadedBook, folder: Path, on: date) -> None:
    def run_night(book: LoadedBook, rules: Strategy, moment: Moment, options: Options, look: Look) -> Summary:
        def report(night: Any, out: Path, _hash: str) -> dict[str, str]:
            look(night, out)
            return {}

        return run(book, rules, moment, folder / "out", options, report=report)

    fresh = replace(book, payments_complete_through=on)
    night_of_store(place, fresh, load_strategy(None, CATALOGUE.kinds), Moment(on), Options(memory=MEMORY), run_night)
