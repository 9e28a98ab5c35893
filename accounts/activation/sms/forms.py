"""What who comes by SMS is asked: who they are and their mobile, the code, when their children were born."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import ValidationError

from accounts.activation.forms import BirthDateForm
from establishments.names import name_key
from establishments.phone_numbers import AmbiguousNumber, mobile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from django.http import QueryDict

    from accounts.activation.session import FamilyRequest

MOST_CHILDREN = 8


class PersonForm(forms.Form):
    surname = forms.CharField(
        label="Votre nom",
        max_length=120,
        help_text="Nom d’usage ou de naissance, celui que l’école connaît",
        widget=forms.TextInput(attrs={"autocomplete": "family-name", "spellcheck": "false"}),
        error_messages={"required": "Écrivez votre nom."},
    )
    given_name = forms.CharField(
        label="Votre prénom",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "given-name", "spellcheck": "false"}),
        error_messages={"required": "Écrivez votre prénom."},
    )
    number = forms.CharField(
        label="Votre téléphone portable",
        max_length=30,
        help_text="Celui que l’école connaît. Par exemple : 06 39 98 12 34",
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel", "type": "tel"}),
        error_messages={"required": "Écrivez votre numéro de téléphone portable."},
    )

    def clean_surname(self) -> str:
        return self._named("surname", "Écrivez votre nom avec des lettres.")

    def clean_given_name(self) -> str:
        return self._named("given_name", "Écrivez votre prénom avec des lettres.")

    def _named(self, field: str, fault: str) -> str:
        name: str = self.cleaned_data[field]
        if not name_key(name):
            raise ValidationError(fault)
        return name

    def clean_number(self) -> str:
        """In E.164."""
        try:
            number = mobile(self.cleaned_data["number"])
        except AmbiguousNumber:
            raise ValidationError(
                "Écrivez ce numéro avec son indicatif, par exemple +687 pour la Nouvelle-Calédonie."
            ) from None
        if not number:
            raise ValidationError("Ce numéro n’est pas celui d’un portable : il ressemble à 06 39 98 12 34.")
        return number


class MobileForm(PersonForm):
    """The mobile alone: FranceConnect said the names."""

    surname = None  # type: ignore[assignment]
    given_name = None  # type: ignore[assignment]


class CodeForm(forms.Form):
    """A telephone proposes the code of the SMS by itself."""

    code = forms.CharField(
        label="Code reçu par SMS",
        max_length=20,
        help_text="Six chiffres",
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "family-code"}
        ),
        error_messages={"required": "Écrivez les six chiffres du SMS."},
    )

    def clean_code(self) -> str:
        digits = "".join(self.cleaned_data["code"].split())
        if not re.fullmatch(r"[0-9]{6}", digits):
            raise ValidationError("Le code est fait de six chiffres.")
        return digits


class ChildDateForm(BirthDateForm):
    """One of the children: empty, it is nobody."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        number = int(str(self.prefix).rpartition("-")[2]) + 1
        field = self.fields["birth_date"]
        field.required = False
        field.label = "Date de naissance de votre enfant" if number == 1 else f"Enfant n° {number}"
        if number > 1:
            field.help_text = ""

    def clean_birth_date(self) -> Any:
        return super().clean_birth_date() if self.cleaned_data["birth_date"] else None


if TYPE_CHECKING:
    _FormSet = forms.BaseFormSet[ChildDateForm]
else:
    _FormSet = forms.BaseFormSet


class ChildDates(_FormSet):
    """A field a child."""

    def clean(self) -> None:
        if not any(self.errors) and not self.dates:
            self.forms[0].add_error("birth_date", "Écrivez la date de naissance de votre enfant.")

    @property
    def dates(self) -> list[date]:
        """Each once, in the order given."""
        told = [form.cleaned_data.get("birth_date") for form in self.forms]
        return list(dict.fromkeys(each for each in told if each))


def child_dates(request: FamilyRequest) -> ChildDates:
    """As the page asks them; those of a page which asks for one more field keep what was typed."""
    posted, shown = request.POST, _shown(request.POST)
    if "more" in posted:
        typed = [posted.get(f"enfant-{each}-birth_date", "") for each in range(shown)]
        return _fields(None, shown + 1, typed)
    return _fields(posted if request.method == "POST" else None, shown, [])


def _shown(posted: QueryDict) -> int:
    """How many fields the page had."""
    told = posted.get("enfant-TOTAL_FORMS", "")
    return min(max(int(told) if told.isascii() and told.isdigit() and len(told) < 3 else 1, 1), MOST_CHILDREN)


def _fields(posted: QueryDict | None, shown: int, typed: Sequence[str]) -> ChildDates:
    kind = forms.formset_factory(
        ChildDateForm,
        formset=ChildDates,
        extra=min(shown, MOST_CHILDREN) - len(typed),
        max_num=MOST_CHILDREN,
        absolute_max=MOST_CHILDREN,
    )
    initial = [{"birth_date": each} for each in typed]
    return cast("ChildDates", kind(posted, prefix="enfant", initial=initial))
