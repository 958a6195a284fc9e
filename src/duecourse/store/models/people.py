"""Borrowers, the people beside them, and how each is reached: names, numbers and addresses are sealed."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class Borrower(models.Model):
    """A borrower, by the lender's id. Their row is what the gate locks."""

    id = models.BigAutoField(primary_key=True)
    borrower_id = models.TextField(unique=True)
    language = models.TextField(blank=True, default="")
    zones = ArrayField(models.TextField(), default=list)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Its name in the database."""

        db_table = "borrower"

    def __str__(self) -> str:
        """Show the lender's id, which tells nothing of who it is."""
        return self.borrower_id


class Person(models.Model):
    """The borrower, or a guarantor or contact person of theirs, with a key of their own.

    `wrapped_key` is sealed under the master key `key_id`; both are null once the person was erased.
    """

    id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="people")
    person_id = models.TextField()
    relation = models.TextField(default="borrower")
    name = models.BinaryField(null=True)
    key_id = models.TextField(null=True)  # noqa: DJ001  the empty text would be a key's id
    wrapped_key = models.BinaryField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "person"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["borrower", "person_id"], name="person_once"),
            models.CheckConstraint(
                name="person_has_a_key_until_erased",
                condition=models.Q(erased_at__isnull=True, key_id__isnull=False, wrapped_key__isnull=False)
                | models.Q(erased_at__isnull=False, key_id__isnull=True, wrapped_key__isnull=True),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["key_id"], name="person_key_id")]

    def __str__(self) -> str:
        """Show the lender's id, never the name."""
        return self.person_id


class Kind(models.TextChoices):
    """What a contact point is."""

    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    MESSENGER = "messenger"


class Ended(models.TextChoices):
    """Why a contact point is of no use any more, but that the lender's files no longer have it."""

    BOUNCED = "bounced"  # what was sent came back
    UNDELIVERED = "undelivered"  # nothing can be brought there
    NOT_IN_SERVICE = "not_in_service"  # there is no such number
    WRONG_NUMBER = "wrong_number"  # somebody else answered
    WRONG_PERSON = "wrong_person"  # somebody else wrote back
    BY_HAND = "by_hand"  # somebody said so


class ContactPoint(models.Model):
    """A number or an address of a person: sealed, and found by its blind index.

    One that has ended reaches nobody. `ended_why` is empty where the lender's files no longer have it, and it is used
    again once they do; with a reason it is used again only when somebody says so.
    """

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="contact_points")
    kind = models.TextField(choices=Kind)
    value = models.BinaryField()
    blind = models.BinaryField(max_length=16)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.TextField(choices=Ended, blank=True, db_default="")

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "contact_point"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "kind", "blind"], name="contact_point_once"),
            models.CheckConstraint(name="contact_point_kind", condition=models.Q(kind__in=Kind.values)),
            models.CheckConstraint(
                name="contact_point_ended_why",
                condition=models.Q(ended_why="") | models.Q(ended_at__isnull=False, ended_why__in=Ended.values),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["kind", "blind"], name="contact_point_blind")]

    def __str__(self) -> str:
        """Show what it is, never the number or the address."""
        return f"{self.kind} {self.pk}"
