"""manage.py ent_partner: declares the ENT from which families activate accounts, lists or withdraws them."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, transaction

from accounts.activation.federated.ent import return_address
from accounts.models import EntPartner
from accounts.secrets import seal_secret
from establishments.models import Academy, Degree, Establishment

VARIABLE = "ENT_CLIENT_SECRET"


class Command(BaseCommand):
    help = (
        "Déclare un ENT d’où les familles du 2nd degré activent leur compte, les énumère, retire ou rétablit "
        f"l’un d’eux. Le secret est lu dans la variable {VARIABLE}, sinon sur l’entrée standard. "
        "Écrit du JSON."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        add = acts.add_parser("add", help="déclare un ENT")
        add.add_argument("label", metavar="NOM", help="comme les familles le connaissent")
        add.add_argument("issuer", metavar="ÉMETTEUR", help="adresse avant /.well-known/openid-configuration")
        add.add_argument("client_id", metavar="CLIENT")
        scope = add.add_mutually_exclusive_group(required=True)
        scope.add_argument("--academy", metavar="CODE", help="cru pour toute cette académie")
        scope.add_argument("--uai", nargs="+", metavar="UAI", help="cru pour ces établissements seulement")
        add.add_argument("--jointure-claim", default="ENTPersonJointure", metavar="NOM")
        add.add_argument("--ine-claim", default="ENTEleveINE", metavar="NOM")
        acts.add_parser("list", help="énumère les ENT")
        for act, told in (("disable", "n’est plus proposé ni cru"), ("enable", "l’est de nouveau")):
            acts.add_parser(act, help=told).add_argument("pk", type=int, metavar="NUMÉRO")

    def handle(self, *args: Any, **options: Any) -> None:
        act = options["act"]
        if act == "list":
            told: object = [_told(each) for each in EntPartner.objects.order_by("pk")]
        elif act == "add":
            told = _told(_add(options))
        else:
            told = _told(_switch(options["pk"], is_enabled=act == "enable"))
        self.stdout.write(json.dumps(told, ensure_ascii=False))


def _add(options: dict[str, Any]) -> EntPartner:
    academy, places = _scope(options)
    url = urlsplit(options["issuer"])
    if not url.hostname or url.scheme not in {"https", *(["http"] if settings.INSECURE_HTTP else [])}:
        raise CommandError("L’émetteur doit être une adresse https://.")
    try:
        with transaction.atomic():
            partner = EntPartner.objects.create(
                label=options["label"],
                issuer=options["issuer"].rstrip("/"),
                client_id=options["client_id"],
                sealed_secret=seal_secret(_secret()),
                academy=academy,
                jointure_claim=options["jointure_claim"],
                ine_claim=options["ine_claim"],
            )
            partner.establishments.set(places)
    except IntegrityError as error:
        raise CommandError("Cet ENT est déjà déclaré, ou ne nomme personne.") from error
    return partner


def _scope(options: dict[str, Any]) -> tuple[Academy | None, list[Establishment]]:
    if options["academy"]:
        academy = Academy.objects.filter(code=options["academy"], feeds__degree=Degree.SECOND).first()
        if academy is None:
            raise CommandError(f"Aucun établissement du 2nd degré dans l’académie {options['academy']}.")
        return academy, []
    asked = {uai.upper() for uai in options["uai"]}
    places = list(Establishment.objects.filter(uai__in=asked, feed__degree=Degree.SECOND, is_offered=True))
    if missing := asked - {place.uai for place in places}:
        raise CommandError(f"Inconnus dans le 2nd degré : {', '.join(sorted(missing))}.")
    return None, places


def _secret() -> str:
    """Never an argument: those of a process are read by all on its machine."""
    secret = os.environ.get(VARIABLE) or sys.stdin.readline().strip()
    if not secret:
        raise CommandError(f"Donnez le secret par la variable {VARIABLE} ou sur l’entrée standard.")
    return secret


def _switch(pk: int, *, is_enabled: bool) -> EntPartner:
    if not EntPartner.objects.filter(pk=pk).update(is_enabled=is_enabled):
        raise CommandError(f"Aucun ENT n’a le numéro {pk}.")
    return EntPartner.objects.get(pk=pk)


def _told(partner: EntPartner) -> dict[str, object]:
    return {
        "id": partner.pk,
        "label": partner.label,
        "issuer": partner.issuer,
        "client_id": partner.client_id,
        "academy": partner.academy_id,
        "uai": sorted(partner.establishments.values_list("uai", flat=True)),
        "jointure_claim": partner.jointure_claim,
        "ine_claim": partner.ine_claim,
        "enabled": partner.is_enabled,
        "redirect_uri": return_address(partner),
    }
