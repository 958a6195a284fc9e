"""What all models of the strategy file share: unknown keys refused, nothing converted, faults that name their key."""

from collections.abc import Sized
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from duecourse.law.document import nearest

WHOLE_PPM: Final = 1_000_000


def fault(text: str, *at: str) -> PydanticCustomError:
    """Return a validation error; `at` names the key at fault inside the model (text may not hold braces)."""
    return PydanticCustomError("strategy", "{text}", {"text": text, "at": at})


def _not_empty(given: Sized) -> Sized:
    if not given:
        raise fault("must not be empty")
    return given


# After the entries, so that a fault in an entry is told and not the list that it leaves empty.
NOT_EMPTY: Final = AfterValidator(_not_empty)
Says = Annotated[str, StringConstraints(min_length=1, max_length=600)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Ppm = Annotated[int, Field(ge=0, le=WHOLE_PPM)]
NotNegative = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    """Unknown keys refused with the nearest known one; nothing converted; nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: object) -> object:
        if isinstance(given, dict):
            for key in given:
                if key not in cls.model_fields:
                    raise fault(f"unknown key '{key}'{nearest(key, cls.model_fields)}", key)
        return given
