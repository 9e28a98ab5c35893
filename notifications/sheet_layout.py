"""How a sheet's content is set on its page: what the templates show, and how densely."""

from datetime import date
from functools import cached_property
from math import ceil

from django.utils import translation
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

from notifications.qr import qr_svg
from notifications.sheet_data import Child, Sheet

# From roomy to tight; the style sheet names them d0 to d3.
DENSEST = 3
# Lines the page takes at each density but the densest, for the part that varies.
ROOM = (9, 14, 30)
# The densest page lists no more children than this (an institution may be in charge of a hundred).
LISTED = 36
# What fits on one line of the address block, and its number of lines.
ADDRESS_LINE, ADDRESS_LINES = 40, 6


class SheetPage:
    """One sheet as its template reads it."""

    def __init__(self, sheet: Sheet, *, density: int, anchor: str, bookmark: str) -> None:
        self.sheet = sheet
        self.density = density
        self.anchor = anchor
        self.bookmark = bookmark
        self.children: tuple[Child, ...] = () if sheet.for_pupil else sheet.children
        self.unlisted = 0
        if density == DENSEST and len(self.children) > LISTED:
            self.unlisted = len(self.children) - LISTED
            self.children = self.children[:LISTED]

    @property
    def template_name(self) -> str:
        return f"notifications/letters/{self.sheet.text}.html"

    @property
    def letterhead(self) -> list[str]:
        sender = self.sheet.sender
        lines = [*sender.address, f"UAI\u00a0: {sender.uai}", sender.district, sender.academy]
        return [line for line in lines if line]

    @property
    def made_on(self) -> str:
        return french_date(self.sheet.made_on)

    @property
    def valid_until(self) -> str:
        return french_date(self.sheet.valid_until) if self.sheet.valid_until else ""

    @property
    def is_mixed_case(self) -> bool:
        secret = self.sheet.secret
        return secret not in (secret.lower(), secret.upper())

    @property
    def address_size(self) -> str:
        lines = (self.sheet.addressee, *self.sheet.address)
        needed = sum(_lines(line, ADDRESS_LINE) for line in lines)
        return "long" if needed > ADDRESS_LINES else ""

    @property
    def identifier_size(self) -> str:
        length = len(self.sheet.identifier)
        return "" if length <= 23 else "long" if length <= 33 else "longer"

    @property
    def contact(self) -> str:
        sender = self.sheet.sender
        ways = [f"téléphone {sender.phone}"] if sender.phone else []
        ways += [f"mail {sender.mail}"] if sender.mail else []
        who = f"Adressez-vous à l’{sender.noun}"
        return f"{who}\u00a0: {', '.join(ways)}." if ways else f"{who}."

    @cached_property
    def qr(self) -> SafeString:
        title = f"Code QR : ouvre {self.sheet.service_address} avec votre identifiant déjà rempli"
        return mark_safe(qr_svg(self.sheet.activation_url, title=title))  # noqa: S308 escaped by qr_svg


def first_density(sheet: Sheet) -> int:
    """The density at which the sheet most likely fits; rendering has the last word."""
    children = () if sheet.for_pupil else sheet.children
    lines = sum(_lines(f"{c.given_name} {c.surname}, {c.class_label}, {c.school_name}", 85) for c in children)
    lines += _lines(sheet.assistance, 90) + _lines(sheet.password_rule, 60)
    return next((density for density, room in enumerate(ROOM) if lines <= room), DENSEST)


def french_date(day: date) -> str:
    """« 1er janvier 2026 », « 12 janvier 2026 »."""
    with translation.override("fr"):
        text = date_format(day, "j F Y")
    return f"1er{text[1:]}" if day.day == 1 else text


def _lines(text: str, width: int) -> int:
    return ceil(len(text) / width)
