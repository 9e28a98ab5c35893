"""The filters of the journal, read from the address of the page, or posted by its export."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q

from accounts.journal import Query
from accounts.journal_families import FAMILIES
from accounts.models import Account
from establishments.models import Agent

if TYPE_CHECKING:
    from establishments.access import Access

_DATES = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2100, 1, 1))]
_FAMILIES = [("", "Tous"), *((name, family.label) for name, family in FAMILIES.items())]
BAD_DATE = "Écrivez une date, par exemple 24/11/2026."
BACKWARDS = "Cette date est avant le début de la période."


class JournalForm(forms.Form):
    """Days are those of the académie, both included."""

    du = forms.DateField(label="Du", required=False, validators=_DATES, error_messages={"invalid": BAD_DATE})
    au = forms.DateField(label="Au", required=False, validators=_DATES, error_messages={"invalid": BAD_DATE})
    actes = forms.ChoiceField(label="Actes", required=False, choices=_FAMILIES)
    agent = forms.ChoiceField(label="Agent", required=False)
    compte = forms.CharField(label="Identifiant du compte", required=False, max_length=64)
    detail = forms.BooleanField(label="Détail par compte", required=False)

    def __init__(self, data: Any, *, access: Access) -> None:
        super().__init__(data)
        self.access = access
        self._agents = [(str(agent.pk), agent.full_name) for agent in _agents_of(access)]
        self.fields["agent"] = forms.ChoiceField(
            label="Agent", required=False, choices=[("", "Tous"), *self._agents]
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("du"), data.get("au")
        if since and until and until < since:
            self.add_error("au", BACKWARDS)
        return data

    @property
    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ("du", "au", "actes", "agent", "compte"))

    def query(self) -> Query | None:
        """None when nothing can be found: the account is not one which the agent may see."""
        data = self.cleaned_data
        family = FAMILIES.get(data.get("actes") or "")
        account = self._account()
        if data.get("compte") and account is None:
            return None
        agent = data.get("agent")
        return Query(
            establishment=self.access.establishment.pk,
            since=self._start_of(data.get("du")),
            until=self._start_of(data.get("au"), timedelta(days=1)),
            kinds=family.all_kinds if family else None,
            operations=[each.value for each in family.operations] if family else None,
            agent=int(agent) if agent else None,
            account=account,
            with_details=bool(data.get("detail") or (family and family.is_of_accounts_alone)),
        )

    def _account(self) -> int | None:
        identifier = (self.cleaned_data.get("compte") or "").strip().lower()
        if not identifier:
            return None
        found = Account.objects.visible_to(self.access).filter(identifier=identifier)
        return found.values_list("pk", flat=True).first()

    def _start_of(self, day: date | None, after: timedelta = timedelta()) -> datetime | None:
        zone = self.access.establishment.academy.zone
        return datetime.combine(day + after, time.min, tzinfo=zone) if day else None


def _agents_of(access: Access) -> list[Agent]:
    """Who has ever been able to act here: not read from events, which are too many."""
    here = access.establishment
    held = (
        Q(pk__in=here.mandates.values("agent"))
        | Q(pk__in=here.delegations.values("agent"))
        | Q(pk__in=here.visits.values("agent"))
    )
    return list(Agent.objects.filter(held).order_by("surname", "given_name", "pk"))
