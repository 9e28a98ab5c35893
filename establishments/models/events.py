"""The append-only record of what was done: history of an account, journal of an establishment."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from establishments.models.agents import Agent
from establishments.models.places import Establishment


class EventKind(models.TextChoices):
    """The whole vocabulary, `room:object:act`, with the words the history shows."""

    ACCOUNT_NOTIFY = "account:notify", "Compte notifié"
    ACCOUNT_NOTIFY_RESET = "account:notify:reset", "Compte notifié avec réinitialisation du mot de passe"
    ACCOUNT_REMINDED = "account:reminded", "Rappel de l’échéance par courriel"
    ACCOUNT_SHEET_REPRINT = "account:sheet:reprint", "Feuille rééditée"
    ACCOUNT_PASSWORD_RESET = "account:password:reset", "Mot de passe réinitialisé"
    ACCOUNT_PASSWORD_CHOSEN = "account:password:chosen", "Mot de passe choisi par la famille"
    ACCOUNT_SECRET_SHOWN = "account:secret:shown", "Mot de passe provisoire affiché"
    ACCOUNT_SECRET_EXPIRED = "account:secret:expired", "Mot de passe provisoire expiré"
    ACCOUNT_ACTIVATION_STARTED = "account:activation:started", "Activation commencée"
    ACCOUNT_ACTIVATION_RESENT = "account:activation:resent", "Courriel d’activation renvoyé"
    ACCOUNT_ACTIVATION_MAIL = "account:activation:mail", "Compte activé : adresse mail confirmée"
    ACCOUNT_ACTIVATION_SMS = "account:activation:sms", "Compte activé par la famille (SMS)"
    ACCOUNT_ACTIVATION_FRANCECONNECT = "account:activation:franceconnect", "Compte activé par FranceConnect"
    ACCOUNT_ACTIVATION_ENT = "account:activation:ent", "Compte activé par transition depuis un ENT"
    ACCOUNT_FRANCECONNECT_LINKED = "account:franceconnect:linked", "FranceConnect lié au compte"
    ACCOUNT_FRANCECONNECT_UNLINKED = "account:franceconnect:unlinked", "FranceConnect délié du compte"
    ACCOUNT_RELATION_CONTESTED = "account:relation:contested", "Lien avec un élève contesté par la famille"
    ACCOUNT_RELATION_CHECKED = "account:relation:checked", "Lien contesté vérifié par l’établissement"
    ACCOUNT_BIRTH_DATE_REFUSED = "account:birth-date:refused", "Date de naissance refusée à l’activation"
    ACCOUNT_MAIL_CHANGED = "account:mail:changed", "Adresse mail changée par la famille"
    ACCOUNT_MOBILE_CHANGED = "account:mobile:changed", "Mobile changé par la famille"
    ACCOUNT_RECOVERY_ASKED = "account:recovery:asked", "Nouveau mot de passe demandé par la famille"
    ACCOUNT_CHILD_ATTACHED = "account:child:attached", "Enfant rattaché au compte"
    ACCOUNT_CHILD_DETACHED = "account:child:detached", "Enfant détaché du compte"
    ACCOUNT_JOINED = "account:joined", "Fiche rapprochée du compte"
    ACCOUNT_MERGED = "account:merged", "Compte fermé : réuni avec l’autre compte de la même personne"
    ACCOUNT_UNJOINED = "account:unjoined", "Rapprochement défait"
    ACCOUNT_TOLD_APART = "account:told-apart", "Doublon écarté : deux personnes"
    ACCOUNT_SECRET_LISTED = "account:secret:listed", "Mot de passe provisoire porté sur une liste"
    OPERATION_CONFIRMED = "operation:confirmed", "Opération lancée"
    OPERATION_REPRINTED = "operation:reprinted", "Feuilles rééditées"
    OPERATION_HASTENED = "operation:hastened", "Envoi avancé"
    OPERATION_CANCELLED = "operation:cancelled", "Envoi annulé"
    DOCUMENT_DOWNLOADED = "document:downloaded", "Document téléchargé"
    LIST_SECRETS_MADE = "list:secrets:made", "Liste avec mots de passe éditée"
    LIST_SECRETS_DOWNLOADED = "list:secrets:downloaded", "Liste avec mots de passe téléchargée"
    SETTING_CHANGED = "setting:changed", "Réglage modifié"
    ACCOUNT_CLOSED = "account:closed", "Compte fermé"
    ACCOUNT_REOPENED = "account:reopened", "Compte rouvert"
    ACCOUNT_ANONYMISED = "account:anonymised", "Compte rendu anonyme"
    LIST_MADE = "list:made", "Liste éditée"
    LIST_DOWNLOADED = "list:downloaded", "Liste téléchargée"
    ISSUES_EXPORTED = "issues:exported", "Liste des données à corriger exportée"
    JOURNAL_EXPORTED = "journal:exported", "Journal exporté"
    JOURNAL_PURGED = "journal:purged", "Journal purgé"
    IMPORT_APPLIED = "import:applied", "Données mises à jour par l’import"
    AGENT_SIGNED_IN = "agent:sign-in", "Connexion à la console"
    AGENT_SIGN_IN_REFUSED = "agent:sign-in:refused", "Connexion refusée après trop d’essais"
    AGENT_SIGNED_OUT = "agent:sign-out", "Déconnexion"
    AGENT_PASSWORD_CHANGED = "agent:password:changed", "Mot de passe de l’agent changé"
    AGENT_FACTOR_ADDED = "agent:factor:added", "Second facteur ajouté"
    AGENT_FACTOR_REMOVED = "agent:factor:removed", "Second facteur retiré"
    AGENT_SESSIONS_ENDED = "agent:sessions:ended", "Sessions fermées"
    AGENT_CLAIMS_REFUSED = "agent:claims:refused", "Délégation de la fédération écartée"
    MANDATE_STARTED = "mandate:started", "Direction commencée"
    MANDATE_CHANGED = "mandate:changed", "Droits d’un adjoint modifiés"
    MANDATE_ENDED = "mandate:ended", "Direction terminée"
    DELEGATION_GRANTED = "delegation:granted", "Délégation accordée"
    DELEGATION_CHANGED = "delegation:changed", "Délégation modifiée"
    DELEGATION_ENDED = "delegation:ended", "Délégation terminée"
    ASSISTANCE_ENTERED = "assistance:entered", "Consultation par l’assistance académique"
    ASSISTANCE_LEFT = "assistance:left", "Fin de la consultation par l’assistance académique"
    PERSON_EXPORTED = "person:exported", "Données d’une personne exportées (droit d’accès)"
    SECRETS_ROTATED = "secrets:rotated", "Clés de chiffrement renouvelées"


class Event(models.Model):
    """One act. The target is named by kind and id; `data` never holds a secret nor a name.

    Triggers refuse UPDATE, DELETE and TRUNCATE, and an event of a day which is sealed. The table has a
    partition a month (UTC) and its key in the database is (id, at). `agent` is null when the family or the
    platform acted.
    """

    class Actor(models.TextChoices):
        AGENT = "AGENT", "Agent"
        FAMILY = "FAMILY", "Famille"
        PLATFORM = "PLATFORM", "Plateforme"

    kind = models.CharField(max_length=40, choices=EventKind.choices)
    at = models.DateTimeField(default=timezone.now)
    establishment = models.ForeignKey(
        Establishment, models.PROTECT, null=True, db_index=False, related_name="events"
    )
    actor = models.CharField(max_length=8, choices=Actor.choices)
    agent = models.ForeignKey(Agent, models.PROTECT, null=True, db_index=False, related_name="events")
    target_kind = models.CharField(max_length=20)
    target_id = models.BigIntegerField()
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["establishment", "-at", "-id"], name="event_journal"),
            models.Index(fields=["target_kind", "target_id", "-at", "-id"], name="event_history"),
            models.Index(fields=["establishment", "kind", "-at", "-id"], name="event_kinds"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="event_kind"),
            models.CheckConstraint(
                condition=Q(actor="AGENT", agent__isnull=False) | (~Q(actor="AGENT") & Q(agent__isnull=True)),
                name="event_actor",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target_kind}:{self.target_id}"


class JournalSeal(models.Model):
    """One UTC day of events, sealed: whoever changes one later is found out (establishments/seals.py).

    `events_sha256` is of the events in canonical order; `sha256` of this row and the previous seal's.
    """

    day = models.DateField(primary_key=True)
    first_event = models.BigIntegerField(null=True)
    last_event = models.BigIntegerField(null=True)
    events = models.PositiveIntegerField()
    events_sha256 = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.day} {self.sha256}"
