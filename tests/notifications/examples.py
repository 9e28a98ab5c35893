"""Invented sheets, finished as the accounts app hands them over."""

from dataclasses import replace
from datetime import date
from typing import Any

from notifications.sheet_data import Child, Sender, Sheet, SheetText

SCHOOL = Sender(
    name="École élémentaire Jean-Moulin",
    uai="0370123X",
    address=("12 rue des Écoles", "37000 TOURS"),
    phone="01 99 00 12 34",
    mail="ecole.jean-moulin@example.org",
    academy="Académie d’Orléans-Tours",
    district="Circonscription de Tours-Nord",
    noun="école",
)
LEO = Child("Léo", "MARTIN", "CM2 A", "École élémentaire Jean-Moulin")
INES = Child("Inès", "MARTIN", "6e B", "Collège Marguerite-Yourcenar")
LONG_CHILD = Child(
    "Marie-Antoinette-Joséphine",
    "DE LA ROCHEFOUCAULD-MONTMORENCY-LUXEMBOURG",
    "Toute petite section et petite section B",
    "Groupe scolaire intercommunal Antoine-de-Saint-Exupéry-et-Jacqueline-Auriol de la vallée",
)
PROVISIONAL = Sheet(
    sender=SCHOOL,
    text=SheetText.PROVISIONAL,
    addressee="Mme Claire MARTIN",
    identifier="c.martin12",
    class_label="CM2 A",
    handed_to="MARTIN Léo",
    activation_url="https://educonnect.example.org/activation/?identifiant=c.martin12",
    service_address="educonnect.example.org/activation",
    made_on=date(2026, 9, 1),
    address=("8 rue du Moulin", "Appartement 12", "37100 TOURS"),
    secret="k7mw3pxt9r",
    valid_until=date(2026, 12, 1),
    children=(LEO, INES),
    password_rule="8 à 14 caractères, avec des lettres et des chiffres",
    assistance="Assistance de l’académie : 01 99 00 00 00.",
)


def a_sheet(text: SheetText = SheetText.PROVISIONAL, **changes: Any) -> Sheet:
    """The same family's sheet with another text, without secret or deadline where it has none."""
    without = {} if text.has_secret else {"secret": "", "valid_until": None}
    return replace(PROVISIONAL, text=text, **without, **changes)


def a_numbered_sheet(number: int, **changes: Any) -> Sheet:
    return a_sheet(identifier=f"c.martin{number}", **changes)


def a_longest_sheet(text: SheetText, children: int) -> Sheet:
    """Every field longer than any that was met."""
    return a_sheet(
        text,
        sender=replace(
            SCHOOL, name=LONG_CHILD.school_name, address=("1234 boulevard du Président " * 3,) * 4
        ),
        addressee=f"Mme {LONG_CHILD.given_name} {LONG_CHILD.surname}",
        address=("Résidence des Grands Jardins de la Loire, bâtiment C, escalier 3",) * 3,
        identifier="m.delarochefoucauldmontmorencyluxembourgdesaintexupery123",
        class_label=LONG_CHILD.class_label,
        handed_to=f"{LONG_CHILD.surname} {LONG_CHILD.given_name}",
        children=(LONG_CHILD,) * children,
        service_address="services-en-ligne.academie-d-exemple.example.org/comptes/activation",
        is_awaiting_confirmation=True,
    )
