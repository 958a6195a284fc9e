"""Which address is answered by what: machines by the API, staff by the desk."""

from typing import Final

from django.urls import include, path

from duecourse.api.urls import api

urlpatterns: Final = [path("desk/", include("duecourse.desk.urls")), path("", api.urls)]
handler400 = "duecourse.web.refusals.not_read"
handler403 = "duecourse.web.refusals.forbidden"
handler404 = "duecourse.web.refusals.not_found"
handler500 = "duecourse.web.refusals.failed"
