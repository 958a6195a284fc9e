"""The WSGI application: Django's, with the edge in each request.

application(edge, origins) -> app(environ, start_response)
"""

from collections.abc import Iterable, Sequence
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.handlers.wsgi import WSGIHandler
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from duecourse.store import orm
from duecourse.store.keys import Keyring
from duecourse.store.models import Staff
from duecourse.store.place import Place
from duecourse.web import catalogues
from duecourse.web.edge import NAME, Edge


def application(edge: Edge, origins: Sequence[str] = ()) -> WSGIApplication:
    """Return an application over a store; any number of threads may call it.

    `origins` are the addresses under which people see it where a proxy stands before it: forms may come from there.
    """
    orm.name(edge.place)
    settings.CSRF_TRUSTED_ORIGINS = list(origins)
    sign_with(edge.place)
    settings.LOCALE_PATHS = [str(catalogues.compiled())]
    handler = WSGIHandler()

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return handler({**environ, NAME: edge}, start_response)

    return app


def sign_with(place: Place) -> None:
    """Let Django sign with a secret of this store: after its keys were rotated everybody signs in again."""
    settings.SECRET_KEY = Keyring.read(place.keys).secret("sessions").hex()


def welcome_path(place: Place, user: Staff) -> str:
    """Return the path by which a user sets a password, once."""
    sign_with(place)
    number = urlsafe_base64_encode(force_bytes(user.pk))
    return f"/desk/welcome/{number}/{default_token_generator.make_token(user)}"
