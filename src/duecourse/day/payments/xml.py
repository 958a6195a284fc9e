"""XML from outside: bounded, without document types and entities, and held to the schema of its message.

    read(content, name, kinds) -> Message     the tree of a valid message; else DueCourseError, of one line

A file that is refused is refused whole. What a line tells is the place and the rule, never what the file says: that
may be personal.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from xml.parsers import expat

from lxml import etree

from duecourse.kernel.errors import DueCourseError

SIZE_MAX: Final = 64 * 1024 * 1024
_SCHEMAS: Final = Path(__file__).with_name("schemas")
_SPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"
_LATER: Final = {"pain.002.001.10": "pain.002.001.12"}  # no package has the earlier schema
_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_ELEMENT: Final = re.compile(r"Element '(?:\{[^}]*\})?([A-Za-z]+)'")
_ASK: Final = "ask the bank for a file that is valid"
_RULES: Final = {
    "SCHEMAV_ELEMENT_CONTENT": "does not stand where it may, or something is lacking before it or in it",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_4": "does not stand where it may, or something is lacking before it or in it",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "is too long",
    "SCHEMAV_CVC_MINLENGTH_VALID": "is too short",
    "SCHEMAV_CVC_PATTERN_VALID": "is not written as it must be",
    "SCHEMAV_CVC_ENUMERATION_VALID": "is a code that the standard does not have",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "has too many decimals",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "has too many digits",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "is too small",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "lacks an attribute",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "has an attribute that it may not have",
}


@dataclass(frozen=True)
class Message:
    """A message that is valid: its kind ("camt.053.001.08"), the element of the message, and the file's name."""

    name: str
    kind: str
    root: etree._Element

    @property
    def version(self) -> int:
        """The version of the message: 8 of camt.053.001.08."""
        return int(self.kind.rpartition(".")[2])

    def error(self, at: etree._Element, text: str) -> DueCourseError:
        """Return the one line about an element of this file."""
        return DueCourseError(f"{self.name}:{at.sourceline}: {local(at)} {text}")


def read(content: bytes, name: str, kinds: tuple[str, ...], *, size_max: int = SIZE_MAX) -> Message:
    """Read a message of one of these kinds; `name` is the file's, for what is told of it.

    DueCourseError when it is larger than `size_max` bytes, no XML, has a document type (and so perhaps entities), is of
    another kind, nested deeper than 256, or not valid by its schema.
    """
    if len(content) > size_max:
        raise DueCourseError(f"{name}: has {len(content)} bytes, {size_max} are allowed: split it, or raise the bound")
    _refuse_document_type(content, name)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise DueCourseError(f"{name}:{error.lineno}: is not XML that can be read: {_ASK}") from None
    except ValueError:
        raise DueCourseError(f"{name}: is not XML that can be read: {_ASK}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise DueCourseError(f"{name}: has a document type: {_ASK}")
    kind = _kind(root, name, kinds)
    _validate(root, name, kind)
    return Message(name, kind, root[0])


def valid(content: bytes, name: str, kind: str) -> None:
    """Refuse what is not a valid message of this kind, with a DueCourseError."""
    read(content, name, (kind,))


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(etree.QName(element).localname)


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """Return the first element at a path of names below this one, or None."""
    for step in path:
        if element is None:
            return None
        element = next(children(element, step), None)
    return element


def children(element: etree._Element | None, step: str) -> Iterator[etree._Element]:
    """Yield the children of a name, in order."""
    return iter(()) if element is None else element.iterchildren("{*}" + step)


def text(element: etree._Element | None, *path: str) -> str | None:
    """Return the text at a path, without the space around it, or None when there is none."""
    found = child(element, *path)
    return ((found.text or "").strip() or None) if found is not None else None


def _refuse_document_type(content: bytes, name: str) -> None:
    """Refuse at the first sign of a document type, before anything that it declares is read."""

    def refuse(*_: object) -> None:
        raise DueCourseError(
            f"{name}:{parser.CurrentLineNumber}: has a document type, which no bank's file has: {_ASK}"
        )

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        why = expat.ErrorString(error.code)
        raise DueCourseError(f"{name}:{error.lineno}: is not XML that can be read ({why}): {_ASK}") from None
    except (LookupError, ValueError):  # an encoding that nobody knows, or one of several bytes
        raise DueCourseError(f"{name}: is not XML in UTF-8: {_ASK}") from None


def _kind(root: etree._Element, name: str, kinds: tuple[str, ...]) -> str:
    """Return which message it is, by its namespace."""
    space = etree.QName(root).namespace or ""
    kind = space.removeprefix(_SPACE)
    if local(root) != "Document" or not space.startswith(_SPACE) or kind not in kinds:
        raise DueCourseError(f"{name}: is none of {', '.join(kinds)}: {_ASK} in one of them")
    return kind


@cache
def _parsed(kind: str) -> tuple[etree._ElementTree, frozenset[str]]:
    """Return a message's schema as it is written, and the names of its elements."""
    tree = etree.parse(_SCHEMAS / f"{kind}.xsd")
    return tree, frozenset(str(found.get("name")) for found in tree.iter(f"{_XS}element"))


def _validate(root: etree._Element, name: str, kind: str) -> None:
    if kind in _LATER:
        root = _as_later(root, _LATER[kind])
    written, known = _parsed(_LATER.get(kind, kind))
    schema = etree.XMLSchema(written)  # its log of errors is its own: two threads may not share one
    if schema.validate(root):
        return
    first = schema.error_log[0]
    found = _ELEMENT.match(first.message)  # of what libxml2 says, the name only, and only one that the schema has
    shown = found[1] if found and found[1] in known else "an unknown element"
    rule = _RULES.get(first.type_name, "says what the schema does not allow")
    raise DueCourseError(f"{name}:{first.line}: {shown} {rule} ({kind}): {_ASK}")


def _as_later(root: etree._Element, kind: str) -> etree._Element:
    """Return a copy of a status report (pain.002.001.10) as version 12 would write it.

    Version 12 has all that version 10 has, in the same order; only what is told of a mandate stands one element deeper.
    """
    later = deepcopy(root)
    for element in list(later.iter(etree.Element)):
        if etree.QName(element).namespace == etree.QName(root).namespace:
            element.tag = f"{{{_SPACE}{kind}}}{local(element)}"
    for about in list(later.iter(f"{{{_SPACE}{kind}}}MndtRltdInf")):
        inner = list(about)
        about.append(deeper := about.makeelement(f"{{{_SPACE}{kind}}}DrctDbtMndt"))
        deeper.extend(inner)
    return later
