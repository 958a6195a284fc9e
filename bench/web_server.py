"""The server of the bench of the pages: the real one, which says of each answer what it took.

python -m bench.web_server FOLDER MOMENT       prints its port, and serves until it is told to end

Each answer has a header X-Bench: microseconds of the server, and how many statements it sent to the database.
"""

import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from threading import local
from typing import Any

import psycopg

from duecourse.demonstration_desk import settings
from duecourse.law.kept import law_of, users_folder
from duecourse.night.facts import CATALOGUE
from duecourse.store.audit.seals import Seals
from duecourse.store.line import Line
from duecourse.store.place import Place
from duecourse.strategy.load import load
from duecourse.web.app import application
from duecourse.web.edge import Edge, Rules
from duecourse.web.serving import serve

_SENT = local()


def counting() -> None:
    """Count every statement of this thread, whoever sends it."""
    execute, ask = psycopg.Cursor.execute, Line.ask

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        _SENT.number = getattr(_SENT, "number", 0) + 1
        return execute(self, *args, **kwargs)

    def asked(self: Any, *args: Any) -> Any:
        _SENT.number = getattr(_SENT, "number", 0) + len(self._waiting) + len(args)
        return ask(self, *args)

    psycopg.Cursor.execute = counted  # type: ignore[method-assign]
    Line.ask = asked  # type: ignore[method-assign]


def measured(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return an application that says what each answer took."""

    def answered(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        _SENT.number, begun = 0, time.perf_counter_ns()
        kept: list[Any] = []

        def keep(status: str, headers: list[tuple[str, str]], *rest: Any) -> None:
            kept.append((status, headers, rest))

        body = [b"".join(app(environ, keep))]
        status, headers, rest = kept[-1]
        micros = (time.perf_counter_ns() - begun) // 1000  # down to whole microseconds
        start_response(status, [*headers, ("X-Bench", f"{micros} {_SENT.number}")], *rest)
        return body

    return answered


if __name__ == "__main__":
    folder, begin, started = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), time.monotonic()
    place = Place.of(folder)
    counting()
    rules = Rules(settings(folder), load(None, CATALOGUE.kinds), law_of((), users_folder()))

    def now() -> datetime:
        """Return the moment: time goes on from the one that was given."""
        return begin + timedelta(seconds=time.monotonic() - started)

    edge = Edge.of(place, Seals.of(folder), now, rules, is_demo=True)
    serve(measured(application(edge)), "127.0.0.1", 0, lambda port: print(port, flush=True))
