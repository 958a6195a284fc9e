"""The one secret of each party, out of which all its keys are: in the environment, never in an argument."""

import os
from typing import Final

from duecourse.inquiry.signed import SEED_BYTES
from duecourse.kernel.errors import DueCourseError

SEED: Final = "DUECOURSE_INQUIRY_SEED"
CHECKER_SEED: Final = "DUECOURSE_INQUIRY_CHECKER_SEED"
"""Of a lender who is the checker of its own borrowers too."""


def seed(name: str = SEED) -> bytes:
    """Return a party's seed out of the environment. DueCourseError when it is none."""
    try:
        found = bytes.fromhex(os.environ.get(name, ""))
    except ValueError:
        found = b""
    if len(found) != SEED_BYTES:
        raise DueCourseError(f"set {name} to the party's seed of 64 digits: `duecourse inquiry seed` makes one")
    return found
