"""The demonstration's own pages, which nothing else shows: its mailbox, and families to play."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from educonnect_admin.demo import families
from educonnect_admin.demo.mailbox import SHOWN, messages
from establishments.demo import is_offered

View = Callable[[HttpRequest], HttpResponse]


def in_the_demonstration(view: View) -> View:
    """Elsewhere, or to who does not sit at the machine, the page does not exist."""

    @wraps(view)
    def offered_view(request: HttpRequest) -> HttpResponse:
        if not is_offered(request):
            raise Http404
        return view(request)

    return login_not_required(require_safe(never_cache(offered_view)))


@in_the_demonstration
def mailbox(request: HttpRequest) -> HttpResponse:
    wanted = request.GET.get("destinataire", "").strip()[:200]
    found = messages(settings.DEMO_MAILS, settings.SMS_SPOOL, wanted)
    return render(request, "demo/mailbox.html", {"messages_found": found, "wanted": wanted, "most": SHOWN})


@in_the_demonstration
def families_to_play(request: HttpRequest) -> HttpResponse:
    context = {
        "by_letter": families.by_letter(),
        "by_sms": families.by_sms(),
        "pupils": families.pupils(),
        "activation_url": settings.ACTIVATION_URL,
    }
    return render(request, "demo/families.html", context)
