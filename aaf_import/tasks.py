"""Imports that nobody waits for: the night's deliveries, and one extract on demand."""

from contextlib import suppress
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from aaf_import import refusal_mails
from aaf_import.importing import ExtractRefused, import_extract
from aaf_import.inbox import feed_folders, import_folder
from aaf_import.sweeping import forget_anomalies as forget
from aaf_import.sweeping import forget_record_changes


@shared_task(name="aaf_import.import_inbox")
def import_inbox() -> None:
    """One task a feed: what goes wrong with one stops no other."""
    for folder in feed_folders(settings.AAF_INBOX):
        import_feed_folder.delay(str(folder))


@shared_task(name="aaf_import.import_feed_folder")
def import_feed_folder(folder: str) -> None:
    try:
        import_folder(Path(folder))
    finally:
        tell_refusals.delay()


@shared_task(name="aaf_import.tell_refusals")
def tell_refusals() -> None:
    refusal_mails.tell_refusals()


@shared_task(name="aaf_import.import_path")
def import_path(path: str) -> None:
    """Import one extract; a refusal is told by its run."""
    with suppress(ExtractRefused):
        import_extract(Path(path))


@shared_task(name="aaf_import.forget_anomalies")
def forget_anomalies() -> None:
    """What names persons and has served: anomalies, and what changed on past nights."""
    forget(timezone.now())
    forget_record_changes(timezone.now())
