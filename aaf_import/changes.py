"""What a Delta modifies of a person known already: the columns whose attributes the entry gives, no other.

An attribute which is absent is unchanged, one without a value is emptied. The merge completes the row from
what is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aaf_import.attributes import NAMES
from aaf_import.batch import MODIFIED_RESPONSABLES, MODIFIED_STAFF, MODIFIED_STUDENTS, Batch, StagedTable
from aaf_import.entries import Entry
from aaf_import.faults import Fault
from aaf_import.people import (
    DIRECTS,
    FUNCTIONS,
    KEY_LIMIT,
    NAME_LIMIT,
    TITLE_LIMIT,
    Subject,
    add_links,
    add_mandates,
    birth_date_of,
    class_key_of,
    ine_of,
    level_of,
    mobile_of,
    refused,
    structure_of_first_class,
    subject_of,
)
from aaf_import.rules import Rules
from aaf_import.text import address
from establishments.names import name_key


@dataclass(slots=True)
class _Change:
    """The row so far: `values` by column, all of them texts."""

    subject: Subject
    values: dict[str, str] = field(default_factory=dict)

    def gives(self, *attributes: str) -> bool:
        return any(attribute in self.subject.entry.order for attribute in attributes if attribute)

    def take(self, column: str, attribute: str, limit: int) -> None:
        if self.gives(attribute):
            self.values[column] = self.subject.text(attribute, limit)

    def write(self, table: StagedTable, *besides: str) -> None:
        """`besides` are what the entry gives and no column of the row holds."""
        columns = [column.split()[0] for column in table.columns.split(", ")[2:]]
        values = {"jointure": self.subject.key, **self.values}
        self.subject.batch.add_modified(
            table,
            [*self.values, *besides],
            *(values.get(column, "") for column in columns),
        )


def modify_student(entry: Entry, rules: Rules, batch: Batch) -> None:
    change = _change_of(entry, rules, batch)
    if change and _take_names(change, needs_given_name=True) and _take_birth_date(change):
        _modify_student(change)


def _modify_student(change: _Change) -> None:
    subject, names = change.subject, change.subject.names
    subject.structure = subject.entry.one(names.structure) or structure_of_first_class(subject)
    change.take("source_id", names.source_id, KEY_LIMIT)
    if change.gives(names.ine):
        change.values["ine"] = ine_of(subject)
    if change.gives(names.mef):
        change.values["mef"] = subject.entry.one(names.mef)
    if change.gives(names.level):
        change.values["level"] = level_of(subject)
    if change.gives(names.classes):
        change.values["class_key"] = class_key_of(subject)
    if change.gives(names.structure):
        change.values["structure"] = subject.structure
    # Whether given or not: a class is of a structure.
    change.values["of_structure"] = subject.structure
    change.write(MODIFIED_STUDENTS, *(["links"] if change.gives(names.responsables) else []))
    add_links(subject)


def _take_birth_date(change: _Change) -> bool:
    """Whether the date can stay or be replaced."""
    if not change.gives(change.subject.names.birth_date):
        return True
    change.values["birth_date"] = birth_date_of(change.subject)
    return bool(change.values["birth_date"])


def modify_responsable(entry: Entry, rules: Rules, batch: Batch) -> None:
    change = _change_of(entry, rules, batch)
    if change and _take_names(change, needs_given_name=False):
        _modify_responsable(change)


def _modify_responsable(change: _Change) -> None:
    subject, names = change.subject, change.subject.names
    if change.gives(names.address):
        change.values["address"] = address(subject.entry.one(names.address))[:240]
    change.take("postcode", names.postcode, 16)
    change.take("city", names.city, 120)
    change.take("country", names.country, 80)
    phones = {"home_phone": names.home_phone, "work_phone": names.work_phone}
    read = {column: subject.phone(name) for column, name in phones.items() if change.gives(name)}
    if read:
        refusable = {phones[column]: value for column, value in read.items()}
        change.values |= read | {"refused_phone": refused(subject.entry, refusable)}
    if change.gives(names.mail):
        mail = subject.mail(names.mail)
        change.values |= {"mail": mail, "refused_mail": "" if mail else subject.entry.one(names.mail)[:254]}
    if change.gives(names.mobile):
        change.values["mobile"], change.values["mobile_raw"] = mobile_of(subject)
    elif change.gives(names.text_number):
        # Alone, the number for texts serves who has no mobile.
        change.values["text_number"], change.values["text_number_raw"] = mobile_of(subject)
    change.write(MODIFIED_RESPONSABLES)


def modify_staff(entry: Entry, rules: Rules, batch: Batch) -> None:
    change = _change_of(entry, rules, batch)
    if change and _take_names(change, needs_given_name=False):
        subject, names = change.subject, change.subject.names
        if change.gives(names.mail):
            change.values["mail"] = subject.mail(names.mail)
        attributes = {FUNCTIONS: names.functions, DIRECTS: names.directs}
        given = [name for name, attribute in attributes.items() if change.gives(attribute)]
        change.write(MODIFIED_STAFF, *(["mandates", *given] if given else []))
        add_mandates(subject)


def _change_of(entry: Entry, rules: Rules, batch: Batch) -> _Change | None:
    subject = subject_of(entry, rules, batch, NAMES[rules.degree].person_key)
    return _Change(subject) if subject else None


def _take_names(change: _Change, *, needs_given_name: bool) -> bool:
    """Title, surnames and given name; False when the entry empties one that nobody may lack."""
    subject, names = change.subject, change.subject.names
    change.take("title", names.title, TITLE_LIMIT)
    change.take("birth_surname", names.birth_surname, NAME_LIMIT)
    change.take("given_name", names.given_name, NAME_LIMIT)
    change.take("surname", names.surname, NAME_LIMIT)
    if "surname" in change.values:
        change.values["surname"] = change.values["surname"] or change.values.get("birth_surname", "")
        subject.who = f"{change.values['surname']} {change.values.get('given_name', '')}".strip()
    subject.check_entry()
    for column, attribute in (("surname", names.surname), ("given_name", names.given_name)):
        if column not in change.values:
            continue
        if not change.values[column] and (column == "surname" or needs_given_name):
            subject.reject(Fault.NAME_MISSING, attribute)
            return False
        change.values[f"{column}_key"] = name_key(change.values[column])[:NAME_LIMIT]
    return True
