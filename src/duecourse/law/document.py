"""A YAML 1.2 file as plain values that remember where they stood.

Only what a data file needs: mappings, lists, text, whole numbers, true, false and null. Anchors, tags and
merges are refused, and so are fractions and dates unless they are asked for, so that what a reader sees is what
is loaded.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, NoReturn, TypeAlias, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from duecourse.kernel import words as words_like
from duecourse.kernel.errors import DueCourseError

Steps: TypeAlias = tuple[str | int, ...]

SIZE_MAX: Final = 2_000_000  # bytes; a strategy is a page or two, a file of worked cases a few hundred
DEPTH_MAX: Final = 20
_INT64_MAX: Final = 2**63 - 1
_WHOLE: Final = re.compile(r"[-+]?[0-9][0-9_]*")
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = (  # what an unquoted word is, in YAML 1.2: `no` and `on` are words
    ("bool", r"true|false|True|False|TRUE|FALSE"),
    ("null", r"~|null|Null|NULL|"),
    ("int", r"[-+]?[0-9][0-9_]*|0x[0-9a-fA-F]+|0o[0-7]+"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    ),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ].*)?"),
    ("merge", r"<<"),
)
_FRACTION: Final = re.compile(r"[-+]?[0-9]+\.[0-9]+")
_SAY_INSTEAD: Final = {
    "float": "fractions are not used here; write a whole number in a smaller unit (ppm, minor units)",
    "timestamp": "dates are not used here; put it in quotes if it is text",
    "binary": "binary data is not used here",
}


class _Loader(yaml.CSafeLoader):
    """libyaml's parser with the words of YAML 1.2."""


_Loader.yaml_implicit_resolvers = {}
for _word, _pattern in _PLAIN:
    _Loader.add_implicit_resolver(f"{_TAG}{_word}", re.compile(rf"(?:{_pattern})\Z"), None)


class Text(str):  # noqa: SLOT000 - carries its place
    """A text of the file, with the place of its first character (lines and columns from 1)."""

    line: int = 1
    column: int = 1
    key: str = ""


@dataclass(frozen=True)
class Document:
    """A file read: its values, and for each path into them the line on which that value's key stands."""

    file: str
    values: object
    lines: Mapping[Steps, int]

    def line(self, path: Steps) -> int:
        """Return the line of the value at `path`, or of the nearest value around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def nearest(word: str, words: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the known word most like `word`, else the list of known words."""
    known = sorted(words)
    like = words_like.nearest(word, known)
    if like:
        return f"; did you mean '{like}'?"
    return f"; known: {', '.join(known)}" if known else ""


def one_line(text: str) -> str:
    """Write out what would break the line or steer a terminal, such as a line break inside a quoted key."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def read(path: Path, *, days_and_fractions: bool = False, days: bool = False) -> Document:
    """Read the file; a DueCourseError of one line (file, line, what to do) when it cannot be.

    With `days_and_fractions` a day or moment is its text, and a fraction such as 24.5 a Decimal; with `days` only days
    and moments are read.
    """
    file = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DueCourseError(f"{file}: cannot be read ({error.strerror}); check the path") from None
    if len(content) > SIZE_MAX:
        raise DueCourseError(
            f"{file}: {len(content)} bytes, more than the {SIZE_MAX} of such a file; is it the right file?"
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DueCourseError(f"{file}:{line}: not UTF-8 text; save the file as UTF-8") from None
    return parse_document(text, file, days_and_fractions=days_and_fractions, days=days)


def parse_document(text: str, file: str, *, days_and_fractions: bool = False, days: bool = False) -> Document:
    """Read YAML text; `file` is the name for errors. See `read`."""
    try:
        _refuse_tangles(text, file)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise DueCourseError(
            f"{file}:{line}: not valid YAML: {one_line(error.problem or error.context or '')}"
        ) from None
    except yaml.YAMLError as error:
        raise DueCourseError(f"{file}: not valid YAML: {one_line(str(error).splitlines()[0])}") from None
    if root is None:
        raise DueCourseError(f"{file}: the file is empty")
    reader = _Reader(file, text.splitlines(), days=days or days_and_fractions, fractions=days_and_fractions)
    values = reader.value(root, ())
    return Document(file, values, reader.lines)


def _refuse_tangles(text: str, file: str) -> None:
    """Refuse anchors and great depth before anything is built: composing recurses in C, which would crash."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if getattr(event, "anchor", None) is not None:
            raise DueCourseError(f"{file}:{line}: anchors and aliases are not used here; write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            raise DueCourseError(f"{file}:{line}: nested too deeply; at most {DEPTH_MAX} levels")


class _Reader:
    """Walks the YAML nodes of one file once, and notes the line of every key and list entry."""

    def __init__(self, file: str, written: list[str], *, days: bool, fractions: bool) -> None:
        self.file = file
        self.written = written
        self.days = days
        self.fractions = fractions
        self.lines: dict[Steps, int] = {}

    def value(self, node: Node, path: Steps) -> object:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return tuple(self.value(entry, (*path, place)) for place, entry in enumerate(node.value))
        return self._scalar(cast("ScalarNode", node), path)  # YAML has three sorts of node

    def _mapping(self, node: MappingNode, path: Steps) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode) or key_node.tag == f"{_TAG}merge":
                self._refuse(key_node, "a key must be one plain word")
            key = str(key_node.value)
            if key in found:
                self._refuse(key_node, f"key '{key}' stands twice; keep one")
            self.lines[*path, key] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, (*path, key))
        return found

    def _scalar(self, node: ScalarNode, path: Steps) -> object:
        tag, text = str(node.tag).removeprefix(_TAG), str(node.value)
        plain = node.style is None or node.style == ""
        if tag == "str":
            return self._text(node, text, path)
        if tag == "int" and plain and _WHOLE.fullmatch(text):
            number = int(text.replace("_", ""))
            return number if abs(number) <= _INT64_MAX else self._refuse(node, f"{text} is beyond 64 bits")
        if tag == "bool" and plain:
            return text.lower() == "true"
        if tag == "null" and plain:
            return None
        if self.days and plain and tag == "timestamp":
            return self._text(node, text, path)
        if self.fractions and plain and tag == "float" and _FRACTION.fullmatch(text):
            return Decimal(text)
        return self._refuse(
            node,
            _SAY_INSTEAD.get(tag, f"'{text}' cannot be read; write text, a whole number, true, false or null"),
        )

    def _text(self, node: ScalarNode, text: str, path: Steps) -> Text:
        placed = Text(text)
        start = node.start_mark
        if node.style in {"|", ">"}:  # a block text starts below its mark, a quoted one after its quote
            line = next(
                (at for at in range(start.line + 1, len(self.written)) if self.written[at].strip()),
                start.line,
            )
            placed.line = line + 1
            placed.column = len(self.written[line]) - len(self.written[line].lstrip()) + 1
        else:
            placed.line = start.line + 1
            placed.column = start.column + (2 if node.style in {'"', "'"} else 1)
        placed.key = _dotted(path)
        return placed

    def _refuse(self, node: Node, what: str) -> NoReturn:
        raise DueCourseError(f"{self.file}:{node.start_mark.line + 1}: {one_line(what)}")


def _dotted(path: Steps) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
