"""Why a number or an address is of no use any more."""

from typing import Any, ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """The column, and what always holds of it."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("store", "0007_staff")]

    operations: ClassVar[list[Any]] = [
        migrations.AddField(
            model_name="contactpoint",
            name="ended_why",
            field=models.TextField(
                blank=True,
                choices=[
                    ("bounced", "Bounced"),
                    ("undelivered", "Undelivered"),
                    ("not_in_service", "Not In Service"),
                    ("wrong_number", "Wrong Number"),
                    ("wrong_person", "Wrong Person"),
                    ("by_hand", "By Hand"),
                ],
                db_default="",
            ),
        ),
        migrations.AddConstraint(
            model_name="contactpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_why", ""),
                    models.Q(
                        ("ended_at__isnull", False),
                        (
                            "ended_why__in",
                            [
                                "bounced",
                                "undelivered",
                                "not_in_service",
                                "wrong_number",
                                "wrong_person",
                                "by_hand",
                            ],
                        ),
                    ),
                    _connector="OR",
                ),
                name="contact_point_ended_why",
            ),
        ),
    ]
