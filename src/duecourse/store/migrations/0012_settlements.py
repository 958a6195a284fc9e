"""How an offer to settle ends: paid, with what was forgiven, or lapsed."""

from typing import Any, ClassVar, Final

from django.db import migrations, models

# Until now a loan could have several: the newest stands.
_ONE_EACH: Final = """
UPDATE settlement SET state = 'lapsed', closed_on = pay_by WHERE EXISTS (
    SELECT FROM settlement later WHERE later.loan_id = settlement.loan_id AND later.id > settlement.id
)"""


class Migration(migrations.Migration):
    """The columns, and what always holds of them."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0011_endings"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.AddField(
            model_name="settlement",
            name="closed_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="settlement",
            name="forgiven",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="settlement",
            name="state",
            field=models.TextField(db_default="offered"),
        ),
        migrations.RunSQL(_ONE_EACH, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "offered")), fields=("loan_id",), name="settlement_one_offered"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_on__isnull", True), ("forgiven__isnull", True), ("state", "offered")),
                    models.Q(("closed_on__isnull", False), ("forgiven__isnull", True), ("state", "lapsed")),
                    models.Q(("closed_on__isnull", False), ("forgiven__gte", 0), ("state", "paid")),
                    _connector="OR",
                ),
                name="settlement_state",
            ),
        ),
    ]
