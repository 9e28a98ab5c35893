import django.db.models.deletion
from django.db import migrations, models

# The mails promised before this table was: those of bulk notifications.
BACKFILL = """
INSERT INTO accounts_accountmail (account_id, establishment_id, delivery_id)
SELECT item.account_id, operation.establishment_id, item.delivery_id
FROM accounts_operationitem item JOIN accounts_operation operation ON operation.id = item.operation_id
WHERE item.delivery_id IS NOT NULL ORDER BY item.id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_mails"),
        ("establishments", "0003_event_kinds"),
        ("notifications", "0002_mail_queue"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("distributed_at", models.DateTimeField(null=True)),
                ("days_ahead", models.PositiveSmallIntegerField(null=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="operationitem",
            name="item_mails",
        ),
        migrations.AddField(
            model_name="establishmentsettings",
            name="sends_reminders",
            field=models.BooleanField(
                default=False,
                help_text="La plateforme écrit aux familles notifiées qui n’ont pas activé leur compte et dont une adresse mail est connue.",
                verbose_name="Rappeler l’échéance par courriel, 30 jours puis 7 jours avant",
            ),
        ),
        migrations.AddField(
            model_name="accountmail",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="mails",
                to="accounts.account",
            ),
        ),
        migrations.AddField(
            model_name="accountmail",
            name="delivery",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="account_mail",
                to="notifications.delivery",
            ),
        ),
        migrations.AddField(
            model_name="accountmail",
            name="establishment",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="establishments.establishment",
            ),
        ),
        migrations.AddIndex(
            model_name="accountmail",
            index=models.Index(fields=["account", "-id"], name="account_mails"),
        ),
        migrations.AddConstraint(
            model_name="accountmail",
            constraint=models.UniqueConstraint(
                fields=("account", "distributed_at", "days_ahead"), name="reminder_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="accountmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("days_ahead__isnull", True), ("distributed_at__isnull", True)),
                    models.Q(
                        ("days_ahead__isnull", False),
                        ("distributed_at__isnull", False),
                        ("establishment__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="reminder_of_a_notification",
            ),
        ),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
    ]
