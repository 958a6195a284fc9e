"""What borrowers may ask of their data, and who has approved the words of templates."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The tables."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0019_portal"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="DataRequest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("request_id", models.TextField()),
                ("kind", models.TextField()),
                ("words", models.BinaryField(null=True)),
                ("asked_by", models.TextField()),
                ("asked_at", models.DateTimeField()),
                ("due_on", models.DateField()),
                ("state", models.TextField(db_default="open")),
                ("decided_at", models.DateTimeField(null=True)),
                ("why", models.TextField(db_default="")),
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "data_request",
                "indexes": [
                    models.Index(condition=models.Q(("state", "open")), fields=["due_on"], name="data_request_open")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("request_id",), name="data_request_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["access", "correction", "erasure"])), name="data_request_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("decided_by__isnull", True), ("state", "open")),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                                ("state__in", ["done", "refused"]),
                            ),
                            _connector="OR",
                        ),
                        name="data_request_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TemplateApproval",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("template", models.TextField()),
                ("words", models.TextField()),
                ("approved_at", models.DateTimeField()),
                (
                    "approved_by",
                    models.ForeignKey(
                        db_column="approved_by",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "template_approval",
                "constraints": [
                    models.UniqueConstraint(fields=("template", "words", "approved_by"), name="template_approval_once")
                ],
            },
        ),
    ]
