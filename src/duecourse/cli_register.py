"""The commands of the register of debtors: `register decide | notice | object | enter | reader | look-up ...`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from duecourse.cli_days import day
from duecourse.cli_options import OUT, House, Json, Store, Strategy
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from duecourse.endings.deciding import Said
    from duecourse.endings.listing.readers import Readers
    from duecourse.endings.listing.register import Register
    from duecourse.endings.many import Opened
    from duecourse.endings.moving import Ending, Who

register_app = typer.Typer(
    help="A register of debtors that lenders share: closed, but where a law expressly permits one.",
    no_args_is_help=True,
)

Number = Annotated[int, typer.Argument(help="The ending, as `ending list --kind list` numbers it.")]
Numbers = Annotated[list[int], typer.Argument(help="Endings, as `ending list --kind list` numbers them.")]
By = Annotated[str, typer.Option("--by", envvar="DUECOURSE_USER", metavar="USER", help="Who does this: an id.")]
Why = Annotated[str, typer.Option(help="Why: the debtor will read it.")]
Books = Annotated[Path | None, typer.Option("--books", help="Folder of more rulebooks, read beside the package's own.")]
Reader = Annotated[str, typer.Argument(help="The reader's name.")]


class _Desk:
    """What the commands work with."""

    def __init__(self, opened: "Opened", register: "Register", readers: "Readers") -> None:
        self.opened, self.register, self.readers = opened, register, readers

    def who(self, by: str) -> "Who":
        from duecourse.endings.moving import Who

        at = datetime.now(UTC)
        return Who(by, at, at.astimezone(ZoneInfo(self.opened.zone)).date())

    def ending(self, number: int) -> "Ending":
        from duecourse.endings import moving

        found = moving.read(self.opened.connection, "e.kind = 'list' AND e.id = %s", [number])
        if not found:
            raise DueCourseError(f"there is no ending {number} of a list: see `duecourse ending list --kind list`")
        return found[0]


@contextmanager
def _desk(store: Path, books: Path | None, strategy: Path | None = None, house: Path | None = None) -> Iterator[_Desk]:
    """Open the register; its key is made when it is first needed."""
    from duecourse.endings.listing.readers import Readers
    from duecourse.endings.listing.register import Register
    from duecourse.endings.listing.signed import keys_of
    from duecourse.endings.many import Office
    from duecourse.law.rulebook import load as load_law
    from duecourse.night.facts import CATALOGUE
    from duecourse.store.place import Place
    from duecourse.strategy.load import load

    place, keys = Place.of(store), keys_of(store)
    law = load_law([house] if house else [], beside=books)
    with Office(place, load(strategy, CATALOGUE.kinds), law).opened() as opened:
        with keys.alone():
            if not keys.key.exists() and not keys.public.exists():
                keys.make_key()
        register = Register(opened, law, keys.private())
        yield _Desk(opened, register, Readers(opened.connection, opened.ring, register.permission))


@register_app.command()
def decide(
    loans: Annotated[list[str], typer.Argument(help="Loans, as the lender names them.")],
    by: By,
    why: Why,
    ground: Annotated[str, typer.Option(help="able_but_refuses or false_statements.")],
    evidence: Annotated[str, typer.Option(help="judgment, signed or own_records.")],
    books: Books = None,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """Decide that debtors shall be entered, where the law permits a register. Exit code 1 where some were refused."""
    from duecourse.endings.listing.register import Ground

    with _desk(store, books, strategy, house) as desk:
        wanted = desk.opened.deciding.wanted(loans)
        said = desk.register.decide(wanted, Ground(ground, evidence), desk.who(by), why)
    _tell(said, as_json=as_json)


@register_app.command()
def notice(
    numbers: Numbers,
    by: By,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the notices to post are put.")],
    head: Annotated[list[str], typer.Option(help="The lender's name, then lines of address; once for each.")],
    books: Books = None,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """Give notice of what was decided, and write the letters; the same again completes the folder."""
    from duecourse.endings.listing.notices import notice as write
    from duecourse.kernel.files import written_beside

    with _desk(store, books, strategy, house) as desk:
        fresh = [one for one in numbers if "notice" not in desk.ending(one).details]
        said = desk.register.notice(fresh, desk.who(by))
        for number in numbers:
            ending = desk.ending(number)
            if "notice" in ending.details:
                paper = write(desk.opened, ending, {"en": head, "zh": head})
                with written_beside(out / f"{ending.details['ref']}.pdf", lasting=True) as beside:
                    beside.write_bytes(paper)
    _tell(said, as_json=as_json)


@register_app.command("object")
def object_to(number: Number, by: By, books: Books = None, store: Store = OUT) -> None:
    """Note that the debtor objects: nothing is entered until somebody else than who decided has answered."""
    from duecourse import printing

    with _desk(store, books) as desk:
        desk.register.object(desk.ending(number), desk.who(by))
    printing.say(f"the objection to ending {number} waits for an answer")


@register_app.command()
def answer(
    number: Number,
    by: By,
    why: Why,
    upheld: Annotated[bool, typer.Option("--upheld/--unfounded", help="What the objection is found to be.")],
    books: Books = None,
    store: Store = OUT,
) -> None:
    """Answer an objection: upheld, nothing is entered; unfounded, it may be."""
    from duecourse import printing

    with _desk(store, books) as desk:
        desk.register.answer(desk.ending(number), desk.who(by), why, is_upheld=upheld)
    printing.say(f"the objection to ending {number} is {'upheld' if upheld else 'unfounded'}")


@register_app.command()
def enter(
    numbers: Numbers,
    by: By,
    books: Books = None,
    store: Store = OUT,
    strategy: Strategy = None,
    house: House = None,
    as_json: Json = False,
) -> None:
    """Enter debtors whose window is over, by another than who decided. Exit code 1 where some were refused."""
    with _desk(store, books, strategy, house) as desk:
        said = desk.register.enter(numbers, desk.who(by))
    _tell(said, as_json=as_json)


@register_app.command()
def correct(
    number: Number,
    by: By,
    why: Why,
    amount: Annotated[int | None, typer.Option(help="The right amount, in minor units: never more.")] = None,
    ends_on: Annotated[Any, typer.Option(parser=day, metavar="DATE", help="The right end: never later.")] = None,
    books: Books = None,
    store: Store = OUT,
) -> None:
    """Put a corrected entry in the place of one: every reader is told."""
    from duecourse import printing

    with _desk(store, books) as desk:
        before = desk.register.correct(desk.ending(number), desk.who(by), why, amount=amount, ends_on=ends_on)
    printing.say(f"entry {before[:16]} is replaced")


@register_app.command()
def remove(
    by: By,
    number: Annotated[int | None, typer.Argument(help="The ending; none with --due.")] = None,
    why: Why = "",
    due: Annotated[bool, typer.Option("--due", help="All that was paid, or of which the term is over.")] = False,
    books: Books = None,
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Take an entry out, or all that must go today. Exit code 1 where one could not be."""
    from duecourse.endings.deciding import Said

    if due == (number is not None):
        raise DueCourseError("which entry? name one, or take --due")
    with _desk(store, books) as desk:
        if number is None:
            said = desk.register.sweep(desk.who(by))
        else:
            ending = desk.ending(number)
            desk.register.remove(ending, desk.who(by), why)
            said = [Said(ending.borrower, ending.loan_id, is_done=True)]
    _tell(said, as_json=as_json)


@register_app.command()
def reader(
    name: Reader,
    by: By,
    key: Annotated[Path | None, typer.Option(help="The reader's public key (PEM, Ed25519).")] = None,
    purposes: Annotated[list[str] | None, typer.Option("--purpose", help="For what; once for each.")] = None,
    end: Annotated[bool, typer.Option("--end", help="From now on it is told nothing.")] = False,
    store: Store = OUT,
) -> None:
    """Register a reader with its public key and its purposes, or end one."""
    from duecourse import printing

    with _desk(store, None) as desk:
        if end:
            desk.readers.end(name, desk.who(by))
        elif key is None:
            raise DueCourseError("a reader has a key: name the file of its public half with --key")
        else:
            desk.readers.add(name, key.read_text(encoding="ascii"), purposes or [], desk.who(by))
    printing.say(f"reader {name} {'has ended' if end else 'is registered'}")


@register_app.command("look-up")
def look_up(
    request: Annotated[Path, typer.Argument(help="File with the request that the reader signed (JSON).")],
    signature: Annotated[str, typer.Option(help="The reader's signature over the file, in hexadecimal.")],
    books: Books = None,
    store: Store = OUT,
) -> None:
    """Answer a reader's signed request, one line of JSON for each entry; it is written down. Exit code 1: refused."""
    with _desk(store, books) as desk:
        now = desk.who("reader")
        found = desk.readers.look_up(request.read_text(encoding="utf-8"), signature, now.at, now.on)
    for entry in found.entries:
        typer.echo(entry.line())
    if found.refused:
        raise DueCourseError(f"the look-up is refused: {found.refused}")


@register_app.command()
def feed(
    name: Reader,
    since: Annotated[int, typer.Option(help="The last number that the reader has.")] = 0,
    store: Store = OUT,
) -> None:
    """Print every version of an entry since a number, one line of JSON for each: corrected and removed ones too."""
    with _desk(store, None) as desk:
        for entry in desk.readers.feed(name, since):
            typer.echo(entry.line())


@register_app.command()
def acknowledge(
    name: Reader,
    through: Annotated[int, typer.Argument(help="The last number that the reader has taken in.")],
    signature: Annotated[str, typer.Option(help="Its signature over the receipt, in hexadecimal.")],
    store: Store = OUT,
) -> None:
    """Keep a reader's receipt for all up to a number."""
    from duecourse import printing

    with _desk(store, None) as desk:
        desk.readers.acknowledge(name, through, signature, datetime.now(UTC))
    printing.say(f"reader {name} has signed for all up to {through}")


@register_app.command()
def readers(store: Store = OUT, as_json: Json = False) -> None:
    """Show each reader, and up to which number it has signed for."""
    from duecourse import printing

    with _desk(store, None) as desk:
        rows = desk.readers.behind()
    if as_json:
        typer.echo(json.dumps([{"reader": name, "signed_for": done, "last": last} for name, done, last in rows]))
        return
    table = printing.grid("reader", "signed for", "last", words=(0,))
    for row in rows:
        table.add_row(*(str(one) for one in row))
    printing.show(table)


@register_app.command("shown-to")
def shown_to(
    borrower: Annotated[str, typer.Argument(help="The borrower, as the lender names them.")],
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Show who looked a borrower up, or wanted to: for what, when, and how many entries were told."""
    from duecourse import printing

    with _desk(store, None) as desk:
        rows = desk.readers.shown_to(borrower)
    if as_json:
        typer.echo(json.dumps([vars(one) for one in rows], default=str))
        return
    table = printing.grid("reader", "purpose", "at", "told", "refused", words=(0, 1, 2, 4))
    for one in rows:
        table.add_row(one.reader, one.purpose, f"{one.at:%Y-%m-%d %H:%M}", str(one.told), one.refused or "-")
    printing.show(table)


def _tell(said: "list[Said]", *, as_json: bool) -> None:
    from duecourse.cli_ending import tell

    tell(said, as_json=as_json)
