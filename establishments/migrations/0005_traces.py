from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("establishments", "0004_reminder_event"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="event",
            name="event_kind",
        ),
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(
                choices=[
                    ("account:notify", "Compte notifié"),
                    ("account:notify:reset", "Compte notifié avec réinitialisation du mot de passe"),
                    ("account:reminded", "Rappel de l’échéance par courriel"),
                    ("account:sheet:reprint", "Feuille rééditée"),
                    ("account:password:reset", "Mot de passe réinitialisé"),
                    ("account:password:chosen", "Mot de passe choisi par la famille"),
                    ("account:secret:shown", "Mot de passe provisoire affiché"),
                    ("account:secret:expired", "Mot de passe provisoire expiré"),
                    ("account:activation:started", "Activation commencée"),
                    ("account:activation:resent", "Courriel d’activation renvoyé"),
                    ("account:activation:mail", "Compte activé : adresse mail confirmée"),
                    ("account:activation:sms", "Compte activé par la famille (SMS)"),
                    ("account:activation:franceconnect", "Compte activé par FranceConnect"),
                    ("account:activation:ent", "Compte activé par transition depuis un ENT"),
                    ("account:franceconnect:linked", "FranceConnect lié au compte"),
                    ("account:child:attached", "Enfant rattaché au compte"),
                    ("account:child:detached", "Enfant détaché du compte"),
                    ("account:secret:listed", "Mot de passe provisoire porté sur une liste"),
                    ("operation:confirmed", "Opération lancée"),
                    ("operation:reprinted", "Feuilles rééditées"),
                    ("operation:hastened", "Envoi avancé"),
                    ("operation:cancelled", "Envoi annulé"),
                    ("document:downloaded", "Document téléchargé"),
                    ("list:secrets:made", "Liste avec mots de passe éditée"),
                    ("list:secrets:downloaded", "Liste avec mots de passe téléchargée"),
                    ("setting:changed", "Réglage modifié"),
                ],
                max_length=40,
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "account:notify",
                            "account:notify:reset",
                            "account:reminded",
                            "account:sheet:reprint",
                            "account:password:reset",
                            "account:password:chosen",
                            "account:secret:shown",
                            "account:secret:expired",
                            "account:activation:started",
                            "account:activation:resent",
                            "account:activation:mail",
                            "account:activation:sms",
                            "account:activation:franceconnect",
                            "account:activation:ent",
                            "account:franceconnect:linked",
                            "account:child:attached",
                            "account:child:detached",
                            "account:secret:listed",
                            "operation:confirmed",
                            "operation:reprinted",
                            "operation:hastened",
                            "operation:cancelled",
                            "document:downloaded",
                            "list:secrets:made",
                            "list:secrets:downloaded",
                            "setting:changed",
                        ],
                    )
                ),
                name="event_kind",
            ),
        ),
    ]
