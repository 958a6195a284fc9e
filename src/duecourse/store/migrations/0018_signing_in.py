"""How users sign in: teams, a second factor, and how often anything was tried."""

from typing import Any, ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The columns and tables."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0017_visit_reviews"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="Attempts",
            fields=[
                ("who", models.BinaryField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("tried", models.IntegerField()),
            ],
            options={
                "db_table": "attempts",
            },
        ),
        migrations.CreateModel(
            name="SecondFactor",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        db_column="staff_no",
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="second_factor",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("key_id", models.TextField()),
                ("wrapped_key", models.BinaryField()),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("last_step", models.BigIntegerField(db_default=0)),
            ],
            options={
                "db_table": "second_factor",
            },
        ),
        migrations.AddField(
            model_name="staff",
            name="language",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="staff",
            name="teams",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None),
        ),
        migrations.AddField(
            model_name="staff",
            name="zone",
            field=models.TextField(db_default=""),
        ),
        migrations.AddIndex(
            model_name="plannedact",
            index=models.Index(
                models.OrderBy(
                    django.db.models.functions.comparison.Coalesce("priority", models.Value(-(2**63))), descending=True
                ),
                models.F("id"),
                models.F("team"),
                condition=models.Q(("state", "waiting"), ("team__isnull", False)),
                name="planned_act_of_team",
            ),
        ),
        migrations.AddIndex(
            model_name="attempts",
            index=models.Index(fields=["since"], name="attempts_since"),
        ),
    ]
