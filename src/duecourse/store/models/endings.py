"""What becomes of debts that reminders did not bring in: an ending of a loan, and each step that it took."""

from functools import reduce
from operator import or_
from typing import ClassVar, Final

from django.db import models
from django.db.models.functions import Now

from duecourse.store.endings import OVER, STATES, Kind
from duecourse.store.models.cases import PlannedAct
from duecourse.store.models.people import Borrower
from duecourse.store.models.staff import Staff

_OVER: Final = sorted({state for states in OVER.values() for state in states})


class Ending(models.Model):
    """A report, an entry on a list, a placement, a suit or a sale of one loan, that a named person has decided.

    `run` names what it is carried out with: a file of reports, a folder of packs, a portfolio, a placement. `details`
    are amounts and ids that its kind needs, never words of anybody. While `review_asked_at` has no `reviewed_at` it
    goes nowhere.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.TextField()
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    loan_id = models.TextField()
    state = models.TextField()
    run = models.TextField(null=True)  # noqa: DJ001  none: not carried out with others
    planned_act = models.ForeignKey(
        PlannedAct, on_delete=models.PROTECT, null=True, related_name="+", db_column="planned_act_no"
    )
    details = models.JSONField(db_default={})
    decided_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", db_column="decided_by")
    decided_at = models.DateTimeField()
    changed_at = models.DateTimeField(db_default=Now())
    is_over = models.BooleanField(db_default=False)
    review_asked_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, related_name="+", db_column="reviewed_by"
    )

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "ending"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["kind", "loan_id"], condition=models.Q(is_over=False), name="ending_one_open"
            ),
            models.CheckConstraint(
                name="ending_state",
                condition=reduce(or_, (models.Q(kind=str(kind), state__in=STATES[kind]) for kind in Kind)),
            ),
            models.CheckConstraint(
                name="ending_over",
                condition=models.Q(state__in=_OVER, is_over=True)
                | (~models.Q(state__in=_OVER) & models.Q(is_over=False)),
            ),
            models.CheckConstraint(
                name="ending_reviewed_by_another",
                condition=models.Q(reviewed_at__isnull=True, reviewed_by__isnull=True)
                | (
                    models.Q(review_asked_at__isnull=False, reviewed_at__isnull=False, reviewed_by__isnull=False)
                    & ~models.Q(reviewed_by=models.F("decided_by"))
                ),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["kind", "state", "run"], name="ending_standing", condition=models.Q(is_over=False)),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"ending {self.pk}"


class EndingStep(models.Model):
    """A step that an ending took: from which state into which, when, by whom, and why. Never changed."""

    id = models.BigAutoField(primary_key=True)
    ending = models.ForeignKey(Ending, on_delete=models.PROTECT, related_name="+", db_column="ending_no")
    state_before = models.TextField(null=True)  # noqa: DJ001  none: it began
    state = models.TextField()
    at = models.DateTimeField()
    on = models.DateField(db_column="on_day")
    by = models.TextField()
    why = models.TextField(db_default="")
    details = models.JSONField(db_default={})

    class Meta:
        """Its name in the database."""

        db_table = "ending_step"

    def __str__(self) -> str:
        """Show its number."""
        return f"step {self.pk} of ending {self.ending_id}"
