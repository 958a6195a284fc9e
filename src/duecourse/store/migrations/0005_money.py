"""What banks' files tell, leave to debit accounts, debits ordered, and the instalments of arrangements."""

from typing import Any, ClassVar

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """The tables."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0004_audit"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="DebitOrder",
            fields=[
                ("message_id", models.TextField(primary_key=True, serialize=False)),
                ("made_at", models.DateTimeField()),
                ("by", models.TextField()),
                ("content_hash", models.BinaryField(max_length=32)),
                ("written_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "debit_order",
            },
        ),
        migrations.CreateModel(
            name="Mandate",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("mandate_id", models.TextField()),
                ("loan_id", models.TextField(null=True)),
                ("account", models.BinaryField()),
                ("blind", models.BinaryField(max_length=16)),
                ("signed_on", models.DateField()),
                ("scheme", models.TextField()),
                ("is_one_off", models.BooleanField()),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "borrower",
                    models.ForeignKey(
                        db_column="borrower_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.borrower",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_column="person_no",
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.person",
                    ),
                ),
            ],
            options={
                "db_table": "mandate",
            },
        ),
        migrations.CreateModel(
            name="Debit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("end_to_end_id", models.TextField()),
                ("batch_id", models.TextField()),
                ("loan_id", models.TextField()),
                ("amount", models.BigIntegerField()),
                ("collect_on", models.DateField()),
                ("sequence", models.TextField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("ordered", "Ordered"),
                            ("collected", "Collected"),
                            ("returned", "Returned"),
                            ("rejected", "Rejected"),
                        ],
                        db_default="ordered",
                    ),
                ),
                ("payment_id", models.TextField(null=True)),
                ("reason", models.TextField(db_default="")),
                ("again_from", models.DateField(null=True)),
                ("why", models.TextField(db_default="")),
                (
                    "borrower",
                    models.ForeignKey(
                        db_column="borrower_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.borrower",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_column="message_id",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.debitorder",
                    ),
                ),
                (
                    "mandate",
                    models.ForeignKey(
                        db_column="mandate_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.mandate",
                    ),
                ),
            ],
            options={
                "db_table": "debit",
            },
        ),
        migrations.CreateModel(
            name="ArrangementDue",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("arrangement_id", models.TextField()),
                ("number", models.IntegerField()),
                ("due_on", models.DateField()),
                ("amount", models.BigIntegerField()),
                (
                    "borrower",
                    models.ForeignKey(
                        db_column="borrower_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.borrower",
                    ),
                ),
            ],
            options={
                "db_table": "arrangement_due",
                "constraints": [
                    models.UniqueConstraint(fields=("arrangement_id", "number"), name="arrangement_due_once"),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="arrangement_due_amount"),
                ],
            },
        ),
        migrations.CreateModel(
            name="BankEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("entry_id", models.TextField()),
                ("booking_id", models.TextField()),
                ("source", models.TextField()),
                ("booked_on", models.DateField()),
                ("value_on", models.DateField(null=True)),
                ("amount", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("is_credit", models.BooleanField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("new", "New"),
                            ("matched", "Matched"),
                            ("unmatched", "Unmatched"),
                            ("other", "Other"),
                        ],
                        db_default="new",
                    ),
                ),
                ("reason", models.TextField(db_default="")),
                ("rule", models.TextField(db_default="")),
                ("by", models.TextField(db_default="")),
                ("key_id", models.TextField(null=True)),
                ("wrapped_key", models.BinaryField(null=True)),
                ("body", models.BinaryField()),
                ("taken_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "borrower",
                    models.ForeignKey(
                        db_column="borrower_no",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.borrower",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_column="person_no",
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.person",
                    ),
                ),
            ],
            options={
                "db_table": "bank_entry",
                "indexes": [
                    models.Index(fields=["booking_id"], name="bank_entry_booking"),
                    models.Index(
                        condition=models.Q(("state__in", ["new", "unmatched"])),
                        fields=["state"],
                        name="bank_entry_open",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("entry_id",), name="bank_entry_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["new", "matched", "unmatched", "other"])),
                        name="bank_entry_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("key_id__isnull", True), ("person__isnull", False), ("wrapped_key__isnull", True)
                            ),
                            models.Q(
                                ("key_id__isnull", False), ("person__isnull", True), ("wrapped_key__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="bank_entry_has_one_key",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="mandate",
            index=models.Index(fields=["blind"], name="mandate_blind"),
        ),
        migrations.AddConstraint(
            model_name="mandate",
            constraint=models.UniqueConstraint(fields=("mandate_id",), name="mandate_once"),
        ),
        migrations.AddConstraint(
            model_name="mandate",
            constraint=models.CheckConstraint(
                condition=models.Q(("scheme__in", ["CORE", "B2B"])), name="mandate_scheme"
            ),
        ),
        migrations.AddIndex(
            model_name="debit",
            index=models.Index(fields=["batch_id"], name="debit_batch"),
        ),
        migrations.AddIndex(
            model_name="debit",
            index=models.Index(fields=["loan_id"], name="debit_loan"),
        ),
        migrations.AddConstraint(
            model_name="debit",
            constraint=models.UniqueConstraint(fields=("end_to_end_id",), name="debit_once"),
        ),
        migrations.AddConstraint(
            model_name="debit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "ordered")), fields=("loan_id",), name="debit_one_on_its_way"
            ),
        ),
        migrations.AddConstraint(
            model_name="debit",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["ordered", "collected", "returned", "rejected"])), name="debit_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="debit",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="debit_amount"),
        ),
    ]
