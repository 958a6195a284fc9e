"""What borrowers do by themselves: links, hours, files beside complaints, payments begun."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The tables."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0018_signing_in"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="ContactHours",
            fields=[
                (
                    "borrower",
                    models.OneToOneField(
                        db_column="borrower_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="store.borrower",
                    ),
                ),
                ("from_minute", models.IntegerField()),
                ("to_minute", models.IntegerField()),
            ],
            options={
                "db_table": "contact_hours",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("from_minute__gte", 0),
                            ("from_minute__lt", models.F("to_minute")),
                            ("to_minute__lte", 1440),
                        ),
                        name="contact_hours_in_order",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PortalLink",
            fields=[
                ("key", models.TextField(primary_key=True, serialize=False)),
                ("until", models.DateTimeField()),
                ("wrong", models.IntegerField(db_default=0)),
                ("used_at", models.DateTimeField(null=True)),
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
                "db_table": "portal_link",
            },
        ),
        migrations.CreateModel(
            name="ComplaintFile",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("complaint_id", models.TextField()),
                ("place", models.IntegerField()),
                ("kind", models.TextField()),
                ("body", models.BinaryField()),
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
                "db_table": "complaint_file",
                "constraints": [
                    models.UniqueConstraint(fields=("complaint_id", "place"), name="complaint_file_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("image/jpeg", "image/png", "application/pdf", "text/plain"))),
                        name="complaint_file_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentBegun",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.TextField()),
                ("loan_id", models.TextField()),
                ("amount", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("provider", models.TextField()),
                ("state", models.TextField(db_default="begun")),
                ("begun_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
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
                "db_table": "payment_begun",
                "constraints": [
                    models.UniqueConstraint(fields=("key",), name="payment_begun_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["begun", "paid", "failed"])), name="payment_begun_state"
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="payment_begun_amount"),
                ],
            },
        ),
    ]
