"""What a pupil's entry says of one responsable: kinship, and whether the link is legal."""

from __future__ import annotations

from dataclasses import dataclass

from aaf_import.rules import FIRST_DEGREE, Rules

_PARTS_1D, _PARTS_2D = 2, 6
_LEGAL_CODES = {"0", "1", "2", "3"}


@dataclass(frozen=True, slots=True)
class Relation:
    """`legal_code` is empty in the 1st degré, where being listed is the flag."""

    responsable: str
    kinship: str
    legal_code: str
    is_legal: bool

    @property
    def has_unknown_code(self) -> bool:
        return self.legal_code not in _LEGAL_CODES and self.legal_code != ""


def read_relations(written: str, rules: Rules) -> Relation | None:
    """`responsable$kinship`, or `responsable$kinship$payer$legal$contact$payment`; None when malformed."""
    parts = [part.strip() for part in written.split("$")]
    wanted = _PARTS_1D if rules.degree == FIRST_DEGREE else _PARTS_2D
    if len(parts) != wanted or not 0 < len(parts[0]) <= 64 or len(parts[1]) > 4:
        return None
    if rules.degree == FIRST_DEGREE:
        return Relation(parts[0], parts[1], "", parts[1] not in rules.not_legal_kinships)
    legal = parts[3][:2]
    return Relation(parts[0], parts[1], legal, legal in rules.legal_codes)
