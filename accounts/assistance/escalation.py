"""What a school writes to its académie about one account: enough to find it, no name, no secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from django.conf import settings

from accounts.assistance.answers import LABELS
from accounts.assistance.diagnosis import Topic
from accounts.models import STATE_LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.assistance.answers import Situation
    from accounts.assistance.case import Case
    from accounts.assistance.diagnosis import Finding
    from accounts.profile import Profile
    from establishments.access import Access

# Their sentences name children, or hold a number or an address: the académie reads these in the record.
_NOT_QUOTED = {
    Topic.BIRTH_DATE_DOUBTFUL: "La date de naissance d’un enfant est douteuse.",
    Topic.CHILD_HIDDEN: "Un enfant de l’établissement n’apparaît pas sur ce compte.",
    Topic.CHILDREN_ELSEWHERE: "Ce compte porte aussi des enfants d’autres établissements.",
    Topic.TWO_ACCOUNTS: "Le titulaire a sans doute un second compte dans l’établissement.",
    Topic.HOMONYM: "Un autre compte de l’établissement porte les mêmes nom et prénom.",
    Topic.ACTIVATION_PENDING: "L’activation attend la confirmation de l’adresse mail.",
    Topic.MOBILE_UNUSABLE: "Le téléphone portable enregistré n’en est pas un.",
    Topic.MOBILE_DIFFERS: "Le portable validé par la famille n’est pas celui de l’établissement.",
    Topic.MAIL_DIFFERS: "L’adresse mail validée par la famille n’est pas celle de l’établissement.",
}


@dataclass(frozen=True, slots=True)
class Message:
    """`to` is the assistance of the académie, empty where the operator has not said which."""

    to: str
    subject: str
    body: str

    @property
    def link(self) -> str:
        """Opens the message in the agent's own mail."""
        content = urlencode({"subject": self.subject, "body": self.body}, quote_via=quote)
        return f"mailto:{quote(self.to, safe='@')}?{content}"


def message(
    profile: Profile, case: Case, findings: Sequence[Finding], access: Access, situation: Situation | None
) -> Message:
    here = access.establishment
    facts = [
        f"Établissement : {here} ({here.uai}), {here.academy}",
        f"Compte : {case.identifier}, {STATE_LABELS[case.state]}",
        *(f"Fiche AAF : {record.jointure}, {record.feed.source}" for record in profile.records_here),
    ]
    told = [f"Situation : {LABELS[situation]}"] if situation else []
    found = dict.fromkeys(_NOT_QUOTED.get(finding.topic, finding.sentence) for finding in findings)
    body = "\n".join(
        [
            "Bonjour,",
            "",
            "Une famille ne parvient pas à utiliser son compte, et l’établissement ne peut pas l’aider seul.",
            "",
            *facts,
            *told,
            "",
            "Ce que montre la console :",
            *(f"- {sentence}" for sentence in found),
            "",
            "Ce que nous avons déjà fait :",
            "",
            "",
            access.agent.full_name,
        ]
    )
    return Message(
        settings.ASSISTANCE_MAILS.get(here.academy.code, ""),
        f"Assistance EduConnect : {case.identifier}, {here.uai}",
        body,
    )
