"""The audit chain: its entries, where each chain ends, and how far it was sealed. See `duecourse.store.audit`."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models


class AuditEntry(models.Model):
    """One entry of one chain; never changed, never removed. `chain` is the borrower's number here, 0 the store's own.

    No foreign keys: an entry outlasts whatever it is about. `person` is whose key seals the body, 0 for nobody's.
    """

    pk = models.CompositePrimaryKey("chain", "seq")
    chain = models.BigIntegerField()
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    kind = models.TextField()
    by = models.TextField()
    about = models.TextField()
    person = models.BigIntegerField()
    body = models.BinaryField()
    prev = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        """Its name in the database."""

        db_table = "audit_entry"
        # What was written lately is found for those who are told of it; entries lie as they were written.
        indexes: ClassVar[list[models.Index]] = [BrinIndex(fields=["at"], name="audit_entry_at", autosummarize=True)]

    def __str__(self) -> str:
        """Show its place and its kind, never its body."""
        return f"{self.chain}/{self.seq} {self.kind}"


class AuditHead(models.Model):
    """The last entry of a chain; written in the statement that writes the entry."""

    chain = models.BigIntegerField(primary_key=True)
    seq = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        """Its name in the database."""

        db_table = "audit_head"

    def __str__(self) -> str:
        """Show which entry it is."""
        return f"{self.chain}/{self.seq}"


class AuditSealed(models.Model):
    """The entry of a chain that was sealed last: where sealing goes on. What was sealed lies outside the database."""

    chain = models.BigIntegerField(primary_key=True)
    seq = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        """Its name in the database."""

        db_table = "audit_sealed"

    def __str__(self) -> str:
        """Show which entry it is."""
        return f"{self.chain}/{self.seq}"
