"""UAIs and INEs that carry a true key."""

from establishments.territories import UAI_LETTERS

_INE_LETTERS = "ABCDEFGHJK"


def uai(prefix: str, serial: int) -> str:
    """The UAI of the `serial`-th structure of a department, `prefix` being its first three digits."""
    digits = f"{prefix}{serial:04d}"
    return digits + UAI_LETTERS[int(digits) % 23]


def national_ine(number: int) -> str:
    """The INE of the national register: nine digits, then 97 − n mod 97 written in letters."""
    tens, units = divmod(97 - number % 97, 10)
    return f"{number:09d}{_INE_LETTERS[tens]}{_INE_LETTERS[units]}"


def siecle_ine(number: int) -> str:
    """The older INE of the 2nd degré: ten digits and the letter that UAIs have too."""
    return f"{number:010d}{UAI_LETTERS[number % 23]}"


class IneSequence:
    """INEs that no two pupils of the nation share: each académie has ten million numbers of its own,
    taken in an order that looks like none."""

    _SPAN = 10_000_000
    _STRIDE = 7_654_321

    def __init__(self, academy: str, seed: int) -> None:
        self._base = 100_000_000 + int(academy) * self._SPAN
        self._drawn = seed * 104_729

    def next(self, *, siecle: bool) -> str:
        self._drawn += 1
        number = self._base + self._drawn * self._STRIDE % self._SPAN
        return siecle_ine(1_000_000_000 + number) if siecle else national_ine(number)
