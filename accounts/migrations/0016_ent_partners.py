"""ENT from which families come, and where each is believed."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_left_out"),
        ("establishments", "0013_student_by_ine"),
    ]

    operations = [
        migrations.CreateModel(
            name="EntPartner",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("label", models.CharField(max_length=120, verbose_name="nom")),
                ("issuer", models.CharField(max_length=255, verbose_name="émetteur")),
                ("client_id", models.CharField(max_length=255)),
                ("sealed_secret", models.TextField()),
                ("jointure_claim", models.CharField(blank=True, default="ENTPersonJointure", max_length=60)),
                ("ine_claim", models.CharField(blank=True, default="ENTEleveINE", max_length=60)),
                ("is_enabled", models.BooleanField(default=True, verbose_name="proposé aux familles")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "academy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ent_partners",
                        to="establishments.academy",
                    ),
                ),
                (
                    "establishments",
                    models.ManyToManyField(related_name="ent_partners", to="establishments.establishment"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("issuer", "client_id"), name="ent_partner_once"),
                    models.CheckConstraint(
                        condition=models.Q(("ine_claim", ""), ("jointure_claim", ""), _negated=True),
                        name="ent_partner_names_someone",
                    ),
                ],
            },
        ),
    ]
