"""The filters of « À traiter », read from the address of the page, or posted by its export."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.text import capfirst

from accounts.models import AccountKind, AccountSource, DataIssue, Holding
from accounts.rows import NO_CLASS, RowQuerySet
from establishments.access import Right
from establishments.models import SchoolClass
from establishments.names import search_terms

if TYPE_CHECKING:
    from accounts.models.data_issue import DataIssueQuerySet
    from establishments.access import Access
    from establishments.models import Establishment

SOLVED = "corriges"
RECENTLY = timedelta(days=30)
_SINCE = {"7": timedelta(days=7), "30": timedelta(days=30)}
LAST_NIGHT = "nuit"


class IssueForm(forms.Form):
    """`depuis` counts from when a line was opened, or from when it was solved for those which are."""

    q = forms.CharField(label="Nom", required=False, max_length=80)
    constat = forms.ChoiceField(label="Constat", required=False)
    classe = forms.ChoiceField(label="Classe", required=False)
    fiche = forms.ChoiceField(
        label="Fiche de",
        required=False,
        choices=[("", "Tous"), (AccountKind.STUDENT, "Élèves"), (AccountKind.RESPONSABLE, "Responsables")],
    )
    depuis = forms.ChoiceField(
        label="Depuis",
        required=False,
        choices=[("", "Toujours"), (LAST_NIGHT, "Dernier import"), ("7", "7 jours"), ("30", "30 jours")],
    )
    etat = forms.ChoiceField(
        label="État", required=False, choices=[("", "À corriger"), (SOLVED, "Corrigés récemment")]
    )

    def __init__(self, data: Any, *, access: Access) -> None:
        super().__init__(data)
        self.access = access
        self._read: dict[str, list[int]] = {}
        classes = [("", "Toutes"), *_classes_of(access.establishment), (NO_CLASS, "Sans classe")]
        kinds = [(kind.value, capfirst(kind.label)) for kind in DataIssue.Kind]
        self._offer("constat", [("", "Tous"), *kinds])
        self._offer("classe", classes)

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        label = self.fields[name].label
        self.fields[name] = forms.ChoiceField(label=label, required=False, choices=choices)

    @property
    def wants_solved(self) -> bool:
        return self.cleaned_data.get("etat") == SOLVED

    @property
    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ("q", "constat", "classe", "fiche", "depuis"))

    def of_any_kind(self, right: Right = Right.CONSULT) -> DataIssueQuerySet:
        """What all the filters but the kind find, nothing when one of them is unreadable."""
        if not self.is_valid():
            return DataIssue.objects.none()
        data, now = self.cleaned_data, timezone.now()
        found = DataIssue.objects.visible_to(self.access, right)
        found = found.solved_since(now - RECENTLY) if self.wants_solved else found.unsolved()
        if data["fiche"]:
            found = found.filter(student__isnull=data["fiche"] != AccountKind.STUDENT)
        if since := _since(data["depuis"], self.access):
            found = found.solved_since(since) if self.wants_solved else found.filter(opened_at__gte=since)
        if data["classe"]:
            found = found.filter(self._of_class(data["classe"]))
        return found.filter(self._named(data["q"])) if data["q"].strip() else found

    def found(self, right: Right = Right.CONSULT) -> DataIssueQuerySet:
        """What all the filters find."""
        found = self.of_any_kind(right)
        kind = self.cleaned_data.get("constat")
        return found.filter(kind=kind) if kind else found

    def _of_class(self, key: str) -> Q:
        """Pupils of the class, and responsables whose accounts hold one of its pupils."""
        in_class = Q(student__school_class__isnull=True) if key == NO_CLASS else Q(student__school_class=key)
        return Q(in_class, student__isnull=False) | self._of_holders("classe", key)

    def _named(self, query: str) -> Q:
        """Each word is part of a name: of the pupil, of the responsable, or of a child they answer for."""
        terms = search_terms(query)
        if not terms:
            return Q(pk__in=[])
        pupil = Q(student__isnull=False)
        for term in terms:
            pupil &= Q(student__surname_key__contains=term) | Q(student__given_name_key__contains=term)
        return pupil | self._of_holders("q", query)

    def _of_holders(self, name: str, value: str) -> Q:
        """About the responsables a filter finds, or a pair one of whom is found."""
        holders = self._holders(name, value)
        found = AccountSource.objects.filter(responsable__in=holders, closed_at__isnull=True).values(
            "account"
        )
        of_pair = Q(duplicate__first__in=found) | Q(duplicate__second__in=found)
        return Q(responsable__in=holders) | of_pair

    def _holders(self, name: str, value: str) -> list[int]:
        """The responsables of the rows a filter finds, read once for the lines and for their counts."""
        if name not in self._read:
            rows = RowQuerySet(Holding).filter(establishment=self.access.establishment)
            rows = rows.filter(kind=AccountKind.RESPONSABLE).order_by()
            found = rows.matching(value) if name == "q" else rows.of_classes([value])
            self._read[name] = list(found.values_list("responsable", flat=True).distinct())
        return self._read[name]


class RelationForm(forms.Form):
    """Why a contested relation is right after all."""

    reason = forms.CharField(
        label="Ce qui a été vérifié",
        help_text="Par exemple : livret de famille présenté, jugement produit. Conservé dans le journal.",
        max_length=200,
        error_messages={"required": "Dites ce qui a été vérifié."},
    )


def _since(name: str, access: Access) -> Any:
    if name == LAST_NIGHT:
        return access.establishment.feed.applied_at
    return timezone.now() - _SINCE[name] if name in _SINCE else None


def _classes_of(establishment: Establishment) -> list[tuple[str, str]]:
    classes = SchoolClass.objects.filter(establishment=establishment, left_at__isnull=True)
    found = classes.order_by("label_key", "label").values_list("pk", "label")
    return [(str(pk), label) for pk, label in found]
