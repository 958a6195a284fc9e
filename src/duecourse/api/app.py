"""The WSGI application: Django's, without cookies, sessions or templates, with the edge in each request.

application(edge) -> app(environ, start_response)
"""

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

from django.core.handlers.wsgi import WSGIHandler

import duecourse.store  # noqa: F401  sets Django up
from duecourse.api.edge import NAME, Edge


def application(edge: Edge) -> WSGIApplication:
    """Return an application over a store; any number of threads may call it."""
    handler = WSGIHandler()

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return handler({**environ, NAME: edge}, start_response)

    return app
