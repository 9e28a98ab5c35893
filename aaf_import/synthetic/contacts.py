"""Phone numbers and mail addresses: those reserved for fiction, and nobody's twice when it matters."""

import re
from random import Random
from zlib import crc32

from aaf_import.synthetic import shares
from establishments.names import name_key, unaccented
from establishments.territories import ACADEMIES

_DOMAINS = ("example.org", "courriel.example.org", "boite.example.org", "messagerie.example.org")


def academy_domain(academy: str) -> str:
    """The mail domain of an académie's agents and schools."""
    words = re.findall(r"[a-z]+", unaccented(ACADEMIES[academy].name).lower())
    return f"ac-{'-'.join(words)}.example.org"


def landline(number: int) -> str:
    return f"+33 1 99 00 {number // 100 % 100:02d} {number % 100:02d}"


def _mobile(number: int) -> str:
    return f"+33 6 39 98 {number // 100:02d} {number % 100:02d}"


_RAW_MOBILES = (
    "06.39.98.{0}.{1}",
    "063998{0}{1}",
    "06 39 98 {0} {1}",
    "+336 39 98 {0} {1}",
    "06-39-98-{0}-{1}",
)
_WRONG_MAILS = ("{0}{1}", "{0}@@{1}", "{0} @{1}", "{0}..@{1}", "{0}@{1};", "{0}@{1}/{0}2@{1}")


class ContactBook:
    """Gives the people of one académie their numbers and addresses, some of them wrong unless `clean`."""

    _MOBILES = 10_000
    _STRIDE = 7_919
    _SEEN_BITS = 1 << 26

    def __init__(self, academy: str, rng: Random, *, clean: bool) -> None:
        self._random = rng.random
        self._clean = clean
        self._domain = academy_domain(academy)
        self._mobiles = int(self._random() * self._MOBILES)
        self._mails = int(self._random() * 100_000)
        self._landlines = 0
        self._seen = bytearray(self._SEEN_BITS // 8)
        self._employee_mails: set[str] = set()

    def landline(self) -> str:
        self._landlines += 1
        return landline(self._landlines * self._STRIDE)

    def mobile(self, name: str, given: str) -> str:
        """The number someone gave, or nothing."""
        draw = self._random()
        if draw < shares.WITHOUT_MOBILE:
            return ""
        number = self._own_number(name, given)
        if self._clean:
            return _mobile(number)
        draw -= shares.WITHOUT_MOBILE
        if draw < shares.LANDLINE_AS_MOBILE:
            return landline(number)
        if draw < shares.LANDLINE_AS_MOBILE + shares.RAW_PHONE:
            shape = _RAW_MOBILES[number % len(_RAW_MOBILES)]
            return shape.format(f"{number // 100:02d}", f"{number % 100:02d}")
        return _mobile(number)

    def _own_number(self, name: str, given: str) -> int:
        """The next of the 10,000 numbers that no namesake has: a bit remembers each (name, number) given."""
        for _ in range(self._MOBILES):
            self._mobiles += 1
            number = self._mobiles * self._STRIDE % self._MOBILES
            bit = crc32(f"{name}|{given}|{number}".encode()) % self._SEEN_BITS
            if not self._seen[bit >> 3] & (1 << (bit & 7)):
                self._seen[bit >> 3] |= 1 << (bit & 7)
                break
        return number

    def mail(self, name: str, given: str) -> str:
        """The address someone gave, or nothing."""
        draw = self._random()
        if draw < shares.WITHOUT_MAIL:
            return ""
        self._mails += 1
        local = f"{name_key(given)}.{name_key(name)}{self._mails}".lower()
        domain = _DOMAINS[self._mails % len(_DOMAINS)]
        if draw > 1 - shares.WRONG_MAIL and not self._clean:
            return _WRONG_MAILS[self._mails % len(_WRONG_MAILS)].format(local, domain)
        return f"{local}@{domain}"

    def employee_mail(self, name: str, given: str) -> str:
        """The professional address of an agent, which no colleague has."""
        local = base = f"{name_key(given)}.{name_key(name)}".lower()
        rank = 1
        while local in self._employee_mails:
            rank += 1
            local = f"{base}{rank}"
        self._employee_mails.add(local)
        return f"{local}@{self._domain}"
