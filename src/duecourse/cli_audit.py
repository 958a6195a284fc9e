"""The commands about the audit chain: `audit seal | verify | export`."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from duecourse.cli_options import OUT, Json, Store
from duecourse.kernel.errors import DueCourseError

if TYPE_CHECKING:
    from duecourse.store.audit.seals import Seals
    from duecourse.store.place import Place

audit_app = typer.Typer(
    help="The audit chain: what was done, and the seals that show it unchanged.", no_args_is_help=True
)


@audit_app.command()
def seal(
    store: Store = OUT,
    every: Annotated[
        int | None, typer.Option(min=1, metavar="SECONDS", help="Go on, and seal again after so many seconds.")
    ] = None,
    new_key: Annotated[bool, typer.Option("--new-key", help="Make a new key, where the one before is gone.")] = False,
) -> None:
    """Seal what was written since the last seal, outside the database. Exit code 1 when a chain was cut or remade."""
    from duecourse import printing
    from duecourse.store.audit.seals import Seals
    from duecourse.store.place import Place

    place, seals = Place.of(store), Seals.of(store)
    place.url()  # a store that is none gets no key
    with seals.alone():
        if not seals.key.exists() and (new_key or not seals.public.exists()):
            path = seals.make_key()
            printing.say(
                f"new key of the seals is in {path}: keep it, and copies of {seals.public}, apart from the store"
            )
    was_good = _sealed(place, seals)
    while every:
        time.sleep(every)
        try:
            was_good = _sealed(place, seals)
        except DueCourseError as error:
            typer.echo(f"not sealed, tried again in {every} seconds: {error}", err=True)
    if not was_good:
        raise typer.Exit(1)


def _sealed(place: "Place", seals: "Seals") -> bool:
    """Seal once; say whether no chain was found cut or rewritten."""
    from duecourse import printing
    from duecourse.store.audit.sealing import seal as seal_now

    found = seal_now(place, seals, datetime.now(UTC))
    if found.seals:
        printing.say(f"{found.chains:,} chains sealed in {seals.folder}")
    for chain in found.rewound:
        printing.say(
            f"chain {chain} was cut or rewritten since it was sealed last: see `duecourse audit verify`", "bold"
        )
    return not found.rewound


@audit_app.command()
def verify(
    store: Store = OUT,
    public: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The public keys of the seals; by default beside their key.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check every entry of every chain against the seals. Exit code 1 when one was changed, removed or cut off."""
    from duecourse import printing
    from duecourse.store.audit.seals import Seals
    from duecourse.store.audit.verify import as_json as told
    from duecourse.store.audit.verify import verify as verify_all
    from duecourse.store.place import Place

    found = verify_all(Place.of(store), Seals.of(store), public)
    if as_json:
        typer.echo(json.dumps(told(found)))
    else:
        when = f", the last at {found.sealed_at:%Y-%m-%d %H:%M:%S} UTC" if found.sealed_at else ""
        printing.say(f"{found.entries:,} entries of {found.chains:,} chains; {found.seals:,} seals{when}")
        printing.say(f"{found.unsealed:,} entries of {found.unsealed_chains:,} chains are not sealed yet")
        for fault in found.faults:
            where = "" if fault.chain is None else f"chain {fault.chain}, entry {fault.seq}: "
            printing.say(f"{where}{fault.what}", "bold")
        if found.faults_count > len(found.faults):
            printing.say(f"and {found.faults_count - len(found.faults):,} more", "bold")
    if found.faults_count:
        raise typer.Exit(1)


@audit_app.command()
def export(
    borrower: Annotated[str, typer.Argument(help="The borrower, as the lender names them.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="A new folder for the bundle.")],
    store: Store = OUT,
    as_json: Json = False,
) -> None:
    """Write one borrower's chain for others, who check it without DueCourse. Exit code 1 if it does not hold."""
    from duecourse import printing
    from duecourse.store.audit.export import export as export_one
    from duecourse.store.audit.seals import Seals
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place

    place = Place.of(store)
    found = export_one(place, Seals.of(store), Keyring.read(place.keys), borrower, out, _record)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        printing.say(f"{found.entries:,} entries, of which {found.readable:,} can be read, are in {out}")
        for line in found.says:
            printing.say(line)
    if not found.holds:
        raise typer.Exit(1)


def _record(template: str, shown: Mapping[str, Any]) -> bytes:
    """Set the record of a bundle as a PDF: what was checked, and every entry; their words are in entries.jsonl."""
    from duecourse.documents.pdf import pdf

    entries = shown["entries"]
    facts = [
        {"name": "Borrower", "value": shown["borrower_id"]},
        {"name": "Chain", "value": str(shown["chain"])},
        {"name": "Entries", "value": str(len(entries))},
        {"name": "Seals", "value": str(len(shown["seals"]))},
        {"name": "Holds", "value": "yes" if shown["holds"] else "no"},
        *({"name": "Checked", "value": line} for line in shown["says"]),
    ]
    rows = [{name: one[name] for name in ("at", "kind", "hash")} for one in entries]
    on = date.fromisoformat(entries[-1]["at"][:10])
    return pdf(template, {"language": "en", "title": "Audit record", "on": on, "facts": facts, "entries": rows})
