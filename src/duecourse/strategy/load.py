"""Read a strategy file: YAML to checked models, every error one line that names file and line."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from duecourse.kernel.errors import DueCourseError
from duecourse.law.catalogue import FactKind, refuse_name
from duecourse.law.document import Document, Steps, Text, nearest, one_line, read
from duecourse.law.expressions import ExpressionError, Place, parse
from duecourse.strategy import checks, templates
from duecourse.strategy.models import Strategy, Vocabulary
from duecourse.strategy.words import FORK_FACTS, LEVEL_FACT

DEFAULT: Final = Path(__file__).with_name("default.yaml")
_WORD: Final = re.compile(r"[a-z_][a-z0-9_]*")
_EXPRESSIONS: Final = frozenset({"enter", "leave", "when", "value", "priority", "formulas"})
_PLAIN_WORDS: Final = {
    "missing": "is missing",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be text (put it in quotes)",
    "tuple_type": "must be a list: [...]",
    "dict_type": "must hold keys and values",
    "model_type": "must hold keys and values",
    "string_pattern_mismatch": "must be a name: small letters, digits and _, starting with a letter",
}


class StrategyError(DueCourseError):
    """A strategy file that cannot be used: file, line, what, and what to do."""


def load(path: Path | None, catalogue_kinds: Mapping[str, FactKind]) -> Strategy:
    """Read the strategy at `path`, or the packaged default when None.

    `catalogue_kinds` are the facts that expressions may name, with their kinds. Raises StrategyError (or
    another DueCourseError) with the first fault of the file, by line.
    """
    return from_document(_read(path), catalogue_kinds)


def load_with_doubts(path: Path | None, catalogue_kinds: Mapping[str, FactKind]) -> tuple[Strategy, tuple[str, ...]]:
    """Read a strategy as `load` does, and say in one line each, with file and line, what should be looked at."""
    document = _read(path)
    strategy = from_document(document, catalogue_kinds)
    found = sorted((document.line(fault.at), one_line(fault.text)) for fault in templates.doubts(strategy))
    return strategy, tuple(f"{document.file}:{line}: {text}" for line, text in found)


def _read(path: Path | None) -> Document:
    return read(DEFAULT if path is None else path, days=True)


def from_document(document: Document, catalogue_kinds: Mapping[str, FactKind]) -> Strategy:
    """Check a file that has been read; see `load`."""
    vocabulary = _vocabulary(document, catalogue_kinds)
    try:
        strategy = Strategy.model_validate(document.values, context=vocabulary)
    except ValidationError as error:
        raise first_fault(document, error) from None
    found = [*checks.faults(strategy, _named(document.values)), *templates.faults(strategy)]
    if found:
        first = min(found, key=lambda fault: document.line(fault.at))
        raise _error(document, first.at, first.text)
    return strategy


def _vocabulary(document: Document, catalogue_kinds: Mapping[str, FactKind]) -> Vocabulary:
    """Collect what expressions may name: facts, the file's levels and formulas, parameters.

    Parts of a wrong shape are passed over here: the models name them.
    """
    values: dict[str, Any] = document.values if isinstance(document.values, dict) else {}
    for key in values:
        if key not in Strategy.model_fields:
            raise _error(document, (key,), f"unknown key '{key}'{nearest(key, Strategy.model_fields)}")
    kinds = dict(catalogue_kinds)
    parameters: dict[str, int] = {}
    vocabulary = Vocabulary(document.file, kinds, parameters)
    for name in _keys(values, "levels"):
        _refuse_taken(document, vocabulary, f"{LEVEL_FACT}{name}", ("levels", name))
        kinds[f"{LEVEL_FACT}{name}"] = FactKind.BOOLEAN
    if "fork" in values:
        kinds |= dict.fromkeys(FORK_FACTS, FactKind.INTEGER)
    for name, number in _keys(values, "parameters").items():
        _refuse_taken(document, vocabulary, name, ("parameters", name))
        if isinstance(number, int) and not isinstance(number, bool):
            parameters[name] = number
    for name, text in _keys(values, "formulas").items():
        _refuse_taken(document, vocabulary, name, ("formulas", name))
        if isinstance(text, Text):
            _formula(vocabulary, text)  # sees the facts and the formulas above it, not itself
            kinds[name] = FactKind.INTEGER
    return vocabulary


def _formula(words: Vocabulary, text: Text) -> None:
    place = Place(words.file, text.line, text.column, text.key)
    try:
        parse(text, words.kinds, place, expects=FactKind.INTEGER, parameters=words.parameters)
    except ExpressionError as error:
        raise StrategyError(str(error)) from None


def _refuse_taken(document: Document, words: Vocabulary, name: str, at: Steps) -> None:
    if name in words.kinds or name in words.parameters:
        raise _error(document, at, f"'{name}' is a fact, formula or parameter already; choose another name")
    try:
        refuse_name(name, "name")
    except DueCourseError as error:
        raise _error(document, at, str(error)) from None


def _keys(values: Mapping[str, Any], group: str) -> dict[str, Any]:
    found = values.get(group)
    return found if isinstance(found, dict) else {}


def _named(value: object, *, read: bool = False) -> frozenset[str]:
    """Collect every word of every expression in the file's values; `read` when `value` is one already."""
    if isinstance(value, Text):
        return frozenset(_WORD.findall(value)) if read else frozenset()
    if isinstance(value, dict):
        parts = [_named(one, read=read or key in _EXPRESSIONS) for key, one in value.items()]
    else:
        parts = [_named(one, read=read) for one in value] if isinstance(value, tuple) else []
    return frozenset[str]().union(*parts)


def first_fault(document: Document, error: ValidationError) -> StrategyError:
    """Return the first fault of a file by its line, in one line of our own words."""
    details = error.errors(include_url=False)
    return min((_told(document, detail) for detail in details), key=lambda pair: pair[0])[1]


def _told(document: Document, detail: ErrorDetails) -> tuple[int, StrategyError]:
    """Turn one of pydantic's errors into (line, our one line)."""
    context = detail.get("ctx", {})
    if detail["type"] == "expression":
        return int(context["line"]), StrategyError(detail["msg"])
    at: Steps = tuple(step for step in detail["loc"] if step != "[key]") + tuple(context.get("at", ()))
    text = _PLAIN_WORDS.get(detail["type"]) or _lowered(detail["msg"])
    if detail["type"] != "strategy" or text.startswith("must "):
        key = next((step for step in reversed(at) if isinstance(step, str)), None)
        text = f"'{key}' {text}" if key is not None else f"the file {text}"
    return document.line(at), _error(document, at, text)


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def _error(document: Document, at: Steps, text: str) -> StrategyError:
    return StrategyError(f"{document.file}:{document.line(at)}: {one_line(text)}")
