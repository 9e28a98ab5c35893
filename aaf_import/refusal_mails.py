"""Tells the ops, by mail, that a run was refused: once, whatever the mail server did meanwhile."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from aaf_import.models import ImportRun
from aaf_import.run_report import told

_log = logging.getLogger(__name__)
# Older, the late import is what is to be told.
_TOLD_WITHIN = timedelta(days=1)


def tell_refusals() -> int:
    """Mail each new refusal to settings.OPS_MAILS; how many left; others are for the next call."""
    if not settings.OPS_MAILS:
        return 0
    since = timezone.now() - _TOLD_WITHIN
    due = ImportRun.objects.filter(
        status=ImportRun.Status.REFUSED, told_at__isnull=True, finished_at__gte=since
    )
    return sum(_tell(pk) for pk in due.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _tell(pk: int) -> bool:
    """The row is held while its mail leaves: two workers send one."""
    run = (
        ImportRun.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(pk=pk, told_at__isnull=True)
        .first()
    )
    if run is None:
        return False
    try:
        _mail(run).send()
    except (OSError, SMTPException) as error:
        _log.warning("the refusal of run %s is not told yet: %s", pk, error)
        return False
    run.told_at = timezone.now()
    run.save(update_fields=["told_at"])
    return True


def _mail(run: ImportRun) -> EmailMessage:
    feed = f"{run.academy}-{run.degree}D" if run.academy else "flux inconnu"
    return EmailMessage(
        subject=f"Import refusé : {feed}, passage {run.pk}",
        body=f"{told(run)}\n\nUne fois la cause levée : python manage.py replay_run {run.pk}\n",
        to=settings.OPS_MAILS,
    )
