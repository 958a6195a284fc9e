"""A loan line by line, as people read it: what happened on a day, with its parts, and what the law's caps cut."""

from dataclasses import dataclass, field
from datetime import date

from duecourse.day.sums import Sums
from duecourse.ledger.packed import unpacked
from duecourse.ledger.statement import Line, Told, of_history
from duecourse.portal.access import Own


@dataclass
class Lines:
    """What of one kind happened to a loan on a day, in minor units: how much of each part, and what the law cut."""

    day: date
    what: str
    parts: dict[str, int] = field(default_factory=dict)
    amount: int = 0
    cut: int = 0

    def add(self, line: Line) -> None:
        """Add a line of the statement."""
        self.amount += line.amount
        self.cut += line.cut
        if line.line:
            self.parts[line.line] = self.parts.get(line.line, 0) + line.amount


def lines(own: Own, one: Sums) -> list[Lines]:
    """Return a loan as it can be enforced today, what happened on a day together; what changed nothing is left out."""
    loan = one.loan
    book = unpacked([loan.history], [loan.payments], [loan.waivers])
    worked = of_history(book, Told(loan.loan_id, loan.payments, loan.waivers), own.on)
    found: dict[tuple[date, str], Lines] = {}
    for line in worked.lines:
        if line.amount or line.cut:
            found.setdefault((line.day, line.what), Lines(line.day, line.what)).add(line)
    return list(found.values())
