"""Ends delegations: by an agent who may delegate, or by the platform when their granter may no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from establishments.delegations.recording import record
from establishments.models import Delegation, EventKind

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from establishments.access import Access
    from establishments.models import Establishment


@transaction.atomic
def end(delegation: Delegation, *, by: Access) -> bool:
    """At once, open sessions included; False when it was over already."""
    if not by.can_delegate:
        raise PermissionDenied
    now = timezone.now()
    still = Delegation.objects.not_over().filter(pk=delegation.pk, source=Delegation.Source.GRANTED)
    if not still.update(ended_at=now, ended_by=by.agent):
        return False
    delegation.refresh_from_db()
    record(EventKind.DELEGATION_ENDED, [delegation], by=by.agent, at=now, besides=[by.agent])
    return True


@transaction.atomic
def end_orphaned(establishments: QuerySet[Establishment] | None = None) -> int:
    """Write the end of those whose granter may delegate there no more, everywhere or in `establishments`.

    They open nothing since that moment (DelegationQuerySet.in_force): this leaves the date, the event and
    the mails. The number of queries does not depend on how many there are, and a row being changed waits for
    the next time.
    """
    left = Delegation.objects.orphaned().select_for_update(skip_locked=True, of=("self",))
    if establishments is not None:
        left = left.filter(establishment__in=establishments)
    ended, now = list(left.order_by("pk")), timezone.now()
    if not ended:
        return 0
    Delegation.objects.filter(pk__in=[each.pk for each in ended]).update(ended_at=now)
    record(EventKind.DELEGATION_ENDED, ended, by=None, at=now)
    return len(ended)
