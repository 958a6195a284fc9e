"""The command line. Work is done elsewhere: here are arguments, the clock, and what is printed."""

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, NoReturn

import typer

import duecourse
from duecourse import (
    cli_afford,
    cli_agency,
    cli_audit,
    cli_day,
    cli_days,
    cli_ending,
    cli_field,
    cli_finance,
    cli_furnish,
    cli_inquiry,
    cli_law,
    cli_licences,
    cli_money,
    cli_publish,
    cli_register,
    cli_reward,
    cli_sale,
    cli_serve,
    cli_settle,
    cli_staff,
    cli_store,
    cli_strategy,
    cli_suit,
    cli_token,
)
from duecourse.cli_options import Json
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from duecourse.book.loaded import LoadedBook
    from duecourse.night.explain import Section
    from duecourse.night.moment import Moment
    from duecourse.night.run import Night, Options, Summary
    from duecourse.strategy.models import Strategy

    Look = Callable[[Night, Path], None]

app = typer.Typer(
    help="What overdue loans owe, what is lawful, what is wise: from a lender's files to tonight's plan.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.command()(cli_law.judge)
app.command()(cli_serve.serve)
app.command()(cli_afford.afford)
app.command("lender-check")(cli_licences.lender_check)
app.command("lender-import")(cli_licences.lender_import)
app.add_typer(cli_law.law_app, name="law")
app.add_typer(cli_strategy.strategy_app, name="strategy")
app.add_typer(cli_store.store_app, name="store")
app.add_typer(cli_audit.audit_app, name="audit")
app.add_typer(cli_day.day_app, name="day")
cli_field.join(cli_day.day_app)
app.add_typer(cli_ending.ending_app, name="ending")
app.add_typer(cli_settle.settle_app, name="settle")
app.add_typer(cli_sale.sale_app, name="sale")
app.add_typer(cli_suit.suit_app, name="suit")
app.add_typer(cli_agency.agency_app, name="agency")
app.add_typer(cli_furnish.furnish_app, name="furnish")
app.add_typer(cli_register.register_app, name="register")
app.add_typer(cli_finance.finance_app, name="finance")
app.add_typer(cli_reward.reward_app, name="reward")
cli_publish.join(cli_inquiry.inquiry_app)
app.add_typer(cli_inquiry.inquiry_app, name="inquiry")
app.add_typer(cli_token.token_app, name="token")
app.add_typer(cli_token.hook_app, name="hook")
app.add_typer(cli_money.payments_app, name="payments")
app.add_typer(cli_money.debits_app, name="debits")
cli_staff.join(app)

MEMORY_LEAST_KB: Final = 200_000


def _size(text: str) -> str:
    """Check a size of memory as the engine reads it."""
    found = re.fullmatch(r"(\d{1,9})(?:\.\d+)? ?([KMGT])i?B", text.strip(), re.IGNORECASE)
    if not found:
        raise typer.BadParameter(f"{text!r} is not a size, write it like 4GB or 800MB")
    if int(found[1]) * 1000 ** "KMGT".index(found[2].upper()) < MEMORY_LEAST_KB:
        raise typer.BadParameter(f"{text} is too little to work in, give at least 200MB")
    return text.strip()


Mapping = Annotated[Path, typer.Argument(help="Mapping file of the book (TOML).")]
LoanId = Annotated[str, typer.Argument(help="The loan, as the lender names it.")]
Data = Annotated[Path | None, typer.Option(help="Folder of the lender's files; by default the mapping's own.")]
Recorded = Annotated[
    Path | None, typer.Option("--store", help="Store of what the day recorded, and of what was decided of the loan.")
]
On = Annotated[date, typer.Option(parser=cli_days.day, metavar="DATE", help="Business date, YYYY-MM-DD.")]
KnownAt = Annotated[
    date | None,
    typer.Option(
        parser=cli_days.instant,
        metavar="MOMENT",
        help="Count only what was recorded by then: a date (its end) or an ISO timestamp.",
    ),
]
StrategyFile = Annotated[
    Path | None, typer.Option("--strategy", help="Strategy file (YAML); by default the packaged one.")
]
House = Annotated[Path | None, typer.Option(help="House rulebook (YAML): rules of the lender on top of the law.")]
Borrowers = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Work out only the borrowers named in a file, one a line; their rows are those of a full run.",
    ),
]
Out = Annotated[Path | None, typer.Option(help="Folder for outputs; by default out/ and the book's name.")]
Store = Annotated[
    Path | None,
    typer.Option(help="Store to read what the day recorded from, and to put the plan in force in; see `store init`."),
]
Threads = Annotated[int | None, typer.Option(min=1, max=256, help="Threads; by default one for each core.")]
Engine = Annotated[Literal["duckdb", "spark"], typer.Option(help="What the night runs on; both give the same plan.")]
Master = Annotated[
    str,
    typer.Option(envvar="DUECOURSE_SPARK_MASTER", help="Master of the Spark cluster, like spark://host:7077."),
]
Memory = Annotated[
    str,
    typer.Option(parser=_size, metavar="SIZE", help="Memory for the engine, like 4GB; beyond that, the disk."),
]


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(f"duecourse {duecourse.__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line: what the user can mend is one line on stderr and exit code 2; Ctrl-C is 130."""
    try:
        code = app(standalone_mode=False)
    except DueCourseError as error:
        _fail(str(error))
    except typer.TyperException as error:
        _fail(f"{error.format_message().rstrip('.')}; see `{_command(error)} --help`")
    except (BrokenPipeError, KeyboardInterrupt) as error:
        _leave(1 if isinstance(error, BrokenPipeError) else 130)
    except OSError as error:
        _fail(f"{error.filename or 'files'}: {error.strerror or error}; check the path, its rights and the disk's room")
    except Exception as error:
        kind = type(error).__name__  # by name: the command line does not know which engine runs
        if kind == "InterruptException":
            _leave(130)
        if kind != "OutOfMemoryException":
            raise
        _fail("the night needs more memory than it may use; give it more with --memory, or fewer --threads")
    raise SystemExit(code or 0)


def _fail(text: str) -> NoReturn:
    typer.echo(f"error: {' '.join(text.split())}", err=True)
    raise SystemExit(2)


def _leave(code: int) -> NoReturn:
    """Leave without a word: nobody reads any more, or somebody pressed Ctrl-C."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes nowhere
    raise SystemExit(code)


def _command(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "duecourse"


def _moment(on: date, known_at: date | None, zone: str) -> "Moment":
    from zoneinfo import ZoneInfo

    from duecourse.night.moment import Moment

    if known_at is None:
        return Moment(on)
    if not isinstance(known_at, datetime):
        return Moment(on, Moment.ended(known_at, zone).known_until)
    aware = known_at if known_at.tzinfo else known_at.replace(tzinfo=ZoneInfo(zone))
    return Moment(on, aware.astimezone(UTC).replace(tzinfo=None))


def _home(mapping: Path, out: Path | None) -> Path:
    """Return the folder of outputs: `out`/<folder of the mapping>-<its name>, so that no two mappings share one."""
    stem = "" if mapping.stem == "book" else f"-{mapping.stem}"
    home = out or Path("out") / f"{mapping.resolve().parent.name}{stem}"
    return writable(home) if mapping.is_file() else home  # a wrong path leaves no folder behind


def writable(folder: Path) -> Path:
    """Make a folder and return it; DueCourseError when nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise DueCourseError(
            f"--out: {folder}: cannot write here ({error.strerror}); name another folder with --out"
        ) from None


def _load(mapping: Path, data: Path | None, home: Path, threads: int | None, memory: str) -> "LoadedBook":
    from duecourse import printing
    from duecourse.book.load import load

    with printing.progress() as tell:
        return load(mapping, data, home, progress=tell, threads=threads, memory=memory)


def _strategy(path: Path | None) -> "Strategy":
    from duecourse.night.facts import CATALOGUE
    from duecourse.strategy.load import load

    return load(path, CATALOGUE.kinds)


def _options(
    threads: int | None,
    memory: str,
    house: Path | None = None,
    engine: str = "duckdb",
    master: str = "local[*]",
) -> "Options":
    from duecourse.night.run import Options

    threads = threads or os.cpu_count() or 1
    return Options(threads=threads, memory=memory, house=house, engine=engine, master=master)


@app.command("check-book")
def check_book(
    mapping: Mapping,
    data: Data = None,
    out: Out = None,
    as_json: Json = False,
    threads: Threads = None,
    memory: Memory = "6GB",
) -> None:
    """Load a book and say what was read, kept, left out and quarantined."""
    from duecourse import printing, terminal
    from duecourse.book.loaded import summary

    book = _load(mapping, data, _home(mapping, out), threads, memory)
    if as_json:
        typer.echo(json.dumps(asdict(summary(book)), default=str))
    else:
        terminal.show_book(book)
        printing.say(f"loaded into {book.folder}")


@app.command()
def run(
    mapping: Mapping,
    on: On,
    data: Data = None,
    known_at: KnownAt = None,
    strategy: StrategyFile = None,
    out: Out = None,
    as_json: Json = False,
    threads: Threads = None,
    memory: Memory = "6GB",
    house: House = None,
    borrowers: Borrowers = None,
    profile: Annotated[bool, typer.Option("--profile", help="Show for each step its rows, seconds and bytes.")] = False,
    engine: Engine = "duckdb",
    master: Master = "local[*]",
    store: Store = None,
) -> None:
    """Plan the night of a business date: positions, plan and report."""
    from duecourse import terminal
    from duecourse.book.few import read_borrowers

    home = _home(mapping, out)
    rules = _strategy(strategy)
    some = read_borrowers(borrowers) if borrowers else None
    if store and (some or known_at):
        raise typer.BadParameter("--store publishes the whole plan as of now: leave out --borrowers and --known-at")
    book = _load(mapping, data, home, threads, memory)
    moment = _moment(on, known_at, book.zone)
    options = replace(_options(threads, memory, house, engine, master), profile=profile)
    published = None
    if store:
        from duecourse.day.nightly import night_of_store
        from duecourse.store.place import Place

        def run_night(
            book: "LoadedBook", rules: "Strategy", moment: "Moment", options: "Options", look: "Look"
        ) -> "Summary":
            return _night(book, rules, moment, home, options, look)

        summary, published = night_of_store(Place.of(store), book, rules, moment, options, run_night)
    else:
        summary = _night(book, rules, moment, home, options, borrowers=some)
    if as_json:
        typer.echo(json.dumps(asdict(summary) | ({"published": dict(published.rows)} if published else {})))
    else:
        terminal.show_night(summary)
        if published:
            terminal.show_published(published.on, published.rows, is_new=published.is_new)


def _night(
    book: "LoadedBook",
    rules: "Strategy",
    moment: "Moment",
    home: Path,
    options: "Options",
    look: "Look | None" = None,
    borrowers: list[str] | None = None,
) -> "Summary":
    """Run the night with its reports; `look` sees the night's tables before they are closed, and its folder."""
    from duecourse import printing
    from duecourse.night import reports
    from duecourse.night.report import LANGUAGES
    from duecourse.night.run import run as run_night

    def report(night: "Night", folder: Path, plan_hash: str) -> dict[str, str]:
        if look:
            look(night, folder)
        return reports.write(night, moment, folder, plan_hash, LANGUAGES)

    with printing.progress() as tell:
        return run_night(book, rules, moment, home, options, tell, report, borrowers=borrowers)


@app.command()
def explain(
    mapping: Mapping,
    loan_id: LoanId,
    on: On,
    data: Data = None,
    known_at: KnownAt = None,
    strategy: StrategyFile = None,
    out: Out = None,
    threads: Threads = None,
    memory: Memory = "6GB",
    house: House = None,
    store: Recorded = None,
) -> None:
    """Explain one loan: what is owed, how late, why this rung, why this act, with the rows it came from."""
    from duecourse import terminal
    from duecourse.night.explain import explain as explain_loan

    rules = _strategy(strategy)

    def show(night: "Night", moment: "Moment") -> None:
        night.plan(moment)
        sections = [*explain_loan(night, moment, loan_id), *_endings(store, loan_id)]
        terminal.show_sections(f"Loan {loan_id} on {moment.on}", sections)

    # One loan is explained from all that stands beside it, so the book is not cut into parts.
    options = replace(_options(threads, memory, house), parts=1)
    _with_night(_Asked(mapping, data, out, store), rules, (on, known_at), options, loan_id, show)


@dataclass(frozen=True)
class _Asked:
    """Which book is looked at, where what is worked out lies, and the store of what the day recorded, if one is."""

    mapping: Path
    data: Path | None
    out: Path | None
    store: Path | None

    @contextmanager
    def book(self, threads: int | None, memory: str) -> "Iterator[LoadedBook]":
        """Load the book, with what the day recorded beside it."""
        from duecourse.book.beside import book_with
        from duecourse.day.recorded import recorded
        from duecourse.store.place import Place

        book = _load(self.mapping, self.data, _home(self.mapping, self.out), threads, memory)
        rows = recorded(Place.of(self.store).url()) if self.store else {}
        with book_with(book, rows, threads=threads or 1, memory=memory) as whole:
            yield whole


def _endings(store: Path | None, loan_id: str) -> "list[Section]":
    """Return what was decided of a loan, with each step; nothing where no store is named or nothing was."""
    if store is None:
        return []
    from duecourse.endings.history import lines
    from duecourse.night.explain import Section
    from duecourse.store.place import Place

    with Place.of(store).connected() as connection:
        found = lines(connection, loan_id)
    return [Section("What was decided of it", found)] if found else []


def _with_night(
    asked: _Asked,
    rules: "Strategy",
    when: tuple[date, date | None],
    options: "Options",
    loan_id: str,
    show: Callable[["Night", "Moment"], None],
) -> None:
    """Work out the positions of a night in a scratch folder and show something of them."""
    from duecourse.night import one_loan
    from duecourse.night.run import Night

    home = _home(asked.mapping, asked.out)
    with asked.book(options.threads, options.memory) as book, tempfile.TemporaryDirectory(dir=home) as scratch:
        moment = _moment(*when, book.zone)
        night = Night(book, rules, options)
        try:
            night.engine.look_at(moment)
            one_loan.find(night.engine, loan_id)
            night.positions(moment, Path(scratch))
            show(night, moment)
        finally:
            night.engine.close()


@app.command()
def statement(
    mapping: Mapping,
    loan_id: LoanId,
    on: On,
    data: Data = None,
    known_at: KnownAt = None,
    out: Out = None,
    contractual: Annotated[bool, typer.Option(help="By the contract alone, caps ignored.")] = False,
    store: Recorded = None,
    as_json: Json = False,
) -> None:
    """Print every line of one loan's account: due, accrued, cut, paid and to what it was allocated."""
    from duecourse import terminal
    from duecourse.ledger.statement import statement as state
    from duecourse.night import explain_caps, one_loan
    from duecourse.night.explain import zone_day
    from duecourse.night.run import Night

    with _Asked(mapping, data, out, store).book(None, "6GB") as book:
        moment = _moment(on, known_at, book.zone)
        night = Night(book, _strategy(None), _options(None, "6GB"))
        night.engine.look_at(moment)
        row = one_loan.find(night.engine, loan_id)
        night.find_caps(moment, row["loan_no"])
        loan, lines, caps = explain_caps.read(night, row["loan_no"], zone_day(night))
        worked = state(loan, moment.on, enforceable=not contractual)
        night.engine.close()
    decided = [line for section in _endings(store, loan_id) for line in section.lines]
    if as_json:
        found = {"currency": row["currency"], "contractual": contractual, "caps": caps, **asdict(worked)}
        typer.echo(json.dumps({**found, "decided": decided} if store else found, default=str))
    else:
        basis = "by the contract" if contractual else "what can be enforced"
        terminal.show_statement(worked, row["currency"], basis, [*lines, *decided])


@app.command()
def replay(
    mapping: Mapping,
    first: Annotated[date, typer.Option("--from", parser=cli_days.day, metavar="DATE", help="First day, YYYY-MM-DD.")],
    last: Annotated[date, typer.Option("--to", parser=cli_days.day, metavar="DATE", help="Last day, YYYY-MM-DD.")],
    data: Data = None,
    strategy: StrategyFile = None,
    out: Out = None,
    as_json: Json = False,
    threads: Threads = None,
    memory: Memory = "6GB",
    house: House = None,
) -> None:
    """Replay the past day by day: buckets, rolls, cures and plan volumes, with what was known then."""
    from duecourse import printing, terminal
    from duecourse.night import replay as past

    if first > last:
        raise DueCourseError(f"--from {first} is after --to {last}: exchange them")
    home = _home(mapping, out)
    rules = _strategy(strategy)
    book = _load(mapping, data, home, threads, memory)
    with tempfile.TemporaryDirectory(dir=home) as scratch, printing.progress() as tell:
        done = past.replay(
            book,
            rules,
            first,
            last,
            Path(scratch),
            _options(threads, memory, house),
            lambda at, of: tell("replay", at, of),
        )
    paths = past.write(done, home / f"replay-{first}-{last}")
    if as_json:
        typer.echo(json.dumps(past.as_json(done)))
    else:
        terminal.show_replay(done, paths, (first, last))


@app.command()
def synth(
    out: Annotated[Path, typer.Option(help="Folder for the book.")],
    loans: Annotated[int, typer.Option(min=1, help="Number of loans.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same book.")] = 7,
    on: Annotated[
        date, typer.Option(parser=cli_days.day, metavar="DATE", help="Business date that the book is made for.")
    ] = date(2026, 6, 30),
    csv: Annotated[bool, typer.Option("--csv", help="CSV files instead of Parquet.")] = False,
    damage: Annotated[bool, typer.Option("--damage", help="Add a known number of bad rows.")] = False,
) -> None:
    """Make a realistic book of any size, to try things on."""
    from duecourse import printing
    from duecourse.book.synth import synth as make

    with printing.progress() as tell:
        mapping = make(
            loans,
            seed,
            writable(out),
            on=on,
            format="csv" if csv else "parquet",
            damage=damage,
            progress=tell,
        )
    printing.say(f"book: {mapping}")


@app.command()
def facts(as_json: Json = False) -> None:
    """List the facts that a strategy may ask about."""
    from duecourse import terminal
    from duecourse.night.facts import CATALOGUE

    if as_json:
        listed = [{"name": one.name, "kind": one.kind.value, "says": one.says} for one in CATALOGUE.values()]
        typer.echo(json.dumps({"facts": listed}))
    else:
        terminal.show_facts(CATALOGUE)


@app.command()
def demo(
    loans: Annotated[int, typer.Option(min=100, help="Number of loans.")] = 2_000,
    out: Annotated[Path, typer.Option(help="Folder for the book and its outputs.")] = Path("out/demo"),
) -> None:
    """Tell a whole story on a synthetic book: load, plan, explain, report."""
    from duecourse import demonstration

    demonstration.tell(loans, writable(out), _load, _night, _strategy, _options)


if __name__ == "__main__":
    main()
