"""The rules of rewards, a YAML file of their own: what is earned after so many instalments paid on time.

    rules = load(Path("examples/rewards.yaml"))
    rules.rules[0].after_on_time

Unknown keys are refused, and each fault is told with its line. Shares and rates are in parts per million, amounts in
minor units by currency.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from duecourse.law.document import read
from duecourse.strategy.load import first_fault
from duecourse.strategy.strict import NOT_EMPTY, WHOLE_PPM, Currency, NotNegative, Positive, Ppm, Says, Strict, fault

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Words = Annotated[dict[Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")], Says], NOT_EMPTY]
RATE_CUT: Final = "rate_cut"
FEE_REFUND: Final = "fee_refund"
CREDIT_LINE: Final = "credit_line"
LIMIT: Final = "limit"
LINES: Final = (CREDIT_LINE, LIMIT)
"""The kinds that change no instalment: how much may be borrowed."""


class HoldOut(Strict):
    """Who earns and gets nothing, to measure against: a share of all borrowers, by a hash with this salt."""

    salt: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    ppm: Ppm


class Affordability(Strict):
    """What must be so before a limit is raised: all monthly instalments, the new ones too, within a share of income.

    An income that was verified longer ago than `fresh_days` is not known.
    """

    instalments_of_income_ppm: Annotated[int, Field(ge=1, le=WHOLE_PPM)]
    fresh_days: Positive


class Rule(Strict):
    """What `after_on_time` instalments in a row earn, counted anew after each time and after each miss.

    rate_cut: `cut_ppm_year` off the contract's rate, not below `floor_ppm_year`, on the instalments that fall due more
    than `starts_after_days` later. `schedule` level makes them equal again at the new rate, scaled leaves principal as
    it stands. fee_refund: `share_ppm` of the fees of the instalments that earned it, `most` of it by currency, off
    those to come. credit_line and limit: the amount lent, raised by `raise_ppm` up to `most`; a limit only after an
    affordability check. `words` tell the borrower what was earned.
    """

    name: Name
    says: Says
    kind: Literal["rate_cut", "fee_refund", "credit_line", "limit"]
    after_on_time: Positive
    times_most: Positive = 1
    starts_after_days: NotNegative = 0
    words: Words
    cut_ppm_year: Positive | None = None
    floor_ppm_year: NotNegative | None = None
    schedule: Literal["scaled", "level"] | None = None
    share_ppm: Annotated[int, Field(ge=1, le=WHOLE_PPM)] | None = None
    raise_ppm: Positive | None = None
    most: dict[Currency, NotNegative] | None = None
    affordability: Affordability | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        wanted = _KEYS[self.kind]
        for key in wanted:
            if getattr(self, key) is None:
                raise fault(f"rule '{self.name}' is a {self.kind} and needs '{key}'")
        for key in sorted({one for keys in _KEYS.values() for one in keys} - set(wanted)):
            if getattr(self, key) is not None:
                raise fault(f"'{key}' is not for a {self.kind}", key)
        return self


_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    RATE_CUT: ("cut_ppm_year", "floor_ppm_year", "schedule"),
    FEE_REFUND: ("share_ppm", "most"),
    CREDIT_LINE: ("raise_ppm", "most"),
    LIMIT: ("raise_ppm", "most", "affordability"),
}
"""The keys that each kind must have, and the others may not."""


class Rules(Strict):
    """The whole file."""

    name: Name
    says: Says
    hold_out: HoldOut
    rules: Annotated[tuple[Rule, ...], NOT_EMPTY]

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [rule.name for rule in self.rules]
        for name in names:
            if names.count(name) > 1:
                raise fault(f"two rules are named '{name}'", "rules")
        return self

    @property
    def hash(self) -> str:
        """SHA-256 of the content in one form, in hexadecimal."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def named(self, name: str) -> Rule | None:
        """Return the rule of a name; None where the file has it no more."""
        return next((rule for rule in self.rules if rule.name == name), None)


def load(path: Path) -> Rules:
    """Read a file of rules; DueCourseError with the first fault, by line."""
    document = read(path)
    try:
        return Rules.model_validate(document.values)
    except ValidationError as error:
        raise first_fault(document, error) from None


def is_held_out(rules: Rules, borrower_id: str) -> bool:
    """Say whether a borrower is held out: the first 32 bits of a hash lie below the share, as in an experiment."""
    text = f"{rules.hold_out.salt}|hold_out|{borrower_id}"
    drawn = int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:8], 16)
    return drawn < rules.hold_out.ppm * 2**32 // WHOLE_PPM  # rounded down
