"""The command `serve`: the day over HTTP, until it is told to end."""

import logging
import sys
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from duecourse.cli_options import OUT, Store


def _address(text: str) -> tuple[str, int]:
    """Read an address and a port, as in 127.0.0.1:8008 or [::1]:8008."""
    host, _, port = text.rpartition(":")
    try:
        found = str(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        found = ""
    if not found or not port.isdecimal() or int(port) > 65_535:
        raise typer.BadParameter(f"{text!r} is no address, write it like 127.0.0.1:8008")
    return found, int(port)


def serve(
    store: Store = OUT,
    bind: Annotated[
        str, typer.Option(metavar="ADDRESS:PORT", help="Where to listen; a proxy with TLS stands before it.")
    ] = "127.0.0.1:8008",
    settings: Annotated[
        Path | None,
        typer.Option(help="The lender's settings (TOML), where providers call things otherwise than we do."),
    ] = None,
) -> None:
    """Answer webhooks, monitors and who leaves the e-mail, over HTTP, until it is told to end (SIGTERM, Ctrl-C).

    Secrets come out of the environment: DUECOURSE_WEBHOOK_SMS and the like, DUECOURSE_METRICS_TOKEN and
    DUECOURSE_SYSTEMS_TOKEN. What has none is
    not there.
    """
    from duecourse.api.app import application
    from duecourse.api.edge import Edge
    from duecourse.api.serving import serve as serve_until_told
    from duecourse.store.audit.seals import Seals
    from duecourse.store.place import Place

    host, port = _address(bind)
    edge = Edge.of(Place.of(store), Seals.of(store), lambda: datetime.now(UTC), settings)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    there = f"[{host}]" if ":" in host else host
    channels = ", ".join(sorted(edge.hooks)) or "no channel"
    serve_until_told(
        application(edge),
        host,
        port,
        lambda found: typer.echo(f"http://{there}:{found} answers; webhooks of {channels}"),
    )
    typer.echo("ended")
