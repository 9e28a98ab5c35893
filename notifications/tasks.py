"""What the worker does by itself: documents that have lived, SMS that wait."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from notifications.documents import purge_expired_documents
from notifications.sms import queue


@shared_task(name="notifications.purge_documents")
def purge_documents() -> None:
    purge_expired_documents(timezone.now())


@shared_task(name="notifications.send_sms")
def send_sms(pk: str) -> None:
    """The task holds a key; number and text are sealed in the row."""
    delay = queue.send_one(UUID(pk))
    if delay is not None:
        send_sms.apply_async((pk,), countdown=(delay + timedelta(milliseconds=200)).total_seconds())


@shared_task(name="notifications.tend_sms")
def tend_sms() -> None:
    """Take up what a killed worker left, forget what came too late."""
    queue.forget(timezone.now())
    for pk in queue.due():
        send_sms.delay(str(pk))
