"""Cases, the past and the plan."""

from typing import Any, ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """The tables."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0001_people"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="Case",
            fields=[
                (
                    "borrower",
                    models.OneToOneField(
                        db_column="borrower_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="case",
                        serialize=False,
                        to="store.borrower",
                    ),
                ),
                ("country", models.TextField(db_default="")),
                ("region", models.TextField(db_default="")),
                ("locality", models.TextField(db_default="")),
                (
                    "zones",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None),
                ),
                ("language", models.TextField(db_default="")),
                ("born_on", models.DateField(null=True)),
                ("deceased_on", models.DateField(null=True)),
                ("stage", models.TextField(null=True)),
                ("arm", models.TextField(null=True)),
                ("planned_on", models.DateField(db_index=True)),
            ],
            options={
                "db_table": "collection_case",
            },
        ),
        migrations.CreateModel(
            name="Plan",
            fields=[
                ("on", models.DateField(db_column="planned_on", primary_key=True, serialize=False)),
                ("plan_hash", models.TextField()),
                ("strategy_hash", models.TextField()),
                ("law_hash", models.TextField()),
                ("zone", models.TextField()),
                ("published_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "plan",
            },
        ),
        migrations.CreateModel(
            name="BusinessDay",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("calendar", models.TextField()),
                ("day", models.DateField()),
                ("number", models.BigIntegerField()),
                ("works", models.BooleanField()),
            ],
            options={
                "db_table": "law_business_days",
                "indexes": [models.Index(fields=["calendar", "number"], name="business_day_number")],
                "constraints": [models.UniqueConstraint(fields=("calendar", "day"), name="business_day_once")],
            },
        ),
        migrations.CreateModel(
            name="Arrangement",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("from_book", models.BooleanField(db_default=False)),
                ("replaced_at", models.DateTimeField(null=True)),
                ("arrangement_id", models.TextField()),
                ("loan_id", models.TextField(null=True)),
                ("started_on", models.DateField()),
                ("ended_on", models.DateField(null=True)),
                ("broken_on", models.DateField(null=True)),
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
                "db_table": "arrangements",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("replaced_at", None)),
                        fields=("arrangement_id",),
                        name="arrangement_one_version_in_force",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CaseLoan",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("loan_id", models.TextField()),
                ("product", models.TextField(null=True)),
                ("currency", models.TextField()),
                ("principal", models.BigIntegerField()),
                ("opened_on", models.DateField(null=True)),
                ("lender_type", models.TextField(null=True)),
                ("owner_id", models.TextField(null=True)),
                ("is_owner", models.BooleanField()),
                ("last_due_on", models.DateField(null=True)),
                ("history", models.BinaryField()),
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
                "db_table": "case_loan",
                "constraints": [models.UniqueConstraint(fields=("loan_id",), name="case_loan_once")],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("from_book", models.BooleanField(db_default=False)),
                ("replaced_at", models.DateTimeField(null=True)),
                ("consent_id", models.TextField()),
                ("consented_to", models.TextField()),
                ("given_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
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
                "db_table": "consents",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("replaced_at", None)),
                        fields=("consent_id",),
                        name="consent_one_version_in_force",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("from_book", models.BooleanField(db_default=False)),
                ("contact_id", models.TextField()),
                ("with_person", models.TextField(null=True)),
                ("channel", models.TextField()),
                ("direction", models.TextField(db_default="out")),
                ("happened_at", models.DateTimeField()),
                ("happened_on", models.DateField()),
                ("outcome", models.TextField(null=True)),
                (
                    "about",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None),
                ),
                ("made_by", models.TextField(db_default="own")),
                ("purpose", models.TextField(db_default="collection")),
                ("cancelled_at", models.DateTimeField(null=True)),
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
                "db_table": "contacts",
                "constraints": [models.UniqueConstraint(fields=("contact_id",), name="contact_once")],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("from_book", models.BooleanField(db_default=False)),
                ("event_id", models.TextField()),
                ("kind", models.TextField()),
                ("loan_id", models.TextField(null=True)),
                ("person_id", models.TextField(null=True)),
                ("happened_at", models.DateTimeField()),
                ("happened_on", models.DateField()),
                ("until_at", models.DateTimeField(null=True)),
                ("details", models.TextField(null=True)),
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
                "db_table": "events",
                "constraints": [models.UniqueConstraint(fields=("event_id",), name="event_once")],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("from_book", models.BooleanField(db_default=False)),
                ("replaced_at", models.DateTimeField(null=True)),
                ("hold_id", models.TextField()),
                ("loan_id", models.TextField(null=True)),
                ("kind", models.TextField()),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(null=True)),
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
                "db_table": "holds",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("replaced_at", None)), fields=("hold_id",), name="hold_one_version_in_force"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("from_book", models.BooleanField(db_default=False)),
                ("replaced_at", models.DateTimeField(null=True)),
                ("notice_id", models.TextField()),
                ("loan_id", models.TextField(null=True)),
                ("kind", models.TextField()),
                ("served_on", models.DateField()),
                ("delivered_on", models.DateField(null=True)),
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
                "db_table": "notices",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("replaced_at", None)),
                        fields=("notice_id",),
                        name="notice_one_version_in_force",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("from_book", models.BooleanField(db_default=False)),
                ("payment_id", models.TextField()),
                ("loan_id", models.TextField()),
                ("paid_on", models.DateField()),
                ("amount", models.BigIntegerField()),
                ("currency", models.TextField(null=True)),
                ("reverses", models.TextField(null=True)),
                ("target_instalment", models.BigIntegerField(null=True)),
                ("target_component", models.TextField(null=True)),
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
                "db_table": "payments",
                "constraints": [models.UniqueConstraint(fields=("payment_id",), name="payment_once")],
            },
        ),
        migrations.CreateModel(
            name="PlannedAct",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("act", models.TextField()),
                ("channel", models.TextField(null=True)),
                ("treatment", models.TextField()),
                ("template", models.TextField(null=True)),
                ("purpose", models.TextField()),
                ("team", models.TextField(null=True)),
                ("slot", models.TextField(null=True)),
                ("opens_at", models.DateTimeField(null=True)),
                ("closes_at", models.DateTimeField(null=True)),
                ("priority", models.BigIntegerField(null=True)),
                ("demands", models.BooleanField()),
                ("required", models.BooleanField()),
                ("loans", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                (
                    "reasons",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None),
                ),
                ("state", models.TextField(db_default="waiting")),
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
                    "plan",
                    models.ForeignKey(
                        db_column="planned_on",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.plan",
                    ),
                ),
            ],
            options={
                "db_table": "planned_act",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["channel", "opens_at", "-priority"],
                        name="planned_act_waiting",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("plan", "borrower", "act", "channel", "treatment"),
                        name="planned_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["waiting", "released", "refused", "cancelled", "replaced", "missed"])
                        ),
                        name="planned_act_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Promise",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("from_book", models.BooleanField(db_default=False)),
                ("promise_id", models.TextField()),
                ("loan_id", models.TextField(null=True)),
                ("made_on", models.DateField()),
                ("promised_on", models.DateField()),
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
                "db_table": "promises",
                "constraints": [models.UniqueConstraint(fields=("promise_id",), name="promise_once")],
            },
        ),
    ]
