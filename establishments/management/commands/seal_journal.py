"""manage.py seal_journal: seals the past days of the journal now, as the night does."""

from typing import Any

from django.core.management.base import BaseCommand

from establishments.seals import seal_past_days


class Command(BaseCommand):
    help = "Seal every past day of the journal which is not sealed yet."

    def handle(self, *args: Any, **options: Any) -> None:
        made = seal_past_days()
        self.stdout.write(f"sealed={len(made)}" + (f" last={made[-1].day} {made[-1].sha256}" if made else ""))
