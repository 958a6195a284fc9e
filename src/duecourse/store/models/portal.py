"""What borrowers do by themselves (links, hours, files, payments begun), and what they may ask of their data."""

from typing import ClassVar, Final

from django.db import models

from duecourse.store.models.people import Borrower
from duecourse.store.models.staff import Staff

FILE_KINDS: Final = ("image/jpeg", "image/png", "application/pdf", "text/plain")
"""What a file beside a complaint may be; nothing of it is ever run or shown in a page."""
_DAY_MINUTES: Final = 24 * 60


class PortalLink(models.Model):
    """A one-time link that was tried, or was made for another way than a message; `key` is what its token names."""

    key = models.TextField(primary_key=True)
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    until = models.DateTimeField()
    wrong = models.IntegerField(db_default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database."""

        db_table = "portal_link"

    def __str__(self) -> str:
        """Show nothing that opens anything."""
        return "a link"


class ContactHours(models.Model):
    """Between which minutes after midnight, where the borrower is, they want to be called, written to or visited."""

    borrower = models.OneToOneField(
        Borrower, on_delete=models.PROTECT, primary_key=True, related_name="+", db_column="borrower_no"
    )
    from_minute = models.IntegerField()
    to_minute = models.IntegerField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "contact_hours"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="contact_hours_in_order",
                condition=models.Q(
                    from_minute__gte=0, from_minute__lt=models.F("to_minute"), to_minute__lte=_DAY_MINUTES
                ),
            ),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"hours of {self.pk}"


class ComplaintFile(models.Model):
    """A file that a borrower sent with a complaint: sealed, and seen by compliance alone."""

    id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    complaint_id = models.TextField()
    place = models.IntegerField()
    kind = models.TextField()
    body = models.BinaryField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "complaint_file"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["complaint_id", "place"], name="complaint_file_once"),
            models.CheckConstraint(name="complaint_file_kind", condition=models.Q(kind__in=FILE_KINDS)),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"file {self.pk}"


class PaymentBegun(models.Model):
    """A payment that a borrower began with a provider: minor units; booked once the provider says that it was paid."""

    id = models.BigAutoField(primary_key=True)
    key = models.TextField()
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    loan_id = models.TextField()
    amount = models.BigIntegerField()
    currency = models.TextField()
    provider = models.TextField()
    state = models.TextField(db_default="begun")
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "payment_begun"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["key"], name="payment_begun_once"),
            models.CheckConstraint(
                name="payment_begun_state", condition=models.Q(state__in=["begun", "paid", "failed"])
            ),
            models.CheckConstraint(name="payment_begun_amount", condition=models.Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"payment begun {self.pk}"


class InquiryConsent(models.Model):
    """A consent of the inquiry that a borrower gave in the portal: to which lender, what for, how often."""

    number = models.TextField(primary_key=True)
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    lender = models.BigIntegerField()
    purpose = models.TextField()
    given_at = models.DateTimeField()
    until_at = models.DateTimeField()
    uses = models.IntegerField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and how it is found."""

        db_table = "inquiry_consent"
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["borrower"], name="inquiry_consent_borrower")]

    def __str__(self) -> str:
        """Show its number."""
        return self.number


class DataRequest(models.Model):
    """What a borrower asks of what is kept of them; `words` are sealed. Erasure needs two people."""

    id = models.BigAutoField(primary_key=True)
    request_id = models.TextField()
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    kind = models.TextField()
    words = models.BinaryField(null=True)
    asked_by = models.TextField()
    asked_at = models.DateTimeField()
    due_on = models.DateField()
    state = models.TextField(db_default="open")
    decided_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, related_name="+", db_column="decided_by")
    decided_at = models.DateTimeField(null=True)
    why = models.TextField(db_default="")

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "data_request"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["request_id"], name="data_request_once"),
            models.CheckConstraint(
                name="data_request_kind", condition=models.Q(kind__in=["access", "correction", "erasure"])
            ),
            models.CheckConstraint(
                name="data_request_state",
                condition=models.Q(state="open", decided_by__isnull=True, decided_at__isnull=True)
                | models.Q(state__in=["done", "refused"], decided_by__isnull=False, decided_at__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_on"], name="data_request_open", condition=models.Q(state="open"))
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"data request {self.pk}"


class TemplateApproval(models.Model):
    """That somebody of the staff has read the words of a template, by their hash, and found them right."""

    id = models.BigAutoField(primary_key=True)
    template = models.TextField()
    words = models.TextField()
    approved_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", db_column="approved_by")
    approved_at = models.DateTimeField()

    class Meta:
        """Its name in the database, and what always holds: nobody approves twice."""

        db_table = "template_approval"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["template", "words", "approved_by"], name="template_approval_once")
        ]

    def __str__(self) -> str:
        """Show whose words they are."""
        return f"approval of {self.template}"
