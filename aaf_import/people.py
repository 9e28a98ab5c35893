"""Pupils, responsables and staff: what each entry says of them, made clean, with what is wrong in it."""

from __future__ import annotations

from dataclasses import dataclass

from aaf_import.attributes import NAMES, Names, noun_of
from aaf_import.batch import LINKS, MANDATES, RESPONSABLES, STAFF, STUDENTS, Batch
from aaf_import.entries import Entry
from aaf_import.faults import Fault
from aaf_import.ine import LENGTH, is_valid_ine
from aaf_import.relations import Relation, read_relations
from aaf_import.rules import FIRST_DEGREE, Rules
from aaf_import.text import address, is_mail, iso_date
from establishments.names import name_key
from establishments.phone_numbers import is_mobile, phone

KEY_LIMIT = 64
NAME_LIMIT = 120
_UNNAMED = {"Eleve": "l’élève", "EtabEducNat": "la structure", "MefEducNat": "la formation"}
TITLE_LIMIT = 8
HEAD_POST, DEPUTY_POST, HEAD_POST_1D = "D0010", "D0011", "D0000"


@dataclass(slots=True)
class Subject:
    """One entry while it is read: the faults found in it name the person and the structure."""

    entry: Entry
    rules: Rules
    batch: Batch
    names: Names
    key: str
    jointure: str
    who: str
    structure: str = ""

    def fault(self, fault: Fault, attribute: str = "", value: str = "") -> None:
        self.batch.add_fault(
            fault,
            category=self.entry.category,
            jointure=self.key,
            who=self.who,
            value=value,
            attribute=attribute,
            structure=self.structure,
        )

    def text(self, attribute: str, limit: int) -> str:
        """A value that fits its column, cut when it is too long."""
        value = self.entry.one(attribute)
        if len(value) <= limit:
            return value
        self.fault(Fault.VALUE_TOO_LONG, attribute, value)
        return value[:limit].rstrip()

    def phone(self, attribute: str) -> str:
        written = self.entry.one(attribute)
        if not written:
            return ""
        number = phone(written, self.rules.phone_region)
        if not number:
            self.fault(Fault.PHONE_INVALID, attribute, written)
        return number

    def mail(self, attribute: str) -> str:
        written = self.entry.one(attribute)
        if not written or is_mail(written):
            return written
        self.fault(Fault.MAIL_INVALID, attribute, written)
        return ""

    def reject(self, fault: Fault, attribute: str = "", value: str = "") -> None:
        self.fault(fault, attribute, value)
        self.batch.reject(self.entry.category, self.key)

    def check_entry(self) -> None:
        """What may be wrong in any entry, once the subject has a name."""
        order = self.entry.order
        if self.jointure and self.jointure != self.key:
            self.fault(Fault.KEY_MISMATCH, value=self.jointure)
        if len(set(order)) != len(order):
            twice = {noun_of(name, self.rules.degree) for name in order if order.count(name) > 1}
            self.fault(Fault.ATTRIBUTE_TWICE, value=", ".join(sorted(twice)))


def subject_of(entry: Entry, rules: Rules, batch: Batch, key_attribute: str) -> Subject | None:
    """What is being read, once its key is sure: the identifier, and not the jointure when they differ."""
    jointure = entry.one(key_attribute)
    key = entry.key or jointure
    unnamed = f"{_UNNAMED.get(entry.category, 'la personne')} n° {key}"
    subject = Subject(entry, rules, batch, NAMES[rules.degree], key, jointure, unnamed)
    if 0 < len(key) <= KEY_LIMIT:
        return subject
    subject.fault(Fault.KEY_INVALID, key_attribute, key)
    return None


def read_student(entry: Entry, rules: Rules, batch: Batch) -> None:
    subject = subject_of(entry, rules, batch, NAMES[rules.degree].person_key)
    if subject:
        _read_student(subject)


def _read_student(subject: Subject) -> None:
    names, entry = subject.names, subject.entry
    subject.structure = entry.one(names.structure) or structure_of_first_class(subject)
    surname, given_name = _name_person(subject)
    if not surname or not given_name:
        subject.reject(Fault.NAME_MISSING, names.given_name if surname else names.surname)
        return
    birth_date = birth_date_of(subject)
    if not birth_date:
        return
    subject.batch.add_digested(
        STUDENTS,
        *_identity(subject, surname, given_name),
        subject.text(names.source_id, KEY_LIMIT),
        ine_of(subject),
        birth_date,
        subject.structure,
        class_key_of(subject),
        entry.one(names.mef),
        level_of(subject),
    )
    add_links(subject)


def add_links(subject: Subject) -> None:
    for relation in relations_of(subject):
        subject.batch.add(
            LINKS,
            str(subject.batch.position),
            subject.key,
            relation.responsable,
            relation.kinship,
            relation.legal_code,
            "t" if relation.is_legal else "f",
        )


def _name_person(subject: Subject) -> tuple[str, str]:
    """Surname in use (of birth when that is all there is) and given name; the faults say them from now on."""
    names = subject.names
    surname = subject.text(names.surname, NAME_LIMIT) or subject.text(names.birth_surname, NAME_LIMIT)
    given_name = subject.text(names.given_name, NAME_LIMIT)
    if surname:
        subject.who = f"{surname} {given_name}".rstrip()
    subject.check_entry()
    return surname, given_name


def birth_date_of(subject: Subject) -> str:
    attribute = subject.names.birth_date
    written = subject.entry.one(attribute)
    read = iso_date(written, subject.rules.today)
    if not written:
        subject.reject(Fault.BIRTH_DATE_MISSING, attribute)
    elif not read:
        subject.reject(Fault.BIRTH_DATE_IMPOSSIBLE, attribute, written)
    return read


def ine_of(subject: Subject) -> str:
    attribute = subject.names.ine
    ine = subject.entry.one(attribute).replace(" ", "").upper()
    if not ine:
        subject.fault(Fault.INE_MISSING, attribute)
    elif not is_valid_ine(ine):
        subject.fault(Fault.INE_INVALID, attribute, ine)
    return ine if len(ine) <= LENGTH else ""


def level_of(subject: Subject) -> str:
    """« CM2 » from the 1st degré's `1125$CM2`, the level's name as it is in the 2nd."""
    level = subject.entry.one(subject.names.level)
    return level.rsplit("$", 1)[-1].strip()[:60]


def structure_of_first_class(subject: Subject) -> str:
    return subject.entry.one(subject.names.classes).split("$", 1)[0]


def class_key_of(subject: Subject) -> str:
    """The key of the pupil's class: in their school, and not left when there are several."""
    written = subject.entry.many(subject.names.classes)
    if not written:
        return ""
    own = [parts for value in written if (parts := _class_parts(subject, value))]
    if len(own) > 1:
        left = {value.rsplit("$", 1)[-1] for value in subject.entry.many(subject.names.class_exits)}
        own = [parts for parts in own if parts[0] not in left] or own
    if not own:
        return ""
    key, label = own[0]
    subject.batch.class_labels[subject.structure, key, label] += 1
    return key


def _class_parts(subject: Subject, written: str) -> tuple[str, str] | None:
    """Key and label of `struct$code`, or of the 1st degré's `struct$typeCode$typeLabel$idClasse$label`."""
    structure, *rest = (part.strip() for part in written.split("$"))
    if subject.rules.degree == FIRST_DEGREE:
        rest = [rest[2], "$".join(rest[3:])] if len(rest) >= 3 else []
    key, label = (rest + rest)[:2] if rest else ("", "")
    if not 0 < len(key) <= KEY_LIMIT:
        subject.fault(Fault.CLASS_MALFORMED, subject.names.classes, written)
        return None
    if structure != subject.structure:
        subject.fault(Fault.CLASS_ELSEWHERE, subject.names.classes, key)
        return None
    return key, (label or key)[:NAME_LIMIT]


def relations_of(subject: Subject) -> list[Relation]:
    """One relation for each responsable: any legal one wins."""
    attribute = subject.names.responsables
    kept: dict[str, Relation] = {}
    for written in subject.entry.many(attribute):
        relation = read_relations(written, subject.rules)
        if not relation:
            subject.fault(Fault.RELATION_MALFORMED, attribute, written)
            continue
        if relation.has_unknown_code:
            subject.fault(Fault.LEGAL_CODE_UNKNOWN, attribute, relation.legal_code)
        first = kept.get(relation.responsable)
        if first:
            subject.fault(Fault.RELATION_TWICE, attribute, relation.responsable)
        if not first or (relation.is_legal and not first.is_legal):
            kept[relation.responsable] = relation
    return list(kept.values())


def _identity(subject: Subject, surname: str, given_name: str) -> tuple[str, ...]:
    """What the rows of pupils and of responsables begin with."""
    names = subject.names
    return (
        subject.key,
        subject.text(names.title, TITLE_LIMIT),
        surname,
        subject.text(names.birth_surname, NAME_LIMIT),
        given_name,
        name_key(surname)[:NAME_LIMIT],
        name_key(given_name)[:NAME_LIMIT],
    )


def read_responsable(entry: Entry, rules: Rules, batch: Batch) -> None:
    subject = subject_of(entry, rules, batch, NAMES[rules.degree].person_key)
    if subject:
        _read_responsable(subject)


def _read_responsable(subject: Subject) -> None:
    names, entry = subject.names, subject.entry
    surname, given_name = _name_person(subject)
    if not surname:
        subject.reject(Fault.NAME_MISSING, names.surname)
        return
    mobile, mobile_raw = mobile_of(subject)
    home_phone, work_phone = subject.phone(names.home_phone), subject.phone(names.work_phone)
    mail = subject.mail(names.mail)
    subject.batch.add_digested(
        RESPONSABLES,
        *_identity(subject, surname, given_name),
        address(entry.one(names.address))[:240],
        subject.text(names.postcode, 16),
        subject.text(names.city, 120),
        subject.text(names.country, 80),
        mobile,
        mobile_raw,
        home_phone,
        work_phone,
        mail,
        "" if mail else entry.one(names.mail)[:254],
        refused(entry, {names.home_phone: home_phone, names.work_phone: work_phone}),
    )


def refused(entry: Entry, read: dict[str, str]) -> str:
    """The first value of these attributes in which nothing could be read."""
    return next((entry.one(name)[:60] for name, value in read.items() if not value and entry.one(name)), "")


def mobile_of(subject: Subject) -> tuple[str, str]:
    """The first number given as a mobile that is one, and what was written; the number for texts at last."""
    names = subject.names
    written = subject.entry.many(names.mobile) or subject.entry.many(names.text_number)
    if not written:
        return "", ""
    numbers = [phone(number, subject.rules.phone_region) for number in written]
    for number, raw in zip(numbers, written, strict=True):
        if number and is_mobile(number):
            return number, raw[:60]
    subject.fault(Fault.MOBILE_NOT_MOBILE if numbers[0] else Fault.PHONE_INVALID, names.mobile, written[0])
    return "", written[0][:60]


FUNCTIONS, DIRECTS = "functions", "directs"


def read_staff(entry: Entry, rules: Rules, batch: Batch) -> None:
    subject = subject_of(entry, rules, batch, NAMES[rules.degree].person_key)
    if subject:
        _read_staff(subject)


def _read_staff(subject: Subject) -> None:
    names = subject.names
    subject.structure = subject.entry.one(names.structure)
    surname, given_name = _name_person(subject)
    if not surname:
        subject.reject(Fault.NAME_MISSING, names.surname)
        return
    title, mail = subject.text(names.title, TITLE_LIMIT), subject.mail(names.mail)
    subject.batch.add_digested(STAFF, subject.key, title, surname, given_name, mail)
    add_mandates(subject)


def add_mandates(subject: Subject) -> None:
    for structure, role, said_in in sorted(mandates_of(subject)):
        subject.batch.add(MANDATES, str(subject.batch.position), subject.key, structure, role, said_in)


def mandates_of(subject: Subject) -> set[tuple[str, str, str]]:
    """Structures the person heads or is deputy of: `struct$DIR$DIRECTION$D0010$…`, ENTEnsFonctionDir.

    Each with its role and which of the two attributes says so.
    """
    is_first = subject.rules.degree == FIRST_DEGREE
    roles = {HEAD_POST_1D: "DIRECTOR"} if is_first else {HEAD_POST: "DIRECTOR", DEPUTY_POST: "DEPUTY"}
    held = set()
    for written in subject.entry.many(subject.names.functions):
        structure, *posts = (part.strip() for part in written.split("$"))
        role = roles.get(posts[2]) if len(posts) > 2 else None
        if role and structure not in ("", "-"):
            held.add((structure, role, FUNCTIONS))
    for written in subject.entry.many(subject.names.directs):
        held.add((written.split("$", 1)[0], "DIRECTOR", DIRECTS))
    return held
