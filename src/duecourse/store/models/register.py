"""The register of debtors that lenders share where the law permits one: entries, readers, look-ups, receipts."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from duecourse.store.models.endings import Ending, EndingStep
from duecourse.store.models.people import Borrower


class RegisterEntry(models.Model):
    """A signed version of an entry, numbered without a gap. Written by the database with its step; never changed.

    `body` is the text that was signed. Nothing in it says who is meant: that is found by the blind index of a number.
    """

    number = models.BigIntegerField(primary_key=True)
    ending = models.ForeignKey(Ending, on_delete=models.PROTECT, related_name="+", db_column="ending_no")
    step = models.OneToOneField(EndingStep, on_delete=models.PROTECT, related_name="+", db_column="step_no")
    what = models.TextField()
    body = models.TextField()
    digest = models.TextField()
    key = models.TextField()
    signature = models.TextField()
    at = models.DateTimeField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "register_entry"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="register_entry_what", condition=models.Q(what__in=("entered", "corrected", "removed"))
            ),
            models.UniqueConstraint(fields=["digest"], name="register_entry_once"),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"entry {self.number}"


class RegisterReader(models.Model):
    """A lender that may look people up, for some purposes, by requests signed with its key."""

    id = models.BigAutoField(primary_key=True)
    name = models.TextField()
    public_key = models.TextField()
    purposes = ArrayField(models.TextField())
    added_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "register_reader"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["name"], name="register_reader_once")
        ]

    def __str__(self) -> str:
        """Show its name."""
        return f"reader {self.name}"


class RegisterLookup(models.Model):
    """That somebody looked a person up, or wanted to: shown to whom it concerns. Never changed."""

    id = models.BigAutoField(primary_key=True)
    asked_by = models.TextField()
    reader = models.ForeignKey(
        RegisterReader, on_delete=models.PROTECT, null=True, related_name="+", db_column="reader_no"
    )
    purpose = models.TextField()
    borrower = models.ForeignKey(
        Borrower, on_delete=models.PROTECT, null=True, related_name="+", db_column="borrower_no"
    )
    at = models.DateTimeField()
    told = models.IntegerField()
    refused = models.TextField(null=True)  # noqa: DJ001  none: it was answered
    signature = models.TextField(null=True)  # noqa: DJ001  none: it was refused

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "register_lookup"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["signature"], name="register_lookup_once"),
            models.CheckConstraint(
                name="register_lookup_answered",
                condition=models.Q(refused__isnull=True, reader__isnull=False, signature__isnull=False)
                | models.Q(refused__isnull=False, signature__isnull=True, told=0),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["borrower", "id"], name="register_lookup_of")]

    def __str__(self) -> str:
        """Show its number."""
        return f"look-up {self.pk}"


class RegisterReceipt(models.Model):
    """That a reader has signed for all entries up to a number. Never changed."""

    id = models.BigAutoField(primary_key=True)
    reader = models.ForeignKey(RegisterReader, on_delete=models.PROTECT, related_name="+", db_column="reader_no")
    through = models.ForeignKey(RegisterEntry, on_delete=models.PROTECT, related_name="+", db_column="through_no")
    signature = models.TextField()
    at = models.DateTimeField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "register_receipt"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["reader", "through"], name="register_receipt_once")
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"receipt {self.pk}"
