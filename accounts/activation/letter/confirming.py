"""The pages behind the link mailed to a family: one button, and what to do when it does not open."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.activation import links
from accounts.activation.access import discreet


# Without a referrer a browser names no origin either, and there is no session to abuse: the key is all.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@discreet
def confirm_address(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the page changes nothing, since mail scanners open every link; its button does."""
    try:
        if request.method == "POST":
            links.confirm(token)
            return redirect("activation_confirmed")
        links.read(token)
    except links.LinkRefused as refused:
        return _refuse(request, refused.refusal)
    return render(request, "accounts/activation/letter/confirm.html")


def _refuse(request: HttpRequest, refusal: links.Refusal) -> HttpResponse:
    status = 404 if refusal == links.Refusal.UNKNOWN else 410
    context = {"refusal": refusal, "sign_in_url": reverse("family_sign_in")}
    return render(request, "accounts/activation/letter/link_refused.html", context, status=status)


@login_not_required
@require_safe
@discreet
def address_confirmed(request: HttpRequest) -> HttpResponse:
    return render(
        request, "accounts/activation/letter/confirmed.html", {"sign_in_url": reverse("family_sign_in")}
    )
