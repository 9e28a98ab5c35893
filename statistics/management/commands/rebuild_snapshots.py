"""manage.py rebuild_snapshots: gives the demo the snapshots its played year would have had."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from statistics.played_past import AlreadyCounted, rebuild_snapshots


class Command(BaseCommand):
    help = "Rebuild the nightly snapshots of a played year from its events (demo mode only)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO_MODE:
            raise CommandError(
                "rebuild_snapshots says what nobody counted: it runs in demo mode only (DEMO_MODE=true)."
            )
        try:
            self.stdout.write(f"snapshots={rebuild_snapshots()}")
        except AlreadyCounted as error:
            raise CommandError("Snapshots have been taken already: nothing rebuilt.") from error
