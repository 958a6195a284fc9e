"""Django's settings, but for the database, which `duecourse.store.orm.connect` sets."""

from typing import Any, Final

INSTALLED_APPS: Final = ["django.contrib.postgres", "duecourse.store.orm.Store"]
DATABASES: dict[str, dict[str, Any]] = {}
DEFAULT_AUTO_FIELD: Final = "django.db.models.BigAutoField"
AUTH_USER_MODEL: Final = "store.Staff"  # from the first migration of users on: to change it later is hard
USE_TZ: Final = True
TIME_ZONE: Final = "UTC"
USE_I18N: Final = True
SECRET_KEY: Final = ""  # nothing is signed yet: Django refuses to sign with an empty one
LOGGING_CONFIG: Final = None  # Django logs statements with what they were given: never

# Of the web: no cookies, no sessions, no templates.
DEBUG: Final = False
ROOT_URLCONF: Final = "duecourse.api.urls"
ALLOWED_HOSTS: Final = ["*"]  # no answer is made of the name under which we were asked
MIDDLEWARE: Final = [
    "duecourse.api.guard.guard",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
X_FRAME_OPTIONS: Final = "DENY"
SECURE_REFERRER_POLICY: Final = "no-referrer"  # an address may hold a token
SECURE_CROSS_ORIGIN_OPENER_POLICY: Final = "same-origin"
