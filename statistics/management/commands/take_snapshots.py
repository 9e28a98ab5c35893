"""manage.py take_snapshots: counts every establishment now, as the night does."""

from typing import Any

from django.core.management.base import BaseCommand

from statistics.snapshots import take_snapshots


class Command(BaseCommand):
    help = "Count the accounts of every establishment; a count is written when it differs from the last."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"changed={take_snapshots()}")
