"""What each table holds of persons: which columns are told to the one they are about, which are not and why.

A test walks every model: a new table, or a new column, is said here or nothing passes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TECHNICAL = "donnée technique, qui ne dit rien de la personne"
SECRET = "secret, qui n’est communiqué à personne"
OTHERS = "nomme d’autres personnes : la catégorie de destinataires est donnée à la place"
SAID_ELSEWHERE = "dit ailleurs dans ce dossier"
DERIVED = "calculé à partir d’une donnée communiquée"


@dataclass(frozen=True, slots=True)
class Told:
    """Columns told, by the words they are told under; and those which are not, by the reason."""

    columns: Mapping[str, str]
    withheld: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_RECORD = {
    "feed_id": "Flux",
    "jointure": "Clé de l’annuaire académique",
    "title": "Civilité",
    "surname": "Nom",
    "birth_surname": "Nom de famille",
    "given_name": "Prénom",
    "source_id": "Identifiant ONDE / SIECLE",
    "left_at": "Absent des extraits depuis",
}
_RECORD_WITHHELD = {TECHNICAL: ("id", "digest", "erased_at"), DERIVED: ("surname_key", "given_name_key")}
PLACES = "un lieu, ou le titre d’une classe : aucune personne"
COUNTS = "des nombres : aucune personne"
SETTINGS = "réglages ou rouages du logiciel : aucune personne"

REGISTER: Mapping[str, Told | str] = {
    "accounts.Account": Told(
        {
            "identifier": "Identifiant",
            "kind": "Compte de",
            "state": "État",
            "origin": "Origine",
            "created_at": "Créé le",
            "distributed_at": "Distribué le",
            "distributed_by_id": "Distribué par",
            "times_distributed": "Nombre de distributions",
            "secret_drawn_at": "Mot de passe provisoire créé le",
            "secret_expires_at": "Mot de passe provisoire valable jusqu’au",
            "reset_requested_at": "Réinitialisation demandée le",
            "activating_since": "Activation commencée le",
            "activation_link_at": "Lien d’activation envoyé le",
            "activated_at": "Activé le",
            "pending_mail": "Adresse mail à confirmer",
            "mail": "Adresse mail confirmée",
            "mobile": "Mobile",
            "franceconnect_sub": "Identifiant de FranceConnect",
            "last_sign_in_at": "Dernière connexion",
            "closed_at": "Fermé le",
        },
        {
            SECRET: ("sealed_secret", "password"),
            TECHNICAL: ("id", "version", "activation_link_number", "anonymised_at", "merged_into_id"),
        },
    ),
    "accounts.AccountSource": Told(
        {"opened_at": "Depuis", "closed_at": "Jusqu’au", "reason": "Motif"},
        {TECHNICAL: ("id", "account_id", "joining_id"), SAID_ELSEWHERE: ("responsable_id", "student_id")},
    ),
    "accounts.Joining": "le rapprochement de deux fiches, dit par le motif de leur source et l’historique",
    "accounts.Duplicate": (
        "deux comptes peut-être d’une même personne, par leurs numéros : la comparaison en nomme une autre"
    ),
    "accounts.FormerSecret": "l’empreinte d’un mot de passe provisoire mort, détruite à son terme",
    "accounts.Recheck": "une file d’attente d’une nuit : des numéros",
    "accounts.Absence": Told({"since": "Sans élève depuis"}, {TECHNICAL: ("account_id",)}),
    "accounts.AccountMail": Told(
        {
            "establishment_id": "Pour",
            "distributed_at": "Rappel de la notification du",
            "days_ahead": "Jours avant",
        },
        {TECHNICAL: ("id", "account_id"), SAID_ELSEWHERE: ("delivery_id",)},
    ),
    "notifications.Delivery": Told(
        {
            "recipient": "Adresse",
            "subject": "Objet",
            "status": "État",
            "created_at": "Promis le",
            "sent_at": "Envoyé le",
            "last_error": "Réponse du serveur",
        },
        {
            TECHNICAL: (
                *("id", "attempts", "next_attempt_at", "leased_until", "message_id"),
                *("reference_kind", "reference_id"),
            ),
            DERIVED: ("domain",),
        },
    ),
    "accounts.FamilySession": Told(
        {
            "opened_at": "Ouverte le",
            "seen_at": "Vue le",
            "ended_at": "Fermée le",
            "way": "Par",
            "address": "Adresse du réseau",
            "browser": "Navigateur",
        },
        {TECHNICAL: ("id", "account_id"), SECRET: ("session_key",)},
    ),
    "accounts.FamilyLink": Told(
        {"purpose": "Pour", "mail": "Adresse mail", "asked_at": "Demandé le", "used_at": "Utilisé le"},
        {TECHNICAL: ("id", "account_id", "number"), SECRET: ("stamp",)},
    ),
    "accounts.PasswordLink": Told(
        {"created_at": "Créé le", "used_at": "Ouvert le"},
        {SECRET: ("token_hash", "secret_hash"), TECHNICAL: ("account_id", "delivery_id")},
    ),
    "accounts.DataIssue": Told(
        {
            "kind": "Constat",
            "establishment_id": "Signalé à",
            "opened_at": "Constaté le",
            "solved_at": "Corrigé le",
        },
        {TECHNICAL: ("id", "responsable_id", "student_id", "duplicate_id"), OTHERS: ("contested_by",)},
    ),
    "accounts.Operation": Told(
        {"kind": "Opération", "establishment_id": "Par", "confirmed_at": "Le"},
        {
            OTHERS: ("agent_id", "document_id"),
            TECHNICAL: (
                *("id", "population", "with_reset", "options", "status", "created_at", "starts_at"),
                *("finished_at", "heartbeat_at"),
            ),
        },
    ),
    "accounts.OperationItem": Told(
        {"channel": "Moyen", "status": "Résultat", "effect": "Mot de passe", "reason": "Motif"},
        {
            TECHNICAL: ("id", "account_id", "version"),
            SAID_ELSEWHERE: ("operation_id", "delivery_id"),
        },
    ),
    "accounts.OperationPart": "une feuille à imprimer, d’un jour : les comptes y sont des numéros",
    "accounts.Holding": "une vue, sans donnée propre",
    "accounts.LeftOutChild": (
        "un élève dont la famille n’a pas donné la date de naissance : dit par l’historique du compte"
    ),
    "accounts.IdentifierSeries": COUNTS,
    "accounts.EstablishmentSettings": SETTINGS,
    "accounts.EntPartner": SETTINGS,
    "notifications.Document": (
        "fichier chiffré d’un groupe de familles, détruit après quelques jours ; son opération est dite"
    ),
    "notifications.DomainPause": SETTINGS,
    "accounts.RecoveryRequest": (
        "une demande d’identifiant ou de mot de passe perdu : chiffrée, effacée dès qu’un travail y a répondu"
    ),
    "notifications.SmsMessage": (
        "un SMS en route : numéro et texte sont chiffrés, et effacés dès qu’il est parti ou vient trop tard"
    ),
    "establishments.Student": Told(
        {
            **_RECORD,
            "ine": "INE",
            "birth_date": "Date de naissance",
            "establishment_id": "Établissement",
            "school_class_id": "Classe",
            "mef_id": "Formation",
            "level": "Niveau",
            "eligible_at": "Donne droit à un compte depuis",
            "arrived_at": "Dans l’établissement depuis",
        },
        _RECORD_WITHHELD,
    ),
    "establishments.Responsable": Told(
        {
            **_RECORD,
            "address": "Adresse",
            "postcode": "Code postal",
            "city": "Ville",
            "country": "Pays",
            "mobile": "Mobile",
            "mobile_raw": "Mobile tel que saisi",
            "home_phone": "Téléphone",
            "work_phone": "Téléphone professionnel",
            "mail": "Adresse mail",
            "refused_mail": "Adresse mail refusée",
            "refused_phone": "Téléphone refusé",
        },
        _RECORD_WITHHELD,
    ),
    "establishments.Responsibility": Told(
        {
            "kinship": "Parenté (code)",
            "is_legal": "Responsable légal",
            "legal_code": "Code du lien légal",
            "ended_at": "Terminé le",
        },
        {TECHNICAL: ("id",), OTHERS: ("student_id", "responsable_id")},
    ),
    "establishments.Event": Told(
        {"at": "Date", "kind": "Fait", "actor": "Par", "establishment_id": "Établissement"},
        {OTHERS: ("agent_id",), TECHNICAL: ("id", "target_kind", "target_id", "data")},
    ),
    "aaf_import.Anomaly": Told(
        {"code": "Anomalie", "attribute": "Attribut", "run_id": "Import", "establishment_id": "Signalée à"},
        {TECHNICAL: ("id", "category"), SAID_ELSEWHERE: ("jointure",), OTHERS: ("sentence",)},
    ),
    "aaf_import.RecordChange": (
        "dit 60 jours qu’une fiche est arrivée, partie ou modifiée : la fiche elle-même est dite"
    ),
    "aaf_import.ImportRun": COUNTS,
    "statistics.Snapshot": COUNTS,
    "statistics.SnapshotRun": COUNTS,
    "statistics.TerritorySnapshot": COUNTS,
    "establishments.Agent": Told(
        {
            "title": "Civilité",
            "surname": "Nom",
            "given_name": "Prénom",
            "email": "Adresse de connexion",
            "contact_mail": "Adresse mail de l’annuaire",
            "feed_id": "Flux",
            "jointure": "Clé de l’annuaire académique",
            "is_active": "Actif",
            "created_at": "Connu depuis",
            "invited_at": "Invité le",
            "last_login": "Dernière connexion",
        },
        {SECRET: ("password",), TECHNICAL: ("id", "digest")},
    ),
    "establishments.Mandate": Told(
        {
            "establishment_id": "Établissement",
            "role": "Rôle",
            "source": "Source",
            "may_delegate": "Droit de déléguer donné à un adjoint",
            "started_at": "Depuis",
            "ended_at": "Jusqu’au",
        },
        {TECHNICAL: ("id", "said_in", "agent_id")},
    ),
    "establishments.Delegation": Told(
        {
            "establishment_id": "Établissement",
            "profile": "Profil",
            "population": "Population",
            "source": "Source",
            "begins_on": "Du",
            "ends_on": "Au",
            "ended_at": "Terminée le",
        },
        {TECHNICAL: ("id", "agent_id", "version"), OTHERS: ("granted_by_id", "ended_by_id")},
    ),
    "establishments.DelegationNotice": Told(
        {"kind": "Courriel", "created_at": "Promis le", "sent_at": "Envoyé le", "failed_at": "Refusé le"},
        {TECHNICAL: ("id", "delegation_id", "recipient_id")},
    ),
    "establishments.AcademyRole": Told(
        {"academy_id": "Académie", "kind": "Rôle", "started_at": "Depuis", "ended_at": "Jusqu’au"},
        {TECHNICAL: ("id", "agent_id")},
    ),
    "establishments.StatisticsRole": Told(
        {
            "level": "Niveau",
            "code": "Territoire",
            "started_at": "Depuis",
            "ended_at": "Jusqu’au",
        },
        {TECHNICAL: ("id", "agent_id")},
    ),
    "establishments.Visit": Told(
        {
            "establishment_id": "Établissement",
            "reason": "Motif",
            "started_at": "Depuis",
            "ends_at": "Jusqu’au",
        },
        {TECHNICAL: ("id", "agent_id")},
    ),
    "establishments.AgentSession": Told(
        {
            "opened_at": "Ouverte le",
            "seen_at": "Vue le",
            "address": "Adresse du réseau",
            "browser": "Navigateur",
        },
        {TECHNICAL: ("id", "agent_id"), SECRET: ("session_key",)},
    ),
    "account.EmailAddress": Told(
        {"email": "Adresse", "verified": "Vérifiée", "primary": "Principale"}, {TECHNICAL: ("id", "user_id")}
    ),
    "mfa.Authenticator": Told(
        {"type": "Second facteur", "created_at": "Ajouté le", "last_used_at": "Utilisé le"},
        {TECHNICAL: ("id", "user_id"), SECRET: ("data",)},
    ),
    "socialaccount.SocialAccount": Told(
        {
            "provider": "Fournisseur",
            "uid": "Identifiant",
            "extra_data": "Ce qu’il a transmis",
            "date_joined": "Depuis",
            "last_login": "Dernière connexion",
        },
        {TECHNICAL: ("id", "user_id")},
    ),
    "sessions.Session": Told({"expire_date": "Expire le"}, {SECRET: ("session_key", "session_data")}),
    "socialaccount.SocialApp": SETTINGS,
    "socialaccount.SocialToken": "jetons, que le logiciel ne garde pas",
    "account.EmailConfirmation": "confirmations d’adresse, que le logiciel n’utilise pas",
    "establishments.JournalSeal": COUNTS,
    "establishments.Academy": PLACES,
    "establishments.Department": PLACES,
    "establishments.Feed": PLACES,
    "establishments.District": PLACES,
    "establishments.Establishment": PLACES,
    "establishments.Mef": PLACES,
    "establishments.SchoolClass": PLACES,
    "auth.Permission": SETTINGS,
    "auth.Group": SETTINGS,
    "contenttypes.ContentType": SETTINGS,
    "dsfr.DsfrConfig": SETTINGS,
    "dsfr.DsfrSocialMedia": SETTINGS,
}
