"""The commands about the operational database: `store init | start | stop | status | migrate | rotate-keys | ...`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from duecourse.cli_options import OUT, Json, Store

if TYPE_CHECKING:
    from duecourse.store.loading.load import Loaded

store_app = typer.Typer(help="The operational database, and the keys of what is personal in it.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Folder of the backup.")]


@store_app.command()
def init(store: Store = OUT) -> None:
    """Make the database, its tables and the keys, and leave the server running. What is there already stays."""
    from duecourse import printing
    from duecourse.kernel.errors import DueCourseError
    from duecourse.store import orm, people
    from duecourse.store.place import Place

    place = Place.of(store)
    server = place.server
    server.start()
    orm.migrate(place)
    if not place.keys.exists() and people.anybody():
        raise DueCourseError(f"{place.keys}: the keys of what is sealed in this store are missing: put them back")
    are_new = place.make_keys()
    printing.say(f"PostgreSQL runs in {server.seat.base}")
    if are_new:
        printing.say(f"new keys are in {place.keys}: copy them to a safe place, apart from every backup")


@store_app.command()
def start(store: Store = OUT) -> None:
    """Run the server, if it does not run."""
    from duecourse import printing
    from duecourse.store.place import Place

    server = Place.of(store).made()
    server.start()
    printing.say(f"PostgreSQL runs in {server.seat.base}")


@store_app.command()
def stop(store: Store = OUT) -> None:
    """End the server; what is being done at this moment is rolled back."""
    from duecourse import printing
    from duecourse.store.place import Place

    Place.of(store).made().stop()
    printing.say("PostgreSQL has ended")


@store_app.command()
def status(store: Store = OUT, as_json: Json = False) -> None:
    """Say whether the database can be connected to, and which it is. Exit code 1 when it cannot."""
    from duecourse import printing
    from duecourse.store.place import Place

    found = Place.of(store).status()
    if as_json:
        typer.echo(json.dumps(found))
    else:
        table = printing.grid("", "", words=(0, 1))
        table.show_header = False
        for name, value in found.items():
            table.add_row(name, str(value) if value is not None else "-")
        printing.show(table)
    if not found["is_ready"]:
        raise typer.Exit(1)


@store_app.command()
def migrate(store: Store = OUT) -> None:
    """Bring the tables to this version of DueCourse; what they hold stays."""
    from duecourse import printing
    from duecourse.store import orm
    from duecourse.store.place import Place

    done = orm.migrate(Place.of(store))
    printing.say(f"{len(done)} migrations done: {', '.join(done)}" if done else "the tables are of this version")


@store_app.command()
def rotate_keys(store: Store = OUT) -> None:
    """Make a new master key and seal everybody's key under it. It may be broken off and run again.

    Older master keys stay in the file: backups, and processes at work, still need them. Exit code 1 when somebody's
    key does not open.
    """
    from duecourse import printing
    from duecourse.store import orm, people
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place

    place = Place.of(store)
    orm.connect(place)
    with place.keys_alone():
        ring = Keyring.read(place.keys).with_new_key()
        ring.write(place.keys)
        found = people.rewrap(ring)
    printing.say(f"{found.done:,} keys sealed anew under {ring.active}: copy {place.keys} to where its copy is kept")
    for person in found.unreadable:
        printing.say(f"does not open, and stays as it is: {person}", "bold")
    if found.unreadable:
        raise typer.Exit(1)


@store_app.command()
def backup(folder: Folder, store: Store = OUT) -> None:
    """Write all rows of one moment into a new folder, while the day goes on. The master keys are not in it."""
    from duecourse import printing
    from duecourse.store import backup as backups
    from duecourse.store.place import Place

    counts = backups.backup(Place.of(store), folder)
    printing.say(f"{sum(counts.values()):,} rows of {len(counts)} tables are in {folder}")


@store_app.command()
def restore(folder: Folder, store: Store = OUT) -> None:
    """Put the rows of a backup into a new store, all or nothing; its keys are those that you put beside it."""
    from duecourse import printing
    from duecourse.store import backup as backups
    from duecourse.store.place import Place

    place = Place.of(store)
    counts = backups.restore(place, folder)
    printing.say(f"{sum(counts.values()):,} rows of {len(counts)} tables are in {store}")
    if not place.keys.exists():
        printing.say(f"now put the keys that belong to it into {place.keys}, and run `duecourse store verify`")


@store_app.command()
def verify(store: Store = OUT, as_json: Json = False) -> None:
    """Open whatever is sealed in the store with the keys at hand. Exit code 1 when something does not open."""
    from duecourse import printing
    from duecourse.store import backup as backups
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place

    place = Place.of(store)
    found = backups.verify(place, Keyring.read(place.keys))
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        printing.say(f"{found.people:,} people can be read, {found.erased:,} were erased")
        for person in found.unreadable:
            printing.say(f"does not open: {person}", "bold")
    if found.unreadable:
        raise typer.Exit(1)


@store_app.command()
def load_people(
    mapping: Annotated[Path, typer.Argument(help="Mapping file (TOML): which files and columns hold what.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the files, if not that of the mapping.")] = None,
    quarantine: Annotated[
        Path | None, typer.Option(help="File of what was not taken, by default quarantine/people.jsonl in the store.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes that seal, by default one for each core but one.")
    ] = None,
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Load names, numbers, addresses and consents from files, all or nothing; the same files again change nothing.

    What cannot be taken is told in the quarantine, without its value. Exit code 1 when no row could be taken.
    """
    from duecourse import printing
    from duecourse.store.loading.load import load_people as load
    from duecourse.store.place import Place

    report = quarantine or store / "quarantine" / "people.jsonl"
    with printing.progress() as tell:
        loaded = load(Place.of(store), mapping, data, report, workers=workers, progress=tell)
    if as_json:
        typer.echo(json.dumps(asdict(loaded) | {"quarantine": str(report)}))
    else:
        _show(loaded, report)
    if loaded.is_nothing:
        raise typer.Exit(1)


def _show(loaded: "Loaded", report: Path) -> None:
    """Print what a load of people did."""
    from duecourse import printing
    from duecourse.store.loading.quarantine import REASONS

    printing.say(f"{loaded.rows:,} rows read, {loaded.left_out:,} left out, {loaded.set_aside:,} set aside")
    table = printing.grid("", "", "", words=(0, 1))
    for what, by_how in loaded.counts.items():
        for how, number in by_how.items():
            table.add_row(what.replace("_", " "), how.replace("_", " "), f"{number:,}")
    printing.show(table)
    if loaded.quarantined:
        printing.say(f"not everything was taken: see {report}", "bold")
        table = printing.grid("reason", "what it says", "times", words=(0, 1))
        for reason, number in loaded.quarantined.items():
            table.add_row(reason, REASONS[reason], f"{number:,}")
        printing.show(table)
