"""The Django application `establishments`."""

from django.apps import AppConfig


class EstablishmentsConfig(AppConfig):
    name = "establishments"
    verbose_name = "Établissements"

    def ready(self) -> None:
        # Needs the models, which are not there when this module is read.
        from establishments import sign_in_journal

        sign_in_journal.connect()
