"""What became of the accounts of each bulk notification."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from accounts.models import AccountKind, Holding, Operation, OperationItem, kinds_of
from accounts.rows import RowQuerySet, campaigns_of
from establishments.templatetags.french import day_time, number, plural
from statistics.tables import Line, list_address, page_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from establishments.access import Access

CAMPAIGNS_A_PAGE = 20


def campaign_lines(access: Access, page: str | None) -> tuple[Page[Any], list[Line]]:
    """A page of the campaigns, the latest first, each with its accounts which are still here, as they are."""
    current = Paginator(_campaigns(access), CAMPAIGNS_A_PAGE).get_page(page)
    return current, _lines(access, list(current))


def all_campaign_lines(access: Access) -> list[Line]:
    """Every campaign, as the pages show them one after the other."""
    return _lines(access, list(_campaigns(access)))


def _campaigns(access: Access) -> QuerySet[Operation]:
    campaigns = campaigns_of(access.establishment).filter(population__in=kinds_of(access))
    return campaigns.select_related("agent").order_by("-confirmed_at", "-pk")


def _lines(access: Access, campaigns: Sequence[Operation]) -> list[Line]:
    reached, here = _counts(access, [campaign.pk for campaign in campaigns])
    return [
        _line(access, campaign, here[campaign.pk], gone=reached[campaign.pk] - here[campaign.pk].total())
        for campaign in campaigns
    ]


def _counts(access: Access, campaigns: Iterable[int]) -> tuple[Counter[int], dict[int, Counter[str]]]:
    """How many accounts each reached, and the states of those which hold a child here: one query."""
    rows = RowQuerySet(Holding).filter(establishment=access.establishment)
    is_here = Q(account__in=rows.values("account"))
    items = OperationItem.objects.filter(operation__in=campaigns, status=OperationItem.Status.DONE)
    groups = items.order_by().values_list("operation", "account__state")
    reached: Counter[int] = Counter()
    here: dict[int, Counter[str]] = defaultdict(Counter)
    for campaign, state, *counts in groups.annotate(reached=Count("pk"), here=Count("pk", filter=is_here)):
        reached[campaign] += counts[0]
        here[campaign][state] = counts[1]
    return reached, here


def _line(access: Access, campaign: Operation, states: Counter[str], *, gone: int) -> Line:
    kind = AccountKind(campaign.population)
    filters = {"campagne": str(campaign.pk)}
    return Line(
        f"{campaign.campaign_label} du {day_time(campaign.confirmed_at)}",
        states,
        list_address(access, kind, filters),
        page_address(access, filters),
        _detail(campaign, gone),
    )


def _detail(campaign: Operation, gone: int) -> str:
    parts = ["Élèves" if campaign.population == AccountKind.STUDENT else "Responsables"]
    parts.append(campaign.agent.full_name)
    if campaign.with_reset:
        parts.append("avec réinitialisation")
    if gone:
        parts.append(f"{number(gone)} compte{plural(gone)} n’{plural(gone, 'a,ont')} plus d’élève ici")
    return " · ".join(parts)
