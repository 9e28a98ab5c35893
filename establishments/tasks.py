"""What workers do for establishments: each task may be killed at any moment and be run again."""

import logging
from importlib import import_module

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from establishments import months, seals, sessions, verification
from establishments.delegations import ending, notices
from establishments.federation import rights

_log = logging.getLogger(__name__)


@shared_task(name="establishments.send_notices")
def send_notices() -> None:
    notices.send_due()


@shared_task(name="establishments.forget_notices")
def forget_notices() -> None:
    notices.forget_old()


@shared_task(name="establishments.end_orphaned_delegations")
def end_orphaned_delegations() -> None:
    ending.end_orphaned()


@shared_task(name="establishments.end_unconfirmed_claims")
def end_unconfirmed_claims() -> None:
    rights.end_unconfirmed(timezone.now() - settings.FEDERATION_LIFETIME)


@shared_task(name="establishments.sweep_sessions")
def sweep_sessions() -> None:
    """Forget the sessions which ended by themselves, theirs and Django's."""
    sessions.sweep()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


@shared_task(name="establishments.seal_journal")
def seal_journal() -> None:
    months.make_months(timezone.now().date())
    seals.seal_past_days()
    waiting = verification.unsealed_days()
    if waiting:
        _log.warning("journal: %s past days are not sealed, a transaction may have been left open", waiting)


@shared_task(name="establishments.purge_journal")
def purge_journal() -> None:
    months.purge_old_months(timezone.now().date())
