"""What the last nights changed in an establishment: counts from its journal, names from the records kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from aaf_import.faults import Fault
from aaf_import.models import Anomaly, ImportRun, RecordChange
from accounts.models import DataIssue
from establishments.models import Event, EventKind
from establishments.templatetags.french import number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from establishments.access import Access

TOLD = timedelta(days=30)
MOST_NIGHTS = 31
# So many records of each change are named.
NAMED = 200
SHOWN_ANOMALIES = 50
_COUNTED = {
    "arrived": "arrivée{s}",
    "left": "départ{s}",
    "class_changes": "changement{s} de classe",
    "corrected": "fiche{s} mise{s} à jour",
    "links_begun": "lien{s} ajouté{s}",
    "links_ended": "lien{s} retiré{s}",
}
# What a DataIssue says already, as long as it lasts.
_ISSUES = Q(code__in=[Fault.INE_MISSING, Fault.MOBILE_NOT_MOBILE]) | Q(
    code__in=[Fault.MAIL_INVALID, Fault.PHONE_INVALID], category="PersRelEleve"
)


@dataclass(frozen=True, slots=True)
class Night:
    """One import that changed something here; `key` names it in addresses."""

    at: datetime
    key: str
    sentences: list[str]


@dataclass(frozen=True, slots=True)
class Named:
    """A record, by its name and what it is of."""

    name: str
    what: str


@dataclass(frozen=True, slots=True)
class Change:
    """The records that changed in one way; `more` are those which are not named."""

    label: str
    records: list[Named]
    more: int

    @property
    def number(self) -> int:
        return len(self.records) + self.more


def nights(access: Access, now: datetime) -> list[Night]:
    """The latest first, in one query."""
    events = Event.objects.filter(
        establishment=access.establishment, kind=EventKind.IMPORT_APPLIED, at__gte=now - TOLD
    ).order_by("-at", "-pk")[:MOST_NIGHTS]
    return [Night(event.at, str(event.pk), _sentences(event.data)) for event in events]


def _sentences(data: Mapping[str, int]) -> list[str]:
    return [
        f"{number(count)} {words.format(s='s' if count >= 2 else '')}"
        for name, words in _COUNTED.items()
        if (count := data.get(name, 0))
    ]


def chosen_night(found: list[Night], key: str) -> Night | None:
    """The night of this key, else the last one."""
    return next((night for night in found if night.key == key), found[0] if found else None)


def changes(access: Access, night: Night) -> list[Change]:
    """Who changed that night, of the records the agent sees, in one query."""
    rows = (
        RecordChange.objects.filter(_seen(access), establishment=access.establishment, at=night.at)
        .select_related("student__school_class", "responsable")
        .order_by("student__surname_key", "student__given_name_key", "responsable__surname_key", "pk")
    )
    by_kind: dict[str, list[RecordChange]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    return [
        Change(kind.label, [_named(row) for row in by_kind[kind][:NAMED]], max(0, len(by_kind[kind]) - NAMED))
        for kind in RecordChange.Kind
        if kind in by_kind
    ]


def _named(change: RecordChange) -> Named:
    """With the class of a pupil who is still here: another school's is not told."""
    pupil = change.student
    if pupil is None:
        return Named(str(change.responsable), "Responsable")
    is_here = pupil.left_at is None and pupil.establishment_id == change.establishment_id
    label = pupil.school_class.label if is_here and pupil.school_class else ""
    return Named(pupil.full_name, f"Élève, {label}" if label else "Élève")


def _seen(access: Access) -> Q:
    """In the 1er degré who sees responsables sees their children, who have no accounts."""
    sees_students = access.sees_students or not access.establishment.is_second_degree
    seen = Q(student__isnull=False) if sees_students else Q(pk__in=[])
    return seen | Q(responsable__isnull=False) if access.sees_responsables else seen


def corrections(access: Access, night: Night) -> tuple[list[DataIssue], int]:
    """What that import found corrected, those to name, and how many there are in all."""
    solved = DataIssue.objects.visible_to(access).filter(solved_at=night.at)
    named = solved.select_related("responsable", "student").order_by("kind", "pk")[:NAMED]
    return list(named), solved.count()


def reported(access: Access) -> list[Anomaly]:
    """What the last import found wrong here, beside what « À traiter » follows."""
    here = access.establishment
    last = ImportRun.objects.filter(feed=here.feed_id, status=ImportRun.Status.APPLIED)
    found = Anomaly.objects.filter(
        establishment=here, run=last.order_by("-started_at").values("pk")[:1]
    ).exclude(_ISSUES)
    return list(found.filter(category__in=_categories(access)).order_by("code", "pk")[:SHOWN_ANOMALIES])


def _categories(access: Access) -> list[str]:
    """Of the records the agent sees; what is of the staff and of the school itself is for who directs it."""
    found = []
    if access.sees_students or not access.establishment.is_second_degree:
        found.append("Eleve")
    if access.sees_responsables:
        found.append("PersRelEleve")
    if access.can_configure:
        found += ["PersEducNat", "EtabEducNat"]
    return found
