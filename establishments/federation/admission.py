"""Who a verified sign-in is: known by the provider's subject, else by a verified mail, else by claims."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import connection, transaction

from establishments.claims import read_claims
from establishments.federation.rights import Opened, apply, opened_by
from establishments.models import Agent, Establishment

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from establishments.federation.provider import Answer
    from establishments.identity_providers import IdentityProvider


class Why(StrEnum):
    UNKNOWN = "UNKNOWN"
    NOTHING_OPENED = "NOTHING_OPENED"
    AMBIGUOUS_MAIL = "AMBIGUOUS_MAIL"
    OTHER_IDENTITY = "OTHER_IDENTITY"
    CLOSED = "CLOSED"


class AdmissionRefused(Exception):
    """Their identity is sure, and lets them in nowhere."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


@transaction.atomic
def admit(provider: IdentityProvider, answer: Answer) -> SocialAccount:
    """The link between the subject and its agent, whose rights by claims are now those of `answer`.

    Raises AdmissionRefused. Nothing is written then.
    """
    _one_at_a_time(f"{provider.key} {answer.subject}")
    mail = answer.mail(provider.mail_domains)
    _one_at_a_time(mail or "")
    opened = _opened(provider, answer) if provider.has_claims else None
    known = SocialAccount.objects.filter(provider=provider.key, uid=answer.subject).first()
    agent = _locked(known.user_id) if known else _recognise(provider, mail)
    if agent is None:
        agent = _create(answer, mail, opened)
    if not agent.is_active:
        raise AdmissionRefused(Why.CLOSED)
    link = known or SocialAccount.objects.create(provider=provider.key, uid=answer.subject, user=agent)
    link.user = agent
    # Whatever comes of it, the federation has spoken of them today.
    link.save(update_fields=["last_login"])
    if opened is not None:
        apply(opened, agent)
    return link


def links_of(agent: Agent, provider: str | None = None) -> QuerySet[SocialAccount]:
    """The identities `agent` signs in by: all, or that of one provider."""
    links: QuerySet[SocialAccount] = SocialAccount.objects.filter(user=agent)
    return links.filter(provider=provider) if provider else links


@transaction.atomic
def unlink(agent: Agent, provider: str | None = None) -> int:
    """Forget them; what claims opened ends once no identity left vouches for it. How many there were."""
    agent = _locked(agent.pk)
    links = links_of(agent, provider)
    count = links.count()
    links.delete()
    vouching = [declared.key for declared in settings.IDENTITY_PROVIDERS if declared.has_claims]
    if count and not links_of(agent).filter(provider__in=vouching).exists():
        apply(Opened(), agent)
    return count


def _opened(provider: IdentityProvider, answer: Answer) -> Opened:
    return opened_by(read_claims(answer.userinfo, application=settings.FEDERATION_APPLICATION))


def _one_at_a_time(who: str) -> None:
    """Two first sign-ins of one person, or with one address, make one agent."""
    if not who:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 12))", [who])


def _locked(pk: int) -> Agent:
    return Agent.objects.select_for_update(no_key=True).get(pk=pk)


def _recognise(provider: IdentityProvider, mail: str | None) -> Agent | None:
    """The one agent whose address the provider vouches for, unless another identity already has it."""
    if mail is None:
        return None
    found = Agent.objects.filter(email=mail).values_list("pk", flat=True).first()
    if found is None:
        found = _by_contact_mail(mail)
    if found is None:
        return None
    agent = _locked(found)
    if SocialAccount.objects.filter(provider=provider.key, user=agent).exists():
        raise AdmissionRefused(Why.OTHER_IDENTITY)
    return agent


def _by_contact_mail(mail: str) -> int | None:
    """An agent of the extracts who signs in with no other address; one of several people is nobody's."""
    holders = list(Agent.objects.filter(contact_mail__iexact=mail).values_list("pk", "email")[:2])
    if not holders:
        return None
    [(pk, email), *others] = holders
    if others or email is not None or Establishment.objects.filter(mail__iexact=mail).exists():
        raise AdmissionRefused(Why.AMBIGUOUS_MAIL)
    return pk


def _create(answer: Answer, mail: str | None, opened: Opened | None) -> Agent:
    if opened is None:
        raise AdmissionRefused(Why.UNKNOWN)
    if not opened:
        raise AdmissionRefused(Why.NOTHING_OPENED)
    if mail and Establishment.objects.filter(mail__iexact=mail).exists():
        mail = None
    return Agent.objects.create_user(
        mail,
        surname=_name(answer, "family_name", "usual_name") or _name(answer, "name") or "Agent",
        given_name=_name(answer, "given_name"),
    )


def _name(answer: Answer, *claims: str) -> str:
    said = (answer.userinfo.get(claim) for claim in claims)
    names = (" ".join(name.replace("\0", "").split()) for name in said if isinstance(name, str))
    return next(names, "")[:120]
