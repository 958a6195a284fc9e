"""The hub and the key holder behind granian, which sends a page of a megabyte outside Python.

Its workers are processes of their own: what they need is in the environment, under the names below, for secrets must
not be in an argument. The hub has one, for one writes the pages; the key holder one for each core, for its work is
arithmetic in steps too short for threads to share Python's lock well.
"""

import json
import logging
import os
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final, Literal

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from duecourse.inquiry.charter import Charter, signed
from duecourse.inquiry.holder import KeyHolder, Lawful, holder_keys
from duecourse.inquiry.hub import Hub, hub_signer
from duecourse.inquiry.seeds import seed
from duecourse.inquiry.wire import Http, answered, application
from duecourse.kernel.errors import DueCourseError

_FOLDER: Final = "DUECOURSE_INQUIRY_FOLDER"
_CHARTER: Final = "DUECOURSE_INQUIRY_CHARTER"
_OPERATOR: Final = "DUECOURSE_INQUIRY_OPERATOR"
_HOLDER: Final = "DUECOURSE_INQUIRY_HOLDER"
_CYCLE: Final = "DUECOURSE_INQUIRY_CYCLE_SECONDS"
_BACKLOG: Final = 2_048
_THREADS: Final = 4
_LOG: Final = logging.getLogger("duecourse.inquiry")

Application = Callable[..., Iterable[bytes]]


def run(
    party: Literal["hub", "holder"],
    bind: tuple[str, int],
    folder: Path,
    charter: Path,
    operator: str,
    *,
    workers: int = 1,
    holder: str = "",
    cycle: timedelta = timedelta(hours=1),
) -> None:
    """Serve as a party until told to end. Refused (`charter`) where the charter has other keys than the seed's."""
    known = signed(charter, operator)
    if party == "hub":
        hub_signer(known, seed())
    else:
        holder_keys(known, seed())
    os.environ |= {
        _FOLDER: str(folder),
        _CHARTER: str(charter),
        _OPERATOR: operator,
        _HOLDER: holder,
        _CYCLE: str(int(cycle.total_seconds())),
    }
    Granian(
        f"duecourse.cli_inquiry:{party}_application",
        *bind,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers,
        blocking_threads=_THREADS if workers == 1 else 1,
        backpressure=_BACKLOG,
        backlog=_BACKLOG,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()


def holder_application(clock: Callable[[], datetime], lawful: Lawful) -> Application:
    """Return the key holder's application, as the environment has it."""
    folder, charter, _ = _given()
    return application(KeyHolder(folder, charter, seed(), lawful).routes(), clock)


def hub_application(clock: Callable[[], datetime]) -> Application:
    """Return the hub's application, whose cycles a thread beside it ends."""
    folder, charter, operator = _given()
    hub = Hub(folder, charter, operator, hub_signer(charter, seed()), _witness)
    Thread(target=_cycles, args=(hub, clock, int(os.environ[_CYCLE])), name="cycles", daemon=True).start()
    return application(hub.routes(), clock)


def _cycles(hub: Hub, clock: Callable[[], datetime], seconds: int) -> None:
    """End cycles for as long as the process lives, the first at once."""
    never = Event()
    while not never.wait(0 if hub.pages.head is None else seconds):
        hub.close(clock())


def _witness(head: dict[str, str]) -> None:
    """Show a head to the key holder. What it does not take now is said, and the next head is shown all the same."""
    holder = os.environ[_HOLDER]
    if not holder:
        return
    try:
        with Http(holder) as party:
            answered(party.ask("POST", "/head", json.dumps(head).encode(), {}))
    except DueCourseError as error:
        _LOG.warning("the key holder did not witness a head: %s", error)


def _given() -> tuple[Path, Charter, str]:
    of: Any = os.environ
    return Path(of[_FOLDER]), signed(Path(of[_CHARTER]), of[_OPERATOR]), of[_OPERATOR]
