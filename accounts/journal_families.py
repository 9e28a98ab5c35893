"""The acts of the journal in a dozen plain groups, and the operations each of them shows."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Operation
from establishments.models import EventKind

_K, _O = EventKind, Operation.Kind


@dataclass(frozen=True, slots=True)
class Family:
    """`operations` are the kinds of bulk actions whose launching belongs to it."""

    label: str
    kinds: tuple[EventKind, ...]
    operations: tuple[Operation.Kind, ...] = ()

    @property
    def all_kinds(self) -> list[str]:
        return [*self.kinds, *([_K.OPERATION_CONFIRMED] if self.operations else [])]

    @property
    def is_of_accounts_alone(self) -> bool:
        """What time does to accounts by themselves: no line tells it but those of the accounts."""
        return set(self.kinds) <= ALONE


ALONE = {_K.ACCOUNT_SECRET_EXPIRED, _K.ACCOUNT_REMINDED}
FAMILIES = {
    "notifications": Family(
        "Notifications et relances",
        (
            _K.ACCOUNT_NOTIFY,
            _K.ACCOUNT_NOTIFY_RESET,
            _K.ACCOUNT_ACTIVATION_RESENT,
            _K.OPERATION_HASTENED,
            _K.OPERATION_CANCELLED,
        ),
        (_O.NOTIFY_SHEETS, _O.NOTIFY_MAIL, _O.RELAUNCH),
    ),
    "reinitialisations": Family(
        "Réinitialisations", (_K.ACCOUNT_PASSWORD_RESET, _K.ACCOUNT_NOTIFY_RESET), (_O.RESET,)
    ),
    "mots-de-passe": Family(
        "Mots de passe vus",
        (
            _K.ACCOUNT_SECRET_SHOWN,
            _K.ACCOUNT_SECRET_LISTED,
            _K.LIST_SECRETS_MADE,
            _K.LIST_SECRETS_DOWNLOADED,
            _K.DOCUMENT_DOWNLOADED,
        ),
    ),
    "papier": Family(
        "Feuilles et dépliants",
        (_K.ACCOUNT_SHEET_REPRINT, _K.OPERATION_REPRINTED, _K.DOCUMENT_DOWNLOADED),
        (_O.LEAFLET,),
    ),
    "listes": Family(
        "Listes et exports",
        (
            _K.LIST_MADE,
            _K.LIST_DOWNLOADED,
            _K.LIST_SECRETS_MADE,
            _K.LIST_SECRETS_DOWNLOADED,
            _K.ISSUES_EXPORTED,
            _K.JOURNAL_EXPORTED,
            _K.PERSON_EXPORTED,
        ),
    ),
    "droits": Family(
        "Directions et délégations",
        (
            _K.MANDATE_STARTED,
            _K.MANDATE_CHANGED,
            _K.MANDATE_ENDED,
            _K.DELEGATION_GRANTED,
            _K.DELEGATION_CHANGED,
            _K.DELEGATION_ENDED,
            _K.AGENT_CLAIMS_REFUSED,
        ),
    ),
    "connexions": Family(
        "Connexions des agents",
        (
            _K.AGENT_SIGNED_IN,
            _K.AGENT_SIGN_IN_REFUSED,
            _K.AGENT_SIGNED_OUT,
            _K.AGENT_PASSWORD_CHANGED,
            _K.AGENT_FACTOR_ADDED,
            _K.AGENT_FACTOR_REMOVED,
            _K.AGENT_SESSIONS_ENDED,
        ),
    ),
    "assistance": Family("Assistance académique", (_K.ASSISTANCE_ENTERED, _K.ASSISTANCE_LEFT)),
    "imports": Family("Imports", (_K.IMPORT_APPLIED, _K.ACCOUNT_CHILD_ATTACHED, _K.ACCOUNT_CHILD_DETACHED)),
    "rapprochements": Family(
        "Rapprochements et doublons",
        (_K.ACCOUNT_JOINED, _K.ACCOUNT_MERGED, _K.ACCOUNT_UNJOINED, _K.ACCOUNT_TOLD_APART),
    ),
    "echeances": Family("Échéances et rappels", (_K.ACCOUNT_SECRET_EXPIRED, _K.ACCOUNT_REMINDED)),
    "comptes": Family(
        "Vie des comptes",
        (
            _K.ACCOUNT_ACTIVATION_STARTED,
            _K.ACCOUNT_ACTIVATION_MAIL,
            _K.ACCOUNT_ACTIVATION_SMS,
            _K.ACCOUNT_ACTIVATION_FRANCECONNECT,
            _K.ACCOUNT_ACTIVATION_ENT,
            _K.ACCOUNT_FRANCECONNECT_LINKED,
            _K.ACCOUNT_FRANCECONNECT_UNLINKED,
            _K.ACCOUNT_PASSWORD_CHOSEN,
            _K.ACCOUNT_RELATION_CONTESTED,
            _K.ACCOUNT_RELATION_CHECKED,
            _K.ACCOUNT_BIRTH_DATE_REFUSED,
            _K.ACCOUNT_MAIL_CHANGED,
            _K.ACCOUNT_MOBILE_CHANGED,
            _K.ACCOUNT_RECOVERY_ASKED,
            _K.ACCOUNT_CLOSED,
            _K.ACCOUNT_REOPENED,
            _K.ACCOUNT_ANONYMISED,
        ),
    ),
    "reglages": Family(
        "Réglages et exploitation", (_K.SETTING_CHANGED, _K.JOURNAL_PURGED, _K.SECRETS_ROTATED)
    ),
}
