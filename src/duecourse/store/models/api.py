"""The lender's own systems: their tokens, what they sent once, and where they are told of things."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from duecourse.store.models.staff import Staff


class ApiToken(models.Model):
    """A token of a system, by the hash of its secret; `scopes` are what it may do."""

    id = models.BigAutoField(primary_key=True)
    name = models.TextField()
    digest = models.TextField()
    scopes = ArrayField(models.TextField())
    made_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", db_column="made_by")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "api_token"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["digest"], name="api_token_once"),
            models.UniqueConstraint(fields=["name"], condition=models.Q(ended_at=None), name="api_token_one_of_a_name"),
        ]

    def __str__(self) -> str:
        """Show its name."""
        return self.name


class ApiRequest(models.Model):
    """A request that changed something, by the key that its sender gave it: done once, and answered alike again."""

    id = models.BigAutoField(primary_key=True)
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, related_name="+", db_column="token_no")
    key = models.TextField()
    digest = models.TextField()
    answer = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "api_request"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["token", "key"], name="api_request_once")
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"request {self.pk}"


class Hook(models.Model):
    """Where a system is told of things: an address, the kinds, and the key of the signatures, wrapped."""

    id = models.BigAutoField(primary_key=True)
    hook_id = models.TextField()
    url = models.TextField()
    kinds = ArrayField(models.TextField())
    key_id = models.TextField()
    wrapped_key = models.BinaryField()
    made_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", db_column="made_by")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "hook"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["hook_id"], name="hook_once")
        ]

    def __str__(self) -> str:
        """Show its id."""
        return self.hook_id


class HookTold(models.Model):
    """An entry of the audit chain for a hook: how often it was tried, and when it arrived or was given up."""

    id = models.BigAutoField(primary_key=True)
    hook = models.ForeignKey(Hook, on_delete=models.PROTECT, related_name="+", db_column="hook_no")
    chain = models.BigIntegerField()
    seq = models.BigIntegerField()
    tries = models.IntegerField(db_default=0)
    next_try_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    is_given_up = models.BooleanField(db_default=False)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "hook_told"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["hook", "chain", "seq"], name="hook_told_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["next_try_at"], name="hook_told_open", condition=models.Q(done_at=None))
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"told {self.pk}"
