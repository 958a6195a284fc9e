"""The server with less patience than `duecourse serve` has: run as a program, with the folder of a store."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from duecourse.day.settings import Day
from duecourse.law.kept import law_of, users_folder
from duecourse.night.facts import CATALOGUE
from duecourse.store.audit.seals import Seals
from duecourse.store.place import Place
from duecourse.strategy.load import load
from duecourse.web.app import application
from duecourse.web.edge import Edge, Rules
from duecourse.web.serving import serve

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    rules = Rules(Day(words={}), load(None, CATALOGUE.kinds), law_of((), users_folder()))
    edge = Edge.of(Place.of(folder), Seals.of(folder), lambda: datetime.now(UTC), rules)
    serve(application(edge), "127.0.0.1", 0, lambda port: print(f"http://127.0.0.1:{port}", flush=True), timeout=3)  # noqa: T201
