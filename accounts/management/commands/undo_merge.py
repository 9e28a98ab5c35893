"""manage.py undo_merge: takes apart what a joining brought together."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.joining.merging import undo_merge
from accounts.joining.rules import NotJoinable
from accounts.models import Joining


class Command(BaseCommand):
    help = (
        "Défait un rapprochement, par son numéro (find_duplicates, historique) : les fiches retrouvent leur "
        "ancien compte, ou un nouveau. Sans --wet-run, dit seulement ce qui serait défait."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("joining", type=int, metavar="MERGE_ID")
        parser.add_argument("--wet-run", action="store_true", help="défaire vraiment")

    def handle(self, *args: Any, **options: Any) -> None:
        joining = Joining.objects.select_related("account", "former").filter(pk=options["joining"]).first()
        if joining is None:
            raise CommandError("Aucun rapprochement n’a ce numéro.")
        former = joining.former.identifier if joining.former else "un nouveau compte"
        if not options["wet_run"]:
            state = "déjà défait" if joining.undone_at else "à défaire"
            self.stdout.write(f"{joining.pk} : {joining.account.identifier} → {former}, {state}.")
            return
        try:
            given_back = undo_merge(joining)
        except NotJoinable as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{joining.pk} défait : {joining.account.identifier} → {given_back.identifier}.")
