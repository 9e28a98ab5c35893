"""What bringing people together searches by: keys of names made in SQL, an index of mobiles, its events."""

from django.db import migrations, models

# names.name_key, word for word: a test compares the two.
NAME_KEY = """
CREATE FUNCTION establishments_name_key(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN name ~ '^[A-Z]*$' THEN name ELSE
        regexp_replace(
            upper(regexp_replace(
                normalize(
                    replace(replace(replace(replace(replace(
                        translate(name, 'øØłŁđĐ', 'oOlLdD'),
                        'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE'), 'ß', 'ss'),
                    NFKD),
                '[^A-Za-z]', '', 'g')),
            '[^A-Z]', '', 'g') END
$$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("establishments", "0008_journal"),
    ]

    operations = [
        migrations.RunSQL(NAME_KEY, "DROP FUNCTION establishments_name_key(text)"),
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
                    ("account:joined", "Fiche rapprochée du compte"),
                    ("account:merged", "Compte fermé : réuni avec l’autre compte de la même personne"),
                    ("account:unjoined", "Rapprochement défait"),
                    ("account:told-apart", "Doublon écarté : deux personnes"),
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
        migrations.AddIndex(
            model_name="responsable",
            index=models.Index(
                condition=models.Q(("mobile", ""), _negated=True),
                fields=["mobile", "given_name_key"],
                name="responsable_by_mobile",
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
                            "account:joined",
                            "account:merged",
                            "account:unjoined",
                            "account:told-apart",
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
    ]
