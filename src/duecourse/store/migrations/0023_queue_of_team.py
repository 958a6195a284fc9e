"""The acts of each team in its order: a team that has little is found as quickly as one that has much."""

from typing import Any, ClassVar

import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    """The index, in the place of one that had all teams in one order."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0022_systems"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.RemoveIndex(
            model_name="plannedact",
            name="planned_act_of_team",
        ),
        migrations.AddIndex(
            model_name="plannedact",
            index=models.Index(
                models.F("team"),
                models.OrderBy(
                    django.db.models.functions.comparison.Coalesce("priority", models.Value(-(2**63))), descending=True
                ),
                models.F("id"),
                condition=models.Q(("state", "waiting"), ("team__isnull", False)),
                name="planned_act_of_team",
            ),
        ),
    ]
