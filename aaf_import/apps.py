"""The Django application `aaf_import`."""

from django.apps import AppConfig


class AafImportConfig(AppConfig):
    name = "aaf_import"
    verbose_name = "Import AAF"
