"""Academies' assistance and its visits, delegations of the federation, deputies who may delegate; new kinds of events."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("establishments", "0003_event_kinds"),
    ]

    operations = [
        migrations.CreateModel(
            name="AcademyRole",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(choices=[("ASSISTANCE", "Assistance académique")], max_length=12)),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=300, verbose_name="motif")),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ends_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="event",
            name="event_kind",
        ),
        migrations.AddField(
            model_name="delegation",
            name="source",
            field=models.CharField(
                choices=[("GRANTED", "Accordée"), ("CLAIMS", "Fédération d’identité")],
                default="GRANTED",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="mandate",
            name="may_delegate",
            field=models.BooleanField(db_default=False, default=False, verbose_name="peut déléguer"),
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
                    ("account:closed", "Compte fermé"),
                    ("account:reopened", "Compte rouvert"),
                    ("account:anonymised", "Compte rendu anonyme"),
                    ("list:made", "Liste éditée"),
                    ("list:downloaded", "Liste téléchargée"),
                    ("journal:exported", "Journal exporté"),
                    ("journal:purged", "Journal purgé"),
                    ("import:applied", "Données mises à jour par l’import"),
                    ("agent:sign-in", "Connexion à la console"),
                    ("agent:sign-in:refused", "Connexion refusée après trop d’essais"),
                    ("agent:sign-out", "Déconnexion"),
                    ("agent:password:changed", "Mot de passe de l’agent changé"),
                    ("agent:factor:added", "Second facteur ajouté"),
                    ("agent:factor:removed", "Second facteur retiré"),
                    ("agent:sessions:ended", "Sessions fermées"),
                    ("agent:claims:refused", "Délégation de la fédération écartée"),
                    ("mandate:started", "Direction commencée"),
                    ("mandate:changed", "Droits d’un adjoint modifiés"),
                    ("mandate:ended", "Direction terminée"),
                    ("delegation:granted", "Délégation accordée"),
                    ("delegation:changed", "Délégation modifiée"),
                    ("delegation:ended", "Délégation terminée"),
                    ("assistance:entered", "Consultation par l’assistance académique"),
                    ("assistance:left", "Fin de la consultation par l’assistance académique"),
                    ("person:exported", "Données d’une personne exportées (droit d’accès)"),
                    ("secrets:rotated", "Clés de chiffrement renouvelées"),
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
                            "account:closed",
                            "account:reopened",
                            "account:anonymised",
                            "list:made",
                            "list:downloaded",
                            "journal:exported",
                            "journal:purged",
                            "import:applied",
                            "agent:sign-in",
                            "agent:sign-in:refused",
                            "agent:sign-out",
                            "agent:password:changed",
                            "agent:factor:added",
                            "agent:factor:removed",
                            "agent:sessions:ended",
                            "agent:claims:refused",
                            "mandate:started",
                            "mandate:changed",
                            "mandate:ended",
                            "delegation:granted",
                            "delegation:changed",
                            "delegation:ended",
                            "assistance:entered",
                            "assistance:left",
                            "person:exported",
                            "secrets:rotated",
                        ],
                    )
                ),
                name="event_kind",
            ),
        ),
        migrations.AddField(
            model_name="academyrole",
            name="academy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="roles", to="establishments.academy"
            ),
        ),
        migrations.AddField(
            model_name="academyrole",
            name="agent",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="academy_roles",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="visit",
            name="agent",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="visits",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="visit",
            name="establishment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="visits",
                to="establishments.establishment",
            ),
        ),
        migrations.AddConstraint(
            model_name="academyrole",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("agent", "academy", "kind"),
                name="academy_role_open_once",
            ),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(fields=["establishment", "-started_at"], name="visit_of_establishment"),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="visit_reason"
            ),
        ),
    ]
