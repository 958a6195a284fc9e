"""What a lender sets for the day, in a TOML file: the words of every message, the channels, what providers tell.

Secrets are not in it: they are in the environment, under the names that the channels' settings say.
"""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from duecourse.kernel.errors import DueCourseError

_BYTES_MOST: Final = 1_000_000
BY_PEOPLE: Final = "voice"
"""The kind of a channel of which each act is released when somebody is ready to do it, and not before."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Pace(_Strict):
    """How many messages may leave: one more each `every_ms` milliseconds, `at_once` together at most."""

    every_ms: Annotated[int, Field(ge=1, le=3_600_000)] = 100
    at_once: Annotated[int, Field(ge=1, le=10_000)] = 10


class Channel(_Strict):
    """A channel: how it is reached (`kind`), with the settings of that kind, and its pace.

    Messages leave by email, sms or gateway; people carry out what is of the kinds letter, visit and voice.
    """

    kind: Annotated[str, Field(pattern="^(email|sms|gateway|letter|visit|voice)$")]
    pace: Pace = Pace()
    settings: dict[str, Any] = Field(default_factory=dict)


class Portal(_Strict):
    """The borrowers' portal: under which `address` people see it, and for how long a link to it can be used.

    A plan of at most `plan_months` instalments is agreed upon at once. `account` are the lines by which money is
    transferred, by language; `provider` takes cards and wallets, none where it is empty. `registers` are the files by
    which anybody may look up whether a lender is licensed, as `duecourse lender-import` wrote them.
    """

    address: Annotated[str, Field(pattern=r"^(https://[a-z0-9.-]+(:\d+)?|http://(127\.0\.0\.1|localhost)(:\d+)?)$")]
    link_days: Annotated[int, Field(ge=1, le=90)] = 14
    plan_months: Annotated[int, Field(ge=0, le=60)] = 12
    account: dict[str, list[str]] = Field(default_factory=dict)
    provider: Annotated[str, Field(pattern="^(|sandbox)$")] = ""
    registers: tuple[str, ...] = ()


class Inquiry(_Strict):
    """The cross-lender inquiry, of which this lender's portal is a checker: docs/operating/inquiry.md.

    `kept` is the folder of what the lender has published. Its seed is in DUECOURSE_INQUIRY_SEED, the checker's in
    DUECOURSE_INQUIRY_CHECKER_SEED.
    """

    charter: Annotated[str, Field(min_length=1)]
    operator: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    hub: Annotated[str, Field(min_length=1)]
    holder: Annotated[str, Field(min_length=1)]
    kept: Annotated[str, Field(min_length=1)]


class Day(_Strict):
    """The whole file. `words` are by language and placeholder; `fallback` are languages to write in, the best first.

    `costs` are what a contact costs, by channel and currency, in minor units. `webhooks` are by channel: what its
    provider calls things, where not as we do (`channels.gateway.webhooks`).
    """

    words: dict[str, dict[str, str]]
    fallback: tuple[str, ...] = ()
    release_seconds: Annotated[int, Field(ge=5, le=3_600)] = 60
    pay_within_days: Annotated[int, Field(ge=1, le=90)] = 14
    channels: dict[str, Channel] = Field(default_factory=dict)
    webhooks: dict[str, dict[str, Any]] = Field(default_factory=dict)
    portal: Portal | None = None
    costs: dict[str, dict[str, Annotated[int, Field(ge=0)]]] = Field(default_factory=dict)
    inquiry: Inquiry | None = None

    @property
    def valid(self) -> timedelta:
        """How long a release holds."""
        return timedelta(seconds=self.release_seconds)


def read(path: Path) -> Day:
    """Read a file of settings; DueCourseError of one line where it is wrong."""
    try:
        with path.open("rb") as file:
            values: dict[str, Any] = tomllib.loads(file.read(_BYTES_MOST).decode())
        listed = {**values, **({"fallback": tuple(values["fallback"])} if "fallback" in values else {})}
        return Day.model_validate(listed)
    except FileNotFoundError:
        raise DueCourseError(f"{path}: is not there: copy examples/day.toml and make it yours") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DueCourseError(f"{path}: cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise DueCourseError(f"{path}: {where}: {first['msg']}") from None
