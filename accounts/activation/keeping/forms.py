"""What a family is asked to keep its account, or to find it again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.activation import password_rule
from accounts.activation.forms import LetterForm, MailForm, NewPasswordForm
from accounts.activation.sms.forms import PersonForm
from establishments.phone_numbers import AmbiguousNumber, mobile
from notifications.envelope import is_address

_KEYBOARD = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}


def _password(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=password_rule.MOST,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", **_KEYBOARD}),
        error_messages={"required": "Écrivez votre mot de passe."},
    )


class ProofForm(forms.Form):
    password = _password("Votre mot de passe")


class ChangePasswordForm(NewPasswordForm):
    """The one in use first; an account of FranceConnect alone has none."""

    current = _password("Mot de passe actuel")
    field_order = ("current", "password", "again")

    def __init__(self, *args: Any, has_one: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_one:
            del self.fields["current"]


class NewMailForm(MailForm):
    def __init__(self, *args: Any, current: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.current = current
        self.fields["mail"].label = "Votre nouvelle adresse mail"

    def clean_mail(self) -> str:
        mail = super().clean_mail()
        if mail.lower() == self.current.lower():
            raise ValidationError("C’est déjà l’adresse de votre compte.")
        return mail


class MobileForm(forms.Form):
    number = PersonForm.base_fields["number"]
    clean_number = PersonForm.clean_number

    def __init__(self, *args: Any, current: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.current = current
        self.fields["number"].help_text = "Par exemple : 06 39 98 12 34"

    def clean(self) -> None:
        if self.current and self.cleaned_data.get("number") == self.current:
            self.add_error("number", "C’est déjà le numéro de votre compte.")


class ReachForm(forms.Form):
    """Where the account is known to be reached: a mail address or a mobile, in one field."""

    reach = forms.CharField(
        label="Adresse mail ou téléphone portable du compte",
        max_length=254,
        help_text="Ceux que vous avez confirmés. Par exemple : nom@domaine.fr ou 06 39 98 12 34",
        widget=forms.TextInput(attrs={"autocomplete": "email", **_KEYBOARD}),
        error_messages={"required": "Écrivez l’adresse mail ou le numéro de portable de votre compte."},
    )

    def __init__(self, *args: Any, by_sms: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_sms = by_sms
        if not by_sms:
            self.fields["reach"].label = "Adresse mail du compte"
            self.fields["reach"].help_text = "Celle que vous avez confirmée. Par exemple : nom@domaine.fr"

    def clean_reach(self) -> str:
        """An address, or a number in E.164."""
        told = "".join(self.cleaned_data["reach"].split())
        if is_address(told):
            return told
        try:
            number = mobile(told) if self.by_sms else ""
        except AmbiguousNumber:
            raise ValidationError(
                "Écrivez ce numéro avec son indicatif, par exemple +687 pour la Nouvelle-Calédonie."
            ) from None
        if not number:
            raise ValidationError(_neither(by_sms=self.by_sms))
        return number

    @property
    def where(self) -> dict[str, str]:
        reach: str = self.cleaned_data["reach"]
        return {"mail": reach} if "@" in reach else {"number": reach}


def _neither(*, by_sms: bool) -> str:
    if by_sms:
        return "Écrivez une adresse comme nom@domaine.fr, ou un portable comme 06 39 98 12 34."
    return "Cette adresse n’est pas complète : elle ressemble à nom@domaine.fr."


class LostPasswordForm(ReachForm):
    identifier = forms.CharField(
        label="Identifiant",
        max_length=140,
        help_text="Par exemple : m.abbeym",
        widget=forms.TextInput(attrs={"autocomplete": "username", **_KEYBOARD}),
        error_messages={"required": "Écrivez votre identifiant."},
    )
    field_order = ("identifier", "reach")


class LostIdentifierForm(ReachForm):
    surname = PersonForm.base_fields["surname"]
    given_name = PersonForm.base_fields["given_name"]
    field_order = ("surname", "given_name", "reach")

    clean_surname = PersonForm.clean_surname
    clean_given_name = PersonForm.clean_given_name
    _named = PersonForm._named


class OtherAccountForm(LetterForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["identifier"].label = "Identifiant de l’autre compte"
        self.fields["identifier"].widget.attrs["autocomplete"] = "off"
        self.fields["password"].label = "Son mot de passe provisoire"
