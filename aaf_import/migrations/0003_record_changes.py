"""The records that an import changed, by night."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("aaf_import", "0002_delta"),
        ("establishments", "0010_refused_contacts"),
    ]

    operations = [
        migrations.CreateModel(
            name="RecordChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="constaté le")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("arrived", "Arrivées"),
                            ("left", "Départs"),
                            ("class_changes", "Changements de classe"),
                            ("corrected", "Fiches mises à jour"),
                        ],
                        max_length=16,
                        verbose_name="changement",
                    ),
                ),
                (
                    "establishment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="establishments.establishment",
                    ),
                ),
                (
                    "responsable",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="establishments.responsable",
                    ),
                ),
                (
                    "student",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="establishments.student",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["establishment", "at"], name="record_change_of_night"),
                    models.Index(fields=["at"], name="record_change_oldest"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("responsable__isnull", False), ("student__isnull", True)),
                            models.Q(("responsable__isnull", True), ("student__isnull", False)),
                            _connector="OR",
                        ),
                        name="record_change_of_one_record",
                    )
                ],
            },
        ),
    ]
