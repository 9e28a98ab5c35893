"""Accounts, what they stand for, and what is done to them in bulk."""

from accounts.models.account import (
    ORIGIN_LABELS,
    STATE_LABELS,
    Absence,
    Account,
    AccountKind,
    AccountSource,
    Holding,
    IdentifierSeries,
    kinds_of,
)
from accounts.models.data_issue import DataIssue
from accounts.models.ent import EntPartner
from accounts.models.family_session import FamilySession
from accounts.models.joining import Duplicate, FormerSecret, Joining, Recheck
from accounts.models.keeping import FamilyLink, RecoveryRequest
from accounts.models.left_out import LeftOutChild
from accounts.models.mails import AccountMail, EstablishmentSettings, PasswordLink
from accounts.models.operation import Operation, OperationItem, OperationPart

__all__ = [
    "ORIGIN_LABELS",
    "STATE_LABELS",
    "Absence",
    "Account",
    "AccountKind",
    "AccountMail",
    "AccountSource",
    "DataIssue",
    "Duplicate",
    "EntPartner",
    "EstablishmentSettings",
    "FamilyLink",
    "FamilySession",
    "FormerSecret",
    "Holding",
    "IdentifierSeries",
    "Joining",
    "LeftOutChild",
    "Operation",
    "OperationItem",
    "OperationPart",
    "PasswordLink",
    "Recheck",
    "RecoveryRequest",
    "kinds_of",
]
