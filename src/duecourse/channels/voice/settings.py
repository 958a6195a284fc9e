"""Where the outcomes of calls are kept, and what dials."""

from dataclasses import dataclass
from pathlib import Path

from duecourse.channels.environment import secret
from duecourse.channels.voice.asterisk import Asterisk
from duecourse.channels.voice.dialler import ByHand, Dialler
from duecourse.kernel.errors import DueCourseError

_SECONDS_MOST = 60


@dataclass(frozen=True)
class Settings:
    """A register of calls. `dialler` is `hand` (the agent dials) or `asterisk` (a click rings the agent, then dials).

    Of an Asterisk: `address` of its REST interface, a `user` whose password is in the variable of the environment that
    `password_from` names, the `context` of its dial plan that dials out, and the `technology` of the agents' phones. It
    must answer within `answer_seconds`; the agent's phone rings for `ring_seconds`.
    """

    folder: Path
    dialler: str = "hand"
    address: str = ""
    user: str = ""
    password_from: str = "DUECOURSE_ARI_PASSWORD"  # noqa: S105  a name, not a password
    context: str = ""
    technology: str = "PJSIP"
    answer_seconds: int = 10
    ring_seconds: int = 30

    def __post_init__(self) -> None:
        """Refuse a dialler that there is not, and an Asterisk that cannot be asked."""
        if self.dialler not in {"hand", "asterisk"}:
            raise DueCourseError(f"voice settings: dialler: {self.dialler!r}: take hand or asterisk")
        if not (0 < self.answer_seconds <= _SECONDS_MOST and 0 < self.ring_seconds <= _SECONDS_MOST):
            raise DueCourseError(f"voice settings: answer_seconds and ring_seconds: 1 to {_SECONDS_MOST} each")
        if self.dialler == "asterisk":
            for name in ("address", "user", "context"):
                if not getattr(self, name):
                    raise DueCourseError(f"voice settings: {name}: an Asterisk needs it")

    def dials(self) -> Dialler:
        """Return what dials; DueCourseError where the environment lacks the password."""
        if self.dialler == "hand":
            return ByHand()
        return Asterisk(
            self.address,
            self.user,
            secret(self.password_from),
            context=self.context,
            technology=self.technology,
            seconds=self.answer_seconds,
            ring_seconds=self.ring_seconds,
        )
