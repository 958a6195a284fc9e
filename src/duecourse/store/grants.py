"""What the application's role may do: read and write rows, and nothing that changes tables.

Of the audit chain and of the register of debtors it may add entries, and neither change nor remove one.
"""

from typing import Final

# The role of the embedded server; on a server of their own, operators grant as docs/operating/store.md says.
# Run after each restore too: whatever all tables get first is taken back here where it is too much.
GRANTS: Final = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'duecourse_app') THEN
        GRANT USAGE ON SCHEMA public TO duecourse_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO duecourse_app;
        REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM duecourse_app;
        IF to_regclass('audit_entry') IS NOT NULL THEN
            REVOKE UPDATE, DELETE ON audit_entry FROM duecourse_app;
            REVOKE DELETE ON audit_head, audit_sealed FROM duecourse_app;
        END IF;
        IF to_regclass('register_entry') IS NOT NULL THEN
            REVOKE UPDATE, DELETE ON register_entry, register_lookup, register_receipt FROM duecourse_app;
        END IF;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO duecourse_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO duecourse_app;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO duecourse_app;
    END IF;
END $$
"""
