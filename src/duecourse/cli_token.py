"""The commands for the lender's own systems: `token add | list | end` and `hook add | list | end | send`."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from duecourse.cli_options import OUT, Store

if TYPE_CHECKING:
    from duecourse.store.place import Place

token_app = typer.Typer(help="Tokens by which the lender's own systems use the API.", no_args_is_help=True)
hook_app = typer.Typer(help="Where other systems are told of what happens.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="What the token is called: the system that has it.")]
HookId = Annotated[str, typer.Argument(help="The hook, by its id.")]
By = Annotated[str, typer.Option("--by", envvar="DUECOURSE_USER", metavar="USER", help="The administrator, by id.")]


@token_app.command("add")
def add_token(
    name: Name,
    by: By,
    scope: Annotated[list[str], typer.Option(help="What it may do, as in loans:read. Repeatable.")],
    store: Store = OUT,
) -> None:
    """Make a token and print its secret, which is shown this once."""
    from duecourse.store import tokens

    _connect(store)
    typer.echo(tokens.made(name, scope, by=by, at=datetime.now(UTC)))


@token_app.command("list")
def list_tokens(store: Store = OUT) -> None:
    """List the tokens that count, with what they may do."""
    from duecourse import printing
    from duecourse.store import tokens

    _connect(store)
    found = tokens.standing()
    for one in found:
        printing.say(f"{one.name}: {' '.join(one.scopes)}, since {one.made_at:%Y-%m-%d}")
    if not found:
        printing.say("there is no token")


@token_app.command("end")
def end_token(name: Name, by: By, store: Store = OUT) -> None:
    """End a token: it opens nothing any more."""
    from duecourse import printing
    from duecourse.store import tokens

    _connect(store)
    tokens.end(name, by=by, at=datetime.now(UTC))
    printing.say(f"{name}: opens nothing any more")


@hook_app.command("add")
def add_hook(
    url: Annotated[str, typer.Argument(help="Where it is told: https, or an address on this machine.")],
    by: By,
    kind: Annotated[list[str], typer.Option(help="Of what, as in payment.received. Repeatable.")],
    store: Store = OUT,
) -> None:
    """Make a hook; print its id, and the secret of its signatures, which is shown this once."""
    from duecourse.day import hooks
    from duecourse.store.keys import Keyring

    place = _connect(store)
    hook_id, secret = hooks.add(Keyring.read(place.keys), url, kind, by=by, at=datetime.now(UTC))
    typer.echo(f"{hook_id} {secret}")


@hook_app.command("list")
def list_hooks(store: Store = OUT) -> None:
    """List the hooks that stand, and how much of each was given up."""
    from duecourse import printing
    from duecourse.store.models import Hook, HookTold

    _connect(store)
    found = list(Hook.objects.filter(ended_at=None).order_by("id"))
    for one in found:
        lost = HookTold.objects.filter(hook=one, is_given_up=True).count()
        printing.say(f"{one.hook_id}: {one.url}, {' '.join(one.kinds)}; given up: {lost}")
    if not found:
        printing.say("there is no hook")


@hook_app.command("end")
def end_hook(hook_id: HookId, store: Store = OUT) -> None:
    """End a hook: it is told of nothing more."""
    from duecourse import printing
    from duecourse.day import hooks

    _connect(store)
    hooks.end(hook_id, at=datetime.now(UTC))
    printing.say(f"{hook_id}: is told of nothing more")


@hook_app.command()
def send(
    store: Store = OUT,
    every: Annotated[
        int | None, typer.Option(min=1, metavar="SECONDS", help="Go on, and look again after so many seconds.")
    ] = None,
) -> None:
    """Tell every hook what is due."""
    from duecourse import printing
    from duecourse.day import hooks
    from duecourse.store.keys import Keyring

    place = _connect(store)
    with place.connected() as connection:
        connection.autocommit = True
        while True:
            arrived = hooks.step(connection, Keyring.read(place.keys), datetime.now(UTC))
            printing.say(f"{arrived} arrived")
            if every is None:
                return
            time.sleep(every)


def _connect(store: Store) -> "Place":
    from duecourse.store import orm
    from duecourse.store.place import Place

    place = Place.of(store)
    orm.connect(place)
    return place
