"""Every house check is tried on good and bad lines, then on every file that it is for."""

import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import pytest

from tests.house import checks
from tests.house.tree import files, name_of, text_of

DECISION = """# 0007. Ibis

Status: accepted · 2026-11-21

**Choice.** A

**Why.** B

**Cost.** C
"""
PY = "src/duecourse/ledger/sample.py"
TEXTS: Final = {
    name_of(path): text for path in files() if (text := text_of(path)) is not None and path.stat().st_size < 1e6
}


@dataclass(frozen=True)
class Check:
    """A finder, the files it is for, and the samples by which it is itself tested.

    `but` are patterns of files that it is not for, each with the reason.
    A sample is a text, or (file's name, text).
    """

    find: Callable[[str, str], Iterator[tuple[int, str]]]
    instead: str
    covers: tuple[str, ...]
    good: tuple[str | tuple[str, str], ...]
    bad: tuple[str | tuple[str, str], ...]
    but: dict[str, str] = field(default_factory=dict)
    sample_name: str = PY

    def of(self, sample: str | tuple[str, str]) -> list[tuple[int, str]]:
        name, text = (self.sample_name, sample) if isinstance(sample, str) else sample
        return list(self.find(name, text))

    def covered(self) -> dict[str, str]:
        names = [name for name in TEXTS if matches(name, self.covers) and not matches(name, self.but)]
        return {name: TEXTS[name] for name in names}


def matches(name: str, patterns: tuple[str, ...] | dict[str, str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


MONEY = tuple(f"src/duecourse/{layer}/*.py" for layer in ("kernel", "book", "ledger", "law", "strategy"))
SYNTH = {"src/duecourse/book/synth*.py": "chances of invented behaviour; amounts are integers"}
CLI = {
    "src/duecourse/cli.py": "the command line talks to the terminal",
    "src/duecourse/cli_afford.py": "the command line talks to the terminal",
    "src/duecourse/cli_agency.py": "the command line talks to the terminal",
    "src/duecourse/cli_audit.py": "the command line talks to the terminal",
    "src/duecourse/cli_day.py": "the command line talks to the terminal",
    "src/duecourse/cli_sale.py": "the command line talks to the terminal",
    "src/duecourse/cli_settle.py": "the command line talks to the terminal",
    "src/duecourse/cli_ending.py": "the command line talks to the terminal",
    "src/duecourse/cli_field.py": "the command line talks to the terminal",
    "src/duecourse/cli_inquiry.py": "the command line talks to the terminal",
    "src/duecourse/cli_furnish.py": "the command line talks to the terminal",
    "src/duecourse/cli_licences.py": "the command line talks to the terminal",
    "src/duecourse/cli_law.py": "the command line talks to the terminal",
    "src/duecourse/cli_publish.py": "the command line talks to the terminal",
    "src/duecourse/cli_money.py": "the command line talks to the terminal",
    "src/duecourse/cli_register.py": "the command line talks to the terminal",
    "src/duecourse/cli_finance.py": "the command line talks to the terminal",
    "src/duecourse/cli_reward.py": "the command line talks to the terminal",
    "src/duecourse/cli_serve.py": "the command line talks to the terminal",
    "src/duecourse/cli_staff.py": "the command line talks to the terminal",
    "src/duecourse/cli_strategy.py": "the command line talks to the terminal",
    "src/duecourse/cli_token.py": "the command line talks to the terminal",
    "src/duecourse/cli_suit.py": "the command line talks to the terminal",
    "src/duecourse/cli_visits.py": "the command line talks to the terminal",
}

CHECKS: Final = {
    "arrows": Check(
        checks.arrows,
        "kernel <- book <- ledger <- law <- strategy <- night, downwards only; law sees tables, not code",
        ("src/duecourse/*.py",),
        good=(
            "from duecourse.kernel.components import COMPONENTS",
            "from duecourse.book import schema",
            "from duecourse import __version__",
            ("src/duecourse/night/run.py", "import ibis\nfrom duecourse.law import catalogue"),
            ("src/duecourse/night/engines/duckdb.py", "import duckdb"),
            ("src/duecourse/book/load.py", "import duckdb"),
            ("src/duecourse/kernel/dates.py", "from datetime import date"),
            ("src/duecourse/cli.py", "import typer\nfrom duecourse.night import run"),
        ),
        bad=(
            "from duecourse.night import run",
            "from duecourse import night",
            "import duecourse.strategy.load",
            "def late():\n    from duecourse.law import catalogue",
            "from . import loan",
            "import duckdb",
            "import rich.table",
            "import django.db",
            ("src/duecourse/law/books.py", "from duecourse.ledger import loan"),
            ("src/duecourse/law/books.py", "from duecourse.book.schema import TABLES"),
            ("src/duecourse/kernel/money.py", "import numpy"),
            ("src/duecourse/kernel/money.py", "import duecourse.book.schema"),
            ("src/duecourse/night/ageing.py", "import duckdb"),
            ("src/duecourse/night/ageing.py", "from duecourse import cli"),
            ("src/duecourse/utilities/text.py", ""),
            ("src/duecourse/misc.py", ""),
        ),
    ),
    "clock": Check(
        checks.clock,
        "take the business date or the moment as an argument; only the command line may ask what day it is",
        ("src/duecourse/*.py", "bench/*.py", "tools/*.py"),
        good=(
            "started = time.perf_counter()",
            "def age(on: date) -> int: ...",
            '"""Never uses current_date."""',
            "datetime.fromisoformat(text)",
            'banned = {"current_date"}',
        ),
        bad=(
            "date.today()",
            "import datetime\ndatetime.datetime.now(tz=None)",
            "make = datetime.utcnow",
            "time.time()",
            "ibis.now()",
            'sql = "select current_date - due_on"',
            'sql = "select now()"',
        ),
        but=CLI,
    ),
    "floats": Check(
        checks.floats,
        "use int (minor units, ppm, ppb) or Fraction; where no money is meant, say `# float: why`",
        MONEY,
        good=(
            "amount: int = 1_000_000",
            "share = rate  # float: a share shown, never money",
            "ratio = Fraction(1, 3)",
        ),
        bad=(
            "amount: float = 0",
            "x = 0.5",
            "np.float64(3)",
            "def f(x: list[float]) -> None: ...",
            "y = float(x)",
        ),
        but=SYNTH,
    ),
    "rounding": Check(
        checks.rounding,
        "divide integers with `//` and a comment that names the rounding (down, half even, exact, ...)",
        MONEY,
        good=(
            "fee = base * ppm // 1_000_000  # rounded down: in the borrower's favour",
            "# rounds down, see decision 0013\nfee = base * ppm // 1_000_000",
            "frame.round_trip()",
            'def share(a, b):\n    """Share of a in b, rounded down."""\n    return a // b',
        ),
        bad=(
            "round(x)",
            "fee = base * ppm // 1_000_000",
            "x //= 2",
            "# rounded down\n\nx = a // b",
            'def f():\n    """Share."""\n    return a // b',
        ),
        but=SYNTH,
    ),
    "prints": Check(
        checks.prints,
        "return the text, or take a `progress` callable; cli.py prints",
        ("src/duecourse/*.py",),
        good=("logger.print_it()", "def f(progress): progress('load', 1, 2)"),
        bad=("print(1)", "def f():\n    sys.stdout.write('x')"),
        but=CLI,
    ),
    "sizes": Check(
        checks.sizes,
        "split it where the thought turns: ifs up, loops down; one step, one file",
        ("src/*.py", "tests/*.py", "bench/*.py", "tools/*.py"),
        good=("def f():\n" + "    x = 1\n" * 69, "x = 1\n" * 600),
        bad=(
            "def f():\n" + "    x = 1\n" * 70,
            "x = 1\n" * 601,
            "class A:\n    async def f():\n" + "        x = 1\n" * 70,
        ),
    ),
    "docstrings": Check(
        checks.docstrings,
        "say in a sentence what it is, with units, shapes, errors, and the source of a formula",
        ("src/*.py", "bench/*.py", "tools/*.py"),
        good=(
            '"""Module."""\ndef _f(): ...',
            '"""Module."""\nclass A:\n    """Class."""\n    def __init__(self): ...',
        ),
        bad=(
            "x = 1",
            '"""Module."""\ndef f(): ...',
            '"""Module."""\nclass A:\n    """Class."""\n    def f(self): ...',
            '"""Module."""\nclass A: ...',
        ),
    ),
    "leftovers": Check(
        checks.leftovers,
        "mend it now, or open an issue",
        ("*",),
        good=("mastodon", "the list of what to do"),
        bad=("# TO" + "DO: later", "// FIX" + "ME", "XX" + "X"),
    ),
    "machines": Check(
        checks.machines,
        "write a path from the project's root; where packages come from is set on the machine",
        ("*",),
        good=(
            "open('out/report.html')",
            "https://example.com/home/page",
            "a/tmp/b",
            "$HOME/work/x",
            "see ../shared/data",
        ),
        bad=(
            "open('/tm" + "p/x')",
            "cd /wo" + "rk/main",
            "path=/hom" + "e/anna/x",
            "C:\\Use" + "rs\\anna",
            "https://py" + "pi.org/simple",
            "https://files.python" + "hosted.org/a.whl",
        ),
    ),
    "decisions": Check(
        checks.decisions,
        "follow docs/decisions/0001-*.md: heading, status line, Choice, Why, Cost",
        ("docs/decisions/[0-9]*.md",),
        sample_name="docs/decisions/0007-ibis.md",
        good=(DECISION,),
        bad=(
            "",
            DECISION.replace("0007", "0008"),
            DECISION.replace("accepted", "maybe"),
            DECISION.replace("2026-11-21", "lately"),
            DECISION.replace("**Why.** B", ""),
            DECISION + "\n" * 30,
        ),
    ),
}
GOOD = [(name, sample) for name, check in CHECKS.items() for sample in check.good]
BAD = [(name, sample) for name, check in CHECKS.items() for sample in check.bad]


@pytest.mark.parametrize(("name", "sample"), GOOD)
def test_good_lines_pass(name: str, sample: str | tuple[str, str]) -> None:
    assert CHECKS[name].of(sample) == []


@pytest.mark.parametrize(("name", "sample"), BAD)
def test_bad_lines_are_found(name: str, sample: str | tuple[str, str]) -> None:
    assert CHECKS[name].of(sample) != []


@pytest.mark.parametrize("name", CHECKS)
def test_the_house_is_in_order(name: str) -> None:
    check = CHECKS[name]
    found = [
        f"{file}:{line}: {what}" for file, text in check.covered().items() for line, what in check.find(file, text)
    ]
    assert not found, "\n".join([f"{name}: {check.instead}", *found])


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_looks_at_something(name: str) -> None:
    assert CHECKS[name].covered(), f"{name} covers no file at all: {CHECKS[name].covers}"
