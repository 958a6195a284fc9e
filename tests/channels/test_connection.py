"""What connections have in common: this machine or not, whom to trust, and an end against a peer that drips."""

import socket
from pathlib import Path
from time import monotonic

import pytest

from duecourse.channels.connection import cut_off_after, is_loopback, trusting
from duecourse.kernel.errors import DueCourseError


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),  # RFC 1122: all of 127/8
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104  every address of this machine is heard by others
        ("192.0.2.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("", False),
    ],
)
def test_this_machine_is_known(host: str, is_ours: bool) -> None:
    assert is_loopback(host) is is_ours


def test_roots_are_certificates_or_the_systems(tmp_path: Path) -> None:
    assert trusting(None).check_hostname
    words = tmp_path / "roots.pem"
    words.write_text("no certificates")
    for path in (words, tmp_path / "none.pem"):
        with pytest.raises(DueCourseError, match=f"{path.name}: no certificates to trust"):
            trusting(path)


def test_a_peer_that_drips_is_cut_off() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        began = monotonic()
        with cut_off_after(ours, 0.1):
            theirs.send(b"a")
            assert ours.recv(1) == b"a"
            assert ours.recv(1) == b""  # ended by us: the peer has said nothing more
        assert monotonic() - began < 4


def test_what_ends_in_time_is_left_open() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        with cut_off_after(ours, 0.05):
            pass
        ours.settimeout(0.2)
        with pytest.raises(TimeoutError):
            ours.recv(1)
