"""What the makers of random federal worlds share: usual words, and a contact that is proposed or has happened."""

from datetime import datetime
from typing import Any, Final

from tests.law.independent.worlds import Scene

OUR: Final = "C1"


OUTCOMES: Final = {
    "ring_out": 8,
    "conversation": 2,
    "voicemail": 2,
    "silent_hangup": 1,
    "answered_no_talk": 1,
    "busy": 1,
    "not_in_service": 1,
    "mailbox_full": 1,
}


OTHERS: Final = ("friend", "family", "neighbour", "colleague", "unrelated", "employer", "emergency_contact", "parent")


WIDE: Final = ("spouse", "guardian", "executor", "parent")


ELECTRONIC: Final = ("sms", "email", "im", "social_private")


CHANNELS: Final = {
    "call": 5,
    "sms": 2,
    "email": 2,
    "letter": 2,
    "voicemail": 1,
    "visit": 1,
    "im": 1,
    "social_private": 1,
    "fax": 1,
}


LINED: Final = ("short_collector_line", "full_collector_line")


HOURS: Final = ((480, 720), (600, 640), (900, 1140), (1020, 1260), (1200, 1380), (360, 600), (720, 960))


def loans_of(scene: Scene) -> tuple[str, ...] | None:
    """Return the loans that something is about: mostly the first."""
    names = [str(each["id"]) for each in scene.loans]
    return scene.dice.weighted({("A",): 12, tuple(names): 3, (names[-1],): 2, None: 1})


def reaches(scene: Scene, at: datetime, channel: str, **keys: Any) -> None:
    """Propose a contact; mostly with the borrower and without further words."""
    about = keys.pop("about", None) or loans_of(scene) or ()
    whom = keys.pop("whom", "borrower")
    scene.proposes("contact", at, channel=channel, about=about, **{"with": whom}, **keys)


def contacted(scene: Scene, at: datetime, channel: str, **keys: Any) -> None:
    """Let a contact have happened."""
    keys = {"direction": "out", "about": ("A",), "with": "borrower", **keys}
    scene.happened("contact", at, channel=channel, **keys)


def daytime(scene: Scene, days: int = 0) -> datetime:
    """Return a moment that is good in every zone that worlds have."""
    return scene.at(scene.dice.randint(720, 1140), days)
