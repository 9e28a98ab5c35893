"""manage.py seal_journal: seals the past days of the journal now, as the night does."""

from typing import Any

from django.core.management.base import BaseCommand

from establishments.seals import seal_past_days
from establishments.templatetags.french import plural


class Command(BaseCommand):
    help = (
        "Scelle les jours passés du journal qui ne le sont pas encore, comme chaque nuit. Ne se défait pas."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        made = seal_past_days()
        if not made:
            self.stdout.write("Aucun jour à sceller.")
            return
        last, ending = made[-1], plural(len(made))
        self.stdout.write(f"{len(made)} jour{ending} scellé{ending}.")
        self.stdout.write(f"Dernier sceau : {last.day:%d/%m/%Y} {last.sha256}")
