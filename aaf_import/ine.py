"""The INE, a pupil's national number, and the key it ends with."""

import re

from establishments.territories import UAI_LETTERS

_SIECLE = re.compile(r"[0-9]{10}[A-Z]")
_NATIONAL = re.compile(r"[0-9]{9}[A-HJK]{2}")
_APPRENTICE = re.compile(r"[0-9]{4}A[0-9]{5}[A-Z]")
_DIGIT_LETTERS = "ABCDEFGHJK"
LENGTH = 11


def is_valid_ine(ine: str) -> bool:
    """Whether `ine` is one of the three kinds (national, SIECLE's, apprentices'), with its key."""
    if _NATIONAL.fullmatch(ine):
        tens, units = divmod(97 - int(ine[:9]) % 97, 10)
        return ine[9:] == _DIGIT_LETTERS[tens] + _DIGIT_LETTERS[units]
    if _SIECLE.fullmatch(ine):
        return ine[10] == UAI_LETTERS[int(ine[:10]) % 23]
    return _APPRENTICE.fullmatch(ine) is not None
