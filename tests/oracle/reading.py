"""Finds the marks of a world in what the console answers."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from typing import TYPE_CHECKING

from tests.oracle.world import mobile_mark

if TYPE_CHECKING:
    from django.http import HttpResponse

    from tests.oracle.planting import Planted

_LETTERS = re.compile(r"XQ[A-Z]{4}", re.IGNORECASE)
_INE = re.compile(r"[0-9]{9}XQ")
_BIRTH = re.compile(r"[0-9]{2}/[0-9]{2}/201[0-9]")
_MOBILE = re.compile(r"(?:\+33|0)\W*6\W*39\W*98\W*([0-9]{2})\W*([0-9]{2})(?![0-9])")
_ACCOUNT = re.compile(r"/comptes/([0-9]+)/")
_OPERATION = re.compile(r"/operations/([0-9]+)/")
_NUMBER = re.compile(r"[0-9]+(?:\u202f[0-9]{3})*")
# What is drawn at random on each page.
_NOISE = re.compile(
    r'name="csrfmiddlewaretoken" value="[^"]*"|"X-CSRFToken"[^}]*'
    # The signature of a key in an address.
    r"|(?<=[0-9]):[\w-]{43}(?=/)"
)


class Reader:
    """Knows the keys that the database gave to the accounts and operations of a world."""

    def __init__(self, planted: Planted) -> None:
        self._accounts = {row.pk: number for number, row in enumerate(planted.accounts)}
        self._operations = {row.pk: number for number, row in enumerate(planted.operations)}

    def marks(self, answer: HttpResponse) -> set[str]:
        return self.marks_of(text_of(answer))

    def marks_of(self, text: str) -> set[str]:
        found = {each.upper() for each in _LETTERS.findall(text)}
        found |= {*_INE.findall(text), *_BIRTH.findall(text)}
        found |= {mobile_mark(int(a + b)) for a, b in _MOBILE.findall(text)}
        found |= {f"account {self._accounts.get(int(pk), pk)}" for pk in _ACCOUNT.findall(text)}
        # An operation made while looking has no number.
        known = {int(pk) for pk in _OPERATION.findall(text)} & self._operations.keys()
        return found | {f"operation {self._operations[pk]}" for pk in known}

    def rows(self, answer: HttpResponse) -> Counter[frozenset[str]]:
        """The marks of each line of the tables of a page."""
        return self._rows_of(text_of(answer))

    def tables(self, answer: HttpResponse) -> dict[str, Counter[frozenset[str]]]:
        """The same, by the caption of each table."""
        tables = re.findall(r"<caption>(.*?)</caption>(.*?)</table>", text_of(answer), re.DOTALL)
        return {caption: self._rows_of(table) for caption, table in tables}

    def _rows_of(self, text: str) -> Counter[frozenset[str]]:
        bodies = re.findall(r"<tbody>(.*?)</tbody>", text, re.DOTALL)
        lines = [line for body in bodies for line in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)]
        return Counter(frozenset(self.marks_of(line)) for line in lines)

    def accounts(self, keys: list[int]) -> set[int | str]:
        return {self._accounts.get(pk, f"unknown {pk}") for pk in keys}


def text_of(answer: HttpResponse) -> str:
    return _NOISE.sub("", unescape(answer.content.decode()))


def number(text: str) -> int:
    found = _NUMBER.search(text)
    assert found, text
    return int(found.group().replace("\u202f", ""))
