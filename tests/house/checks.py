"""The house checks: each finds what it bans in one file's text, and names what to write instead.

A finder takes the file's name (from the project's root) and its text, and gives (line, what it found). Which
files it is for, and the good and bad samples by which it is tried, stand in `test_checks.py`.
"""

import ast
import re
import sys
from collections.abc import Iterator
from typing import Final

Findings = Iterator[tuple[int, str]]

# --- who may import whom -----------------------------------------------------------------------------------

_LAW_AND_BELOW = ("kernel", "book", "ledger", "law")
_STORE_AND_BELOW = (*_LAW_AND_BELOW, "strategy", "store")
_DAY_AND_BELOW = (*_STORE_AND_BELOW, "day", "channels", "documents")
_WEB = (*_DAY_AND_BELOW, "night", "endings", "finance", "rewards", "affordability", "licences", "inquiry", "publishing")
MAY_IMPORT: Final[dict[str, tuple[str, ...]]] = {
    "kernel": (),
    "book": ("kernel",),
    "ledger": ("kernel", "book"),
    "law": ("kernel",),  # it sees tables, never the code that made them
    "affordability": ("kernel", "law"),  # what can be repaid: a budget, a loan and the law's cap
    "strategy": _LAW_AND_BELOW,
    "night": (*_LAW_AND_BELOW, "strategy"),
    "store": (*_LAW_AND_BELOW, "strategy"),
    "channels": ("kernel",),
    "documents": ("kernel",),
    "licences": ("kernel",),
    "publishing": ("kernel", "book", "law", "night", "inquiry"),  # a lender's side of it, out of its night
    "inquiry": ("kernel",),  # other parties run it too, who have no store and no night
    "day": (*_STORE_AND_BELOW, "night", "channels", "documents"),  # the gate compiles what the night has defined
    "endings": (*_DAY_AND_BELOW, "night"),  # the gate and its facts are the night's definitions
    "finance": (*_DAY_AND_BELOW, "night"),
    "rewards": (*_DAY_AND_BELOW, "night", "affordability"),
    "web": _WEB,  # what desk, portal and API share
    "desk": (*_WEB, "web"),
    "portal": (*_WEB, "web"),
    "api": (*_WEB, "web"),
    "addresses": ("web", "desk", "portal", "api"),
    "testing": (*_WEB, "web", "desk", "portal", "api"),
    "printing": (),
    "terminal": (*_LAW_AND_BELOW, "strategy", "night", "printing"),
    "terminal_law": (*_LAW_AND_BELOW, "printing"),
    "demonstration": (*_LAW_AND_BELOW, "strategy", "night", "printing", "terminal"),
    "demonstration_desk": (*_LAW_AND_BELOW, "strategy", "night", "store", "day", "licences"),
    "cli_afford": ("kernel", "law", "affordability", "documents", "printing", "cli_options"),
    "cli_agency": (*_DAY_AND_BELOW, "endings", "night", "printing", "cli_ending", "cli_options"),
    "cli_audit": ("kernel", "store", "documents", "printing", "cli_options"),
    "cli_day": (*_DAY_AND_BELOW, "night", "printing", "cli_days", "cli_options"),
    "cli_days": ("kernel",),
    "cli_ending": (*_DAY_AND_BELOW, "endings", "night", "printing", "cli_options"),
    "cli_field": (*_DAY_AND_BELOW, "endings", "night", "printing", "cli_options", "cli_visits"),
    "cli_furnish": (*_DAY_AND_BELOW, "endings", "night", "printing", "cli_days", "cli_ending", "cli_options"),
    "cli_law": (*_LAW_AND_BELOW, "strategy", "night", "printing", "terminal_law", "cli_days", "cli_options"),
    "cli_inquiry": ("kernel", "law", "documents", "inquiry", "printing", "cli_options"),
    "cli_licences": ("kernel", "licences", "printing"),
    "cli_publish": (*_DAY_AND_BELOW, "inquiry", "publishing", "printing", "cli_inquiry", "cli_options"),
    "cli_options": (),
    "cli_money": ("kernel", "law", "strategy", "night", "store", "day", "printing", "cli_days", "cli_options"),
    "cli_sale": (*_DAY_AND_BELOW, "endings", "night", "printing", "cli_ending", "cli_options"),
    "cli_register": (
        *_DAY_AND_BELOW,
        "endings",
        "night",
        "printing",
        "cli_days",
        "cli_ending",
        "cli_options",
    ),
    "cli_finance": (*_DAY_AND_BELOW, "finance", "night", "printing", "cli_days", "cli_options"),
    "cli_reward": (*_DAY_AND_BELOW, "rewards", "night", "printing", "cli_days", "cli_options"),
    "cli_serve": (*_DAY_AND_BELOW, "night", "web", "demonstration_desk", "cli_options"),
    "cli_settle": (*_DAY_AND_BELOW, "endings", "night", "printing", "cli_options"),
    "cli_token": ("kernel", "store", "day", "printing", "cli_options"),
    "cli_visits": (*_DAY_AND_BELOW, "endings", "night", "printing", "cli_options"),
    "cli_staff": ("kernel", "store", "day", "web", "printing", "cli_days", "cli_options"),
    "cli_store": ("kernel", "store", "printing", "cli_options"),
    "cli_suit": ("kernel", "store", "endings", "printing", "cli_ending", "cli_options"),
    "cli_strategy": (*_LAW_AND_BELOW, "strategy", "night", "printing", "cli_days", "cli_options"),
    "cli": (
        *_WEB,
        "desk",
        "portal",
        "api",
        "printing",
        "terminal",
        "demonstration",
        "cli_afford",
        "cli_agency",
        "cli_audit",
        "cli_day",
        "cli_days",
        "cli_ending",
        "cli_field",
        "cli_furnish",
        "cli_inquiry",
        "cli_law",
        "cli_licences",
        "cli_money",
        "cli_publish",
        "cli_options",
        "cli_sale",
        "cli_register",
        "cli_finance",
        "cli_reward",
        "cli_serve",
        "cli_settle",
        "cli_staff",
        "cli_store",
        "cli_strategy",
        "cli_suit",
        "cli_token",
        "cli_visits",
    ),
    "__main__": ("cli",),
    "__init__": (),
}
"""Each folder (or module) of src/duecourse, and the ones it may import. The arrows of the design."""

ENGINES: Final = ("duckdb", "pyspark")
TERMINAL: Final = ("typer", "rich", "click")
SPEAKING: Final = frozenset(
    {
        "cli",
        "cli_afford",
        "cli_agency",
        "cli_audit",
        "cli_day",
        "cli_days",
        "cli_ending",
        "cli_field",
        "cli_furnish",
        "cli_inquiry",
        "cli_law",
        "cli_licences",
        "cli_money",
        "cli_publish",
        "cli_options",
        "cli_sale",
        "cli_register",
        "cli_finance",
        "cli_reward",
        "cli_serve",
        "cli_settle",
        "cli_staff",
        "cli_store",
        "cli_strategy",
        "cli_suit",
        "cli_token",
        "cli_visits",
        "printing",
        "terminal",
        "terminal_law",
    }
)
OUTSIDE: Final = (
    "django", "ninja", "flask", "fastapi", "sqlalchemy", "psycopg", "requests", "httpx", "aiohttp", "socket",
    "http", "urllib.request",
)  # fmt: skip
NIGHT_AND_BELOW: Final = (*_LAW_AND_BELOW, "strategy", "night")


def place_of(name: str) -> tuple[str, ...]:
    """Return the parts of a module below duecourse: ("night", "engines", "duckdb")."""
    return tuple(name.removeprefix("src/duecourse/").removesuffix(".py").split("/"))


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every module that is imported anywhere in the tree, within functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            if module == "duecourse":
                yield from ((node.lineno, f"duecourse.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, module


def _is(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in names)


def _bad_import(place: tuple[str, ...], module: str) -> str | None:
    layer = place[0]
    if module.startswith("."):
        return "a relative import"
    if _is(module, ("duecourse",)):
        target = (*module.split("."), "__init__")[1]
        wrong = target not in (layer, "__init__", "__version__", *MAY_IMPORT[layer])
        return f"{layer} imports {target}" if wrong else None
    if layer == "kernel" and module.partition(".")[0] not in sys.stdlib_module_names:
        return f"the kernel imports {module}"
    if _is(module, ENGINES) and layer != "book" and place[:2] not in {("night", "engines"), ("law", "running")}:
        return f"{module} outside book, night/engines and law/running.py"
    if _is(module, TERMINAL) and layer not in SPEAKING:
        return f"{module} outside the command line"
    if _is(module, OUTSIDE) and layer in NIGHT_AND_BELOW:
        return f"{layer} imports {module}"
    return None


def arrows(name: str, text: str) -> Findings:
    """Find imports against the arrows, engines and terminals where they do not belong."""
    place = place_of(name)
    if place[0] not in MAY_IMPORT:
        yield 1, f"{place[0]} has no place in MAY_IMPORT"
        return
    for line, module in imported(ast.parse(text)):
        if found := _bad_import(place, module):
            yield line, found


# --- no clock, no float, no silent rounding ----------------------------------------------------------------

CLOCKS: Final = (
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns",
    "time.localtime", "time.gmtime", "time.ctime", "time.strftime", "ibis.now", "ibis.today",
)  # fmt: skip
_SQL_CLOCK = re.compile(
    r"\b(current_date|current_timestamp|current_time|localtimestamp)\b|\b(now|today)\(\)", re.IGNORECASE
)


def _code_strings(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the string constants that are not docstrings (a docstring is a statement of its own)."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node


def clock(_name: str, text: str) -> Findings:
    """Find readings of the machine's clock, in Python and in SQL text."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            if any(dotted == clock or dotted.endswith("." + clock) for clock in CLOCKS):
                yield node.lineno, dotted
    for string in _code_strings(tree):
        words = str(string.value)
        if not words.isidentifier() and (match := _SQL_CLOCK.search(words)):  # a bare word is a list's, not SQL
            yield string.lineno, f"{match[0]} in a text"


FLOATS: Final = ("float", "float16", "float32", "float64", "double")


def _said(lines: list[str], line: int, words: re.Pattern[str]) -> bool:
    """Say whether a comment on this line, or in the comment right above, has one of the words."""
    comment = lines[line - 1].partition("#")[2]
    above = line - 2
    while above >= 0 and lines[above].lstrip().startswith("#"):
        comment += lines[above]
        above -= 1
    return bool(words.search(comment))


_FLOAT_REASON = re.compile(r"\bfloat: \w+")


def floats(_name: str, text: str) -> Findings:
    """Find floats: the type, a number with a point; a comment `float: why` lets one pass, a docstring its module."""
    lines, tree = text.splitlines(), ast.parse(text)
    if _FLOAT_REASON.search(ast.get_docstring(tree) or ""):
        return
    for node in ast.walk(tree):
        found = None
        if not isinstance(node, ast.expr):
            continue
        if isinstance(node, ast.Name) and node.id in FLOATS:
            found = node.id
        elif isinstance(node, ast.Attribute) and node.attr in FLOATS:
            found = ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            found = str(node.value)
        if found and not _said(lines, node.lineno, _FLOAT_REASON):
            yield node.lineno, found


_ROUNDING = re.compile(r"\b(round\w*|floor\w*|ceil\w*|down|up|whole|exact|exactly|half|not money)\b", re.IGNORECASE)


def rounding(_name: str, text: str) -> Findings:
    """Find `round()` at all, and `//` of which neither a comment nor the function says how it rounds."""
    lines = text.splitlines()

    def visit(node: ast.AST, *, said: bool) -> Findings:
        if isinstance(node, ast.FunctionDef):
            said = bool(_ROUNDING.search(ast.get_docstring(node) or ""))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "round":
            yield node.lineno, "round()"
        divides = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.FloorDiv)
        if divides and not said and not _said(lines, getattr(node, "lineno", 1), _ROUNDING):
            yield getattr(node, "lineno", 1), "// without a word on its rounding"
        for child in ast.iter_child_nodes(node):
            yield from visit(child, said=said)

    yield from visit(ast.parse(text), said=False)


def prints(_name: str, text: str) -> Findings:
    """Find `print()` and direct writes to the terminal."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "print",
            "sys.stdout.write",
            "sys.stderr.write",
        ):
            yield node.lineno, ast.unparse(node.func)


# --- size and words ----------------------------------------------------------------------------------------

FUNCTION_LINES_MAX: Final = 70
FILE_LINES_MAX: Final = 600


def sizes(_name: str, text: str) -> Findings:
    """Find functions and files too long to be read at one sitting."""
    length = len(text.splitlines())
    if length > FILE_LINES_MAX:
        yield FILE_LINES_MAX, f"{length} lines in one file"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield node.lineno, f"{node.name} has {length} lines"


def _public(node: ast.AST) -> bool:
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return isinstance(node, definitions) and not node.name.startswith("_")


def docstrings(name: str, text: str) -> Findings:
    """Find public modules, classes, functions and methods that say nothing."""
    tree = ast.parse(text)
    if text.strip() and not ast.get_docstring(tree):
        yield 1, f"{name} has no docstring"
    todo: list[ast.AST] = [tree]
    while todo:
        for node in ast.iter_child_nodes(todo.pop()):
            if not _public(node):
                continue
            assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if not ast.get_docstring(node):
                yield node.lineno, f"{node.name} has no docstring"
            if isinstance(node, ast.ClassDef):
                todo.append(node)


def _lines_with(text: str, pattern: re.Pattern[str]) -> Findings:
    for number, line in enumerate(text.splitlines(), 1):
        if match := pattern.search(line):
            yield number, match[0]


# The words are put together here, so that this file does not find itself.
_LEFTOVER = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
_MACHINE = re.compile(
    r"(?<![\w.~$}/-])/(work|tmp|home|root|Users|opt|mnt)/[\w.]"
    r"|\b[A-Z]:\\Users\\",
)
_REGISTRY = re.compile(
    "|".join(
        (
            "pypi" + r"\.org",
            "python" + r"hosted\.org",
            "ana" + r"conda\.org",
            "--(extra-)?index" + "-url http",
        )
    )
)


def leftovers(_name: str, text: str) -> Findings:
    """Find notes to oneself."""
    yield from _lines_with(text, _LEFTOVER)


def machines(_name: str, text: str) -> Findings:
    """Find paths of somebody's machine, and addresses of package indexes."""
    yield from _lines_with(text, _MACHINE)
    yield from _lines_with(text, _REGISTRY)


# --- documents ---------------------------------------------------------------------------------------------

_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)")
_INVOKED = re.compile(r"^\s*(?:\$ )?(?:\.venv/bin/)?duecourse ([a-z][a-z-]*)|`duecourse ([a-z][a-z-]*)", re.MULTILINE)


def links(text: str) -> list[str]:
    """Relative links of a Markdown text, as paths from its folder."""
    return _LINK.findall(text)


def invoked(text: str) -> list[str]:
    """Names of the commands of ours that a text shows, at the start of a line or in backticks."""
    return [first or second for first, second in _INVOKED.findall(text)]


DECISION_PARTS: Final = ("Choice", "Why", "Cost")
_DECISION_HEAD = re.compile(r"^# (\d{4})\. \S.*$")
_DECISION_STATUS = re.compile(r"^Status: (accepted|superseded by \d{4}) · \d{4}-\d{2}-\d{2}$")
DECISION_LINES_MAX: Final = 24


def decisions(name: str, text: str) -> Findings:
    """Find records of decisions without number, status, date, choice, why or cost, or too long to be read."""
    lines = text.splitlines()
    head = _DECISION_HEAD.match(lines[0]) if lines else None
    if not head or not name.rpartition("/")[2].startswith(head[1] + "-"):
        yield 1, "no heading `# NNNN. title` with the number of the file's name"
    if len(lines) < 3 or not _DECISION_STATUS.match(lines[2]):
        yield 3, "no third line `Status: accepted · YYYY-MM-DD`"
    for part in DECISION_PARTS:
        if not re.search(rf"^\*\*{part}\.\*\* \S", text, re.MULTILINE):
            yield 1, f"no paragraph **{part}.**"
    if len(lines) > DECISION_LINES_MAX:
        yield DECISION_LINES_MAX, f"{len(lines)} lines"
