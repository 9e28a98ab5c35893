"""Phone numbers as people write them, in E.164: French shapes fast, others by the phonenumbers library."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

REGIONS = {"40": "NC", "41": "PF", "42": "WF", "44": "PM"}
"""Académies whose numbers are not written as in France; the others dial ten digits."""
_SEPARATORS = str.maketrans("", "", " .-/()\u00a0")
_WITH_COUNTRY = re.compile(r"(?:\+|00)330?([1-9][0-9]{8})")
_TEN_DIGITS = re.compile(r"0([1-9][0-9]{8})")
# Ten-digit numbers of overseas departments: the country code which their first digits call for.
_OVERSEAS = {
    **dict.fromkeys(("590", "690", "691"), "590"),
    **dict.fromkeys(("594", "694"), "594"),
    **dict.fromkeys(("596", "696", "697"), "596"),
    **dict.fromkeys(("262", "263", "269", "692", "693", "639"), "262"),
}
# Inside Mayotte's 0639, the range set apart for fiction belongs to mainland France.
_FICTION = "63998"
_MOBILE = re.compile(r"\+(?:33[67]|26269[23]|262639|59069[01]|594694|59669[67])[0-9]+")
_PACIFIC_AND_MIQUELON = re.compile(r"\+(?:508|681|687|689)[0-9]+")


def phone(written: str, region: str = "FR") -> str:
    """E.164 of a number written in France, or in the `region` of REGIONS; empty when it is none."""
    digits = written.translate(_SEPARATORS)
    found = _WITH_COUNTRY.fullmatch(digits) or (region == "FR" and _TEN_DIGITS.fullmatch(digits))
    return _french(found[1]) if found else _foreign(written, region)


class AmbiguousNumber(Exception):
    """A short number, which more than one of the overseas collectivities gives."""


def mobile(written: str) -> str:
    """E.164 of a mobile of France, overseas included, wherever it is written; empty when it is none.

    Raises AmbiguousNumber.
    """
    found = {number for region in ("FR", *REGIONS.values()) if is_mobile(number := phone(written, region))}
    ten_digits = {number for number in found if not _PACIFIC_AND_MIQUELON.fullmatch(number)}
    if len(ten_digits or found) > 1:
        raise AmbiguousNumber
    return next(iter(ten_digits or found), "")


def is_mobile(number: str) -> bool:
    """Whether an E.164 number is a mobile of France, overseas included."""
    if _MOBILE.fullmatch(number):
        return True
    return bool(_PACIFIC_AND_MIQUELON.fullmatch(number)) and _is_mobile_of_plan(number)


def _french(national: str) -> str:
    country = "33" if national.startswith(_FICTION) else _OVERSEAS.get(national[:3], "33")
    return f"+{country}{national}"


@lru_cache(maxsize=8_192)
def _foreign(written: str, region: str) -> str:
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=8_192)
def _is_mobile_of_plan(number: str) -> bool:
    kind = phonenumbers.number_type(phonenumbers.parse(number))
    return kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
