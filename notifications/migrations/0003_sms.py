import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0002_mail_queue"),
    ]

    operations = [
        migrations.CreateModel(
            name="SmsMessage",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("sealed", models.TextField(blank=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "En attente"),
                            ("sent", "Envoyé"),
                            ("failed", "Refusé"),
                            ("expired", "Trop tard"),
                        ],
                        default="pending",
                        max_length=8,
                        verbose_name="état",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="tentatives")),
                ("next_attempt_at", models.DateTimeField(null=True, verbose_name="prochaine tentative")),
                ("leased_until", models.DateTimeField(null=True)),
                (
                    "last_error",
                    models.CharField(blank=True, default="", max_length=100, verbose_name="dernière erreur"),
                ),
                ("created_at", models.DateTimeField(verbose_name="promis le")),
                ("expires_at", models.DateTimeField(verbose_name="inutile après")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="envoyé le")),
            ],
            options={
                "verbose_name": "SMS",
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "pending")),
                        fields=["next_attempt_at"],
                        name="sms_queue",
                    ),
                    models.Index(fields=["created_at"], name="sms_oldest"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("next_attempt_at__isnull", False),
                                ("status", "pending"),
                                models.Q(("sealed", ""), _negated=True),
                            ),
                            models.Q(
                                ("status__in", ["sent", "failed", "expired"]),
                                ("leased_until__isnull", True),
                                ("next_attempt_at__isnull", True),
                                ("sealed", ""),
                            ),
                            _connector="OR",
                        ),
                        name="sms_is_sealed_until_it_ends",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sent_at__isnull", False), ("status", "sent")),
                            models.Q(models.Q(("status", "sent"), _negated=True), ("sent_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="sms_sent_date_once_sent",
                    ),
                ],
            },
        ),
    ]
