"""Portfolios of debts that are sold, bids for them, and their money."""

from typing import Any, ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The tables."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0012_settlements"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="Portfolio",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.TextField()),
                ("currency", models.TextField()),
                ("buyer", models.TextField()),
                ("buyer_name", models.TextField()),
                ("buyer_kind", models.TextField(null=True)),
                ("settles_on", models.DateField()),
                ("put_back_days", models.IntegerField()),
                (
                    "price_months",
                    django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None),
                ),
                (
                    "price_ppm",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                ("state", models.TextField(db_default="open")),
                ("made_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        db_column="made_by",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.staff",
                    ),
                ),
            ],
            options={
                "db_table": "portfolio",
            },
        ),
        migrations.CreateModel(
            name="Bid",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("bidder", models.TextField()),
                ("price_ppm", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "noted_by",
                    models.ForeignKey(
                        db_column="noted_by",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.staff",
                    ),
                ),
                (
                    "portfolio",
                    models.ForeignKey(
                        db_column="portfolio_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.portfolio",
                    ),
                ),
            ],
            options={
                "db_table": "bid",
            },
        ),
        migrations.CreateModel(
            name="SaleCash",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("reference", models.TextField()),
                ("amount", models.BigIntegerField()),
                ("on", models.DateField(db_column="on_day")),
                (
                    "noted_by",
                    models.ForeignKey(
                        db_column="noted_by",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.staff",
                    ),
                ),
                (
                    "portfolio",
                    models.ForeignKey(
                        db_column="portfolio_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.portfolio",
                    ),
                ),
            ],
            options={
                "db_table": "sale_cash",
            },
        ),
        migrations.AddConstraint(
            model_name="portfolio",
            constraint=models.UniqueConstraint(fields=("name",), name="portfolio_once"),
        ),
        migrations.AddConstraint(
            model_name="portfolio",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("state", "open")),
                    models.Q(("closed_at__isnull", False), ("state", "closed")),
                    _connector="OR",
                ),
                name="portfolio_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="bid",
            constraint=models.CheckConstraint(condition=models.Q(("price_ppm__gte", 0)), name="bid_price"),
        ),
        migrations.AddConstraint(
            model_name="salecash",
            constraint=models.UniqueConstraint(fields=("portfolio", "reference"), name="sale_cash_once"),
        ),
        migrations.AddConstraint(
            model_name="salecash",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount", 0), _negated=True), name="sale_cash_amount"
            ),
        ),
    ]
