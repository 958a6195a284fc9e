"""Agencies and what passes between them and us: their terms, the files, what each file told, and reviews."""

from typing import ClassVar

from django.db import models

from duecourse.store.models.endings import Ending
from duecourse.store.models.people import Borrower
from duecourse.store.models.staff import Staff


class Agency(models.Model):
    """An agency on the terms (JSON) that held from `added_at`, until they were replaced by others."""

    id = models.BigAutoField(primary_key=True)
    agency_id = models.TextField()
    terms = models.JSONField()
    added_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", db_column="added_by")
    added_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "agency"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["agency_id"], condition=models.Q(replaced_at=None), name="agency_one_in_force"
            ),
        ]

    def __str__(self) -> str:
        """Show its id."""
        return self.agency_id


class AgencyReview(models.Model):
    """A review of an agency by a named person: its conduct, its results, its information security, and what follows."""

    id = models.BigAutoField(primary_key=True)
    agency_id = models.TextField()
    why = models.TextField()
    reviewed_on = models.DateField()
    conduct = models.IntegerField()
    results = models.IntegerField()
    security = models.IntegerField()
    outcome = models.TextField()
    note = models.TextField(db_default="")
    by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", db_column="reviewed_by")
    at = models.DateTimeField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "agency_review"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["agency_id", "why", "reviewed_on"], name="agency_review_once"),
            models.CheckConstraint(name="agency_review_why", condition=models.Q(why__in=["yearly", "end_of_term"])),
            models.CheckConstraint(
                name="agency_review_outcome", condition=models.Q(outcome__in=["continue", "limit", "end"])
            ),
            models.CheckConstraint(
                name="agency_review_marks",
                condition=models.Q(conduct__range=(1, 5), results__range=(1, 5), security__range=(1, 5)),
            ),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"review {self.pk} of {self.agency_id}"


class AgencyFile(models.Model):
    """A file for an agency, or one of an agency's that was taken in, by its name; `sha256` is of what it holds."""

    id = models.BigAutoField(primary_key=True)
    agency_id = models.TextField()
    direction = models.TextField()
    kind = models.TextField()
    name = models.TextField()
    at = models.DateTimeField()
    on = models.DateField(db_column="on_day")
    sha256 = models.TextField(null=True)  # noqa: DJ001  not written yet
    rows = models.IntegerField(db_default=0)
    refused = models.IntegerField(db_default=0)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "agency_file"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["agency_id", "direction", "name"], name="agency_file_once"),
            models.CheckConstraint(name="agency_file_direction", condition=models.Q(direction__in=["out", "in"])),
        ]

    def __str__(self) -> str:
        """Show its name."""
        return self.name


class AgencyTold(models.Model):
    """One thing that an agency is told of a placement, in a file: once for each `ref`, the id of what it is."""

    id = models.BigAutoField(primary_key=True)
    file = models.ForeignKey(AgencyFile, on_delete=models.PROTECT, related_name="+", db_column="file_no")
    agency_id = models.TextField()
    kind = models.TextField()
    ref = models.TextField()
    ending = models.ForeignKey(Ending, on_delete=models.PROTECT, related_name="+", db_column="ending_no")
    said = models.JSONField(db_default={})

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "agency_told"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["agency_id", "kind", "ref", "ending"], name="agency_told_once"),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"{self.kind} {self.pk}"


class AgencyReport(models.Model):
    """One thing that an agency told of a placement, by the agency's own id of it; `digest` holds it to its words."""

    id = models.BigAutoField(primary_key=True)
    agency_id = models.TextField()
    report_id = models.TextField()
    what = models.TextField()
    digest = models.TextField()
    ending = models.ForeignKey(Ending, on_delete=models.PROTECT, related_name="+", db_column="ending_no")
    borrower = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+", db_column="borrower_no")
    is_late = models.BooleanField(db_default=False)
    at = models.DateTimeField()

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "agency_report"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["agency_id", "report_id"], name="agency_report_once"),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"report {self.pk}"
