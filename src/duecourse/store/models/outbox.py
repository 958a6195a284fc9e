"""What the gate decides, what leaves, and what comes in."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models.functions import Now

from duecourse.store.models.cases import PlannedAct
from duecourse.store.models.history import Contact
from duecourse.store.models.people import Borrower, ContactPoint


class Verdict(models.Model):
    """What the gate said of an act, a yes like a no, with the rules: bits by their place in the program of the law."""

    id = models.BigAutoField(primary_key=True)
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    planned_act = models.ForeignKey(
        PlannedAct,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_column="planned_act_no",
        db_index=False,
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, related_name="+", db_column="contact_no", db_index=False
    )
    judged_at = models.DateTimeField()
    act = models.TextField()
    channel = models.TextField(null=True)  # noqa: DJ001  not all acts have one
    purpose = models.TextField()
    loans = ArrayField(models.TextField())
    amounts = ArrayField(models.BigIntegerField())
    is_permitted = models.BooleanField()
    reasons = ArrayField(models.TextField())
    law = models.TextField()
    asked = ArrayField(models.BigIntegerField())
    refused = ArrayField(models.BigIntegerField())
    unknown = ArrayField(models.BigIntegerField())

    class Meta:
        """Its name in the database, and how those of a day are found: they lie as they were written."""

        db_table = "verdict"
        indexes: ClassVar[list[models.Index]] = [
            BrinIndex(fields=["judged_at"], name="verdict_judged", autosummarize=True),
            # Without it each act that a new plan drops is looked for in all verdicts.
            models.Index(
                fields=["planned_act"],
                name="verdict_of_planned_act",
                condition=models.Q(planned_act__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"verdict {self.pk}"


class Outgoing(models.Model):
    """A message that was released: its exact bytes, sealed, and how far it has come."""

    class State(models.TextChoices):
        """How far it has come."""

        QUEUED = "queued"
        SENDING = "sending"  # somebody holds it; if they die it is unknown
        LEFT = "left"
        UNKNOWN = "unknown"  # it may have left: a person decides
        FAILED = "failed"  # surely did not leave, and will not
        EXPIRED = "expired"
        CANCELLED = "cancelled"

    id = models.BigAutoField(primary_key=True)
    key = models.TextField()
    contact = models.OneToOneField(Contact, on_delete=models.PROTECT, related_name="+", db_column="contact_no")
    borrower = models.ForeignKey(
        Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no", db_index=False
    )
    channel = models.TextField()
    contact_point = models.ForeignKey(
        ContactPoint,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_column="contact_point_no",
        db_index=False,
    )
    language = models.TextField()
    body = models.BinaryField()
    body_hash = models.BinaryField(max_length=32)
    state = models.TextField(choices=State, db_default="queued")
    released_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    attempts = models.IntegerField(db_default=0)
    next_try_at = models.DateTimeField()
    held_until = models.DateTimeField(null=True)
    provider_ids = ArrayField(models.TextField(), db_default=[])  # a long message has one for each of its parts
    why = models.TextField(db_default="")

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "outbox"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["key"], name="outbox_key_once"),
            models.CheckConstraint(
                name="outbox_state",
                condition=models.Q(
                    state__in=["queued", "sending", "left", "unknown", "failed", "expired", "cancelled"]
                ),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["channel", "next_try_at"],
                name="outbox_open",
                condition=models.Q(state__in=["queued", "sending"]),
            ),
            GinIndex(fields=["provider_ids"], name="outbox_provider", condition=~models.Q(provider_ids=[])),
            models.Index(
                fields=["borrower"], name="outbox_borrower_open", condition=models.Q(state__in=["queued", "sending"])
            ),
            models.Index(fields=["channel", "id"], name="outbox_unknown", condition=models.Q(state="unknown")),
            BrinIndex(fields=["released_at"], name="outbox_released", autosummarize=True),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"outgoing {self.pk}"


class Incoming(models.Model):
    """Something that came in, once: its words sealed, and what was made of it."""

    id = models.BigAutoField(primary_key=True)
    source = models.TextField()
    event_id = models.TextField()
    what = models.TextField()
    received_at = models.DateTimeField(db_default=Now())
    happened_at = models.DateTimeField()
    borrower = models.ForeignKey(
        Borrower, on_delete=models.PROTECT, null=True, related_name="+", db_column="borrower_no"
    )
    outgoing = models.ForeignKey(Outgoing, on_delete=models.PROTECT, null=True, related_name="+", db_column="outbox_no")
    body = models.BinaryField(null=True)
    meanings = ArrayField(models.TextField(), db_default=[])
    needs_person = models.BooleanField(db_default=False)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "inbound"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source", "event_id"], name="inbound_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["received_at"], name="inbound_waiting", condition=models.Q(needs_person=True))
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"incoming {self.pk}"


class Switch(models.Model):
    """What an operator has switched off: `all`, or one channel."""

    name = models.TextField(primary_key=True)
    stopped_at = models.DateTimeField(null=True)
    by = models.TextField(db_default="")

    class Meta:
        """Its name in the database."""

        db_table = "switch"

    def __str__(self) -> str:
        """Show its name."""
        return self.name
