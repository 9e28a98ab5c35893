"""Who one can be at the demonstration's identity provider, and what it says of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from accounts.models import EntPartner
from accounts.played_year_families import ENT_CLIENT
from accounts.secrets import open_secret
from educonnect_admin.demo import families
from educonnect_admin.demo.families import Family


class Side(StrEnum):
    """Which of the two is played; a part of its addresses."""

    FRANCECONNECT = "franceconnect"
    ENT = "ent"


@dataclass(frozen=True, slots=True)
class Person:
    """`key` chooses them, and is never changed: who comes back is the same one."""

    key: str
    name: str
    hint: str
    claims: dict[str, str]


UNKNOWN = {
    Side.FRANCECONNECT: Person(
        "inconnue",
        "Dominique DUPONTEL",
        "que l’école ne connaît pas",
        {"given_name": "Dominique", "family_name": "DUPONTEL"},
    ),
    Side.ENT: Person(
        "inconnue", "Dominique DUPONTEL", "que l’annuaire ne connaît pas", {"ENTPersonJointure": "0"}
    ),
}


def people(side: Side) -> list[Person]:
    of_side = _of_franceconnect() if side == Side.FRANCECONNECT else _of_ent()
    return [*of_side, UNKNOWN[side]]


def person(side: Side, key: str) -> Person | None:
    return next((each for each in people(side) if each.key == key), None)


def is_client(side: Side, client_id: str, secret: str) -> bool:
    return bool(secret) and secret == _secret_of(side, client_id)


def say_where_the_ent_is(address: str) -> None:
    """The partner which the played year declared; its port is another at each start."""
    EntPartner.objects.filter(client_id__startswith=f"{ENT_CLIENT}-").update(issuer=f"{address}/{Side.ENT}")


def _secret_of(side: Side, client_id: str) -> str:
    if side == Side.FRANCECONNECT:
        return settings.FRANCECONNECT_CLIENT_SECRET if client_id == settings.FRANCECONNECT_CLIENT_ID else ""
    declared = EntPartner.objects.filter(client_id=client_id, client_id__startswith=f"{ENT_CLIENT}-").first()
    return open_secret(declared.sealed_secret) if declared else ""


def _of_franceconnect() -> list[Person]:
    new = [_citizen(family, "jamais venu") for family in families.by_sms()]
    linked = [_citizen(family, "déjà lié à un compte") for family in families.by_franceconnect()]
    return [*new, *linked, *(_citizen(family, "à lier depuis son compte") for family in families.to_link())]


def _citizen(family: Family, hint: str) -> Person:
    said = {
        "given_name": family.person.given_name,
        "family_name": family.person.birth_surname or family.person.surname,
        "preferred_username": family.person.surname,
    }
    return Person(f"demo-{family.account}", _name(family), hint, said)


def _of_ent() -> list[Person]:
    return [
        Person(
            f"demo-{family.account}",
            _name(family),
            "élève" if family.is_pupil else "responsable",
            {"ENTPersonJointure": f"{family.academy}${family.person.jointure}"},
        )
        for family in families.from_ent()
    ]


def _name(family: Family) -> str:
    return f"{family.person.given_name} {family.person.surname}"
