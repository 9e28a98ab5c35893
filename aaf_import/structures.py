"""Schools, services, classes and MEF: what each entry says of them."""

from __future__ import annotations

from aaf_import.attributes import NAMES
from aaf_import.batch import CLASSES, ESTABLISHMENTS, MEFS, Batch
from aaf_import.entries import Entry
from aaf_import.faults import Fault
from aaf_import.people import KEY_LIMIT, Subject, subject_of
from aaf_import.rules import Rules
from aaf_import.text import is_mail
from establishments.names import label_key
from establishments.phone_numbers import phone
from establishments.territories import DEPARTMENTS, department_of, is_valid_uai

_UAI_LENGTH = 8
_LABEL_LIMIT = 120


def read_establishment(entry: Entry, rules: Rules, batch: Batch) -> None:
    subject = subject_of(entry, rules, batch, NAMES[rules.degree].structure_key)
    if subject:
        subject.structure = subject.key
        _read_establishment(subject)
        _read_classes(subject)


def _read_establishment(subject: Subject) -> None:
    names, entry = subject.names, subject.entry
    kind, name, town = _name_parts(entry.one(names.structure_name))
    city = subject.text(names.structure_city, 120) or town[:120]
    name = subject.who = (name or city or subject.key)[:200]
    subject.check_entry()
    uai = (entry.one(names.uai) or entry.one(names.second_uai)).upper()
    label = subject.rules.kind_labels.get(kind, "")
    mail = entry.one(names.structure_mail)
    subject.batch.add_digested(
        ESTABLISHMENTS,
        subject.key,
        uai[:_UAI_LENGTH] if len(uai) <= _UAI_LENGTH else "",
        kind[:40],
        name,
        subject.text(names.type_label, 120),
        subject.text(names.type_code, 12),
        subject.text(names.sector, 2),
        subject.text(names.street, 200),
        subject.text(names.structure_postcode, 12),
        city,
        phone(entry.one(names.structure_phone), subject.rules.phone_region),
        mail if is_mail(mail) else "",
        entry.one(names.district),
        _department(subject, uai),
        label_key(f"{kind} {label} {name} {city}")[:400],
    )


def _name_parts(written: str) -> tuple[str, str, str]:
    """`SIGLE$NOM$VILLE`, any of them empty, the last ones sometimes missing."""
    kind, name, town = (*(part.strip() for part in written.split("$", 2)), "", "")[:3]
    return kind, name, town


def _department(subject: Subject, uai: str) -> str:
    """By the UAI; else by the 1st degré's `INSEE$label$department`."""
    if is_valid_uai(uai) and (found := department_of(uai)):
        return found.code
    code = subject.entry.one(subject.names.commune).rsplit("$", 1)[-1]
    return code if code in DEPARTMENTS else ""


def _read_classes(subject: Subject) -> None:
    """The 2nd degré lists them: `code$label$MEF`, the first MEF being the class's."""
    attribute = subject.names.structure_classes
    for written in subject.entry.many(attribute):
        key, label, mef = (*(part.strip() for part in written.split("$")), "", "")[:3]
        if not 0 < len(key) <= KEY_LIMIT:
            subject.fault(Fault.CLASS_MALFORMED, attribute, written)
            continue
        label = (label or key)[:_LABEL_LIMIT]
        subject.batch.add(CLASSES, subject.key, key, label, label_key(label)[:160], mef, "0")


def read_mef(entry: Entry, rules: Rules, batch: Batch) -> None:
    subject = subject_of(entry, rules, batch, NAMES[rules.degree].mef_key)
    if subject:
        subject.check_entry()
        label = subject.text(subject.names.mef_label, _LABEL_LIMIT)
        batch.add(MEFS, subject.key, label or subject.key)
