"""The moment of a night: the business date it plans, and until when what was recorded counts."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Moment:
    """A business date, and the last instant (UTC, naive) whose records count; None: everything in the book counts."""

    on: date
    known_until: datetime | None = None

    @classmethod
    def began(cls, on: date, zone: str) -> "Moment":
        """Return the moment at which a day began: what was recorded before its first instant counts."""
        return cls(on, _midnight(on, zone) - _INSTANT)

    @classmethod
    def ended(cls, on: date, zone: str) -> "Moment":
        """Return the moment at which a day ended: what was recorded on it counts."""
        return cls(on, _midnight(on + timedelta(days=1), zone) - _INSTANT)


def _midnight(on: date, zone: str) -> datetime:
    local = datetime.combine(on, time(), ZoneInfo(zone))
    return local.astimezone(UTC).replace(tzinfo=None)
