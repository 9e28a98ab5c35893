"""The view which says what account holds which child, now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            -- Few and tested for every row: they are looked up among themselves.
            CREATE INDEX account_closed ON accounts_account (id) WHERE closed_at IS NOT NULL;
            CREATE VIEW accounts_holding AS
            SELECT link.id AS id, source.account_id, 'RESPONSABLE'::varchar AS kind,
                   student.id AS student_id, source.responsable_id, student.establishment_id,
                   student.surname_key, student.given_name_key
            FROM accounts_accountsource source
            JOIN establishments_responsibility link ON link.responsable_id = source.responsable_id
            JOIN establishments_student student ON student.id = link.student_id
            WHERE source.closed_at IS NULL AND link.is_legal AND link.ended_at IS NULL
              AND student.left_at IS NULL AND student.eligible_at IS NOT NULL
              AND NOT EXISTS (SELECT FROM accounts_account closed
                              WHERE closed.id = source.account_id AND closed.closed_at IS NOT NULL)
            UNION ALL
            SELECT -student.id, source.account_id, 'STUDENT'::varchar,
                   student.id, NULL, student.establishment_id,
                   student.surname_key, student.given_name_key
            FROM accounts_accountsource source
            JOIN establishments_student student ON student.id = source.student_id
            WHERE source.closed_at IS NULL AND student.left_at IS NULL
              AND NOT EXISTS (SELECT FROM accounts_account closed
                              WHERE closed.id = source.account_id AND closed.closed_at IS NOT NULL)
            """,
            "DROP VIEW accounts_holding; DROP INDEX account_closed",
        ),
    ]
