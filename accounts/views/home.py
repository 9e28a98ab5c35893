"""The home page of an establishment: where its accounts stand and what calls for attention."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from establishments.access import enter
from establishments.requests import ConsoleRequest


@require_safe
def establishment_home(request: ConsoleRequest, uai: str) -> HttpResponse:
    access = enter(request, uai)
    return render(request, "accounts/home.html", {"access": access})
