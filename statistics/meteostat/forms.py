"""What is asked of a territory: whose accounts, over which period, by day or by week, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from accounts.models import AccountKind
from statistics.meteostat.past import POPULATIONS, Series
from statistics.school_year import school_year_of

if TYPE_CHECKING:
    from statistics.meteostat.territories import Territory

BAD_DATE = "Saisissez une date, par exemple 12/11/2026."
BACKWARDS = "La fin de la période précède son début."
TOO_LATE = "Aucun relevé n’a encore été fait à cette date."
TOO_LONG = "Choisissez une période de cinq ans au plus."
DAY, WEEK = "jour", "semaine"
STEPS = {WEEK: "par semaine", DAY: "par jour"}
ORDERS = {
    "nom": "Nom",
    "comptes": "Nombre de comptes",
    "taux": "Taux d’activation",
    "progression": "Progression",
}
# Beyond so many days, a point a week is enough to see.
_SHORT = 62
_LONGEST = timedelta(days=5 * 366)


@dataclass(frozen=True, slots=True)
class Asked:
    """Both days are included, and dated where the territory is."""

    series: Series
    first: date
    last: date
    step: str
    order: str

    @property
    def step_label(self) -> str:
        return "jour par jour" if self.step == DAY else "semaine par semaine"

    @property
    def days_a_step(self) -> int:
        return 7 if self.step == WEEK else 1


def _date_field(label: str) -> forms.DateField:
    bounds = [MinValueValidator(date(2000, 1, 1), BAD_DATE), MaxValueValidator(date(2100, 1, 1), BAD_DATE)]
    messages = {"invalid": BAD_DATE}
    return forms.DateField(label=label, required=False, validators=bounds, error_messages=messages)


def _choice_field(label: str, choices: dict[str, Any]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=list(choices.items()))


class AskedForm(forms.Form):
    """`latest` is the day of the last count: by default, what is shown is the school year until then."""

    degre = forms.TypedChoiceField(
        required=False, coerce=int, empty_value=None, choices=[(each, each) for each in (0, 1, 2)]
    )
    population = _choice_field("Population", POPULATIONS)
    du = _date_field("Du")
    au = _date_field("Au")
    pas = _choice_field("Un point", STEPS)
    tri = _choice_field("Trier par", ORDERS)

    def __init__(self, data: Any, *, territory: Territory, latest: date) -> None:
        super().__init__(data)
        self.territory, self.latest = territory, latest

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("du"), data.get("au")
        if first and first > self.latest:
            self.add_error("du", TOO_LATE)
        elif first and last and last < first:
            self.add_error("au", BACKWARDS)
        elif first and (last or self.latest) - first > _LONGEST:
            self.add_error("du", TOO_LONG)
        return data

    def asked(self) -> Asked:
        data = self.cleaned_data
        last = min(data.get("au") or self.latest, self.latest)
        first = data.get("du") or school_year_of(last).first_day
        step = data.get("pas") or (DAY if (last - first).days <= _SHORT else WEEK)
        return Asked(self._series(), first, last, step, data.get("tri") or "nom")

    def _series(self) -> Series:
        """What the territory has no numbers of is not shown: its first series is."""
        data, known = self.cleaned_data, self.territory.series
        kind = POPULATIONS.get(data.get("population") or "", AccountKind.RESPONSABLE)
        degree = data.get("degre")
        asked = Series(known[0].degree if degree is None else degree, kind)
        return asked if asked in known else known[0]

    @property
    def said(self) -> list[str]:
        """What is wrong with the period, a sentence each."""
        ends = {"du": "Début", "au": "Fin"}
        return [f"{end}\u00a0: {error}" for name, end in ends.items() for error in self.errors.get(name, [])]
