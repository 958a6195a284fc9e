"""The commands by which a lender tells the inquiry what its night found: `inquiry publish | audit | forget`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer

from duecourse.cli_inquiry import Bundle, Charter, Holder, Hub, Operator, now, read_json, reader_of, ways_of
from duecourse.cli_options import OUT, Store

if TYPE_CHECKING:
    from duecourse.inquiry.publisher import Publisher
    from duecourse.publishing.nightly import Kept

Folder = Annotated[Path, typer.Option("--kept", help="Folder of what this lender has published.")]
_KEPT: Final = Path("out/inquiry")
_DAYS: Final = 14


def join(inquiry_app: typer.Typer) -> None:
    """Add the commands to `inquiry`."""
    inquiry_app.command()(publish)
    inquiry_app.command()(audit)
    inquiry_app.command()(forget)
    inquiry_app.command()(learn)


def publish(
    book: Annotated[Path, typer.Argument(help="Mapping file of the book (TOML).")],
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day of the night that is published.")],
    charter: Charter,
    operator: Operator,
    identifiers: Annotated[
        Path | None, typer.Option(help="CSV of borrower_id,country,number,born_on: read, evaluated and not kept.")
    ] = None,
    buyer: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=NUMBER", help="Who buys loans: id in the book, number in the charter."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the nights.")] = Path("out"),
    kept: Folder = _KEPT,
    keeps_days: Annotated[int, typer.Option(min=4, max=366, help="After which an entry is stale.")] = _DAYS,
    hub: Hub = "http://127.0.0.1:8100",
    holder: Holder = "http://127.0.0.1:8101",
) -> None:
    """Publish a night's loans to the inquiry: what is new or differs, and what is to be withdrawn.

    Only borrowers whose identifier was given once are told of. A loan that was sold is told as sold until it leaves the
    book; its buyer publishes it from then on.
    """
    from duecourse import printing
    from duecourse.book.load import load
    from duecourse.law.kept import law_of, users_folder
    from duecourse.publishing import nightly
    from duecourse.publishing.loans import Who, tonight

    store, publisher, moment = _kept(kept), _publisher(charter, operator, hub), now()
    lender = publisher.lender
    new = 0
    if identifiers is not None:
        reader = reader_of(charter, operator, hub, holder, None)
        new = nightly.come_to_know(store, reader, nightly.identifiers(identifiers), moment)
    loaded = load(book, None, out)
    who = Who(lender.number, lender.contact, moment, keeps_days, _buyers(buyer or []))
    loans = tonight(out, loaded, law_of((), users_folder()), on.date(), store.people(), who)
    done = nightly.publish(store, publisher, loans, moment, new)
    printing.say(
        f"{done.published:,} loans published, {done.withdrawn:,} withdrawn, {done.unchanged:,} unchanged; "
        f"{done.new_people:,} borrowers new"
    )
    for handle in done.removed:
        printing.say(f"record {handle}: removed by the operator after a dispute; it is not taken again")


def audit(
    charter: Charter,
    operator: Operator,
    sample: Annotated[int, typer.Option(min=1, help="How many buckets are looked at, drawn at random.")] = 20,
    kept: Folder = _KEPT,
    hub: Hub = "http://127.0.0.1:8100",
    holder: Holder = "http://127.0.0.1:8101",
) -> None:
    """Hold the hub's pages against what was published: it cannot tell an audit from a look-up."""
    import secrets

    from duecourse import printing
    from duecourse.publishing import nightly

    store = _kept(kept)
    known = nightly.buckets(store)
    drawn = secrets.SystemRandom().sample(known, min(sample, len(known)))
    count = nightly.audit(
        store, reader_of(charter, operator, hub, holder, None), _publisher(charter, operator, hub), drawn, now()
    )
    printing.say(f"{count:,} loans in {len(drawn):,} of {len(known):,} buckets: all are shown as they were published")


def forget(
    borrower: Annotated[str, typer.Argument(help="The borrower, by the lender's id.")],
    charter: Charter,
    operator: Operator,
    kept: Folder = _KEPT,
    hub: Hub = "http://127.0.0.1:8100",
) -> None:
    """Withdraw all that was published of a borrower, and keep nothing of them."""
    from duecourse import printing
    from duecourse.publishing import nightly

    count = nightly.forget(_kept(kept), _publisher(charter, operator, hub), borrower, now())
    printing.say(f"{borrower}: {count:,} loans withdrawn, nothing is kept")


def learn(
    borrower: Annotated[str, typer.Argument(help="The borrower, by the lender's id.")],
    bundle: Bundle,
    charter: Charter,
    operator: Operator,
    by: Annotated[str, typer.Option("--by", envvar="DUECOURSE_USER", metavar="USER", help="Who uses the consent.")],
    kept: Folder = _KEPT,
    store: Store = OUT,
    hub: Hub = "http://127.0.0.1:8100",
    holder: Holder = "http://127.0.0.1:8101",
) -> None:
    """Use a borrower's consent, and note how many others collect: the fact other_collectors_active of the next nights.

    What is owed to whom is printed once, and kept nowhere.
    """
    from duecourse import printing
    from duecourse.day.exposure import learn as noted
    from duecourse.day.facts import Told
    from duecourse.day.in_force import zone_of
    from duecourse.inquiry import report as reports
    from duecourse.inquiry import telling
    from duecourse.inquiry.client import Bundle as Given
    from duecourse.kernel.errors import DueCourseError
    from duecourse.store.keys import Keyring
    from duecourse.store.place import Place

    reader, moment, place = reader_of(charter, operator, hub, holder, None), now(), Place.of(store)
    given = Given.of_json(read_json(bundle))
    number = reader.charter.active_lender(reader.key).number
    with place.connected() as connection:
        row = connection.execute("SELECT id FROM borrower WHERE borrower_id = %s", [borrower]).fetchone()
        if row is None:
            raise DueCourseError(f"there is no borrower {borrower} in the store")
        found, left_out = reader.use_for(given, _kept(kept).person(borrower), moment)
        exposure, consent = reports.exposure(found, number), given.said
        on = moment.astimezone(ZoneInfo(zone_of(connection))).date()
        told = Told(f"inquiry {consent.number}", int(str(row[0])), moment, on)
        noted(connection, Keyring.read(place.keys), by, told, exposure.other_collectors, consent.until_at)
    words = telling.words_in("en")
    document = telling.told_to_lender(exposure, left_out, words, ways_of(words), moment.date(), borrower)
    for line in telling.text(document):
        printing.say(line)


def _buyers(given: list[str]) -> dict[str, int]:
    found = {}
    for one in given:
        name, _, number = one.rpartition("=")
        if not name or not number.isdecimal():
            raise typer.BadParameter(f"{one!r}: write a buyer like ACME=2")
        found[name] = int(number)
    return found


def _kept(folder: Path) -> "Kept":
    from duecourse.inquiry.seeds import seed
    from duecourse.publishing.nightly import Kept

    return Kept(folder, seed())


def _publisher(charter: Path, operator: str, hub: str) -> "Publisher":
    from duecourse.inquiry.charter import signed
    from duecourse.inquiry.publisher import Publisher
    from duecourse.inquiry.seeds import seed
    from duecourse.inquiry.signed import Signer
    from duecourse.inquiry.wire import Caller, Http

    given, caller = signed(charter, operator), Caller(Signer.of(seed()))
    return Publisher(given, given.active_lender(caller.signer.public).number, seed(), Http(hub), caller)
