"""The whole vocabulary of the model, checked by the database: what joining, what to correct and imports added to it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_issues_page"),
        ("establishments", "0012_kinds"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="dataissue",
            name="data_issue_kind",
        ),
        migrations.AlterField(
            model_name="dataissue",
            name="kind",
            field=models.CharField(
                choices=[
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
                ],
                max_length=20,
                verbose_name="constat",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataissue",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "GUARDIAN_MISSING",
                            "INE_MISSING",
                            "CLASS_MISSING",
                            "BIRTH_DATE_DOUBTFUL",
                            "MOBILE_MISSING",
                            "MOBILE_UNUSABLE",
                            "MOBILE_SHARED",
                            "MAIL_MISSING",
                            "TO_RENOTIFY",
                            "MAIL_INVALID",
                            "PHONE_INVALID",
                            "RELATION_CONTESTED",
                        ],
                    )
                ),
                name="data_issue_kind",
            ),
        ),
    ]
