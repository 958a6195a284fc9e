"""The field: receipts for what was taken at the door, what was paid in at the bank, and visits stopped for safety."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from duecourse.store.models.outbox import Outgoing
from duecourse.store.models.people import Borrower
from duecourse.store.models.staff import Staff

METHODS = ("cash", "cheque", "card", "transfer")
"""How somebody may pay at the door; cash and cheques are carried to the bank."""
DANGERS = ("threat", "assault", "weapon", "animal", "illness", "place")
"""What a team may be in danger of, in one word: nothing is written of anybody."""


class Receipt(models.Model):
    """Money taken at the door on a visit; `receipt_id` is a team's and day's number, and that of the payment."""

    receipt_id = models.TextField(primary_key=True)
    message = models.ForeignKey(Outgoing, on_delete=models.PROTECT, related_name="+", db_column="outbox_no")
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    loan_id = models.TextField()
    team = models.TextField()
    on = models.DateField(db_column="on_day")
    at = models.DateTimeField()
    amount = models.BigIntegerField()
    currency = models.TextField()
    method = models.TextField()
    badges = ArrayField(models.TextField())
    by = models.TextField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "visit_receipt"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="visit_receipt_amount", condition=models.Q(amount__gt=0)),
            models.CheckConstraint(name="visit_receipt_method", condition=models.Q(method__in=METHODS)),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["team", "on"], name="visit_receipt_day")]

    def __str__(self) -> str:
        """Show its number."""
        return self.receipt_id


class Deposit(models.Model):
    """What a team paid in at the bank of what it took on a day, or, with `why`, how a supervisor settled the rest."""

    deposit_id = models.TextField(primary_key=True)
    team = models.TextField()
    on = models.DateField(db_column="on_day")
    amount = models.BigIntegerField()
    currency = models.TextField()
    why = models.TextField(db_default="")
    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "visit_deposit"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="visit_deposit_amount",
                condition=models.Q(amount__gt=0) | (~models.Q(why="") & ~models.Q(amount=0)),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["team", "on"], name="visit_deposit_day")]

    def __str__(self) -> str:
        """Show its id."""
        return self.deposit_id


class VisitStop(models.Model):
    """Nobody visits this borrower until a named person lifts it: a team was in danger, or a review is asked for.

    Of a danger `what` is one of DANGERS, of a review it is empty; `answer` is why a review was answered as it was.
    """

    id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    kind = models.TextField(db_default="danger")
    what = models.TextField(db_default="")
    told_by = models.TextField()
    told_at = models.DateTimeField()
    lifted_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, related_name="+", db_column="lifted_by")
    lifted_at = models.DateTimeField(null=True)
    answer = models.TextField(db_default="")

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "visit_stop"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["borrower", "kind"], condition=models.Q(lifted_at=None), name="visit_stop_one_in_force"
            ),
            models.CheckConstraint(
                name="visit_stop_kind",
                condition=models.Q(kind="danger", what__in=DANGERS, answer="") | models.Q(kind="review", what=""),
            ),
            models.CheckConstraint(
                name="visit_stop_lifted_by_somebody",
                condition=models.Q(lifted_at__isnull=True, lifted_by__isnull=True, answer="")
                | (models.Q(lifted_at__isnull=False, lifted_by__isnull=False) & ~models.Q(kind="review", answer="")),
            ),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"visit stop {self.pk}"
