"""The open sessions of families."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0013_kinds"),
    ]

    operations = [
        migrations.CreateModel(
            name="FamilySession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("session_key", models.CharField(max_length=40, unique=True)),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("PASSWORD", "Mot de passe"),
                            ("ACTIVATION", "Activation du compte"),
                            ("FRANCECONNECT", "FranceConnect"),
                            ("ENT", "ENT"),
                        ],
                        max_length=13,
                        verbose_name="par",
                    ),
                ),
                ("opened_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "address",
                    models.GenericIPAddressField(null=True, unpack_ipv4=True, verbose_name="adresse"),
                ),
                ("browser", models.CharField(blank=True, max_length=200, verbose_name="navigateur")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="family_sessions",
                        to="accounts.account",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["opened_at"], name="family_session_oldest")],
            },
        ),
    ]
