"""Real processes killed with SIGKILL while they place and write: the next run completes it, and doubles nothing."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from duecourse.channels.kept import write
from duecourse.endings import batches, moving
from duecourse.endings.agency import placing, register
from duecourse.endings.agency.sending import send
from duecourse.endings.many import Office, Opened
from duecourse.endings.moving import Who
from duecourse.store.endings import Kind
from tests.day.cases import read
from tests.endings.cases import decided


def _dies(*_: object, **__: object) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _placing(office: Office, who: Who) -> None:
    """Place one of two groups, and die before the other."""
    patch, once = pytest.MonkeyPatch(), batches.carry_out

    def then_dies(*given: Any) -> Any:
        patch.setattr(batches, "carry_out", _dies)
        return once(*given)

    patch.setattr(batches, "carry_out", then_dies)
    placing.place(office, who)


def _writing(office: Office, who: Who) -> None:
    """Write the file, and die before its checksum."""

    def then_dies(path: Path, data: bytes) -> None:
        write(path, data)
        _dies()

    pytest.MonkeyPatch().setattr("duecourse.endings.agency.layout.write", then_dies)
    with office.opened() as opened:
        send(opened, register.one(opened.connection, "huadong"), who)


def _killed(work: Callable[[Office, Who], None], office: Office, who: Who) -> None:
    process = multiprocessing.get_context("spawn").Process(target=work, args=(office, who))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.usefixtures("agencies")
def test_who_is_killed_while_placing_and_writing_is_completed_by_the_next_run(
    opened: Opened, office: Office, who: Who, tmp_path: Path
) -> None:
    decided(opened, Kind.AGENCY, ["L1", "L2"], who)
    _killed(_placing, office, who)
    assert len(moving.read(opened.connection, "e.state = 'placed'")) == 1
    assert [one.is_done for one in placing.place(office, who)] == [True]
    assert read(opened.connection, "SELECT loan_id, count(*) FROM events GROUP BY 1 ORDER BY 1") == [
        ("L1", 1),
        ("L2", 1),
    ]
    _killed(_writing, office, who)
    folder = tmp_path / "huadong" / "out"
    (name,) = [path.name for path in folder.iterdir()]
    before = (folder / name).read_bytes()
    (file,) = send(opened, register.one(opened.connection, "huadong"), who)
    assert file.name == name
    assert (folder / name).read_bytes() == before
    assert (folder / f"{name}.sha256").read_text() == f"{file.sha256}  {name}\n"
    assert send(opened, register.one(opened.connection, "huadong"), who) == []
