"""What the night publishes: a case for each borrower, its loans, and the acts planned."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Coalesce, Now

from duecourse.store.models.people import Borrower


class Plan(models.Model):
    """The plan of a business date; the last one published is in force."""

    on = models.DateField(primary_key=True, db_column="planned_on")
    plan_hash = models.TextField()
    strategy_hash = models.TextField()
    law_hash = models.TextField()
    zone = models.TextField()
    published_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Its name in the database."""

        db_table = "plan"

    def __str__(self) -> str:
        """Show its day."""
        return f"plan of {self.on}"


class Case(models.Model):
    """A borrower of whom something is overdue, with what the law asks of them; all their loans are one case."""

    borrower = models.OneToOneField(
        Borrower, on_delete=models.PROTECT, primary_key=True, related_name="case", db_column="borrower_no"
    )
    country = models.TextField(db_default="")
    region = models.TextField(db_default="")
    locality = models.TextField(db_default="")
    zones = ArrayField(models.TextField(), db_default=[])
    language = models.TextField(db_default="")
    born_on = models.DateField(null=True)
    deceased_on = models.DateField(null=True)
    stage = models.TextField(null=True)  # noqa: DJ001  none: on no rung
    arm = models.TextField(null=True)  # noqa: DJ001  none: on no rung
    planned_on = models.DateField(db_index=True)

    class Meta:
        """Its name in the database: `case` is a word of SQL."""

        db_table = "collection_case"

    def __str__(self) -> str:
        """Show its number, which tells nothing of who it is."""
        return f"case {self.pk}"


class Moved(models.Model):
    """How many loans of an arm were in one state thirty days before a plan's day, and in another on it.

    States are buckets and those of `duecourse.night.measures.STATES`; loans that were not overdue then are left out.
    """

    id = models.BigAutoField(primary_key=True)
    planned_on = models.DateField()
    arm = models.TextField()
    state_then = models.TextField()
    state_now = models.TextField()
    loans = models.BigIntegerField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "moved"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["planned_on", "arm", "state_then", "state_now"], name="moved_once")
        ]

    def __str__(self) -> str:
        """Show what it counts."""
        return f"{self.state_then} to {self.state_now}"


class CaseLoan(models.Model):
    """A loan of a case: what the law asks of it, and its history up to the night, as the ledger's kernel reads it."""

    id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    loan_id = models.TextField()
    product = models.TextField(null=True)  # noqa: DJ001  not known
    currency = models.TextField()
    principal = models.BigIntegerField()
    opened_on = models.DateField(null=True)
    lender_type = models.TextField(null=True)  # noqa: DJ001  not known
    owner_id = models.TextField(null=True)  # noqa: DJ001  not known
    is_owner = models.BooleanField()
    last_due_on = models.DateField(null=True)
    history = models.BinaryField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "case_loan"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["loan_id"], name="case_loan_once")
        ]

    def __str__(self) -> str:
        """Show the lender's id."""
        return self.loan_id


class PlannedAct(models.Model):
    """An act of the plan in force: waiting, or what was decided of it. `loans` are those that it is about."""

    id = models.BigAutoField(primary_key=True)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+", db_column="planned_on")
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    act = models.TextField()
    channel = models.TextField(null=True)  # noqa: DJ001  not all acts have one
    treatment = models.TextField()
    template = models.TextField(null=True)  # noqa: DJ001  not all acts have one
    purpose = models.TextField()
    team = models.TextField(null=True)  # noqa: DJ001  not all acts have one
    slot = models.TextField(null=True)  # noqa: DJ001  not all acts have one
    opens_at = models.DateTimeField(null=True)
    closes_at = models.DateTimeField(null=True)
    priority = models.BigIntegerField(null=True)
    demands = models.BooleanField()
    required = models.BooleanField()
    loans = ArrayField(models.TextField())
    reasons = ArrayField(models.TextField(), db_default=[])
    state = models.TextField(db_default="waiting")

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "planned_act"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["plan", "borrower", "act", "channel", "treatment"], name="planned_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="planned_act_state",
                condition=models.Q(state__in=["waiting", "released", "refused", "cancelled", "replaced", "missed"]),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["channel", "opens_at", "-priority"],
                name="planned_act_waiting",
                condition=models.Q(state="waiting"),
            ),
            # What people of a team are to do, in its order: a page of it is found wherever it begins.
            models.Index(
                "team",
                Coalesce("priority", models.Value(-(2**63))).desc(),
                "id",
                name="planned_act_of_team",
                condition=models.Q(state="waiting", team__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"planned act {self.pk}"
