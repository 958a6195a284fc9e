"""Which verdicts speak of an act of the plan, found without looking through all."""

from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """The index."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("store", "0009_no_calendar")]

    operations: ClassVar[list[Any]] = [
        migrations.AddIndex(
            model_name="verdict",
            index=models.Index(
                fields=["planned_act"],
                name="verdict_of_planned_act",
                condition=models.Q(("planned_act__isnull", False)),
            ),
        ),
    ]
