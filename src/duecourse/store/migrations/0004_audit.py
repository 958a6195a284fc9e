"""The audit chain: entries that nobody may change, the heads of the chains, and how far each was sealed."""

from typing import Any, ClassVar, Final

from django.db import migrations, models

from duecourse.store.grants import GRANTS

# For each statement, whether or not it finds a row; ALWAYS, so that a session of replication is refused as well.
# A superuser can still take the triggers away: that is what the seals are for.
_REFUSAL: Final = """
CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION '% of % is refused: the audit chain is only added to', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses();
CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_stays;
ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_stays;
"""
_NO_REFUSAL: Final = """
DROP TRIGGER audit_head_stays ON audit_head;
DROP TRIGGER audit_entry_stays ON audit_entry;
DROP FUNCTION audit_refuses();
"""

# Half of each page of heads is left free: an update stays on its page and touches no index. What is sealed does not
# shrink when it is compressed, so that is not tried.
_STORAGE: Final = """
ALTER TABLE audit_head SET (fillfactor = 50);
ALTER TABLE audit_sealed SET (fillfactor = 50);
ALTER TABLE audit_entry ALTER body SET STORAGE EXTERNAL;
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_form
    CHECK (chain >= 0 AND seq > 0 AND octet_length(prev) = 32 AND octet_length(hash) = 32);
ALTER TABLE audit_head ADD CONSTRAINT audit_head_form CHECK (seq > 0 AND octet_length(hash) = 32);
"""


def _heads(name: str) -> migrations.CreateModel:
    """Make a table that names one entry of each chain."""
    return migrations.CreateModel(
        name=name,
        fields=[
            ("chain", models.BigIntegerField(primary_key=True, serialize=False)),
            ("seq", models.BigIntegerField()),
            ("hash", models.BinaryField()),
        ],
        options={"db_table": {"AuditHead": "audit_head", "AuditSealed": "audit_sealed"}[name]},
    )


class Migration(migrations.Migration):
    """The tables of the audit chain, what refuses changes, and who may write."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("store", "0003_outbox")]

    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("pk", models.CompositePrimaryKey("chain", "seq", blank=True, editable=False, serialize=False)),
                ("chain", models.BigIntegerField()),
                ("seq", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("kind", models.TextField()),
                ("by", models.TextField()),
                ("about", models.TextField()),
                ("person", models.BigIntegerField()),
                ("body", models.BinaryField()),
                ("prev", models.BinaryField()),
                ("hash", models.BinaryField()),
            ],
            options={"db_table": "audit_entry"},
        ),
        _heads("AuditHead"),
        _heads("AuditSealed"),
        migrations.RunSQL(_REFUSAL, _NO_REFUSAL),
        migrations.RunSQL(_STORAGE, migrations.RunSQL.noop),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
