"""The export of a day: journals as CSV and as JSON lines, and the trial balance, in a folder of the day's name.

    done = export(parts, told, accounts, on, folder)

Written loan by loan, so that memory stays bounded, and whole or not at all. The same day gives the same bytes.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from duecourse.finance.accounts import Accounts
from duecourse.finance.journals import NOTHING, Happened, Journal, SaleCash, of_cash, of_loan
from duecourse.finance.movements import Moved
from duecourse.kernel.files import written_aside

COLUMNS: Final = (
    "journal", "line", "on", "loan", "currency", "what", "source", "account", "name", "debit", "credit",
)  # fmt: skip
_BALANCE: Final = ("account", "name", "currency", "debit", "credit")


@dataclass(frozen=True)
class Total:
    """What was posted to an account in a currency, in minor units."""

    account: str
    name: str
    currency: str
    debit: int
    credit: int


@dataclass(frozen=True)
class Exported:
    """A day that was exported: how many loans were looked at, how many journals, and the trial balance."""

    folder: Path
    loans: int
    journals: int
    totals: tuple[Total, ...]

    @property
    def balanced(self) -> Mapping[str, tuple[int, int]]:
        """All debits and all credits, by currency: each pair is equal."""
        found: dict[str, tuple[int, int]] = {}
        for one in self.totals:
            debit, credit = found.get(one.currency, (0, 0))
            found[one.currency] = (debit + one.debit, credit + one.credit)
        return found


@dataclass(frozen=True)
class Told:
    """What the store knows of a day: what happened to loans, by their ids, and the money of sales."""

    happened: Mapping[str, Happened] = field(default_factory=dict)
    cash: Sequence[SaleCash] = ()


def export(parts: Iterable[Sequence[Moved]], told: Told, accounts: Accounts, on: date, folder: Path) -> Exported:
    """Write the journals of a day into `folder`/<day>; AssertionError where one did not balance, a fault of ours."""
    totals: dict[tuple[str, str], list[int]] = {}
    loans = journals = 0
    with written_aside(folder / on.isoformat()) as aside:
        with (
            (aside / "journals.csv").open("w", encoding="utf-8", newline="") as table,
            (aside / "journals.jsonl").open("w", encoding="utf-8") as lines,
        ):
            writer = csv.writer(table, lineterminator="\n")
            writer.writerow(COLUMNS)
            for loan, some in _journals(parts, told, on):
                loans += loan
                for journal in some:
                    journals += 1
                    posted = _posted(journal, accounts)
                    writer.writerows(_rows(journal, posted))
                    lines.write(json.dumps(_said(journal, posted), ensure_ascii=False) + "\n")
                    for line in posted:
                        total = totals.setdefault((line["account"], journal.currency), [0, 0])
                        total[0] += line["debit"]
                        total[1] += line["credit"]
        names = accounts.by_number
        shown = tuple(Total(number, names[number], money, *both) for (number, money), both in sorted(totals.items()))
        with (aside / "trial-balance.csv").open("w", encoding="utf-8", newline="") as table:
            writer = csv.writer(table, lineterminator="\n")
            writer.writerow(_BALANCE)
            writer.writerows([one.account, one.name, one.currency, one.debit, one.credit] for one in shown)
    done = Exported(folder / on.isoformat(), loans, journals, shown)
    if any(debit != credit for debit, credit in done.balanced.values()):
        raise AssertionError(f"the journals of {on} do not balance: {done.balanced}")
    return done


def _journals(parts: Iterable[Sequence[Moved]], told: Told, on: date) -> Iterator[tuple[int, Iterable[Journal]]]:
    """Yield the journals loan by loan, with how many loans that is, and those of no loan at the end."""
    for part in parts:
        for loan in part:
            yield 1, of_loan(loan, on, told.happened.get(loan.loan_id, NOTHING))
    yield 0, [of_cash(one, on) for one in told.cash]


def _posted(journal: Journal, accounts: Accounts) -> list[dict[str, Any]]:
    if sum(line.amount for line in journal.lines):
        raise AssertionError(f"journal {journal.id} of loan {journal.loan_id} does not balance")
    return [
        {
            "account": account.account, "name": account.name,
            "debit": max(line.amount, 0), "credit": max(-line.amount, 0),
        }
        for line in journal.lines
        for account in (accounts.of(line.key, journal.currency),)
    ]  # fmt: skip


def _rows(journal: Journal, posted: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    head = (journal.on.isoformat(), journal.loan_id, journal.currency, journal.what, journal.source)
    return [(journal.id, place, *head, *line.values()) for place, line in enumerate(posted, 1)]


def _said(journal: Journal, posted: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "journal": journal.id, "on": journal.on.isoformat(), "loan": journal.loan_id, "currency": journal.currency,
        "what": journal.what, "source": journal.source, "lines": list(posted),
    }  # fmt: skip
