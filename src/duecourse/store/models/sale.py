"""Portfolios of debts that are sold: what is agreed with a buyer, the bids, and the money. Each debt is an `Ending`."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from duecourse.store.models.staff import Staff


class Portfolio(models.Model):
    """Debts offered or sold together: the run of their endings. Amounts are minor units, prices parts per million.

    `price_months` and `price_ppm` are a curve: from so many full months past due, such a price for what is owed.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.TextField()
    currency = models.TextField()
    buyer = models.TextField()
    buyer_name = models.TextField()
    buyer_kind = models.TextField(null=True)  # noqa: DJ001  none: no rulebook asks what the buyer is
    settles_on = models.DateField()
    put_back_days = models.IntegerField()
    price_months = ArrayField(models.IntegerField())
    price_ppm = ArrayField(models.BigIntegerField())
    state = models.TextField(db_default="open")
    made_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", db_column="made_by")
    made_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "portfolio"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["name"], name="portfolio_once"),
            models.CheckConstraint(
                name="portfolio_state",
                condition=models.Q(state="open", closed_at__isnull=True)
                | models.Q(state="closed", closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Show its name."""
        return self.name


class Bid(models.Model):
    """What somebody would pay for a portfolio, in parts per million of what is owed on its day."""

    id = models.BigAutoField(primary_key=True)
    portfolio = models.ForeignKey(Portfolio, on_delete=models.PROTECT, related_name="+", db_column="portfolio_no")
    bidder = models.TextField()
    price_ppm = models.BigIntegerField()
    at = models.DateTimeField()
    noted_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", db_column="noted_by")

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "bid"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(name="bid_price", condition=models.Q(price_ppm__gte=0)),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"bid {self.pk}"


class SaleCash(models.Model):
    """Money between seller and buyer of a portfolio: above zero it came in, below zero it went out."""

    id = models.BigAutoField(primary_key=True)
    portfolio = models.ForeignKey(Portfolio, on_delete=models.PROTECT, related_name="+", db_column="portfolio_no")
    reference = models.TextField()
    amount = models.BigIntegerField()
    on = models.DateField(db_column="on_day")
    noted_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+", db_column="noted_by")

    class Meta:
        """Its name in the database, and what always holds."""

        db_table = "sale_cash"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["portfolio", "reference"], name="sale_cash_once"),
            models.CheckConstraint(name="sale_cash_amount", condition=~models.Q(amount=0)),
        ]

    def __str__(self) -> str:
        """Show its number."""
        return f"cash {self.pk}"
