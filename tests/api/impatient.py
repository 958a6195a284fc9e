"""The server with less patience than `duecourse serve` has: run as a program, with the folder of a store."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from duecourse.api.app import application
from duecourse.api.edge import Edge
from duecourse.api.serving import serve
from duecourse.store.audit.seals import Seals
from duecourse.store.place import Place

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    edge = Edge.of(Place.of(folder), Seals.of(folder), lambda: datetime.now(UTC))
    serve(application(edge), "127.0.0.1", 0, lambda port: print(f"http://127.0.0.1:{port}", flush=True), timeout=3)  # noqa: T201
