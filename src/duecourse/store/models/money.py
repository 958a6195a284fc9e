"""Money on its way: what banks' files tell, leave to debit accounts, debits ordered, and what was agreed to be paid.

See `duecourse.day.money`.
"""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from duecourse.store.models.people import Borrower, Person


class BankEntry(models.Model):
    """One payment that a bank's file tells of, once whatever files it stands in, and what became of it.

    `body` is all that the file says of it, sealed: under a key of its own (`wrapped_key`) while nobody knows whose it
    is, and under the key of `person` from then on, so that it goes when they are erased.
    """

    class State(models.TextChoices):
        """What became of it."""

        NEW = "new"  # kept, and not looked at yet
        MATCHED = "matched"  # it is a payment, or has taken one back
        UNMATCHED = "unmatched"  # a person must look at it: `reason`
        OTHER = "other"  # no payment of a borrower's: the bank's charge, money that went out

    id = models.BigAutoField(primary_key=True)
    entry_id = models.TextField()
    booking_id = models.TextField()
    source = models.TextField()
    booked_on = models.DateField()
    value_on = models.DateField(null=True)
    amount = models.BigIntegerField()
    currency = models.TextField()
    is_credit = models.BooleanField()
    state = models.TextField(choices=State, db_default="new")
    reason = models.TextField(db_default="")
    rule = models.TextField(db_default="")
    by = models.TextField(db_default="")
    borrower = models.ForeignKey(
        Borrower, on_delete=models.PROTECT, null=True, related_name="+", db_column="borrower_no"
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", db_column="person_no", db_index=False
    )
    key_id = models.TextField(null=True)  # noqa: DJ001  the empty text would be a key's id
    wrapped_key = models.BinaryField(null=True)
    body = models.BinaryField()
    taken_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "bank_entry"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["entry_id"], name="bank_entry_once"),
            models.CheckConstraint(
                name="bank_entry_state", condition=models.Q(state__in=["new", "matched", "unmatched", "other"])
            ),
            models.CheckConstraint(
                name="bank_entry_has_one_key",
                condition=models.Q(person__isnull=False, key_id__isnull=True, wrapped_key__isnull=True)
                | models.Q(person__isnull=True, key_id__isnull=False, wrapped_key__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["booking_id"], name="bank_entry_booking"),
            models.Index(fields=["state"], name="bank_entry_open", condition=models.Q(state__in=["new", "unmatched"])),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"bank entry {self.pk}"


class Mandate(models.Model):
    """A borrower's leave to debit an account, for one loan or for any. Whose account it is and which, is sealed."""

    id = models.BigAutoField(primary_key=True)
    mandate_id = models.TextField()
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    loan_id = models.TextField(null=True)  # noqa: DJ001  none is any of the borrower's
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_column="person_no", db_index=False
    )
    account = models.BinaryField()
    blind = models.BinaryField(max_length=16)
    signed_on = models.DateField()
    scheme = models.TextField()
    is_one_off = models.BooleanField()
    recorded_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "mandate"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["mandate_id"], name="mandate_once"),
            models.CheckConstraint(name="mandate_scheme", condition=models.Q(scheme__in=["CORE", "B2B"])),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["blind"], name="mandate_blind")]

    def __str__(self) -> str:
        """Show its number."""
        return f"mandate {self.pk}"


class DebitOrder(models.Model):
    """A file of debits for the bank; `content_hash` (SHA-256) holds it to the same bytes each time it is written."""

    message_id = models.TextField(primary_key=True)
    made_at = models.DateTimeField()
    by = models.TextField()
    content_hash = models.BinaryField(max_length=32)
    written_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database."""

        db_table = "debit_order"

    def __str__(self) -> str:
        """Show its id."""
        return self.message_id


class Debit(models.Model):
    """One debit that was ordered, and what became of it. `again_from` is from when another may follow, None for never.

    `payment_id` is the payment that it became once the bank has booked it.
    """

    class State(models.TextChoices):
        """What became of it."""

        ORDERED = "ordered"
        COLLECTED = "collected"
        RETURNED = "returned"  # the money went back
        REJECTED = "rejected"  # the bank has not taken it

    id = models.BigAutoField(primary_key=True)
    end_to_end_id = models.TextField()
    batch_id = models.TextField()
    order = models.ForeignKey(DebitOrder, on_delete=models.PROTECT, related_name="+", db_column="message_id")
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    mandate = models.ForeignKey(Mandate, on_delete=models.PROTECT, related_name="+", db_column="mandate_no")
    loan_id = models.TextField()
    amount = models.BigIntegerField()
    collect_on = models.DateField()
    sequence = models.TextField()
    state = models.TextField(choices=State, db_default="ordered")
    payment_id = models.TextField(null=True)  # noqa: DJ001  not booked
    reason = models.TextField(db_default="")
    again_from = models.DateField(null=True)
    why = models.TextField(db_default="")

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "debit"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["end_to_end_id"], name="debit_once"),
            models.UniqueConstraint(
                fields=["loan_id"], condition=models.Q(state="ordered"), name="debit_one_on_its_way"
            ),
            models.CheckConstraint(
                name="debit_state", condition=models.Q(state__in=["ordered", "collected", "returned", "rejected"])
            ),
            models.CheckConstraint(name="debit_amount", condition=models.Q(amount__gt=0)),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["batch_id"], name="debit_batch"),
            models.Index(fields=["loan_id"], name="debit_loan"),
        ]

    def __str__(self) -> str:
        """Show its own id."""
        return self.end_to_end_id


class ArrangementDue(models.Model):
    """An instalment of an arrangement, in minor units; another schedule is another arrangement."""

    id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    arrangement_id = models.TextField()
    number = models.IntegerField()
    due_on = models.DateField()
    amount = models.BigIntegerField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "arrangement_due"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["arrangement_id", "number"], name="arrangement_due_once"),
            models.CheckConstraint(name="arrangement_due_amount", condition=models.Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"instalment {self.number} of an arrangement"
