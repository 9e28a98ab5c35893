"""The filters of the lists, read from the address of the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.http import QueryDict

from accounts.exports import ListFormat, ListOptions
from accounts.models import (
    ORIGIN_LABELS,
    STATE_LABELS,
    Account,
    AccountKind,
    EstablishmentSettings,
    Operation,
)
from accounts.rows import DEFAULT_ORDER, MAIL_LABELS, NO_CLASS, NO_FORMATION, RowQuerySet, campaigns_of
from establishments.models import Mef, SchoolClass, Student
from establishments.templatetags.french import day_time
from notifications.envelope import is_address

if TYPE_CHECKING:
    from establishments.models import Establishment

    _SettingsForm = forms.ModelForm[EstablishmentSettings]
else:
    _SettingsForm = forms.ModelForm

PAGE_SIZES = (50, 25, 100, 200)
LONGEST_SEARCH = 100
KEY = re.compile(r"[0-9]{1,18}")
"""What a primary key looks like in an address or a posted form."""
_DEFAULTS = {"tri": DEFAULT_ORDER, "lignes": str(PAGE_SIZES[0])}
# How each field narrows the rows, when it holds something.
_NARROWINGS: dict[str, Callable[[RowQuerySet, Any], RowQuerySet]] = {
    "q": RowQuerySet.matching,
    "classe": RowQuerySet.of_classes,
    "mef": RowQuerySet.of_mefs,
    "niveau": RowQuerySet.of_levels,
    "etat": RowQuerySet.in_states,
    "mail": lambda rows, presence: rows.with_mail(presence == "avec"),
    "mobile": lambda rows, presence: rows.with_mobile(presence == "avec"),
    "origine": RowQuerySet.of_origins,
    "expire": RowQuerySet.due,
    "avant": lambda rows, day: rows.expiring_before(date.fromisoformat(day)),
    "campagne": RowQuerySet.of_campaign,
    "envoi": RowQuerySet.last_mailed,
}
_DEADLINE_LABELS = {
    "": "Indifférente",
    "passe": "Courrier expiré",
    "15": "Courrier expirant dans les 15 jours",
    "30": "Courrier expirant dans 16 à 30 jours",
    "jamais": "Notifié une seule fois, jamais relancé",
    "activation": "En cours d’activation depuis plus de 7 jours",
}

COLUMNS = {
    "eleve": "Élève",
    "classe": "Classe",
    "mef": "MEF",
    "niveau": "Niveau",
    "responsable": "Responsable",
    "identifiant": "Identifiant",
    "messagerie": "Messagerie",
    "statut": "Statut du compte",
    "origine": "Origine du compte",
    "notification": "Date de notification",
    "connexion": "Date de dernière connexion",
}


def columns_of(establishment: Establishment, population: AccountKind) -> dict[str, str]:
    """The columns of a list in the reference's order; the level stands for the MEF in the 1er degré."""
    absent = {"niveau" if establishment.is_second_degree else "mef"}
    if population == AccountKind.STUDENT:
        absent.add("responsable")
    return {name: label for name, label in COLUMNS.items() if name not in absent}


class SearchField(forms.CharField):
    """What was typed, without what no name holds."""

    def clean(self, value: Any) -> str:
        return str(value or "").replace("\0", "").strip()[:LONGEST_SEARCH]


class SeveralField(forms.MultipleChoiceField):
    """Those of the values given which exist."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> list[str]:
        return [each for each in self.to_python(value) if self.valid_value(each)]


class OneField(forms.ChoiceField):
    """The value given if it exists, else the empty one."""

    def clean(self, value: Any) -> str:
        return value if value and self.valid_value(value) else ""


class DayField(forms.DateField):
    """A day as an address holds it, `2026-12-15`; what is no day is left out."""

    def clean(self, value: Any) -> str:
        try:
            day = self.to_python(value)
        except forms.ValidationError:
            return ""
        return day.isoformat() if day else ""


def _presence(label: str) -> OneField:
    return OneField(label=label, choices=[("", "Indifférent"), ("avec", "Avec"), ("sans", "Sans")])


def _several(label: str, labels: dict[Any, str] | None = None) -> SeveralField:
    return SeveralField(label=label, choices=[(str(value), name) for value, name in (labels or {}).items()])


class AccountFilterForm(forms.Form):
    """The whole state of a list but the page it is at: what is searched, in which order, how many rows.

    It is always valid. A value that does not exist (the class of last year in an old bookmark, an
    address cut short) is left out, and `has_unknown` says so; `data` is what was kept.
    """

    q = SearchField(label="Nom ou prénom")
    classe = _several("Classe(s)")
    mef = _several("MEF")
    niveau = _several("Niveau(x)")
    etat = _several("État(s) de compte", STATE_LABELS)
    mail = _presence("Adresse mail")
    mobile = _presence("Mobile")
    origine = _several("Origine du compte", ORIGIN_LABELS)
    expire = OneField(label="Échéance", choices=list(_DEADLINE_LABELS.items()))
    avant = DayField(label="Expire avant le", input_formats=["%Y-%m-%d", "%d/%m/%Y"])
    campagne = OneField(label="Campagne")
    envoi = OneField(label="Envoi", choices=[("", "Indifférent"), *MAIL_LABELS.items()])
    tri = OneField()
    lignes = OneField(choices=[(str(size), str(size)) for size in PAGE_SIZES])

    def __init__(self, data: QueryDict, *, establishment: Establishment, population: AccountKind) -> None:
        super().__init__(data)
        self.columns = columns_of(establishment, population)
        self._offer("classe", [*_classes_of(establishment), (NO_CLASS, "Sans classe")])
        if establishment.is_second_degree:
            del self.fields["niveau"]
            self._offer("mef", [*_mefs_of(establishment), (NO_FORMATION, "Sans MEF")])
        else:
            del self.fields["mef"]
            self._offer("niveau", [*_levels_of(establishment), (NO_FORMATION, "Sans niveau")])
        if data.get("campagne"):
            self._offer("campagne", _campaigns(establishment, population, str(data["campagne"])))
        self._offer("tri", [(sign + name, name) for name in self.columns for sign in ("", "-")])
        self.full_clean()
        self.has_unknown = self._has_unknown(data)
        self.data = QueryDict(self.query())

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices

    def _has_unknown(self, data: QueryDict) -> bool:
        given = {(name, value) for name in self.fields for value in data.getlist(name)}
        kept = {(name, value) for name in self.fields for value in self._values(name)}
        return any(value for name, value in given - kept if name != "q")

    @property
    def formation_label(self) -> str:
        """« MEF » in the 2nd degré, « Niveau » in the 1er."""
        return self.columns.get("mef") or self.columns["niveau"]

    @property
    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.get(name) for name in _NARROWINGS)

    @property
    def order(self) -> str:
        return self.cleaned_data["tri"] or DEFAULT_ORDER

    @property
    def page_size(self) -> int:
        return int(self.cleaned_data["lignes"] or PAGE_SIZES[0])

    def filter(self, rows: RowQuerySet) -> RowQuerySet:
        """The rows searched for, in the order asked for."""
        for name, narrow in _NARROWINGS.items():
            if value := self.cleaned_data.get(name):
                rows = narrow(rows, value)
        return rows.in_order(self.order.removeprefix("-"), descending=self.order.startswith("-"))

    def query(self, **replaced: str) -> str:
        """The query of this address, in a fixed order, defaults left out: `etat=ACTIVE&tri=-classe`."""
        given = {name: self._values(name) for name in self.fields}
        query = QueryDict(mutable=True)
        for name, values in (given | {name: [value] for name, value in replaced.items()}).items():
            query.setlist(name, [value for value in values if value and value != _DEFAULTS.get(name)])
        return query.urlencode()

    @property
    def filter_query(self) -> str:
        """The same, of the filters alone: what a selection of the whole search is made of."""
        return self.query(tri="", lignes="")

    def _values(self, name: str) -> list[str]:
        value = self.cleaned_data[name]
        return value if isinstance(value, list) else [value]


def _classes_of(establishment: Establishment) -> list[tuple[str, str]]:
    classes = SchoolClass.objects.filter(establishment=establishment, left_at__isnull=True)
    return [
        (str(pk), label) for pk, label in classes.order_by("label_key", "label").values_list("pk", "label")
    ]


def _mefs_of(establishment: Establishment) -> list[tuple[str, str]]:
    here = Student.objects.filter(establishment=establishment, left_at__isnull=True)
    mefs = Mef.objects.filter(pk__in=here.values("mef")).order_by("label", "code")
    return [(str(pk), label) for pk, label in mefs.values_list("pk", "label")]


def _levels_of(establishment: Establishment) -> list[tuple[str, str]]:
    here = Student.objects.filter(establishment=establishment, left_at__isnull=True)
    levels = here.exclude(level="").order_by("level").values_list("level", flat=True).distinct()
    return [(level, level) for level in levels]


def _campaigns(establishment: Establishment, population: AccountKind, key: str) -> list[tuple[str, str]]:
    """The campaign asked for, if it is of this list, and none: a year has too many to offer them all."""
    asked = campaigns_of(establishment).filter(
        population=population, pk=int(key) if KEY.fullmatch(key) else 0
    )
    choices = [(str(each.pk), f"{each.campaign_label} du {day_time(each.confirmed_at)}") for each in asked]
    return [("", "Toutes"), *choices]


class SettingsForm(_SettingsForm):
    """What a director chooses for the establishment, one field a line of the page « Réglages »."""

    class Meta:
        model = EstablishmentSettings
        fields = ["mails_a_link", "sends_reminders"]


ACTIONS = {
    "notify_sheets": Operation.Kind.NOTIFY_SHEETS,
    "notify_mail": Operation.Kind.NOTIFY_MAIL,
    "reset": Operation.Kind.RESET,
    "relaunch": Operation.Kind.RELAUNCH,
    **{f"list_{each}": Operation.Kind.LIST for each in ListFormat},
    "leaflet": Operation.Kind.LEAFLET,
}


class ActionForm(forms.Form):
    """What the bar above a list posts beside the accounts themselves (accounts.selection reads those)."""

    population = forms.ChoiceField(choices=AccountKind.choices)
    action = forms.ChoiceField(choices=[(name, kind.label) for name, kind in ACTIONS.items()])
    with_reset = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("action") == "leaflet" and data.get("population") == AccountKind.STUDENT:
            raise forms.ValidationError("Les élèves ne s’inscrivent pas par SMS.")
        return data

    @property
    def kind(self) -> Operation.Kind:
        return ACTIONS[self.cleaned_data["action"]]

    @property
    def options(self) -> dict[str, Any]:
        """What a draft of this kind begins with."""
        if self.kind != Operation.Kind.LIST:
            return {}
        return ListOptions(ListFormat(self.cleaned_data["action"].removeprefix("list_"))).as_json()


class ListForm(forms.Form):
    """What a list is to bear, as its preview asks.

    Passwords stay out of a spreadsheet unless their box is unticked; the guide prints them on paper. For who
    `may_export` not, they stay out whatever is posted.
    """

    format = forms.ChoiceField(choices=ListFormat.choices, widget=forms.HiddenInput)
    without_secrets = forms.BooleanField(label="Sans les mots de passe", required=False)
    class_per_page = forms.BooleanField(label="Une classe par page", required=False)

    def __init__(
        self, data: QueryDict | None = None, *, format: ListFormat | None = None, may_export: bool
    ) -> None:
        is_bare = not may_export or format != ListFormat.PDF
        super().__init__(data, initial={"format": format, "without_secrets": is_bare})
        self.fields["without_secrets"].disabled = not may_export

    @property
    def options(self) -> dict[str, Any]:
        chosen = self.cleaned_data
        return ListOptions(
            ListFormat(chosen["format"]),
            with_secrets=not chosen["without_secrets"],
            class_per_page=chosen["class_per_page"],
        ).as_json()


RESEND_STALE = (
    "Ce compte a changé depuis l’ouverture de cette page : aucun courriel n’est parti cette fois-ci. "
    "Vérifiez l’adresse, et renvoyez si c’est encore utile."
)


INVALID_MAIL = "Cette adresse mail n’est pas valide. Exemple : nom@example.org"


class ResendForm(forms.Form):
    """Where to send the activation mail again; `version` is the account's when its page was opened."""

    mail = forms.EmailField(
        label="Adresse mail de la famille",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Indiquez une adresse mail.", "invalid": INVALID_MAIL},
    )
    version = forms.IntegerField(min_value=0)

    def __init__(self, data: QueryDict | None, *, account: Account) -> None:
        super().__init__(data, initial={"mail": account.pending_mail})
        self.account = account

    def clean_mail(self) -> str:
        """One that mails can be sent to: `nom@localhost` is not."""
        mail = str(self.cleaned_data["mail"])
        if not is_address(mail):
            raise forms.ValidationError(INVALID_MAIL)
        return mail

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("version") != self.account.version:
            raise forms.ValidationError(RESEND_STALE)
        return cleaned
