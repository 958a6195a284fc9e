"""The lender's chart of accounts: which account each side of a movement is posted to, from a TOML file.

    accounts = load(Path("examples/accounts.toml"))
    accounts.of("receivable_principal", "USD") -> Account("1100", "Loans, principal")

Every key below must be there, and no other may be; a currency may have accounts of its own.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from duecourse.kernel.components import COMPONENTS
from duecourse.kernel.errors import DueCourseError

RECEIVABLE: Final = {name: f"receivable_{name}" for name in COMPONENTS}
KEYS: Final = (
    *RECEIVABLE.values(),
    "borrowers_credit",  # what borrowers paid before it was due: the lender owes it
    "cash",
    "lent",  # what was paid out against the principal
    "income_interest", "income_late_interest", "income_fee", "income_late_fee", "income_penalty", "income_cost",
    "waived",
    "charged_off",  # the loss
    "allowance",  # against the receivables that were charged off
    "commission", "agencies",  # the expense, and what is owed to them
    "buyers",  # what buyers of loans owe us, or, below zero, what they paid before the close or is theirs
    "sale_gain", "sale_loss",
    "legal_costs",  # courts' fees and what else a suit costs
    "reward_cost",
)  # fmt: skip
"""What may be posted to. A key for each component of a debt, then those of everything else."""
_BYTES_MOST: Final = 1_000_000
_Number = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._/-]{0,39}$")]


class Account(BaseModel):
    """An account of the general ledger."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    account: _Number
    name: Annotated[str, Field(min_length=1, max_length=100)]


class Accounts(BaseModel):
    """The whole file: `accounts` by key; `currencies` are those in which an account is another one."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    accounts: dict[str, Account]
    currencies: dict[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], dict[str, Account]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _all_there(self) -> "Accounts":
        if missing := sorted(set(KEYS) - self.accounts.keys()):
            raise ValueError(f"[accounts] lacks {', '.join(missing)}: name an account for each")
        of_currencies = {f"currencies.{code}": named for code, named in self.currencies.items()}
        for place, named in {"accounts": self.accounts, **of_currencies}.items():
            if unknown := sorted(named.keys() - set(KEYS)):
                raise ValueError(f"[{place}] has '{unknown[0]}', which nothing is posted to: leave it out")
        return self

    def of(self, key: str, currency: str) -> Account:
        """Return the account of a key in a currency."""
        return self.currencies.get(currency, {}).get(key) or self.accounts[key]

    @property
    def by_number(self) -> Mapping[str, str]:
        """The names of all accounts by their numbers."""
        every = [*self.accounts.values(), *(one for named in self.currencies.values() for one in named.values())]
        return {one.account: one.name for one in every}


def load(path: Path) -> Accounts:
    """Read the file; DueCourseError for the first fault."""
    text = path.read_bytes()
    if len(text) > _BYTES_MOST:
        raise DueCourseError(f"{path}: larger than a chart of accounts can be; is it the right file?")
    try:
        return Accounts.model_validate(tomllib.loads(text.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DueCourseError(f"{path}: is no TOML in UTF-8 ({error})") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise DueCourseError(f"{path}: {place + ': ' if place else ''}{first['msg']}") from None
