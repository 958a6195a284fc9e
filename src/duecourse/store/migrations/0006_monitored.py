"""How a monitor finds what is open and what is of today, in tables that are kept for years."""

from typing import Any, ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models


class Migration(migrations.Migration):
    """The indexes."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("store", "0005_money")]

    operations: ClassVar[list[Any]] = [
        migrations.AddIndex(
            model_name="incoming",
            index=models.Index(
                condition=models.Q(("needs_person", True)), fields=["received_at"], name="inbound_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="outgoing",
            index=models.Index(
                condition=models.Q(("state", "unknown")), fields=["channel", "id"], name="outbox_unknown"
            ),
        ),
        migrations.AddIndex(
            model_name="outgoing",
            index=BrinIndex(autosummarize=True, fields=["released_at"], name="outbox_released"),
        ),
        migrations.AddIndex(
            model_name="verdict",
            index=BrinIndex(autosummarize=True, fields=["judged_at"], name="verdict_judged"),
        ),
    ]
