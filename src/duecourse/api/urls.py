"""What machines may ask for. The schema is not served: `api.get_openapi_schema(path_prefix="")` gives it."""

from typing import Final

from ninja import NinjaAPI

import duecourse
from duecourse.api import endings, health, metrics, problems, unsubscribe, webhooks

api: Final = NinjaAPI(title="DueCourse", version=duecourse.__version__, docs_url=None, openapi_url=None)
for _router in (webhooks.router, health.router, metrics.router, unsubscribe.router, endings.router):
    api.add_router("", _router)
problems.told_by(api)
