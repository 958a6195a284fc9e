"""The commands `inquiry`: the parties of the cross-lender inquiry, each run by who plays it."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from duecourse.cli_options import address_of

if TYPE_CHECKING:
    from duecourse.inquiry.client import Reader
    from duecourse.inquiry.holder import Lawful
    from duecourse.inquiry.telling import Document, Ways, Words

inquiry_app = typer.Typer(help="What somebody owes everywhere: the parties of the inquiry.", no_args_is_help=True)

Charter = Annotated[Path, typer.Option("--charter", help="The charter (TOML), with its signature beside it.")]
Operator = Annotated[str, typer.Option("--operator", metavar="KEY", help="The public key of who signs the charter.")]
Bind = Annotated[str, typer.Option("--bind", metavar="ADDRESS:PORT", help="Where to listen; a proxy with TLS before.")]
Folder = Annotated[Path, typer.Argument(help="Folder of what this party keeps.")]
Hub = Annotated[str, typer.Option("--hub", metavar="URL", help="Where the hub is.")]
Holder = Annotated[str, typer.Option("--holder", metavar="URL", help="Where the key holder is.")]
Certificate = Annotated[Path, typer.Option("--certificate", help="The certificate of who checked the identity.")]
Country = Annotated[str, typer.Option("--country", help="Whose national identifier it is, as in CN.")]
BornOn = Annotated[datetime, typer.Option("--born-on", formats=["%Y-%m-%d"], help="The birth date.")]
Number = Annotated[
    str,
    typer.Option(
        "--number",
        envvar="DUECOURSE_INQUIRY_NUMBER",
        prompt="National identifier",
        hide_input=True,
        help="The national identifier: asked for, so that it stands in no list of commands.",
    ),
]
Record = Annotated[str, typer.Argument(metavar="RECORD", help="The number of the record, as the report has it.")]
Bundle = Annotated[Path, typer.Argument(help="The consent, as `inquiry consent` wrote it.")]
Application = Callable[..., Iterable[bytes]]


def now() -> datetime:
    """Return this moment, for the parties that run and for the bench of them."""
    return datetime.now(UTC)


@inquiry_app.command("seed")
def new_seed() -> None:
    """Make a seed: the one secret of a party, out of which all its keys are. Keep it as you keep a master key."""
    import secrets

    typer.echo(secrets.token_hex(32))


@inquiry_app.command()
def keys() -> None:
    """Print the public keys of the seed in DUECOURSE_INQUIRY_SEED, as the charter names them."""
    from duecourse import printing
    from duecourse.inquiry.holder import keys_of
    from duecourse.inquiry.seeds import seed
    from duecourse.inquiry.signed import Signer

    address, opening = keys_of(seed())
    printing.say(f'key = "{Signer.of(seed()).public}"')
    printing.say(f'address_key = "{address.public.hex()}"  # of a key holder')
    printing.say(f'opening_key = "{opening.public.hex()}"  # of a key holder')


@inquiry_app.command("sign")
def sign_charter(
    charter: Annotated[Path, typer.Argument(help="The charter (TOML).")],
) -> None:
    """Sign a charter with the operator's seed, beside itself, unless it allows what a rulebook does not."""
    from duecourse import printing
    from duecourse.inquiry.charter import read, sign, signature_of
    from duecourse.inquiry.seeds import seed
    from duecourse.inquiry.signed import Signer
    from duecourse.kernel.errors import DueCourseError

    signer, says, today = Signer.of(seed()), lawful(), now().date()
    for basis in read(charter).bases:
        for purpose in basis.purposes:
            if (why := says(basis.jurisdiction, purpose, max(today, basis.named_on))) is not None:
                raise DueCourseError(f"{charter}: bases: {basis.jurisdiction}: {purpose} is not lawful there: {why}")
    found = sign(charter, signer)
    places = ", ".join(basis.jurisdiction for basis in found.bases) or "nowhere: no legal basis is named"
    printing.say(f"{signature_of(charter)}: signed by {signer.public}; the inquiry is on in {places}")


@inquiry_app.command()
def hub(
    folder: Folder,
    charter: Charter,
    operator: Operator,
    bind: Bind = "127.0.0.1:8100",
    holder: Annotated[str, typer.Option(metavar="URL", help="The key holder, which witnesses the heads.")] = "",
    cycle_seconds: Annotated[int, typer.Option(min=1, help="How often what was published is put into pages.")] = 3_600,
) -> None:
    """Run a hub until told to end: it keeps what it cannot read."""
    from duecourse.inquiry.serving import run

    cycle = timedelta(seconds=cycle_seconds)
    run("hub", address_of(bind), folder, charter, operator, holder=holder, cycle=cycle)


@inquiry_app.command()
def holder(
    folder: Folder,
    charter: Charter,
    operator: Operator,
    bind: Bind = "127.0.0.1:8101",
    workers: Annotated[int, typer.Option(min=1, help="Processes: one for each core is best.")] = 1,
) -> None:
    """Run a key holder until told to end: it answers for what it does not see."""
    from duecourse.inquiry.serving import run

    run("holder", address_of(bind), folder, charter, operator, workers=workers)


# --- who checks, who asks ----------------------------------------------------------------------------------------


@inquiry_app.command()
def vouch(
    client: Annotated[str, typer.Argument(metavar="KEY", help="The public key of whose identity was checked.")],
    jurisdiction: Annotated[str, typer.Option(help="Where the borrower lives, as in CN.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long the certificate holds.")] = 30,
) -> None:
    """Print a certificate for a client, as a checker of identities whom the charter has."""
    from duecourse.inquiry.credentials import Certificate
    from duecourse.inquiry.credentials import vouch as made
    from duecourse.inquiry.seeds import seed
    from duecourse.inquiry.signed import Signer

    certificate = Certificate(client=client, jurisdiction=jurisdiction, until_at=now() + timedelta(days=days))
    typer.echo(json.dumps(made(Signer.of(seed()), certificate)))


@inquiry_app.command()
def ask(
    charter: Charter,
    operator: Operator,
    certificate: Certificate,
    country: Country,
    born_on: BornOn,
    number: Number,
    hub: Hub = "http://127.0.0.1:8100",
    holder: Holder = "http://127.0.0.1:8101",
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    out: Annotated[Path | None, typer.Option(help="Write a .pdf, .html or .json instead of printing.")] = None,
) -> None:
    """Ask, as a borrower's client, what somebody owes everywhere."""
    from duecourse.inquiry import report as reports
    from duecourse.inquiry import telling

    reader, moment = reader_of(charter, operator, hub, holder, certificate), now()
    found = reader.look_up(_identity(country, number, born_on), moment)
    report = reports.report(found, reader.charter, moment.date())
    words = telling.words_in(language)
    document = telling.told(report, words, ways_of(words), moment.date(), f"{found.cycle}")
    _put(document, out)


@inquiry_app.command()
def consent(
    out: Annotated[Path, typer.Argument(help="Where to write the consent, to hand to the lender.")],
    to: Annotated[int, typer.Option(help="The lender's number in the charter.")],
    purpose: Annotated[str, typer.Option(help="own_view, affordability or forbearance.")],
    charter: Charter,
    operator: Operator,
    certificate: Certificate,
    country: Country,
    born_on: BornOn,
    number: Number,
    hub: Hub = "http://127.0.0.1:8100",
    holder: Holder = "http://127.0.0.1:8101",
    days: Annotated[int, typer.Option(min=1, max=90, help="Until when it may be used.")] = 7,
    uses: Annotated[int, typer.Option(min=1, max=100, help="How often.")] = 1,
) -> None:
    """Consent that a lender opens what is owed now, for one purpose; writes what the lender needs for it."""
    from duecourse import printing
    from duecourse.inquiry.charter import Purpose

    reader, moment = reader_of(charter, operator, hub, holder, certificate), now()
    found = reader.look_up(_identity(country, number, born_on), moment)
    bundle = reader.consent(found.seen, to, Purpose(purpose), moment, timedelta(days=days), uses)
    out.write_text(json.dumps(bundle.as_json()), encoding="utf-8")
    opens = f"may open {len(found.seen)} records, {uses} times within {days} days"
    printing.say(f"{out}: lender {to} {opens}, for {purpose}")


@inquiry_app.command()
def use(
    bundle: Bundle,
    charter: Charter,
    operator: Operator,
    country: Country,
    born_on: BornOn,
    number: Number,
    hub: Hub = "http://127.0.0.1:8100",
    holder: Holder = "http://127.0.0.1:8101",
    out: Annotated[Path | None, typer.Option(help="Write a .pdf, .html or .json instead of printing.")] = None,
) -> None:
    """Use a borrower's consent, as the lender to whom it was given."""
    from duecourse.inquiry import report as reports
    from duecourse.inquiry import telling
    from duecourse.inquiry.client import Bundle as Given

    reader, moment = reader_of(charter, operator, hub, holder, None), now()
    given = Given.of_json(read_json(bundle))
    found, left_out = reader.use(given, _identity(country, number, born_on), moment)
    own = reader.charter.lender_of_key[reader.key].number
    words = telling.words_in("en")
    exposure = reports.exposure(found, own)
    _put(telling.told_to_lender(exposure, left_out, words, ways_of(words), moment.date(), "the borrower"), out)


@inquiry_app.command()
def withdraw(
    bundle: Bundle,
    charter: Charter,
    operator: Operator,
    certificate: Certificate,
    hub: Hub = "http://127.0.0.1:8100",
    holder: Holder = "http://127.0.0.1:8101",
) -> None:
    """Withdraw a consent: from now on nothing is opened with it."""
    from duecourse import printing
    from duecourse.inquiry.client import Bundle as Given

    reader_of(charter, operator, hub, holder, certificate).withdraw(Given.of_json(read_json(bundle)), now())
    printing.say("withdrawn: nothing is opened with it any more")


@inquiry_app.command("object")
def object_to(
    record: Record,
    charter: Charter,
    operator: Operator,
    certificate: Certificate,
    country: Country,
    born_on: BornOn,
    number: Number,
    hub: Hub = "http://127.0.0.1:8100",
    holder: Holder = "http://127.0.0.1:8101",
    take_back: Annotated[bool, typer.Option("--take-back", help="The objection, not the record.")] = False,
) -> None:
    """Say, as a borrower's client, that a record is wrong: whoever reads it sees since when."""
    from duecourse import printing
    from duecourse.inquiry.publisher import Publisher
    from duecourse.inquiry.report import record_of
    from duecourse.inquiry.seeds import seed
    from duecourse.inquiry.signed import Signer
    from duecourse.inquiry.wire import Caller, Http

    _, handle = record_of(record)
    reader, moment = reader_of(charter, operator, hub, holder, certificate), now()
    person = reader.person(_identity(country, number, born_on), moment)
    caller = Caller(Signer.of(seed()), read_json(certificate))
    Publisher(reader.charter, 0, seed(), Http(hub), caller).object_to(handle, person, moment, takes_back=take_back)
    printing.say("taken back with the next cycle" if take_back else "whoever reads it from the next cycle on sees it")


@inquiry_app.command()
def remove(
    record: Record,
    case: Annotated[str, typer.Argument(help="By which it was decided, as the hub is to keep it.")],
    hub: Hub = "http://127.0.0.1:8100",
) -> None:
    """Take a record out for good, as the operator, after a dispute was decided against its lender."""
    from duecourse import printing
    from duecourse.inquiry.report import record_of
    from duecourse.inquiry.seeds import seed
    from duecourse.inquiry.signed import Signer
    from duecourse.inquiry.wire import Caller, Http, answered

    bucket, handle = record_of(record)
    body = bucket.to_bytes(4) + handle + case.encode()
    headers = Caller(Signer.of(seed())).headers("/remove", body, now())
    with Http(hub) as party:
        answered(party.ask("POST", "/remove", body, headers))
    printing.say(f"{record}: gone with the next cycle, and never taken again")


@inquiry_app.command()
def log(
    charter: Charter,
    operator: Operator,
    certificate: Certificate,
    hub: Hub = "http://127.0.0.1:8100",
    holder: Holder = "http://127.0.0.1:8101",
) -> None:
    """List what was opened for this client or with its consents, the last first."""
    from duecourse import printing

    reader = reader_of(charter, operator, hub, holder, certificate)
    lines = reader.log(now())
    for line in lines:
        lender = reader.charter.lender_of_number.get(line["asked_by"])
        who = lender.name if lender else "you"
        printing.say(f"{line['at']}  {who}: {line['purpose']}, {line['elements']} locks")
    if not lines:
        printing.say("nothing was opened")


def lawful() -> "Lawful":
    """Return what the rulebooks say of look-ups."""
    from duecourse.law.kept import law_of, users_folder
    from duecourse.law.looking_up import LookUps

    return LookUps(law_of((), users_folder())).refusal


def reader_of(charter: Path, operator: str, hub: str, holder: str, certificate: Path | None) -> "Reader":
    """Return one who asks with the seed of the environment; with a certificate, as a borrower's client."""
    from duecourse.inquiry.charter import signed
    from duecourse.inquiry.client import Reader
    from duecourse.inquiry.seeds import seed
    from duecourse.inquiry.signed import Signer
    from duecourse.inquiry.wire import Caller, Http

    caller = Caller(Signer.of(seed()), read_json(certificate) if certificate else None)
    return Reader(signed(charter, operator), Http(hub), Http(holder), caller)


def _identity(country: str, number: str, born_on: datetime) -> bytes:
    from duecourse.inquiry.identity import normalised

    return normalised(country, number, born_on.date())


def read_json(path: Path) -> Any:
    """Read a file of JSON; DueCourseError where it cannot be read or is none."""
    from duecourse.kernel.errors import DueCourseError

    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DueCourseError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise DueCourseError(f"{path}: is no JSON") from None


def ways_of(words: "Words") -> "Ways":
    """Return how the language of some words writes amounts and days."""
    from duecourse.documents.pdf import labels_for, shown_day, shown_money
    from duecourse.inquiry.telling import Ways

    labels = labels_for(words["language"])
    return Ways(shown_money, lambda day: shown_day(day, labels), lambda at: f"{at:%Y-%m-%d %H:%M} UTC")


def _put(document: "Document", out: Path | None) -> None:
    """Print a document, or write it as the name of the file says."""
    from duecourse import printing
    from duecourse.documents.pdf import pdf
    from duecourse.inquiry import telling

    if out is None:
        for line in telling.text(document):
            printing.say(line)
    elif out.suffix == ".pdf":
        out.write_bytes(pdf("claim", document))
    elif out.suffix == ".html":
        out.write_text(telling.html(document), encoding="utf-8")
    else:
        out.write_text(json.dumps(document, default=str, ensure_ascii=False), encoding="utf-8")


# --- granian's workers -------------------------------------------------------------------------------------------


def hub_application() -> Application:
    """Return the hub for granian's worker."""
    from duecourse.inquiry.serving import hub_application as made

    return made(now)


def holder_application() -> Application:
    """Return the key holder for granian's worker."""
    from duecourse.inquiry.serving import holder_application as made

    return made(now, lawful())
