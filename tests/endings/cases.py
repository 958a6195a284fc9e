"""Who works at the lender of these tests, and what they ask for."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from duecourse.endings import moving
from duecourse.endings.many import Opened
from duecourse.endings.moving import Ending, Who
from duecourse.store.endings import Kind

ON: Final = date(2026, 11, 20)
BOSS: Final = "s-boss"
OTHER: Final = "s-other"
CLERK: Final = "c-clerk"
STAFF: Final = {BOSS: "supervisor", OTHER: "supervisor", CLERK: "collector", "q-law": "compliance"}


def decided(opened: Opened, kind: Kind, loans: Sequence[str], who: Who, run: str | None = None) -> list[Ending]:
    """Have loans decided, on which the law permits it."""
    said = opened.deciding.decide(kind, opened.deciding.wanted(loans), who, run=run)
    assert all(one.is_done for one in said), said
    return moving.read(opened.connection, "e.kind = %s AND e.loan_id = ANY(%s)", [kind, list(loans)])
