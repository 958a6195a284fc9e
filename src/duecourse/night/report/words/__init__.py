"""The words of the report, one TOML file per language: same keys, same places to fill in."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "zh")


@dataclass(frozen=True)
class Words:
    """The words of one language, by dotted key such as `ageing.title`."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **places: object) -> str:
        """Return the text of this key with its places filled in; KeyError when there is none."""
        return self.texts[key].format(**places) if places else self.texts[key]

    def name(self, family: str, code: str) -> str:
        """Return the word for a code of a family (`channel`, `sms`), or the code itself when it has none.

        A reason `law:<rule>` names a rule of law that refuses, `memory:<rule>` one that would if it were switched on.
        """
        if code.startswith("memory:"):
            return self("reason.law_doubt", rule=code.removeprefix("memory:"))
        if code.startswith("law:"):
            return self("reason.law_rule", rule=code.removeprefix("law:"))
        return self.texts.get(f"{family}.{code}", code)


def load_words(language: str) -> Words:
    """Read the words of a language; ValueError when there are none for it."""
    if language not in LANGUAGES:
        raise ValueError(f"no words for the language {language!r}: choose one of {', '.join(LANGUAGES)}")
    text = files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return Words(language, _flat(tomllib.loads(text)))


def _flat(tree: Mapping[str, object], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{key}.")
        else:
            found[f"{before}{key}"] = str(value)
    return found
