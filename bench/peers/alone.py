"""One peer in a process of its own: `python -m bench.peers.alone pandas TABLES OUT DATE` prints JSON.

Nothing of the project is imported, so that time and peak memory are the peer's. The time is from the first byte read
to the last one written, for the loop in Python of the loop alone; starting Python and imports do not count.
"""

import json
import resource
import sys
import time
from datetime import date
from importlib import import_module
from pathlib import Path


def first_to_go() -> None:
    """Tell Linux to end this process, and no other, when the machine's memory runs out."""
    mark = Path("/proc/self/oom_score_adj")
    if mark.exists():
        mark.write_text("1000", encoding="ascii")


def peak_bytes() -> int:
    """Return the peak resident memory of this process; Linux's getrusage would count the bench that began it, too."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS, which counts bytes


def main(name: str, tables: Path, out: Path, on: date) -> dict[str, float]:
    """Run one peer; return its seconds, the loans it did, and its peak memory."""
    first_to_go()
    work = import_module(f"bench.peers.in_{name}").work
    begun = time.perf_counter()
    done = work(tables, out, on)
    whole = time.perf_counter() - begun
    loans, seconds = done if isinstance(done, tuple) else (done, whole)
    return {"seconds": seconds, "with_rows_seconds": whole, "loans": loans, "peak_rss_bytes": peak_bytes()}


if __name__ == "__main__":
    found = main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), date.fromisoformat(sys.argv[4]))
    sys.stdout.write(json.dumps(found) + "\n")
