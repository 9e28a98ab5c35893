"""What decides how entries are read: the degré, the release of the format, the settings, today."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from establishments.phone_numbers import REGIONS

LAST_RELEASE_OF_TWO_GUARDIANS = 1710
"""Until VE1710 (March 2018) the codes 1 and 2 are the first and the second legal guardian."""
FIRST_DEGREE, SECOND_DEGREE = 1, 2
_RELEASE = re.compile(r"VE(\d{4})")


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything a worker needs to read a file of one extract, and nothing it would ask Django for.

    `legal_codes` are the codes of ENTElevePersRelEleve which make a link legal (2nd degré);
    `not_legal_kinships` those of ENTEleveAutoriteParentale which do not (1st degré).
    """

    degree: int
    phone_region: str
    legal_codes: frozenset[str]
    not_legal_kinships: frozenset[str]
    kind_labels: Mapping[str, str]
    today: date
    is_delta: bool = False


def rules_of(
    *,
    degree: int,
    academy: str,
    release: str,
    persons_in_charge: bool,
    not_legal_kinships: Collection[str],
    kind_labels: Mapping[str, str],
    today: date,
    is_delta: bool = False,
) -> Rules:
    """The rules of an extract; `release` is its versionAF, a recent one when it says nothing."""
    found = _RELEASE.search(release)
    two_guardians = found is not None and int(found[1]) <= LAST_RELEASE_OF_TWO_GUARDIANS
    return Rules(
        degree=degree,
        phone_region=REGIONS.get(academy, "FR"),
        legal_codes=frozenset("12" if two_guardians or persons_in_charge else "1"),
        not_legal_kinships=frozenset(not_legal_kinships),
        kind_labels=dict(kind_labels),
        today=today,
        is_delta=is_delta,
    )
