"""What a family's password must be: the rule in force, in words, and what a given password lacks of it.

« cnil »: délibération n° 2022-100 of 21 July 2022, its three examples of 80 bits. « guide »: that of 2018.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from establishments.password_words import is_made_of, letters_of

MOST = 128
# A common word of so many letters, or more, is all that a guesser needs of a password.
_KNOWN_BY_HEART = 8
_COMMON = "Ce mot de passe est trop courant : il serait vite deviné. Choisissez-en un autre."
_NAMES = "Votre mot de passe ne peut pas être fait de votre identifiant ou de votre nom."
_SERVICE = "Ce mot de passe est fait de mots du service : ajoutez-en d’autres."


@dataclass(frozen=True, slots=True)
class PasswordRule:
    """`words` complete « Votre mot de passe doit avoir… », on sheets and mails as on pages."""

    words: str
    is_kept_by: Callable[[str], bool]


def rule() -> PasswordRule:
    """The one of settings.FAMILY_PASSWORD_RULE."""
    return RULES[settings.FAMILY_PASSWORD_RULE]


def check(password: str, *, about: Iterable[str] = ()) -> None:
    """Raise ValidationError with all that is wrong; `about`: the identifiant and the names of its holder."""
    faults = []
    if not rule().is_kept_by(password):
        faults.append(f"Votre mot de passe doit avoir {rule().words}.")
    if len(password) > MOST:
        faults.append(f"Votre mot de passe ne peut pas dépasser {MOST} caractères.")
    if _is_common(password):
        faults.append(_COMMON)
    elif is_made_of(password, sorted(filter(_is_long, map(letters_of, about)), key=len, reverse=True)):
        faults.append(_NAMES)
    elif is_made_of(password):
        faults.append(_SERVICE)
    if faults:
        raise ValidationError(faults)


def _is_guide(password: str) -> bool:
    both = any(map(str.isalpha, password)) and any(map(str.isdigit, password))
    return 8 <= len(password) <= 14 and both


def _is_cnil(password: str) -> bool:
    classes = (str.islower, str.isupper, str.isdigit, _is_sign)
    held = sum(any(map(is_of, password)) for is_of in classes)
    words = {word for word in password.split() if len(word) > 1}
    return (len(password) >= 12 and held == 4) or (len(password) >= 14 and held >= 3) or len(words) >= 7


def _is_sign(letter: str) -> bool:
    return not letter.isalnum()


RULES = {
    "guide": PasswordRule("8 à 14 caractères, avec des lettres et des chiffres", _is_guide),
    "cnil": PasswordRule(
        "14 caractères au moins avec minuscules, majuscules et chiffres, ou 12 avec aussi un signe (! ? - …)",
        _is_cnil,
    ),
}


def _is_common(password: str) -> bool:
    """« azertyuiop » with a year behind is as common as without."""
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", password).lower()
    common = _common_ones()
    return password.lower().strip() in common or (len(bare) >= _KNOWN_BY_HEART and bare in common)


@cache
def _common_ones() -> frozenset[str]:
    return frozenset(each for each in CommonPasswordValidator().passwords if len(each) > 5)


def _is_long(word: str) -> bool:
    return len(word) > 3
