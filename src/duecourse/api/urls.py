"""Which address is answered by what. The schema is not served: `api.get_openapi_schema(path_prefix="")` gives it."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.urls import path
from ninja import NinjaAPI

import duecourse
from duecourse.api import endings, health, metrics, problems, unsubscribe, webhooks

api: Final = NinjaAPI(title="DueCourse", version=duecourse.__version__, docs_url=None, openapi_url=None)
for _router in (webhooks.router, health.router, metrics.router, unsubscribe.router, endings.router):
    api.add_router("", _router)
problems.told_by(api)

urlpatterns: Final = [path("", api.urls)]
handler400 = "duecourse.api.urls.not_read"
handler404 = "duecourse.api.urls.not_found"
handler500 = "duecourse.api.urls.failed"


def not_read(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django gives it by name
    """Answer what Django itself refuses."""
    return problems.problem(400, "the request is broken")


def not_found(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  Django gives it by name
    """Answer for an address that there is not."""
    return problems.problem(404, "there is nothing here")


def failed(_request: HttpRequest) -> HttpResponse:
    """Answer where a view could not."""
    return problems.problem(500, "it failed, and nothing was changed")
