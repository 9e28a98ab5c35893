"""What a family's sheet says, as finished plain data."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class SheetText(StrEnum):
    """Which letter the family reads."""

    # First sign-in: the identifiant and a provisional password, then the whole activation.
    PROVISIONAL = "provisional"
    # Already activated or activating, password reset: a provisional one to replace at the next sign-in.
    RESET = "reset"
    # The family has chosen its password: address and identifiant only.
    CHOSEN = "chosen"
    # The account goes on from another school of the académie: address and identifiant, no deadline.
    CONTINUED = "continued"
    # An account without password, opened by FranceConnect.
    FRANCECONNECT = "franceconnect"

    @property
    def has_secret(self) -> bool:
        return self in (SheetText.PROVISIONAL, SheetText.RESET)


@dataclass(frozen=True, slots=True)
class Sender:
    """The school, as its letterhead shows it; `noun` is what the text calls it after « l’ »."""

    name: str
    uai: str
    address: tuple[str, ...] = ()
    phone: str = ""
    mail: str = ""
    academy: str = ""
    district: str = ""
    noun: str = "établissement"


@dataclass(frozen=True, slots=True)
class Child:
    given_name: str
    surname: str
    class_label: str
    school_name: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One letter to one person: nothing here may come from another responsable's record.

    `address` is the postal address without the name; `class_label` and `handed_to` say in small print
    which pupil takes the sheet home. `activation_url` goes into the QR code, with the identifiant filled in;
    `service_address` is the short form a person types. `secret` and `valid_until` come together, with a text
    that announces a provisional password and only then; ValueError otherwise. `password_rule` ends a sentence
    whose period is ours; `assistance` is whole sentences.
    """

    sender: Sender
    text: SheetText
    addressee: str
    identifier: str
    class_label: str
    handed_to: str
    activation_url: str
    service_address: str
    made_on: date
    address: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)
    valid_until: date | None = None
    children: tuple[Child, ...] = ()
    for_pupil: bool = False
    # The mailed link has not been clicked yet: the sheet asks for it.
    is_awaiting_confirmation: bool = False
    password_rule: str = ""
    assistance: str = ""

    def __post_init__(self) -> None:
        announced = (bool(self.secret), self.valid_until is not None)
        if announced != (self.text.has_secret, self.text.has_secret):
            raise ValueError(f"a {self.text} sheet and its secret or deadline do not go together")


@dataclass(frozen=True, slots=True)
class Cover:
    """The first page of a bundle. `class_label` is empty when the bundle is of all classes together."""

    sender: Sender
    class_label: str
    sheets: int
    made_on: date
    sheets_a_page: int = 1
    has_signing: bool = False
    for_pupils: bool = False


@dataclass(frozen=True, slots=True)
class SigningLine:
    """One sheet to hand over, or a note which says with whose it was."""

    pupil: str
    responsable: str
    class_label: str = ""
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class SigningList:
    """Who signs for a sheet. `class_label` is empty when the list is of all classes together."""

    sender: Sender
    class_label: str
    made_on: date
    lines: tuple[SigningLine, ...]
    for_pupils: bool = False


@dataclass(frozen=True, slots=True)
class Leaflet:
    """How to register by oneself: it names no account. What says whom it is for may be empty.

    `paragraph` is the school's own words, its blank lines and ends of line kept.
    """

    sender: Sender
    service_address: str
    activation_url: str
    made_on: date
    paragraph: str = ""
    has_ent: bool = False
    class_label: str = ""
    handed_to: str = ""
    addressee: str = ""
