"""Times of a day as minutes after midnight."""

import re
from typing import Final

DAY: Final = 24 * 60
_HOUR_MINUTE: Final = re.compile(r"(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")


def read(text: str) -> int | None:
    """Return 545 for 09:05 and 1440 for 24:00; None for anything else.

    >>> read("09:05"), read("24:00"), read("9:05")
    (545, 1440, None)
    """
    found = _HOUR_MINUTE.fullmatch(text)
    if found is None:
        return None
    return int(found[1]) * 60 + int(found[2]) if found[1] else DAY


def clock(minutes: int) -> str:
    """Write minutes after midnight as a clock shows them.

    >>> clock(545)
    '09:05'
    """
    hours, rest = divmod(minutes, 60)
    return f"{hours:02}:{rest:02}"
