"""Users, limits, what was asked for and decided, complaints, disputes, duties and waivers."""

from typing import Any, ClassVar

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """The tables."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0006_monitored"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="Staff",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("user_id", models.TextField()),
                ("role", models.TextField()),
                ("is_active", models.BooleanField(db_default=True)),
                ("added_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "staff",
                "constraints": [
                    models.UniqueConstraint(fields=("user_id",), name="staff_once"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["collector", "supervisor", "compliance", "administrator"])),
                        name="staff_role",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("fact_id", models.TextField()),
                ("what", models.TextField()),
                ("loan_id", models.TextField()),
                ("component", models.TextField(null=True)),
                ("amount", models.BigIntegerField()),
                ("given_up", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("pay_by", models.DateField(null=True)),
                ("state", models.TextField()),
                ("asked_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        db_column="asked_by",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.staff",
                    ),
                ),
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
                    "decided_by",
                    models.ForeignKey(
                        db_column="decided_by",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.staff",
                    ),
                ),
            ],
            options={
                "db_table": "approval",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["expires_at"], name="approval_waiting"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("fact_id",), name="approval_once"),
                    models.CheckConstraint(
                        condition=models.Q(("what__in", ["waiver", "settlement"])), name="approval_what"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("alone", "waiting", "granted", "refused", "expired"))),
                        name="approval_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0), ("given_up__gt", 0)), name="approval_amounts"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_by__isnull", True), ("state__in", ["alone", "waiting", "expired"])),
                            models.Q(
                                ("decided_by__isnull", False),
                                ("state__in", ["granted", "refused"]),
                                models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="approval_by_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state", "waiting")),
                            models.Q(models.Q(("state", "waiting"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="approval_decided_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuthorityLimit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("role", models.TextField()),
                ("currency", models.TextField()),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(null=True)),
                ("waiver_amount", models.BigIntegerField()),
                ("settlement_amount", models.BigIntegerField()),
                ("settlement_ppm", models.BigIntegerField()),
                ("set_at", models.DateTimeField()),
                (
                    "set_by",
                    models.ForeignKey(
                        db_column="set_by",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.staff",
                    ),
                ),
            ],
            options={
                "db_table": "authority_limit",
                "indexes": [models.Index(fields=["currency", "role"], name="limit_of_role")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["collector", "supervisor", "compliance"])), name="limit_role"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("settlement_amount__gte", 0),
                            ("settlement_ppm__gte", 0),
                            ("settlement_ppm__lte", 1000000),
                            ("waiver_amount__gte", 0),
                        ),
                        name="limit_amounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Complaint",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("loan_id", models.TextField(null=True)),
                ("kind", models.TextField()),
                ("words", models.BinaryField()),
                ("received_at", models.DateTimeField()),
                ("received_on", models.DateField()),
                ("due_on", models.DateField(null=True)),
                ("state", models.TextField(db_default="open")),
                ("outcome", models.TextField(null=True)),
                ("closed_on", models.DateField(null=True)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("replaced_at", models.DateTimeField(null=True)),
                ("complaint_id", models.TextField()),
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
                "db_table": "complaint",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("replaced_at", None)),
                        fields=("complaint_id",),
                        name="complaint_one_version_in_force",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_on__isnull", True), ("outcome__isnull", True), ("state", "open")),
                            models.Q(("closed_on__isnull", False), ("outcome__isnull", False), ("state", "closed")),
                            _connector="OR",
                        ),
                        name="complaint_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("loan_id", models.TextField(null=True)),
                ("kind", models.TextField()),
                ("words", models.BinaryField()),
                ("received_at", models.DateTimeField()),
                ("received_on", models.DateField()),
                ("due_on", models.DateField(null=True)),
                ("state", models.TextField(db_default="open")),
                ("outcome", models.TextField(null=True)),
                ("closed_on", models.DateField(null=True)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("replaced_at", models.DateTimeField(null=True)),
                ("dispute_id", models.TextField()),
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
                "db_table": "dispute",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("replaced_at", None)),
                        fields=("dispute_id",),
                        name="dispute_one_version_in_force",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_on__isnull", True), ("outcome__isnull", True), ("state", "open")),
                            models.Q(("closed_on__isnull", False), ("outcome__isnull", False), ("state", "closed")),
                            _connector="OR",
                        ),
                        name="dispute_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Duty",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("loan_id", models.TextField()),
                ("kind", models.TextField()),
                ("due_on", models.DateField()),
                ("rule", models.TextField()),
                ("rulebook", models.TextField()),
                ("seen_on", models.DateField()),
                ("done_at", models.DateTimeField(null=True)),
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
                "db_table": "duty",
                "indexes": [models.Index(condition=models.Q(("done_at", None)), fields=["due_on"], name="duty_open")],
                "constraints": [
                    models.UniqueConstraint(fields=("borrower", "loan_id", "kind", "due_on"), name="duty_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Settlement",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("settlement_id", models.TextField()),
                ("loan_id", models.TextField()),
                ("amount", models.BigIntegerField()),
                ("owed", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("offered_on", models.DateField()),
                ("pay_by", models.DateField()),
                ("recorded_at", models.DateTimeField()),
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
                "db_table": "settlement",
                "constraints": [
                    models.UniqueConstraint(fields=("settlement_id",), name="settlement_once"),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0), ("amount__lt", models.F("owed"))),
                        name="settlement_amounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Waiver",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("from_book", models.BooleanField(db_default=False)),
                ("waiver_id", models.TextField()),
                ("loan_id", models.TextField()),
                ("component", models.TextField(null=True)),
                ("amount", models.BigIntegerField()),
                ("waived_on", models.DateField()),
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
                "db_table": "waivers",
                "constraints": [models.UniqueConstraint(fields=("waiver_id",), name="waiver_once")],
            },
        ),
    ]
