"""The desk of a made-up lender, made and run as a program: a folder, and the moment at which its clock begins.

The clock goes on from there, so that what is lawful at this hour is the same whenever the tests run.
"""

import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.web_server import counting, measured
from duecourse.day.settings import Day, Inquiry
from duecourse.demonstration_desk import make, settings
from duecourse.law.kept import law_of, users_folder
from duecourse.night.facts import CATALOGUE
from duecourse.store import orm
from duecourse.store.audit.seals import Seals
from duecourse.strategy.load import load
from duecourse.web.app import application
from duecourse.web.edge import Edge, Rules
from duecourse.web.serving import serve
from tests.inquiry.world import seed, write_charter
from tests.stores import copied

LOANS = 1_500


def _with_inquiry(folder: Path) -> Day:
    """Return the settings with an inquiry, whose parties a test may run at two ports that are free now."""
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    place = folder / "inquiry"
    place.mkdir()
    (place / "ports").write_text(" ".join(map(str, ports)), encoding="ascii")
    operator = write_charter(place / "charter.toml", ["US", "CN"])
    os.environ |= {
        "DUECOURSE_INQUIRY_SEED": seed("lender 1").hex(),
        "DUECOURSE_INQUIRY_CHECKER_SEED": seed("checker").hex(),
    }
    hub, holder = (f"http://127.0.0.1:{port}" for port in ports)
    kept, charter = str(place / "kept"), str(place / "charter.toml")
    inquiry = Inquiry(charter=charter, operator=operator, hub=hub, holder=holder, kept=kept)
    return settings(folder).model_copy(update={"inquiry": inquiry})


if __name__ == "__main__":
    folder, begin, started = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), datetime.now(UTC)
    place = copied(Path(sys.argv[3]), folder, lambda made: make(made, begin.date(), lambda _: None, loans=LOANS))
    orm.connect(place)
    rules = Rules(_with_inquiry(folder), load(None, CATALOGUE.kinds), law_of((), users_folder()))
    edge = Edge.of(place, Seals.of(folder), lambda: begin + (datetime.now(UTC) - started), rules, is_demo=True)

    def ready(port: int) -> None:
        print(f"http://127.0.0.1:{port}", (begin - started).total_seconds(), flush=True)  # noqa: T201

    counting()  # each answer says how many statements it took
    serve(measured(application(edge)), "127.0.0.1", 0, ready)
