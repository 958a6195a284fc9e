"""Who works here, how much each role may give up, what was asked for and decided, and what must be done by when."""

from typing import ClassVar, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from duecourse.store.models.people import Borrower
from duecourse.store.roles import LIMITED, Role

_STATES: Final = ("alone", "waiting", "granted", "refused", "expired")


def _whose() -> "models.ForeignKey[Borrower, Borrower]":
    return models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")


def _by(name: str) -> "models.ForeignKey[Staff, Staff]":
    return models.ForeignKey("store.Staff", on_delete=models.PROTECT, related_name="+", db_column=name)


class Staff(AbstractBaseUser):
    """Somebody who works here, by a pseudonymous id; their name is kept elsewhere.

    `teams` are the strategy's, whose cases they work on; `language` and `zone` are those in which the desk speaks to
    them, empty where they have not said.
    """

    USERNAME_FIELD = "user_id"

    id = models.BigAutoField(primary_key=True)
    user_id = models.TextField()
    role = models.TextField()
    is_active = models.BooleanField(db_default=True)
    teams = ArrayField(models.TextField(), db_default=[])
    language = models.TextField(db_default="")
    zone = models.TextField(db_default="")
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "staff"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user_id"], name="staff_once"),
            models.CheckConstraint(name="staff_role", condition=models.Q(role__in=[str(role) for role in Role])),
        ]

    def __str__(self) -> str:
        """Show the pseudonymous id."""
        return self.user_id


class SecondFactor(models.Model):
    """The key of a user's one-time codes (RFC 6238), wrapped under the master key `key_id`.

    It counts once a code of it was `confirmed`; `last_step` is the newest step of a code that was taken, so that no
    code is taken twice.
    """

    user = models.OneToOneField(
        Staff, on_delete=models.CASCADE, primary_key=True, related_name="second_factor", db_column="staff_no"
    )
    key_id = models.TextField()
    wrapped_key = models.BinaryField()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(db_default=0)

    class Meta:
        """Its name in the database."""

        db_table = "second_factor"

    def __str__(self) -> str:
        """Show its user's number."""
        return f"second factor of {self.pk}"


class Attempts(models.Model):
    """How often something that is limited was tried since a moment, by a blind index of what was tried and by whom."""

    who = models.BinaryField(primary_key=True)
    since = models.DateTimeField()
    tried = models.IntegerField()

    class Meta:
        """Its name in the database; old rows are looked for by when they began."""

        db_table = "attempts"
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["since"], name="attempts_since")]

    def __str__(self) -> str:
        """Show how many, and of nobody."""
        return f"{self.tried} attempts"


class AuthorityLimit(models.Model):
    """How much a role may give up in a currency, in minor units; never changed.

    The newest that has begun by a day is in force on it, until its own last day.
    """

    id = models.BigAutoField(primary_key=True)
    role = models.TextField()
    currency = models.TextField()
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    waiver_amount = models.BigIntegerField()
    settlement_amount = models.BigIntegerField()
    settlement_ppm = models.BigIntegerField()
    set_by = _by("set_by")
    set_at = models.DateTimeField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "authority_limit"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="limit_role", condition=models.Q(role__in=[str(role) for role in LIMITED])),
            models.CheckConstraint(
                name="limit_amounts",
                condition=models.Q(
                    waiver_amount__gte=0, settlement_amount__gte=0, settlement_ppm__gte=0, settlement_ppm__lte=1_000_000
                ),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["currency", "role"], name="limit_of_role")]

    def __str__(self) -> str:
        """Show whose it is, and from when."""
        return f"limit of {self.role} in {self.currency} from {self.from_on}"


class Approval(models.Model):
    """A waiver or a settlement that a user asked for: in force by them `alone`, or what a second person made of it.

    `amount` is what is waived, or what is to be paid for all; `given_up` is what the lender loses by it.
    """

    id = models.BigAutoField(primary_key=True)
    fact_id = models.TextField()
    what = models.TextField()
    borrower = _whose()
    loan_id = models.TextField()
    component = models.TextField(null=True)  # noqa: DJ001  as in the book: none is all
    amount = models.BigIntegerField()
    given_up = models.BigIntegerField()
    currency = models.TextField()
    pay_by = models.DateField(null=True)
    state = models.TextField()
    asked_by = _by("asked_by")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, related_name="+", db_column="decided_by")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds: two people, or one alone."""

        db_table = "approval"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["fact_id"], name="approval_once"),
            models.CheckConstraint(name="approval_what", condition=models.Q(what__in=["waiver", "settlement"])),
            models.CheckConstraint(name="approval_state", condition=models.Q(state__in=_STATES)),
            models.CheckConstraint(name="approval_amounts", condition=models.Q(amount__gt=0, given_up__gt=0)),
            models.CheckConstraint(
                name="approval_by_two_people",
                condition=models.Q(state__in=["alone", "waiting", "expired"], decided_by__isnull=True)
                | (
                    models.Q(state__in=["granted", "refused"], decided_by__isnull=False)
                    & ~models.Q(decided_by=models.F("asked_by"))
                ),
            ),
            models.CheckConstraint(
                name="approval_decided_once",
                condition=models.Q(state="waiting", decided_at__isnull=True)
                | (~models.Q(state="waiting") & models.Q(decided_at__isnull=False)),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["expires_at"], name="approval_waiting", condition=models.Q(state="waiting"))
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"approval {self.pk}"


class Settlement(models.Model):
    """An offer to take `amount` by a day for all that a loan owes; `owed` is what that was when it was made.

    `forgiven` is what was waived once the amount was there; an offer that lapsed forgives nothing.
    """

    id = models.BigAutoField(primary_key=True)
    settlement_id = models.TextField()
    borrower = _whose()
    loan_id = models.TextField()
    amount = models.BigIntegerField()
    owed = models.BigIntegerField()
    currency = models.TextField()
    offered_on = models.DateField()
    pay_by = models.DateField()
    recorded_at = models.DateTimeField()
    state = models.TextField(db_default="offered")
    closed_on = models.DateField(null=True)
    forgiven = models.BigIntegerField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "settlement"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["settlement_id"], name="settlement_once"),
            models.UniqueConstraint(
                fields=["loan_id"], condition=models.Q(state="offered"), name="settlement_one_offered"
            ),
            models.CheckConstraint(
                name="settlement_state",
                condition=models.Q(state="offered", closed_on__isnull=True, forgiven__isnull=True)
                | models.Q(state="lapsed", closed_on__isnull=False, forgiven__isnull=True)
                | models.Q(state="paid", closed_on__isnull=False, forgiven__gte=0),
            ),
            models.CheckConstraint(
                name="settlement_amounts", condition=models.Q(amount__gt=0, amount__lt=models.F("owed"))
            ),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"settlement {self.pk}"


class _Grievance(models.Model):
    """What a borrower has against us: open, and closed by a second version. Their words are sealed."""

    id = models.BigAutoField(primary_key=True)
    borrower = _whose()
    loan_id = models.TextField(null=True)  # noqa: DJ001  none is all of the borrower's
    kind = models.TextField()
    words = models.BinaryField()
    received_at = models.DateTimeField()
    received_on = models.DateField()
    due_on = models.DateField(null=True)
    state = models.TextField(db_default="open")
    outcome = models.TextField(null=True)  # noqa: DJ001  none while it is open
    closed_on = models.DateField(null=True)
    recorded_at = models.DateTimeField(db_default=Now())
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        """No table of its own."""

        abstract = True

    def __str__(self) -> str:
        """Show its number, never its words."""
        return f"{self._meta.db_table} {self.pk}"


def _of_grievance(name: str) -> list[models.BaseConstraint]:
    """Hold that one version is in force, and that what is closed says so."""
    return [
        models.UniqueConstraint(
            fields=[f"{name}_id"], condition=models.Q(replaced_at=None), name=f"{name}_one_version_in_force"
        ),
        models.CheckConstraint(
            name=f"{name}_state",
            condition=models.Q(state="open", outcome__isnull=True, closed_on__isnull=True)
            | models.Q(state="closed", outcome__isnull=False, closed_on__isnull=False),
        ),
    ]


class Complaint(_Grievance):
    """A complaint about how somebody was treated."""

    complaint_id = models.TextField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "complaint"
        constraints: ClassVar[list[models.BaseConstraint]] = _of_grievance("complaint")


class Dispute(_Grievance):
    """A debt, or a part of it, that somebody says they do not owe."""

    dispute_id = models.TextField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "dispute"
        constraints: ClassVar[list[models.BaseConstraint]] = _of_grievance("dispute")


class Duty(models.Model):
    """What the law says must be done about a loan by a day, as the last night saw it, or what was done."""

    id = models.BigAutoField(primary_key=True)
    borrower = _whose()
    loan_id = models.TextField()
    kind = models.TextField()
    due_on = models.DateField()
    rule = models.TextField()
    rulebook = models.TextField()
    seen_on = models.DateField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "duty"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["borrower", "loan_id", "kind", "due_on"], name="duty_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_on"], name="duty_open", condition=models.Q(done_at=None))
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"duty {self.pk}"
