"""What the worker does by itself for documents."""

from celery import shared_task
from django.utils import timezone

from notifications.documents import purge_expired_documents


@shared_task(name="notifications.purge_documents")
def purge_documents() -> None:
    purge_expired_documents(timezone.now())
