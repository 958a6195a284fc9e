"""The addresses of version 1, and its schema (OpenAPI), which is served to everybody at /v1/openapi.json."""

from typing import Final

from ninja import NinjaAPI

from duecourse.api import problems
from duecourse.api.v1 import reading, telling

v1: Final = NinjaAPI(
    title="DueCourse for lenders' systems", version="1", urls_namespace="v1", docs_url=None,
    openapi_url="/openapi.json",
)  # fmt: skip
for _router in (reading.router, telling.router):
    v1.add_router("", _router)
problems.told_by(v1)
