"""Words of the service, which anybody who guesses tries first: no password is made of them alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ValidationError

# Told in docs/security.md; the words of settings.OPERATOR_NAME are added.
# The longer before what they contain.
WORDS = [
    "administration",
    "educonnect",
    "etablissement",
    "motdepasse",
    "directrice",
    "directeur",
    "education",
    "principal",
    "academie",
    "comptes",
    "console",
    "college",
    "nationale",
    "compte",
    "lycee",
    "ecole",
    "arena",
    "eleve",
]
# Letters which must be left once the words are taken away.
_LEFT = 8


class ServiceWordsValidator:
    """Refuses « EduConnect-2026! », not a sentence which happens to hold the word."""

    def validate(self, password: str, user: object = None) -> None:
        if is_made_of(password):
            raise ValidationError(
                "Ce mot de passe est fait de mots du service : ajoutez-en d’autres.", code="service_words"
            )

    def get_help_text(self) -> str:
        return "Votre mot de passe ne peut pas être fait seulement de mots du service."


def is_made_of(password: str, words: Iterable[str] | None = None) -> bool:
    """Whether little is left of it without `words`, the longest first; by default those of the service."""
    letters = letters_of(password)
    found = [word for word in (words if words is not None else (*WORDS, *_operator())) if word in letters]
    for word in found:
        letters = letters.replace(word, "")
    return bool(found) and len(letters) < _LEFT


def _operator() -> list[str]:
    return [word for word in map(letters_of, settings.OPERATOR_NAME.split()) if len(word) > 3]


def letters_of(text: str) -> str:
    """Without accents, capitals, digits and signs."""
    return re.sub("[^a-z]", "", unicodedata.normalize("NFKD", text.casefold()))
