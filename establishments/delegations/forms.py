"""What the pages of the delegations post: who is looked for, who is invited, and on which terms."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms

from establishments.delegations import granting
from establishments.delegations.terms import PROFILE_ACTS, Terms
from establishments.models import Delegation
from establishments.templatetags.french import day

if TYPE_CHECKING:
    from django.http import QueryDict

    from establishments.models import Establishment

_NO_PROFILE = dict.fromkeys(("required", "invalid_choice"), "Choisissez ce que la personne pourra faire.")
_NO_POPULATION = dict.fromkeys(("required", "invalid_choice"), "Choisissez pour quels comptes.")
_NO_DATE = {"required": "Donnez une date.", "invalid": "Donnez une date, par exemple 31/08/2027."}


def end_of_school_year(today: date) -> date:
    """The next 31 August, at least two months ahead: nobody delegates in July for six weeks."""
    return date(today.year + (today.month >= 7), 8, 31)


def _date_field(label: str, *, required: bool) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, required=required, widget=widget, error_messages=_NO_DATE)


class TermsForm(forms.Form):
    """In the 1er degré there are no pupils' accounts, and no population to choose."""

    profile = forms.ChoiceField(
        label="Ce que la personne pourra faire",
        choices=Delegation.Profile.choices,
        error_messages=_NO_PROFILE,
    )
    population = forms.ChoiceField(
        label="Pour les comptes", choices=Delegation.Population.choices, error_messages=_NO_POPULATION
    )
    begins_on = _date_field("Du", required=True)
    ends_on = _date_field("Au", required=False)

    def __init__(
        self, data: QueryDict | None = None, *, establishment: Establishment, terms: Terms | None = None
    ) -> None:
        today = establishment.academy.local_date()
        initial: dict[str, Any] = {"begins_on": today, "ends_on": end_of_school_year(today)}
        super().__init__(data, initial=terms.as_fields() if terms else initial)
        self.begun_on = terms.begins_on if terms and terms.begins_on < today else None
        if self.begun_on:
            del self.fields["begins_on"]
        if not establishment.is_second_degree:
            del self.fields["population"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        begins_on, ends_on = self.begun_on or data.get("begins_on"), data.get("ends_on")
        if begins_on and ends_on and ends_on < begins_on:
            self.explain(granting.EndsTooEarly())
        return data

    @property
    def profiles(self) -> list[tuple[str, str, str]]:
        """Value, name and what it lets do."""
        return [(each.value, each.label, PROFILE_ACTS[each]) for each in Delegation.Profile]

    @property
    def terms(self) -> Terms:
        data = self.cleaned_data
        return Terms(
            data["profile"],
            data.get("population") or Delegation.Population.RESPONSABLES,
            self.begun_on or data["begins_on"],
            data["ends_on"],
        )

    def explain(self, refusal: granting.DelegationRefused) -> None:
        """Say what the service refused, beside its field when it has one."""
        field, sentence = _sentence(refusal)
        self.add_error(field if field in self.fields else None, sentence)


class InvitationForm(TermsForm):
    """Someone the console does not know yet, beside the terms."""

    surname = forms.CharField(label="Nom", max_length=120, error_messages={"required": "Donnez son nom."})
    given_name = forms.CharField(
        label="Prénom", max_length=120, error_messages={"required": "Donnez son prénom."}
    )
    mail = forms.EmailField(
        label="Adresse mail",
        max_length=254,
        error_messages={
            "required": "Donnez son adresse mail.",
            "invalid": "Donnez une adresse mail, par exemple prenom.nom@example.org.",
        },
    )

    def __init__(self, *args: Any, mail: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mail"].initial = mail

    @property
    def person(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("surname", "given_name", "mail")}


def _sentence(refusal: granting.DelegationRefused) -> tuple[str | None, str]:
    match refusal:
        case granting.Overlaps(other=other):
            end = f"au {day(other.ends_on)}" if other.ends_on else "sans fin"
            return None, (
                f"Cette personne a déjà une délégation du {day(other.begins_on)} {end} :"
                " modifiez-la plutôt que d’en accorder une autre."
            )
        case granting.DelegateIsOneself():
            return None, "Vous ne pouvez pas vous accorder une délégation à vous-même."
        case granting.AlreadyDirects():
            return (
                None,
                "Cette personne dirige déjà l’établissement ou y est adjointe :"
                " une délégation ne lui ajouterait rien.",
            )
        case granting.BeginsInThePast():
            return "begins_on", "Une délégation commence aujourd’hui au plus tôt."
        case granting.EndsTooEarly():
            return (
                "ends_on",
                "La fin ne peut précéder ni le début, ni aujourd’hui. Elle est comprise dans la délégation.",
            )
        case granting.MailTaken():
            return "mail", (
                "Cette adresse est déjà celle d’un agent ou d’un établissement."
                " Cherchez la personne par cette adresse, ou donnez son adresse personnelle de travail."
            )
    raise refusal
