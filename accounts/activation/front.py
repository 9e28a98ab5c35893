"""The way in to each way in, and whom to call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.activation.access import public_page
from accounts.activation.federated import franceconnect
from accounts.models import EntPartner
from establishments.models import Academy
from notifications.sms.gateways import is_offered as has_sms

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import FamilyRequest


@dataclass(frozen=True, slots=True)
class Door:
    """One way in, as the first page offers it."""

    url_name: str
    title: str
    detail: str


LETTER = Door(
    "activation_identifiers",
    "J’ai reçu un identifiant et un mot de passe provisoire",
    "Sur une lettre de l’école ou de l’établissement, ou dans un courriel.",
)
ENT = Door(
    "ent_choice",
    "J’ai un compte dans l’ENT de mon collège ou de mon lycée",
    "Élèves et responsables : il suffit de s’y identifier.",
)
SMS = Door(
    "sms_start",
    "Je n’ai pas de lettre, mais l’école connaît mon téléphone portable",
    "Pour les parents : un code arrive par SMS.",
)


def doors() -> list[Door]:
    """The ways in which are open here, the usual one first; each way adds its own."""
    has_ent = EntPartner.objects.enabled().exists()
    return [LETTER, *([SMS] if has_sms() else []), *([ENT] if has_ent else [])]


@require_safe
@public_page
def ways_in(request: FamilyRequest) -> HttpResponse:
    """The QR code of a letter leads straight to its way."""
    if identifier := request.GET.get("identifiant"):
        return redirect(f"{reverse('activation_identifiers')}?{urlencode({'identifiant': identifier[:140]})}")
    context = {"doors": doors(), "offers_franceconnect": franceconnect.is_offered() and has_sms()}
    return render(request, "accounts/activation/ways_in.html", context)


@require_safe
@public_page
def assistance(request: FamilyRequest) -> HttpResponse:
    """By académie: what each one said of its own, or that the school is the one to call."""
    academies = Academy.objects.filter(feeds__isnull=False).distinct().order_by("name")
    chosen = next((each for each in academies if each.code == request.GET.get("academie")), None)
    code = chosen.code if chosen else ""
    context = {
        "academies": academies,
        "chosen": chosen,
        "phone": settings.FAMILY_ASSISTANCE_PHONES.get(code, ""),
        "mail": settings.FAMILY_ASSISTANCE_MAILS.get(code, ""),
        "page": settings.FAMILY_ASSISTANCE_PAGES.get(code, ""),
    }
    return render(request, "accounts/activation/assistance.html", context)
