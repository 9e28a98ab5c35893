"""What families are asked, one question a form; a phone's keyboard and password manager know what each is."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.activation import password_rule
from notifications.envelope import is_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.activation.children import Child

_KEYBOARD = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}


class CredentialsForm(forms.Form):
    """Of the letter, or chosen: the same two fields."""

    identifier = forms.CharField(
        label="Identifiant",
        max_length=140,
        help_text="Par exemple : m.abbeym",
        widget=forms.TextInput(attrs={"autocomplete": "username", **_KEYBOARD}),
        error_messages={"required": "Écrivez votre identifiant."},
    )
    password = forms.CharField(
        label="Mot de passe",
        max_length=password_rule.MOST,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", **_KEYBOARD}),
        error_messages={"required": "Écrivez votre mot de passe."},
    )


class LetterForm(CredentialsForm):
    """The provisional password is read on paper: it is shown while it is typed."""

    password = forms.CharField(
        label="Mot de passe provisoire",
        max_length=password_rule.MOST,
        strip=False,
        help_text="Dix lettres et chiffres, sans majuscule.",
        widget=forms.TextInput(attrs={"autocomplete": "off", **_KEYBOARD}),
        error_messages={"required": "Écrivez le mot de passe provisoire de votre lettre."},
    )


class ChildrenForm(forms.Form):
    """Those whom the family says it does not answer for."""

    contested = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, *args: Any, children: Iterable[Child], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["contested"]
        field.choices = [(child.key, child.pupil.full_name) for child in children]


class NewPasswordForm(forms.Form):
    """Once: it may be shown as it is typed, by the browser's own button, and is asked at each sign-in."""

    password = forms.CharField(
        label="Nouveau mot de passe",
        strip=False,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "new-password", "aria-describedby": "password-rule", **_KEYBOARD}
        ),
        error_messages={"required": "Écrivez le mot de passe que vous choisissez."},
    )
    again = forms.CharField(
        label="Le même, une seconde fois",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", **_KEYBOARD}),
        error_messages={"required": "Écrivez le mot de passe une seconde fois."},
    )

    def __init__(self, *args: Any, about: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.about = about

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        password_rule.check(password, about=self.about)
        return password

    def clean(self) -> None:
        given = self.cleaned_data
        if "password" in given and "again" in given and given["password"] != given["again"]:
            self.add_error("again", "Les deux mots de passe sont différents : écrivez deux fois le même.")


class MailForm(forms.Form):
    mail = forms.CharField(
        label="Votre adresse mail",
        max_length=254,
        help_text="Format attendu : nom@domaine.fr",
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email", **_KEYBOARD}),
        error_messages={"required": "Écrivez votre adresse mail."},
    )

    def clean_mail(self) -> str:
        mail: str = "".join(self.cleaned_data["mail"].split())
        if not is_address(mail):
            raise ValidationError("Cette adresse n’est pas complète : elle ressemble à nom@domaine.fr.")
        return mail


class BirthDateForm(forms.Form):
    """Day, month and year in one go, with whatever stands between them."""

    birth_date = forms.CharField(
        label="Date de naissance",
        max_length=20,
        help_text="Jour, mois, année. Par exemple : 05/11/2012",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": "Écrivez la date de naissance."},
    )

    def clean_birth_date(self) -> date:
        told = self.cleaned_data["birth_date"]
        parts = re.findall(r"\d+", told)
        if len(parts) == 1 and len(parts[0]) == 8:
            parts = [parts[0][:2], parts[0][2:4], parts[0][4:]]
        try:
            day, month, year = map(int, parts)
            return date(year, month, day)
        except ValueError:
            raise ValidationError(
                "Cette date ne se lit pas : écrivez le jour, le mois et l’année, comme 05/11/2012."
            ) from None
