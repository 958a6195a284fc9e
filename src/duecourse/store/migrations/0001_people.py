"""Borrowers, people, contact points, and what the application's role may do with every table."""

from typing import Any, ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from duecourse.store.grants import GRANTS


class Migration(migrations.Migration):
    """The first tables."""

    initial = True

    dependencies: ClassVar[list[tuple[str, str]]] = []

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="Borrower",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("borrower_id", models.TextField(unique=True)),
                ("language", models.TextField(blank=True, default="")),
                (
                    "zones",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"db_table": "borrower"},
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("person_id", models.TextField()),
                ("relation", models.TextField(default="borrower")),
                ("name", models.BinaryField(null=True)),
                ("key_id", models.TextField(null=True)),
                ("wrapped_key", models.BinaryField(null=True)),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "borrower",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="people", to="store.borrower"
                    ),
                ),
            ],
            options={
                "db_table": "person",
                "indexes": [models.Index(fields=["key_id"], name="person_key_id")],
                "constraints": [
                    models.UniqueConstraint(fields=("borrower", "person_id"), name="person_once"),
                    models.CheckConstraint(
                        name="person_has_a_key_until_erased",
                        condition=models.Q(erased_at__isnull=True, key_id__isnull=False, wrapped_key__isnull=False)
                        | models.Q(erased_at__isnull=False, key_id__isnull=True, wrapped_key__isnull=True),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContactPoint",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("phone", "Phone"),
                            ("email", "Email"),
                            ("address", "Address"),
                            ("messenger", "Messenger"),
                        ]
                    ),
                ),
                ("value", models.BinaryField()),
                ("blind", models.BinaryField(max_length=16)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="contact_points", to="store.person"
                    ),
                ),
            ],
            options={
                "db_table": "contact_point",
                "indexes": [models.Index(fields=["kind", "blind"], name="contact_point_blind")],
                "constraints": [
                    models.UniqueConstraint(fields=("person", "kind", "blind"), name="contact_point_once"),
                    models.CheckConstraint(
                        name="contact_point_kind",
                        condition=models.Q(kind__in=["phone", "email", "address", "messenger"]),
                    ),
                ],
            },
        ),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
