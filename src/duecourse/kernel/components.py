"""The components of a debt, and the lines that they are made of.

A component is what a borrower and an allocation order speak of. A line is the finer part that the ledger
keeps, because a late fee must not draw a penalty and interest that runs on must not become a base.
"""

from typing import Final

COMPONENTS: Final = ("cost", "fee", "penalty", "interest", "principal")
CHARGEABLE: Final = ("cost", "fee", "penalty", "interest")

LINES: Final = ("cost", "fee", "late_fee", "penalty", "interest", "late_interest", "principal")
LINES_OF: Final = {
    "cost": ("cost",),
    "fee": ("fee", "late_fee"),
    "penalty": ("penalty",),
    "interest": ("interest", "late_interest"),
    "principal": ("principal",),
}
