"""What a lender sets for its reports, in a TOML file: who reports, under which ids, and in which form by country."""

import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from duecourse.kernel.errors import DueCourseError
from duecourse.kernel.faults import first_fault

Form = Literal["metro2", "generic"]
_FORMS: Final[dict[str, Form]] = {"US": "metro2"}


class Furnishing(BaseModel):
    """The file. `creditors` names the lender of each owner whose debts we collect, "" stands for all others.

    `notice_wait_days` pass between a notice that is not known to have arrived and the first report.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    reporter: Annotated[str, Field(min_length=1, max_length=40)]
    reporter_address: Annotated[str, Field(min_length=1, max_length=96)]
    reporter_phone: Annotated[int, Field(ge=0, le=9_999_999_999)] = 0
    identification: Annotated[str, Field(min_length=1, max_length=20)]
    bureau_ids: dict[Literal["innovis", "equifax", "experian", "transunion"], str] = Field(default_factory=dict)
    forms: dict[str, Form] = Field(default=_FORMS)
    notice_wait_days: Annotated[int, Field(ge=0, le=365)] = 14
    buys_debts: bool = False
    creditors: dict[str, str] = Field(default_factory=dict)
    creditor_class: Annotated[str, Field(pattern="^[0-9]{2}$")] = "02"

    def form(self, country: str) -> str:
        """Return the form of a country's file."""
        return self.forms.get(country, "generic")

    def creditor(self, owner: str | None) -> str | None:
        """Return the name of the lender of a debt that is not ours."""
        return self.creditors.get(owner or "", self.creditors.get(""))


def read(path: Path) -> Furnishing:
    """Read the file; DueCourseError where it is none, or says what nobody asks."""
    try:
        return Furnishing.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DueCourseError(f"{path}: cannot be read ({error}): see examples/furnish.toml") from None
    except ValidationError as error:
        raise DueCourseError(f"{path}: {first_fault(error)}: see examples/furnish.toml") from None
