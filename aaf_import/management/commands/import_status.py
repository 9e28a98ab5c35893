"""How fresh each feed is: `manage.py import_status`; exit code 3 when one is late."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from aaf_import.freshness import FeedState, feed_states, waiting_deliveries
from establishments.models import Feed

LATE = 3


class Command(BaseCommand):
    help = "Dit de chaque flux son dernier import, s’il est en retard, et ce qui attend d’être importé."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="écrire un objet JSON sur la sortie standard")

    def handle(self, *args: Any, **options: Any) -> None:
        states = feed_states(Feed.objects.all())
        waiting = waiting_deliveries(settings.AAF_INBOX)
        if options["json"]:
            report = {"feeds": [state.as_json() for state in states], "waiting": waiting}
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            self._tell(states, waiting)
        if any(state.is_late for state in states):
            sys.exit(LATE)

    def _tell(self, states: list[FeedState], waiting: dict[str, int]) -> None:
        for state in states:
            self.stdout.write(_told(state))
        known = {str(state.feed) for state in states}
        for name in sorted(waiting.keys() - known):
            self.stdout.write(f"Dossier {name} : {waiting[name]} livraison(s) en attente, aucun import.")
        late = sum(state.is_late for state in states)
        self.stdout.write(f"{len(states)} flux, {late} en retard.")


def _told(state: FeedState) -> str:
    feed, run = state.feed, state.last_run
    applied = f"{timezone.localtime(feed.applied_at):%d/%m/%Y à %H:%M}" if feed.applied_at else "jamais"
    day = f", extrait du {feed.extract_date:%d/%m/%Y}" if feed.extract_date else ""
    late = " EN RETARD" if state.is_late else ""
    last = f"passage {run.pk} : {run.get_status_display().lower()}" if run else "aucun passage"
    refusal = f" ({run.message})" if run and run.message else ""
    return (
        f"{feed}{late} : importé {applied}{day} ; {last}{refusal} ;"
        f" {state.anomalies} anomalies, {state.waiting} en attente."
    )
