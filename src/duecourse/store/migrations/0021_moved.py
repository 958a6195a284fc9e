"""How loans have moved between buckets, counted by each night."""

from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """The table."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0020_requests"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="Moved",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("planned_on", models.DateField()),
                ("arm", models.TextField()),
                ("state_then", models.TextField()),
                ("state_now", models.TextField()),
                ("loans", models.BigIntegerField()),
            ],
            options={
                "db_table": "moved",
                "constraints": [
                    models.UniqueConstraint(fields=("planned_on", "arm", "state_then", "state_now"), name="moved_once")
                ],
            },
        ),
    ]
