"""What is left of an expression when something is known of its names beforehand.

narrowed(node, known) -> Node      equal to `node` on every row that agrees with `known`
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from duecourse.law.catalogue import FactKind
from duecourse.law.expression_rows import evaluate, unknown
from duecourse.law.expression_tree import STRICT, Call, Literal, Named, Node, Value, nodes


@dataclass(frozen=True)
class Among:
    """A list of texts that is never unknown and holds no others than these."""

    words: frozenset[str]

    def __str__(self) -> str:
        """Return the words in order: the same text in every run."""
        return f"among {' '.join(sorted(self.words))}"


@dataclass(frozen=True)
class Exactly:
    """A list that holds these texts on every row, and no others."""

    words: frozenset[str]

    def __str__(self) -> str:
        """Return the words in order: the same text in every run."""
        return f"exactly {' '.join(sorted(self.words))}"


Listed = Among | Exactly
# One value on every row, None where it is unknown on every row; or what a list holds.
Known = Mapping[str, Value | Listed | None]

_TRUE: Final = Literal(FactKind.BOOLEAN, value=True)
_FALSE: Final = Literal(FactKind.BOOLEAN, value=False)
_ASKS_LISTS: Final = frozenset({"has", "has_all", "how_many", "is null"})
_KEEPS_UNKNOWN: Final = frozenset({"and", "or", "is null", "coalesce", "between"})  # known though an operand is not


def narrowed(node: Node, known: Known) -> Node:
    """Return an expression with known names written out and worked out as far as they reach; None is unknown.

    A name that is not in `known` may have any value on any row.
    """
    if not isinstance(node, Call):
        return _value(node, known)
    if node.op in STRICT:
        return _strict(node, known)
    args = tuple(narrowed(arg, known) for arg in node.args)
    if node.op in {"and", "or"}:
        return _joined(node, args)
    if node.op == "coalesce":
        return _first(node, args)
    told = _told_by_list(node, known) if node.op in _ASKS_LISTS else None
    if told is not None:
        return told
    if node.op in {"has", "has_all"}:
        return _asked_of_list(node, args, known)
    if node.op not in _KEEPS_UNKNOWN and any(_is_unknown(arg) for arg in args):
        return Literal(node.kind, None)
    return _worked_out(Call(node.kind, node.op, args))


def _value(node: Literal | Named, known: Known) -> Node:
    if isinstance(node, Literal) or node.name not in known:
        return node
    value = known[node.name]
    return node if isinstance(value, Listed) else Literal(node.kind, value)


def _told_by_list(node: Call, known: Known) -> Literal | None:
    """Return what a list that is known tells by itself; None when it does not."""
    first = node.args[0]
    listed = known.get(first.name) if isinstance(first, Named) else None
    if node.op == "is null":
        return _FALSE if isinstance(listed, Listed) else None
    if not isinstance(listed, Exactly):
        return None
    if node.op == "how_many":
        return Literal(node.kind, len(listed.words))
    wanted = [arg.value for arg in node.args[1:] if isinstance(arg, Literal)]
    held = [word in listed.words for word in wanted]
    return _TRUE if (all(held) if node.op == "has_all" else any(held)) else _FALSE


def _asked_of_list(node: Call, args: tuple[Node, ...], known: Known) -> Node:
    """Narrow `has` and `has_all`: a word that the list never holds is not looked for."""
    if _is_unknown(args[0]):
        return Literal(node.kind, None)
    among = known.get(args[0].name) if isinstance(args[0], Named) else None
    if not isinstance(among, Among):
        return Call(node.kind, node.op, args)
    found = tuple(arg for arg in args[1:] if isinstance(arg, Literal) and arg.value in among.words)
    if not found or (node.op == "has_all" and len(found) < len(args) - 1):
        return _FALSE
    return Call(node.kind, node.op, (args[0], *found))


def _is_unknown(node: Node) -> bool:
    return isinstance(node, Literal) and node.value is None


def _worked_out(node: Call) -> Node:
    """Work out an operator whose operands are all known; what overflows is left to the engine."""
    if not all(isinstance(arg, Literal) for arg in node.args):
        return node
    try:
        return Literal(node.kind, evaluate(node, {}))
    except OverflowError:
        return node


def _joined(node: Call, args: tuple[Node, ...]) -> Node:
    """Narrow `and` or `or`: what decides alone decides, what changes nothing goes."""
    decides, idle = (_FALSE, _TRUE) if node.op == "and" else (_TRUE, _FALSE)
    if any(isinstance(arg, Literal) and arg.value is decides.value for arg in args):
        return decides
    kept = tuple(dict.fromkeys(arg for arg in args if not (isinstance(arg, Literal) and arg.value is idle.value)))
    if not kept:
        return idle
    return kept[0] if len(kept) == 1 else Call(node.kind, node.op, kept)


def _first(node: Call, args: tuple[Node, ...]) -> Node:
    kept: list[Node] = []
    for arg in args:
        if not _is_unknown(arg):
            kept.append(arg)
        if isinstance(arg, Literal) and arg.value is not None:
            break  # what stands behind it is never asked
    if not kept:
        return Literal(node.kind, None)
    return kept[0] if len(kept) == 1 or isinstance(kept[0], Literal) else Call(node.kind, "coalesce", tuple(kept))


def _strict(node: Call, known: Known) -> Node:
    """Narrow `case`, `least` and `greatest`, which are unknown as soon as a fact in them is.

    So no fact in them may be dropped for having no say: names are written out, and nothing else is done.
    """
    if unknown(node, _Surely(known)):
        return Literal(node.kind, None)
    written = _written(node, known)
    if any(isinstance(each, Named) for each in nodes(written)):
        return written
    try:
        return Literal(node.kind, evaluate(written, {}))
    except OverflowError:
        return written


class _Surely(dict[str, object]):
    """A row on which a name that is not known counts as having a value."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)

    def __missing__(self, name: str) -> object:
        return True


def _written(node: Node, known: Known) -> Node:
    if isinstance(node, Call):
        told = _told_by_list(node, known) if node.op in _ASKS_LISTS else None
        if told is not None:
            return told
        args = tuple(_written(arg, known) for arg in node.args)
        return _first(node, args) if node.op == "coalesce" else Call(node.kind, node.op, args)
    return _value(node, known)
