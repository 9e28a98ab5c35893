"""What an establishment chose for its accounts, and the record of who changed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from accounts.models import EstablishmentSettings
    from establishments.models import Agent


@transaction.atomic
def change_settings(chosen: EstablishmentSettings, changed: Collection[str], *, by: Agent) -> None:
    """Keep `chosen`, of which the settings named in `changed` are new, with its event; nothing for none."""
    if not changed:
        return
    chosen.changed_at, chosen.changed_by = timezone.now(), by
    chosen.save()
    Event.objects.create(
        kind=EventKind.SETTING_CHANGED,
        at=chosen.changed_at,
        establishment_id=chosen.establishment_id,
        actor=Event.Actor.AGENT,
        agent=by,
        target_kind="establishment",
        target_id=chosen.establishment_id,
        data={name: getattr(chosen, name) for name in changed},
    )
