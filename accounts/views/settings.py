"""The page « Réglages » of an establishment: for its director and deputies."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.forms import SettingsForm
from accounts.models import EstablishmentSettings
from establishments.access import enter
from establishments.requests import ConsoleRequest


@require_http_methods(["GET", "HEAD", "POST"])
def establishment_settings(request: ConsoleRequest, uai: str) -> HttpResponse:
    access = enter(request, uai)
    if not access.can_configure:
        raise PermissionDenied
    chosen = EstablishmentSettings.objects.select_related("changed_by").filter(
        establishment=access.establishment
    )
    instance = chosen.first() or EstablishmentSettings(establishment=access.establishment)
    form = SettingsForm(request.POST or None, instance=instance)
    if request.method == "POST":
        form = SettingsForm(request.POST, instance=instance)
        if form.is_valid():
            form.instance.changed_at, form.instance.changed_by = timezone.now(), access.agent
            form.save()
            messages.success(request, "Réglages enregistrés.")
            return redirect("establishment_settings", access.establishment.uai)
    context = {"access": access, "form": form, "chosen": instance, "section": "settings"}
    return render(request, "accounts/settings.html", context, status=422 if form.is_bound else 200)
