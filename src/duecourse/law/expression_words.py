"""From text to sqlglot's tree, word by word: only words of the language ever reach the parser.

sqlglot reads far more than the language allows, and reads some texts in surprising ways (`a b` is an alias,
`0x10` is 0 called x10). So its tokenizer's words are judged first, each with its own place; then its
parser runs on what is left: names are handed to it as quoted identifiers, which no keyword can capture.
"""

import re
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp
from sqlglot.errors import ErrorLevel, ParseError, TokenError
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from duecourse.law.catalogue import FUNCTIONS, RESERVED, nearest
from duecourse.law.expression_place import ExpressionError, Source

TEXT_MOST: Final = 4_000  # characters
DEPTH_MOST: Final = 50  # brackets, cases and prefixes within one another

_SIGNS: Final = frozenset({"=", "<>", "!=", "<", "<=", ">", ">=", "+", "-", "*", "(", ")", ","})
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BLANK: Final = frozenset(" \t\r\n")
_BEGINS: Final = frozenset(
    {TokenType.NUMBER, TokenType.STRING, TokenType.IDENTIFIER, TokenType.VAR, TokenType.L_PAREN}
    | {TokenType.CASE, TokenType.DATE}
)
_ENDS: Final = frozenset(
    {TokenType.NUMBER, TokenType.STRING, TokenType.IDENTIFIER, TokenType.R_PAREN} | {TokenType.NULL, TokenType.END}
)
_ADVICE: Final = {
    "/": "divide with a named rounding: div_down(a, b), div_up, div_half_up or div_half_even",
    "div": "divide with a named rounding: div_down(a, b), div_up, div_half_up or div_half_even",
    "//": "divide with a named rounding: div_down(a, b), div_up, div_half_up or div_half_even",
    "==": "write =",
    "&&": "write and",
    "||": "texts cannot be joined; for a choice write or",
    "!": "write not",
    ".": "a fact has no qualifier: write its name alone",
    ";": "one expression only, without ;",
    "like": "compare texts with = or in",
    "ilike": "compare texts with = or in",
    "cast": "kinds do not change: use a fact of the kind needed",
    "::": "kinds do not change: use a fact of the kind needed",
    "interval": "a date plus or minus a whole number is that many days",
    "current_date": "there is no clock: use a fact or a date such as date '2026-01-31'",
    "select": "ask for a fact instead of a query",
}
_PROSE: Final = frozenset(
    {"all", "any", "array", "as", "collate", "cross", "distinct", "escape", "exists", "extract", "filter"}
    | {"from", "group", "ilike", "interval", "isnull", "join", "like", "notnull", "order", "over", "rlike"}
    | {"select", "similar", "some", "union", "where", "with", "xor", "cast", "div", "current_date"}
)
_deep_lock = threading.Lock()


@dataclass
class _Reader:
    """The state of one reading: names allowed, brackets still open, how deep the text is nested."""

    source: Source
    names: frozenset[str]
    out: list[Token] = field(default_factory=list)
    open: list[tuple[Token, int]] = field(default_factory=list)  # opening word, levels that it adds
    prefixes: int = 0  # `not` and signs directly before the next operand


def read(source: Source, names: Iterable[str]) -> exp.Expr:
    """Return sqlglot's tree of the text. `names` are the facts and parameters that it may use.

    Raises ExpressionError for a word that is not of the language, and for anything left open.
    """
    reader = _Reader(source, frozenset(names))
    tokens = list(_qualified(source, _tokens(source), reader.names))
    if not tokens:
        raise source.fault(0, "the expression is empty: write a condition, or leave the key out")
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        _take(reader, token, following)
    if reader.open:
        opened = reader.open[-1][0]
        closing = "end" if opened.token_type == TokenType.CASE else ")"
        raise source.fault(opened.start, f"{_raw(source, opened)!r} is never closed: add {closing!r}")
    return _parse(source, reader.out)


def _tokens(source: Source) -> list[Token]:
    """Cut the text into words; whatever is neither word nor blank between them is a comment or worse."""
    text = source.text
    if len(text) > TEXT_MOST:
        raise source.fault(0, f"{len(text)} characters are more than an expression may have ({TEXT_MOST}): split it")
    for offset, character in enumerate(text):
        if not character.isprintable() and character not in _BLANK:
            raise source.fault(offset, f"the character {character!a} does not belong here: remove it")
    try:
        tokens: list[Token] = Tokenizer().tokenize(text)
    except TokenError:
        raise _unclosed(source) from None
    end = 0
    for token in tokens:
        _blank(source, end, token.start)
        end = token.end + 1
    _blank(source, end, len(text))
    return tokens


def _qualified(source: Source, tokens: list[Token], names: frozenset[str]) -> Iterator[Token]:
    """Make one word of `event.channel` and its like where that is a name; other dots stay and are refused."""
    index = 0
    while index < len(tokens):
        three = tokens[index : index + 3]
        whole = source.text[three[0].start : three[-1].end + 1]
        if len(three) == 3 and three[1].token_type == TokenType.DOT and whole in names:
            yield Token(TokenType.VAR, whole, three[0].line, three[0].col, three[0].start, three[-1].end)
            index += 3
        else:
            yield tokens[index]
            index += 1


def _blank(source: Source, start: int, end: int) -> None:
    for offset in range(start, end):
        if source.text[offset] not in _BLANK:
            word = source.text[offset:end].split()[0]
            raise source.fault(offset, f"{word[:20]!r} is not read: put comments beside the key, not in it")


def _unclosed(source: Source) -> ExpressionError:
    quotes = [offset for offset, character in enumerate(source.text) if character == "'"]
    if len(quotes) % 2:
        return source.fault(quotes[-1], "this quote is never closed: add ', and write '' for a quote in a text")
    return source.fault(0, "the text ends within a comment or a quoted name: remove it")


def _raw(source: Source, token: Token) -> str:
    return source.text[token.start : token.end + 1]


def _take(reader: _Reader, token: Token, following: Token | None) -> None:
    """Judge one word and hand it on."""
    new = _judged(reader, token, following)
    previous = reader.out[-1] if reader.out else None
    if previous is not None and previous.token_type in _ENDS and new.token_type in _BEGINS:
        called = previous.token_type == TokenType.IDENTIFIER and new.token_type == TokenType.L_PAREN
        if not called:
            word = _raw(reader.source, token)
            raise reader.source.fault(token.start, f"an operator is missing before {word!r}")
    _nest(reader, new)
    reader.out.append(new)


def _judged(reader: _Reader, token: Token, following: Token | None) -> Token:
    """Return the word as the parser shall see it, or refuse it."""
    source, raw = reader.source, _raw(reader.source, token)
    kind = token.token_type
    if kind == TokenType.NUMBER:
        return _number(source, token, following)
    if kind == TokenType.STRING:
        if raw != "'" + token.text.replace("'", "''") + "'" or not token.text.isprintable():
            raise source.fault(token.start, f"{raw[:20]!r} is no plain text: write it in single quotes, on one line")
        return token
    if kind == TokenType.IDENTIFIER:
        raise source.fault(token.start, f"{raw[:60]!r}: write texts in single quotes and facts without quotes")
    if _WORD.fullmatch(raw):
        return _word(reader, token, following)
    if raw in reader.names:  # a qualified name
        return _retag(token, TokenType.IDENTIFIER, raw)
    if raw in _SIGNS:
        return token
    advice = _ADVICE.get(raw, "see docs/concepts/expressions.md for what is")
    raise source.fault(token.start, f"{raw[:20]!r} is not part of the language: {advice}")


def _number(source: Source, token: Token, following: Token | None) -> Token:
    raw = _raw(source, token)
    if following is not None and following.start == token.end + 1 and _WORD.fullmatch(_raw(source, following)):
        raw += _raw(source, following)
    if not (raw.isascii() and raw.isdigit()):
        raise source.fault(
            token.start,
            f"{raw[:40]!r} is not a whole number: write digits only (money in minor units, shares in ppm)",
        )
    return token


def _word(reader: _Reader, token: Token, following: Token | None) -> Token:
    source, raw = reader.source, _raw(reader.source, token)
    lower = raw.lower()
    called = following is not None and following.token_type == TokenType.L_PAREN
    if lower in RESERVED:
        return _reserved(reader, token, following)
    if called and lower in FUNCTIONS:
        return _retag(token, TokenType.VAR, lower)
    if following is not None and following.token_type == TokenType.DOT:
        raise source.fault(token.start, f"{raw[:63]!r}: a fact has no qualifier, write its name alone")
    if raw in reader.names:
        if called:
            raise source.fault(token.start, f"{raw!r} is a fact: an operator is missing after it")
        return _retag(token, TokenType.IDENTIFIER, raw)
    if lower in _PROSE:
        advice = _ADVICE.get(lower, "see docs/concepts/expressions.md for what is")
        raise source.fault(token.start, f"{raw!r} is not part of the language: {advice}")
    if called:
        near = nearest(raw, FUNCTIONS)
        hint = f"did you mean {near!r}?" if near else f"there are {', '.join(FUNCTIONS)}"
        raise source.fault(token.start, f"unknown function {raw[:63]!r}: {hint}")
    if lower in FUNCTIONS:
        raise source.fault(token.start, f"{raw!r} is a function: write {lower}(...)")
    near = nearest(raw, reader.names)
    hint = f"did you mean {near!r}?" if near else "no fact has a name like it; `duecourse facts` lists them"
    raise source.fault(token.start, f"unknown fact {raw[:63]!r}: {hint}")


def _reserved(reader: _Reader, token: Token, following: Token | None) -> Token:
    """Judge a keyword by its neighbours, where that gives a better error than the parser's."""
    source, raw, kind = reader.source, _raw(reader.source, token), token.token_type
    lower = raw.lower()
    before = [each.token_type for each in reader.out[-2:]]
    after = following.token_type if following else None
    if lower in {"true", "false"}:
        return _retag(token, TokenType.IDENTIFIER, lower)
    if kind == TokenType.NULL and before[-1:] != [TokenType.IS] and before != [TokenType.IS, TokenType.NOT]:
        raise source.fault(token.start, f"{raw!r} is the absence of a value, no value: write `is null`")
    if kind == TokenType.IS and after not in {TokenType.NULL, TokenType.NOT}:
        raise source.fault(token.start, "'is' goes with null only: write `is null`, or = for another value")
    if kind == TokenType.NOT and before[-1:] == [TokenType.IS] and after != TokenType.NULL:
        raise source.fault(token.start, "'is not' goes with null only: write `is not null`, <> or not")
    if kind == TokenType.DATE and after != TokenType.STRING:
        raise source.fault(token.start, f"{raw!r} needs a day in quotes: date '2026-01-31'")
    if kind == TokenType.IN and after != TokenType.L_PAREN:
        raise source.fault(token.start, f"{raw!r} needs a list of values in brackets: in (1, 2)")
    return token


def _retag(token: Token, kind: TokenType, text: str) -> Token:
    return Token(kind, text, token.line, token.col, token.start, token.end)


def _nest(reader: _Reader, token: Token) -> None:
    """Keep count of what is open, and refuse what is nested too deep for the parser or a reader."""
    kind = token.token_type
    if kind in {TokenType.L_PAREN, TokenType.CASE}:
        reader.open.append((token, 1 + reader.prefixes))
        reader.prefixes = 0
    elif kind in {TokenType.R_PAREN, TokenType.END}:
        _close(reader, token)
        reader.prefixes = 0
    elif kind in {TokenType.NOT, TokenType.DASH, TokenType.PLUS}:
        reader.prefixes += 1
    else:
        reader.prefixes = 0
    if sum(levels for _, levels in reader.open) + reader.prefixes > DEPTH_MOST:
        raise reader.source.fault(token.start, too_deep())


def too_deep() -> str:
    """Return the words that refuse an expression nested beyond the limit."""
    return f"nested deeper than {DEPTH_MOST} levels: split it into facts or rules"


def _close(reader: _Reader, token: Token) -> None:
    opening = TokenType.CASE if token.token_type == TokenType.END else TokenType.L_PAREN
    if not reader.open or reader.open[-1][0].token_type != opening:
        word = _raw(reader.source, token)
        raise reader.source.fault(token.start, f"{word!r} closes nothing: remove it or open it before")
    reader.open.pop()


def _parse(source: Source, tokens: list[Token]) -> exp.Expr:
    """Run sqlglot's parser on words that were all judged."""
    try:
        with _deep_stack():
            trees = Parser(error_level=ErrorLevel.IMMEDIATE).parse(tokens, source.text)
    except ParseError as error:
        raise _misread(source, tokens, error) from None
    except RecursionError:
        raise source.fault(0, too_deep()) from None
    tree = trees[0] if len(trees) == 1 else None
    if tree is None:
        raise source.fault(0, "this cannot be read as one expression: check its order of words")
    return tree


@contextmanager
def _deep_stack() -> Iterator[None]:
    """Give sqlglot's recursive parser room: about 25 frames a level, whatever the caller's own depth is."""
    with _deep_lock:
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(before + 30 * DEPTH_MOST)
        try:
            yield
        finally:
            sys.setrecursionlimit(before)


def _misread(source: Source, tokens: list[Token], error: ParseError) -> ExpressionError:
    """Say where sqlglot stopped; its own words speak of SQL that the language does not have."""
    lost = "a word is missing or out of place"
    first = error.errors[0] if error.errors else {}
    for token in tokens:
        if (token.line, token.col) == (first.get("line"), first.get("col")):
            word = _raw(source, token)
            return source.fault(token.start, f"cannot be read at {word[:40]!r}: {lost}")
    return source.fault(0, f"cannot be read: {lost}")
