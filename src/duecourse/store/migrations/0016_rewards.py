"""What borrowers have earned by paying on time."""

from typing import Any, ClassVar

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """The table."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0015_register"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="Reward",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("loan_id", models.TextField()),
                ("rule", models.TextField()),
                ("kind", models.TextField()),
                ("at_number", models.IntegerField()),
                ("state", models.TextField()),
                ("rules_hash", models.TextField()),
                ("details", models.JSONField(db_default={})),
                ("worked_out_on", models.DateField()),
                ("worked_out_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("run", models.TextField(null=True)),
                ("applied_on", models.DateField(null=True)),
                ("applied_at", models.DateTimeField(null=True)),
                ("applied_by", models.TextField(null=True)),
                ("announced_at", models.DateTimeField(null=True)),
                (
                    "borrower",
                    models.ForeignKey(
                        db_column="borrower_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.borrower",
                    ),
                ),
            ],
            options={
                "db_table": "reward",
                "indexes": [models.Index(fields=["state", "run"], name="reward_standing")],
                "constraints": [
                    models.UniqueConstraint(fields=("loan_id", "rule", "at_number"), name="reward_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("worked_out", "lapsed", "held_out", "applied"))),
                        name="reward_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("applied_at__isnull", False),
                                ("applied_by__isnull", False),
                                ("applied_on__isnull", False),
                                ("run__isnull", False),
                                ("state", "applied"),
                            ),
                            models.Q(
                                models.Q(("state", "applied"), _negated=True),
                                ("announced_at__isnull", True),
                                ("applied_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="reward_applied_by_somebody",
                    ),
                ],
            },
        ),
    ]
