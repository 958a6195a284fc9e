"""The command `serve`: the day over HTTP, until it is told to end."""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from duecourse.cli_options import OUT, Store, address_of


def serve(
    store: Store = OUT,
    bind: Annotated[
        str, typer.Option(metavar="ADDRESS:PORT", help="Where to listen; a proxy with TLS stands before it.")
    ] = "127.0.0.1:8008",
    settings: Annotated[
        Path | None,
        typer.Option(help="The lender's settings (TOML): the words of messages, and what providers call things."),
    ] = None,
    strategy: Annotated[Path | None, typer.Option(help="The strategy of the plan in force; ours without.")] = None,
    house: Annotated[Path | None, typer.Option(help="A rulebook of the house, which only tightens.")] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="A made-up lender in a store of its own, with a user of each role.")
    ] = False,
    origin: Annotated[
        list[str] | None, typer.Option(help="Under which address people see it: https://desk.acme.example. Repeatable.")
    ] = None,
    proxy: Annotated[
        str | None, typer.Option(help="The address of the proxy, whose X-Forwarded-For and -Proto are believed.")
    ] = None,
) -> None:
    """Answer people at the desk, and webhooks, monitors and who leaves the e-mail, over HTTP, until told to end.

    Secrets come out of the environment: DUECOURSE_WEBHOOK_SMS and the like, DUECOURSE_METRICS_TOKEN and
    DUECOURSE_SYSTEMS_TOKEN. What has none is
    not there.
    """
    from duecourse.day.settings import Day, read
    from duecourse.night.facts import CATALOGUE
    from duecourse.night.run import Options, rulebooks
    from duecourse.store.audit.seals import Seals
    from duecourse.store.place import Place
    from duecourse.strategy.load import load
    from duecourse.web.app import application
    from duecourse.web.edge import Edge, Rules
    from duecourse.web.serving import serve as serve_until_told

    host, port = address_of(bind)
    proxy = None if proxy is None else address_of(f"{proxy}:0")[0]
    if demo:
        from duecourse.demonstration_desk import make
        from duecourse.demonstration_desk import settings as made_up

        place = make(store.parent / "desk-demo", datetime.now(UTC).date(), lambda line: typer.echo(f"{line} ..."))
        day = read(settings) if settings else made_up(place.folder)
    else:
        place = Place.of(store)
        day = read(settings) if settings else Day(words={})
    rules = Rules(
        day,
        load(strategy, CATALOGUE.kinds),
        rulebooks(Options(house=house)),
    )
    edge = Edge.of(place, Seals.of(place.folder), lambda: datetime.now(UTC), rules, is_demo=demo)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    edge.gates.make_ready()
    there = f"[{host}]" if ":" in host else host
    channels = ", ".join(sorted(edge.hooks)) or "no channel"
    serve_until_told(
        application(edge, origin or ()),
        host,
        port,
        lambda found: typer.echo(
            f"http://{there}:{found} answers; the desk is at /desk/, the portal at /portal/; webhooks of {channels}"
        ),
        proxy=proxy,
    )
    typer.echo("ended")
