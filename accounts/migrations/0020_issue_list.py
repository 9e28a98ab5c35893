"""Long lists of what is to correct are printed by operations; a contested relation says who contests it."""

import django.contrib.postgres.fields
from django.db import migrations, models

# The journal keeps its events for a time only: what they say of the lines still open goes to the lines.
_FILL = """
UPDATE accounts_dataissue issue SET contested_by = said.responsables
FROM (SELECT establishment_id, (data->>'student')::bigint AS student,
             array_agg(DISTINCT (data->>'responsable')::bigint) AS responsables
      FROM establishments_event
      WHERE kind = 'account:relation:contested' AND data->>'responsable' IS NOT NULL
      GROUP BY establishment_id, (data->>'student')::bigint) said
WHERE issue.kind = 'RELATION_CONTESTED' AND issue.solved_at IS NULL
      AND issue.student_id = said.student AND issue.establishment_id = said.establishment_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_what_joinings_brought"),
        ("establishments", "0013_student_by_ine"),
    ]

    operations = [
        migrations.AddField(
            model_name="dataissue",
            name="contested_by",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), db_default=[], default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="operation",
            name="kind",
            field=models.CharField(
                choices=[
                    ("NOTIFY_SHEETS", "Notification par feuilles individuelles"),
                    ("NOTIFY_MAIL", "Notification par courrier électronique"),
                    ("RESET", "Réinitialisation des mots de passe"),
                    ("RELAUNCH", "Relance"),
                    ("LIST", "Liste de comptes"),
                    ("LEAFLET", "Dépliant"),
                    ("ISSUE_LIST", "Liste des données à corriger"),
                ],
                max_length=16,
            ),
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    ]
