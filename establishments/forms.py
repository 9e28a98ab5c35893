"""What an agent writes about establishments: why the assistance of an académie reads one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models


class Occasion(models.TextChoices):
    FAMILY = "FAMILY", "Une famille a appelé l’assistance"
    SCHOOL = "SCHOOL", "L’établissement demande de l’aide"
    DATA = "DATA", "Vérification de données importées"
    INCIDENT = "INCIDENT", "Incident technique"
    OTHER = "OTHER", "Autre"


class VisitForm(forms.Form):
    """`reason`, once valid, fits the 300 characters of a visit."""

    occasion = forms.ChoiceField(
        label="Motif",
        choices=[("", "Choisir un motif"), *Occasion.choices],
        error_messages={
            "required": "Choisissez un motif.",
            "invalid_choice": "Choisissez un motif de la liste.",
        },
    )
    detail = forms.CharField(
        label="Précisions",
        min_length=10,
        max_length=250,
        help_text="De 10 à 250 caractères, par exemple le numéro du ticket. Aucun nom de famille ni d’élève.",
        error_messages={
            "required": "Précisez le motif : l’établissement le lira.",
            "min_length": "Précisez davantage : 10 caractères au moins.",
            "max_length": "250 caractères au plus.",
        },
    )

    def clean_detail(self) -> str:
        """On one line, without the spaces that only fill it."""
        detail = " ".join(str(self.cleaned_data["detail"]).split())
        if len(detail) < 10:
            raise forms.ValidationError("Précisez davantage : 10 caractères au moins.", code="min_length")
        return detail

    @property
    def reason(self) -> str:
        data: dict[str, Any] = self.cleaned_data
        return f"{Occasion(data['occasion']).label} : {data['detail']}"
