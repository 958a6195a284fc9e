"""Django's settings, but for the database, set by `duecourse.store.orm`, and for what `duecourse.web.app` sets."""

from pathlib import Path
from typing import Any, Final

import duecourse

_HOME: Final = Path(duecourse.__file__).parent

INSTALLED_APPS: Final = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "duecourse.store.orm.Store",
]
DATABASES: dict[str, dict[str, Any]] = {}
DEFAULT_AUTO_FIELD: Final = "django.db.models.BigAutoField"
AUTH_USER_MODEL: Final = "store.Staff"  # from the first migration of users on: to change it later is hard
USE_TZ: Final = True
TIME_ZONE: Final = "UTC"
USE_I18N: Final = True
LANGUAGES: Final = [("en", "English"), ("zh-hans", "简体中文")]
SECRET_KEY: str = ""  # `duecourse.web.app` derives one from the keys of the store: Django refuses to sign without
LOGGING_CONFIG: Final = None  # Django logs statements with what they were given: never

DEBUG: Final = False
ROOT_URLCONF: Final = "duecourse.addresses"
ALLOWED_HOSTS: Final = ["*"]  # no answer is made of the name under which we were asked
MIDDLEWARE: Final = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "duecourse.web.guard.guard",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "duecourse.web.speaking.speaking",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
X_FRAME_OPTIONS: Final = "DENY"
SECURE_REFERRER_POLICY: Final = "same-origin"  # an address may hold a token; forms of ours need to say whence they come
SECURE_CROSS_ORIGIN_OPENER_POLICY: Final = "same-origin"
SECURE_HSTS_SECONDS: Final = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS: Final = True
SECURE_HSTS_PRELOAD: Final = True
SILENCED_SYSTEM_CHECKS: Final = ["security.W008"]  # the proxy with TLS that stands before us sends http away

# Cookies: one for who has signed in, one against forged forms. Browsers take secure ones on loopback without TLS too.
SESSION_COOKIE_NAME: Final = "__Host-duecourse"
SESSION_COOKIE_SECURE: Final = True
SESSION_COOKIE_HTTPONLY: Final = True
SESSION_COOKIE_SAMESITE: Final = "Lax"
SESSION_COOKIE_AGE: Final = 8 * 3600  # a day's work
SESSION_EXPIRE_AT_BROWSER_CLOSE: Final = True
CSRF_COOKIE_NAME: Final = "__Host-duecourse-form"
CSRF_COOKIE_SECURE: Final = True
CSRF_COOKIE_HTTPONLY: Final = True
CSRF_COOKIE_SAMESITE: Final = "Strict"
CSRF_FAILURE_VIEW: Final = "duecourse.web.refusals.forged"

# Users: their passwords, and how they are looked at.
AUTHENTICATION_BACKENDS: Final = ["duecourse.desk.accounts.Accounts"]
PASSWORD_HASHERS: Final = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
_OF_PASSWORDS: Final = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: Final = [
    {"NAME": f"{_OF_PASSWORDS}.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ["user_id"]}},
    {"NAME": f"{_OF_PASSWORDS}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_OF_PASSWORDS}.CommonPasswordValidator"},
    {"NAME": f"{_OF_PASSWORDS}.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT: Final = 3 * 24 * 3600
LOGIN_URL: Final = "desk:sign_in"

# What people send: a form's fields, and files, which are kept in memory and never on a disk in the clear.
DATA_UPLOAD_MAX_MEMORY_SIZE: Final = 65_536
DATA_UPLOAD_MAX_NUMBER_FILES: Final = 5
FILE_UPLOAD_MAX_MEMORY_SIZE: Final = 10_000_000
FILE_UPLOAD_HANDLERS: Final = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

# Pages.
TEMPLATES: Final = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [str(_HOME / folder / "templates") for folder in ("web", "desk", "portal")],
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request", "duecourse.web.speaking.everywhere"],
            "builtins": ["duecourse.web.showing"],
        },
    }
]
STATIC_URL: Final = f"/static/{duecourse.__version__}/"
STATIC_ROOT: Final = str(_HOME / "web" / "static")
