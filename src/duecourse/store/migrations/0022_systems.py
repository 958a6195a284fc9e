"""The lender's own systems: tokens, requests done once, and hooks."""

from typing import Any, ClassVar

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The tables."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0021_moved"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="ApiRequest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.TextField()),
                ("digest", models.TextField()),
                ("answer", models.JSONField(null=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "api_request",
            },
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.TextField()),
                ("digest", models.TextField()),
                ("scopes", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "api_token",
            },
        ),
        migrations.CreateModel(
            name="Hook",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("hook_id", models.TextField()),
                ("url", models.TextField()),
                ("kinds", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("key_id", models.TextField()),
                ("wrapped_key", models.BinaryField()),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "hook",
            },
        ),
        migrations.CreateModel(
            name="HookTold",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("chain", models.BigIntegerField()),
                ("seq", models.BigIntegerField()),
                ("tries", models.IntegerField(db_default=0)),
                ("next_try_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                ("is_given_up", models.BooleanField(db_default=False)),
            ],
            options={
                "db_table": "hook_told",
            },
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=["at"], name="audit_entry_at"),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="made_by",
            field=models.ForeignKey(
                db_column="made_by",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="apirequest",
            name="token",
            field=models.ForeignKey(
                db_column="token_no", on_delete=django.db.models.deletion.PROTECT, related_name="+", to="store.apitoken"
            ),
        ),
        migrations.AddField(
            model_name="hook",
            name="made_by",
            field=models.ForeignKey(
                db_column="made_by",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="hooktold",
            name="hook",
            field=models.ForeignKey(
                db_column="hook_no", on_delete=django.db.models.deletion.PROTECT, related_name="+", to="store.hook"
            ),
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.UniqueConstraint(fields=("digest",), name="api_token_once"),
        ),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("name",), name="api_token_one_of_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="apirequest",
            constraint=models.UniqueConstraint(fields=("token", "key"), name="api_request_once"),
        ),
        migrations.AddConstraint(
            model_name="hook",
            constraint=models.UniqueConstraint(fields=("hook_id",), name="hook_once"),
        ),
        migrations.AddIndex(
            model_name="hooktold",
            index=models.Index(condition=models.Q(("done_at", None)), fields=["next_try_at"], name="hook_told_open"),
        ),
        migrations.AddConstraint(
            model_name="hooktold",
            constraint=models.UniqueConstraint(fields=("hook", "chain", "seq"), name="hook_told_once"),
        ),
    ]
