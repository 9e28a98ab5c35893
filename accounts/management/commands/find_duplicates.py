"""manage.py find_duplicates: finds the probable duplicates again, and says how many there are, and which."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.joining.duplicates import refresh_duplicates
from accounts.models import Duplicate, Joining
from establishments.models import Feed

_COLUMNS = ("pk", "establishment__uai", "first__identifier", "second__identifier", "score", "reasons")


class Command(BaseCommand):
    help = (
        "Recherche les doublons probables, établissement par établissement, et ceux qu’aucun établissement "
        "ne voit à lui seul. Ne réunit rien."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--academy", default="", help="code d’une académie ; toutes sinon")
        parser.add_argument("--json", action="store_true", help="les donner un par un, par identifiants")

    def handle(self, *args: Any, **options: Any) -> None:
        feeds = Feed.objects.select_related("academy").order_by("pk")
        if options["academy"]:
            feeds = feeds.filter(academy=options["academy"])
            if not feeds:
                raise CommandError("Cette académie n’a aucun flux.")
        opened = closed = 0
        for feed in feeds:
            found = refresh_duplicates(feed, now=timezone.now())
            opened, closed = opened + found.opened, closed + found.closed
        waiting = Duplicate.objects.filter(decision="", closed_at=None).order_by("-score", "pk")
        if options["academy"]:
            sources = {"first__sources__responsable__feed__in": feeds, "first__sources__closed_at": None}
            waiting = waiting.filter(**sources).distinct()
        joinings = Joining.objects.filter(undone_at=None).count()
        if options["json"]:
            rows = [dict(zip(_COLUMNS, row, strict=True)) for row in waiting.values_list(*_COLUMNS)]
            told = {"opened": opened, "closed": closed, "joinings": joinings, "waiting": rows}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        self.stdout.write(f"opened={opened} closed={closed} waiting={waiting.count()} joinings={joinings}")
