"""The register of debtors: signed entries, who may read them, who looked whom up, and what readers have signed for."""

from typing import Any, ClassVar, Final

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from duecourse.store.grants import GRANTS

# An ending of this kind comes into the register with its signed entry and by a second person, or not at all, and the
# versions of an entry follow on each other. One lock for all, so that no number is seen before a smaller one.
_ENTERING: Final = """
CREATE FUNCTION register_enters() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    decided_by text;
    before text;
    said jsonb := NEW.details -> 'entry';
    says jsonb;
BEGIN
    SELECT s.user_id INTO decided_by FROM ending e JOIN staff s ON s.id = e.decided_by
    WHERE e.id = NEW.ending_no AND e.kind = 'list';
    IF NOT FOUND OR NEW.state NOT IN ('entered', 'removed')
        OR (NEW.state = 'entered' AND NEW.state_before = 'entered' AND said IS NULL) THEN
        RETURN NEW;
    END IF;
    IF NEW.state = 'entered' AND NEW."by" = decided_by THEN
        RAISE EXCEPTION 'ending %: whoever decided an entry does not make it', NEW.ending_no
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF said IS NULL THEN
        RAISE EXCEPTION 'ending %: nothing comes into the register without its signed entry', NEW.ending_no
            USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('register_entry'));
    SELECT digest INTO before FROM register_entry WHERE ending_no = NEW.ending_no ORDER BY number DESC LIMIT 1;
    says := (said ->> 'body')::jsonb;
    IF before IS DISTINCT FROM (says ->> 'replaces') THEN
        RAISE EXCEPTION 'ending %: the entry does not follow on the one before it', NEW.ending_no
            USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO register_entry (number, ending_no, step_no, what, body, digest, key, signature, at)
    SELECT coalesce(max(number), 0) + 1, NEW.ending_no, NEW.id, says ->> 'what', said ->> 'body',
        encode(sha256(convert_to(said ->> 'body', 'UTF8')), 'hex'), said ->> 'key', said ->> 'signature', NEW.at
    FROM register_entry;
    RETURN NEW;
END $$;
CREATE TRIGGER ending_step_enters AFTER INSERT ON ending_step FOR EACH ROW EXECUTE FUNCTION register_enters();
"""
_NO_ENTERING: Final = """
DROP TRIGGER ending_step_enters ON ending_step;
DROP FUNCTION register_enters();
"""


class Migration(migrations.Migration):
    """The tables, and the trigger that fills one of them."""

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("store", "0014_agencies"),
    ]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="RegisterEntry",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("what", models.TextField()),
                ("body", models.TextField()),
                ("digest", models.TextField()),
                ("key", models.TextField()),
                ("signature", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "ending",
                    models.ForeignKey(
                        db_column="ending_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.ending",
                    ),
                ),
                (
                    "step",
                    models.OneToOneField(
                        db_column="step_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.endingstep",
                    ),
                ),
            ],
            options={
                "db_table": "register_entry",
            },
        ),
        migrations.CreateModel(
            name="RegisterReader",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.TextField()),
                ("public_key", models.TextField()),
                ("purposes", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("added_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "register_reader",
                "constraints": [models.UniqueConstraint(fields=("name",), name="register_reader_once")],
            },
        ),
        migrations.CreateModel(
            name="RegisterLookup",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("asked_by", models.TextField()),
                ("purpose", models.TextField()),
                ("at", models.DateTimeField()),
                ("told", models.IntegerField()),
                ("refused", models.TextField(null=True)),
                ("signature", models.TextField(null=True)),
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
                    "reader",
                    models.ForeignKey(
                        db_column="reader_no",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.registerreader",
                    ),
                ),
            ],
            options={
                "db_table": "register_lookup",
            },
        ),
        migrations.CreateModel(
            name="RegisterReceipt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("signature", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "reader",
                    models.ForeignKey(
                        db_column="reader_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.registerreader",
                    ),
                ),
                (
                    "through",
                    models.ForeignKey(
                        db_column="through_no",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="store.registerentry",
                    ),
                ),
            ],
            options={
                "db_table": "register_receipt",
            },
        ),
        migrations.AddConstraint(
            model_name="registerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("what__in", ("entered", "corrected", "removed"))), name="register_entry_what"
            ),
        ),
        migrations.AddConstraint(
            model_name="registerentry",
            constraint=models.UniqueConstraint(fields=("digest",), name="register_entry_once"),
        ),
        migrations.AddIndex(
            model_name="registerlookup",
            index=models.Index(fields=["borrower", "id"], name="register_lookup_of"),
        ),
        migrations.AddConstraint(
            model_name="registerlookup",
            constraint=models.UniqueConstraint(fields=("signature",), name="register_lookup_once"),
        ),
        migrations.AddConstraint(
            model_name="registerlookup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reader__isnull", False), ("refused__isnull", True), ("signature__isnull", False)),
                    models.Q(("refused__isnull", False), ("signature__isnull", True), ("told", 0)),
                    _connector="OR",
                ),
                name="register_lookup_answered",
            ),
        ),
        migrations.AddConstraint(
            model_name="registerreceipt",
            constraint=models.UniqueConstraint(fields=("reader", "through"), name="register_receipt_once"),
        ),
        migrations.RunSQL(_ENTERING, _NO_ENTERING),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
