"""Probable duplicates are lines of « À traiter », one a pair."""

import django.db.models.deletion
from django.db import migrations, models

KINDS = [
    ("GUARDIAN_MISSING", "aucun responsable légal"),
    ("INE_MISSING", "INE absent"),
    ("CLASS_MISSING", "aucune classe"),
    ("BIRTH_DATE_DOUBTFUL", "date de naissance douteuse"),
    ("MOBILE_MISSING", "téléphone portable absent"),
    ("MOBILE_UNUSABLE", "téléphone portable inutilisable"),
    ("MOBILE_SHARED", "téléphone portable commun à deux responsables"),
    ("MAIL_MISSING", "adresse mail absente"),
    ("TO_RENOTIFY", "courrier remplacé, à renotifier"),
    ("MAIL_INVALID", "adresse mail non valable"),
    ("PHONE_INVALID", "téléphone non valable"),
    ("RELATION_CONTESTED", "lien contesté par la famille"),
    ("DUPLICATE", "doublon probable"),
]
# The pairs found by earlier nights; the next night would tell them too.
TELL = """
INSERT INTO accounts_dataissue (establishment_id, kind, responsable_id, duplicate_id, opened_at)
SELECT duplicate.establishment_id, 'DUPLICATE', min(holding.responsable_id), duplicate.id, duplicate.opened_at
FROM accounts_duplicate duplicate
JOIN accounts_holding holding
     ON holding.account_id = duplicate.first_id AND holding.establishment_id = duplicate.establishment_id
        AND holding.kind = 'RESPONSABLE'
WHERE duplicate.decision = '' AND duplicate.closed_at IS NULL
GROUP BY duplicate.id
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0016_ent_partners")]

    operations = [
        migrations.AddField(
            model_name="dataissue",
            name="duplicate",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="data_issues",
                to="accounts.duplicate",
            ),
        ),
        migrations.RemoveConstraint(model_name="dataissue", name="data_issue_kind"),
        migrations.RemoveConstraint(model_name="dataissue", name="data_issue_responsable_once"),
        migrations.AlterField(
            model_name="dataissue",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=20, verbose_name="constat"),
        ),
        migrations.AddConstraint(
            model_name="dataissue",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", [kind for kind, _ in KINDS])), name="data_issue_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="dataissue",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("duplicate__isnull", True),
                    ("responsable__isnull", False),
                    ("solved_at__isnull", True),
                ),
                fields=("responsable", "kind", "establishment"),
                name="data_issue_responsable_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataissue",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("duplicate__isnull", False),
                        ("kind", "DUPLICATE"),
                        ("responsable__isnull", False),
                    ),
                    models.Q(
                        models.Q(("kind", "DUPLICATE"), _negated=True),
                        ("duplicate__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="data_issue_of_a_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataissue",
            constraint=models.UniqueConstraint(
                condition=models.Q(("duplicate__isnull", False), ("solved_at__isnull", True)),
                fields=("duplicate",),
                name="data_issue_pair_once",
            ),
        ),
        migrations.RunSQL(TELL, migrations.RunSQL.noop),
    ]
