"""A borrower may ask that a person look again at whether anybody visits them: a stop of visits like a danger."""

from typing import Any, ClassVar, Final

from django.db import migrations, models

_DANGERS: Final = ("threat", "assault", "weapon", "animal", "illness", "place")


class Migration(migrations.Migration):
    """The table of safety stops becomes that of all stops of visits; what is in it stays."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0016_rewards"),
    ]

    operations: ClassVar[list[Any]] = [
        *(
            migrations.RemoveConstraint(model_name="safetystop", name=name)
            for name in ("safety_stop_one_in_force", "safety_stop_danger", "safety_stop_lifted_by_somebody")
        ),
        migrations.RenameModel(old_name="SafetyStop", new_name="VisitStop"),
        migrations.AlterModelTable(name="visitstop", table="visit_stop"),
        migrations.RenameField(model_name="visitstop", old_name="danger", new_name="what"),
        migrations.AlterField(model_name="visitstop", name="what", field=models.TextField(db_default="")),
        migrations.AddField(model_name="visitstop", name="kind", field=models.TextField(db_default="danger")),
        migrations.AddField(model_name="visitstop", name="answer", field=models.TextField(db_default="")),
        migrations.AddConstraint(
            model_name="visitstop",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lifted_at", None)), fields=("borrower", "kind"), name="visit_stop_one_in_force"
            ),
        ),
        migrations.AddConstraint(
            model_name="visitstop",
            constraint=models.CheckConstraint(
                condition=models.Q(kind="danger", what__in=_DANGERS, answer="") | models.Q(kind="review", what=""),
                name="visit_stop_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="visitstop",
            constraint=models.CheckConstraint(
                condition=models.Q(lifted_at__isnull=True, lifted_by__isnull=True, answer="")
                | (models.Q(lifted_at__isnull=False, lifted_by__isnull=False) & ~models.Q(kind="review", answer="")),
                name="visit_stop_lifted_by_somebody",
            ),
        ),
    ]
