"""Working days are counted where the law is asked, and need no table."""

from typing import Any, ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """The table goes."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("store", "0008_ended_points")]

    operations: ClassVar[list[Any]] = [migrations.DeleteModel(name="BusinessDay")]
