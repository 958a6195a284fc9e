"""Agencies with their files, reports and reviews; receipts, deposits and safety stops of visits."""

from typing import Any, ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The tables."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0013_portfolios"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="AgencyFile",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("agency_id", models.TextField()),
                ("direction", models.TextField()),
                ("kind", models.TextField()),
                ("name", models.TextField()),
                ("at", models.DateTimeField()),
                ("on", models.DateField(db_column="on_day")),
                ("sha256", models.TextField(null=True)),
                ("rows", models.IntegerField(db_default=0)),
                ("refused", models.IntegerField(db_default=0)),
            ],
            options={
                "db_table": "agency_file",
                "constraints": [
                    models.UniqueConstraint(fields=("agency_id", "direction", "name"), name="agency_file_once"),
                    models.CheckConstraint(
                        condition=models.Q(("direction__in", ["out", "in"])), name="agency_file_direction"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Deposit",
            fields=[
                ("deposit_id", models.TextField(primary_key=True, serialize=False)),
                ("team", models.TextField()),
                ("on", models.DateField(db_column="on_day")),
                ("amount", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("why", models.TextField(db_default="")),
                ("by", models.TextField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "visit_deposit",
                "indexes": [models.Index(fields=["team", "on"], name="visit_deposit_day")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0),
                            models.Q(models.Q(("why", ""), _negated=True), models.Q(("amount", 0), _negated=True)),
                            _connector="OR",
                        ),
                        name="visit_deposit_amount",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Agency",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("agency_id", models.TextField()),
                ("terms", models.JSONField()),
                ("added_at", models.DateTimeField()),
                ("replaced_at", models.DateTimeField(null=True)),
                (
                    "added_by",
                    models.ForeignKey(
                        db_column="added_by",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.staff",
                    ),
                ),
            ],
            options={
                "db_table": "agency",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("replaced_at", None)), fields=("agency_id",), name="agency_one_in_force"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AgencyReport",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("agency_id", models.TextField()),
                ("report_id", models.TextField()),
                ("what", models.TextField()),
                ("digest", models.TextField()),
                ("is_late", models.BooleanField(db_default=False)),
                ("at", models.DateTimeField()),
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
                    "ending",
                    models.ForeignKey(
                        db_column="ending_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.ending",
                    ),
                ),
            ],
            options={
                "db_table": "agency_report",
                "constraints": [models.UniqueConstraint(fields=("agency_id", "report_id"), name="agency_report_once")],
            },
        ),
        migrations.CreateModel(
            name="AgencyReview",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("agency_id", models.TextField()),
                ("why", models.TextField()),
                ("reviewed_on", models.DateField()),
                ("conduct", models.IntegerField()),
                ("results", models.IntegerField()),
                ("security", models.IntegerField()),
                ("outcome", models.TextField()),
                ("note", models.TextField(db_default="")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        db_column="reviewed_by",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.staff",
                    ),
                ),
            ],
            options={
                "db_table": "agency_review",
                "constraints": [
                    models.UniqueConstraint(fields=("agency_id", "why", "reviewed_on"), name="agency_review_once"),
                    models.CheckConstraint(
                        condition=models.Q(("why__in", ["yearly", "end_of_term"])), name="agency_review_why"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["continue", "limit", "end"])), name="agency_review_outcome"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("conduct__range", (1, 5)), ("results__range", (1, 5)), ("security__range", (1, 5))
                        ),
                        name="agency_review_marks",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AgencyTold",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("agency_id", models.TextField()),
                ("kind", models.TextField()),
                ("ref", models.TextField()),
                ("said", models.JSONField(db_default={})),
                (
                    "ending",
                    models.ForeignKey(
                        db_column="ending_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.ending",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        db_column="file_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.agencyfile",
                    ),
                ),
            ],
            options={
                "db_table": "agency_told",
                "constraints": [
                    models.UniqueConstraint(fields=("agency_id", "kind", "ref", "ending"), name="agency_told_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                ("receipt_id", models.TextField(primary_key=True, serialize=False)),
                ("loan_id", models.TextField()),
                ("team", models.TextField()),
                ("on", models.DateField(db_column="on_day")),
                ("at", models.DateTimeField()),
                ("amount", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("method", models.TextField()),
                ("badges", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("by", models.TextField()),
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
                    "message",
                    models.ForeignKey(
                        db_column="outbox_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.outgoing",
                    ),
                ),
            ],
            options={
                "db_table": "visit_receipt",
                "indexes": [models.Index(fields=["team", "on"], name="visit_receipt_day")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="visit_receipt_amount"),
                    models.CheckConstraint(
                        condition=models.Q(("method__in", ("cash", "cheque", "card", "transfer"))),
                        name="visit_receipt_method",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SafetyStop",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("danger", models.TextField()),
                ("told_by", models.TextField()),
                ("told_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
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
                    "lifted_by",
                    models.ForeignKey(
                        db_column="lifted_by",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.staff",
                    ),
                ),
            ],
            options={
                "db_table": "safety_stop",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at", None)), fields=("borrower",), name="safety_stop_one_in_force"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("danger__in", ("threat", "assault", "weapon", "animal", "illness", "place"))
                        ),
                        name="safety_stop_danger",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lifted_at__isnull", True), ("lifted_by__isnull", True)),
                            models.Q(("lifted_at__isnull", False), ("lifted_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="safety_stop_lifted_by_somebody",
                    ),
                ],
            },
        ),
    ]
