"""Off to FranceConnect or to an ENT, and what to say when nobody comes back from there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.shortcuts import render

from accounts.activation import throttle
from accounts.activation.federated.openid import Failure, IdentificationFailed, depart
from accounts.activation.throttle import Limit, Rule
from establishments.networks import client_address

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.federated.openid import Partner
    from accounts.activation.session import FamilyRequest

logger = logging.getLogger(__name__)
# Each departure asks something of the partner: a whole school may leave from one address, not a machine.
_MANY = Limit(free=300, longest=60, window=600)
LEAVING = Rule("leaving", here=_MANY, anywhere=_MANY)
_STATUS = {
    Failure.CANCELLED: 200,
    Failure.LOST: 400,
    Failure.INVALID: 502,
    Failure.UNAVAILABLE: 503,
}


def leave(
    request: FamilyRequest, partner: Partner, come_back_to: str, start: str, account: int | None = None
) -> HttpResponse:
    """A page which leaves at once: the policy forbids that a form be redirected to another site.

    `start` is the address of the page where to try again; `account`, that which asks to be linked.
    """
    throttle.attempt(request, LEAVING, str(client_address(request)))
    try:
        address = depart(partner, request.family, come_back_to, account)
    except IdentificationFailed as failed:
        return show_failure(request, partner, failed, start)
    return render(request, "accounts/activation/federated/leaving.html", {"address": address, "out": False})


def show_failure(
    request: FamilyRequest, partner: Partner, failed: IdentificationFailed, start: str
) -> HttpResponse:
    """And a line in the log, without what was said of anybody."""
    if failed.failure != Failure.CANCELLED:
        logger.warning("identification by %s failed: %s", partner.key, failed)
    context = {"failure": failed.failure, "start": start, "account": request.account}
    status = _STATUS[failed.failure]
    return render(request, "accounts/activation/federated/identification_failed.html", context, status=status)
