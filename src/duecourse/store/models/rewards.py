"""What borrowers have earned by paying on time: worked out from rules, and applied by a named person."""

from typing import ClassVar, Final

from django.db import models
from django.db.models.functions import Now

from duecourse.store.models.people import Borrower

STATES: Final = ("worked_out", "lapsed", "held_out", "applied")


class Reward(models.Model):
    """What a rule gives to one loan for the run of instalments that ended at `at_number`: once for ever.

    It is worked out, and applied while it is fresh, or lapses and is worked out anew; who is held out never gets it.
    `details` are amounts, the schedule and the terms that come of it, never words of anybody. `applied_by` is a user's
    id; `announced_at` is when a message of it was released.
    """

    id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    loan_id = models.TextField()
    rule = models.TextField()
    kind = models.TextField()
    at_number = models.IntegerField()
    state = models.TextField()
    rules_hash = models.TextField()
    details = models.JSONField(db_default={})
    worked_out_on = models.DateField()
    worked_out_at = models.DateTimeField(db_default=Now())
    run = models.TextField(null=True)  # noqa: DJ001  none: not applied
    applied_on = models.DateField(null=True)
    applied_at = models.DateTimeField(null=True)
    applied_by = models.TextField(null=True)  # noqa: DJ001  none: not applied
    announced_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "reward"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["loan_id", "rule", "at_number"], name="reward_once"),
            models.CheckConstraint(name="reward_state", condition=models.Q(state__in=STATES)),
            models.CheckConstraint(
                name="reward_applied_by_somebody",
                condition=models.Q(
                    state="applied",
                    run__isnull=False,
                    applied_on__isnull=False,
                    applied_at__isnull=False,
                    applied_by__isnull=False,
                )
                | (~models.Q(state="applied") & models.Q(applied_at__isnull=True, announced_at__isnull=True)),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["state", "run"], name="reward_standing"),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"reward {self.pk}"
