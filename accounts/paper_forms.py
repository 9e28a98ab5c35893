"""What an agent chooses at the preview of sheets and leaflets, and at their new edition."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django import forms

from accounts import bundles, leaflets
from accounts.bundles import Bundle, bundle_of
from accounts.campaigns import MAILED
from accounts.leaflets import LONGEST_PARAGRAPH, LeafletChoice, choice_of
from accounts.models import AccountKind, Operation

if TYPE_CHECKING:
    from django.http import QueryDict

MOST_LINES = 8


class BundleForm(forms.Form):
    """How sheets come out of the printer; what is not given is the whole letter, class after class."""

    sheets_a_page = forms.ChoiceField(
        label="Feuilles par page",
        choices=[
            (1, "Une : la lettre complète, pour une enveloppe à fenêtre"),
            (2, "Deux : l’essentiel, à couper en deux"),
            (8, "Huit : de petites cartes à découper"),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    order = forms.ChoiceField(
        label="Ordre",
        choices=[
            (bundles.BY_CLASS, "Par classe, puis par élève"),
            (bundles.BY_NAME, "Alphabétique, par responsable"),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    is_archive = forms.ChoiceField(
        label="Fichier",
        choices=[("", "Un seul PDF"), ("zip", "Un ZIP, avec un PDF par classe")],
        required=False,
        widget=forms.RadioSelect,
    )
    has_cover = forms.BooleanField(label="Page de garde", required=False)
    has_signing = forms.BooleanField(label="Liste d’émargement", required=False)
    has_blank_backs = forms.BooleanField(
        label="Versos blancs, pour une imprimante réglée en recto verso", required=False
    )

    def __init__(self, data: QueryDict | None, operation: Operation) -> None:
        chosen = bundle_of(operation)
        initial = asdict(chosen) | {"is_archive": "zip" if chosen.is_archive else ""}
        super().__init__(data, initial=initial)
        if operation.population == AccountKind.STUDENT:
            self.fields["order"].choices = [  # type: ignore[attr-defined]
                (bundles.BY_CLASS, "Par classe, puis par élève"),
                (bundles.BY_NAME, "Alphabétique, toutes classes ensemble"),
            ]

    @property
    def options(self) -> dict[str, Any]:
        chosen = self.cleaned_data
        return Bundle(
            sheets_a_page=int(chosen["sheets_a_page"] or 1),
            order=chosen["order"] or bundles.BY_CLASS,
            has_cover=chosen["has_cover"],
            has_signing=chosen["has_signing"],
            has_blank_backs=chosen["has_blank_backs"],
            is_archive=bool(chosen["is_archive"]),
        ).options


class CampaignForm(BundleForm):
    """How those whom no mail can reach are told, and how their sheets come out of the printer."""

    sheets = forms.BooleanField(
        label="Éditer des feuilles individuelles pour ces comptes", required=False, initial=True
    )

    @property
    def options(self) -> dict[str, Any]:
        return {**super().options, "sheets": self.cleaned_data["sheets"]}


class LeafletForm(forms.Form):
    copies = forms.ChoiceField(
        label="Exemplaires",
        choices=[
            (leaflets.BY_CLASS, "Un par responsable, au nom de l’élève, rangés par classe"),
            (leaflets.SINGLE, "Une seule page sans nom, à photocopier ou à publier"),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    only_able = forms.BooleanField(
        label="Seulement pour les responsables qui peuvent s’inscrire seuls", required=False
    )
    paragraph = forms.CharField(
        label="Le mot de l’établissement",
        required=False,
        max_length=LONGEST_PARAGRAPH,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, data: QueryDict | None, operation: Operation) -> None:
        chosen = choice_of(operation)
        super().__init__(data, initial={name: getattr(chosen, name) for name in self.base_fields})
        if not operation.establishment.is_second_degree:
            self.fields["paragraph"].label = "Le mot de l’école"

    def clean_paragraph(self) -> str:
        paragraph = str(self.cleaned_data["paragraph"]).replace("\r\n", "\n").strip()
        if paragraph.count("\n") >= MOST_LINES:
            raise forms.ValidationError(f"Pas plus de {MOST_LINES} lignes : le dépliant tient sur une page.")
        return paragraph

    @property
    def options(self) -> dict[str, Any]:
        chosen = self.cleaned_data
        return LeafletChoice(**chosen | {"copies": chosen["copies"] or leaflets.BY_CLASS}).options


PaperForm = BundleForm | LeafletForm
_FORMS: dict[str, type[PaperForm]] = {
    Operation.Kind.NOTIFY_SHEETS: BundleForm,
    **dict.fromkeys(MAILED, CampaignForm),
    Operation.Kind.LEAFLET: LeafletForm,
}


_REPRINTS = _FORMS | dict.fromkeys(MAILED, BundleForm)


def reprint_form(operation: Operation, data: QueryDict | None = None) -> PaperForm | None:
    """The form of a new edition of what the operation printed."""
    form = _REPRINTS.get(operation.kind)
    return form(data, operation) if form else None


def paper_form(operation: Operation, data: QueryDict | None = None) -> PaperForm | None:
    """The form of what the operation prints, filled with what was chosen; None when it prints nothing."""
    form = _FORMS.get(operation.kind)
    return form(data, operation) if form else None
