"""What workers do for establishments: each task may be killed at any moment and be run again."""

from importlib import import_module

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from establishments import sessions
from establishments.delegations import ending, notices
from establishments.federation import rights


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
