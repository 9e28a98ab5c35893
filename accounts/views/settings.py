"""The page « Réglages » of an establishment: for its director and deputies."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.choices import change_settings
from accounts.forms import SettingsForm
from accounts.models import EstablishmentSettings
from establishments.access import Right
from establishments.guards import needs
from establishments.requests import ConsoleRequest


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Right.CONFIGURE)
def establishment_settings(request: ConsoleRequest, uai: str) -> HttpResponse:
    access = request.access
    chosen = EstablishmentSettings.objects.select_related("changed_by").filter(
        establishment=access.establishment
    )
    instance = chosen.first() or EstablishmentSettings(establishment=access.establishment)
    # A form whose only box is unticked posts no field: what is posted is told by the method.
    form = SettingsForm(request.POST if request.method == "POST" else None, instance=instance)
    if form.is_valid():
        change_settings(form.instance, form.changed_data, by=access.agent)
        messages.success(request, "Réglages enregistrés.")
        return redirect("establishment_settings", access.establishment.uai)
    context = {"access": access, "form": form, "chosen": instance, "section": "settings"}
    return render(request, "accounts/settings.html", context, status=422 if form.is_bound else 200)
