"""Who helps a borrower outside the house: the authority that takes complaints, and free advice, by country."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_name("authorities.toml")


@dataclass(frozen=True)
class Help:
    """An authority's name and address in the web, its number where it has one, and where advice is free."""

    name: str
    link: str
    phone: str = ""
    advice: str = ""


def help_of(country: str) -> Help | None:
    """Return who helps in a country, by its two letters; None where we know of nobody."""
    return _all().get(country.lower())


@cache
def _all() -> dict[str, Help]:
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {country: Help(**one) for country, one in found.items()}
