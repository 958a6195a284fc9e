"""How long the desk's pages take on a large store: the queue and a case, beside a page that shows nothing.

python -m bench.web --borrowers 1000000 --events 20000000 --json

The server's own time of each page and that over loopback, one visitor at a time and several; statements for each page.
"""

import argparse
import json
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from bench import keep, web_store
from bench.gate_store import ON
from duecourse.night import facts
from duecourse.store import orm
from duecourse.store.place import Place
from duecourse.strategy.load import load as load_strategy

AT: Final = datetime(ON.year, ON.month, ON.day, 18, tzinfo=UTC)
MILLIS_MOST: Final = 150
QUERIES_MOST: Final = 25
_SEED: Final = 11


@dataclass(frozen=True)
class Answer:
    """What a page took: microseconds in the server and over loopback, and statements."""

    server: int
    loopback: int
    queries: int


class Visitor:
    """Somebody at the desk, with a connection of their own."""

    def __init__(self, port: int) -> None:
        """Come in as nobody."""
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._origin, self._cookies = f"http://127.0.0.1:{port}", dict[str, str]()

    def sign_in(self, user: str) -> None:
        """Come in as a user."""
        page = self._asked("GET", "/desk/sign-in")[1]
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        if token is None:
            sys.exit("bench: the page for signing in has no form")
        self._asked("POST", f"/desk/sign-in/as/{user}", urlencode({"csrfmiddlewaretoken": token[1]}))

    def get(self, path: str) -> tuple[Answer, str]:
        """Open a page."""
        begun = time.perf_counter_ns()
        headers, body = self._asked("GET", path)
        micros = (time.perf_counter_ns() - begun) // 1000  # down to whole microseconds
        server, queries = (int(part) for part in headers["X-Bench"].split())
        return Answer(server, micros, queries), body

    def _asked(self, method: str, path: str, body: str = "") -> tuple[Any, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._origin}
        self._connection.request(method, path, body or None, headers)
        found = self._connection.getresponse()
        text = found.read().decode()
        if found.status not in {200, 302}:
            sys.exit(f"bench: {path.partition('?')[0]} was answered with {found.status}")
        for name, value in found.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self._cookies[key] = rest.partition(";")[0]
        return found.headers, text


def measured(place: Place, borrowers: int, times: int, rounds: int, visitors: Sequence[int]) -> dict[str, Any]:
    """Measure the pages of a store that is filled."""
    command = [sys.executable, "-m", "bench.web_server", str(place.folder), AT.isoformat()]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = int(server.stdout.readline()) if server.stdout else 0
        first, _ = _visitor(port).get("/desk/")
        found: dict[str, Any] = {"first_page_millis": _millis(first.server)}
        for count in visitors:
            found[f"visitors_{count}"] = _with(port, borrowers, times, rounds, count)
        return found
    finally:
        server.terminate()
        server.communicate(timeout=60)


def _visitor(port: int, user: str = "collector") -> Visitor:
    made = Visitor(port)
    made.sign_in(user)
    return made


def _with(port: int, borrowers: int, times: int, rounds: int, count: int) -> dict[str, Any]:
    pages = _pages(port, borrowers, times)
    for paths in pages.values():
        _opened(port, paths[: count * 8], count)  # each thread of the server has its gate by then
    found: dict[str, list[list[Answer]]] = {name: [] for name in pages}
    for _ in range(rounds):
        for name, paths in pages.items():
            found[name].append(_opened(port, paths, count))
    return {name: _line(some) for name, some in found.items()}


def _pages(port: int, borrowers: int, times: int) -> dict[str, list[str]]:
    """Return the paths of each kind of page: those of the queue as one goes on through it."""
    dice, visitor = random.Random(_SEED), _visitor(port)  # noqa: S311  spreads what is opened; no secret
    queue, path = list[str](), "/desk/"
    while len(queue) < min(times, 40):
        queue.append(path)
        after = re.search(r'href="\?after=([\d.-]+)"', visitor.get(path)[1])
        path = f"/desk/?after={after[1]}" if after else "/desk/"
    cases = [f"/desk/cases/{number}" for number in dice.sample(range(1, borrowers + 1, 3), min(times, borrowers // 3))]
    heavy = [one for one in web_store.heavy(borrowers) if one % 3 == 1] or [1]
    return {
        "floor": ["/desk/nothing"] * times,
        "queue": [queue[place % len(queue)] for place in range(times)],
        "case": cases,
        "case_with_thousands_of_events": [f"/desk/cases/{heavy[place % len(heavy)]}" for place in range(times)],
    }


def _opened(port: int, paths: Sequence[str], count: int) -> list[Answer]:
    """Open pages with some visitors at once, each its share."""

    def visit(share: Sequence[str]) -> list[Answer]:
        visitor = _visitor(port)
        return [visitor.get(path)[0] for path in share]

    with ThreadPoolExecutor(count) as pool:
        shares = [paths[place::count] for place in range(count)]
        return [answer for some in pool.map(visit, shares) for answer in some]


def _line(rounds: Sequence[Sequence[Answer]]) -> dict[str, Any]:
    found: dict[str, Any] = {"queries_most": max(answer.queries for some in rounds for answer in some)}
    for side in ("server", "loopback"):
        for percent in (50, 95, 99):
            at = [_at(sorted(getattr(answer, side) for answer in some), percent) for some in rounds]
            found[f"{side}_p{percent}_millis"] = _millis(statistics.median(at))
    return found


def _at(taken: Sequence[int], percent: int) -> int:
    return taken[min(len(taken) - 1, len(taken) * percent // 100)]  # down: the one below


def _millis(micros: float) -> float:  # float: milliseconds, for people
    return round(micros / 1000, 1)  # rounded for people


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill the store, unless the same one is there, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--borrowers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--times", type=int, default=400, help="pages of each kind in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--folder", type=Path, default=Path("out/bench"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=date.fromisoformat, help="the day (UTC) under which the result is kept")
    given = parser.parse_args(arguments)
    place = Place.of((given.folder / f"web-{given.borrowers}-{given.events}").resolve())
    is_new = not place.server.is_made
    place.server.start()
    try:
        orm.migrate(place)
        place.make_keys()
        if is_new:
            print("bench: filling the store", file=sys.stderr)
            web_store.fill(place, given.borrowers, given.events, load_strategy(None, facts.CATALOGUE.kinds))
        found = measured(place, given.borrowers, given.times, given.rounds, given.visitors)
    finally:
        place.server.stop()
    result = {"borrowers": given.borrowers, "events": given.events, "times": given.times, **found}
    keep.keep("web", given.keep, result)
    print(json.dumps(result) if given.json else json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
