"""Which address is answered by what: machines by the API, staff by the desk, borrowers by the portal."""

from typing import Final

from django.urls import include, path

from duecourse.api.urls import api
from duecourse.api.v1.urls import v1
from duecourse.web.speaking import speak

urlpatterns: Final = [
    path("desk/", include("duecourse.desk.urls")),
    path("portal/", include("duecourse.portal.urls")),
    path("language", speak, name="speak"),
    path("v1/", v1.urls),
    path("", api.urls),
]
handler400 = "duecourse.web.refusals.not_read"
handler403 = "duecourse.web.refusals.forbidden"
handler404 = "duecourse.web.refusals.not_found"
handler500 = "duecourse.web.refusals.failed"
