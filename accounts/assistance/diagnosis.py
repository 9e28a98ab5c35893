"""Why a family cannot get in: the findings of one case, the most pressing first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from accounts.assistance.case import Hidden
from accounts.passwords import Standing
from accounts.transitions import State
from establishments.phones import displayed_phone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from accounts.assistance.case import Case


class Act(StrEnum):
    """What an agent can do about it, now: each has its button."""

    NOTIFY = "NOTIFY"
    RESET = "RESET"
    RESEND = "RESEND"
    OPEN = "OPEN"  # the page of the account
    CORRECT = "CORRECT"  # in the school's own software
    ESCALATE = "ESCALATE"


class Weight(StrEnum):
    BLOCKS = "BLOCKS"
    CHECK = "CHECK"
    INFORMS = "INFORMS"


class Topic(StrEnum):
    NEVER_NOTIFIED = "NEVER_NOTIFIED"
    LETTER_EXPIRED = "LETTER_EXPIRED"
    LETTER_VALID = "LETTER_VALID"
    ACTIVATION_PENDING = "ACTIVATION_PENDING"
    RESET_VALID = "RESET_VALID"
    RESET_EXPIRED = "RESET_EXPIRED"
    ACTIVE = "ACTIVE"
    FRANCECONNECT_ONLY = "FRANCECONNECT_ONLY"
    MOBILE_MISSING = "MOBILE_MISSING"
    MOBILE_UNUSABLE = "MOBILE_UNUSABLE"
    MOBILE_DIFFERS = "MOBILE_DIFFERS"
    MAIL_MISSING = "MAIL_MISSING"
    MAIL_DIFFERS = "MAIL_DIFFERS"
    MOBILE_SHARED = "MOBILE_SHARED"
    BIRTH_DATE_DOUBTFUL = "BIRTH_DATE_DOUBTFUL"
    CHILD_HIDDEN = "CHILD_HIDDEN"
    CHILDREN_ELSEWHERE = "CHILDREN_ELSEWHERE"
    TWO_ACCOUNTS = "TWO_ACCOUNTS"
    HOMONYM = "HOMONYM"


@dataclass(frozen=True, slots=True)
class Finding:
    """`twin` is the key of the other account it speaks of, none for the other topics."""

    topic: Topic
    weight: Weight
    sentence: str
    act: Act | None = None
    twin: int | None = None


def diagnose(case: Case) -> list[Finding]:
    """Everything that explains the family's trouble; the first finding says where the account stands."""
    findings = [*_standing(case), *_twins(case), *_children(case), *_mobile(case), *_mail(case)]
    order = list(Weight)
    return [findings[0], *sorted(findings[1:], key=lambda finding: order.index(finding.weight))]


def _standing(case: Case) -> Iterator[Finding]:
    if case.state == State.NOT_NOTIFIED:
        yield Finding(
            Topic.NEVER_NOTIFIED,
            Weight.BLOCKS,
            "Ce compte n’a jamais été notifié : la famille n’a reçu ni identifiant ni mot de passe.",
            Act.NOTIFY,
        )
    elif case.state == State.NOTIFIED:
        yield _letter(case)
    elif case.state == State.ACTIVATING:
        sent = f"courriel envoyé le {written(case.mailed_on)}"
        yield Finding(
            Topic.ACTIVATION_PENDING,
            Weight.BLOCKS,
            f"L’activation attend la confirmation de l’adresse {case.mail.pending} : "
            + (
                f"le {sent} n’a pas pu lui être remis."
                if case.is_mail_undelivered
                else f"le lien du {sent} n’a pas été ouvert."
            ),
            Act.RESEND,
        )
        yield from _after_reset(case)
    else:
        yield from _active(case)


def _letter(case: Case) -> Finding:
    told = f"Notifié le {written(case.distributed_on)}"
    if case.standing == Standing.PROVISIONAL:
        return Finding(
            Topic.LETTER_VALID,
            Weight.INFORMS,
            f"{told} : le mot de passe provisoire est valable jusqu’au {written(case.deadline)}. La famille "
            "ne s’en est pas encore servie.",
        )
    return Finding(
        Topic.LETTER_EXPIRED,
        Weight.BLOCKS,
        f"{told}, mais le courrier a expiré le {written(case.deadline)} : le mot de passe provisoire ne "
        "fonctionne plus.",
        Act.NOTIFY,
    )


def _after_reset(case: Case) -> Iterator[Finding]:
    told = f"Mot de passe réinitialisé le {written(case.reset_on)}"
    if case.standing == Standing.PROVISIONAL:
        yield Finding(
            Topic.RESET_VALID,
            Weight.CHECK,
            f"{told} : l’ancien ne fonctionne plus, le provisoire est valable jusqu’au "
            f"{written(case.deadline)}. La famille doit en choisir un nouveau.",
            Act.NOTIFY,
        )
    elif case.standing == Standing.EXPIRED:
        yield Finding(
            Topic.RESET_EXPIRED,
            Weight.BLOCKS,
            f"{told}, mais le provisoire a expiré le {written(case.deadline)} : aucun mot de passe ne "
            "fonctionne.",
            Act.NOTIFY,
        )


def _active(case: Case) -> Iterator[Finding]:
    used = (
        f"dernière connexion le {written(case.last_sign_in_on)}"
        if case.last_sign_in_on
        else "aucune connexion depuis"
    )
    yield Finding(Topic.ACTIVE, Weight.INFORMS, f"Compte activé le {written(case.activated_on)}, {used}.")
    yield from _after_reset(case)
    if case.standing == Standing.NONE:
        yield Finding(
            Topic.FRANCECONNECT_ONLY,
            Weight.CHECK,
            "La famille entre par FranceConnect et n’a pas de mot de passe : l’identifiant seul ne sert à "
            "rien.",
        )


def _mobile(case: Case) -> Iterator[Finding]:
    if not case.is_responsable:
        return
    if case.mobile.is_missing:
        yield Finding(
            Topic.MOBILE_MISSING,
            Weight.CHECK,
            "Aucun téléphone portable : ni l’inscription par SMS ni FranceConnect ne sont possibles.",
            Act.CORRECT,
        )
    elif not case.mobile.is_usable:
        yield Finding(
            Topic.MOBILE_UNUSABLE,
            Weight.CHECK,
            f"« {_numbers(case.mobile.unusable)} » n’est pas un téléphone portable : ni l’inscription par "
            "SMS ni FranceConnect ne sont possibles.",
            Act.CORRECT,
        )
    elif case.mobile.differs:
        yield Finding(
            Topic.MOBILE_DIFFERS,
            Weight.CHECK,
            f"La famille a validé le {displayed_phone(case.mobile.validated)}, {case.source} donne le "
            f"{_numbers(case.mobile.recorded)}.",
            Act.CORRECT,
        )
    elif case.mobile.is_shared:
        yield Finding(
            Topic.MOBILE_SHARED,
            Weight.CHECK,
            "Un autre responsable de l’établissement a le même téléphone portable : à qui est-il ?",
            Act.CORRECT,
        )


def _mail(case: Case) -> Iterator[Finding]:
    if not case.is_responsable:
        return
    if case.mail.is_missing:
        is_in = case.state == State.ACTIVE
        own = "peut en donner une depuis son compte" if is_in else "en saisira une à sa première connexion"
        yield Finding(
            Topic.MAIL_MISSING,
            Weight.INFORMS if is_in else Weight.CHECK,
            f"Aucune adresse mail : seul le papier joint cette famille. Elle {own}.",
            Act.CORRECT,
        )
    elif case.mail.differs:
        yield Finding(
            Topic.MAIL_DIFFERS,
            Weight.INFORMS,
            f"La famille a validé {case.mail.validated}, {case.source} donne "
            f"{', '.join(case.mail.recorded)}.",
        )


def _children(case: Case) -> Iterator[Finding]:
    for name in case.doubtful_births:
        yield Finding(
            Topic.BIRTH_DATE_DOUBTFUL,
            Weight.CHECK,
            f"La date de naissance de {name} est douteuse : l’activation peut être refusée.",
            Act.CORRECT,
        )
    for child in case.hidden:
        is_fault = child.because in FAULTS
        yield Finding(
            Topic.CHILD_HIDDEN,
            Weight.CHECK if is_fault else Weight.INFORMS,
            f"{child.name} : {_WHY_HIDDEN[child.because]}",
            Act.CORRECT if is_fault else None,
        )
    if case.children_elsewhere:
        yield Finding(
            Topic.CHILDREN_ELSEWHERE,
            Weight.INFORMS,
            "Ce compte porte aussi des enfants d’autres établissements : "
            f"{', '.join(case.children_elsewhere)}.",
        )


FAULTS = frozenset({Hidden.NO_INE, Hidden.NO_CLASS})
"""What is wrong for sure; a link that is not legal, or that ended, is most often right."""
_WHY_HIDDEN = {
    Hidden.LEFT: "n’est plus inscrit dans l’établissement, le compte ne le montre plus.",
    Hidden.UNLINKED: "n’est plus lié à ce responsable. Si c’est une erreur, elle se corrige à la source.",
    Hidden.NOT_LEGAL: "ce responsable n’en est pas le responsable légal, sauf erreur à la source.",
    Hidden.NO_INE: "sans INE, l’élève n’apparaît sur aucun compte.",
    Hidden.NO_CLASS: "sans classe, l’élève n’apparaît sur aucun compte.",
    Hidden.NEW: "tout est en ordre, l’élève apparaîtra après le prochain import.",
}


def _twins(case: Case) -> Iterator[Finding]:
    for twin in case.twins:
        children = ", ".join(twin.children)
        if twin.is_same:
            sentence = (
                f"Cette personne a sans doute un second compte, {twin.identifier}, pour {children} : même "
                "nom, même prénom, mêmes coordonnées."
            )
            yield Finding(Topic.TWO_ACCOUNTS, Weight.CHECK, sentence, Act.CORRECT, twin.account)
        else:
            sentence = (
                f"Le compte {twin.identifier}, pour {children}, porte les mêmes nom et prénom, avec "
                "d’autres coordonnées : un homonyme, ou la même personne ? Comparez les adresses postales."
            )
            yield Finding(Topic.HOMONYM, Weight.INFORMS, sentence, None, twin.account)


def written(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else "(date inconnue)"


def _numbers(numbers: tuple[str, ...]) -> str:
    return ", ".join(displayed_phone(number) for number in numbers)
