"""What to do and what to say in each situation of the guide (2.2) and of the académies, for one account."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from accounts.assistance.case import Hidden
from accounts.assistance.diagnosis import FAULTS, Act, written
from accounts.passwords import Standing
from accounts.transitions import State
from establishments.phones import displayed_phone

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.assistance.case import Case


class Situation(StrEnum):
    """What the family says, by the name it has in addresses."""

    LINK_LOST = "adresse-perdue"
    IDENTIFIER_LOST = "identifiant-perdu"
    PROVISIONAL_LOST = "mot-de-passe-provisoire-perdu"
    PASSWORD_LOST = "mot-de-passe-perdu"
    ACTIVATION_LINK_LOST = "lien-activation-perdu"
    MAIL_CHANGED = "adresse-mail-changee"
    BIRTH_DATE_REFUSED = "date-de-naissance-refusee"
    MOBILE_UNKNOWN = "mobile-non-reconnu-sms"
    MOBILE_UNKNOWN_FRANCECONNECT = "mobile-non-reconnu-franceconnect"
    CODE_NOT_RECEIVED = "code-sms-non-recu"
    CHILD_MISSING = "enfant-absent"
    TWO_ACCOUNTS = "deux-comptes"


LABELS = {
    Situation.LINK_LOST: "Adresse du guichet perdue",
    Situation.IDENTIFIER_LOST: "Identifiant perdu",
    Situation.PROVISIONAL_LOST: "Mot de passe provisoire perdu",
    Situation.PASSWORD_LOST: "Mot de passe choisi perdu",
    Situation.ACTIVATION_LINK_LOST: "Lien d’activation perdu",
    Situation.MAIL_CHANGED: "Adresse mail changée",
    Situation.BIRTH_DATE_REFUSED: "Date de naissance refusée",
    Situation.MOBILE_UNKNOWN: "Mobile non reconnu (SMS)",
    Situation.MOBILE_UNKNOWN_FRANCECONNECT: "Mobile non reconnu (FranceConnect)",
    Situation.CODE_NOT_RECEIVED: "Code SMS non reçu, numéro porté ou changé",
    Situation.CHILD_MISSING: "« Je ne vois pas tous mes enfants »",
    Situation.TWO_ACCOUNTS: "Deux comptes",
}
_OF_RESPONSABLES = {
    Situation.MOBILE_UNKNOWN,
    Situation.MOBILE_UNKNOWN_FRANCECONNECT,
    Situation.CODE_NOT_RECEIVED,
    Situation.CHILD_MISSING,
    Situation.TWO_ACCOUNTS,
}


@dataclass(frozen=True, slots=True)
class Step:
    what: str
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`say` is to be read aloud to the family; `when`, from what moment it can try again."""

    steps: tuple[Step, ...]
    say: str
    when: str


NOW = "Dès maintenant."
ON_RECEIPT = "Dès que la famille a la feuille en main."
NEXT_DAY = (
    "Une correction faite avant 15 h 30 compte ici le lendemain. Comptez un à deux jours, vérifiez qu’elle "
    "apparaît sur cette page, puis prévenez la famille."
)
_CALL_BACK = "Je vous préviendrai dès que vous pourrez réessayer, dans un jour ou deux."


def situations_of(case: Case) -> list[Situation]:
    """Those a holder of this kind can be in, in the guide's order."""
    return [each for each in Situation if case.is_responsable or each not in _OF_RESPONSABLES]


def answer(case: Case, situation: Situation) -> Answer:
    return _ANSWERS[situation](case)


def _never_notified(case: Case) -> Answer:
    return Answer(
        (
            Step("Notifiez le compte : il n’a encore jamais été distribué.", Act.NOTIFY),
            Step("Remettez la feuille à la famille, ou postez-la."),
        ),
        "Votre compte existe, mais son identifiant ne vous a pas encore été remis. Je vous prépare une "
        "feuille avec votre identifiant et un mot de passe provisoire, valable trois mois. "
        + _first_sign_in(case),
        ON_RECEIPT,
    )


def _first_sign_in(case: Case) -> str:
    if case.state in (State.ACTIVATING, State.ACTIVE):
        return "À la prochaine connexion, il vous sera demandé d’en choisir un nouveau."
    whose = "la date de naissance de votre enfant" if case.is_responsable else "votre date de naissance"
    return (
        f"À la première connexion, sur {case.address}, vous choisirez votre mot de passe, vous donnerez "
        f"votre adresse mail et {whose}, puis vous cliquerez sur le lien reçu par courriel."
    )


def _renotified(first: Step, say: str, case: Case) -> Answer:
    again = Step("Remettez la feuille à la famille, ou postez-la.")
    return Answer((first, again), f"{say} {_first_sign_in(case)}", ON_RECEIPT)


def _link_lost(case: Case) -> Answer:
    if case.standing in (Standing.UNDRAWN, Standing.EXPIRED):
        return _provisional_lost(case)
    known = (
        "avec l’identifiant et le mot de passe de votre feuille"
        if case.standing == Standing.PROVISIONAL
        else "comme d’habitude"
    )
    return Answer(
        (
            Step(f"Donnez l’adresse du guichet : {case.address}"),
            Step(
                "Ou notifiez de nouveau le compte, sans réinitialiser : la feuille la rappelle.", Act.NOTIFY
            ),
        ),
        f"L’adresse du guichet est {case.address}. Vous vous y connectez {known}.",
        NOW,
    )


def _identifier_lost(case: Case) -> Answer:
    if case.standing in (Standing.UNDRAWN, Standing.EXPIRED):
        return _provisional_lost(case)
    return Answer(
        (
            Step("Assurez-vous de parler au titulaire du compte : demandez-lui une date de naissance."),
            Step(f"Communiquez-lui son identifiant : {case.identifier}"),
            Step(
                "Ou notifiez de nouveau le compte, sans réinitialiser : la feuille le rappelle.", Act.NOTIFY
            ),
        ),
        f"Votre identifiant est « {case.identifier} », en minuscules, sans accent ni espace. Votre mot de "
        "passe ne change pas.",
        NOW,
    )


def _provisional_lost(case: Case) -> Answer:
    if case.state == State.NOT_NOTIFIED:
        return _never_notified(case)
    if case.standing == Standing.PROVISIONAL:
        return Answer(
            (
                Step("Ouvrez le compte, affichez le mot de passe provisoire et dictez-le.", Act.OPEN),
                Step("Ou notifiez de nouveau le compte, sans réinitialiser.", Act.NOTIFY),
            ),
            "Votre mot de passe provisoire est toujours valable, je vous le redonne. Respectez bien les "
            "majuscules et les minuscules : il vous sera demandé de le changer aussitôt.",
            f"Dès maintenant, et jusqu’au {written(case.deadline)}.",
        )
    if case.standing == Standing.EXPIRED:
        return _renotified(
            Step("Notifiez de nouveau le compte : un nouveau mot de passe provisoire est tiré.", Act.NOTIFY),
            f"Votre mot de passe provisoire a expiré le {written(case.deadline)}. Je vous prépare une "
            "nouvelle feuille, avec un nouveau mot de passe.",
            case,
        )
    return _password_lost(case)


def _password_lost(case: Case) -> Answer:
    if case.state == State.NOT_NOTIFIED:
        return _never_notified(case)
    if case.standing in (Standing.PROVISIONAL, Standing.EXPIRED):
        return _provisional_lost(case)
    if case.standing == Standing.NONE:
        return Answer(
            (
                Step("Dites à la famille d’utiliser FranceConnect : ce compte n’a pas de mot de passe."),
                Step("Si elle veut un mot de passe, réinitialisez-le, puis notifiez le compte.", Act.RESET),
            ),
            "Votre compte a été activé par FranceConnect : il n’a pas de mot de passe. Cliquez sur le "
            "bouton « S’identifier avec FranceConnect ».",
            NOW,
        )
    return Answer(
        (
            Step("Réinitialisez le mot de passe : l’ancien cesse aussitôt de fonctionner.", Act.RESET),
            Step("Puis notifiez le compte : la page de l’opération le propose."),
        ),
        "Je réinitialise votre mot de passe. Vous recevrez une feuille avec un mot de passe provisoire ; "
        "il vous sera demandé d’en choisir un autre à la prochaine connexion. Votre identifiant ne change "
        "pas.",
        ON_RECEIPT,
    )


def _activation_link_lost(case: Case) -> Answer:
    if case.state == State.NOT_NOTIFIED:
        return _never_notified(case)
    if case.state == State.ACTIVATING:
        return Answer(
            (
                Step("Faites confirmer l’adresse, puis renvoyez le courriel d’activation.", Act.RESEND),
                Step("Demandez à la famille de regarder aussi dans ses courriers indésirables."),
            ),
            f"Je vous renvoie le courriel d’activation à l’adresse {case.mail.pending}. Ouvrez-le et "
            "cliquez sur le lien : seul le dernier courriel reçu est valable. Regardez aussi dans vos "
            "indésirables.",
            NOW,
        )
    if case.state == State.ACTIVE:
        return Answer(
            (Step("Rien à renvoyer : le compte est déjà activé. La famille peut se connecter."),),
            "Votre compte est déjà activé : vous n’avez plus besoin de ce lien. Connectez-vous sur "
            f"{case.address}.",
            NOW,
        )
    return Answer(
        (
            Step("Aucun courriel n’est parti : la famille n’a pas encore fait sa première connexion."),
            Step("Si elle n’a plus sa feuille, notifiez de nouveau le compte.", Act.NOTIFY),
        ),
        "Le lien ne part qu’après votre première connexion. " + _first_sign_in(case),
        ON_RECEIPT if case.standing == Standing.EXPIRED else NOW,
    )


def _mail_changed(case: Case) -> Answer:
    report = (Step(f"Reportez aussi la nouvelle adresse dans {case.source}."),) if case.is_responsable else ()
    if case.state == State.ACTIVATING:
        return Answer(
            (Step("Renvoyez le courriel d’activation à la nouvelle adresse.", Act.RESEND), *report),
            "Donnez-moi votre nouvelle adresse : je vous y renvoie le courriel d’activation. Le précédent "
            "ne fonctionnera plus.",
            NOW,
        )
    if case.state == State.ACTIVE:
        return Answer(
            (Step("Vous ne pouvez pas la changer : seule la famille le peut, depuis son compte."), *report),
            "Connectez-vous à votre compte : vous y changerez votre adresse mail vous-même.",
            NOW,
        )
    first = (Step("Notifiez d’abord le compte.", Act.NOTIFY),) if case.state == State.NOT_NOTIFIED else ()
    return Answer(
        (
            *first,
            Step("Vous ne pouvez pas la changer ici : la famille la donnera à sa première connexion."),
            *report,
        ),
        "Vous pourrez donner votre nouvelle adresse vous-même, à votre première connexion.",
        NOW if case.standing == Standing.PROVISIONAL else ON_RECEIPT,
    )


def _birth_date_refused(case: Case) -> Answer:
    return Answer(
        (
            Step("Comparez avec la famille les dates de naissance enregistrées, ci-dessous."),
            Step(f"Corrigez dans {case.source} celle qui est fausse, au plus tôt.", Act.CORRECT),
            Step("Attendez que la correction apparaisse ici, puis prévenez la famille."),
            Step("Si les dates sont justes, demandez l’aide de l’académie.", Act.ESCALATE),
        ),
        "Je dois corriger la date de naissance dans notre fichier. " + _CALL_BACK,
        NEXT_DAY,
    )


def _mobile_unknown(case: Case) -> Answer:
    return _about_mobile(case, "l’inscription par SMS", "votre inscription par SMS")


def _mobile_unknown_franceconnect(case: Case) -> Answer:
    return _about_mobile(case, "FranceConnect", "votre connexion par FranceConnect")


def _about_mobile(case: Case, way: str, retried: str) -> Answer:
    known = ", ".join(displayed_phone(number) for number in case.mobile.recorded)
    first = (
        f"Demandez le numéro de la famille et comparez : {case.source} donne le {known}."
        if known
        else f"Demandez le numéro de la famille : {case.source} n’en donne aucun qui soit un portable."
    )
    return Answer(
        (
            Step(first),
            Step(
                f"Corrigez dans {case.source} le numéro, et l’orthographe des nom et prénom : {way} compare "
                "les trois.",
                Act.CORRECT,
            ),
            Step("Attendez que la correction apparaisse ici, puis prévenez la famille."),
            *_without_waiting(case),
        ),
        f"Je dois corriger votre numéro de portable dans notre fichier. {_CALL_BACK} Vous reprendrez alors "
        f"{retried}.",
        NEXT_DAY,
    )


def _without_waiting(case: Case) -> tuple[Step, ...]:
    if case.state == State.ACTIVE:
        return (Step("Le compte est activé : en attendant, l’identifiant et le mot de passe suffisent."),)
    if case.state == State.ACTIVATING:
        return (Step("Sans attendre, la famille peut aussi ouvrir le lien du courriel.", Act.RESEND),)
    return (Step("Sans attendre, la famille peut aussi activer son compte par une feuille.", Act.NOTIFY),)


def _code_not_received(case: Case) -> Answer:
    if case.state == State.ACTIVATING:
        return Answer(
            (Step("Aucun code n’est plus nécessaire : renvoyez le courriel d’activation.", Act.RESEND),),
            "Vous n’avez plus besoin de code : il ne vous reste qu’à confirmer votre adresse mail. Je vous "
            f"renvoie le courriel à l’adresse {case.mail.pending}, cliquez sur son lien.",
            NOW,
        )
    if case.state == State.ACTIVE:
        return Answer(
            (
                Step("Si le numéro a changé, la famille le corrige depuis son compte."),
                Step("Si elle ne peut plus entrer, réinitialisez le mot de passe, puis notifiez.", Act.RESET),
            ),
            "Le code ne vous parvient pas, peut-être parce que votre numéro a changé d’opérateur. Je vous "
            "remets un mot de passe provisoire : vous n’aurez pas besoin de code.",
            ON_RECEIPT,
        )
    return Answer(
        (
            Step("Si le numéro a changé, corrigez-le dans " + case.source + ".", Act.CORRECT),
            Step(
                "S’il a seulement changé d’opérateur, notifiez le compte : aucun SMS n’est alors nécessaire.",
                Act.NOTIFY,
            ),
        ),
        "Le code ne vous parvient pas, peut-être parce que votre numéro a changé d’opérateur. Je vous "
        "prépare une feuille avec un identifiant et un mot de passe : vous n’aurez pas besoin de code. "
        + _first_sign_in(case),
        ON_RECEIPT,
    )


def _child_missing(case: Case) -> Answer:
    if any(twin.is_same for twin in case.twins):
        return _two_accounts(case)
    correctable = [child for child in case.hidden if child.because in FAULTS]
    unlinked = [child for child in case.hidden if child.because in (Hidden.NOT_LEGAL, Hidden.UNLINKED)]
    if not correctable and unlinked:
        return _not_legal(case, ", ".join(child.name for child in unlinked))
    if correctable:
        names = ", ".join(child.name for child in correctable)
        return Answer(
            (
                Step(
                    f"Corrigez la fiche de {names} dans {case.source} : la cause est ci-dessus.", Act.CORRECT
                ),
                Step("Attendez que l’élève apparaisse ici, puis prévenez la famille."),
            ),
            "Une information manque dans notre fichier pour rattacher votre enfant à votre compte. Je la "
            "corrige. " + _CALL_BACK,
            NEXT_DAY,
        )
    return Answer(
        (
            Step("Demandez où l’enfant est inscrit : c’est sa fiche de là-bas qui le rattache au compte."),
            Step("Faites vérifier que nom, prénom et portable du responsable y sont écrits comme ici."),
            Step("Si tout est identique, demandez l’aide de l’académie.", Act.ESCALATE),
        ),
        "Vos enfants se rejoignent sur un seul compte quand vos nom, prénom et numéro de portable sont "
        "écrits de la même façon dans chaque établissement. Je vérifie chez nous ; demandez la même chose "
        "à l’autre établissement.",
        NEXT_DAY,
    )


def _not_legal(case: Case, children: str) -> Answer:
    return Answer(
        (
            Step(f"Vérifiez, pièces à l’appui, si cette personne est responsable légal de {children}."),
            Step(f"Si oui, corrigez le lien dans {case.source} ; sinon, rien n’est à faire.", Act.CORRECT),
            Step("Attendez que l’élève apparaisse ici, puis prévenez la famille."),
        ),
        "Vous n’êtes pas enregistré comme responsable légal de cet enfant, il n’apparaît donc pas sur "
        "votre compte. Je vérifie le dossier. " + _CALL_BACK,
        NEXT_DAY,
    )


def _two_accounts(case: Case) -> Answer:
    where = "ci-dessus" if case.twins else f"dans {case.source}"
    return Answer(
        (
            Step(
                f"Comparez les deux fiches {where} : même adresse, même portable ? Sinon, c’est un homonyme."
            ),
            Step(
                f"Si c’est la même personne, ne gardez qu’une fiche dans {case.source} (gestion des "
                "doublons), et rattachez-y tous les enfants.",
                Act.CORRECT,
            ),
            Step(
                "Si l’autre fiche vient d’un autre établissement, demandez l’aide de l’académie.",
                Act.ESCALATE,
            ),
        ),
        "Vous semblez enregistré deux fois, ce qui fait deux comptes : chacun montre une partie de vos "
        "enfants. Je vérifie et, si les deux fiches sont bien les vôtres, je les fais réunir. " + _CALL_BACK,
        NEXT_DAY,
    )


_ANSWERS: dict[Situation, Callable[[Case], Answer]] = {
    Situation.LINK_LOST: _link_lost,
    Situation.IDENTIFIER_LOST: _identifier_lost,
    Situation.PROVISIONAL_LOST: _provisional_lost,
    Situation.PASSWORD_LOST: _password_lost,
    Situation.ACTIVATION_LINK_LOST: _activation_link_lost,
    Situation.MAIL_CHANGED: _mail_changed,
    Situation.BIRTH_DATE_REFUSED: _birth_date_refused,
    Situation.MOBILE_UNKNOWN: _mobile_unknown,
    Situation.MOBILE_UNKNOWN_FRANCECONNECT: _mobile_unknown_franceconnect,
    Situation.CODE_NOT_RECEIVED: _code_not_received,
    Situation.CHILD_MISSING: _child_missing,
    Situation.TWO_ACCOUNTS: _two_accounts,
}
