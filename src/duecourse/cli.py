"""The command line. Work is done elsewhere: here are arguments, the clock, and what is printed."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from duecourse.book.loaded import LoadedBook
    from duecourse.night.moment import Moment
    from duecourse.night.run import Night, Options, Summary
    from duecourse.strategy.models import Strategy

app = typer.Typer(
    help="What overdue loans owe, what is lawful, what is wise: from a lender's files to tonight's plan.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Mapping = Annotated[Path, typer.Argument(help="Mapping file of the book (TOML).")]
LoanId = Annotated[str, typer.Argument(help="The loan, as the lender names it.")]
Data = Annotated[Path | None, typer.Option(help="Folder of the lender's files; by default the mapping's own.")]
On = Annotated[str, typer.Option(metavar="DATE", help="Business date, YYYY-MM-DD.")]
KnownAt = Annotated[
    str | None,
    typer.Option(metavar="MOMENT", help="Count only what was recorded by then: a date (its end) or an ISO timestamp."),
]
StrategyFile = Annotated[
    Path | None, typer.Option("--strategy", help="Strategy file (YAML); by default the packaged one.")
]
Out = Annotated[Path | None, typer.Option(help="Folder for outputs; by default out/ and the book's name.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads; by default one for each core.")]
Memory = Annotated[str, typer.Option(help="Memory for the engine; beyond it, it uses the disk.")]


def main() -> None:
    """Run the command line: an error that the user can mend is one line on stderr and exit code 2."""
    try:
        app(standalone_mode=True)
    except DueCourseError as error:
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    sys.stderr.write(f"error: {error}\n")
    raise SystemExit(2)


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DueCourseError(f"{option}: {text!r} is not a date; write it as YYYY-MM-DD") from None


def _moment(on: str, known_at: str | None, zone: str) -> "Moment":
    from duecourse.night.moment import Moment

    day = _day(on, "--on")
    if known_at is None:
        return Moment(day)
    if len(known_at) == len("2026-01-31"):
        return Moment(day, Moment.ended(_day(known_at, "--known-at"), zone).known_until)
    try:
        at = datetime.fromisoformat(known_at)
    except ValueError:
        raise DueCourseError(
            f"--known-at: {known_at!r} is not a date or ISO timestamp, such as 2026-01-31T08:00Z"
        ) from None
    from zoneinfo import ZoneInfo

    aware = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
    return Moment(day, aware.astimezone(UTC).replace(tzinfo=None))


def _home(mapping: Path, out: Path | None) -> Path:
    """Return where outputs go: `out`/<folder of the mapping>-<its name>, so that two mappings never share a folder."""
    if out is not None:
        return out
    stem = "" if mapping.stem == "book" else f"-{mapping.stem}"
    return Path("out") / f"{mapping.resolve().parent.name}{stem}"


def _load(mapping: Path, data: Path | None, home: Path, threads: int | None, memory: str) -> "LoadedBook":
    from duecourse import terminal
    from duecourse.book.load import load

    with terminal.progress() as tell:
        return load(mapping, data, home, progress=tell, threads=threads, memory=memory)


def _strategy(path: Path | None) -> "Strategy":
    from duecourse.night.facts import CATALOGUE
    from duecourse.strategy.load import load

    return load(path, CATALOGUE.kinds)


def _options(threads: int | None, memory: str) -> "Options":
    from duecourse.night.run import Options

    return Options(threads=threads or os.cpu_count() or 1, memory=memory)


@app.command("check-book")
def check_book(
    mapping: Mapping, data: Data = None, out: Out = None, threads: Threads = None, memory: Memory = "6GB"
) -> None:
    """Load a book and say what was read, kept, left out and quarantined."""
    from duecourse import terminal

    home = _home(mapping, out)
    terminal.show_book(_load(mapping, data, home, threads, memory))
    terminal.PLAIN.print(f"loaded into {home / 'tables'}")


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
) -> None:
    """Plan the night of a business date: positions, plan and report."""
    from duecourse import terminal

    home = _home(mapping, out)
    rules = _strategy(strategy)
    book = _load(mapping, data, home, threads, memory)
    summary = _night(book, rules, _moment(on, known_at, book.zone), home, _options(threads, memory))
    if as_json:
        typer.echo(json.dumps(asdict(summary)))
    else:
        terminal.show_night(summary)


def _night(
    book: "LoadedBook",
    rules: "Strategy",
    moment: "Moment",
    home: Path,
    options: "Options",
    look: "Callable[[Night], None] | None" = None,
) -> "Summary":
    """Run the night with its reports; `look` sees the night's tables before they are closed."""
    from duecourse import terminal
    from duecourse.night import reports
    from duecourse.night.report import LANGUAGES
    from duecourse.night.run import run as run_night

    def report(night: "Night", folder: Path, plan_hash: str) -> dict[str, str]:
        if look:
            look(night)
        return reports.write(night, moment, folder, plan_hash, LANGUAGES)

    with terminal.progress() as tell:
        return run_night(book, rules, moment, home, options, tell, report)


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
) -> None:
    """Explain one loan: what is owed, how late, why this rung, why this act, with the rows it came from."""
    from duecourse import terminal
    from duecourse.night.explain import explain as explain_loan

    rules = _strategy(strategy)

    def show(night: "Night", moment: "Moment") -> None:
        night.plan(moment)
        terminal.show_sections(f"Loan {loan_id} on {moment.on}", explain_loan(night, moment, loan_id))

    _with_night(mapping, data, out, rules, (on, known_at), _options(threads, memory), loan_id, show)


def _with_night(
    mapping: Path,
    data: Path | None,
    out: Path | None,
    rules: "Strategy",
    when: tuple[str, str | None],
    options: "Options",
    loan_id: str,
    show: Callable[["Night", "Moment"], None],
) -> None:
    """Work out the positions of a night in a scratch folder and show something of them."""
    import tempfile

    from duecourse.night import one_loan
    from duecourse.night.run import Night

    home = _home(mapping, out)
    book = _load(mapping, data, home, options.threads, options.memory)
    moment = _moment(*when, book.zone)
    night = Night(book, rules, options)
    with tempfile.TemporaryDirectory(dir=home) as scratch:
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
    as_json: Json = False,
) -> None:
    """Print every line of one loan's account: due, accrued, cut, paid and to what it was allocated."""
    from duecourse import terminal
    from duecourse.ledger.statement import statement as state
    from duecourse.night import one_loan
    from duecourse.night.explain import zone_day
    from duecourse.night.run import Night

    home = _home(mapping, out)
    book = _load(mapping, data, home, None, "6GB")
    moment = _moment(on, known_at, book.zone)
    night = Night(book, _strategy(None), _options(None, "6GB"))
    night.engine.look_at(moment)
    row = one_loan.find(night.engine, loan_id)
    worked = state(one_loan.read(night.engine, row["loan_no"], zone_day(night)), moment.on, enforceable=not contractual)
    night.engine.close()
    if as_json:
        typer.echo(json.dumps(asdict(worked), default=str))
    else:
        basis = "by the contract" if contractual else "what can be enforced"
        terminal.show_statement(worked, row["currency"], basis)


@app.command()
def replay(
    mapping: Mapping,
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day, YYYY-MM-DD.")],
    data: Data = None,
    strategy: StrategyFile = None,
    out: Out = None,
    as_json: Json = False,
    threads: Threads = None,
    memory: Memory = "6GB",
) -> None:
    """Replay the past day by day: buckets, rolls, cures and plan volumes, with what was known then."""
    import tempfile

    from duecourse import terminal
    from duecourse.night import replay as past

    days = _day(first, "--from"), _day(last, "--to")
    if days[0] > days[1]:
        raise DueCourseError(f"--from {days[0]} is after --to {days[1]}: exchange them")
    home = _home(mapping, out)
    rules = _strategy(strategy)
    book = _load(mapping, data, home, threads, memory)
    with tempfile.TemporaryDirectory(dir=home) as scratch, terminal.progress() as tell:
        done = past.replay(
            book,
            rules,
            *days,
            Path(scratch),
            _options(threads, memory),
            lambda at, of: tell("replay", at, of),
        )
    paths = past.write(done, home / f"replay-{days[0]}-{days[1]}")
    if as_json:
        typer.echo(json.dumps(past.as_json(done)))
    else:
        terminal.show_replay(done, paths, days)


@app.command()
def synth(
    out: Annotated[Path, typer.Option(help="Folder for the book.")],
    loans: Annotated[int, typer.Option(min=1, help="Number of loans.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same book.")] = 7,
    on: Annotated[str, typer.Option(metavar="DATE", help="Business date that the book is made for.")] = "2026-06-30",
    csv: Annotated[bool, typer.Option("--csv", help="CSV files instead of Parquet.")] = False,
    damage: Annotated[bool, typer.Option("--damage", help="Add a known number of bad rows.")] = False,
) -> None:
    """Make a realistic book of any size, to try things on."""
    from duecourse import terminal
    from duecourse.book.synth import synth as make

    with terminal.progress() as tell:
        mapping = make(
            loans,
            seed,
            out,
            on=_day(on, "--on"),
            format="csv" if csv else "parquet",
            damage=damage,
            progress=tell,
        )
    terminal.PLAIN.print(f"book: {mapping}")


@app.command()
def facts(as_json: Json = False) -> None:
    """List the facts that a strategy may ask about."""
    from duecourse import terminal
    from duecourse.night.facts import CATALOGUE

    if as_json:
        listed = [{"name": one.name, "kind": one.kind.value, "says": one.says} for one in CATALOGUE.values()]
        typer.echo(json.dumps(listed))
        return
    for one in CATALOGUE.values():
        terminal.PLAIN.print(f"{one.name:<28} {one.kind.value:<8} {one.says}", markup=False)


@app.command()
def demo(
    loans: Annotated[int, typer.Option(min=100, help="Number of loans.")] = 2_000,
    out: Annotated[Path, typer.Option(help="Folder for the book and its outputs.")] = Path("out/demo"),
) -> None:
    """Tell a whole story on a synthetic book: load, plan, explain, report."""
    from duecourse import demonstration

    demonstration.tell(loans, out, _load, _night, _strategy, _options)


if __name__ == "__main__":
    main()
