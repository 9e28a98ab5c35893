"""Phone numbers as people read them."""

from functools import lru_cache

import phonenumbers


@lru_cache(maxsize=4_096)
def displayed_phone(e164: str) -> str:
    """`+33639981234` → « 06 39 98 12 34 »; a foreign number internationally; as given if unreadable."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    national = number.country_code == 33
    form = (
        phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return phonenumbers.format_number(number, form)
