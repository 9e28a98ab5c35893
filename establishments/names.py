"""Keys that names are sorted, searched and compared by, whatever the database's collation."""

import re
import unicodedata
from functools import lru_cache

_LIGATURES = str.maketrans(
    {
        "œ": "oe",
        "Œ": "OE",
        "æ": "ae",
        "Æ": "AE",
        "ß": "ss",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
    }
)
_NOT_LETTER = re.compile(r"[^A-Z]+")
_NOT_LETTER_OR_DIGIT = re.compile(r"[^A-Z0-9]+")
_DIGITS = re.compile(r"\d+")


def unaccented(text: str) -> str:
    """`text` in upper case, its letters without accents: « Zoë d’Œuf » → « ZOE D’OEUF »."""
    if text.isascii():
        return text.upper()
    decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).upper()


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """Letters of `name` only, unaccented, upper case: « Le Goff » → « LEGOFF »."""
    return _NOT_LETTER.sub("", unaccented(name))


@lru_cache(maxsize=4_096)
def label_key(label: str) -> str:
    """Sort key of a class or school label, numbers in their order: « 6EME 2 » before « 6EME 10 »."""
    kept = _NOT_LETTER_OR_DIGIT.sub(" ", unaccented(label)).strip()
    return _DIGITS.sub(lambda number: number.group().zfill(4), kept)


def search_terms(query: str) -> list[str]:
    """The keys of the words of a search; a row matches when each is part of one of its names."""
    return [key for word in re.split(r"[\s,;]+", query) if (key := name_key(word))]
