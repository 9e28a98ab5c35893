"""The Celery application: broker on Redis, tasks found in each app's tasks.py."""

import os
from logging.config import dictConfig

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "educonnect_admin.settings")

app = Celery("educonnect_admin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_the_site_does(**kwargs: object) -> None:
    """Instead of Celery's own lines, which quote the exceptions of tasks."""
    dictConfig(settings.LOGGING)
