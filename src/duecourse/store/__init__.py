"""The operational database: the embedded server, tables and migrations, encryption, the audit chain.

Django's models can be used once this package is imported; `duecourse.store.orm.connect` says which database they use.
"""

import os

import django
from django.apps import apps
from django.conf import ENVIRONMENT_VARIABLE

os.environ.setdefault(ENVIRONMENT_VARIABLE, "duecourse.store.settings")
if not (apps.ready or apps.loading):
    django.setup()
