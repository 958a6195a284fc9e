"""Who sues, and in which courts, in a TOML file of the lender: `settings.read(path)`; `examples/suit.toml` is one."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from duecourse.kernel.errors import DueCourseError

_BYTES_MOST: Final = 1_000_000
_Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\n]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Party(_Strict):
    """The plaintiff in one language: as its licence names it, and whoever acts for it."""

    name: _Line
    address: _Line
    number: _Line
    """Of the register: the unified social credit code, a state's entity number."""
    representative: _Line
    phone: _Line
    agent: _Line = "-"
    """Who acts in court: a lawyer, an employee with a power of attorney."""
    served_at: _Line
    """Where the court's papers reach the plaintiff."""


class Court(_Strict):
    """A court: for borrowers of a region, or, where the contract says so, for all of a country."""

    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    region: Annotated[str, Field(pattern="^[A-Z]{2}-[A-Z0-9]{1,3}$")]
    name: _Line
    why: Literal["agreed", "home", "performance"]
    limitation_years: Annotated[int, Field(ge=1, le=30)] | None = None
    """The years in which suit may be brought from the default on, where the rulebook leaves them to the court's law."""


class Suits(_Strict):
    """The whole file. `track` is the procedure that is asked for; its fee is the one that the claim names."""

    plaintiff: dict[str, Party]
    courts: Annotated[list[Court], Field(min_length=1)]
    track: Literal["ordinary", "simplified", "small_claims"] = "ordinary"
    electronic_service: bool = True
    preservation: bool = False
    """Whether the court is asked to preserve assets."""

    @model_validator(mode="after")
    def _one_agreed(self) -> Self:
        agreed = [court.country for court in self.courts if court.why == "agreed"]
        if len(agreed) > len(set(agreed)):
            raise ValueError("one court of a country is agreed upon: name one")
        return self

    def court(self, country: str, region: str) -> Court | None:
        """Return the court that was agreed upon, else one where the borrower lives or performs; None without any."""
        there = [court for court in self.courts if court.country == country]
        ours = [court for court in there if court.why == "agreed" or court.region == region]
        return min(ours, key=lambda court: ("agreed", "home", "performance").index(court.why), default=None)


def read(path: Path) -> Suits:
    """Read a file of settings; DueCourseError of one line where it is wrong."""
    try:
        with path.open("rb") as file:
            values: dict[str, Any] = tomllib.loads(file.read(_BYTES_MOST).decode())
        return Suits.model_validate(values)
    except FileNotFoundError:
        raise DueCourseError(f"{path}: is not there: copy examples/suit.toml and make it yours") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DueCourseError(f"{path}: cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise DueCourseError(f"{path}: {where}: {first['msg']}") from None
