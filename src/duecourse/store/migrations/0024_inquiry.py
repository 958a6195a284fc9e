"""The consents of the inquiry that borrowers gave in the portal."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The table."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0023_queue_of_team"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="InquiryConsent",
            fields=[
                ("number", models.TextField(primary_key=True, serialize=False)),
                ("lender", models.BigIntegerField()),
                ("purpose", models.TextField()),
                ("given_at", models.DateTimeField()),
                ("until_at", models.DateTimeField()),
                ("uses", models.IntegerField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
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
                "db_table": "inquiry_consent",
                "indexes": [models.Index(fields=["borrower"], name="inquiry_consent_borrower")],
            },
        ),
    ]
