"""Verdicts, the outbox, and what comes in."""

from typing import Any, ClassVar

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """The tables."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0002_history"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="Switch",
            fields=[
                ("name", models.TextField(primary_key=True, serialize=False)),
                ("stopped_at", models.DateTimeField(null=True)),
                ("by", models.TextField(db_default="")),
            ],
            options={
                "db_table": "switch",
            },
        ),
        migrations.CreateModel(
            name="Outgoing",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.TextField()),
                ("channel", models.TextField()),
                ("language", models.TextField()),
                ("body", models.BinaryField()),
                ("body_hash", models.BinaryField(max_length=32)),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("queued", "Queued"),
                            ("sending", "Sending"),
                            ("left", "Left"),
                            ("unknown", "Unknown"),
                            ("failed", "Failed"),
                            ("expired", "Expired"),
                            ("cancelled", "Cancelled"),
                        ],
                        db_default="queued",
                    ),
                ),
                ("released_at", models.DateTimeField()),
                ("valid_until", models.DateTimeField()),
                ("attempts", models.IntegerField(db_default=0)),
                ("next_try_at", models.DateTimeField()),
                ("held_until", models.DateTimeField(null=True)),
                (
                    "provider_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None),
                ),
                ("why", models.TextField(db_default="")),
                (
                    "borrower",
                    models.ForeignKey(
                        db_column="borrower_no",
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.borrower",
                    ),
                ),
                (
                    "contact",
                    models.OneToOneField(
                        db_column="contact_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.contact",
                    ),
                ),
                (
                    "contact_point",
                    models.ForeignKey(
                        db_column="contact_point_no",
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="store.contactpoint",
                    ),
                ),
            ],
            options={
                "db_table": "outbox",
            },
        ),
        migrations.CreateModel(
            name="Incoming",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source", models.TextField()),
                ("event_id", models.TextField()),
                ("what", models.TextField()),
                ("received_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("happened_at", models.DateTimeField()),
                ("body", models.BinaryField(null=True)),
                (
                    "meanings",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None),
                ),
                ("needs_person", models.BooleanField(db_default=False)),
                (
                    "borrower",
                    models.ForeignKey(
                        db_column="borrower_no",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.borrower",
                    ),
                ),
                (
                    "outgoing",
                    models.ForeignKey(
                        db_column="outbox_no",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.outgoing",
                    ),
                ),
            ],
            options={
                "db_table": "inbound",
            },
        ),
        migrations.CreateModel(
            name="Verdict",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("judged_at", models.DateTimeField()),
                ("act", models.TextField()),
                ("channel", models.TextField(null=True)),
                ("purpose", models.TextField()),
                ("loans", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("amounts", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("is_permitted", models.BooleanField()),
                ("reasons", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("law", models.TextField()),
                ("asked", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("refused", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("unknown", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                (
                    "borrower",
                    models.ForeignKey(
                        db_column="borrower_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.borrower",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        db_column="contact_no",
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.contact",
                    ),
                ),
                (
                    "planned_act",
                    models.ForeignKey(
                        db_column="planned_act_no",
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.plannedact",
                    ),
                ),
            ],
            options={
                "db_table": "verdict",
            },
        ),
        migrations.AddIndex(
            model_name="outgoing",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "sending"])),
                fields=["channel", "next_try_at"],
                name="outbox_open",
            ),
        ),
        migrations.AddIndex(
            model_name="outgoing",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("provider_ids", []), _negated=True), fields=["provider_ids"], name="outbox_provider"
            ),
        ),
        migrations.AddIndex(
            model_name="outgoing",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "sending"])),
                fields=["borrower"],
                name="outbox_borrower_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="outgoing",
            constraint=models.UniqueConstraint(fields=("key",), name="outbox_key_once"),
        ),
        migrations.AddConstraint(
            model_name="outgoing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["queued", "sending", "left", "unknown", "failed", "expired", "cancelled"])
                ),
                name="outbox_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="incoming",
            constraint=models.UniqueConstraint(fields=("source", "event_id"), name="inbound_once"),
        ),
    ]
