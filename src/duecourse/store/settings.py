"""Django's settings, but for the database, which `duecourse.store.orm.connect` sets."""

from typing import Any, Final

INSTALLED_APPS: Final = ["django.contrib.postgres", "duecourse.store.orm.Store"]
DATABASES: dict[str, dict[str, Any]] = {}
DEFAULT_AUTO_FIELD: Final = "django.db.models.BigAutoField"
USE_TZ: Final = True
TIME_ZONE: Final = "UTC"
USE_I18N: Final = True
SECRET_KEY: Final = ""  # nothing is signed yet: Django refuses to sign with an empty one
LOGGING_CONFIG: Final = None  # Django logs statements with what they were given: never
