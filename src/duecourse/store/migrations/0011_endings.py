"""Reports, entries on lists, placements, suits and sales of loans, and the steps that they take."""

from typing import Any, ClassVar

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """The tables."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0010_verdict_of_act"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="Ending",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("loan_id", models.TextField()),
                ("state", models.TextField()),
                ("run", models.TextField(null=True)),
                ("details", models.JSONField(db_default={})),
                ("decided_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("is_over", models.BooleanField(db_default=False)),
                ("review_asked_at", models.DateTimeField(null=True)),
                ("reviewed_at", models.DateTimeField(null=True)),
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
                    "decided_by",
                    models.ForeignKey(
                        db_column="decided_by",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.staff",
                    ),
                ),
                (
                    "planned_act",
                    models.ForeignKey(
                        db_column="planned_act_no",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.plannedact",
                    ),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        db_column="reviewed_by",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.staff",
                    ),
                ),
            ],
            options={
                "db_table": "ending",
            },
        ),
        migrations.CreateModel(
            name="EndingStep",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("state_before", models.TextField(null=True)),
                ("state", models.TextField()),
                ("at", models.DateTimeField()),
                ("on", models.DateField(db_column="on_day")),
                ("by", models.TextField()),
                ("why", models.TextField(db_default="")),
                ("details", models.JSONField(db_default={})),
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
                "db_table": "ending_step",
            },
        ),
        migrations.AddIndex(
            model_name="ending",
            index=models.Index(
                condition=models.Q(("is_over", False)), fields=["kind", "state", "run"], name="ending_standing"
            ),
        ),
        migrations.AddConstraint(
            model_name="ending",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_over", False)), fields=("kind", "loan_id"), name="ending_one_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="ending",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", "furnish"), ("state__in", ("decided", "reported", "disputed", "withdrawn", "deleted"))
                    ),
                    models.Q(
                        ("kind", "list"),
                        ("state__in", ("decided", "noticed", "objected", "entered", "withdrawn", "removed")),
                    ),
                    models.Q(
                        ("kind", "agency"), ("state__in", ("decided", "placed", "withdrawn", "returned", "recalled"))
                    ),
                    models.Q(
                        ("kind", "suit"),
                        (
                            "state__in",
                            (
                                "decided",
                                "packed",
                                "filed",
                                "judged",
                                "enforcing",
                                "withdrawn",
                                "dismissed",
                                "paid",
                                "fruitless",
                            ),
                        ),
                    ),
                    models.Q(
                        ("kind", "sale"),
                        (
                            "state__in",
                            ("decided", "offered", "sold", "withdrawn", "declined", "put_back", "bought_back"),
                        ),
                    ),
                    _connector="OR",
                ),
                name="ending_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="ending",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("is_over", True),
                        (
                            "state__in",
                            [
                                "bought_back",
                                "declined",
                                "deleted",
                                "dismissed",
                                "fruitless",
                                "paid",
                                "put_back",
                                "recalled",
                                "removed",
                                "returned",
                                "withdrawn",
                            ],
                        ),
                    ),
                    models.Q(
                        models.Q(
                            (
                                "state__in",
                                [
                                    "bought_back",
                                    "declined",
                                    "deleted",
                                    "dismissed",
                                    "fruitless",
                                    "paid",
                                    "put_back",
                                    "recalled",
                                    "removed",
                                    "returned",
                                    "withdrawn",
                                ],
                            ),
                            _negated=True,
                        ),
                        ("is_over", False),
                    ),
                    _connector="OR",
                ),
                name="ending_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="ending",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reviewed_at__isnull", True), ("reviewed_by__isnull", True)),
                    models.Q(
                        ("review_asked_at__isnull", False),
                        ("reviewed_at__isnull", False),
                        ("reviewed_by__isnull", False),
                        models.Q(("reviewed_by", models.F("decided_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="ending_reviewed_by_another",
            ),
        ),
    ]
