"""What happened to borrowers: the tables of the book that the law and the strategy look at, as the day keeps them.

Each has the columns of the book's table of that name (`duecourse.book.schema`), `borrower_no` for its borrower, and
`from_book` where the night brought the row. Nothing is changed but what ends a row: a newer version of it
(`replaced_at`), or that a contact did not take place (`cancelled_at`).
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from duecourse.store.models.people import Borrower


class _Told(models.Model):
    """What every row of the past has."""

    id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    recorded_at = models.DateTimeField(db_default=Now())
    from_book = models.BooleanField(db_default=False)

    class Meta:
        """No table of its own."""

        abstract = True

    def __str__(self) -> str:
        """Show its number."""
        return f"{self._meta.db_table} {self.pk}"


class _Versioned(_Told):
    """A row that a newer one of the same id may replace."""

    replaced_at = models.DateTimeField(null=True)

    class Meta:
        """No table of its own."""

        abstract = True


def _in_force(name: str) -> models.UniqueConstraint:
    """Hold that one version of a thing is in force, which also finds it."""
    table = name.removesuffix("_id")  # a constraint, not `unique`, which makes a second index for LIKE
    return models.UniqueConstraint(
        fields=[name], condition=models.Q(replaced_at=None), name=f"{table}_one_version_in_force"
    )


class Contact(_Told):
    """A contact made or received; its outcome is filled in once it is known."""

    contact_id = models.TextField()
    with_person = models.TextField(null=True)  # noqa: DJ001  as in the book: none is the borrower
    channel = models.TextField()
    direction = models.TextField(db_default="out")
    happened_at = models.DateTimeField()
    happened_on = models.DateField()
    outcome = models.TextField(null=True)  # noqa: DJ001  not known yet
    about = ArrayField(models.TextField(), db_default=[])
    made_by = models.TextField(db_default="own")
    purpose = models.TextField(db_default="collection")
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "contacts"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["contact_id"], name="contact_once")
        ]


class Consent(_Versioned):
    """What a borrower agreed to, and when they took it back."""

    consent_id = models.TextField()
    consented_to = models.TextField()
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "consents"
        constraints: ClassVar[list[models.BaseConstraint]] = [_in_force("consent_id")]


class Hold(_Versioned):
    """Why nothing may be done, from a day to a day; lifted by a version that ends."""

    hold_id = models.TextField()
    loan_id = models.TextField(null=True)  # noqa: DJ001  none is all of the borrower's
    kind = models.TextField()
    from_on = models.DateField()
    until_on = models.DateField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "holds"
        constraints: ClassVar[list[models.BaseConstraint]] = [_in_force("hold_id")]


class Promise(_Told):
    """A promise to pay."""

    promise_id = models.TextField()
    loan_id = models.TextField(null=True)  # noqa: DJ001  none is any of the borrower's
    made_on = models.DateField()
    promised_on = models.DateField()
    amount = models.BigIntegerField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "promises"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["promise_id"], name="promise_once")
        ]


class Arrangement(_Versioned):
    """A payment plan."""

    arrangement_id = models.TextField()
    loan_id = models.TextField(null=True)  # noqa: DJ001  none is all of the borrower's
    started_on = models.DateField()
    ended_on = models.DateField(null=True)
    broken_on = models.DateField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "arrangements"
        constraints: ClassVar[list[models.BaseConstraint]] = [_in_force("arrangement_id")]


class Notice(_Versioned):
    """A formal notice."""

    notice_id = models.TextField()
    loan_id = models.TextField(null=True)  # noqa: DJ001  none is all of the borrower's
    kind = models.TextField()
    served_on = models.DateField()
    delivered_on = models.DateField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "notices"
        constraints: ClassVar[list[models.BaseConstraint]] = [_in_force("notice_id")]


class Payment(_Told):
    """Money received for a loan, or the reversal of it."""

    payment_id = models.TextField()
    loan_id = models.TextField()
    paid_on = models.DateField()
    amount = models.BigIntegerField()
    currency = models.TextField(null=True)  # noqa: DJ001  the loan's
    reverses = models.TextField(null=True)  # noqa: DJ001  none is no reversal
    target_instalment = models.BigIntegerField(null=True)
    target_component = models.TextField(null=True)  # noqa: DJ001  none is as the contract says

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "payments"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["payment_id"], name="payment_once")
        ]


class Waiver(_Told):
    """Forgiveness of a component of a loan, or of all."""

    waiver_id = models.TextField()
    loan_id = models.TextField()
    component = models.TextField(null=True)  # noqa: DJ001  none is all, in the order of allocation
    amount = models.BigIntegerField()
    waived_on = models.DateField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "waivers"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["waiver_id"], name="waiver_once")
        ]


class Event(_Told):
    """Everything else that happened."""

    event_id = models.TextField()
    kind = models.TextField()
    loan_id = models.TextField(null=True)  # noqa: DJ001  none is all of the borrower's
    person_id = models.TextField(null=True)  # noqa: DJ001  none is the borrower
    happened_at = models.DateTimeField()
    happened_on = models.DateField()
    until_at = models.DateTimeField(null=True)
    details = models.TextField(null=True)  # noqa: DJ001  as in the book

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "events"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["event_id"], name="event_once")
        ]
